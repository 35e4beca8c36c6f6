//! The virtual machine, as a chain runs it.

use alloy::primitives::{Address, B256, Bytes, Log, TxKind, U256};
use revm::bytecode::opcode::{CREATE, CREATE2};
use revm::context::result::{EVMError, ExecutionResult, InvalidTransaction};
use revm::context::{BlockEnv, ContextTr as _, Evm, FrameStack, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthPrecompiles, Handler as _, MainnetContext, MainnetHandler};
use revm::interpreter::Instruction;
use revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN;
use revm::primitives::hardfork::SpecId;
use revm::{Context, ExecuteEvm as _, MainnetEvm};

use super::overlay::Overlay;
use super::{CHAIN_CONTRACT, SYSTEM};
use crate::block::{Proposal, Transaction};
use crate::error::{BadTransaction, StateError, TransactionError};
use crate::limits::{BLOCK_GAS_MAX, SYSTEM_GAS_MAX};
use crate::trie::Nodes;

/// The version of Ethereum's virtual machine that chains run.
pub(crate) const SPEC: SpecId = SpecId::CANCUN;

/// The virtual machine over a state.
pub(super) type Virtual<'a, N> = MainnetEvm<MainnetContext<Overlay<'a, N>>>;

/// Ethereum's, but that no code creates contracts, unless `creates`: Ethereum's own tests do.
pub(super) fn assemble<'a, N: Nodes>(
    ctx: MainnetContext<Overlay<'a, N>>,
    creates: bool,
) -> Virtual<'a, N> {
    let mut instruction = EthInstructions::new_mainnet_with_spec(SPEC);
    for opcode in [CREATE, CREATE2].into_iter().filter(|_| !creates) {
        instruction.insert_instruction(opcode, Instruction::unknown(), 0);
    }
    // As `build_mainnet` does, but for the frames: it makes eight, which few calls need.
    let (precompiles, frame_stack) = (EthPrecompiles::new(SPEC), FrameStack::new());
    Evm { ctx, inspector: (), instruction, precompiles, frame_stack }
}

/// Runs calls, and keeps or drops what they did.
pub(super) struct Machine<'a, N: Nodes> {
    evm: Virtual<'a, N>,
    main_chain_id: u64,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// Whether it did what it was to do.
    pub success: bool,
    /// What it used.
    pub gas_used: u64,
    /// What the contract told.
    pub logs: Vec<Log>,
    /// What it returned, or said as it refused.
    pub output: Bytes,
}

impl<'a, N: Nodes> Machine<'a, N> {
    pub(super) fn new(main_chain_id: u64, proposal: &Proposal, overlay: Overlay<'a, N>) -> Self {
        let mut context: MainnetContext<_> = Context::new(overlay, SPEC);
        context.cfg.chain_id = main_chain_id;
        context.block = BlockEnv {
            number: U256::from(proposal.height),
            beneficiary: Address::ZERO,
            timestamp: U256::from(proposal.time_ms / 1000),
            gas_limit: BLOCK_GAS_MAX,
            basefee: 0,
            difficulty: U256::ZERO,
            prevrandao: Some(B256::ZERO),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(
                0,
                BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN,
            )),
            slot_num: 0,
        };
        Self { evm: assemble(context, false), main_chain_id }
    }

    pub(super) fn overlay(&mut self) -> &mut Overlay<'a, N> {
        self.evm.ctx.db_mut()
    }

    pub(super) fn into_overlay(self) -> Overlay<'a, N> {
        self.evm.ctx.journaled_state.database
    }

    /// Runs a transaction. What it did stands when it is kept.
    pub(super) fn transact(
        &mut self,
        sender: Address,
        transaction: &Transaction,
    ) -> Result<Called, TransactionError<N::Error>> {
        let call = TxEnv {
            caller: sender,
            nonce: transaction.nonce,
            gas_limit: transaction.gas_limit,
            kind: TxKind::Call(CHAIN_CONTRACT),
            data: transaction.data.clone(),
            chain_id: Some(self.main_chain_id),
            ..TxEnv::default()
        };
        self.evm.transact_one(call).map(Called::from).map_err(|error| match error {
            EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit {
                initial_gas,
                gas_limit,
            }) => TransactionError::Bad(BadTransaction::IntrinsicGas {
                min: initial_gas,
                found: gas_limit,
            }),
            EVMError::Transaction(error) => {
                TransactionError::Bad(BadTransaction::Refused(error.to_string()))
            }
            error => TransactionError::State(failure(error)),
        })
    }

    /// Runs a call by the chain itself, upon what was not kept yet.
    pub(super) fn system(&mut self, data: Bytes) -> Result<Called, StateError<N::Error>> {
        self.call(SYSTEM, data)
    }

    /// Runs a call that is no transaction: it costs nothing, and its caller has no account.
    pub(super) fn call(
        &mut self,
        caller: Address,
        data: Bytes,
    ) -> Result<Called, StateError<N::Error>> {
        self.evm.ctx.tx = TxEnv {
            caller,
            gas_limit: SYSTEM_GAS_MAX,
            kind: TxKind::Call(CHAIN_CONTRACT),
            data,
            chain_id: Some(self.main_chain_id),
            ..TxEnv::default()
        };
        let called = MainnetHandler::default().run_system_call(&mut self.evm);
        called.map(Called::from).map_err(failure)
    }

    /// What was run since stands.
    pub(super) fn keep(&mut self) -> Result<(), StateError<N::Error>> {
        let calls = self.evm.finalize();
        self.overlay().keep(calls)
    }

    /// What was run since never was.
    pub(super) fn forget(&mut self) {
        self.evm.finalize();
    }
}

fn failure<E: std::fmt::Display>(
    error: EVMError<StateError<E>, InvalidTransaction>,
) -> StateError<E> {
    match error {
        EVMError::Database(error) => error,
        error => StateError::Machine(error.to_string()),
    }
}

impl From<ExecutionResult> for Called {
    fn from(result: ExecutionResult) -> Self {
        let (success, gas_used) = (result.is_success(), result.tx_gas_used());
        let (logs, output) = match result {
            ExecutionResult::Success { logs, output, .. } => (logs, output.into_data()),
            ExecutionResult::Revert { output, .. } => (Vec::new(), output),
            ExecutionResult::Halt { .. } => (Vec::new(), Bytes::new()),
        };
        Self { success, gas_used, logs, output }
    }
}
