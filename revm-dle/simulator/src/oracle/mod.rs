//! The rules, told once more, by somebody who sees everything and trusts nobody's code.
//!
//! Checked at every step of every honest node:
//!
//! - one entry at each height of the log, whoever reports it;
//! - one final block at each height of a chain, on the one before it, with the votes of its whole group;
//! - a final block is what executing it gives, by arithmetic written anew here, and no money appears or vanishes;
//! - no honest node is found guilty or barred.
//!
//! And at the end, long after the network healed: every payment was made; whoever gave two votes that exclude each other
//! before one and the same honest seat is barred.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{B256, keccak256};
use alloy_rlp::Decodable as _;
use conet_committee::{
    archive::{Item, ProvenNotice, State, item::CertifiedHeader},
    keys::NodeId,
    log::{Entry, LogMessage},
    message::Message,
    vote::Ballot,
};
use conet_ledger::block::{Body, Header};

use crate::ledger::{ACCOUNTS, BALANCE, Payment, genesis};

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Two entries at one height of the log.
    #[error(
        "expected one entry at height {height} of the log, found {first} and, at {node}, {second}"
    )]
    TwoEntries {
        /// The height.
        height: u64,
        /// Who has the second.
        node: NodeId,
        /// The first.
        first: B256,
        /// The second.
        second: B256,
    },
    /// Two final blocks at one height.
    #[error(
        "expected one final block at height {height} of {chain}, found {first} and, at {node}, {second}"
    )]
    TwoBlocks {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// Who has the second.
        node: NodeId,
        /// The first.
        first: B256,
        /// The second.
        second: B256,
    },
    /// A final block that nobody ever sent.
    #[error("expected a final block to be known, found {hash} at height {height} of {chain}")]
    UnknownBlock {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// The block.
        hash: B256,
    },
    /// A final block whose own sums are wrong.
    #[error(
        "expected block {height} of {chain} to be what executing it gives, found otherwise: {why}"
    )]
    WrongBlock {
        /// The chain.
        chain: B256,
        /// The height.
        height: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// An honest node is barred.
    #[error("expected honest nodes to be at large, found {barred} barred at {node}")]
    HonestBarred {
        /// Who says so.
        node: NodeId,
        /// Who is barred.
        barred: NodeId,
    },
    /// A cheat is at large.
    #[error(
        "expected {cheat}, who gave two votes before {witness}, to be barred, found it at large: {vote:?}"
    )]
    CheatAtLarge {
        /// Who cheated.
        cheat: NodeId,
        /// Who saw both votes.
        witness: NodeId,
        /// The chain, height, view and phase.
        vote: (B256, u64, u64, u8),
    },
    /// No end came.
    #[error(
        "expected all payments to be made {after_ms} ms after the network healed, found {open} open: {what}"
    )]
    NoProgress {
        /// How long it had.
        after_ms: u64,
        /// How many are missing.
        open: usize,
        /// Where.
        what: String,
    },
    /// A node found that a quorum broke the rules.
    #[error("expected {node} to follow the log, found that it cannot")]
    Diverged {
        /// Who.
        node: NodeId,
    },
}

/// Who voted where.
type Key = (NodeId, B256, u64, u64, u8);

/// A chain, as the oracle keeps it.
#[derive(Debug)]
struct Book {
    blocks: Vec<B256>,
    balances: Vec<i128>,
    nonces: Vec<u64>,
}

/// Sees all.
#[derive(Debug)]
pub(crate) struct Oracle {
    honest: BTreeSet<NodeId>,
    entries: BTreeMap<u64, B256>,
    books: BTreeMap<B256, Book>,
    known: BTreeMap<B256, (Header, Body)>,
    certified: BTreeMap<B256, CertifiedHeader>,
    /// What each honest seat was shown since it last started.
    shown: BTreeMap<NodeId, BTreeMap<Key, B256>>,
    /// Who gave two votes, and before whom.
    cheats: BTreeMap<NodeId, (NodeId, Key)>,
}

impl Oracle {
    pub(crate) fn new(honest: BTreeSet<NodeId>, chains: &[B256]) -> Self {
        let count = usize::try_from(ACCOUNTS).unwrap_or_default();
        let book = |chain: &B256| Book {
            blocks: vec![genesis(*chain).hash()],
            balances: vec![i128::from(BALANCE); count],
            nonces: vec![0; count],
        };
        Self {
            honest,
            entries: BTreeMap::new(),
            books: chains.iter().map(|chain| (*chain, book(chain))).collect(),
            known: BTreeMap::new(),
            certified: BTreeMap::new(),
            shown: BTreeMap::new(),
            cheats: BTreeMap::new(),
        }
    }

