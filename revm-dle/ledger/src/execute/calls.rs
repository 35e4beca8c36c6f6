//! What a chain itself asks of its contract, and what it hears of it. See `IChainContract.sol`.

use alloy::primitives::{Address, B256, Bytes, Log, address};
use alloy::sol_types::{SolCall as _, SolEvent as _};

use crate::block::Collection;

/// Who calls when the chain itself does: the protocol, not an account. Nobody has its key.
pub const SYSTEM: Address = address!("ffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE");

/// Where a chain's contract is, on every chain.
pub const CHAIN_CONTRACT: Address = address!("0000000000000000000000000000000000001000");

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        interface ChainContract {
            event FeeEarned(uint64 pico);

            function initialize(bytes definitions) external;
            function begin(bytes32 genesisHash) external;
            function chargeGas(address sender, uint64 pico) external;
            function settle(uint64 withdrawal) external;
            function collect(uint64 period, uint64 fees, uint64 gas) external;
        }
    }
}

use types::ChainContract::{
    FeeEarned, beginCall, chargeGasCall, collectCall, initializeCall, settleCall,
};

pub(super) fn initialize(definitions: &Bytes) -> Bytes {
    initializeCall { definitions: definitions.clone() }.abi_encode().into()
}

pub(super) fn begin(genesis_hash: B256) -> Bytes {
    beginCall { genesisHash: genesis_hash }.abi_encode().into()
}

pub(super) fn charge_gas(sender: Address, pico: u64) -> Bytes {
    chargeGasCall { sender, pico }.abi_encode().into()
}

pub(super) fn settle(withdrawal: u64) -> Bytes {
    settleCall { withdrawal }.abi_encode().into()
}

pub(super) fn collect(collection: &Collection) -> Bytes {
    let Collection { period, fees, gas } = *collection;
    collectCall { period, fees, gas }.abi_encode().into()
}

/// The sum of the fees that these logs tell of; None when there is no such number.
pub(super) fn fees(logs: &[Log]) -> Option<u64> {
    let earned = logs.iter().filter(|log| log.address == CHAIN_CONTRACT);
    let earned = earned.filter_map(|log| FeeEarned::decode_log(log).ok());
    earned.into_iter().try_fold(0_u64, |sum, log| sum.checked_add(log.pico))
}
