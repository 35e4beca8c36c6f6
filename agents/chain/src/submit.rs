//! An agent submits its clients' signed routes, and pays for them.

use std::{collections::HashMap, sync::Arc};

use alloy::{
    primitives::{Address, B256, Bytes, TxHash, U256},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use conet_bindings::RouteTable::RouteRecord;
use conet_wire::request::SignedRoute;
use tokio::sync::Mutex;

use crate::{
    budget::{BudgetError, Charge, SubmitBudget, SubmitLimits},
    error::{ChainError, Refusal},
    gas_wallet::{GasWallet, SignedTransaction},
    limits::SUBMISSIONS_IN_FLIGHT_MAX,
    now_unix,
    reader::ChainReader,
};

/// Why a route was not set.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The contract refuses this route: its wallet has to sign another one.
    #[error("the chain refused: {0}")]
    Refused(Refusal),
    /// Signed with another nonce than the wallet's next one.
    #[error("expected a route signed with nonce {expected}, found nonce {found}")]
    Nonce {
        /// The wallet's next nonce.
        expected: U256,
        /// The nonce that was signed.
        found: U256,
    },
    /// Another route of this wallet is on its way.
    #[error("expected one route of a wallet at a time, found transaction {transaction} on its way")]
    Busy {
        /// The other one's transaction.
        transaction: TxHash,
    },
    /// This agent pays for no more now.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// Too many transactions wait to be mined.
    #[error("expected at most {max} transactions on their way, found as many", max = SUBMISSIONS_IN_FLIGHT_MAX)]
    TooManyInFlight,
    /// The chain is not to blame, nor the route: our connection, our gas wallet
    /// or our transaction. Submit the same route again later.
    #[error(transparent)]
    Chain(ChainError),
}

impl From<ChainError> for SubmitError {
    fn from(error: ChainError) -> Self {
        match error {
            ChainError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Chain(other),
        }
    }
}

/// A transaction whose receipt nobody has seen.
#[derive(Debug, Clone)]
struct InFlight {
    digest: B256,
    transaction: SignedTransaction,
    charge: Charge,
}

#[derive(Debug)]
struct State {
    budget: SubmitBudget,
    /// By wallet: two routes with one nonce would pay for a failure.
    in_flight: HashMap<Address, InFlight>,
}

/// Submits signed routes from an agent's own gas wallet. Cheap to clone; all
/// clones share the budget and the wallet's nonces. No two of one gas wallet,
/// please.
#[derive(Debug, Clone)]
pub struct RouteSubmitter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    reader: ChainReader,
    gas: GasWallet,
    /// Held while a transaction gets its nonce and is sent, so that nonces follow each other.
    state: Mutex<State>,
}

impl RouteSubmitter {
    /// Pays with `signer`, within `limits`.
    #[must_use]
    pub fn new(reader: ChainReader, signer: PrivateKeySigner, limits: SubmitLimits) -> Self {
        let gas = GasWallet::new(reader.provider().clone(), reader.network().chain_id, signer);
        let state =
            Mutex::new(State { budget: SubmitBudget::new(limits), in_flight: HashMap::new() });
        Self(Arc::new(Inner { reader, gas, state }))
    }

    /// The wallet that pays.
    #[must_use]
    pub fn gas_wallet(&self) -> Address {
        self.0.gas.address()
    }

    /// Wei spent, or set aside, in the last day.
    pub async fn spent_wei(&self) -> u128 {
        self.0.state.lock().await.budget.spent()
    }

    /// Sets the route and waits until the chain shows it. If it does already,
    /// that is all. Submitting the same route again after an error is safe: what
    /// may be on its way is looked for first.
    ///
    /// The record is the RPC's word; verify it like any other.
    ///
    /// # Errors
    /// [`SubmitError`] tells a refusal of the chain from a failure of ours.
    pub async fn submit(&self, route: &SignedRoute) -> Result<RouteRecord, SubmitError> {
        let wallet = route.update.wallet;
        let inner = &self.0;
        let digest = route.digest(&inner.reader.network());
        if let Some(record) = inner.already_set(route).await? {
            inner.state.lock().await.in_flight.remove(&wallet);
            return Ok(record);
        }
        let request = inner.request(route);
        let in_flight = match inner.resume(wallet, digest).await? {
            Some(in_flight) => in_flight,
            None => match inner.start(route, digest, request.clone()).await {
                Ok(in_flight) => in_flight,
                // Refused, perhaps because the same route was sent, or mined, since we looked.
                Err(error @ (SubmitError::Refused(_) | SubmitError::Nonce { .. })) => {
                    match inner.resume(wallet, digest).await? {
                        Some(in_flight) => in_flight,
                        None => return inner.already_set(route).await?.ok_or(error),
                    }
                }
                Err(error) => return Err(error),
            },
        };
        let receipt = inner.gas.wait(in_flight.transaction.hash).await?;
        inner.settle(wallet, &in_flight, &receipt).await;
        if !receipt.status() {
            return Err(inner.gas.why_reverted(request).await.into());
        }
        match inner.already_set(route).await? {
            Some(record) => Ok(record),
            // Mined, and another one of the wallet right after it; or taken back.
            None => Err(SubmitError::Chain(ChainError::Answer {
                expected: "the route that was set",
                found: "another one".into(),
            })),
        }
    }
}

