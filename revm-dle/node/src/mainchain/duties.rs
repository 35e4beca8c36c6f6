//! Says on the main chain what is due, seats taking turns.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::local::PrivateKeySigner,
};
use axum::{
    Json, Router,
    extract::{Request, State},
    routing::post,
};
use conet_bindings::{certificate::signer_of, statement::Statement};
use conet_chain::{
    ChainError, Mainchain, Payer,
    archive::{self, ArchiveError, Group},
};
use conet_committee::{keys::NodeId, vote::Ballot};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{
    MainchainLimits,
    peers::Peers,
    statements::{StatementError, statement},
};
use crate::{
    client::ClientError,
    clock,
    duty::Duty,
    group::Sitting,
    rpc::RpcError,
    runtime::Runtime,
    store::{DutyId, StoreError, Write},
};

/// Where seats ask each other for their signatures.
pub(super) const SIGN_PATH: &str = "/dle/v1/duties/sign";

/// Duties that are looked at: what cannot be done does not stand in the way of the rest.
const DUTIES_KNOWN_MAX: usize = 4_096;

/// A duty that cannot be done is tried again after a round of all seats, then after twice as long, so many times.
const PAUSE_DOUBLINGS_MAX: u32 = 6;

/// When a duty is tried next.
#[derive(Debug, Clone, Copy)]
struct Try {
    at_ms: u64,
    count: u32,
}

/// What one seat does for the main chain. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Clerk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    me: NodeId,
    chain: Mainchain,
    sitting: Sitting,
    signer: PrivateKeySigner,
    payer: Payer,
    peers: Peers,
    runtime: Runtime,
    limits: MainchainLimits,
}

/// Why a duty is not done yet.
#[derive(Debug, thiserror::Error)]
enum DutyError {
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<alloy::contract::Error> for DutyError {
    fn from(error: alloy::contract::Error) -> Self {
        Self::Chain(error.into())
    }
}

/// A seat's signature over what its log says about a duty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Signed {
    /// What it signed.
    statement: Statement,
    /// 64 bytes, ERC-2098.
    signature: Bytes,
}

/// What a clerk is made of.
pub(super) struct Office {
    pub(super) me: NodeId,
    pub(super) chain: Mainchain,
    pub(super) sitting: Sitting,
    pub(super) signer: PrivateKeySigner,
    pub(super) peers: Peers,
    pub(super) runtime: Runtime,
    pub(super) limits: MainchainLimits,
}

impl Clerk {
    pub(super) fn new(office: Office) -> Self {
        let Office { me, chain, sitting, signer, peers, runtime, limits } = office;
        let payer = chain.payer(signer.clone());
        Self(Arc::new(Inner { me, chain, sitting, signer, payer, peers, runtime, limits }))
    }

    /// What other seats ask of this one.
    pub(super) fn routes(self) -> Router {
        Router::new().route(SIGN_PATH, post(sign)).with_state(self)
    }

