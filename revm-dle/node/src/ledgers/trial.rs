//! Transactions and calls that are tried, and what it means when they cannot be.

use std::{convert::Infallible, sync::PoisonError};

use alloy::primitives::{Address, B256, Bytes};
use conet_committee::ledger::ExecuteError;
use conet_ledger::{
    block::SignedTransaction,
    build::{Candidates, Draft, Dropped, build},
    error::{self, BadTransaction, StateError, TransactionError},
    execute::{Called, ask, may_come},
    genesis::Chain,
    trie::InMemory,
};

use super::{Chains, Live};

/// What became of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// It can be in the next block, or waits for its sender's others.
    MayCome(Address),
    /// It cannot be in any block now.
    Never(BadTransaction),
    /// This node cannot tell: no fault of the sender's.
    Unable,
}

impl Chains {
    /// Whether a transaction can come after a chain's newest final block, by trying it alone.
    #[must_use]
    pub fn attempt(&self, newest: &Live, signed: &SignedTransaction) -> Trial {
        let Live { chain, header, state, .. } = newest;
        let sender = match may_come(chain, header, signed, state, &mut InMemory) {
            Ok(sender) => sender,
            Err(TransactionError::Bad(reason)) => return Trial::Never(reason),
            Err(TransactionError::State(error)) => {
                self.unable(chain.genesis().chain, error);
                return Trial::Unable;
            }
        };
        let about = &header.proposal;
        let draft = Draft {
            view: about.view,
            epoch: about.epoch,
            time_ms: about.time_ms,
            paid_through_s: about.paid_through_s,
            gas_price: about.gas_price,
            members_hash: about.members_hash,
        };
        let candidates = Candidates { transactions: vec![signed.clone()], ..Candidates::default() };
        match build(chain, header, &draft, candidates, state, &mut InMemory, &self.codes) {
            Err(error) => {
                self.refusal(chain.genesis().chain, error);
                Trial::Unable
            }
            Ok(built) => match built.dropped.into_iter().next() {
                Some(Dropped::Transaction(_, reason)) => Trial::Never(reason),
                _ => Trial::MayCome(sender),
            },
        }
    }

    /// Asks a chain's contract, as if `caller` did so right after the newest final block.
    #[must_use]
    pub fn ask(&self, newest: &Live, caller: Address, data: Bytes) -> Option<Called> {
        let Live { chain, header, state, .. } = newest;
        ask(chain, header, caller, data, state, &mut InMemory, &self.codes).ok()
    }

    /// Before anything costly is done in vain.
    pub(super) fn expect_code(&self, chain: &Chain) -> Result<(), ExecuteError> {
        let genesis = chain.genesis();
        if self.codes.contains(genesis.code_hash) {
            return Ok(());
        }
        Err(self.unable(genesis.chain, StateError::UnknownCode(genesis.code_hash)))
    }

    /// Whose fault it is that a block was not executed.
    pub(super) fn refusal(
        &self,
        chain: B256,
        error: error::ExecuteError<Infallible>,
    ) -> ExecuteError {
        match error {
            error::ExecuteError::Block(reason) => {
                tracing::debug!(%chain, %reason, "a block cannot be executed");
                ExecuteError::Bad
            }
            error::ExecuteError::State(error) => self.unable(chain, error),
        }
    }

    /// Tells the operator, once for each chain.
    fn unable(&self, chain: B256, error: StateError<Infallible>) -> ExecuteError {
        let mut beyond = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        if beyond.insert(chain) {
            let hint = match error {
                StateError::UnknownCode(_) => "name its code in [dle] codes, and restart",
                _ => "look after this node's disk and memory",
            };
            tracing::error!(%chain, %error, hint, "this node is not able to execute a chain");
        }
        ExecuteError::Unable
    }
}
