//! Writes into a chain's history, and says to the millisecond when it is final: the command line looks less often.

use std::time::{Duration, Instant};

use alloy::{
    primitives::{B256, keccak256},
    sol_types::SolCall as _,
};
use conet_bindings::History;
use conet_dle::{
    client::{Client, Place},
    clock,
    keys::WalletKey,
};
use conet_ledger::{
    block::{SignedTransaction, Transaction},
    transaction::domain,
};

use crate::PATIENCE;

/// How often it is asked for what was sent.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// For how long a transaction counts, seconds: a development chain's clock may be ahead of ours, and the log's with it.
const VALID_S: u64 = 600;

/// What is in no block after so long is handed in once more, as the command line does. It counts once.
const SAY_AGAIN: Duration = Duration::from_secs(3);

/// A wallet that may write into a chain.
#[derive(Debug)]
pub struct Author {
    client: Client,
    seat: Place,
    chain: B256,
    key: WalletKey,
    nonce: u64,
}

impl Author {
    /// Who writes into a public chain, by the way of the first of these seats.
    ///
    /// # Panics
    /// When a seat does not answer.
    pub async fn new(main_chain_id: u64, seats: Vec<Place>, chain: B256, key: WalletKey) -> Self {
        let client = Client::new(main_chain_id);
        let mut nonce = 0;
        for seat in &seats {
            // One of them may be behind.
            let account = client.account(seat, chain, key.wallet(), None).await;
            nonce = nonce.max(account.expect("an account").nonce);
        }
        let seat = seats.into_iter().next().expect("a seat");
        Self { client, seat, chain, key, nonce }
    }

    /// Records a text. How long it took until it was final.
    ///
    /// # Panics
    /// When the seat refuses it, or it takes too long.
    pub async fn append(&mut self, text: &str) -> Duration {
        let (client, seat, chain) = (&self.client, &self.seat, self.chain);
        let begun = client.genesis(seat, chain, None).await.expect("a genesis");
        let text = text.to_owned();
        let transaction = Transaction {
            chain,
            nonce: self.nonce,
            valid_until_s: clock::unix_s() + VALID_S,
            gas_limit: 2_000_000,
            data: History::appendCall { hash: keccak256(&text), text }.abi_encode().into(),
        };
        let separator = domain(begun.genesis.main_chain_id).hash_struct();
        let signature = self.key.sign(transaction.digest(separator, begun.hash));
        let signed = SignedTransaction { transaction, signature: signature.into() };
        let (start, mut said) = (Instant::now(), Instant::now());
        let hash = client.submit(seat, &signed, None).await.expect("it is taken").hash;
        while let Err(error) = client.transaction(seat, chain, hash, None).await {
            assert!(start.elapsed() < PATIENCE, "it is not final after {PATIENCE:?}: {error}");
            tokio::time::sleep(LOOK_AGAIN).await;
            if said.elapsed() > SAY_AGAIN {
                said = Instant::now();
                client.submit(seat, &signed, None).await.expect("it is taken");
            }
        }
        self.nonce += 1;
        start.elapsed()
    }
}
