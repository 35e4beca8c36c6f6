//! What a block does.
//!
//! ```text
//! begin(genesis hash)      the first block of a series
//! settle(withdrawal) ...   what the main chain paid
//! collect(period) ...      fees that leave
//! transaction, chargeGas   for each transaction: its call, then its gas in one with it
//! ```
//!
//! The first three and `chargeGas` are the chain's own calls, on chains that hold money: [`SYSTEM`] makes them, they
//! cost no gas, and the contract must take them.
//!
//! The virtual machine is Ethereum's at *Cancun*, less CREATE and CREATE2, which halt as opcodes do that are not there:
//! the one contract of a chain is in its genesis. A contract finds: NUMBER the height, TIMESTAMP the block's time in
//! seconds, CHAINID the main chain's id, GASLIMIT [`BLOCK_GAS_MAX`](crate::limits::BLOCK_GAS_MAX); COINBASE, PREVRANDAO, BASEFEE, GASPRICE and every
//! BLOCKHASH zero, BLOBBASEFEE 1. Nobody has native coins.

mod calls;
#[cfg(test)]
mod ethereum_tests;
mod machine;
mod overlay;
mod run;

use std::collections::HashMap;

use alloy::primitives::{Address, B256, Bytes, keccak256};
use revm::state::Bytecode;

pub use calls::{CHAIN_CONTRACT, SYSTEM};
pub use machine::Called;
use machine::Machine;
use overlay::Overlay;
pub(crate) use run::Run;

use crate::block::{Body, Header, Outcome, Proposal, SignedTransaction};
use crate::error::{
    BadBlock, BadGenesis, BadTransaction, ExecuteError, StateError, SystemCall, TransactionError,
};
use crate::genesis::{Chain, Genesis};
use crate::limits::{BODY_BYTES_MAX, COLLECTED_MAX, SETTLED_MAX, TRANSACTIONS_MAX};
use crate::receipt::Receipt;
use crate::state::{Account, Change, Changes, State};
use crate::trie::{InMemory, Nodes};
use crate::witness::Witness;

/// The code that chains may have: a list that all nodes agree on.
#[derive(Debug, Clone, Default)]
pub struct CodeBook {
    codes: HashMap<B256, Bytecode>,
}

impl CodeBook {
    /// Adds a contract's code as it is deployed. Its hash.
    pub fn insert(&mut self, code: Bytes) -> B256 {
        let hash = keccak256(&code);
        self.codes.insert(hash, Bytecode::new_legacy(code));
        hash
    }

    /// Whether there is code with this hash.
    #[must_use]
    pub fn contains(&self, hash: B256) -> bool {
        self.codes.contains_key(&hash)
    }

    pub(crate) fn get(&self, hash: B256) -> Option<&Bytecode> {
        self.codes.get(&hash)
    }
}

impl<C: Into<Bytes>> FromIterator<C> for CodeBook {
    fn from_iter<I: IntoIterator<Item = C>>(codes: I) -> Self {
        let mut book = Self::default();
        for code in codes {
            book.insert(code.into());
        }
        book
    }
}

/// A block that is to be executed.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Its chain.
    pub chain: &'a Chain,
    /// The block before.
    pub parent: &'a Header,
    /// What it is to be.
    pub proposal: &'a Proposal,
    /// What it does.
    pub body: &'a Body,
}

/// What executing a block gave.
#[derive(Debug, Clone)]
pub struct Executed {
    /// For the header.
    pub outcome: Outcome,
    /// One for each transaction.
    pub receipts: Vec<Receipt>,
    /// The state after the block.
    pub state: State,
}