    /// Looks at what is due, again and again.
    pub(super) async fn run(self, stop: CancellationToken) {
        let mut tries: BTreeMap<DutyId, Try> = BTreeMap::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(self.0.limits.poll_ms)) => {}
            }
            // What is under way when the node stops is found undone at the next start.
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.round(&mut tries) => {}
            }
        }
    }

    async fn round(&self, tries: &mut BTreeMap<DutyId, Try>) {
        self.look_for_news().await;
        if !self.0.sitting.seats().contains(self.0.me) {
            // Nobody would take its signature.
            return;
        }
        let due = match self.due().await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "what the main chain should hear cannot be read");
                return;
            }
        };
        tries.retain(|id, _| due.iter().any(|(known, _)| known == id));
        let now_ms = clock::unix_ms();
        let ripe = due.into_iter().filter(|(id, duty)| {
            let first = || Try { at_ms: now_ms + self.turn_ms(duty), count: 0 };
            tries.entry(*id).or_insert_with(first).at_ms <= now_ms
        });
        let ripe: Vec<_> = ripe.take(self.0.limits.duties_at_once_max).collect();
        for (id, duty) in ripe {
            match self.attend(&duty).await {
                Ok(()) => self.done(id).await,
                Err(error) => {
                    tracing::info!(%error, ?duty, "not said yet");
                    let Some(last) = tries.get_mut(&id) else { continue };
                    let turn = self.0.limits.turn_ms * self.0.sitting.seats().count() as u64;
                    // All chains wait for the next epoch.
                    let is_urgent = matches!(duty, Duty::Handover(..));
                    let doublings = if is_urgent { 0 } else { last.count.min(PAUSE_DOUBLINGS_MAX) };
                    let pause_ms = turn.saturating_mul(1 << doublings);
                    *last = Try { at_ms: clock::unix_ms() + pause_ms, count: last.count + 1 };
                }
            }
        }
    }

    /// What the seats owe the main chain by where their log stands: the end of an epoch, a seed that it wanted.
    async fn look_for_news(&self) {
        let owed = self.0.runtime.look(|actor| {
            let seat = actor.seat()?;
            let made = seat.state().beacon().filter(|beacon| beacon.value.is_some());
            let seats = &seat.state().seats;
            let seed = made.map(|beacon| Duty::Seed(seats.group, beacon.wanted.index));
            let end = seat.handover().map(|_| Duty::Handover(seats.group, seats.epoch));
            Some(seed.into_iter().chain(end).collect::<Vec<_>>())
        });
        let owed = owed.await.ok().flatten().unwrap_or_default();
        let chains = self.0.runtime.chains().clone();
        let noted = move || {
            for duty in owed {
                if !chains.store().has_duty(&duty)? {
                    chains.store().write(vec![Write::Duty(duty)], |_| {})?;
                }
            }
            Ok::<_, StoreError>(())
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(noted).await {
            tracing::error!(%error, "what the main chain should hear is not noted");
        }
    }

    async fn due(&self) -> Result<Vec<(DutyId, Duty)>, StoreError> {
        let chains = self.0.runtime.chains().clone();
        let due = tokio::task::spawn_blocking(move || chains.store().duties(DUTIES_KNOWN_MAX));
        due.await.map_err(|_| StoreError::Closed)?
    }

    async fn done(&self, id: DutyId) {
        let chains = self.0.runtime.chains().clone();
        // If it is not written it is looked at again, and found done.
        let written = move || chains.store().write(vec![Write::Done(id)], |_| {});
        let _ = tokio::task::spawn_blocking(written).await;
    }

    /// When this seat's turn comes, counted from when it heard of the duty.
    fn turn_ms(&self, duty: &Duty) -> u64 {
        let seats = self.0.sitting.seats();
        let count = seats.count().max(1) as u64;
        let name = postcard::to_allocvec(duty).unwrap_or_default();
        let first = u64::from_be_bytes(keccak256(name).0[..8].try_into().unwrap_or_default());
        let mine = seats.nodes().binary_search(&self.0.me).unwrap_or_default() as u64;
        let rank = (mine + count - first % count) % count;
        rank * self.0.limits.turn_ms
    }

    /// Does a duty, or finds it done by another.
    async fn attend(&self, duty: &Duty) -> Result<(), DutyError> {
        if let Duty::Report(votes) = duty {
            return self.report(&votes.0, &votes.1).await;
        }
        let Inner { chain, sitting, runtime, signer, .. } = &*self.0;
        let statement = match statement(chain, &sitting.group(), runtime, duty).await {
            Ok(Some(statement)) => statement,
            // When the group is whole, the duty comes again.
            Ok(None) | Err(StatementError::NotWhole) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let digest = archive::digest(chain, &statement);
        let seats = Group::of(chain, &statement).await?;
        let mut signatures = vec![seats.sign(signer, digest)?];
        signatures.extend(self.ask_others(duty, &statement, (digest, &seats.signers)).await);
        let certificate = seats.certify(digest, &signatures)?;
        match archive::submit(chain, &self.0.payer, &statement, certificate).await {
            Ok(receipt) => {
                let transaction = receipt.transaction_hash;
                tracing::info!(kind = statement.kind(), %transaction, "certified on the main chain");
                Ok(())
            }
            Err(ArchiveError::Chain(error)) => over(error, last_words(duty)),
            Err(error) => Err(error.into()),
        }
    }

    /// The signatures of all other seats that say the same.
    async fn ask_others(
        &self,
        duty: &Duty,
        statement: &Statement,
        (digest, signers): (B256, &[Address]),
    ) -> Vec<Bytes> {
        let signed: Vec<Result<Signed, _>> =
            self.0.peers.ask_all(SIGN_PATH, duty, self.0.sitting.seats().quorum() - 1).await;
        let signed = signed.into_iter().filter_map(|signed: Result<_, ClientError>| signed.ok());
        let alike = signed.filter(|signed| signed.statement == *statement);
        // One wrong signature would spoil all.
        let is_seats = |signature: &Bytes| {
            signer_of(digest, signature).is_ok_and(|signer| signers.contains(&signer))
        };
        alike.map(|signed| signed.signature).filter(is_seats).collect()
    }

    /// Reports two votes, unless the node is barred already.
    async fn report(&self, first: &Ballot, second: &Ballot) -> Result<(), DutyError> {
        let (chain, node) = (&self.0.chain, U256::from(first.voter.0));
        if chain.staking().isBarred(node).call().await? {
            return Ok(());
        }
        let (first, second) = (first.to_signed().into(), second.to_signed().into());
        let slasher = chain.slasher();
        let call = slasher.reportEquivocation(node, first, second);
        match self.0.payer.send(call).await {
            Ok(receipt) => {
                let transaction = receipt.transaction_hash;
                tracing::info!(%node, %transaction, "an equivocator is reported");
                Ok(())
            }
            Err(error) => over(error, &REPORTED),
        }
    }
}

/// What contracts say of a duty when another seat has done it, or nothing is left to do.
const fn last_words(duty: &Duty) -> &'static [&'static str] {
    match duty {
        Duty::Report(_) => &REPORTED,
        Duty::Verdict(_) => &["AlreadyJudged", "NothingToSlash", "PenalizedToday"],
        Duty::Anchor(_) => &["AlreadyAnchored"],
        Duty::Handover(..) => &["EpochNotCurrent", "GroupIsSplit"],
        Duty::Seed(..) => &["SeedIndexInvalid", "GroupIsSplit"],
    }
}

