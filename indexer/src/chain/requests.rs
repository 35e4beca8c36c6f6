//! What is asked of an endpoint.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bloom, U64},
    providers::Provider as _,
    rpc::{client::BatchRequest, types::Filter},
    transports::{RpcError, TransportError, TransportErrorKind},
};
use serde::Deserialize;
use tokio::time::{error::Elapsed, timeout};

use super::{
    Header, RpcLog, SourceError,
    endpoint::{Endpoint, REQUEST_TIMEOUT},
    refusal,
};
use crate::store::At;

/// A block as RPCs write it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RpcBlock {
    number: U64,
    hash: B256,
    parent_hash: B256,
    timestamp: U64,
    logs_bloom: Bloom,
}

/// A receipt, as far as it is looked at: chains have types of their own.
#[derive(Debug, Deserialize)]
struct RpcReceipt {
    logs: Vec<RpcLog>,
}

impl RpcBlock {
    fn header(&self) -> Header {
        Header {
            at: At { number: self.number.to(), hash: self.hash },
            parent: self.parent_hash,
            time: self.timestamp.to(),
            bloom: self.logs_bloom,
        }
    }
}

/// What an endpoint says of itself and its chain.
#[derive(Debug)]
pub(super) struct Says {
    pub(super) chain_id: u64,
    pub(super) latest: Header,
    /// If it knows what is final.
    pub(super) finalized: Option<u64>,
}

/// Calls of [`Endpoint::says`].
const SAYS_CALLS: u64 = 3;

const GET_BLOCK: &str = "eth_getBlockByNumber";

impl Endpoint {
    /// Chain id, newest and final block, in one request that may take so long.
    pub(super) async fn says(&self, patience: Duration) -> Result<Says, SourceError> {
        self.turn(SAYS_CALLS).await;
        self.in_time(patience, self.ask_what_it_says()).await
    }

    async fn ask_what_it_says(&self) -> Result<Says, TransportError> {
        let provider = self.connected().await?;
        let mut batch = BatchRequest::new(provider.client());
        let chain_id = batch.add_call::<_, U64>("eth_chainId", &())?;
        let latest = batch.add_call::<_, Option<RpcBlock>>(GET_BLOCK, &("latest", false))?;
        let finalized = batch.add_call::<_, Option<RpcBlock>>(GET_BLOCK, &("finalized", false))?;
        batch.send().await?;
        let (chain_id, latest) = (chain_id.await?, latest.await?);
        let latest = latest.ok_or_else(|| TransportErrorKind::custom_str("no newest block"))?;
        let finalized = match finalized.await {
            Err(RpcError::ErrorResp(error)) if refusal::knows_no_final(&error) => None,
            finalized => finalized?,
        };
        Ok(Says {
            chain_id: chain_id.to(),
            latest: latest.header(),
            finalized: finalized.map(|block| block.number.to()),
        })
    }

    /// The headers `from` to `to`, by requests of which each may take so long.
    pub(super) async fn headers(
        &self,
        from: u64,
        to: u64,
        patience: Duration,
    ) -> Result<Vec<Header>, SourceError> {
        let mut headers = Vec::new();
        let mut next = from;
        while next <= to {
            let last = to.min(next.saturating_add(self.batch_max - 1));
            self.turn(last - next + 1).await;
            let answer = timeout(patience, self.ask_for_blocks(next, last)).await;
            let blocks = self.unless_too_many((next, last), patience, answer)?;
            for (number, block) in (next..=last).zip(blocks) {
                headers.push(block.ok_or(SourceError::Missing { number })?.header());
            }
            next = last + 1;
        }
        Ok(headers)
    }

    async fn ask_for_blocks(
        &self,
        from: u64,
        to: u64,
    ) -> Result<Vec<Option<RpcBlock>>, TransportError> {
        let provider = self.connected().await?;
        let mut batch = BatchRequest::new(provider.client());
        let mut waiting = Vec::new();
        for number in from..=to {
            let params = (U64::from(number), false);
            waiting.push(batch.add_call::<_, Option<RpcBlock>>(GET_BLOCK, &params)?);
        }
        batch.send().await?;
        let mut blocks = Vec::with_capacity(waiting.len());
        for waiter in waiting {
            blocks.push(waiter.await?);
        }
        Ok(blocks)
    }

    /// A batch that is refused as a whole may be too long.
    fn unless_too_many<T>(
        &self,
        (from, to): (u64, u64),
        patience: Duration,
        answer: Result<Result<T, TransportError>, Elapsed>,
    ) -> Result<T, SourceError> {
        let error = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(_) => return Err(self.silent(patience)),
        };
        let is_refused = matches!(
            &error,
            RpcError::ErrorResp(_)
                | RpcError::Transport(
                    TransportErrorKind::NonRetryable(_)
                        | TransportErrorKind::MissingBatchResponse(_)
                )
        );
        match self.unreachable(&error) {
            SourceError::Unreachable(_) if is_refused && from < to => {
                Err(SourceError::Refused { from, to, reason: error.to_string() })
            }
            unreachable => Err(unreachable),
        }
    }

    /// The logs of these contracts in a range.
    pub(super) async fn logs(
        &self,
        from: u64,
        to: u64,
        addresses: &[Address],
    ) -> Result<Vec<RpcLog>, SourceError> {
        let filter = Filter::new().address(addresses.to_vec()).from_block(from).to_block(to);
        let refused = |reason: &str| SourceError::Refused {
            from,
            to,
            reason: reason.chars().take(300).collect(),
        };
        self.turn(1).await;
        let asking = async {
            let provider = self.connected().await?;
            provider.raw_request::<_, Vec<RpcLog>>("eth_getLogs".into(), (&filter,)).await
        };
        let error = match timeout(REQUEST_TIMEOUT, asking).await {
            Ok(Ok(logs)) => return Ok(logs),
            Ok(Err(error)) => error,
            // Less may be answered in time.
            Err(_) => return Err(refused("no answer in time")),
        };
        match (self.unreachable(&error), &error) {
            (limited @ SourceError::RateLimited { .. }, _) => Err(limited),
            (_, RpcError::ErrorResp(error)) => Err(refused(&error.message)),
            // It is too long, or broke off.
            (_, RpcError::Transport(TransportErrorKind::NonRetryable(error))) => {
                Err(refused(&error.to_string()))
            }
            (unreachable, _) => Err(unreachable),
        }
    }

    /// The logs of these contracts in one block, from its receipts; `None` if the endpoint does not have them.
    pub(super) async fn receipts(
        &self,
        number: u64,
        addresses: &[Address],
    ) -> Result<Option<Vec<RpcLog>>, SourceError> {
        self.turn(1).await;
        let asking = async {
            let provider = self.connected().await?;
            let params = (U64::from(number),);
            let request = provider
                .raw_request::<_, Option<Vec<RpcReceipt>>>("eth_getBlockReceipts".into(), params);
            match request.await {
                Err(RpcError::ErrorResp(error)) if refusal::is_unknown(error.code) => Ok(None),
                receipts => receipts,
            }
        };
        let receipts = self.in_time(REQUEST_TIMEOUT, asking).await?;
        Ok(receipts.map(|receipts| {
            let logs = receipts.into_iter().flat_map(|receipt| receipt.logs);
            logs.filter(|log| addresses.binary_search(&log.address).is_ok()).collect()
        }))
    }
}
