//! What a validator is handed with a proposal and its body: enough to execute it, and nothing of what it should find.
//!
//! The parent is bound to the proposal by its hash, and the witness to the parent by its state root. What binds the
//! genesis is for the validator to know: the chain that [`Handout::chain`] gives must have the genesis block that the
//! main chain, or the archive group that drew it, names.

use std::convert::Infallible;

use alloy::primitives::B256;
use alloy_rlp::{RlpDecodable, RlpEncodable};

use crate::block::{Body, Header, Outcome, Proposal};
use crate::error::{BadGenesis, ExecuteError};
use crate::execute::{Block, CodeBook, execute_stateless};
use crate::genesis::{Chain, Genesis};
use crate::witness::Witness;

/// What a validator is handed with a proposal and its body.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Handout {
    /// How the series began.
    pub genesis: Genesis,
    /// The state root of its genesis block.
    pub genesis_root: B256,
    /// The block before.
    pub parent: Header,
    /// What the block meets of the state that the parent left.
    pub witness: Witness,
}

impl Handout {
    /// For a block on this parent.
    #[must_use]
    pub fn new(chain: &Chain, parent: &Header, witness: Witness) -> Self {
        let genesis_root = chain.header().outcome.state_root;
        Self { genesis: chain.genesis().clone(), genesis_root, parent: parent.clone(), witness }
    }

    /// The chain that it is about, to compare [`Chain::hash`].
    ///
    /// # Errors
    /// [`BadGenesis`].
    pub fn chain(&self) -> Result<Chain, BadGenesis> {
        Chain::new(self.genesis.clone(), self.genesis_root)
    }

    /// Executes the block. `chain` is what [`Handout::chain`] gave.
    ///
    /// # Errors
    /// [`ExecuteError`].
    pub fn execute(
        &self,
        chain: &Chain,
        proposal: &Proposal,
        body: &Body,
        codes: &CodeBook,
    ) -> Result<Outcome, ExecuteError<Infallible>> {
        let block = Block { chain, parent: &self.parent, proposal, body };
        execute_stateless(block, &self.witness, codes)
    }
}
