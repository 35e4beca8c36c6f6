//! Who is who: the registry's nodes with what their stakes are enough for.

use std::{collections::BTreeSet, time::Duration};

use alloy::primitives::U256;
use conet_bindings::roles;
use conet_chain::{
    ChainError, ChainReader, Directory, Mainchain, Stakes,
    archive::{ArchiveError, Group},
};
use conet_committee::keys::NodeId;
use tokio_util::sync::CancellationToken;

use crate::{
    config::ArchiveGroup,
    registry::{NodeEntry, NodeMap},
};

/// The roles in which nodes are drawn.
const DRAWN: [u16; 3] = [roles::CREATOR, roles::WITNESS, roles::VALIDATOR];

/// The longest pause after the chain did not answer.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An archive group as it is now.
///
/// # Errors
/// [`ArchiveError`].
pub async fn read_group(chain: &Mainchain, id: u32) -> Result<ArchiveGroup, ArchiveError> {
    let group = Group::read(chain, id).await?;
    let began_s = group.began(chain).await?;
    Ok(ArchiveGroup {
        main_chain_id: chain.chain_id(),
        slasher: chain.address("Slasher"),
        group: group.id,
        epoch: group.epoch,
        // Ids of nodes count up from one.
        seats: group.nodes.iter().map(|node| node.saturating_to()).collect(),
        began_ms: began_s.saturating_mul(1_000),
    })
}

/// Keeps a map current.
pub(super) struct Follower {
    directory: Directory,
    stakes: Stakes,
    nodes: NodeMap,
    /// The directory's block that the map shows.
    shown: Option<u64>,
}

impl Follower {
    /// Reads all nodes and their stakes.
    pub(super) async fn start(
        chain: Mainchain,
        reader: ChainReader,
        directory: Directory,
        nodes: NodeMap,
    ) -> Result<Self, ChainError> {
        let stakes = Stakes::follow(chain, reader).await?;
        let mut follower = Self { directory, stakes, nodes, shown: None };
        follower.step().await?;
        Ok(follower)
    }

    pub(super) async fn run(mut self, poll: Duration, stop: CancellationToken) {
        let mut pause = poll;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            match self.step().await {
                Ok(()) => pause = poll,
                Err(error) => {
                    pause = (pause * 2).min(PAUSE_MAX);
                    tracing::warn!(%error, ?pause, "stakes are not current, trying again");
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), ChainError> {
        let block = self.directory.health().last_block;
        let all = self.directory.all();
        let offered = |role: u16| {
            let offers = all.iter().filter(move |entry| entry.node.roles().mask() & role != 0);
            offers.map(move |entry| (entry.node.id(), role))
        };
        let wanted: BTreeSet<_> = DRAWN.into_iter().flat_map(offered).collect();
        let changed = self.stakes.refresh(&wanted).await?;
        if changed || self.shown != Some(block) {
            self.nodes.replace(all.iter().filter_map(|entry| self.entry(&entry.node)));
            self.shown = Some(block);
        }
        Ok(())
    }

    fn entry(&self, node: &conet_wire::claim::VerifiedNode) -> Option<NodeEntry> {
        let id: U256 = node.id();
        let carried = |role: &u16| self.stakes.seats(id, *role);
        let able = DRAWN.iter().filter(|role| carried(role) > 0);
        Some(NodeEntry {
            node: NodeId(u64::try_from(id).ok()?),
            wallet: node.wallet(),
            endpoint: node.endpoints().first().map(ToString::to_string),
            roles: able.clone().fold(0, |mask, role| mask | role),
            // In whichever role it is drawn, its stake must be enough.
            seats: able.map(carried).min().unwrap_or_default(),
        })
    }
}
