//! Several RPCs as one: the first that does well is asked, and what it says is checked.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use alloy::{primitives::Address, providers::Provider as _, pubsub::Subscription, rpc::types};
use tokio::sync::Mutex;

use super::{
    Chunk, EndpointUrl, Header, Heads, Source, SourceError, check,
    endpoint::{Endpoint, Says},
};

/// Limits of a pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// Requests to one endpoint.
    pub requests_per_second_max: u32,
    /// How often to look for a block where no endpoint tells.
    pub poll: Duration,
    /// Where the chain knows no final blocks: those so deep count as final.
    pub final_depth: u64,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { requests_per_second_max: 50, poll: Duration::from_secs(1), final_depth: 64 }
    }
}

/// Of so many looks at the head, one asks all endpoints: the preferred one may have stopped at some block.
const LOOKS_PER_ROUND: usize = 16;

/// How long it may take to begin to tell of blocks.
const TELL_TIMEOUT: Duration = Duration::from_secs(20);

/// However quiet an endpoint is that tells of blocks, it is asked after so long.
const QUIET_MAX: Duration = Duration::from_secs(10);

/// Several RPCs of one chain.
#[derive(Debug)]
pub struct Pool {
    endpoints: Vec<Endpoint>,
    /// The one that did well last.
    preferred: AtomicUsize,
    /// Looks at the head so far.
    looks: AtomicUsize,
    /// Whether an endpoint ever said what is final.
    knows_final: AtomicBool,
    chain_id: u64,
    addresses: Vec<Address>,
    limits: PoolLimits,
    news: Mutex<Option<Subscription<types::Header>>>,
}

impl Pool {
    /// Of these endpoints, the preferred one first. Nothing is sent yet. `addresses` are whose logs are wanted.
    #[must_use]
    pub fn new(
        urls: Vec<EndpointUrl>,
        chain_id: u64,
        mut addresses: Vec<Address>,
        limits: PoolLimits,
    ) -> Self {
        addresses.sort_unstable();
        let endpoint = |url| Endpoint::new(url, limits.requests_per_second_max);
        Self {
            endpoints: urls.into_iter().map(endpoint).collect(),
            preferred: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            knows_final: AtomicBool::new(false),
            chain_id,
            addresses,
            limits,
            news: Mutex::default(),
        }
    }

