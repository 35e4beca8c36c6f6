//! Blocks under judgement: executed, and a word said on each.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_bindings::ledger::Vote;
use conet_ledger::block::{Body, Header, Outcome};

use super::desk::{CASES_MAX, Desk};
use crate::{
    archive::{
        Chain, Item, State,
        item::{CertifiedHeader, Disagreement, Word, block_vote, impossible, with_outcome},
    },
    journal::Record,
    keys::NodeId,
    ledger::ExecuteError,
    message::Message,
    outbox::Outbox,
    vote::{Ballot, Phase},
};

/// A block, and what is known of it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) hash: B256,
    pub(super) header: Header,
    pub(super) body: Body,
    /// The votes of its group, or the creator's and one that disagrees.
    pub(super) grounds: Grounds,
    /// What execution gave here; `None`: not executed yet.
    pub(super) outcome: Option<Outcome>,
    pub(super) words: BTreeMap<NodeId, Word>,
    since_ms: u64,
}

/// Why a block is judged.
#[derive(Debug, Clone)]
pub(super) enum Grounds {
    Certified(Box<CertifiedHeader>),
    Disputed(Box<Disagreement>),
}

impl Grounds {
    fn ballots(&self) -> Vec<&Ballot> {
        match self {
            Self::Certified(block) => block.ballots.iter().collect(),
            Self::Disputed(disagreement) => vec![&disagreement.create, &disagreement.other.ballot],
        }
    }

    /// Whether those who signed make a block of this chain now.
    fn hold(&self, chain: &Chain, header: &Header) -> bool {
        let Some(signers) = chain.signers(header.proposal.height) else { return false };
        match self {
            Self::Certified(block) => signers.voters(header, &block.ballots).is_some(),
            Self::Disputed(disagreement) => {
                let Disagreement { create, other, .. } = &**disagreement;
                let phase = signers.phase(other.ballot.voter);
                chain.creator == Some(create.voter)
                    && create.vote == block_vote(header, Phase::Create, header.hash())
                    && phase.is_some_and(|phase| other.agrees(header, phase) == Some(false))
            }
        }
    }
}

impl Desk {
    /// A block to judge.
    pub(super) fn open_case(
        &mut self,
        header: Header,
        body: Body,
        grounds: Grounds,
        out: &mut Outbox,
    ) {
        let hash = header.hash();
        if self.cases.contains_key(&hash) {
            return self.better_grounds(hash, grounds, out);
        }
        if !self.may_come(&header) {
            for ballot in grounds.ballots() {
                self.look_back(ballot, out);
            }
            return;
        }
        if body.hash() != header.proposal.body_hash || !self.has_room_for(&header, &grounds) {
            return;
        }
        if !grounds.ballots().into_iter().all(|ballot| self.voting.is_valid(ballot)) {
            return;
        }
        for ballot in grounds.ballots() {
            self.saw(ballot, out);
        }
        let words = self.loose.remove(&hash).unwrap_or_default();
        let words = words.into_iter().map(|word| (word.ballot.voter, word)).collect();
        let since_ms = self.now_ms;
        let case = Case { hash, header, body, grounds, outcome: None, words, since_ms };
        self.cases.insert(hash, case);
        self.consider_all(out);
    }

    /// Whether there is room for a block: for one whose grounds hold, one goes whose grounds do not.
    fn has_room_for(&mut self, header: &Header, grounds: &Grounds) -> bool {
        if self.cases.len() < CASES_MAX {
            return true;
        }
        let chains = &self.state.chains;
        let holds = |header: &Header, grounds: &Grounds| {
            let chain = chains.get(&header.proposal.chain);
            chain.is_some_and(|chain| grounds.hold(chain, header))
        };
        if !holds(header, grounds) {
            return false;
        }
        let spare = self.cases.values().find(|case| !holds(&case.header, &case.grounds));
        let spare = spare.map(|case| case.hash);
        spare.is_some_and(|hash| self.cases.remove(&hash).is_some())
    }

    /// A certificate says more than a disagreement, and grounds that hold say more than those that do not: anybody may
    /// have sent the first ones.
    fn better_grounds(&mut self, hash: B256, grounds: Grounds, out: &mut Outbox) {
        let Some(case) = self.cases.get(&hash) else { return };
        let Some(chain) = self.state.chains.get(&case.header.proposal.chain) else { return };
        let is_more =
            matches!((&case.grounds, &grounds), (Grounds::Disputed(_), Grounds::Certified(_)));
        let is_better = is_more || !case.grounds.hold(chain, &case.header);
        if !is_better
            || !grounds.hold(chain, &case.header)
            || !grounds.ballots().into_iter().all(|ballot| self.voting.is_valid(ballot))
        {
            return;
        }
        for ballot in grounds.ballots() {
            self.saw(ballot, out);
        }
        if let Some(case) = self.cases.get_mut(&hash) {
            case.grounds = grounds;
        }
        self.consider_all(out);
    }

