//! What who begins a chain says of its group.

use alloy::primitives::B256;
use conet_committee::{archive::item::Opening, keys::NodeId};
use conet_ledger::genesis::Genesis;
use serde::{Deserialize, Serialize};

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
