//! Statements, filled in from the chain.

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider as _,
};
use conet_bindings::statement::{Exit, Genesis, Handover, Header, Seed, Statement, members_hash};

use super::{ArchiveError, Group, Result};
use crate::{error::ChainError, mainchain::Mainchain};

/// The next seed of a group.
///
/// `after_block` is the newest main-chain block that the group saw as final before it made `value`: the newest block
/// when not given.
///
/// # Errors
/// [`ArchiveError`].
pub async fn seed(
    chain: &Mainchain,
    group: u32,
    value: B256,
    after_block: Option<u64>,
) -> Result<Statement> {
    let group = Group::read(chain, group).await?;
    let after_block = match after_block {
        Some(block) => block,
        None => chain.provider().get_block_number().await.map_err(ChainError::from)?,
    };
    Ok(Statement::Seed(Seed {
        index: chain.archive_groups().seedCount(group.id).call().await?,
        value,
        afterBlock: after_block,
        group: group.id,
        epoch: group.epoch,
    }))
}

/// The next epoch of a group with these nodes, or with those that it has.
///
/// # Errors
/// [`ArchiveError`].
pub async fn handover(
    chain: &Mainchain,
    group: u32,
    nodes: Option<Vec<U256>>,
    state_hash: B256,
) -> Result<Statement> {
    let group = Group::read(chain, group).await?;
    let mut nodes = nodes.unwrap_or_else(|| group.nodes.clone());
    nodes.sort_unstable();
    nodes.dedup();
    Ok(Statement::Handover(Handover {
        nodes,
        stateHash: state_hash,
        group: group.id,
        epoch: group.epoch,
    }))
}

/// What the main chain does not know of the genesis of a note's series.
#[derive(Debug, Clone)]
pub struct NoteGenesis {
    /// The note.
    pub note: U256,
    /// The hash of the genesis block.
    pub genesis_hash: B256,
    /// Who pays the chain's storage; the buyer's account when not given.
    pub wallet: Option<Address>,
    /// The chain's members, the creator first; the issuer's node alone when not given.
    pub members: Option<Vec<U256>>,
    /// How many of the members sign a block; all when 0. Of a series after the first it is that of the first.
    pub quorum: u8,
    /// Whether everybody may read it.
    pub is_public: bool,
}

/// The genesis of a note that was minted or resold.
///
/// # Errors
/// [`ArchiveError::NothingPending`], among others.
pub async fn genesis(chain: &Mainchain, given: NoteGenesis) -> Result<Statement> {
    let (cash, note) = (chain.cash(), given.note);
    let pending = cash.pendingSeries(note).call().await?;
    if pending.deposit == 0 {
        return Err(ArchiveError::NothingPending { note });
    }
    let id = cash.chainOf(note).call().await?;
    let before = cash.note(note).call().await?;
    let group = chain.archive_groups().groupOf(id).call().await?;
    let group = Group::read(chain, group).await?;
    let anchored = chain.chain_anchor().anchorOf(id).call().await?;
    let members = given.members.unwrap_or_else(|| vec![pending.issuerNode]);
    Ok(Statement::Genesis(Genesis {
        chain: id,
        note,
        series: before.series.saturating_add(1),
        genesisHash: given.genesis_hash,
        class: ASSET,
        visibility: u8::from(given.is_public),
        wallet: given.wallet.unwrap_or(pending.account),
        quorum: if anchored.genesisHash.is_zero() { given.quorum } else { anchored.quorum },
        membersHash: members_hash(&members),
        deposit: pending.deposit,
        carried: cash.live(note).call().await?,
        group: group.id,
        epoch: group.epoch,
    }))
}

/// `ChainClass.Asset`.
const ASSET: u8 = 0;

/// A withdrawal as it is on the note's chain, which the main chain does not see.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The note.
    pub note: U256,
    /// Its number on the note's chain, from 0.
    pub id: u64,
    /// Who is paid.
    pub recipient: Address,
    /// Micro-dollars.
    pub amount: u64,
    /// Who gets the relayer fee; whoever submits when zero.
    pub relayer: Address,
    /// Micro-dollars.
    pub relayer_fee: u64,
    /// The block with the debit.
    pub height: u64,
    /// Its hash.
    pub block_hash: B256,
}

/// The exit of a withdrawal.
///
/// # Errors
/// [`ArchiveError::NotLive`] or [`ArchiveError::Paid`], among others.
pub async fn exit(chain: &Mainchain, given: Withdrawal) -> Result<Statement> {
    let note = given.note;
    let (series, group) = keeper_of_live(chain, note).await?;
    if chain.cash().isPaid(note, given.id).call().await? {
        return Err(ArchiveError::Paid { note, id: given.id });
    }
    Ok(Statement::Exit(Exit {
        note,
        series,
        id: given.id,
        recipient: given.recipient,
        amount: given.amount,
        relayer: given.relayer,
        relayerFee: given.relayer_fee,
        height: given.height,
        blockHash: given.block_hash,
        group: group.id,
        epoch: group.epoch,
    }))
}

/// The last final block of a note's chain, which the main chain does not see.
#[derive(Debug, Clone)]
pub struct LastBlock {
    /// The note.
    pub note: U256,
    /// The block.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
    /// Over all that the note's holders own after it.
    pub leaves_root: B256,
}

/// The header that a forced exit goes by.
///
/// # Errors
/// [`ArchiveError::NotLive`], among others.
pub async fn header(chain: &Mainchain, given: LastBlock) -> Result<Statement> {
    let (series, group) = keeper_of_live(chain, given.note).await?;
    Ok(Statement::Header(Header {
        note: given.note,
        series,
        height: given.height,
        blockHash: given.hash,
        leavesRoot: given.leaves_root,
        group: group.id,
        epoch: group.epoch,
    }))
}

/// A live note's series, and the group that keeps its chain.
async fn keeper_of_live(chain: &Mainchain, note: U256) -> Result<(u32, Group)> {
    let cash = chain.cash();
    let record = cash.note(note).call().await?;
    if record.status < LIVE {
        return Err(ArchiveError::NotLive { note });
    }
    let id = cash.chainOf(note).call().await?;
    let group = chain.archive_groups().keeperOf(id, record.home).call().await?;
    Ok((record.series, Group::read(chain, group).await?))
}

/// `NoteStatus.Live`.
const LIVE: u8 = 2;
