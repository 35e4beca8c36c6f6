//! Several RPCs as one: the first that does well is asked, and what it says is checked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{Address, U64};
use futures_util::{StreamExt as _, future::join_all, stream::FuturesUnordered};
use tokio::sync::Mutex;

use super::{
    Chunk, EndpointUrl, Header, Heads, Source, SourceError, check,
    endpoint::{Endpoint, REQUEST_TIMEOUT},
    news::News,
    requests::Says,
};

/// Limits of a pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// Requests to one endpoint, on average; each call of a batch is one.
    pub requests_per_second_max: u32,
    /// How often to look for a block where no endpoint tells.
    pub poll: Duration,
    /// An endpoint that tells of blocks, and told of none for so long, is looked at all the same.
    pub quiet_max: Duration,
    /// Where the chain knows no final blocks: those so deep count as final.
    pub final_depth: u64,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            requests_per_second_max: 500,
            poll: Duration::from_secs(1),
            quiet_max: Duration::from_secs(10),
            final_depth: 64,
        }
    }
}

/// Of so many looks at the head, one asks all endpoints: the preferred one may have stopped at some block.
const LOOKS_PER_ROUND: usize = 16;

/// How long the others may take to say whether they have the same chain: rows wait for that.
const OTHERS_PATIENCE: Duration = Duration::from_secs(1);