/// Executes a genesis.
///
/// # Errors
/// [`BadGenesis`].
pub fn found_chain(genesis: Genesis, codes: &CodeBook) -> Result<(Chain, State), BadGenesis> {
    genesis.check()?;
    if !codes.contains(genesis.code_hash) {
        return Err(BadGenesis::UnknownCode(genesis.code_hash));
    }
    // A contract's nonce is 1 from the beginning (EIP-161).
    let account = Account { nonce: 1, code_hash: genesis.code_hash, ..Account::default() };
    let change = Change { account: Some(account), ..Change::default() };
    let mut state = State::default();
    let proposal = genesis.proposal();
    let machine = |error: StateError<_>| BadGenesis::Machine(error.to_string());
    state.apply(&Changes::from([(CHAIN_CONTRACT, change)]), &mut InMemory).map_err(machine)?;

    let mut nodes = InMemory;
    let mut run = Run::new(genesis.main_chain_id, &proposal, &state, &mut nodes, codes);
    match run.system(SystemCall::Initialize, calls::initialize(&genesis.definitions)) {
        Err(ExecuteError::Block(BadBlock::System { output, .. })) => {
            return Err(BadGenesis::Initialize { output });
        }
        Err(ExecuteError::State(error)) => return Err(machine(error)),
        Err(error) => return Err(BadGenesis::Machine(error.to_string())),
        Ok(()) => {}
    }
    let (changes, ..) = run.finish();
    state.apply(&changes, &mut nodes).map_err(machine)?;
    let chain = Chain::new(genesis, state.root())?;
    Ok((chain, state))
}

/// Executes a block on the state that its parent left. To get a witness, too, give a
/// [`Recorder`](crate::witness::Recorder) as `nodes`.
///
/// # Errors
/// [`ExecuteError`].
pub fn execute<N: Nodes>(
    block: Block<'_>,
    state: &State,
    nodes: &mut N,
    codes: &CodeBook,
) -> Result<Executed, ExecuteError<N::Error>> {
    block.check()?;
    let senders = block.senders()?;
    check_state(block.parent, state)?;
    let Block { chain, proposal, body, .. } = block;
    let mut run = Run::of_block(chain, proposal, state, nodes, codes)?;
    for withdrawal in &body.settled {
        run.settle(*withdrawal)?;
    }
    for collection in &body.collected {
        run.collect(collection)?;
    }
    for (index, (sender, signed)) in senders.into_iter().zip(&body.transactions).enumerate() {
        run.transaction(sender, &signed.transaction).map_err(|error| error.at(index))?;
    }
    let (changes, receipts, fees) = run.finish();
    finish(state, &changes, receipts, fees, nodes)
}

/// Whether this is the state that a block left. Hashes it, too, so that what changes later is told from what was there.
pub(crate) fn check_state<E>(block: &Header, state: &State) -> Result<(), StateError<E>> {
    let (expected, found) = (block.outcome.state_root, state.root());
    if found == expected { Ok(()) } else { Err(StateError::Root { expected, found }) }
}

pub(crate) fn finish<N: Nodes>(
    state: &State,
    changes: &Changes,
    receipts: Vec<Receipt>,
    fees: u64,
    nodes: &mut N,
) -> Result<Executed, ExecuteError<N::Error>> {
    let mut state = state.clone();
    state.apply(changes, nodes)?;
    let outcome = Outcome {
        gas_used: receipts.iter().map(|receipt| receipt.gas_used).sum(),
        fees,
        receipts_root: crate::receipt::receipts_root(&receipts),
        state_root: state.root(),
    };
    Ok(Executed { outcome, receipts, state })
}

/// Asks the contract something, as if `caller` did so right after this block. Nothing stays of it. Its gas is that of the
/// call alone: a transaction pays for its bytes, too.
///
/// # Errors
/// [`StateError`].
pub fn ask<N: Nodes>(
    chain: &Chain,
    last: &Header,
    caller: Address,
    data: Bytes,
    state: &State,
    nodes: &mut N,
    codes: &CodeBook,
) -> Result<Called, StateError<N::Error>> {
    let overlay = Overlay::new(state, nodes, codes);
    Machine::new(chain.genesis().main_chain_id, &last.proposal, overlay).call(caller, data)
}

/// Executes a block without its chain's state: a validator's work.
///
/// # Errors
/// [`ExecuteError`]; [`StateError::Missing`] when the witness does not have what the block meets.
pub fn execute_stateless(
    block: Block<'_>,
    witness: &Witness,
    codes: &CodeBook,
) -> Result<Outcome, ExecuteError<std::convert::Infallible>> {
    let state = State::at(block.parent.outcome.state_root);
    let executed = execute(block, &state, &mut witness.index(), codes)?;
    Ok(executed.outcome)
}

