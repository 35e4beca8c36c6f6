//! What the log says, in the words of the main chain's contracts.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256, keccak256};
use conet_bindings::{
    ledger::Verdict,
    roles,
    statement::{Genesis, GroupChange, Seed, Statement, members_hash},
};
use conet_chain::{ChainError, Mainchain};
use conet_committee::{
    archive::{Chain, Finding},
    vote::Phase,
};

use crate::{
    duty::Duty,
    group::ArchiveGroup,
    ledgers::Live,
    runtime::{NoAnswer, Runtime},
};

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub(super) enum StatementError {
    /// The main chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The actor does not answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Not yet: the chain's group is not whole, or this node does not have the chain yet.
    #[error("expected a chain whose group is whole, found none")]
    NotWhole,
    /// Not yet: this node's log has not made the seed.
    #[error("expected seed {index} for the main chain, found a log that has not made it")]
    NotMade {
        /// Its number.
        index: u64,
    },
    /// Not yet: this node's log has not come to the epoch's end.
    #[error("expected the end of epoch {epoch}, found a log that is not there")]
    NotOver {
        /// The epoch.
        epoch: u64,
    },
}

impl From<alloy::contract::Error> for StatementError {
    fn from(error: alloy::contract::Error) -> Self {
        Self::Chain(error.into())
    }
}

/// The statement that a duty takes, by this node's own log and reading of the main chain. None: it is done. A report
/// takes none.
pub(super) async fn statement(
    chain: &Mainchain,
    group: &ArchiveGroup,
    runtime: &Runtime,
    duty: &Duty,
) -> Result<Option<Statement>, StatementError> {
    match duty {
        Duty::Report(_) => Ok(None),
        Duty::Verdict(finding) => verdict(chain, group, finding).await,
        Duty::Anchor(id) => anchor(chain, group, runtime, *id).await,
        Duty::Handover(of, _) | Duty::Seed(of, _) if *of != group.seats.group => Ok(None),
        Duty::Handover(_, epoch) => handover(group, runtime, *epoch).await,
        Duty::Seed(_, index) => seed(chain, group, runtime, *index).await,
    }
}

/// The end of an epoch, until the main chain has begun the next.
async fn handover(
    group: &ArchiveGroup,
    runtime: &Runtime,
    epoch: u64,
) -> Result<Option<Statement>, StatementError> {
    if group.seats.epoch > epoch {
        return Ok(None);
    }
    let said = runtime.look(move |actor| {
        let seat = actor.seat()?;
        seat.handover().filter(|_| seat.state().seats.epoch == epoch)
    });
    said.await?.map(Some).ok_or(StatementError::NotOver { epoch })
}

/// A seed that the log made, until the main chain has one of its number.
async fn seed(
    main: &Mainchain,
    group: &ArchiveGroup,
    runtime: &Runtime,
    index: u64,
) -> Result<Option<Statement>, StatementError> {
    let (id, epoch) = (group.seats.group, group.seats.number());
    if main.archive_groups().seedCount(id).call().await? > index {
        return Ok(None);
    }
    let made = runtime.look(|actor| actor.seat()?.state().beacon().copied()).await?;
    let made = made.filter(|beacon| beacon.wanted.index == index);
    let made = made.and_then(|beacon| Some((beacon.wanted.after_block, beacon.value?)));
    let (after_block, value) = made.ok_or(StatementError::NotMade { index })?;
    Ok(Some(Statement::Seed(Seed { index, value, afterBlock: after_block, group: id, epoch })))
}

async fn anchor(
    main: &Mainchain,
    group: &ArchiveGroup,
    runtime: &Runtime,
    id: B256,
) -> Result<Option<Statement>, StatementError> {
    if !group.seats.branch.keeps(id) {
        // The other half's, since the group split.
        return Ok(None);
    }
    let known = runtime.look(move |actor| actor.seat()?.state().chains.get(&id).cloned()).await?;
    let chain = known.filter(|chain| chain.is_whole()).ok_or(StatementError::NotWhole)?;
    let anchored = main.chain_anchor().anchorOf(id).call().await?;
    let members: Vec<_> = chain.group().map(|node| U256::from(node.0)).collect();
    let members_hash = members_hash(&members);
    if anchored.series == chain.series && !anchored.genesisHash.is_zero() {
        let is_other = anchored.membersHash != members_hash;
        return Ok(is_other.then(|| change(group, &chain, anchored.groupChanges, members_hash)));
    }
    let chains = runtime.chains().clone();
    let newest = tokio::task::spawn_blocking(move || chains.newest(id)).await.ok().flatten();
    let of_this = |newest: &Arc<Live>| newest.chain.hash() == chain.genesis;
    let began = newest.filter(of_this).ok_or(StatementError::NotWhole)?;
    let genesis = began.chain.genesis();
    Ok(Some(Statement::Genesis(Genesis {
        chain: id,
        note: U256::ZERO,
        series: chain.series,
        genesisHash: chain.genesis,
        class: genesis.class as u8,
        visibility: genesis.visibility as u8,
        wallet: genesis.wallet,
        quorum: chain.quorum,
        membersHash: members_hash,
        deposit: 0,
        carried: 0,
        group: group.seats.group,
        epoch: group.seats.number(),
    })))
}

fn change(group: &ArchiveGroup, chain: &Chain, changes: u64, members_hash: B256) -> Statement {
    Statement::GroupChange(GroupChange {
        chain: chain.id,
        series: chain.series,
        change: changes + 1,
        height: chain.since,
        membersHash: members_hash,
        group: group.seats.group,
        epoch: group.seats.number(),
    })
}

/// One seat's stake pays: that in which the node was wrong.
async fn verdict(
    main: &Mainchain,
    group: &ArchiveGroup,
    finding: &Finding,
) -> Result<Option<Statement>, StatementError> {
    let (node, role) = (U256::from(finding.node.0), role(finding.phase));
    // Until the stake is gone nobody can be slashed for more.
    let bonded = main.staking().bonded(node, role).call().await?;
    let unbonding = main.staking().unbonding(node, role).call().await?;
    if (bonded + unbonding).is_zero() {
        return Ok(None);
    }
    let seat = main.parameters().minimumStake(role).call().await?;
    Ok(Some(Statement::Verdict(Verdict {
        node,
        role,
        amount: seat,
        chain: finding.chain,
        height: finding.height,
        kind: finding.offence,
        reporter: Address::ZERO,
        evidence: evidence(group, finding),
        group: group.seats.group,
        epoch: group.seats.number(),
    })))
}

const fn role(phase: Phase) -> u16 {
    match phase {
        Phase::Notarize | Phase::Finalize | Phase::Accept => roles::ARCHIVE,
        Phase::Create => roles::CREATOR,
        Phase::Witness => roles::WITNESS,
        Phase::Validate => roles::VALIDATOR,
    }
}

/// Names the place in the group's log.
fn evidence(group: &ArchiveGroup, finding: &Finding) -> B256 {
    let mut preimage = b"CoNET finding".to_vec();
    preimage.extend(group.seats.log);
    preimage.extend(finding.chain);
    for word in [finding.node.0, finding.height, finding.view, u64::from(finding.phase.number())] {
        preimage.extend(word.to_be_bytes());
    }
    keccak256(preimage)
}
