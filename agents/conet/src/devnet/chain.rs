//! The chain below a development network: an anvil of our own, or one that runs already.

use std::path::Path;

use alloy::{
    providers::{Provider as _, ProviderBuilder},
    signers::local::PrivateKeySigner,
};
use anyhow::Context as _;

use super::anvil::{Anvil, FUNDED_KEY};

/// Which chain to take.
pub(crate) enum ChainChoice {
    /// Start an anvil, at this port or a free one.
    Anvil { port: Option<u16> },
    /// One that runs; the key holds coins there, or else the development key does.
    Running { rpc_url: String, owner: Option<PrivateKeySigner> },
}

/// A chain, and who has coins on it. An anvil of our own is killed when dropped.
pub(super) struct Chain {
    pub(super) rpc_url: String,
    pub(super) chain_id: u64,
    pub(super) owner: PrivateKeySigner,
    anvil: Option<Anvil>,
}

impl Chain {
    pub(super) async fn start(choice: ChainChoice, home: &Path) -> anyhow::Result<Self> {
        match choice {
            ChainChoice::Anvil { port } => {
                let anvil = Anvil::start(&home.join("anvil.log"), port).await?;
                let (rpc_url, chain_id) = (anvil.rpc_url.clone(), anvil.chain_id);
                Ok(Self { rpc_url, chain_id, owner: FUNDED_KEY.parse()?, anvil: Some(anvil) })
            }
            ChainChoice::Running { rpc_url, owner } => {
                let url = rpc_url.parse().context("the RPC's address is no URL")?;
                let provider = ProviderBuilder::new().connect_http(url);
                let chain_id =
                    provider.get_chain_id().await.context("the chain does not answer")?;
                let owner = owner.map_or_else(|| FUNDED_KEY.parse(), Ok)?;
                Ok(Self { rpc_url, chain_id, owner, anvil: None })
            }
        }
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
