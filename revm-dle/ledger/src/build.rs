//! Making a block out of what waits: a creator's work.
//!
//! What is bad is left out and told. Each sender's transactions go in by their nonces, so one that came too early waits
//! for those before it. What does not fit waits for another block.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use alloy_rlp::Encodable as _;

use crate::block::{Body, Collection, Header, Proposal, SignedTransaction};
use crate::error::{BadBlock, BadTransaction, ExecuteError};
use crate::execute::{CodeBook, Executed, Run, TransactionError, check_state, finish};
use crate::genesis::Chain;
use crate::limits::{
    BODY_BYTES_MAX, COLLECTED_MAX, SETTLED_MAX, TRANSACTIONS_MAX, WITNESS_BYTES_MAX,
    WITNESS_NODES_MAX,
};
use crate::state::State;
use crate::trie::Nodes;
use crate::witness::{Recorder, Witness};

/// What is given of a block, before it is made. See [`Proposal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Draft {
    pub view: u64,
    pub epoch: u64,
    pub time_ms: u64,
    pub paid_through_s: u64,
    pub gas_price: u64,
    pub members_hash: B256,
}

/// What waits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// In the order in which they came.
    pub transactions: Vec<SignedTransaction>,
    /// Withdrawals that the main chain paid.
    pub settled: Vec<u64>,
    /// Fees that leave.
    pub collected: Vec<Collection>,
}

/// What became of what waited.
#[derive(Debug, Clone)]
pub struct Building {
    /// The block; None when nothing is left to do.
    pub block: Option<Built>,
    /// What can never be in a block on this parent at this time.
    pub dropped: Vec<Dropped>,
    /// What can be in another.
    pub waiting: Candidates,
}

/// A block, executed.
#[derive(Debug, Clone)]
pub struct Built {
    /// What it is to be.
    pub proposal: Proposal,
    /// What it does.
    pub body: Body,
    /// What that gave.
    pub executed: Executed,
    /// For those who do not have the state.
    pub witness: Witness,
}

impl Built {
    /// What members vote on.
    #[must_use]
    pub fn header(&self) -> Header {
        Header { proposal: self.proposal.clone(), outcome: self.executed.outcome.clone() }
    }
}

/// What was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// A transaction.
    Transaction(SignedTransaction, BadTransaction),
    /// A withdrawal that the contract does not know, or not any more.
    Settled(u64, BadBlock),
    /// Fees that cannot leave.
    Collected(Collection, BadBlock),
}

/// Makes a block on `parent`, which left `state`.
///
/// # Errors
/// [`ExecuteError`]: the state could not be read, or no block at all can follow.
pub fn build<N: Nodes>(
    chain: &Chain,
    parent: &Header,
    draft: &Draft,
    candidates: Candidates,
    state: &State,
    nodes: &mut N,
    codes: &CodeBook,
) -> Result<Building, ExecuteError<N::Error>> {
    check_state(parent, state)?;
    let proposal = draft.after(chain, parent);
    let mut most = TRANSACTIONS_MAX;
    loop {
        let mut builder = Builder::new(candidates.clone(), most);
        let mut recorder = Recorder::new(&mut *nodes);
        let mut run = Run::of_block(chain, &proposal, state, &mut recorder, codes)?;
        builder.fill(chain, &mut run)?;
        let (changes, receipts, fees) = run.finish();
        let executed = finish(state, &changes, receipts, fees, &mut recorder)?;
        let witness = recorder.into_witness();
        let fits =
            witness.nodes().len() <= WITNESS_NODES_MAX && witness.length() <= WITNESS_BYTES_MAX;
        if fits || builder.body.transactions.is_empty() {
            return Ok(builder.finish(proposal, executed, witness));
        }
        // A witness of half the transactions is about half as long.
        most = builder.body.transactions.len() / 2;
    }
}

impl Draft {
    /// The proposal of a block on `parent`, without its body.
    fn after(&self, chain: &Chain, parent: &Header) -> Proposal {
        let Self { view, epoch, time_ms, paid_through_s, gas_price, members_hash } = *self;
        let genesis = chain.genesis();
        Proposal {
            chain: genesis.chain,
            series: genesis.series,
            height: parent.proposal.height.saturating_add(1),
            view,
            epoch,
            parent: parent.hash(),
            time_ms,
            paid_through_s,
            gas_price,
            members_hash,
            body_hash: B256::ZERO,
        }
    }
}

