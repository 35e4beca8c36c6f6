//! Ledgers in memory: what a node executes with, less its disk.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use alloy::primitives::{B256, Bytes};
use conet_committee::{
    archive::{ProvenNotice, ProvenStanding},
    ledger::{Built, ExecuteError, Ledgers},
};
use conet_ledger::{
    block::{Body, Header, Outcome, Proposal, SignedTransaction},
    build::{Candidates, Draft, build},
    error::ExecuteError as Refused,
    execute::{Block, CodeBook, execute, may_come},
    handout::Handout,
    state::State,
    trie::InMemory,
};

use crate::note::Live;

/// How notes begin, by the hash of their genesis block: all nodes know it.
pub(crate) type Begun = Arc<HashMap<B256, Arc<Live>>>;

/// One node's states: of each chain the newest final one, and those above it.
pub(crate) struct Memory {
    codes: Arc<CodeBook>,
    begun: Begun,
    states: HashMap<B256, Arc<Live>>,
    /// The blocks of each chain, by height.
    heights: HashMap<B256, BTreeSet<(u64, B256)>>,
    notices: HashMap<B256, Arc<ProvenNotice>>,
    standing: Option<Arc<ProvenStanding>>,
}

/// All that begin, by their hashes.
pub(crate) fn begun(notes: &[Arc<Live>]) -> Begun {
    Arc::new(notes.iter().map(|note| (note.chain.hash(), note.clone())).collect())
}

impl Memory {
    pub(crate) fn new(codes: Arc<CodeBook>, begun: Begun) -> Self {
        Self {
            codes,
            begun,
            states: HashMap::new(),
            heights: HashMap::new(),
            notices: HashMap::new(),
            standing: None,
        }
    }

    fn live(&self, hash: B256) -> Option<Arc<Live>> {
        self.states.get(&hash).or_else(|| self.begun.get(&hash)).cloned()
    }

    fn keep(&mut self, live: Live) {
        let (hash, about) = (live.header.hash(), &live.header.proposal);
        self.heights.entry(about.chain).or_default().insert((about.height, hash));
        self.states.insert(hash, Arc::new(live));
    }
}

impl Ledgers for Memory {
    fn has(&self, block: B256) -> bool {
        self.states.contains_key(&block) || self.begun.contains_key(&block)
    }

    fn execute(&mut self, proposal: &Proposal, body: &Body) -> Result<Outcome, ExecuteError> {
        let parent = proposal.parent;
        let before = self.live(parent).ok_or(ExecuteError::NoParent { parent })?;
        let Live { chain, header, state } = &*before;
        let block = Block { chain, parent: header, proposal, body };
        let executed = execute(block, state, &mut InMemory, &self.codes);
        let executed = executed.map_err(|error| match error {
            Refused::Block(_) => ExecuteError::Bad,
            Refused::State(_) => ExecuteError::Unable,
        })?;
        let outcome = executed.outcome.clone();
        let header = Header { proposal: proposal.clone(), outcome: executed.outcome };
        self.keep(Live { chain: chain.clone(), header, state: executed.state });
        Ok(outcome)
    }

    fn validate(
        &self,
        genesis: B256,
        proposal: &Proposal,
        body: &Body,
        witness: &[u8],
    ) -> Result<Outcome, ExecuteError> {
        let handout: Handout = alloy_rlp::decode_exact(witness).map_err(|_| ExecuteError::Bad)?;
        let chain = handout.chain().map_err(|_| ExecuteError::Bad)?;
        if chain.hash() != genesis {
            return Err(ExecuteError::Bad);
        }
        let outcome = handout.execute(&chain, proposal, body, &self.codes);
        outcome.map_err(|_| ExecuteError::Bad)
    }

    fn build(&mut self, draft: Proposal, left: &mut Vec<SignedTransaction>) -> Option<Built> {
        let before = self.live(draft.parent)?;
        let Live { chain, header: parent, state } = &*before;
        let time_ms = draft.time_ms.max(parent.proposal.time_ms);
        let draft = Draft { time_ms, ..Draft::from(&draft) };
        let transactions = std::mem::take(left);
        let candidates = Candidates { transactions, ..Candidates::default() };
        let made = build(chain, parent, &draft, candidates, state, &mut InMemory, &self.codes);
        let made = made.ok()?;
        *left = made.waiting.transactions;
        let built = made.block?;
        left.extend(built.body.transactions.iter().cloned());
        let witness = Handout::new(chain, parent, built.witness.clone());
        let header = built.header();
        let state = built.executed.state;
        self.keep(Live { chain: chain.clone(), header: header.clone(), state });
        Some(Built { header, body: built.body, witness: alloy_rlp::encode(witness).into() })
    }

    fn may_come(&self, block: B256, transaction: &SignedTransaction) -> bool {
        let Some(last) = self.live(block) else { return true };
        let Live { chain, header, state } = &*last;
        if may_come(chain, header, transaction, state, &mut InMemory).is_err() {
            return false;
        }
        let (draft, transactions) = (Draft::from(&header.proposal), vec![transaction.clone()]);
        let candidates = Candidates { transactions, ..Candidates::default() };
        let tried = build(chain, header, &draft, candidates, state, &mut InMemory, &self.codes);
        tried.is_ok_and(|tried| tried.dropped.is_empty())
    }

    fn finalized(&mut self, chain: B256, block: B256) {
        let Some(newest) = self.states.get(&block) else { return };
        let Some(heights) = self.heights.get_mut(&chain) else { return };
        let above = heights.split_off(&(newest.header.proposal.height, B256::ZERO));
        for (_, hash) in std::mem::replace(heights, above) {
            self.states.remove(&hash);
        }
    }

    fn export(&self, block: B256) -> Option<(Header, Bytes)> {
        let live = self.live(block)?;
        Some((live.header.clone(), live.state.encode().ok()?.into()))
    }

    fn import(&mut self, genesis: B256, header: &Header, state: &[u8]) -> bool {
        let (Some(begun), Ok(state)) = (self.begun.get(&genesis), State::decode(state)) else {
            return false;
        };
        if state.root() != header.outcome.state_root {
            return false;
        }
        let chain = begun.chain.clone();
        self.keep(Live { chain, header: header.clone(), state });
        true
    }

    fn keep_notice(&mut self, proven: Arc<ProvenNotice>) {
        self.notices.insert(proven.notice.chain, proven);
    }

    fn keep_standing(&mut self, standing: Option<Arc<ProvenStanding>>) {
        if let Some(standing) = &standing {
            self.notices.retain(|_, proven| proven.entry() > standing.entry());
        }
        self.standing = standing;
    }

    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        let since = self.notices.get(&chain).cloned();
        since.or_else(|| self.standing.as_ref()?.notice(chain).map(Arc::new))
    }
}
