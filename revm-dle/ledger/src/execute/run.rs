//! A block while it is executed.

use alloy::primitives::{Address, B256, Bytes, FixedBytes, keccak256};

use super::machine::{Called, Machine};
use super::overlay::Overlay;
use super::{CodeBook, calls};
use crate::block::{Collection, Proposal, Transaction};
use crate::error::{BadBlock, BadTransaction, ExecuteError, SystemCall, TransactionError};
use crate::genesis::Chain;
use crate::limits::BLOCK_GAS_MAX;
use crate::receipt::Receipt;
use crate::state::{Changes, State};
use crate::trie::Nodes;

/// A block while it is executed.
pub(crate) struct Run<'a, N: Nodes> {
    machine: Machine<'a, N>,
    proposal: &'a Proposal,
    /// Whether senders pay for gas.
    charges: bool,
    /// What is still allowed when the chain is not paid; None when it is.
    unpaid: Option<&'a [FixedBytes<4>]>,
    receipts: Vec<Receipt>,
    gas_used: u64,
    fees: u64,
}

impl<'a, N: Nodes> Run<'a, N> {
    pub(super) fn new(
        main_chain_id: u64,
        proposal: &'a Proposal,
        state: &'a State,
        nodes: &'a mut N,
        codes: &'a CodeBook,
    ) -> Self {
        let overlay = Overlay::new(state, nodes, codes);
        Self {
            machine: Machine::new(main_chain_id, proposal, overlay),
            proposal,
            charges: false,
            unpaid: None,
            receipts: Vec::new(),
            gas_used: 0,
            fees: 0,
        }
    }

    /// The beginning of a block.
    pub(crate) fn of_block(
        chain: &'a Chain,
        proposal: &'a Proposal,
        state: &'a State,
        nodes: &'a mut N,
        codes: &'a CodeBook,
    ) -> Result<Self, ExecuteError<N::Error>> {
        let genesis = chain.genesis();
        let mut run = Self::new(genesis.main_chain_id, proposal, state, nodes, codes);
        run.charges = chain.holds_money();
        if proposal.time_ms / 1000 > proposal.paid_through_s {
            run.unpaid = Some(&genesis.unpaid_selectors);
        }
        if chain.holds_money() && proposal.height == genesis.height.saturating_add(1) {
            run.system(SystemCall::Begin, calls::begin(chain.hash()))?;
        }
        Ok(run)
    }

    pub(crate) fn settle(&mut self, withdrawal: u64) -> Result<(), ExecuteError<N::Error>> {
        self.system(SystemCall::Settle(withdrawal), calls::settle(withdrawal))
    }

    pub(crate) fn collect(
        &mut self,
        collection: &Collection,
    ) -> Result<(), ExecuteError<N::Error>> {
        self.system(SystemCall::Collect(collection.period), calls::collect(collection))
    }

    /// A call that the chain itself makes, and that the contract must take.
    pub(super) fn system(
        &mut self,
        call: SystemCall,
        data: Bytes,
    ) -> Result<(), ExecuteError<N::Error>> {
        let called = self.machine.system(data)?;
        if !called.success {
            self.machine.forget();
            return Err(BadBlock::System { call, output: called.output }.into());
        }
        Ok(self.machine.keep()?)
    }

    /// A transaction, with its gas. When it is bad, nothing happened.
    pub(crate) fn transaction(
        &mut self,
        sender: Address,
        transaction: &Transaction,
    ) -> Result<(), TransactionError<N::Error>> {
        self.admit(transaction)?;
        self.check_nonce(sender, transaction)?;
        let kept = self.call_and_charge(sender, transaction);
        let (receipt, fees) = kept.inspect_err(|_| self.machine.forget())?;
        self.machine.keep()?;
        self.gas_used = self.gas_used.saturating_add(receipt.gas_used);
        self.fees = fees;
        self.receipts.push(receipt);
        Ok(())
    }

    /// What can be told of a transaction by its block.
    fn admit(&self, transaction: &Transaction) -> Result<(), BadTransaction> {
        let Proposal { time_ms, paid_through_s, .. } = *self.proposal;
        let (now_s, valid_until_s) = (time_ms / 1000, transaction.valid_until_s);
        if now_s > valid_until_s {
            return Err(BadTransaction::Expired { now_s, valid_until_s });
        }
        let (max, found) = (BLOCK_GAS_MAX.saturating_sub(self.gas_used), transaction.gas_limit);
        if found > max {
            return Err(BadTransaction::GasLimit { max, found });
        }
        if let Some(allowed) = self.unpaid {
            let selector = transaction.data.first_chunk().map(FixedBytes::<4>::from);
            if !selector.is_some_and(|selector| allowed.contains(&selector)) {
                let found = selector.unwrap_or_default();
                return Err(BadTransaction::Unpaid { paid_through_s, found });
            }
        }
        Ok(())
    }

    fn check_nonce(
        &mut self,
        sender: Address,
        transaction: &Transaction,
    ) -> Result<(), TransactionError<N::Error>> {
        let account = self.machine.overlay().account(sender)?;
        let (expected, found) = (account.unwrap_or_default().nonce, transaction.nonce);
        if found != expected {
            return Err(BadTransaction::Nonce { sender, expected, found }.into());
        }
        Ok(())
    }

    /// Runs the call and charges its gas. The receipt, and the block's fees with those that it brings.
    fn call_and_charge(
        &mut self,
        sender: Address,
        transaction: &Transaction,
    ) -> Result<(Receipt, u64), TransactionError<N::Error>> {
        let called = self.machine.transact(sender, transaction)?;
        let Called { success, gas_used, logs, output } = called;
        if self.charges {
            let price = self.proposal.gas_price;
            let cannot = |output| BadTransaction::Gas { sender, gas: gas_used, price, output };
            let Some(pico) = gas_used.checked_mul(price) else {
                return Err(cannot(Bytes::new()).into());
            };
            let charged = self.machine.system(calls::charge_gas(sender, pico))?;
            if !charged.success {
                return Err(cannot(charged.output).into());
            }
        } else if !success {
            return Err(BadTransaction::Failed { output }.into());
        }
        let Some(fees) = calls::fees(&logs).and_then(|fees| fees.checked_add(self.fees)) else {
            return Err(BadTransaction::Fees.into());
        };
        let output_hash: B256 = keccak256(output);
        Ok((Receipt { success, gas_used, logs, output_hash }, fees))
    }

    /// What the block did: changes, receipts, fees.
    pub(crate) fn finish(self) -> (Changes, Vec<Receipt>, u64) {
        (self.machine.into_overlay().changes(), self.receipts, self.fees)
    }
}
