//! The contract of notes, as it is deployed.

use alloy::primitives::{Address, B256, Bytes};
use alloy::signers::SignerSync as _;
use alloy::sol_types::{Eip712Domain, SolCall, SolStruct as _, SolValue as _};
use conet_bindings::{
    NoteChain,
    definitions::{Carried, NoteDefinitions},
};
use conet_ledger::execute::ask;
use conet_ledger::trie::InMemory;

use super::series::{Series, genesis, signer};

pub(crate) const CASH: Address = Address::repeat_byte(0xca);
pub(crate) const POT: Address = Address::repeat_byte(0xb0);
pub(crate) const LEAF_MINIMUM: u64 = 50_000_000_000;

pub(crate) fn code() -> Vec<u8> {
    NoteChain::DEPLOYED_BYTECODE.to_vec()
}

pub(crate) fn definitions(buyer: Address, micro: u64, series: u32, carried: Carried) -> Bytes {
    let definitions = NoteDefinitions {
        cash: CASH,
        pot: POT,
        series,
        feeRate: 50,
        leafMinimum: LEAF_MINIMUM,
        buyer,
        deposit: micro,
        carried,
    };
    definitions.abi_encode().into()
}

/// A note of so many micro-dollars, which this owner bought.
pub(crate) fn note(buyer: Address, micro: u64) -> Series {
    let code = code();
    let genesis = genesis(&code, definitions(buyer, micro, 1, Carried::default()));
    Series::new(genesis, code)
}

/// What a view returns.
pub(crate) fn view<C: SolCall>(series: &Series, call: C) -> C::Return {
    C::abi_decode_returns(&answer(series, call)).unwrap()
}

/// What the series leaves to the next.
pub(crate) fn carried(series: &Series) -> Carried {
    Carried::abi_decode(&answer(series, NoteChain::carriedCall {})).unwrap()
}

fn answer(series: &Series, call: impl SolCall) -> Bytes {
    let (data, caller) = (call.abi_encode().into(), Address::ZERO);
    let (chain, last) = (&series.chain, &series.last);
    let answer = ask(chain, last, caller, data, &series.state, &mut InMemory, &series.codes);
    answer.unwrap().output
}

/// A call that claims so much, in all, of an authorization.
pub(crate) fn claim(series: &Series, payer: u8, authorization: B256, total: u64) -> Vec<u8> {
    let genesis = series.chain.genesis();
    let voucher = NoteChain::Voucher {
        genesisHash: series.chain.hash(),
        series: genesis.series,
        authorization,
        total,
    };
    let domain = Eip712Domain::new(
        Some("CoNET Cash".into()),
        Some("1".into()),
        Some(alloy::primitives::U256::from(genesis.main_chain_id)),
        Some(CASH),
        None,
    );
    let signature = signer(payer).sign_hash_sync(&voucher.eip712_signing_hash(&domain)).unwrap();
    let signature = Bytes::copy_from_slice(&signature.as_bytes());
    NoteChain::claimCall { voucher, signature }.abi_encode()
}