    /// The endpoints to try, the one that did well last in front; those that failed only when no other is left.
    fn in_order(&self) -> Vec<(usize, &Endpoint)> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut order: Vec<_> = self.endpoints.iter().enumerate().collect();
        let count = order.len().max(1);
        order.sort_by_key(|(place, endpoint)| {
            (endpoint.rests().unwrap_or_default(), (place + count - preferred % count) % count)
        });
        order
    }

    /// Asks one endpoint after the other, until one does well.
    async fn ask<T, F>(&self, question: impl Fn(usize) -> F) -> Result<T, SourceError>
    where
        F: Future<Output = Result<T, SourceError>>,
    {
        let mut last = SourceError::Unreachable("there is none".to_owned());
        for (place, endpoint) in self.in_order() {
            match question(place).await {
                Ok(answer) => {
                    endpoint.did_well();
                    self.preferred.store(place, Ordering::Relaxed);
                    return Ok(answer);
                }
                // Nobody's fault, or nobody knows whose: less is asked for, or later.
                Err(error @ (SourceError::Missing { .. } | SourceError::Disagree { .. })) => {
                    self.preferred.store(place + 1, Ordering::Relaxed);
                    return Err(error);
                }
                Err(error @ SourceError::Refused { from, to, .. }) if from < to => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(endpoint = endpoint.url.label(), %error, "an RPC fails");
                    endpoint.failed().await;
                    last = error;
                }
            }
        }
        Err(last)
    }

    fn endpoint(&self, place: usize) -> Result<&Endpoint, SourceError> {
        let missing = || SourceError::Unreachable("there is none".to_owned());
        self.endpoints.get(place).ok_or_else(missing)
    }

    async fn heads_of(&self, place: usize) -> Result<Heads, SourceError> {
        let Says { chain_id, latest, finalized } = self.endpoint(place)?.says().await?;
        if chain_id != self.chain_id {
            return Err(SourceError::WrongChain { expected: self.chain_id, found: chain_id });
        }
        if finalized.is_some() {
            self.knows_final.store(true, Ordering::Relaxed);
        } else if self.knows_final.load(Ordering::Relaxed) {
            let what = "it does not say any more what is final".to_owned();
            return Err(SourceError::Unreachable(what));
        }
        let number = latest.at.number;
        let by_depth = number.saturating_sub(self.limits.final_depth);
        Ok(Heads { latest, finalized: finalized.unwrap_or(by_depth).min(number) })
    }

    /// Prefers the endpoint that knows the longest chain.
    async fn compare(&self) {
        let mut best = None;
        for (place, endpoint) in self.endpoints.iter().enumerate() {
            if endpoint.rests().is_some() {
                continue;
            }
            match self.heads_of(place).await {
                Ok(heads) => best = best.max(Some((heads.latest.at.number, usize::MAX - place))),
                Err(_) => endpoint.failed().await,
            }
        }
        if let Some((_, place)) = best {
            self.preferred.store(usize::MAX - place, Ordering::Relaxed);
        }
    }

    async fn chunk_of(&self, place: usize, from: u64, to: u64) -> Result<Chunk, SourceError> {
        let endpoint = self.endpoint(place)?;
        let logs = endpoint.logs(from, to, &self.addresses);
        let (headers, logs) = tokio::try_join!(endpoint.headers(from, to), logs)?;
        check::headers(from, &headers)?;
        let events = check::logs(&headers, &self.addresses, logs)?;
        let chunk = Chunk { headers, events };
        for number in check::silent(&chunk, &self.addresses) {
            self.look_again(endpoint, number, &chunk).await?;
        }
        self.confirm(place, chunk.headers.last()).await?;
        Ok(chunk)
    }

    /// A block's bloom says that a contract spoke: do its receipts?
    async fn look_again(
        &self,
        endpoint: &Endpoint,
        number: u64,
        chunk: &Chunk,
    ) -> Result<(), SourceError> {
        let Some(logs) = endpoint.receipts(number, &self.addresses).await? else {
            tracing::debug!(number, "a bloom cannot be checked: this RPC has no receipts");
            return Ok(());
        };
        let of_block = chunk.events.iter().filter(|event| event.block == number);
        let came: Vec<_> = of_block.map(|event| (Some(event.index), event.address)).collect();
        let missing = logs.iter().find(|log| !came.contains(&(log.log_index, log.address())));
        missing.map_or(Ok(()), |log| {
            Err(SourceError::Lie(check::Lie {
                block: number,
                expected: "the logs that its receipts have",
                found: format!(
                    "none of {} at {}",
                    log.address(),
                    log.log_index.unwrap_or_default()
                ),
            }))
        })
    }

    /// Another endpoint must have the same block, if there is another that has one.
    async fn confirm(&self, place: usize, last: Option<&Header>) -> Result<(), SourceError> {
        let Some(last) = last else { return Ok(()) };
        let number = last.at.number;
        let mut contradicts = None;
        for (other, endpoint) in self.in_order() {
            if other == place || endpoint.rests().is_some() {
                continue;
            }
            let headers = match endpoint.headers(number, number).await {
                Ok(headers) => headers,
                Err(SourceError::Missing { .. }) => continue,
                Err(error) => {
                    tracing::warn!(endpoint = endpoint.url.label(), %error, "an RPC fails");
                    endpoint.failed().await;
                    continue;
                }
            };
            let Some(found) = headers.first() else { continue };
            endpoint.did_well();
            if found.at.hash == last.at.hash {
                return Ok(());
            }
            contradicts = Some(found.at.hash);
        }
        match contradicts {
            None => Ok(()),
            Some(other) => Err(SourceError::Disagree { number, one: last.at.hash, other }),
        }
    }

    /// The next block that an endpoint tells of; `None`: none does.
    async fn told(&self) -> Option<()> {
        let mut news = self.news.lock().await;
        if news.is_none() {
            let teller = self.in_order().into_iter().find(|(_, each)| each.is_websocket())?.1;
            if teller.rests().is_some() {
                return None;
            }
            let asking = async { teller.provider().await.ok()?.subscribe_blocks().await.ok() };
            let Ok(Some(subscribed)) = tokio::time::timeout(TELL_TIMEOUT, asking).await else {
                teller.failed().await;
                return None;
            };
            *news = Some(subscribed);
        }
        let told = tokio::time::timeout(QUIET_MAX, news.as_mut()?.recv()).await;
        if matches!(told, Ok(Err(_))) {
            *news = None;
            return None;
        }
        Some(())
    }
}

impl Source for Pool {
    async fn heads(&self) -> Result<Heads, SourceError> {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        if self.endpoints.len() > 1 && looks.is_multiple_of(LOOKS_PER_ROUND) {
            self.compare().await;
        }
        self.ask(|place| self.heads_of(place)).await
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        let answer = self.ask(|place| async move {
            let headers = self.endpoint(place)?.headers(number, number).await?;
            check::headers(number, &headers)?;
            Ok(headers)
        });
        match answer.await {
            Ok(headers) => Ok(headers.first().copied()),
            Err(SourceError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        self.ask(|place| self.chunk_of(place, from, to)).await
    }

    async fn wake(&self) {
        if self.told().await.is_none() {
            tokio::time::sleep(self.limits.poll).await;
        }
    }

    fn another(&self) {
        self.preferred.fetch_add(1, Ordering::Relaxed);
    }
}
