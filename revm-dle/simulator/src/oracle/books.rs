//! The chains: who signs a block, what it may stand on, and what it gives.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use alloy::{
    primitives::{B256, U256, keccak256},
    sol_types::SolValue as _,
};
use conet_committee::{
    archive::{Chain, Item, item::Word},
    keys::NodeId,
    log::LogMessage,
    message::Message,
    vote::{Ballot, Phase},
};
use conet_ledger::block::{Body, Header, SignedTransaction};

use super::{Cast, Violation, reports::Wrong, sums};
use crate::ledger::{ACCOUNTS, Accounts, BALANCE, genesis};

/// Who signs blocks that name them, and how many of them must; 0 for all.
#[derive(Debug, Clone)]
struct Group {
    signers: Vec<NodeId>,
    quorum: usize,
}

/// All chains, and all blocks that were ever sent.
#[derive(Debug, Clone)]
pub(super) struct Books {
    finals: BTreeMap<B256, Vec<B256>>,
    pub(super) known: BTreeMap<B256, (Header, Body)>,
    /// Blocks that entries list.
    listed: BTreeSet<B256>,
    /// What executing a block gives here; none when it is wrong.
    states: BTreeMap<B256, Option<Accounts>>,
    /// By chain and the hash of the signers.
    groups: BTreeMap<(B256, B256), Group>,
    /// Signers of blocks and headers that were noted already.
    noted: BTreeSet<(B256, Vec<NodeId>)>,
    seen: HashSet<Header>,
    /// Honest nodes that voted for a block, each in its phase.
    votes: BTreeMap<(B256, u8), BTreeSet<NodeId>>,
    /// Seats' words in the log on a block: those that found it right, and those that found it wrong.
    accepted: BTreeMap<B256, BTreeSet<NodeId>>,
    refused: BTreeMap<B256, BTreeSet<NodeId>>,
    /// Who answered a complaint in the log, by chain, view and height.
    answered: BTreeMap<(B256, u64, u64), BTreeSet<NodeId>>,
    /// Creator and witnesses of a chain, in its newest view.
    places: BTreeMap<B256, (u64, Vec<NodeId>)>,
    /// Members whose votes in the log say that a block is right, or wrong.
    signers: BTreeMap<B256, BTreeSet<NodeId>>,
    refusers: BTreeMap<B256, BTreeSet<NodeId>>,
    /// Until when the main chain says that storage is paid.
    paid: BTreeMap<B256, u64>,
}

impl Books {
    pub(super) fn new(chains: &[B256]) -> Self {
        let first = |chain: &B256| genesis(*chain).hash();
        Self {
            finals: chains.iter().map(|chain| (*chain, vec![first(chain)])).collect(),
            known: BTreeMap::new(),
            listed: BTreeSet::new(),
            states: chains.iter().map(|chain| (first(chain), Some(Accounts::new()))).collect(),
            groups: BTreeMap::new(),
            noted: BTreeSet::new(),
            seen: HashSet::new(),
            votes: BTreeMap::new(),
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
            answered: BTreeMap::new(),
            places: BTreeMap::new(),
            signers: BTreeMap::new(),
            refusers: BTreeMap::new(),
            paid: BTreeMap::new(),
        }
    }

    /// The main chain took rent.
    pub(super) fn see_paid(&mut self, chain: B256, paid_through_s: u64) {
        self.paid.insert(chain, paid_through_s);
    }

    /// Notes the blocks in a message.
    pub(super) fn see_blocks(&mut self, message: &Message) {
        match message {
            Message::Certified(block, body) => self.see_block(&block.header, body),
            Message::Propose(proposed) => self.see_block(&proposed.header, &proposed.body),
            Message::Disagreement(why, body) => self.see_block(&why.header, body),
            Message::Log(LogMessage::Propose(entry, _)) => {
                self.listed.extend(entry.items.iter().filter_map(|item| match item {
                    Item::Block(block, _) => Some(block.header.hash()),
                    _ => None,
                }));
            }
            _ => {}
        }
    }

