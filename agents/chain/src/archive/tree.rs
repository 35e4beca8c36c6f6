//! The tree of archive groups: who came from whom, and how epochs began.

use alloy::{
    eips::BlockId,
    primitives::{B256, U256},
    providers::Provider as _,
    rpc::types::Filter,
    sol_types::SolEvent as _,
};
use conet_bindings::ArchiveGroups::EpochStarted;

use super::{Group, Result};
use crate::{error::ChainError, limits::LOG_RANGE_BLOCKS, mainchain::Mainchain};

/// The group that all others descend from, as `IArchiveGroups` numbers it.
const ROOT: u32 = 1;

/// A split on the way from the first group down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// The seed that divided the nodes.
    pub seed: B256,
    /// Whether the way goes on in the right half.
    pub is_right: bool,
}

/// How an epoch of an archive group began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// When, unix seconds.
    pub at_s: u64,
    /// The hash of what the epoch before handed over; zero for the first group's first.
    pub state_hash: B256,
    /// The nodes of the epoch before, of whichever group, by seat; none for the first group's first.
    pub before: Vec<U256>,
    /// What split, when it is the first epoch after that.
    pub parent: Option<Parent>,
}

/// The group that another one came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    /// Its number.
    pub group: u32,
    /// The last of its epochs.
    pub epoch: u64,
    /// The first nodes of the other half.
    pub siblings: Vec<U256>,
}

/// The splits above a group, the first one first.
///
/// # Errors
/// That the chain cannot be read.
pub async fn line(chain: &Mainchain, mut group: u32) -> Result<Vec<Split>> {
    let groups = chain.archive_groups();
    let mut line = Vec::new();
    loop {
        let parent = groups.parentOf(group).call().await?;
        if parent == 0 {
            line.reverse();
            return Ok(line);
        }
        let is_right = groups.childrenOf(parent).call().await?.right == group;
        line.push(Split { seed: groups.splitSeedOf(parent).call().await?, is_right });
        group = parent;
    }
}

/// The leftmost group that works: it makes the seeds that place nodes.
///
/// # Errors
/// That the chain cannot be read.
pub async fn leftmost(chain: &Mainchain) -> Result<u32> {
    let mut group = ROOT;
    loop {
        match chain.archive_groups().childrenOf(group).call().await?.left {
            0 => return Ok(group),
            left => group = left,
        }
    }
}

/// The groups that work: those that have not split.
///
/// # Errors
/// That the chain cannot be read.
pub async fn working(chain: &Mainchain) -> Result<Vec<u32>> {
    let groups = chain.archive_groups();
    let mut working = Vec::new();
    for group in 1..=groups.groupCount().call().await? {
        if groups.childrenOf(group).call().await?.left == 0 {
            working.push(group);
        }
    }
    Ok(working)
}

/// How a group's present epoch began.
///
/// # Errors
/// That the chain cannot be read, or has no event that says so.
pub async fn began(chain: &Mainchain, group: &Group) -> Result<Began> {
    let (event, block) = started(chain, group.id, group.epoch).await?;
    let header = chain.provider().get_header(BlockId::number(block)).await;
    let missing = ChainError::Answer { expected: "a block", found: "none".into() };
    let at_s = header.map_err(ChainError::from)?.ok_or(missing)?.timestamp;
    let began = |before, parent| Began { at_s, state_hash: event.stateHash, before, parent };
    if group.epoch > 1 {
        let (before, _) = started(chain, group.id, group.epoch - 1).await?;
        return Ok(began(before.nodes, None));
    }
    let groups = chain.archive_groups();
    let parent = groups.parentOf(group.id).call().await?;
    if parent == 0 {
        return Ok(began(Vec::new(), None));
    }
    let epoch = groups.epochOf(parent).call().await?;
    let halves = groups.childrenOf(parent).call().await?;
    let other = if halves.left == group.id { halves.right } else { halves.left };
    let (before, _) = started(chain, parent, epoch).await?;
    let (siblings, _) = started(chain, other, 1).await?;
    let parent = Parent { group: parent, epoch, siblings: siblings.nodes };
    Ok(began(before.nodes, Some(parent)))
}

/// The event that began an epoch of a group, and its block. Newest blocks first: most epochs are young.
async fn started(chain: &Mainchain, group: u32, epoch: u64) -> Result<(EpochStarted, u64)> {
    let filter = Filter::new()
        .address(chain.address("ArchiveGroups"))
        .event_signature(EpochStarted::SIGNATURE_HASH)
        .topic1(B256::from(U256::from(group)))
        .topic2(B256::from(U256::from(epoch)));
    let provider = chain.provider();
    let mut to = provider.get_block_number().await.map_err(ChainError::from)?;
    loop {
        let from = (to + 1).saturating_sub(LOG_RANGE_BLOCKS);
        let range = filter.clone().from_block(from).to_block(to);
        let logs = provider.get_logs(&range).await.map_err(ChainError::from)?;
        if let Some(log) = logs.first() {
            let event = EpochStarted::decode_log(&log.inner).map_err(|error| {
                ChainError::Answer { expected: "an epoch's event", found: error.to_string() }
            })?;
            return Ok((event.data, log.block_number.unwrap_or_default()));
        }
        if from == 0 {
            let expected = "the event that began a group's epoch";
            return Err(ChainError::Answer { expected, found: "none".into() }.into());
        }
        to = from - 1;
    }
}
