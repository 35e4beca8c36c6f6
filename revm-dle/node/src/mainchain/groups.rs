//! Which archive groups a node follows: an archive node its own, a participant that in which it waits to be drawn and those
//! that keep chains in which it serves.

use std::sync::Arc;

use alloy::primitives::U256;
use conet_chain::{
    Mainchain,
    archive::{ArchiveError, Group, Standing, began, leftmost, line},
};
use conet_committee::{
    keys::NodeId,
    seats::Seats,
    tree::{Branch, Fork, ROOT, waits_right},
};

use super::follow::node_id;
use crate::group::{ArchiveGroup, Followed, Sitting};

/// Who sits in an archive group now, and where it stands: for who does not follow it.
///
/// # Errors
/// [`ArchiveError`].
pub async fn read_seats(chain: &Mainchain, id: u32) -> Result<Seats, ArchiveError> {
    let group = Group::read(chain, id).await?;
    let branch = Branch::new(forks(chain, id).await?);
    Ok(Seats::on(branch, (chain.chain_id(), id), group.epoch, ids(&group.nodes)))
}

fn ids(nodes: &[U256]) -> Vec<NodeId> {
    nodes.iter().filter_map(node_id).collect()
}

/// The splits above a group.
async fn forks(chain: &Mainchain, id: u32) -> Result<Vec<Fork>, ArchiveError> {
    let splits = line(chain, id).await?.into_iter();
    Ok(splits.map(|split| Fork { seed: split.seed, is_right: split.is_right }).collect())
}

/// An archive group as it is now, and how its epoch began.
///
/// # Errors
/// [`ArchiveError`].
pub(super) async fn read_group(chain: &Mainchain, id: u32) -> Result<ArchiveGroup, ArchiveError> {
    let group = Group::read(chain, id).await?;
    let began = began(chain, &group).await?;
    let forks = forks(chain, id).await?;
    let above = Branch::new(forks.split_last().map_or(&[][..], |(_, above)| above).to_vec());
    let main = |group| (chain.chain_id(), group);
    let seats = Seats::on(Branch::new(forks), main(id), group.epoch, ids(&group.nodes));
    let siblings = began.parent.as_ref().map(|parent| ids(&parent.siblings));
    let (seats, before) = match &began.parent {
        Some(parent) => {
            let before = Seats::on(above, main(parent.group), parent.epoch, ids(&began.before));
            // The keys of its ceremony were announced for the epoch that would have come.
            (seats.keyed_for(before.epoch + 1), Some(before))
        }
        None if group.epoch > 1 => {
            let before = seats.in_epoch(seats.epoch - 1, ids(&began.before));
            (seats, Some(before))
        }
        None => (seats, None),
    };
    Ok(ArchiveGroup {
        main_chain_id: chain.chain_id(),
        slasher: chain.address("Slasher"),
        seats: Arc::new(seats),
        began_ms: began.at_s.saturating_mul(1_000),
        state_hash: began.state_hash,
        before: before.map(Arc::new),
        siblings: siblings.unwrap_or_default(),
    })
}

/// The group of a node that has its seat there, or may get one; else that in which it waits to be drawn.
pub(super) async fn own_group(
    chain: &Mainchain,
    node: NodeId,
    standing: Standing,
) -> Result<u32, ArchiveError> {
    match standing.seated.or(standing.placed) {
        Some(group) => Ok(group),
        // The seed that places it is not made yet.
        None if standing.waiting => Ok(leftmost(chain).await?),
        None => home(chain, node).await,
    }
}

/// Where a participant waits to be drawn.
async fn home(chain: &Mainchain, node: NodeId) -> Result<u32, ArchiveError> {
    let groups = chain.archive_groups();
    let mut group = ROOT;
    loop {
        let halves = groups.childrenOf(group).call().await?;
        if halves.left == 0 {
            return Ok(group);
        }
        let seed = groups.splitSeedOf(group).call().await?;
        group = if waits_right(seed, node) { halves.right } else { halves.left };
    }
}

/// The newest epoch of a group; none when it has split.
async fn renewed(
    chain: &Mainchain,
    known: &Arc<ArchiveGroup>,
) -> Result<Option<Arc<ArchiveGroup>>, ArchiveError> {
    let (id, groups) = (known.seats.group, chain.archive_groups());
    // First: of a group that has split, epochs that were missed cannot be read.
    if groups.childrenOf(id).call().await?.left != 0 {
        return Ok(None);
    }
    if groups.epochOf(id).call().await? > known.seats.number() {
        return Ok(Some(Arc::new(read_group(chain, id).await?)));
    }
    Ok(Some(known.clone()))
}

/// An archive node looks for an epoch of its group, or for another group of its own.
pub(super) async fn follow_own(
    chain: &Mainchain,
    sitting: &Sitting,
    standing: Standing,
) -> Result<(), ArchiveError> {
    let known = sitting.group();
    let group = match standing.seated.or(standing.placed) {
        Some(own) if own != known.seats.group => Arc::new(read_group(chain, own).await?),
        _ => match renewed(chain, &known).await? {
            Some(group) => group,
            // It has a seat in neither half, and helps those that have.
            None => {
                let halves = chain.archive_groups().childrenOf(known.seats.group).call().await?;
                Arc::new(read_group(chain, halves.left).await?)
            }
        },
    };
    tell(sitting, Followed { own: group, others: Vec::new() });
    Ok(())
}

/// A participant looks for epochs of the groups that it has to do with, and for these groups.
pub(super) async fn follow_all(
    chain: &Mainchain,
    sitting: &Sitting,
    me: NodeId,
) -> Result<(), ArchiveError> {
    let (followed, serving) = (sitting.followed(), sitting.serving());
    let own = match renewed(chain, &followed.own).await? {
        Some(own) => own,
        None => Arc::new(read_group(chain, home(chain, me).await?).await?),
    };
    let mut others: Vec<Arc<ArchiveGroup>> = Vec::new();
    for known in &followed.others {
        let is_wanted = serving.iter().any(|served| known.seats.branch.keeps(*served))
            && known.seats.group != own.seats.group;
        if is_wanted && let Some(other) = renewed(chain, known).await? {
            others.push(other);
        }
    }
    for served in serving {
        let keeps = |group: &Arc<ArchiveGroup>| group.seats.branch.keeps(served);
        if !keeps(&own) && !others.iter().any(keeps) {
            let keeper = chain.archive_groups().groupOf(served).call().await?;
            others.push(Arc::new(read_group(chain, keeper).await?));
        }
    }
    tell(sitting, Followed { own, others });
    Ok(())
}

fn tell(sitting: &Sitting, followed: Followed) {
    let before = sitting.followed();
    for group in followed.iter().filter(|group| !before.iter().any(|known| known == *group)) {
        let seats = &group.seats;
        let (number, epoch) = (seats.group, seats.number());
        tracing::info!(group = number, epoch, seats = ?seats.nodes(), "an epoch began");
    }
    sitting.follow(followed);
}