impl Inner {
    fn request(&self, route: &SignedRoute) -> TransactionRequest {
        let signature = Bytes::copy_from_slice(&route.signature);
        let table = self.reader.route_table();
        table.setRoute(route.update.clone(), route.deadline, signature).into_transaction_request()
    }

    /// The record, if the chain shows exactly this update.
    async fn already_set(&self, route: &SignedRoute) -> Result<Option<RouteRecord>, ChainError> {
        let record = self.reader.route(route.update.wallet).await?;
        let is_it = |record: &RouteRecord| {
            record.update == route.update
                && record.nonce == route.nonce
                && record.deadline == route.deadline
        };
        Ok(record.filter(is_it))
    }

    /// A transaction with this route that was sent before, sent once more in
    /// case it never arrived.
    async fn resume(&self, wallet: Address, digest: B256) -> Result<Option<InFlight>, SubmitError> {
        let mut state = self.state.lock().await;
        let Some(in_flight) = state.in_flight.get(&wallet).cloned() else {
            return Ok(None);
        };
        let transaction = &in_flight.transaction;
        if let Some(receipt) = self.gas.receipt(transaction.hash).await? {
            if in_flight.digest == digest {
                return Ok(Some(in_flight));
            }
            state.settle(wallet, &in_flight, &receipt);
            return Ok(None);
        }
        if self.gas.is_replaced(transaction).await? {
            state.in_flight.remove(&wallet);
            state.budget.settle(in_flight.charge, 0);
            return Ok(None);
        }
        if in_flight.digest != digest {
            return Err(SubmitError::Busy { transaction: transaction.hash });
        }
        if let Err(error) = self.gas.send(transaction).await {
            tracing::debug!(%error, "sending a route again failed");
        }
        Ok(Some(in_flight))
    }

    /// Checks, charges and sends.
    async fn start(
        &self,
        route: &SignedRoute,
        digest: B256,
        request: TransactionRequest,
    ) -> Result<InFlight, SubmitError> {
        let wallet = route.update.wallet;
        // Before the chain is asked anything more, or a client could make us ask it all day.
        self.state.lock().await.budget.check(now_unix(), wallet, 0, 0)?;
        let expected = self.reader.nonce(wallet).await?;
        if expected != route.nonce {
            return Err(SubmitError::Nonce { expected, found: route.nonce });
        }
        let quote = self.gas.quote(request).await?;

        let mut state = self.state.lock().await;
        if let Some(other) = state.in_flight.get(&wallet) {
            // Somebody submitted a route of this wallet since we looked.
            let same = other.digest == digest;
            let transaction = other.transaction.hash;
            return if same { Ok(other.clone()) } else { Err(SubmitError::Busy { transaction }) };
        }
        if state.in_flight.len() >= SUBMISSIONS_IN_FLIGHT_MAX {
            self.forget_replaced(&mut state).await?;
        }
        let (cost_max, fee) = (quote.cost_max, quote.fee_per_gas);
        state.budget.check(now_unix(), wallet, cost_max, fee)?;
        let transaction = self.gas.sign(quote).await?;
        let charge = state.budget.charge(now_unix(), wallet, cost_max);
        let in_flight = InFlight { digest, transaction, charge };
        // Before it is sent: an error of sending does not say that it did not arrive.
        state.in_flight.insert(wallet, in_flight.clone());
        match self.gas.send(&in_flight.transaction).await {
            Ok(()) => Ok(in_flight),
            Err(error @ ChainError::Rpc { .. }) => {
                // The RPC looked at it and said no: nothing was sent or spent.
                state.in_flight.remove(&wallet);
                state.budget.settle(charge, 0);
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes room among the transactions on their way.
    async fn forget_replaced(&self, state: &mut State) -> Result<(), SubmitError> {
        let all: Vec<_> = state.in_flight.iter().map(|(w, f)| (*w, f.clone())).collect();
        for (wallet, in_flight) in all {
            if let Some(receipt) = self.gas.receipt(in_flight.transaction.hash).await? {
                state.settle(wallet, &in_flight, &receipt);
            } else if self.gas.is_replaced(&in_flight.transaction).await? {
                state.in_flight.remove(&wallet);
                state.budget.settle(in_flight.charge, 0);
            }
        }
        if state.in_flight.len() >= SUBMISSIONS_IN_FLIGHT_MAX {
            return Err(SubmitError::TooManyInFlight);
        }
        Ok(())
    }

    async fn settle(&self, wallet: Address, in_flight: &InFlight, receipt: &TransactionReceipt) {
        self.state.lock().await.settle(wallet, in_flight, receipt);
    }
}

impl State {
    fn settle(&mut self, wallet: Address, in_flight: &InFlight, receipt: &TransactionReceipt) {
        let cost = u128::from(receipt.gas_used).saturating_mul(receipt.effective_gas_price);
        self.budget.settle(in_flight.charge, cost);
        let is_it = |other: &InFlight| other.transaction.hash == in_flight.transaction.hash;
        if self.in_flight.get(&wallet).is_some_and(is_it) {
            self.in_flight.remove(&wallet);
        }
    }
}
