//! Routes: asked of two nodes, sealed, through relays, so that nobody learns who
//! wants to talk to whom (design D8).
//!
//! Each record carries its wallet's signature, so a node can withhold or delay,
//! not forge. Two answers are compared and the newer one counts; what was seen
//! once is remembered on disk, and nothing older is believed again.

use std::{collections::HashSet, sync::Arc, time::Instant};

use alloy::primitives::{Address, U256};
use conet_bindings::RouteTable::RouteRecord;
use conet_chain::NodeEntry;
use conet_wire::{
    claim::{ClaimError, VerifiedRoute, verify_route},
    parcel::{Content, Status},
    request::{LookupAnswer, Request},
};
use futures_util::future::join_all;
use rand::seq::SliceRandom as _;

use crate::{
    client::Client,
    clock,
    error::ClientError,
    exchange::{Parcel, refused},
    limits::{
        BEHIND_ATTEMPTS_MAX, BEHIND_PAUSE, LOOKUP_NODES_MAX, LOOKUP_TIMEOUT, ROUTE_MEMORY,
        ROUTES_REMEMBERED_MAX,
    },
    relays::Avoid,
    state::StateError,
};

/// Nodes that have to answer.
const ANSWERS: usize = 2;

/// How to look a route up.
#[derive(Debug, Clone, Default)]
pub struct LookupOptions {
    /// Ask the chain's RPC, which then knows whom this client looks for.
    pub direct: bool,
    /// Do not use what this process remembers.
    pub fresh: bool,
    /// The relay to ask through.
    pub via: Option<U256>,
    /// Nodes that must learn nothing of this, such as the own agent.
    pub avoid_agents: Vec<U256>,
}

/// What the chain says of a wallet, as far as it can be believed.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The wallet.
    pub wallet: Address,
    /// The record as it was served; `None` if the wallet never set a route.
    pub record: Option<RouteRecord>,
    /// The route, if both halves of the claim hold.
    pub route: Option<VerifiedRoute>,
    /// Why not.
    pub unverified: Option<Arc<ClaimError>>,
    /// Whether a source was behind the other.
    pub warning: Option<String>,
    /// The time of the newest block that a source has read, unix seconds.
    pub chain_time: u64,
}

impl Lookup {
    /// The route, or why there is none to use.
    ///
    /// # Errors
    /// [`ClientError::NoRoute`], [`ClientError::Claim`].
    pub fn verified(self) -> Result<VerifiedRoute, ClientError> {
        let wallet = self.wallet;
        match (self.route, self.unverified) {
            (Some(route), _) => Ok(route),
            (None, Some(source)) => {
                let source = Arc::try_unwrap(source).unwrap_or(ClaimError::Absent);
                Err(ClientError::Claim { wallet, source: Box::new(source) })
            }
            (None, None) => Err(ClientError::NoRoute { wallet }),
        }
    }

    /// The highest serial that the chain has, 0 without a route. It is the nonce
    /// of the next one.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.record.as_ref().map_or(0, |record| record.serial)
    }
}

/// One source's answer.
#[derive(Debug)]
struct Source {
    node: U256,
    block: u64,
    timestamp: u64,
    record: Option<RouteRecord>,
}

impl Source {
    fn serial(&self) -> u64 {
        self.record.as_ref().map_or(0, |record| record.serial)
    }
}

impl Client {
    /// Looks a wallet's route up, and verifies it.
    ///
    /// # Errors
    /// [`ClientError`]; that a route does not verify is no error here, but of
    /// [`Lookup::verified`].
    pub async fn look_up(
        &self,
        wallet: Address,
        options: &LookupOptions,
    ) -> Result<Lookup, ClientError> {
        if !options.fresh && !options.direct {
            let remembered = self.routes().get(&wallet).cloned();
            if let Some((at, lookup)) = remembered
                && at.elapsed() < ROUTE_MEMORY
            {
                return Ok(lookup);
            }
        }
        let lookup = match options.direct {
            true => self.newer(self.look_up_on_chain(wallet).await?).await?,
            false => self.look_up_at_nodes(wallet, options).await?,
        };
        self.remember(&lookup);
        Ok(lookup)
    }

    pub(crate) fn forget_route(&self, wallet: &Address) {
        self.routes().remove(wallet);
    }

    fn remember(&self, lookup: &Lookup) {
        let mut routes = self.routes();
        if lookup.route.is_none() {
            routes.remove(&lookup.wallet);
            return;
        }
        if routes.len() >= ROUTES_REMEMBERED_MAX {
            routes.retain(|_, (at, _)| at.elapsed() < ROUTE_MEMORY);
        }
        if routes.len() < ROUTES_REMEMBERED_MAX {
            routes.insert(lookup.wallet, (Instant::now(), lookup.clone()));
        }
    }

