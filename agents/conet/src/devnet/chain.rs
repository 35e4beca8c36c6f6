//! The chain below a development network: an anvil of our own, or one that runs already.

use std::path::Path;

use alloy::{
    network::{EthereumWallet, TransactionBuilder as _},
    primitives::{U256, utils::Unit},
    providers::{Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use anyhow::{Context as _, ensure};
use conet_chain::Genesis;

use super::{
    anvil::{Anvil, FUNDED_KEY},
    economy::OWNER_CONET,
};

/// What the owner on a running chain gets, for contracts and nodes.
const OWNER_COINS: u64 = 1_000;

/// The fewest seats of an archive group that is none of a development network.
const SEATS_MIN: usize = 10;

/// Which chain to take.
pub(crate) enum ChainChoice {
    /// Start an anvil, at this port or a free one.
    Anvil { port: Option<u16> },
    /// One that runs; the payer has coins there, or else the well-known development key.
    /// `is_native`: its coin is CoNET.
    Running { rpc_url: String, payer: Option<PrivateKeySigner>, is_native: bool },
}

/// A chain, and who has coins on it. An anvil of our own is killed when dropped.
pub(super) struct Chain {
    pub(super) rpc_url: String,
    pub(super) chain_id: u64,
    pub(super) owner: PrivateKeySigner,
    /// Whether its coin is CoNET, which the token then wraps.
    pub(super) is_native: bool,
    anvil: Option<Anvil>,
}

impl Chain {
    pub(super) async fn start(choice: ChainChoice, home: &Path) -> anyhow::Result<Self> {
        match choice {
            ChainChoice::Anvil { port } => {
                let anvil = Anvil::start(&home.join("anvil.log"), port, &[]).await?;
                let (rpc_url, chain_id) = (anvil.rpc_url.clone(), anvil.chain_id);
                Ok(Self {
                    rpc_url,
                    chain_id,
                    owner: FUNDED_KEY.parse()?,
                    is_native: false,
                    anvil: Some(anvil),
                })
            }
            ChainChoice::Running { rpc_url, payer, is_native } => {
                let payer = payer.map_or_else(|| FUNDED_KEY.parse(), Ok)?;
                // Contracts follow from their owner: a new one gets new ones, with no nodes yet.
                let owner = PrivateKeySigner::random();
                let coins = OWNER_COINS + if is_native { OWNER_CONET } else { 0 };
                let chain_id = fund(&rpc_url, payer, &owner, coins).await?;
                Ok(Self { rpc_url, chain_id, owner, is_native, anvil: None })
            }
        }
    }

    /// What the contracts are told: archive groups of so many seats, or as small as they can be.
    pub(super) fn genesis(&self, seats: Option<usize>) -> Genesis {
        let mut genesis = Genesis::development(self.owner.address());
        if let Some(seats) = seats {
            let least = usize::from(genesis.archive.seats_min);
            genesis.archive.seats_min =
                u8::try_from(seats.clamp(least, SEATS_MIN)).unwrap_or(genesis.archive.seats_min);
        }
        if self.is_native {
            genesis.allocation.clear();
        }
        genesis
    }

    /// What the chain is, for people.
    pub(super) fn describe(&self) -> String {
        let what = if self.anvil.is_some() { "anvil" } else { "a chain" };
        format!("{what} is up at {} (chain {})", self.rpc_url, self.chain_id)
    }

    /// Waits for the end of a chain of our own; another's is not ours to watch.
    pub(super) async fn ended(&mut self) -> anyhow::Error {
        match &mut self.anvil {
            Some(anvil) => anvil.ended().await,
            None => std::future::pending().await,
        }
    }
}

/// Sends `owner` its coins, and says which chain this is.
async fn fund(
    rpc_url: &str,
    payer: PrivateKeySigner,
    owner: &PrivateKeySigner,
    coins: u64,
) -> anyhow::Result<u64> {
    let url = rpc_url.parse().context("the RPC's address is no URL")?;
    let provider = ProviderBuilder::new().wallet(EthereumWallet::from(payer)).connect_http(url);
    let chain_id = provider.get_chain_id().await.context("the chain does not answer")?;
    let wei = U256::from(coins) * Unit::ETHER.wei();
    let request = TransactionRequest::default().with_to(owner.address()).with_value(wei);
    let pending = provider.send_transaction(request).await.context("paying for the contracts")?;
    ensure!(pending.get_receipt().await?.status(), "the payment for the contracts was refused");
    Ok(chain_id)
}