/// Of reports: what no time heals, too.
const REPORTED: [&str; 5] =
    ["NothingToSlash", "NoConflict", "PhaseInvalid", "ProofInvalid", "VoteSignatureInvalid"];

/// Whether a refusal says that there is nothing more to do.
fn over(error: ChainError, last_words: &[&str]) -> Result<(), DutyError> {
    match error {
        ChainError::Refused(refusal) if last_words.contains(&refusal.name.as_str()) => {
            tracing::info!(%refusal, "the main chain has heard it");
            Ok(())
        }
        error => Err(error.into()),
    }
}

/// Signs what this seat's own log says, if it is due here, too.
async fn sign(State(clerk): State<Clerk>, request: Request) -> Result<Json<Signed>, RpcError> {
    let nothing = || RpcError::NotFound { what: "a duty" };
    let duty: Duty = clerk.0.peers.admit(request, "a duty").await?;
    let inner = &*clerk.0;
    let (chains, asked) = (inner.runtime.chains().clone(), duty.clone());
    let is_due = tokio::task::spawn_blocking(move || chains.store().has_duty(&asked)).await;
    if !is_due.map_err(|_| nothing())?? {
        return Err(nothing());
    }
    let group = inner.sitting.group();
    let found = statement(&inner.chain, &group, &inner.runtime, &duty).await;
    let found = found.inspect_err(|error| tracing::info!(%error, "nothing to sign"));
    let statement = found.ok().flatten().ok_or_else(nothing)?;
    let digest = archive::digest(&inner.chain, &statement);
    let seats = Group::of(&inner.chain, &statement).await.map_err(|_| nothing())?;
    let signature = seats.sign(&inner.signer, digest).map_err(|_| nothing())?;
    Ok(Json(Signed { statement, signature }))
}