    async fn look_up_on_chain(&self, wallet: Address) -> Result<Lookup, ClientError> {
        let (head, records) = self.chain().await?.routes(&[wallet]).await?;
        let record = records.into_iter().flatten().next();
        Ok(self.judged(wallet, record, head.timestamp, None))
    }

    /// A look-up that is not older than what was seen before.
    async fn newer(&self, lookup: Lookup) -> Result<Lookup, ClientError> {
        let (wallet, serial) = (lookup.wallet, lookup.serial());
        self.0.state.run(move |state| state.check_serial(wallet, serial)).await?;
        Ok(lookup)
    }

    /// Asks nodes, and the same ones again while they are behind: each that is asked learns the wallet.
    async fn look_up_at_nodes(
        &self,
        wallet: Address,
        options: &LookupOptions,
    ) -> Result<Lookup, ClientError> {
        if let Some(via) = options.via {
            self.node(via).await?;
        }
        let nodes = self.nodes_to_ask(wallet, options).await?;
        let mut attempts = 0;
        loop {
            let lookup = self.newer(self.compare(wallet, &nodes, options).await?).await;
            let is_behind =
                matches!(&lookup, Err(ClientError::State(StateError::OldSerial { .. })));
            if !is_behind || attempts >= BEHIND_ATTEMPTS_MAX {
                return lookup;
            }
            attempts += 1;
            tokio::time::sleep(BEHIND_PAUSE).await;
        }
    }

    /// What two nodes say.
    async fn compare(
        &self,
        wallet: Address,
        nodes: &[Arc<NodeEntry>],
        options: &LookupOptions,
    ) -> Result<Lookup, ClientError> {
        let (first, further) = nodes.split_at(nodes.len().min(ANSWERS));
        let asked = first.iter().map(|node| self.ask(wallet, node, first, options));
        let (mut sources, mut failure) = (Vec::new(), None);
        for answer in join_all(asked).await {
            answer.map_or_else(|error| failure = Some(error), |source| sources.push(source));
        }
        // One more for each that failed, and nobody else: each learns the wallet.
        for node in further {
            if sources.len() >= ANSWERS {
                break;
            }
            let answer = self.ask(wallet, node, first, options).await;
            answer.map_or_else(|error| failure = Some(error), |source| sources.push(source));
        }
        let found = sources.len();
        let Ok([one, other]) = <[Source; ANSWERS]>::try_from(sources) else {
            let last = failure.map_or_else(|| "too few agents are known".into(), |e| e.to_string());
            return Err(ClientError::LookupAnswers { found, last });
        };
        let chain_time = one.timestamp.max(other.timestamp);
        let (newest, warning) = newest(wallet, one, other)?;
        Ok(self.judged(wallet, newest.record, chain_time, warning))
    }

    /// Agents in random order, of different owners where that is possible, and
    /// neither the wallet's agent, as far as it is known, nor our own.
    async fn nodes_to_ask(
        &self,
        wallet: Address,
        options: &LookupOptions,
    ) -> Result<Vec<Arc<NodeEntry>>, ClientError> {
        let directory = self.directory().await?;
        let remembered = self
            .routes()
            .get(&wallet)
            .and_then(|(_, lookup)| lookup.route.as_ref().and_then(VerifiedRoute::agent));
        // Nor the relay that was named: it would learn both who asks and for whom.
        let mut avoid =
            Avoid::new(None).add_id(&directory, remembered).add_id(&directory, options.via);
        for agent in &options.avoid_agents {
            avoid = avoid.add_id(&directory, Some(*agent));
        }
        let agents = directory.agents();
        let known = agents.len();
        let mut allowed: Vec<_> = agents.into_iter().filter(|node| avoid.allows(node)).collect();
        if allowed.len() < ANSWERS {
            // A small network: the signature still tells a false route from a true one.
            allowed = directory.agents();
        }
        if allowed.len() < ANSWERS {
            return Err(ClientError::NoAgent { action: "ask for a route (two are needed)", known });
        }
        allowed.shuffle(&mut rand::rng());
        let mut owners = HashSet::new();
        // Further nodes of an owner come after the first of each.
        allowed.sort_by_cached_key(|node| !owners.insert(node.node.owner()));
        allowed.truncate(LOOKUP_NODES_MAX);
        Ok(allowed)
    }

