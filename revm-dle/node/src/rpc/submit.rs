//! Transactions on their way to a chain's group.

use std::sync::Arc;

use alloy::primitives::B256;
use conet_committee::{message::Message, seat::Event};
use conet_ledger::block::SignedTransaction;
use serde::{Deserialize, Serialize};

use super::{Rpc, RpcError};
use crate::{
    ledgers::{Live, Trial},
    store::transaction_hash,
};

/// `POST …/transactions`: it was handed to the chain's group. It counts once its block is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// What it is called.
    pub hash: B256,
}

impl Rpc {
    /// Hands a transaction to the creator, who makes blocks, and to the witnesses, who watch that it does.
    pub(super) async fn submit(
        &self,
        newest: Arc<Live>,
        signed: SignedTransaction,
    ) -> Result<Submitted, RpcError> {
        let chain = newest.chain.genesis().chain;
        let turn = self.calls.acquire().await.map_err(|_| RpcError::Busy)?;
        let (trial, signed) =
            self.blocking(move |chains| Ok((chains.attempt(&newest, &signed), signed))).await?;
        drop(turn);
        match trial {
            Trial::MayCome(_) => {}
            Trial::Never(reason) => return Err(reason.into()),
            Trial::Unable => return Err(RpcError::Unable),
        }
        let notice = self.notice(chain).await?.ok_or(RpcError::NoGroup)?;
        let notice = &notice.notice;
        let group: Vec<_> = notice.creator.iter().chain(&notice.witnesses).copied().collect();
        if notice.creator.is_none() {
            return Err(RpcError::NoGroup);
        }
        let hash = transaction_hash(&signed);
        self.runtime.tell(vec![Event::Submitted(chain, signed.clone())])?;
        for node in group {
            let transaction = signed.clone();
            self.outlet.send(node, Message::Transaction { chain, transaction });
        }
        Ok(Submitted { hash })
    }
}
