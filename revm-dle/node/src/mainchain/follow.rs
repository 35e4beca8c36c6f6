//! Who is who: the registry's nodes with what their stakes are enough for, and who sits in the archive group.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use alloy::primitives::U256;
use conet_bindings::roles;
use conet_chain::{
    ChainReader, Directory, Mainchain, Stakes,
    archive::{ArchiveError, Group, Places, Rents},
};
use conet_committee::{archive::item::Wanted, keys::NodeId, seats::Seats};
use tokio_util::sync::CancellationToken;

use crate::{
    clock,
    group::{ArchiveGroup, Candidate, Sitting, successors},
    registry::{NodeEntry, NodeMap},
};

/// The roles in which nodes are drawn.
const DRAWN: [u16; 3] = [roles::CREATOR, roles::WITNESS, roles::VALIDATOR];

/// The group that all others descend from, as `IArchiveGroups` numbers it.
const ROOT_GROUP: u32 = 1;

/// The longest pause after the chain did not answer.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An archive group as it is now.
///
/// # Errors
/// [`ArchiveError`].
pub async fn read_group(chain: &Mainchain, id: u32) -> Result<ArchiveGroup, ArchiveError> {
    let group = Group::read(chain, id).await?;
    let began = group.began(chain).await?;
    let ids = |nodes: &[U256]| nodes.iter().filter_map(node_id).collect::<Vec<_>>();
    let seats = Seats::new(chain.chain_id(), group.id, group.epoch, ids(&group.nodes));
    Ok(ArchiveGroup {
        main_chain_id: chain.chain_id(),
        slasher: chain.address("Slasher"),
        seats: Arc::new(seats),
        began_ms: began.at_s.saturating_mul(1_000),
        state_hash: began.state_hash,
        before: ids(&began.before),
    })
}

/// Ids of nodes count up from one.
fn node_id(id: &U256) -> Option<NodeId> {
    u64::try_from(*id).ok().map(NodeId)
}

/// Keeps a map, and what is known of the group, current.
pub(super) struct Follower {
    chain: Mainchain,
    directory: Directory,
    stakes: Stakes,
    places: Places,
    /// Of an archive node alone: nobody else takes them.
    rents: Option<Rents>,
    nodes: NodeMap,
    sitting: Sitting,
    /// The least and the most seats of a group.
    seats: (usize, usize),
    /// The shortest epoch.
    epoch_ms_min: u64,
    /// The directory's block that the map shows.
    shown: Option<u64>,
}

