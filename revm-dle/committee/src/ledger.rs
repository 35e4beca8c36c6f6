//! What the core asks of the ledgers that it is about: execution, and where states and notices are kept.

use std::sync::Arc;

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, Header, Outcome, Proposal, SignedTransaction};

use crate::{
    archive::{ProvenNotice, ProvenStanding},
    keys::NodeId,
};

/// Why a block could not be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExecuteError {
    /// The state that it stands on is not here.
    #[error("expected the state after block {parent}, found none")]
    NoParent {
        /// The block before.
        parent: B256,
    },
    /// This node cannot tell: its store failed, or it has not the code that the chain runs. It says nothing then, as who
    /// says that nobody can execute a block is held to it.
    #[error("expected to be able to execute a block, found that this node is not")]
    Unable,
    /// No execution gives a block: a transaction is bad, or the body is another.
    #[error("expected a proposal that can be executed, found a bad one")]
    Bad,
}

/// What is built, and what shows to who has no state that it is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The block.
    pub header: Header,
    /// What it does.
    pub body: Body,
    /// The part of the parent's state that it touches.
    pub witness: Bytes,
}

/// The ledgers of a node.
pub trait Ledgers {
    /// Whether the state after a block is here.
    fn has(&self, block: B256) -> bool;

    /// Executes on the parent's state, and keeps the state after it, by the hash of the header that results.
    ///
    /// # Errors
    /// [`ExecuteError`].
    fn execute(&mut self, proposal: &Proposal, body: &Body) -> Result<Outcome, ExecuteError>;

    /// Executes on a witness, and keeps nothing. `genesis` is the hash of the series' first block: what the witness says
    /// of the chain must be that chain's.
    ///
    /// # Errors
    /// [`ExecuteError::Bad`].
    fn validate(
        &self,
        genesis: B256,
        proposal: &Proposal,
        body: &Body,
        witness: &[u8],
    ) -> Result<Outcome, ExecuteError>;

    /// Makes a block of what can be executed of `transactions`; `None` when that is nothing. `draft` has everything but
    /// the hash of the body. Transactions that can never be executed are taken out of the list.
    fn build(
        &mut self,
        draft: Proposal,
        transactions: &mut Vec<SignedTransaction>,
    ) -> Option<Built>;

    /// Whether a transaction may still be executed after a block, now or later.
    fn may_come(&self, block: B256, transaction: &SignedTransaction) -> bool;

    /// A block is final: states of the chain that do not stand on it may go.
    fn finalized(&mut self, chain: B256, block: B256);

    /// A block and the state after it, for another node.
    fn export(&self, block: B256) -> Option<(Header, Bytes)>;

    /// Takes over a state that has the header's root. `genesis` is the hash of the series' first block: what comes with the
    /// state must say the same of the chain. False: it is another's.
    fn import(&mut self, genesis: B256, header: &Header, state: &[u8]) -> bool;

    /// Knows where a chain stands, in place of what was known of it before. The record that says so is written by whoever
    /// writes the journal: [`crate::Record::Proven`].
    fn keep_notice(&mut self, proven: Arc<ProvenNotice>);

    /// Knows where all chains stand since an entry, in place of what was known of them up to it; none: what was known is
    /// another log's. [`crate::Record::Checkpoint`] says so in the journal.
    fn keep_standing(&mut self, standing: Option<Arc<ProvenStanding>>);

    /// Where a chain stands, as it was kept last. A seat can tell of every chain in its group's log.
    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>>;

    /// Of that notice: the height of its entry, and who had a part in the chain. At an epoch's first entry that is asked of
    /// every chain: whoever can answer without making a proof does.
    fn told(&self, chain: B256) -> Option<(u64, Vec<NodeId>)> {
        self.notice(chain).map(|known| (known.entry(), known.notice.members()))
    }
}