    pub(crate) fn is_honest(&self, node: NodeId) -> bool {
        self.honest.contains(&node)
    }

    /// A block that is on its way.
    pub(crate) fn see_sent(&mut self, message: &Message) {
        match message {
            Message::Certified(block, body) => {
                self.known
                    .entry(block.header.hash())
                    .or_insert_with(|| (block.header.clone(), body.clone()));
            }
            Message::Propose(proposed) => {
                let hash = proposed.header.hash();
                self.known
                    .entry(hash)
                    .or_insert_with(|| (proposed.header.clone(), proposed.body.clone()));
            }
            Message::Log(LogMessage::Propose(entry, _)) => self.see_listed(entry),
            _ => {}
        }
    }

    /// A message reached an honest seat: the votes in it are known there.
    pub(crate) fn see_delivered(&mut self, seat: NodeId, message: &Message) {
        for ballot in ballots(message) {
            self.see_vote(seat, ballot);
        }
    }

    fn see_vote(&mut self, seat: NodeId, ballot: &Ballot) {
        let vote = &ballot.vote;
        let key = (ballot.voter, vote.chain, vote.height, vote.view, vote.phase);
        let first = *self.shown.entry(seat).or_default().entry(key).or_insert(vote.block);
        if first != vote.block {
            self.cheats.entry(ballot.voter).or_insert((seat, key));
        }
    }

    /// A seat that stops forgets what was not worth a line in its journal.
    pub(crate) fn see_stopped(&mut self, node: NodeId) {
        self.shown.remove(&node);
        self.cheats.retain(|_, (witness, _)| *witness != node);
    }

    /// An honest seat made an entry final.
    pub(crate) fn see_entry(&mut self, node: NodeId, entry: &Entry) -> Result<(), Violation> {
        let (height, second) = (entry.header.height, entry.id());
        let first = *self.entries.entry(height).or_insert(second);
        if first != second {
            return Err(Violation::TwoEntries { height, node, first, second });
        }
        Ok(())
    }

    fn see_listed(&mut self, entry: &Entry) {
        for item in &entry.items {
            if let Item::Block(block, _) = item {
                self.certified.entry(block.header.hash()).or_insert_with(|| (**block).clone());
            }
        }
    }

    /// The state of an honest seat after an entry.
    pub(crate) fn see_state(&mut self, node: NodeId, state: &State) -> Result<(), Violation> {
        for barred in &state.barred {
            if self.honest.contains(barred) {
                return Err(Violation::HonestBarred { node, barred: *barred });
            }
        }
        for chain in state.chains.values() {
            self.see_final(node, chain.id, chain.height, chain.hash)?;
        }
        Ok(())
    }

    /// What an honest member holds for final.
    pub(crate) fn see_notice(
        &mut self,
        node: NodeId,
        proven: &ProvenNotice,
    ) -> Result<(), Violation> {
        let notice = &proven.notice;
        self.see_final(node, notice.chain, notice.height, notice.hash)
    }

    fn see_final(
        &mut self,
        node: NodeId,
        chain: B256,
        height: u64,
        hash: B256,
    ) -> Result<(), Violation> {
        let Some(book) = self.books.get(&chain) else { return Ok(()) };
        let place = usize::try_from(height).unwrap_or(usize::MAX);
        if let Some(first) = book.blocks.get(place) {
            if *first == hash {
                return Ok(());
            }
            return Err(Violation::TwoBlocks { chain, height, node, first: *first, second: hash });
        }
        // The ones below first: an entry may bring several.
        let (header, body) = self.known.get(&hash).cloned().ok_or(Violation::UnknownBlock {
            chain,
            height,
            hash,
        })?;
        if height > 1 {
            self.see_final(node, chain, height - 1, header.proposal.parent)?;
        }
        let wrong = |why| Violation::WrongBlock { chain, height, why };
        let certified = self.certified.get(&hash).ok_or_else(|| wrong("it is in no entry"))?;
        let book = self.books.get_mut(&chain).ok_or_else(|| wrong("no book"))?;
        check_frame(&header, chain, height, book).map_err(wrong)?;
        check_group(certified).map_err(wrong)?;
        book.pay(&header, &body).map_err(wrong)?;
        book.blocks.push(hash);
        Ok(())
    }