    async fn ask(
        &self,
        wallet: Address,
        node: &NodeEntry,
        asked: &[Arc<NodeEntry>],
        options: &LookupOptions,
    ) -> Result<Source, ClientError> {
        let directory = self.directory().await?;
        let mut avoid = Avoid::new(options.via).add(node);
        for agent in &options.avoid_agents {
            avoid = avoid.add_id(&directory, Some(*agent));
        }
        // Who answers one question should not carry the other, as both come at
        // the same moment; in a network too small for that, somebody has to.
        let strict = asked.iter().fold(avoid.clone(), |avoid, other| avoid.add(other));
        if self.relays(&directory, &strict).is_ok() {
            avoid = strict;
        }
        let request = Request::Lookup { wallets: vec![wallet] }.encode();
        let make = || Parcel::seal(node, Content::Request, &request);
        let answered = self.deliver(&avoid, LOOKUP_TIMEOUT, make).await?;
        let id = node.node.id();
        if answered.answer.status != Status::Done {
            return Err(refused(id, &answered.answer));
        }
        let answer = LookupAnswer::decode(&answered.answer.body)?;
        let record = answer.records.into_iter().find(|record| record.update.wallet == wallet);
        Ok(Source { node: id, block: answer.block, timestamp: answer.timestamp, record })
    }

    fn judged(
        &self,
        wallet: Address,
        record: Option<RouteRecord>,
        chain_time: u64,
        warning: Option<String>,
    ) -> Lookup {
        let claim = record
            .as_ref()
            .map(|record| verify_route(&self.0.network, record, clock::unix_seconds()));
        let (route, unverified) = match claim {
            None => (None, None),
            Some(Ok(route)) => (Some(route), None),
            Some(Err(error)) => (None, Some(Arc::new(error))),
        };
        Lookup { wallet, record, route, unverified, warning, chain_time }
    }
}

/// The newer of two answers; behind is fine, contradicting is not.
fn newest(
    wallet: Address,
    one: Source,
    other: Source,
) -> Result<(Source, Option<String>), ClientError> {
    let (new, old) = if one.serial() >= other.serial() { (one, other) } else { (other, one) };
    let contradiction =
        |what: String| ClientError::Disagreement { wallet, one: new.node, other: old.node, what };
    if new.serial() == old.serial() {
        if new.record != old.record {
            return Err(contradiction(format!("different routes with serial {}", new.serial())));
        }
        return Ok((new, None));
    }
    // Who has read as far must know as much.
    if old.block >= new.block {
        return Err(contradiction(format!(
            "serial {} at block {} against serial {} at block {}",
            new.serial(),
            new.block,
            old.serial(),
            old.block
        )));
    }
    let warning = format!("node {} is behind, at block {}", old.node, old.block);
    tracing::warn!(%wallet, "{warning}");
    Ok((new, Some(warning)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn source(node: u64, block: u64, serial: u64) -> Source {
        let record = (serial > 0).then(|| testing::route(8, 1, serial));
        Source { node: U256::from(node), block, timestamp: testing::NOW, record }
    }

    fn newest_of(one: Source, other: Source) -> Result<(u64, bool), ClientError> {
        let (source, warning) = newest(Address::ZERO, one, other)?;
        Ok((source.serial(), warning.is_some()))
    }

    #[test]
    fn two_that_agree_are_believed() {
        assert_eq!(newest_of(source(1, 10, 3), source(2, 12, 3)).unwrap(), (3, false));
        assert_eq!(newest_of(source(1, 10, 0), source(2, 9, 0)).unwrap(), (0, false));
    }

    #[test]
    fn who_is_behind_is_outvoted_with_a_warning() {
        assert_eq!(newest_of(source(1, 10, 3), source(2, 12, 4)).unwrap(), (4, true));
        assert_eq!(newest_of(source(1, 12, 1), source(2, 10, 0)).unwrap(), (1, true));
    }

    #[test]
    fn a_contradiction_is_an_error() {
        for (one, other) in [
            (source(1, 12, 3), source(2, 12, 4)),
            (source(1, 13, 3), source(2, 12, 4)),
            (source(1, 12, 0), source(2, 12, 1)),
        ] {
            let refused = newest_of(one, other).unwrap_err();
            assert!(matches!(refused, ClientError::Disagreement { .. }), "{refused}");
        }
        let mut other = source(2, 12, 3);
        if let Some(record) = &mut other.record {
            record.update.agent = U256::from(9);
        }
        assert!(newest_of(source(1, 12, 3), other).is_err());
    }
}