    fn see_block(&mut self, header: &Header, body: &Body) {
        // Most are sent many times.
        if self.seen.contains(header) {
            return;
        }
        self.seen.insert(header.clone());
        let hash = header.hash();
        if !self.known.contains_key(&hash) && body.hash() == header.proposal.body_hash {
            self.known.insert(hash, (header.clone(), body.clone()));
        }
    }

    /// Notes who signs the next blocks of a chain.
    pub(super) fn see_group(&mut self, chain: &Chain) {
        let Some(creator) = chain.creator else { return };
        for validators in chain.validator.by_height().values() {
            let signers: Vec<_> = std::iter::once(&creator)
                .chain(&chain.witness)
                .chain(validators)
                .copied()
                .collect();
            if !self.noted.insert((chain.id, signers.clone())) {
                continue;
            }
            let ids: Vec<_> = signers.iter().map(|node| U256::from(node.0)).collect();
            let quorum = usize::from(chain.quorum);
            let named = (chain.id, keccak256(ids.abi_encode()));
            self.groups.entry(named).or_insert(Group { signers, quorum });
        }
    }

    /// Who answered in one view keeps its place in the next. Gives an honest node that does not.
    pub(super) fn see_places(&mut self, cast: &Cast, chain: &Chain) -> Option<NodeId> {
        let now: Vec<_> = chain.group().collect();
        let (view, before) = self.places.get(&chain.id).cloned().unwrap_or_default();
        if chain.view < view {
            return None;
        }
        self.places.insert(chain.id, (chain.view, now.clone()));
        let answered = self.answered.get(&(chain.id, view, chain.height + 1))?;
        if chain.view != view + 1 {
            return None;
        }
        let mut lost = before.into_iter().filter(|node| answered.contains(node));
        lost.find(|node| cast.is_honest(*node) && !now.contains(node))
    }

    pub(super) fn count(&mut self, ballot: &Ballot) {
        let key = (ballot.vote.block, ballot.vote.phase);
        self.votes.entry(key).or_default().insert(ballot.voter);
    }

