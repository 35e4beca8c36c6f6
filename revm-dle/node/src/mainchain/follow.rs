//! Who is who: the registry's nodes with what their stakes are enough for, and who sits in the archive group.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy::primitives::U256;
use conet_bindings::roles;
use conet_chain::{
    ChainReader, Directory, Mainchain, Stakes,
    archive::{ArchiveError, Places, Rents},
};
use conet_committee::{
    archive::{
        Named,
        item::{Division, Wanted},
    },
    keys::NodeId,
    seats::Seats,
};
use tokio_util::sync::CancellationToken;

use super::groups::{follow_all, follow_own};
use crate::{
    clock,
    group::{Bounds, Candidate, Sitting, successors},
    registry::{NodeEntry, NodeMap},
};

/// The roles in which nodes are drawn.
const DRAWN: [u16; 3] = [roles::CREATOR, roles::WITNESS, roles::VALIDATOR];

/// The longest pause after the chain did not answer.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Ids of nodes count up from one.
pub(super) fn node_id(id: &U256) -> Option<NodeId> {
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
    me: NodeId,
    /// Whether it has a seat, or may get one.
    is_archive: bool,
    /// How many seats a group has.
    bounds: Bounds,
    /// By what the group splits that it is in, and after which block that was to be.
    division: Option<(u32, u64, Division)>,
    /// Whether a seed is missing by which it could.
    lacks_division: bool,
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
        (me, is_archive): (NodeId, bool),
        epoch_ms_min: u64,
    ) -> Result<Self, ArchiveError> {
        let stakes = Stakes::follow(chain.clone(), reader.clone()).await?;
        let places = Places::follow(chain.clone(), reader.clone()).await?;
        let rents = if is_archive { Some(Rents::follow(&chain, reader).await?) } else { None };
        let groups = chain.archive_groups();
        let (least, most) = (groups.minSeats().call().await?, groups.maxSeats().call().await?);
        let bounds = Bounds { least: least.saturating_to(), most: most.saturating_to() };
        let shown = None;
        let mut follower = Self {
            chain,
            directory,
            stakes,
            places,
            rents,
            nodes,
            sitting,
            me,
            is_archive,
            bounds,
            division: None,
            lacks_division: false,
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
        if !self.is_archive {
            return follow_all(&self.chain, &self.sitting, self.me).await;
        }
        follow_own(&self.chain, &self.sitting, self.places.of(U256::from(self.me.0))).await?;
        self.name(&archives).await?;
        if let Some(rents) = &mut self.rents {
            self.sitting.pay(rents.refresh().await?);
        }
        self.want(&archives).await
    }

    /// Wants a seed as long as somebody waits whom none has placed yet: the leftmost group makes those; and when the group
    /// could split by one.
    async fn want(&self, archives: &BTreeSet<U256>) -> Result<(), ArchiveError> {
        let seats = self.sitting.seats();
        let is_unplaced = |node: &U256| {
            let standing = self.places.of(*node);
            standing.waiting && standing.placed.is_none()
        };
        let places = seats.branch.is_leftmost() && archives.iter().any(is_unplaced);
        if !places && !self.lacks_division {
            self.sitting.want(None);
            return Ok(());
        }
        let index = self.chain.archive_groups().seedCount(seats.group).call().await?;
        self.sitting.want(Some(Wanted { index, after_block: self.places.block() }));
        Ok(())
    }

    /// Says who shall sit next, once the present epoch has lasted long enough.
    async fn name(&mut self, archives: &BTreeSet<U256>) -> Result<(), ArchiveError> {
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
        let next = successors(&group.seats, &candidates, self.bounds, is_named);
        let next = next.filter(|_| !is_young);
        let splits = next.as_ref().is_some_and(|next| next.splits);
        let division = match &next {
            Some(next) if splits => self.divide(&group.seats, &next.nodes).await?,
            _ => None,
        };
        self.lacks_division = splits && division.is_none();
        let named = next.filter(|_| !self.lacks_division).map(|next| Named {
            epoch: group.seats.epoch + 1,
            nodes: next.nodes,
            least: self.bounds.least,
            division,
        });
        self.sitting.name(named);
        Ok(())
    }

    /// The first seed of the group that was made after all who are new had asked for their seats: nobody knew it then.
    async fn divide(
        &mut self,
        seats: &Seats,
        nodes: &[NodeId],
    ) -> Result<Option<Division>, ArchiveError> {
        let new = nodes.iter().filter(|node| !seats.contains(**node));
        let joined = new.map(|node| self.places.of(U256::from(node.0)).drawn_after).max();
        let (group, joined) = (seats.group, joined.unwrap_or_default());
        match self.division {
            Some((of, after, known)) if (of, after) == (group, joined) => return Ok(Some(known)),
            _ => {}
        }
        let groups = self.chain.archive_groups();
        let (mut low, mut high) = (0, groups.seedCount(group).call().await?);
        let mut found = None;
        // The answer is in [low, high): at most 64 rounds.
        while low < high {
            let index = low + (high - low) / 2;
            let seed = groups.seed(group, index).call().await?;
            if seed.afterBlock >= joined {
                found = Some(Division { index, seed: seed.value });
                high = index;
            } else {
                low = index + 1;
            }
        }
        self.division = found.map(|division| (group, joined, division));
        Ok(found)
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
