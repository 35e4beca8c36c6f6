//! A wallet that pays for transactions: estimate, sign, send, wait.

use alloy::{
    eips::{BlockId, Encodable2718},
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, Bytes, TxHash},
    providers::{Provider, RootProvider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use tokio::time::{Instant, sleep};

use crate::{
    error::{ChainError, Refusal},
    limits::{RECEIPT_POLL_FIRST, RECEIPT_POLL_MAX, RECEIPT_WAIT_MAX},
};

/// What a transaction will be, all but its nonce.
#[derive(Debug, Clone)]
pub(crate) struct Quote {
    request: TransactionRequest,
    /// The most it costs, in wei.
    pub(crate) cost_max: u128,
    /// The most a unit of gas costs, in wei.
    pub(crate) fee_per_gas: u128,
}

/// A signed transaction.
#[derive(Debug, Clone)]
pub(crate) struct SignedTransaction {
    pub(crate) hash: TxHash,
    pub(crate) nonce: u64,
    raw: Bytes,
}

/// Signs and pays. Callers see to it that one transaction at a time gets its
/// nonce and is sent.
#[derive(Debug, Clone)]
pub(crate) struct GasWallet {
    provider: RootProvider,
    chain_id: u64,
    address: Address,
    wallet: EthereumWallet,
}

impl GasWallet {
    pub(crate) fn new(provider: RootProvider, chain_id: u64, signer: PrivateKeySigner) -> Self {
        let address = signer.address();
        Self { provider, chain_id, address, wallet: EthereumWallet::from(signer) }
    }

    pub(crate) fn provider(&self) -> &RootProvider {
        &self.provider
    }

    pub(crate) fn address(&self) -> Address {
        self.address
    }

    /// What the transaction will cost; refused already here if the contract would refuse it.
    pub(crate) async fn quote(&self, request: TransactionRequest) -> Result<Quote, ChainError> {
        let request = request.with_from(self.address).with_chain_id(self.chain_id);
        // In the next block, not in the newest: what waits for a time to come may have come since.
        let estimate = self.provider.estimate_gas(request.clone());
        let estimate = estimate.block(BlockId::pending()).await?;
        // State may change until it is mined, and so the gas it needs.
        let gas = estimate.saturating_add(estimate / 4);
        let (fee_per_gas, tip) = self.fees().await?;
        let cost_max = u128::from(gas).saturating_mul(fee_per_gas);
        let balance = self.provider.get_balance(self.address).await?.saturating_to::<u128>();
        if balance < cost_max {
            let (wallet, needed, found) = (self.address, cost_max, balance);
            return Err(ChainError::GasWalletEmpty { wallet, needed, found });
        }
        let request = request
            .with_gas_limit(gas)
            .with_max_fee_per_gas(fee_per_gas)
            .with_max_priority_fee_per_gas(tip);
        Ok(Quote { request, cost_max, fee_per_gas })
    }

    /// The most to pay for a unit of gas, and the tip within it: room for the
    /// base fee to double. Not alloy's estimate, whose arithmetic trusts the RPC.
    async fn fees(&self) -> Result<(u128, u128), ChainError> {
        let missing = || ChainError::Answer { expected: "the newest block", found: "none".into() };
        let header = self.provider.get_header(BlockId::latest()).await?.ok_or_else(missing)?;
        let tip = self.provider.get_max_priority_fee_per_gas().await?;
        let base = u128::from(header.base_fee_per_gas.unwrap_or_default());
        Ok((base.saturating_mul(2).saturating_add(tip), tip))
    }

    /// Gives the transaction the next nonce and signs it.
    pub(crate) async fn sign(&self, quote: Quote) -> Result<SignedTransaction, ChainError> {
        let nonce = self.provider.get_transaction_count(self.address).pending().await?;
        let request = quote.request.with_nonce(nonce);
        let signing = |error: String| ChainError::Signing(error);
        let envelope =
            request.build(&self.wallet).await.map_err(|error| signing(error.to_string()))?;
        Ok(SignedTransaction {
            hash: *envelope.tx_hash(),
            nonce,
            raw: envelope.encoded_2718().into(),
        })
    }

    /// Hands the transaction to the RPC. That it has it already is no error.
    pub(crate) async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        match self.provider.send_raw_transaction(&transaction.raw).await {
            Ok(_) => Ok(()),
            Err(error) => match ChainError::from(error) {
                ChainError::Rpc { message, .. } if says_it_is_known(&message) => Ok(()),
                error => Err(error),
            },
        }
    }

    /// Waits, within limits, until the transaction is in a block.
    pub(crate) async fn wait(&self, hash: TxHash) -> Result<TransactionReceipt, ChainError> {
        let until = Instant::now() + RECEIPT_WAIT_MAX;
        let mut pause = RECEIPT_POLL_FIRST;
        loop {
            match self.receipt(hash).await {
                Ok(Some(receipt)) => return Ok(receipt),
                Err(error) if !error.is_connection() => return Err(error),
                // While it may still be mined, a failed look is no answer.
                Ok(None) | Err(_) => {}
            }
            if Instant::now() >= until {
                let seconds = RECEIPT_WAIT_MAX.as_secs();
                return Err(ChainError::Pending { transaction: hash, seconds });
            }
            sleep(pause).await;
            pause = (pause * 2).min(RECEIPT_POLL_MAX);
        }
    }

    pub(crate) async fn receipt(
        &self,
        hash: TxHash,
    ) -> Result<Option<TransactionReceipt>, ChainError> {
        Ok(self.provider.get_transaction_receipt(hash).await?)
    }

    /// Whether another transaction took this one's nonce: then it is never mined.
    pub(crate) async fn is_replaced(
        &self,
        transaction: &SignedTransaction,
    ) -> Result<bool, ChainError> {
        let used = self.provider.get_transaction_count(self.address).await?;
        Ok(used > transaction.nonce && self.receipt(transaction.hash).await?.is_none())
    }

    /// All of it, for those who send one transaction after the other. One that was refused without a reason, and would
    /// not be now, had too little gas, because others were in the block before it: it is sent once more.
    pub(crate) async fn execute(
        &self,
        request: TransactionRequest,
    ) -> Result<TransactionReceipt, ChainError> {
        match self.execute_once(request.clone()).await {
            Err(ChainError::Refused(refusal)) if refusal == Refusal::unexplained() => {
                self.execute_once(request).await
            }
            done => done,
        }
    }

    async fn execute_once(
        &self,
        request: TransactionRequest,
    ) -> Result<TransactionReceipt, ChainError> {
        let quote = self.quote(request.clone()).await?;
        let transaction = self.sign(quote).await?;
        self.send(&transaction).await?;
        let receipt = self.wait(transaction.hash).await?;
        if receipt.status() { Ok(receipt) } else { Err(self.why_reverted(request).await) }
    }

    /// Why a mined transaction was refused: it was not when it was estimated,
    /// so the chain has changed since, and gives its reason now.
    pub(crate) async fn why_reverted(&self, request: TransactionRequest) -> ChainError {
        let request = request.with_from(self.address);
        match self.provider.call(request).await.map_err(ChainError::from) {
            Err(error @ ChainError::Refused(_)) => error,
            _ => ChainError::Refused(Refusal::unexplained()),
        }
    }
}

/// Clients word it differently, and give it no code of its own.
fn says_it_is_known(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("already known") || message.contains("already imported")
}