/// Whether a transaction may come in a block after this one, the next or a later one, and who sends it. Its nonce may
/// be above the sender's next, and whether the sender can pay for its gas shows when it runs.
///
/// # Errors
/// [`TransactionError`].
pub fn may_come<N: Nodes>(
    chain: &Chain,
    last: &Header,
    signed: &SignedTransaction,
    state: &State,
    nodes: &mut N,
) -> Result<Address, TransactionError<N::Error>> {
    let sender = chain.sender(signed)?;
    let (now_s, valid_until_s) = (last.proposal.time_ms / 1000, signed.transaction.valid_until_s);
    if now_s > valid_until_s {
        return Err(BadTransaction::Expired { now_s, valid_until_s }.into());
    }
    let account = state.account(sender, nodes)?;
    let (expected, found) = (account.unwrap_or_default().nonce, signed.transaction.nonce);
    if found < expected {
        return Err(BadTransaction::Nonce { sender, expected, found }.into());
    }
    Ok(sender)
}

impl Block<'_> {
    /// What can be told without executing it.
    ///
    /// # Errors
    /// [`BadBlock`].
    pub fn check(&self) -> Result<(), BadBlock> {
        self.check_draft()?;
        let Self { proposal, body, .. } = self;
        let (expected, found) = (proposal.body_hash, body.hash());
        if found != expected {
            return Err(BadBlock::Body { expected, found });
        }
        if **body == Body::default() {
            return Err(BadBlock::Empty);
        }
        for (of, max, found) in [
            ("transactions", TRANSACTIONS_MAX, body.transactions.len()),
            ("settled withdrawals", SETTLED_MAX, body.settled.len()),
            ("collected periods", COLLECTED_MAX, body.collected.len()),
            ("bytes of a body", BODY_BYTES_MAX, alloy_rlp::Encodable::length(*body)),
        ] {
            if found > max {
                return Err(BadBlock::TooMany { of, max, found });
            }
        }
        Ok(())
    }

    /// What can be told while the body is not complete.
    pub(crate) fn check_draft(&self) -> Result<(), BadBlock> {
        self.check_link()?;
        let Self { chain, proposal, body, .. } = self;
        let moves_money =
            proposal.gas_price != 0 || !body.settled.is_empty() || !body.collected.is_empty();
        if moves_money && !chain.holds_money() { Err(BadBlock::Money) } else { Ok(()) }
    }

    /// Whether it follows the block before.
    fn check_link(&self) -> Result<(), BadBlock> {
        let (genesis, parent, proposal) =
            (self.chain.genesis(), &self.parent.proposal, self.proposal);
        let (expected, found) = (genesis.chain, proposal.chain);
        if found != expected {
            return Err(BadBlock::Chain { expected, found });
        }
        let (expected, found) = (genesis.series, proposal.series);
        if found != expected {
            return Err(BadBlock::Series { expected, found });
        }
        let (expected, found) = (parent.height.saturating_add(1), proposal.height);
        if found != expected {
            return Err(BadBlock::Height { expected, found });
        }
        let (expected, found) = (self.parent.hash(), proposal.parent);
        if found != expected {
            return Err(BadBlock::Parent { expected, found });
        }
        let (min, found) = (parent.time_ms, proposal.time_ms);
        if found < min {
            return Err(BadBlock::Time { min, found });
        }
        let (min, found) = (parent.epoch, proposal.epoch);
        if found < min {
            return Err(BadBlock::Epoch { min, found });
        }
        Ok(())
    }

    /// Who sent what is in it.
    ///
    /// # Errors
    /// [`BadBlock::Transaction`].
    pub fn senders(&self) -> Result<Vec<Address>, BadBlock> {
        let transactions = self.body.transactions.iter().enumerate();
        let senders = transactions.map(|(index, signed)| {
            let sender = self.chain.sender(signed);
            sender.map_err(|reason| BadBlock::Transaction { index, reason })
        });
        senders.collect()
    }
}
