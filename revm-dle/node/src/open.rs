//! How chains begin here.

use conet_committee::archive::item::Opening;
use conet_ledger::{
    error::BadGenesis,
    execute::{CodeBook, found_chain},
    genesis::{Chain, Genesis},
    state::State,
};

use crate::{ledgers::OpenError, runtime::Runtime, terms::Group};

/// A chain as it begins: its genesis was executed.
#[derive(Debug, Clone)]
pub struct Begun {
    pub(crate) chain: Chain,
    pub(crate) state: State,
}

/// Opens chains at one archive node.
#[derive(Debug, Clone)]
pub struct Opener {
    pub(crate) runtime: Runtime,
    pub(crate) codes: CodeBook,
}

impl Opener {
    /// Executes a genesis. What it begins, and how.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn prepare(
        &self,
        genesis: Genesis,
        group: Group,
    ) -> Result<(Begun, Opening), OpenError> {
        let codes = self.codes.clone();
        let begun = tokio::task::spawn_blocking(move || found_chain(genesis, &codes)).await;
        let begun: Result<_, BadGenesis> = begun.map_err(|_| OpenError::Stopped)?;
        let (chain, state) = begun?;
        let opening = group.opening(chain.genesis(), chain.hash());
        Ok((Begun { chain, state }, opening))
    }

    /// Lets the seat know of a chain: it votes for an entry that has it.
    ///
    /// # Errors
    /// [`OpenError::Taken`], among others.
    pub async fn know(&self, begun: Begun, opening: Opening) -> Result<(), OpenError> {
        self.runtime.open(begun, opening, false).await
    }

    /// Lets the seat propose a chain that more than two thirds of the seats know.
    ///
    /// # Errors
    /// [`OpenError::Taken`], among others.
    pub async fn propose(&self, begun: Begun, opening: Opening) -> Result<(), OpenError> {
        self.runtime.open(begun, opening, true).await
    }
}