struct Builder {
    /// What still waits to be looked at.
    candidates: Candidates,
    most: usize,
    body: Body,
    bytes: usize,
    /// By sender and nonce: what came before its predecessor.
    early: BTreeMap<(Address, u64), SignedTransaction>,
    dropped: Vec<Dropped>,
    waiting: Candidates,
}

impl Builder {
    fn new(candidates: Candidates, most: usize) -> Self {
        Self {
            candidates,
            most,
            body: Body::default(),
            bytes: 0,
            early: BTreeMap::new(),
            dropped: Vec::new(),
            waiting: Candidates::default(),
        }
    }

    fn fill<N: Nodes>(
        &mut self,
        chain: &Chain,
        run: &mut Run<'_, N>,
    ) -> Result<(), ExecuteError<N::Error>> {
        let Candidates { transactions, settled, collected } = std::mem::take(&mut self.candidates);
        self.settle(settled, run)?;
        self.collect(collected, run)?;
        self.bytes = self.body.length();
        for signed in transactions {
            match chain.sender(&signed) {
                Ok(sender) => self.offer(sender, signed, run)?,
                Err(reason) => self.dropped.push(Dropped::Transaction(signed, reason)),
            }
        }
        let early = std::mem::take(&mut self.early);
        self.waiting.transactions.extend(early.into_values());
        Ok(())
    }

    fn settle<N: Nodes>(
        &mut self,
        settled: Vec<u64>,
        run: &mut Run<'_, N>,
    ) -> Result<(), ExecuteError<N::Error>> {
        for withdrawal in settled {
            if self.body.settled.len() == SETTLED_MAX {
                self.waiting.settled.push(withdrawal);
                continue;
            }
            match run.settle(withdrawal) {
                Ok(()) => self.body.settled.push(withdrawal),
                Err(ExecuteError::Block(reason)) => {
                    self.dropped.push(Dropped::Settled(withdrawal, reason));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn collect<N: Nodes>(
        &mut self,
        collected: Vec<Collection>,
        run: &mut Run<'_, N>,
    ) -> Result<(), ExecuteError<N::Error>> {
        for collection in collected {
            if self.body.collected.len() == COLLECTED_MAX {
                self.waiting.collected.push(collection);
                continue;
            }
            match run.collect(&collection) {
                Ok(()) => self.body.collected.push(collection),
                Err(ExecuteError::Block(reason)) => {
                    self.dropped.push(Dropped::Collected(collection, reason));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Puts a transaction in, and those that waited for it.
    fn offer<N: Nodes>(
        &mut self,
        sender: Address,
        signed: SignedTransaction,
        run: &mut Run<'_, N>,
    ) -> Result<(), ExecuteError<N::Error>> {
        let mut next = Some(signed);
        while let Some(signed) = next.take() {
            let (nonce, bytes) = (signed.transaction.nonce, signed.length());
            // The outer headers of a body grow with it.
            const HEADERS: usize = 16;
            if self.body.transactions.len() >= self.most
                || self.bytes + bytes + HEADERS > BODY_BYTES_MAX
            {
                self.waiting.transactions.push(signed);
                return Ok(());
            }
            match run.transaction(sender, &signed.transaction) {
                Ok(()) => {
                    self.bytes += bytes;
                    self.body.transactions.push(signed);
                    next = self.early.remove(&(sender, nonce.saturating_add(1)));
                }
                Err(TransactionError::State(error)) => return Err(error.into()),
                Err(TransactionError::Bad(reason)) => self.left_out(sender, signed, reason),
            }
        }
        Ok(())
    }

    fn left_out(&mut self, sender: Address, signed: SignedTransaction, reason: BadTransaction) {
        match reason {
            BadTransaction::Nonce { expected, found, .. } if found > expected => {
                if let Some(other) = self.early.insert((sender, found), signed) {
                    self.waiting.transactions.push(other);
                }
            }
            // Its own limit is right, or it would not have a sender: the block has no gas left for it.
            BadTransaction::GasLimit { .. } => self.waiting.transactions.push(signed),
            reason => self.dropped.push(Dropped::Transaction(signed, reason)),
        }
    }

    fn finish(self, mut proposal: Proposal, executed: Executed, witness: Witness) -> Building {
        let Self { body, dropped, waiting, .. } = self;
        proposal.body_hash = body.hash();
        let block =
            (body != Body::default()).then_some(Built { proposal, body, executed, witness });
        Building { block, dropped, waiting }
    }
}
