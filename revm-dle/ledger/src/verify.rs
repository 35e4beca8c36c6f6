//! Checking a whole series offline: from its genesis, every block again.
//!
//! Who signed the blocks is another crate's matter: here it is told whether they are right.

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use serde::{Deserialize, Serialize};

use crate::block::{Body, Header, Outcome};
use crate::error::{BadBlock, BadGenesis, ExecuteError, StateError};
use crate::execute::{Block, CodeBook, execute, found_chain};
use crate::genesis::{Chain, Genesis};
use crate::state::State;
use crate::trie::InMemory;

/// A series, as it is handed to somebody who has nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct ExportedChain {
    /// How it begins.
    pub genesis: Genesis,
    /// Hash of the genesis block.
    pub genesis_hash: B256,
    /// The contract's code.
    pub code: Bytes,
    /// The blocks after the genesis.
    pub blocks: Vec<ExportedBlock>,
}

/// A block with its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, RlpEncodable, RlpDecodable)]
pub struct ExportedBlock {
    /// The block.
    pub header: Header,
    /// What it does.
    pub body: Body,
}

/// What was found wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("height {height}: {reason}")]
pub struct VerifyError {
    /// Of the block that is wrong.
    pub height: u64,
    /// What is wrong with it.
    pub reason: Wrong,
}

/// What can be wrong with a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// No chain begins like that.
    #[error(transparent)]
    Genesis(#[from] BadGenesis),
    /// The code is another.
    #[error("expected code with hash {expected}, found {found}")]
    Code {
        /// What the genesis names.
        expected: B256,
        /// That of the code.
        found: B256,
    },
    /// Its genesis block is another.
    #[error("expected genesis block {expected}, found {found}")]
    GenesisHash {
        /// What executing the genesis gives.
        expected: B256,
        /// What is claimed.
        found: B256,
    },
    /// No block can be like that.
    #[error(transparent)]
    Block(#[from] BadBlock),
    /// It claims another gas than it used.
    #[error("expected {expected} gas used, found {found}")]
    GasUsed {
        /// What it used.
        expected: u64,
        /// What it claims.
        found: u64,
    },
    /// It claims other fees than it brought.
    #[error("expected {expected} pico-dollars of fees, found {found}")]
    Fees {
        /// What it brought.
        expected: u64,
        /// What it claims.
        found: u64,
    },
    /// It claims other receipts.
    #[error("expected receipts root {expected}, found {found}")]
    Receipts {
        /// Those of what it did.
        expected: B256,
        /// What it claims.
        found: B256,
    },
    /// It claims another state.
    #[error("expected state root {expected}, found {found}")]
    State {
        /// That of the state after it.
        expected: B256,
        /// What it claims.
        found: B256,
    },
    /// It could not be executed.
    #[error("could not be executed: {0}")]
    Machine(String),
}

/// Checks blocks, one after the other.
#[derive(Debug, Clone)]
pub struct Verifier {
    chain: Chain,
    codes: CodeBook,
    last: Header,
    state: State,
}

impl Verifier {
    /// From a genesis and the code that it names.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn new(genesis: Genesis, code: Bytes) -> Result<Self, VerifyError> {
        let height = genesis.height;
        let wrong = |reason| VerifyError { height, reason };
        let (expected, found_hash) = (genesis.code_hash, keccak256(&code));
        if found_hash != expected {
            return Err(wrong(Wrong::Code { expected, found: found_hash }));
        }
        let codes = CodeBook::from_iter([code]);
        let (chain, state) = found_chain(genesis, &codes).map_err(|error| wrong(error.into()))?;
        let last = chain.header().clone();
        Ok(Self { chain, codes, last, state })
    }

    /// The series.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The last block that is right.
    #[must_use]
    pub const fn last(&self) -> &Header {
        &self.last
    }

    /// The state after it.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Checks the next block.
    ///
    /// # Errors
    /// [`VerifyError`]; the block is then as if it had not been shown.
    pub fn next(&mut self, block: &ExportedBlock) -> Result<(), VerifyError> {
        let height = self.last.proposal.height.saturating_add(1);
        let state = self.execute(block).map_err(|reason| VerifyError { height, reason })?;
        self.last = block.header.clone();
        self.state = state;
        Ok(())
    }

    /// Checks that a genesis begins the next series, on the last block. Whether it carries on what this one leaves is
    /// the contract's matter.
    ///
    /// # Errors
    /// [`VerifyError`].
    pub fn next_series(&self, genesis: &Genesis) -> Result<(), VerifyError> {
        let (last, height) = (&self.last.proposal, self.last.proposal.height.saturating_add(1));
        let wrong = |reason: BadBlock| Err(VerifyError { height, reason: reason.into() });
        let (expected, found) = (last.chain, genesis.chain);
        if found != expected {
            return wrong(BadBlock::Chain { expected, found });
        }
        let (expected, found) = (last.series.saturating_add(1), genesis.series);
        if found != expected {
            return wrong(BadBlock::Series { expected, found });
        }
        if genesis.height != height {
            return wrong(BadBlock::Height { expected: height, found: genesis.height });
        }
        let (expected, found) = (self.last.hash(), genesis.parent);
        if found != expected {
            return wrong(BadBlock::Parent { expected, found });
        }
        let (min, found) = (last.time_ms, genesis.time_ms);
        if found < min {
            return wrong(BadBlock::Time { min, found });
        }
        Ok(())
    }

    fn execute(&self, block: &ExportedBlock) -> Result<State, Wrong> {
        let ExportedBlock { header, body } = block;
        let proposal = &header.proposal;
        let block = Block { chain: &self.chain, parent: &self.last, proposal, body };
        let executed = execute(block, &self.state, &mut InMemory, &self.codes);
        let executed = executed.map_err(|error| match error {
            ExecuteError::Block(reason) => Wrong::Block(reason),
            ExecuteError::State(error) => Wrong::Machine(StateError::to_string(&error)),
        })?;
        compare(&executed.outcome, &header.outcome)?;
        Ok(executed.state)
    }
}

/// Where a claimed outcome differs from the right one.
fn compare(right: &Outcome, claimed: &Outcome) -> Result<(), Wrong> {
    if right.gas_used != claimed.gas_used {
        return Err(Wrong::GasUsed { expected: right.gas_used, found: claimed.gas_used });
    }
    if right.fees != claimed.fees {
        return Err(Wrong::Fees { expected: right.fees, found: claimed.fees });
    }
    let (expected, found) = (right.receipts_root, claimed.receipts_root);
    if found != expected {
        return Err(Wrong::Receipts { expected, found });
    }
    let (expected, found) = (right.state_root, claimed.state_root);
    if found != expected {
        return Err(Wrong::State { expected, found });
    }
    Ok(())
}

/// Checks a whole series. What it led to.
///
/// # Errors
/// [`VerifyError`], of the first block that is wrong.
pub fn verify(exported: &ExportedChain) -> Result<Verifier, VerifyError> {
    let mut verifier = Verifier::new(exported.genesis.clone(), exported.code.clone())?;
    let (expected, found) = (verifier.chain.hash(), exported.genesis_hash);
    if found != expected {
        let height = exported.genesis.height;
        return Err(VerifyError { height, reason: Wrong::GenesisHash { expected, found } });
    }
    for block in &exported.blocks {
        verifier.next(block)?;
    }
    Ok(verifier)
}