    /// Notes what a final entry says.
    pub(super) fn see_items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Block(block, words) => {
                    let hash = block.header.hash();
                    self.listed.insert(hash);
                    let signers = block.ballots.iter().map(|ballot| ballot.voter);
                    self.signers.entry(hash).or_default().extend(signers);
                    words.iter().for_each(|word| self.see_word(word));
                }
                Item::Disagreement(why) => {
                    let hash = why.header.hash();
                    self.signers.entry(hash).or_default().insert(why.create.voter);
                    self.refusers.entry(hash).or_default().insert(why.other.ballot.voter);
                }
                Item::Answer(ballot) => {
                    let about = &ballot.vote;
                    let key = (about.chain, about.view, about.height);
                    self.answered.entry(key).or_default().insert(ballot.voter);
                }
                Item::Words(words) => words.iter().for_each(|word| self.see_word(word)),
                _ => {}
            }
        }
    }

    fn see_word(&mut self, word: &Word) {
        let vote = &word.ballot.vote;
        let Some(outcome) = &word.outcome else {
            self.accepted.entry(vote.block).or_default().insert(word.ballot.voter);
            return;
        };
        // Who refuses names what it got: that tells which block of the height it means.
        let meant = self.known.values().filter(|(header, _)| {
            let about = &header.proposal;
            if (about.chain, about.height, about.view) != (vote.chain, vote.height, vote.view) {
                return false;
            }
            let other = Header { proposal: header.proposal.clone(), outcome: outcome.clone() };
            other.hash() == vote.block && header.outcome != *outcome
        });
        let meant: Vec<_> = meant.map(|(header, _)| header.hash()).collect();
        for hash in meant {
            self.refused.entry(hash).or_default().insert(word.ballot.voter);
        }
    }

    /// Who was on the wrong side of what a quorum of seats found, in the log.
    pub(super) fn proven_wrong(&self, cast: &Cast) -> BTreeSet<Wrong> {
        let mut wrong = BTreeSet::new();
        let decided = |words: &BTreeMap<B256, BTreeSet<NodeId>>| -> Vec<_> {
            let known = words.iter().filter_map(|(hash, words)| {
                let about = &self.known.get(hash)?.0.proposal;
                let seats = cast.seats(about.epoch).len();
                let decides = seats > 0 && super::is_quorum(words.len(), seats);
                decides.then_some((*hash, (about.chain, about.height, about.view)))
            });
            known.collect()
        };
        let mut add = |nodes: Option<&BTreeSet<NodeId>>,
                       (chain, height, view): (B256, u64, u64)| {
            wrong.extend(nodes.into_iter().flatten().map(|node| (*node, chain, height, view)));
        };
        for (hash, stands) in decided(&self.accepted) {
            add(self.refused.get(&hash), stands);
            add(self.refusers.get(&hash), stands);
        }
        for (hash, stands) in decided(&self.refused) {
            add(self.signers.get(&hash), stands);
        }
        wrong
    }

    // --- votes of honest nodes ---

    /// An honest node's vote for a block that others can see must be for a right one, on one that counts.
    pub(super) fn check_vote(&mut self, cast: &Cast, ballot: &Ballot) -> Result<(), Violation> {
        let (node, block) = (ballot.voter, ballot.vote.block);
        let (chain, height) = (ballot.vote.chain, ballot.vote.height);
        let wrong = |why| Err(Violation::WrongVote { node, chain, height, block, why });
        let Some((header, _)) = self.known.get(&block) else { return Ok(()) };
        let (parent, below) = (header.proposal.parent, height.saturating_sub(1));
        if self.state(block).is_none() {
            return wrong("executing it gives another");
        }
        if cast.is_seat(node) || self.is_final(chain, below, parent) {
            return Ok(());
        }
        let Some((above, _)) = self.known.get(&parent) else {
            return wrong("nobody made its parent");
        };
        let grandparent = (below.saturating_sub(1), above.proposal.parent);
        if !self.is_final(chain, grandparent.0, grandparent.1) {
            return wrong("its parent does not stand on a final block");
        }
        if !self.is_signed(cast, above) {
            return wrong("its parent is not certified");
        }
        Ok(())
    }

    fn is_final(&self, chain: B256, height: u64, hash: B256) -> bool {
        let place = usize::try_from(height).unwrap_or(usize::MAX);
        self.finals.get(&chain).and_then(|finals| finals.get(place)) == Some(&hash)
    }

    /// Whether enough of its group may have signed a block: of honest nodes it is known, of liars everything is possible.
    fn is_signed(&self, cast: &Cast, header: &Header) -> bool {
        let about = &header.proposal;
        let Some(group) = self.groups.get(&(about.chain, about.members_hash)) else { return false };
        let hash = header.hash();
        let phases = [Phase::Create, Phase::Witness, Phase::Validate];
        let signed = |node: &&NodeId| {
            !cast.is_honest(**node)
                || phases.iter().any(|phase| {
                    let voters = self.votes.get(&(hash, phase.number()));
                    voters.is_some_and(|voters| voters.contains(node))
                })
        };
        let found = group.signers.iter().filter(signed).count();
        let needed = if group.quorum == 0 { group.signers.len() } else { group.quorum };
        found >= needed.min(group.signers.len())
    }

    /// What executing a block gives, if the header says the same.
    fn state(&mut self, hash: B256) -> Option<Accounts> {
        if let Some(known) = self.states.get(&hash) {
            return known.clone();
        }
        let (header, body) = self.known.get(&hash)?.clone();
        let before = self.state(header.proposal.parent);
        let state = before.and_then(|before| sums::execute(before, &body));
        let state = state.filter(|after| sums::outcome(after, &body) == header.outcome);
        self.states.insert(hash, state.clone());
        state
    }

    // --- final blocks ---

    /// A block is final at a node. `asked`: the seats whose word it needed, where that is known.
    pub(super) fn see_final(
        &mut self,
        cast: &Cast,
        node: NodeId,
        (chain, height, hash): (B256, u64, B256),
        asked: Option<Vec<NodeId>>,
    ) -> Result<(), Violation> {
        let Some(finals) = self.finals.get(&chain) else { return Ok(()) };
        let place = usize::try_from(height).unwrap_or(usize::MAX);
        if let Some(first) = finals.get(place) {
            if *first == hash {
                return Ok(());
            }
            return Err(Violation::TwoBlocks { chain, height, node, first: *first, second: hash });
        }
        let unknown = Violation::UnknownBlock { chain, height, hash };
        let (header, body) = self.known.get(&hash).cloned().ok_or(unknown)?;
        // The ones below first: an entry may bring several.
        if height > 1 {
            self.see_final(cast, node, (chain, height - 1, header.proposal.parent), None)?;
        }
        self.check_final(cast, &header, chain, height, asked)
            .and_then(|()| self.check_sums(&header, &body))
            .map_err(|why| Violation::WrongBlock { chain, height, why })?;
        self.finals.entry(chain).or_default().push(hash);
        Ok(())
    }

    fn check_final(
        &self,
        cast: &Cast,
        header: &Header,
        chain: B256,
        height: u64,
        asked: Option<Vec<NodeId>>,
    ) -> Result<(), &'static str> {
        let (about, hash) = (&header.proposal, header.hash());
        if about.chain != chain || about.height != height {
            return Err("it is of another chain or height");
        }
        if cast.seats(about.epoch).is_empty() {
            return Err("it is of no epoch");
        }
        if !self.is_final(chain, height - 1, about.parent) {
            return Err("it stands on another block");
        }
        if !self.listed.contains(&hash) {
            return Err("it is in no entry");
        }
        if about.paid_through_s > self.paid.get(&chain).copied().unwrap_or_default() {
            return Err("nobody paid for its storage");
        }
        if !self.is_signed(cast, header) {
            return Err("its whole group did not sign it");
        }
        let accepted = self.votes.get(&(hash, Phase::Accept.number()));
        let has_accepted = |seat: &NodeId| accepted.is_some_and(|accepted| accepted.contains(seat));
        if !cast.reaches_quorum(about.epoch, accepted.map_or(0, BTreeSet::len)) {
            return Err("no quorum of seats accepted it");
        }
        let mut asked = asked.into_iter().flatten().filter(|seat| cast.is_honest(*seat));
        if !asked.all(|seat| has_accepted(&seat)) {
            return Err("an active seat did not accept it");
        }
        Ok(())
    }

    fn check_sums(&mut self, header: &Header, body: &Body) -> Result<(), &'static str> {
        let before = self.state(header.proposal.parent).ok_or("it stands on a wrong block")?;
        let after = sums::execute(before, body).ok_or("a payment in it cannot be made")?;
        let total: u128 = after.balances.iter().map(|balance| u128::from(*balance)).sum();
        if total != u128::from(BALANCE) * u128::from(ACCOUNTS) {
            return Err("money appeared or vanished");
        }
        if sums::outcome(&after, body) != header.outcome {
            return Err("it says something else of what it gives");
        }
        Ok(())
    }

    /// How many payments an account has made on a chain.
    pub(super) fn paid(&self, chain: B256, account: u64) -> u64 {
        let place = usize::try_from(account).unwrap_or(usize::MAX);
        let state = self.newest(chain);
        state.and_then(|state| state.nonces.get(place)).copied().unwrap_or_default()
    }

    fn newest(&self, chain: B256) -> Option<&Accounts> {
        let newest = self.finals.get(&chain).and_then(|finals| finals.last());
        newest.and_then(|hash| self.states.get(hash)).and_then(Option::as_ref)
    }

    /// Whether the next block could hold one of these.
    pub(super) fn can_be_made(&self, chain: B256, transactions: &[SignedTransaction]) -> bool {
        let Some(state) = self.newest(chain) else { return false };
        transactions.iter().any(|one| {
            let body = Body { transactions: vec![one.clone()], ..Body::default() };
            super::sums::execute(state.clone(), &body).is_some()
        })
    }

    pub(super) fn count_final(&self, counts: impl Fn(B256) -> bool) -> usize {
        let finals = self.finals.iter().filter(|(chain, _)| counts(**chain));
        finals.map(|(_, finals)| finals.len() - 1).sum()
    }
}