    /// Whether a block is of a known chain, and not decided yet.
    fn may_come(&self, header: &Header) -> bool {
        let about = &header.proposal;
        let chain = self.state.chains.get(&about.chain);
        about.epoch == self.seats.epoch
            && chain.is_some_and(|chain| about.height > chain.height && about.view >= chain.view)
    }

    /// Executes what can be executed, and says what there is to say.
    pub(super) fn consider_all(&mut self, out: &mut Outbox) {
        loop {
            let open = self.cases.values().filter(|case| case.outcome.is_none());
            let mut open: Vec<_> =
                open.map(|case| (case.header.proposal.height, case.hash)).collect();
            open.sort_unstable();
            let before = open.len();
            for (_, hash) in &open {
                self.execute(*hash);
            }
            let after = self.cases.values().filter(|case| case.outcome.is_none()).count();
            if after == before || after == 0 {
                break;
            }
        }
        // What waits for this tick's signature already is looked at again then.
        let judged: Vec<_> = self
            .cases
            .values()
            .filter(|case| case.outcome.is_some() && !self.unsaid.contains(&case.hash))
            .map(|case| case.hash)
            .collect();
        let due: Vec<_> = judged.into_iter().filter(|hash| self.word_on(*hash).is_some()).collect();
        self.unsaid.extend(due);
        self.say_words(out);
    }

    fn execute(&mut self, hash: B256) {
        let Some(case) = self.cases.get_mut(&hash) else { return };
        match self.ledgers.execute(&case.header.proposal, &case.body) {
            Ok(outcome) => case.outcome = Some(outcome),
            Err(ExecuteError::Bad) => case.outcome = Some(impossible()),
            Err(ExecuteError::NoParent { .. } | ExecuteError::Unable) => {}
        }
    }

    /// When the next words may be signed, if there are any.
    pub(super) fn words_ms(&self) -> u64 {
        if self.unsaid.is_empty() { u64::MAX } else { self.signed_ms + self.tick_ms }
    }

    /// Says what this seat got: once for each height and view of a chain, and never two things. One signature a tick is
    /// enough for all blocks.
    pub(super) fn say_words(&mut self, out: &mut Outbox) {
        if self.now_ms < self.words_ms() && self.signed_ms > 0 || self.unsaid.is_empty() {
            return;
        }
        let unsaid = std::mem::take(&mut self.unsaid);
        let words: Vec<_> = unsaid.into_iter().filter_map(|hash| self.word_on(hash)).collect();
        if words.is_empty() {
            return;
        }
        self.signed_ms = self.now_ms;
        let ballots = self.voting.cast_all(words.iter().map(|(_, vote, _)| *vote).collect());
        for ((hash, _, outcome), ballot) in words.into_iter().zip(ballots) {
            self.say_word(hash, Word { ballot, outcome }, out);
        }
    }

    /// What there is to say on a block, if it is this seat's turn to say something.
    fn word_on(&self, hash: B256) -> Option<(B256, Vote, Option<Outcome>)> {
        let case = self.cases.get(&hash)?;
        let about = &case.header.proposal;
        let chain = self.state.chains.get(&about.chain)?;
        // The log has checked its grounds: what came here first may be somebody's junk.
        let is_listed = chain.pending.as_ref().is_some_and(|pending| pending.hash == hash);
        // Cheap first: every block that comes has all open cases looked at.
        let is_due = chain.view == about.view
            && !self.said.contains_key(&(about.chain, about.height, about.view))
            && (is_listed
                || chain.names_signers(&case.header) && case.grounds.hold(chain, &case.header));
        let outcome = case.outcome.as_ref().filter(|_| is_due)?;
        let found = with_outcome(&case.header, outcome);
        let vote = block_vote(&case.header, Phase::Accept, found.hash());
        Some((hash, vote, (found != case.header).then(|| outcome.clone())))
    }

    fn say_word(&mut self, hash: B256, word: Word, out: &mut Outbox) {
        let Some(case) = self.cases.get_mut(&hash) else { return };
        let about = &case.header.proposal;
        let key = (about.chain, about.height, about.view);
        // Of two blocks of one height and view, the first.
        if self.said.contains_key(&key) {
            return;
        }
        if let Grounds::Certified(certified) = &case.grounds {
            out.persist(Record::Block(certified.clone(), case.body.clone()));
        }
        out.persist(Record::Word(word.clone()));
        case.words.insert(self.voting.me, word.clone());
        self.said.insert(key, word.clone());
        out.send_all(self.seats.nodes(), Message::Word(word, hash));
    }

