//! How chains begin here.

use alloy::primitives::B256;
use conet_committee::{archive::item::Opening, keys::NodeId};
use conet_ledger::{
    error::BadGenesis,
    execute::{CodeBook, found_chain},
    genesis::Genesis,
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

/// Opens chains at one archive node, as the main chain says. Every seat is told, for each reads the main chain itself; a
/// seat that was not gets the beginning from others.
#[derive(Debug, Clone)]
pub struct Opener {
    pub(crate) runtime: Runtime,
    pub(crate) codes: CodeBook,
}

impl Opener {
    /// Opens a chain. Again does no harm.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(&self, genesis: Genesis, group: Group) -> Result<Opening, OpenError> {
        let (codes, from) = (self.codes.clone(), genesis.clone());
        let begun = tokio::task::spawn_blocking(move || found_chain(from, &codes)).await;
        let begun: Result<_, BadGenesis> = begun.map_err(|_| OpenError::Stopped)?;
        let (chain, _) = begun?;
        let opening = group.opening(&genesis, chain.hash());
        self.runtime.open(genesis, opening.clone()).await?;
        Ok(opening)
    }
}
