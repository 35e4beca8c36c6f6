//! The start, when the chain may not be there: tables that exist are served meanwhile.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch::Receiver;
use tokio_util::sync::CancellationToken;

use super::{
    FollowError, FollowLimits, Follower, Progress, expect, identify, identity::fingerprint,
};
use crate::{
    catalogue::Catalogue,
    chain::{Source, SourceError},
    store::{Identity, Store, StoreError},
    tables::Tables,
};

/// So many answers that it is another chain end what began without it: of several RPCs, one that lies must not.
const ANSWERS_MAX: u32 = 3;

/// A follower that may have to learn yet whether its chain is the tables'.
#[derive(Debug)]
pub struct Start<S, T> {
    follower: Follower<S, T>,
    /// What is to be learnt.
    rules: (u64, Arc<Catalogue>, Arc<Tables>),
    /// What the tables are for, if the chain was not asked.
    expects: Option<Identity>,
}

impl<S: Source, T: Store> Start<S, T> {
    /// Begins as [`Follower::new`] does; but where the tables were begun by these rules for a chain of this id, the chain is
    /// not asked yet, and may be away.
    ///
    /// # Errors
    /// As [`Follower::new`].
    pub async fn new(
        source: Arc<S>,
        store: T,
        rules: (u64, Arc<Catalogue>, Arc<Tables>),
        limits: FollowLimits,
    ) -> Result<Self, FollowError> {
        let (chain_id, catalogue, tables) = &rules;
        let ours = (*chain_id, fingerprint(catalogue, tables));
        let begun = store.identity().await?;
        let expects = begun.filter(|begun| (begun.chain_id, begun.rules) == ours);
        let follower = match expects {
            None => Follower::new(source, store, rules.clone(), limits).await?,
            Some(_) => {
                let rules = (Arc::clone(catalogue), Arc::clone(tables));
                Follower::where_tables_are(source, store, rules, limits).await?
            }
        };
        Ok(Self { follower, rules, expects })
    }

    /// Tells how far the tables are, whenever that changes.
    #[must_use]
    pub fn progress(&self) -> Receiver<Progress> {
        self.follower.progress()
    }

    /// Learns what is to be learnt as soon as the chain answers, then follows it until `stop` is cancelled.
    ///
    /// # Errors
    /// [`FollowError`] when it is another chain than the tables'. Whatever else fails is tried again.
    pub async fn run(self, stop: CancellationToken) -> Result<(), FollowError> {
        let Self { follower, rules: (chain_id, catalogue, tables), expects } = self;
        if let Some(begun) = expects {
            let (source, catalogue, tables) = (&*follower.source, &*catalogue, &*tables);
            let question =
                || async move { Ok(identify(source, chain_id, catalogue, tables).await?) };
            let failed = |error: &FollowError, pause| follower.failed(error, pause);
            for left in (0..ANSWERS_MAX).rev() {
                let answer = until_answered(question, &follower.limits, &stop, failed).await?;
                let Some(identity) = answer else { return Ok(()) };
                match begun.serves(&identity) {
                    Ok(()) => break,
                    Err(error) if left == 0 => return Err(error.into()),
                    Err(error) => tracing::warn!(%error, "asking another RPC, if there is one"),
                }
                source.another();
            }
        }
        follower.run(stop).await;
        Ok(())
    }
}

/// Whether tables that are only read are of this network, and by these rules, as soon as that can be known, or `stop` is
/// cancelled.
///
/// # Errors
/// As [`expect`]; whatever else fails is tried again.
pub async fn expect_in_time<S: Source, T: Store>(
    source: &S,
    store: &T,
    (chain_id, catalogue, tables): (u64, &Catalogue, &Tables),
    stop: &CancellationToken,
) -> Result<(), FollowError> {
    let rules = fingerprint(catalogue, tables);
    let question = || async move {
        // Another id, or other rules, are known without the chain.
        if let Some(found) = store.identity().await? {
            found.serves(&Identity { chain_id, rules, ..found })?;
        }
        expect(source, store, (chain_id, catalogue, tables)).await
    };
    let failed = |error: &FollowError, pause| {
        tracing::warn!(%error, ?pause, "it is not known whether the tables are of this chain; trying again");
    };
    until_answered(question, &FollowLimits::default(), stop, failed)
        .await
        .map(Option::unwrap_or_default)
}

/// Asks again until there is an answer, or `stop` is cancelled.
async fn until_answered<A, F: Future<Output = Result<A, FollowError>>>(
    question: impl Fn() -> F,
    limits: &FollowLimits,
    stop: &CancellationToken,
    failed: impl Fn(&FollowError, Duration),
) -> Result<Option<A>, FollowError> {
    let mut pause = Duration::ZERO;
    loop {
        let Some(answer) = stop.run_until_cancelled(question()).await else { return Ok(None) };
        match answer {
            Err(error) if passes(&error) => {
                pause = limits.pause_after(pause);
                failed(&error, pause);
            }
            answer => return answer.map(Some),
        }
        if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return Ok(None);
        }
    }
}

/// Whether it may be otherwise in a moment.
const fn passes(error: &FollowError) -> bool {
    match error {
        FollowError::Source(error) => !matches!(error, SourceError::WrongChain { .. }),
        FollowError::Store(error) => {
            !matches!(error, StoreError::WrongNetwork { .. } | StoreError::OtherRules)
        }
        FollowError::DeeperThanFinal { .. } => true,
    }
}
