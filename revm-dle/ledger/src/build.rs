//! Making a block out of what waits: a creator's work.
//!
//! What is bad is left out and told. Each sender's transactions go in by their nonces, so one that came too early waits
//! for those before it. What does not fit waits for another block.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use alloy_rlp::Encodable as _;

use crate::block::{Body, Collection, Header, Proposal, SignedTransaction};
use crate::error::{BadBlock, BadTransaction, ExecuteError, TransactionError};
use crate::execute::{Block, CodeBook, Executed, Run, check_state, finish};
use crate::genesis::Chain;
use crate::limits::{BODY_BYTES_MAX, COLLECTED_MAX, SETTLED_MAX, TRANSACTIONS_MAX};
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

impl From<&Proposal> for Draft {
    fn from(proposal: &Proposal) -> Self {
        let Proposal { view, epoch, time_ms, paid_through_s, gas_price, members_hash, .. } =
            *proposal;
        Self { view, epoch, time_ms, paid_through_s, gas_price, members_hash }
    }
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
    let (settled, collected) = (candidates.settled.clone(), candidates.collected.clone());
    let body = Body { settled, collected, ..Body::default() };
    Block { chain, parent, proposal: &proposal, body: &body }.check_draft()?;
    let mut builder = Builder::new(chain, candidates);
    loop {
        let mut recorder = Recorder::new(&mut *nodes);
        let mut run = Run::of_block(chain, &proposal, state, &mut recorder, codes)?;
        builder.fill(&mut run)?;
        let (changes, receipts, fees) = run.finish();
        let executed = finish(state, &changes, receipts, fees, &mut recorder)?;
        let witness = recorder.into_witness();
        let count = builder.body.transactions.len();
        if builder.in_vain {
            // The witness would have it.
            builder.again(count);
        } else if witness.too_long() && count > 0 {
            builder.again(count / 2);
        } else {
            return Ok(builder.finish(proposal, executed, witness));
        }
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

#[derive(Default)]
struct Builder {
    /// What still waits to be looked at.
    queue: Vec<(Address, SignedTransaction)>,
    settled: Vec<u64>,
    collected: Vec<Collection>,
    body: Body,
    /// Who sent the transactions in it.
    senders: Vec<Address>,
    bytes: usize,
    /// By sender and nonce: what came before its predecessor.
    early: BTreeMap<(Address, u64), SignedTransaction>,
    dropped: Vec<Dropped>,
    /// Something was met that the block does not need.
    in_vain: bool,
    waiting: Candidates,
}

impl Builder {
    fn new(chain: &Chain, candidates: Candidates) -> Self {
        let Candidates { transactions, settled, collected } = candidates;
        let mut builder = Self { settled, collected, ..Self::default() };
        for signed in transactions {
            match chain.sender(&signed) {
                Ok(sender) => builder.queue.push((sender, signed)),
                Err(reason) => builder.dropped.push(Dropped::Transaction(signed, reason)),
            }
        }
        builder
    }

    /// From the beginning, with what is in the body now, and no more than so many transactions.
    fn again(&mut self, most: usize) {
        let body = std::mem::take(&mut self.body);
        let senders = std::mem::take(&mut self.senders);
        self.queue = senders.into_iter().zip(body.transactions).collect();
        let rest = self.queue.split_off(most.min(self.queue.len()));
        self.waiting.transactions.extend(rest.into_iter().map(|(_, signed)| signed));
        (self.settled, self.collected) = (body.settled, body.collected);
        self.in_vain = false;
    }

    fn fill<N: Nodes>(&mut self, run: &mut Run<'_, N>) -> Result<(), ExecuteError<N::Error>> {
        let (settled, collected) =
            (std::mem::take(&mut self.settled), std::mem::take(&mut self.collected));
        self.settle(settled, run)?;
        self.collect(collected, run)?;
        self.bytes = self.body.length();
        for (sender, signed) in std::mem::take(&mut self.queue) {
            self.offer(sender, signed, run)?;
        }
        let early = std::mem::take(&mut self.early);
        // Their senders were looked up.
        self.in_vain |= !early.is_empty();
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
                    self.in_vain = true;
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
                    self.in_vain = true;
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
            if self.body.transactions.len() == TRANSACTIONS_MAX
                || self.bytes + bytes + HEADERS > BODY_BYTES_MAX
            {
                self.waiting.transactions.push(signed);
                return Ok(());
            }
            match run.transaction(sender, &signed.transaction) {
                Ok(()) => {
                    self.bytes += bytes;
                    self.body.transactions.push(signed);
                    self.senders.push(sender);
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
            reason => {
                // These are told before anything is met.
                let met_nothing = matches!(
                    reason,
                    BadTransaction::Expired { .. } | BadTransaction::Unpaid { .. }
                );
                self.in_vain |= !met_nothing;
                self.dropped.push(Dropped::Transaction(signed, reason));
            }
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