impl Follower {
    /// Reads all nodes and their stakes.
    pub(super) async fn start(
        chain: Mainchain,
        reader: ChainReader,
        directory: Directory,
        (nodes, sitting): (NodeMap, Sitting),
        (epoch_ms_min, is_archive): (u64, bool),
    ) -> Result<Self, ArchiveError> {
        let stakes = Stakes::follow(chain.clone(), reader.clone()).await?;
        let places = Places::follow(chain.clone(), reader.clone()).await?;
        let rents = if is_archive { Some(Rents::follow(&chain, reader).await?) } else { None };
        let groups = chain.archive_groups();
        let (least, most) = (groups.minSeats().call().await?, groups.maxSeats().call().await?);
        let seats = (least.saturating_to(), most.saturating_to());
        let shown = None;
        let mut follower = Self {
            chain,
            directory,
            stakes,
            places,
            rents,
            nodes,
            sitting,
            seats,
            epoch_ms_min,
            shown,
        };
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
                    tracing::warn!(%error, ?pause, "the main chain is not followed, trying again");
                }
            }
        }
    }

    async fn step(&mut self) -> Result<(), ArchiveError> {
        let block = self.directory.health().last_block;
        let all = self.directory.all();
        let offered = |role: u16| {
            let offers = all.iter().filter(move |entry| entry.node.roles().mask() & role != 0);
            offers.map(move |entry| (entry.node.id(), role))
        };
        // Who had a seat may have taken back the role, or be no node any more.
        let group = self.sitting.group();
        let seated = group.seats.nodes().iter().map(|node| (U256::from(node.0), roles::ARCHIVE));
        let archives: BTreeSet<_> = offered(roles::ARCHIVE).chain(seated).collect();
        let wanted = DRAWN.into_iter().flat_map(offered).chain(archives.iter().copied());
        let changed = self.stakes.refresh(&wanted.collect()).await?;
        if changed || self.shown != Some(block) {
            self.nodes.replace(all.iter().filter_map(|entry| self.entry(&entry.node)));
            self.shown = Some(block);
        }
        let archives = archives.into_iter().map(|(node, _)| node).collect();
        self.places.refresh(&archives).await?;
        // Each time: the machine behind the RPC that said that there is one may have been ahead of the next.
        self.look_for_an_epoch().await?;
        self.name(&archives);
        if let Some(rents) = &mut self.rents {
            self.sitting.pay(rents.refresh().await?);
        }
        self.want(&archives).await
    }

    /// Wants a seed as long as somebody waits whom none has placed yet. It is the first group's that do.
    async fn want(&self, archives: &BTreeSet<U256>) -> Result<(), ArchiveError> {
        let seats = self.sitting.seats();
        let is_unplaced = |node: &U256| {
            let standing = self.places.of(*node);
            standing.waiting && standing.placed.is_none()
        };
        let waits = seats.group == ROOT_GROUP && archives.iter().any(is_unplaced);
        if !waits {
            self.sitting.want(None);
            return Ok(());
        }
        let index = self.chain.archive_groups().seedCount(seats.group).call().await?;
        self.sitting.want(Some(Wanted { index, after_block: self.places.block() }));
        Ok(())
    }

    async fn look_for_an_epoch(&self) -> Result<(), ArchiveError> {
        let known = self.sitting.seats();
        let epoch = self.chain.archive_groups().epochOf(known.group).call().await?;
        if epoch > known.epoch {
            let group = read_group(&self.chain, known.group).await?;
            tracing::info!(epoch = group.seats.epoch, seats = ?group.seats.nodes(), "an epoch began");
            self.sitting.begin(group);
        }
        Ok(())
    }

    /// Says who shall sit next, once the present epoch has lasted long enough.
    fn name(&self, archives: &BTreeSet<U256>) {
        let group = self.sitting.group();
        let is_young = clock::unix_ms() < group.began_ms.saturating_add(self.epoch_ms_min);
        let candidate = |id: &U256| {
            let (standing, node) = (self.places.of(*id), node_id(id)?);
            let here = Some(group.seats.group);
            let is_seated = group.seats.contains(node) && standing.seated == here;
            let goes = standing.leaving || self.stakes.seats(*id, roles::ARCHIVE) == 0;
            let is_one = is_seated || standing.waiting && standing.placed == here;
            is_one.then_some((node, Candidate { is_seated, goes }))
        };
        let candidates: BTreeMap<_, _> = archives.iter().filter_map(candidate).collect();
        // Who was named and withdraws must be left out, also when that leaves the present seats.
        let is_named = self.sitting.named().is_some_and(|named| named.epoch > group.seats.epoch);
        let next = successors(&group.seats, &candidates, self.seats, is_named);
        self.sitting.name(next.filter(|_| !is_young));
    }

    fn entry(&self, node: &conet_wire::claim::VerifiedNode) -> Option<NodeEntry> {
        let id: U256 = node.id();
        let carried = |role: &u16| self.stakes.seats(id, *role);
        let able = DRAWN.iter().filter(|role| carried(role) > 0);
        Some(NodeEntry {
            node: node_id(&id)?,
            wallet: node.wallet(),
            endpoint: node.endpoints().first().map(ToString::to_string),
            roles: able.clone().fold(0, |mask, role| mask | role),
            // In whichever role it is drawn, its stake must be enough.
            seats: able.map(carried).min().unwrap_or_default(),
        })
    }
}