    /// Another seat's word.
    pub(super) fn take_word(&mut self, from: NodeId, word: Word, hash: B256, out: &mut Outbox) {
        let (ballot, voter) = (&word.ballot, word.ballot.voter);
        if ballot.vote.phase != Phase::Accept.number() {
            return;
        }
        if !self.seats.contains(voter) {
            return self.look_back(ballot, out);
        }
        let Some(case) = self.cases.get_mut(&hash) else {
            if self.is_open(ballot) {
                self.keep_loose(from, word, hash, out);
            } else {
                self.look_back(&word.ballot, out);
            }
            return;
        };
        let is_known = case.words.get(&voter).is_some_and(|known| known.ballot.vote == ballot.vote);
        if is_known || !self.voting.is_valid(ballot) {
            return;
        }
        if word.agrees_on(&case.header, case.hash, Phase::Accept).is_some() {
            case.words.entry(voter).or_insert_with(|| word.clone());
        }
        self.saw(&word.ballot, out);
    }

    /// A word on a block that is not here yet.
    fn keep_loose(&mut self, from: NodeId, word: Word, hash: B256, out: &mut Outbox) {
        let has_room = self.loose.contains_key(&hash) || self.loose.len() < CASES_MAX;
        // Only of seats, and only where the vote itself names the block: else one vote could stand for many.
        let is_of_it = word.outcome.is_some() || word.ballot.vote.block == hash;
        if !has_room
            || !self.seats.contains(from)
            || !is_of_it
            || !self.voting.is_valid(&word.ballot)
        {
            return;
        }
        self.saw(&word.ballot, out);
        let words = self.loose.entry(hash).or_default();
        if words.len() < self.seats.count() && !words.contains(&word) {
            words.push(word);
        }
        out.send(from, Message::FetchBlock { hash });
    }

    /// Whether a word is about a block that is not decided.
    fn is_open(&self, word: &Ballot) -> bool {
        let chain = self.state.chains.get(&word.vote.chain);
        word.vote.epoch == self.seats.epoch
            && chain.is_some_and(|chain| {
                word.vote.height > chain.height && word.vote.view >= chain.view
            })
    }

    /// Items that list blocks, or bring more words on them.
    pub(super) fn blocks_for(&self, state: &State) -> Vec<Item> {
        let mut cases: Vec<_> = self.cases.values().filter(|case| !case.words.is_empty()).collect();
        cases.sort_by_key(|case| case.header.proposal.height);
        cases.into_iter().flat_map(|case| self.items_for(case, state)).collect()
    }

    fn items_for(&self, case: &Case, state: &State) -> Vec<Item> {
        let Some(chain) = state.chains.get(&case.header.proposal.chain) else { return Vec::new() };
        let words = |known: &dyn Fn(&NodeId) -> bool| -> Vec<Word> {
            let about =
                |word: &&Word| word.agrees_on(&case.header, case.hash, Phase::Accept).is_some();
            let news = case.words.values().filter(about).filter(|word| !known(&word.ballot.voter));
            news.cloned().collect()
        };
        match (&chain.pending, &case.grounds) {
            (Some(pending), _) if pending.hash == case.hash => {
                let news = words(&|seat| {
                    pending.accepted.contains(seat) || pending.refused.contains(seat)
                });
                if news.is_empty() { Vec::new() } else { vec![Item::Words(news)] }
            }
            (Some(_), _) => Vec::new(),
            (None, Grounds::Certified(block)) => {
                let all = state.active.iter().all(|seat| case.words.contains_key(seat));
                let is_late = self.now_ms >= case.since_ms + self.patience_ms;
                if all || is_late {
                    vec![Item::Block(block.clone(), words(&|_| false))]
                } else {
                    Vec::new()
                }
            }
            (None, Grounds::Disputed(disagreement)) => {
                vec![Item::Disagreement(disagreement.clone()), Item::Words(words(&|_| false))]
            }
        }
    }

    /// Forgets what the newest final entry decided.
    pub(super) fn forget_decided(&mut self) {
        let chains = &self.state.chains;
        let is_open = |chain: B256, height: u64, view: u64| {
            chains.get(&chain).is_some_and(|known| height > known.height && view >= known.view)
        };
        self.cases.retain(|_, case| {
            let about = &case.header.proposal;
            is_open(about.chain, about.height, about.view)
        });
        self.loose.retain(|_, words| {
            let about = words.first().map(|word| word.ballot.vote);
            about.is_some_and(|vote| is_open(vote.chain, vote.height, vote.view))
        });
        // A word stays known as long as saying another one could matter.
        self.said.retain(|(chain, height, _), _| {
            chains.get(chain).is_some_and(|known| *height > known.height)
        });
    }
}
