//! How chains begin here.

use alloy::primitives::B256;
use conet_committee::{archive::item::Opening, keys::NodeId};
use conet_ledger::{
    error::BadGenesis,
    execute::{CodeBook, found_chain},
    genesis::{Chain, Genesis},
    state::State,
};
use serde::{Deserialize, Serialize};

use crate::{ledgers::OpenError, runtime::Runtime};

/// How a chain's group is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Who makes blocks. None: it is drawn.
    #[serde(default)]
    pub creator: Option<NodeId>,
    /// How many witnesses.
    pub witnesses: u8,
    /// How many validators sign each block.
    pub validators: u8,
    /// Pico-dollars for a unit of gas.
    #[serde(default)]
    pub gas_price: u64,
}

impl Group {
    /// The opening of a chain that begins with this block.
    #[must_use]
    pub fn opening(&self, genesis: &Genesis, hash: B256) -> Opening {
        Opening {
            chain: genesis.chain,
            series: genesis.series,
            genesis: hash,
            height: genesis.height,
            creator: self.creator,
            witnesses: self.witnesses,
            validators: self.validators,
            quorum: genesis.quorum,
            paid_through_s: genesis.paid_through_s,
            gas_price: self.gas_price,
        }
    }
}

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