    /// How many payments an account has made on a chain.
    pub(crate) fn paid(&self, chain: B256, account: u64) -> u64 {
        let nonces = self.books.get(&chain).map(|book| &book.nonces);
        let place = usize::try_from(account).unwrap_or(usize::MAX);
        nonces.and_then(|nonces| nonces.get(place)).copied().unwrap_or_default()
    }

    /// How many blocks are final, over all chains.
    pub(crate) fn blocks(&self) -> usize {
        self.books.values().map(|book| book.blocks.len() - 1).sum()
    }

    /// How many entries are final.
    pub(crate) fn entries(&self) -> usize {
        self.entries.len()
    }

    /// At the end: are all barred who were seen?
    pub(crate) fn check_cheats(&self, barred: impl Fn(NodeId) -> bool) -> Result<(), Violation> {
        for (cheat, (witness, (_, chain, height, view, phase))) in &self.cheats {
            if !barred(*cheat) {
                let vote = (*chain, *height, *view, *phase);
                return Err(Violation::CheatAtLarge { cheat: *cheat, witness: *witness, vote });
            }
        }
        Ok(())
    }

    /// All blocks that were ever sent.
    pub(crate) const fn blocks_sent(&self) -> &BTreeMap<B256, (Header, Body)> {
        &self.known
    }

    /// How many were seen to cheat.
    pub(crate) fn cheats(&self) -> usize {
        self.cheats.len()
    }
}

fn check_frame(header: &Header, chain: B256, height: u64, book: &Book) -> Result<(), &'static str> {
    let about = &header.proposal;
    if about.chain != chain || about.height != height {
        return Err("it is of another chain or height");
    }
    if Some(&about.parent) != book.blocks.last() {
        return Err("it stands on another block");
    }
    Ok(())
}

/// Creator, witnesses and validators: each once, each for this block.
fn check_group(block: &CertifiedHeader) -> Result<(), &'static str> {
    let hash = block.header.hash();
    let voters: BTreeSet<_> = block.ballots.iter().map(|ballot| ballot.voter).collect();
    let all_for_it = block.ballots.iter().all(|ballot| ballot.vote.block == hash);
    let nodes: Vec<_> =
        block.ballots.iter().map(|ballot| alloy::primitives::U256::from(ballot.voter.0)).collect();
    let named = keccak256(alloy::sol_types::SolValue::abi_encode(&nodes))
        == block.header.proposal.members_hash;
    if voters.len() != block.ballots.len() || !all_for_it || !named {
        return Err("its whole group did not sign it");
    }
    Ok(())
}

impl Book {
    fn pay(&mut self, header: &Header, body: &Body) -> Result<(), &'static str> {
        for signed in &body.transactions {
            let payment = Payment::decode(&mut signed.transaction.data.as_ref())
                .map_err(|_| "a payment is unreadable")?;
            let place = |account: u64| usize::try_from(account).unwrap_or(usize::MAX);
            let nonce = self.nonces.get_mut(place(payment.from)).ok_or("an account is unknown")?;
            if signed.transaction.nonce != *nonce {
                return Err("a payment is out of turn");
            }
            *nonce += 1;
            *self.balances.get_mut(place(payment.from)).ok_or("an account is unknown")? -=
                i128::from(payment.amount);
            *self.balances.get_mut(place(payment.to)).ok_or("an account is unknown")? +=
                i128::from(payment.amount);
        }
        if self.balances.iter().any(|balance| *balance < 0) {
            return Err("an account is overdrawn");
        }
        if self.balances.iter().sum::<i128>() != i128::from(BALANCE) * i128::from(ACCOUNTS) {
            return Err("money appeared or vanished");
        }
        let balances = self
            .balances
            .iter()
            .map(|balance| u64::try_from(*balance).unwrap_or_default())
            .collect();
        let accounts = crate::ledger::Accounts { balances, nonces: self.nonces.clone() };
        if accounts.root() != header.outcome.state_root {
            return Err("its state has another root");
        }
        Ok(())
    }
}

/// All votes in a message.
fn ballots(message: &Message) -> Vec<&Ballot> {
    match message {
        Message::Log(LogMessage::Vote(ballot) | LogMessage::Propose(_, ballot)) => vec![ballot],
        Message::Word(word, _) => vec![&word.ballot],
        Message::Certified(block, _) => block.ballots.iter().collect(),
        Message::Evidence(first, second) => vec![first, second],
        _ => Vec::new(),
    }
}
