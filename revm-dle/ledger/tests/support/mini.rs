//! A contract for tests that moves money about as a note does, with as little as possible.
//!
//! Balances are stored under their owners' addresses, fees under 1, gas under 2, the genesis hash under 3, what left
//! under 4, pending withdrawals from 2^200 on, and what anybody puts there from 2^201 on.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::{SolCall, SolEvent as _, SolValue as _};
use conet_ledger::execute::{CHAIN_CONTRACT, SYSTEM};
use conet_ledger::state::State;
use conet_ledger::trie::InMemory;

use super::assembler::assemble;

alloy::sol! {
    interface Mini {
        event FeeEarned(uint64 pico);

        function initialize(bytes definitions) external;
        function begin(bytes32 genesisHash) external;
        function chargeGas(address sender, uint64 pico) external;
        function settle(uint64 withdrawal) external;
        function collect(uint64 period, uint64 fees, uint64 gas) external;

        function transfer(address to, uint64 amount) external;
        function withdraw(uint64 withdrawal, uint64 amount) external;
        function put(uint64 key, uint64 value) external;
        function create() external;
        function spin() external;
        function overflow() external;
        function environment() external;
    }
}

pub(crate) const FEES: U256 = U256::from_limbs([1, 0, 0, 0]);
pub(crate) const GAS: U256 = U256::from_limbs([2, 0, 0, 0]);
pub(crate) const GENESIS_HASH: U256 = U256::from_limbs([3, 0, 0, 0]);
pub(crate) const LEFT: U256 = U256::from_limbs([4, 0, 0, 0]);

pub(crate) fn withdrawal(id: u64) -> U256 {
    (U256::ONE << 200) + U256::from(id)
}

pub(crate) fn balance(owner: Address) -> U256 {
    U256::from_be_slice(owner.as_slice())
}

pub(crate) fn definitions(owner: Address, pico: u64) -> Bytes {
    (owner, pico).abi_encode().into()
}

pub(crate) fn stored(state: &State, key: U256) -> U256 {
    state.storage(CHAIN_CONTRACT, key, &mut InMemory).unwrap()
}

/// Where `environment` stores what it finds: from 16 on.
pub(crate) const ENVIRONMENT: [&str; 12] = [
    "NUMBER",
    "TIMESTAMP",
    "CHAINID",
    "GASLIMIT",
    "COINBASE",
    "DIFFICULTY",
    "BASEFEE",
    "GASPRICE",
    "PUSH1 0x01 NUMBER SUB BLOCKHASH",
    "BLOBBASEFEE",
    "CALLVALUE",
    "SELFBALANCE",
];

pub(crate) fn code() -> Vec<u8> {
    let argument = |index: usize| format!("PUSH1 0x{:02x} CALLDATALOAD", 4 + 32 * index);
    let (first, second, third) = (argument(0), argument(1), argument(2));
    let fee = format!("PUSH2 0x07d0 {second} DIV");
    let total = format!("{fee} {second} ADD");
    let pending = format!("PUSH1 0x01 PUSH1 0xc8 SHL {first} ADD");
    let put = format!("PUSH1 0x01 PUSH1 0xc9 SHL {first} ADD");
    let in_pico = |micro: &str| format!("PUSH3 0x0f4240 {micro} MUL");
    let (fees, gas) = (in_pico(&second), in_pico(&third));
    let topic = hex::encode(Mini::FeeEarned::SIGNATURE_HASH);
    let tell = |fee: &str| format!("{fee} PUSH0 MSTORE PUSH32 0x{topic} PUSH1 0x20 PUSH0 LOG1");
    let environment: String = (16..)
        .zip(ENVIRONMENT)
        .map(|(slot, word)| format!("{word} PUSH1 0x{slot:02x} SSTORE "))
        .collect();

    let functions = [
        // The definitions are behind an offset and a length.
        function::<Mini::initializeCall>(&[
            SYSTEM_ONLY,
            &format!("{} {} SSTORE", argument(3), argument(2)),
        ]),
        function::<Mini::beginCall>(&[SYSTEM_ONLY, &format!("{first} PUSH1 0x03 SSTORE")]),
        function::<Mini::chargeGasCall>(&[
            SYSTEM_ONLY,
            &debit(&first, &second),
            &credit("PUSH1 0x02", &second),
        ]),
        function::<Mini::settleCall>(&[
            SYSTEM_ONLY,
            &format!("{pending} SLOAD ISZERO @fail JUMPI"),
            &credit("PUSH1 0x04", &format!("{pending} SLOAD")),
            &format!("PUSH0 {pending} SSTORE"),
        ]),
        function::<Mini::collectCall>(&[
            SYSTEM_ONLY,
            &debit("PUSH1 0x01", &fees),
            &debit("PUSH1 0x02", &gas),
            &credit("PUSH1 0x04", &fees),
            &credit("PUSH1 0x04", &gas),
        ]),
        function::<Mini::transferCall>(&[
            &debit("CALLER", &total),
            &credit(&first, &second),
            &credit("PUSH1 0x01", &fee),
            &tell(&fee),
        ]),
        function::<Mini::withdrawCall>(&[&debit("CALLER", &second), &credit(&pending, &second)]),
        function::<Mini::putCall>(&[&format!("{second} {put} SSTORE")]),
        function::<Mini::createCall>(&["PUSH0 PUSH0 PUSH0 CREATE"]),
        function::<Mini::spinCall>(&["again: @again JUMP"]),
        function::<Mini::overflowCall>(&[
            &tell("PUSH8 0xffffffffffffffff"),
            &tell("PUSH8 0xffffffffffffffff"),
        ]),
        function::<Mini::environmentCall>(&[&environment]),
    ];
    let (jumps, bodies): (String, String) = functions.into_iter().unzip();
    assemble(&format!(
        "PUSH0 CALLDATALOAD PUSH1 0xe0 SHR {jumps} fail: PUSH0 PUSH0 REVERT {bodies}"
    ))
}

/// The address is pushed as it is: `code` has no other constant of 20 bytes.
const SYSTEM_ONLY: &str =
    "CALLER PUSH20 0xfffffffffffffffffffffffffffffffffffffffe EQ ISZERO @fail JUMPI";

fn function<C: SolCall>(body: &[&str]) -> (String, String) {
    assert!(SYSTEM_ONLY.contains(&hex::encode(SYSTEM)));
    let (label, selector) = (C::SIGNATURE.split('(').next().unwrap(), hex::encode(C::SELECTOR));
    let jump = format!("DUP1 PUSH4 0x{selector} EQ @{label} JUMPI ");
    (jump, format!("{label}: {} STOP ", body.join(" ")))
}

/// Takes from what is stored, or fails.
fn debit(key: &str, amount: &str) -> String {
    format!("{amount} {key} SLOAD DUP2 DUP2 LT @fail JUMPI SUB {key} SSTORE")
}

/// Adds to what is stored.
fn credit(key: &str, amount: &str) -> String {
    format!("{amount} {key} SLOAD ADD {key} SSTORE")
}