/// Several RPCs of one chain.
#[derive(Debug)]
pub struct Pool {
    endpoints: Vec<Arc<Endpoint>>,
    /// The one that did well last.
    preferred: AtomicUsize,
    /// Looks at the head so far.
    looks: AtomicUsize,
    /// The newest block that was seen.
    head: AtomicU64,
    /// Whether an endpoint ever said what is final.
    knows_final: AtomicBool,
    chain_id: u64,
    addresses: Vec<Address>,
    limits: PoolLimits,
    news: Mutex<Option<News>>,
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
        let endpoint = |url| Arc::new(Endpoint::new(url, limits.requests_per_second_max));
        Self {
            endpoints: urls.into_iter().map(endpoint).collect(),
            preferred: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
            head: AtomicU64::new(0),
            knows_final: AtomicBool::new(false),
            chain_id,
            addresses,
            limits,
            news: Mutex::default(),
        }
    }

    /// The endpoints to try, the one that did well last in front; those that failed only when no other is left.
    fn in_order(&self) -> Vec<(usize, &Arc<Endpoint>)> {
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
                    endpoint.failed(&error);
                    last = error;
                }
            }
        }
        Err(last)
    }

    fn endpoint(&self, place: usize) -> Result<&Endpoint, SourceError> {
        let missing = || SourceError::Unreachable("there is none".to_owned());
        self.endpoints.get(place).map(Arc::as_ref).ok_or_else(missing)
    }

    async fn heads_of(&self, place: usize, patience: Duration) -> Result<Heads, SourceError> {
        let Says { chain_id, latest, finalized } = self.endpoint(place)?.says(patience).await?;
        expect_chain(self.chain_id, chain_id)?;
        self.head.fetch_max(latest.at.number, Ordering::Relaxed);
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

    /// The others that do well.
    fn others(&self, than: usize) -> impl Iterator<Item = (usize, &Arc<Endpoint>)> {
        let places = self.endpoints.iter().enumerate();
        places.filter(move |(place, endpoint)| *place != than && endpoint.is_well())
    }

    /// What the others say of the chain's length, of all the longest and where it is.
    async fn longest_of_others(&self, than: usize) -> Option<(usize, Heads)> {
        let asked = self.others(than).map(|(place, endpoint)| async move {
            let heads = self.heads_of(place, OTHERS_PATIENCE).await;
            heads.inspect_err(|error| endpoint.failed(error)).ok().map(|heads| (place, heads))
        });
        let said = join_all(asked).await.into_iter().flatten();
        // Of equal ones, the first.
        said.rev().max_by_key(|(_, heads)| heads.latest.at.number)
    }

    /// Asks those that failed, once they have rested, whether they do well. Nobody waits for that: an endpoint that stalls
    /// must not hold rows up, neither now nor whenever it has rested.
    fn probe(&self) {
        if self.endpoints.len() < 2 {
            return;
        }
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.begins_probe()) {
            let (endpoint, expected) = (Arc::clone(endpoint), self.chain_id);
            tokio::spawn(async move {
                let says = endpoint.says(OTHERS_PATIENCE).await;
                match says.and_then(|says| expect_chain(expected, says.chain_id)) {
                    Ok(()) => endpoint.did_well(),
                    Err(error) => endpoint.failed(&error),
                }
            });
        }
    }

    async fn chunk_of(&self, place: usize, from: u64, to: u64) -> Result<Chunk, SourceError> {
        let endpoint = self.endpoint(place)?;
        let logs = endpoint.logs(from, to, &self.addresses);
        let (headers, logs) = tokio::try_join!(endpoint.headers(from, to, REQUEST_TIMEOUT), logs)?;
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
        let came: Vec<_> =
            of_block.map(|event| (Some(U64::from(event.index)), event.address)).collect();
        let missing = logs.iter().find(|log| !came.contains(&(log.log_index, log.address)));
        missing.map_or(Ok(()), |log| {
            Err(SourceError::Lie(check::Lie {
                block: number,
                expected: "the logs that its receipts have",
                found: format!("none of {} at {}", log.address, log.log_index.unwrap_or_default()),
            }))
        })
    }

    /// Another endpoint must have the same block, if there is another that has one, does well, and answers in time.
    async fn confirm(&self, place: usize, last: Option<&Header>) -> Result<(), SourceError> {
        let Some(last) = last else { return Ok(()) };
        let number = last.at.number;
        let asked = self.others(place).map(|(_, endpoint)| async move {
            (endpoint, endpoint.headers(number, number, OTHERS_PATIENCE).await)
        });
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut contradicts = None;
        while let Some((endpoint, answer)) = asked.next().await {
            match answer.as_deref() {
                Ok([found, ..]) if found.at.hash == last.at.hash => return Ok(()),
                Ok(found) => contradicts = found.first().map(|found| found.at.hash).or(contradicts),
                Err(SourceError::Missing { .. }) => {}
                Err(error) => endpoint.failed(error),
            }
        }
        match contradicts {
            None => Ok(()),
            Some(other) => Err(SourceError::Disagree { number, one: last.at.hash, other }),
        }
    }

    /// Returns when an endpoint told of a block, or long enough of none; `None`: none tells.
    async fn told(&self) -> Option<()> {
        let mut news = self.news.lock().await;
        let head = self.head.load(Ordering::Relaxed);
        if let Some(silent) = news.take_if(|news| news.is_silent(head)) {
            tracing::warn!("an RPC fell silent: asking it anew to tell of blocks");
            silent.end();
        }
        let Some(begun) = news.as_mut() else {
            let teller = self.in_order().into_iter().find(|(_, each)| each.is_websocket())?.1;
            if teller.rests().is_some() {
                return None;
            }
            let begun = News::begin(teller).await;
            *news = Some(begun.inspect_err(|error| teller.failed(error)).ok()?);
            // Of what came before, nobody tells: a look.
            return Some(());
        };
        let next = begun.next(self.limits.quiet_max, head).await;
        if next.is_none()
            && let Some(gone) = news.take()
        {
            gone.end();
        }
        next
    }
}

/// Whether it is the network's chain.
fn expect_chain(expected: u64, found: u64) -> Result<(), SourceError> {
    if found == expected { Ok(()) } else { Err(SourceError::WrongChain { expected, found }) }
}

impl Source for Pool {
    async fn heads(&self) -> Result<Heads, SourceError> {
        self.probe();
        let asked = self.ask(|place| self.heads_of(place, REQUEST_TIMEOUT));
        if !self.looks.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS_PER_ROUND) {
            return asked.await;
        }
        let first = self.in_order().first().map_or(0, |(place, _)| *place);
        let (heads, longest) = tokio::join!(asked, self.longest_of_others(first));
        let known = heads.as_ref().map_or(0, |heads| heads.latest.at.number);
        match longest.filter(|(_, longest)| longest.latest.at.number > known) {
            Some((place, longest)) => {
                self.preferred.store(place, Ordering::Relaxed);
                Ok(longest)
            }
            None => heads,
        }
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        let answer = self.ask(|place| async move {
            let headers = self.endpoint(place)?.headers(number, number, REQUEST_TIMEOUT).await?;
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
