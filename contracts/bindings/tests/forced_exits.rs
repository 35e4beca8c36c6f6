//! What a forced exit takes is what `contracts/test/vectors` say, which Foundry checks too; and trees prove what is in
//! them, and nothing else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolStruct as _;
use conet_bindings::{
    forced_exit::{Consent, Voucher, is_signed_by},
    leaves::{LEAVES_MAX, Leaf, Leaves, LeavesError},
    merkle::{self, Tree},
    statement::{Header, Statement},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn cash() -> Value {
    serde_json::from_str(include_str!("../../test/vectors/cash.json")).unwrap()
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn chain_id(all: &Value) -> u64 {
    all["chainId"].as_u64().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// A vector's leaf, read as a file would be.
fn leaf(vector: &Value) -> Leaf {
    let amount: u64 = parse(&vector["amount"]);
    let account = &vector["account"];
    let read = match parse::<u8>(&vector["kind"]) {
        0 => json!({ "kind": "account", "account": account, "amount_pico_dollars": amount }),
        1 => json!({
            "kind": "lock",
            "account": account,
            "payee": vector["payee"],
            "lock_id": vector["lockId"],
            "amount_pico_dollars": amount,
            "claimed_micro_dollars": parse::<u64>(&vector["claimed"]),
        }),
        _ => json!({
            "kind": "withdrawal",
            "account": account,
            "withdrawal": parse::<u64>(&vector["withdrawal"]),
            "amount_pico_dollars": amount,
        }),
    };
    serde_json::from_value(read).unwrap()
}

#[test]
fn leaves_are_what_the_vectors_say() {
    let all = cash();
    let leaves: Vec<Leaf> = list(&all["leaves"]).iter().map(leaf).collect();
    for (count, root) in (1..).zip(list(&all["roots"])) {
        let some = Leaves::try_from(leaves[..count].to_vec()).unwrap();
        assert_eq!(some.root(), parse::<B256>(root), "{count} leaves");
    }
    let leaves = Leaves::try_from(leaves).unwrap();
    for (index, vector) in list(&all["leaves"]).iter().enumerate() {
        let proof: Vec<B256> = list(&vector["proof"]).iter().map(parse).collect();
        assert_eq!(leaves.as_slice()[index].hash(index), parse::<B256>(&vector["hash"]));
        assert_eq!(leaves.proof(index), Some(proof));
    }
    assert_eq!(leaves.proof(leaves.as_slice().len()), None);
    let written = serde_json::to_string(&leaves).unwrap();
    assert_eq!(serde_json::from_str::<Leaves>(&written).unwrap(), leaves);
}

#[test]
fn headers_are_statements() {
    let all = cash();
    for vector in list(&all["headers"]) {
        let header = Header {
            note: parse(&vector["note"]),
            series: parse(&vector["series"]),
            height: parse(&vector["height"]),
            blockHash: parse(&vector["blockHash"]),
            leavesRoot: parse(&vector["leavesRoot"]),
            group: parse(&vector["group"]),
            epoch: parse(&vector["epoch"]),
        };
        assert_eq!(header.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
        let statement = Statement::Header(header);
        let digest = statement.digest(chain_id(&all), parse(&all["forcedExits"]));
        assert_eq!(digest, parse::<B256>(&vector["digest"]));
        let written = serde_json::to_string(&statement).unwrap();
        assert_eq!(serde_json::from_str::<Statement>(&written).unwrap(), statement);
    }
}

#[test]
fn holders_and_payers_sign_what_the_vectors_say() {
    let all = cash();
    for vector in list(&all["consents"]) {
        let consent = Consent {
            note: parse(&vector["note"]),
            series: parse(&vector["series"]),
            holder: parse(&vector["holder"]),
            deadline: parse(&vector["deadline"]),
            signature: parse(&vector["signature"]),
        };
        let digest = consent.digest(chain_id(&all), parse(&all["forcedExits"]));
        assert_eq!(digest, parse::<B256>(&vector["digest"]));
        check_signed(consent.holder, digest, &consent.signature);
    }
    for vector in list(&all["vouchers"]) {
        let voucher = Voucher {
            genesis_hash: parse(&vector["genesisHash"]),
            series: parse(&vector["series"]),
            authorization: parse(&vector["authorization"]),
            total: parse(&vector["total"]),
            payer: parse(&vector["payer"]),
            signature: parse(&vector["signature"]),
        };
        assert_eq!(voucher.lock_id(), parse::<B256>(&vector["lockId"]));
        let digest = voucher.digest(chain_id(&all), parse(&all["cash"]));
        assert_eq!(digest, parse::<B256>(&vector["digest"]));
        check_signed(voucher.payer, digest, &voucher.signature);
    }
}

/// By its signer only, in both forms.
fn check_signed(signer: Address, digest: B256, signature: &Bytes) {
    let parsed = alloy::primitives::Signature::from_raw(signature).unwrap();
    assert!(is_signed_by(signer, digest, signature));
    assert!(is_signed_by(signer, digest, &parsed.as_erc2098()));
    assert!(!is_signed_by(Address::repeat_byte(1), digest, signature));
    assert!(!is_signed_by(signer, B256::ZERO, signature));
    for length in [0, 1, 63, 66] {
        assert!(!is_signed_by(signer, digest, &vec![1; length]), "{length} bytes");
    }
}

#[test]
fn distributions_are_what_the_vectors_say() {
    let all: Value = serde_json::from_str(include_str!("../../test/vectors/merkle.json")).unwrap();
    let leaves = list(&all["leaves"]);
    let tree = Tree::new(leaves.iter().map(|vector| parse(&vector["leaf"])).collect());
    assert_eq!(tree.root(), parse::<B256>(&all["root"]));
    for (index, vector) in leaves.iter().enumerate() {
        let proof: Vec<B256> = list(&vector["proof"]).iter().map(parse).collect();
        assert_eq!(tree.proof(index), Some(proof));
    }
}

#[test]
fn what_is_no_list_of_leaves_is_refused() {
    let one = Leaf::Account { account: Address::repeat_byte(1), amount: 1 };
    for found in [0, LEAVES_MAX + 1] {
        assert_eq!(Leaves::try_from(vec![one; found]), Err(LeavesError::Count { found }));
    }
    let account = Address::repeat_byte(1);
    for odd in [
        json!([]),
        json!([{ "kind": "king", "account": account, "amount_pico_dollars": 1 }]),
        json!([{ "kind": "account", "account": account }]),
        json!([{ "kind": "account", "account": account, "amount_pico_dollars": -1 }]),
        json!([{ "kind": "account", "account": account, "amount_pico_dollars": 1, "payee": account }]),
    ] {
        assert!(serde_json::from_value::<Leaves>(odd.clone()).is_err(), "{odd}");
    }
}

#[test]
fn only_who_owns_a_micro_dollar_is_a_holder() {
    let [rich, poor, payee, stranger] = [1, 2, 3, 4].map(Address::repeat_byte);
    let lock_id = B256::ZERO;
    let lock = Leaf::Lock { account: rich, payee, lock_id, amount: 1_000_000, claimed: 0 };
    let dust = Leaf::Account { account: poor, amount: 999_999 };
    let leaves = Leaves::try_from(vec![lock, dust]).unwrap();
    let held = [rich, poor, payee, stranger, Address::ZERO].map(|who| leaves.has_holder(who));
    assert_eq!(held, [true, false, true, false, false]);
}

prop_compose! {
    fn some_leaf()(kind in 0..3, account: [u8; 20], payee: [u8; 20], id: [u8; 32], number: u64, amount: u64) -> Leaf {
        let (account, payee) = (account.into(), payee.into());
        match kind {
            0 => Leaf::Account { account, amount },
            1 => Leaf::Lock { account, payee, lock_id: id.into(), amount, claimed: number },
            _ => Leaf::Withdrawal { account, withdrawal: number, amount },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_leaf_is_proven_at_its_place_only(
        list in proptest::collection::vec(some_leaf(), 1..=LEAVES_MAX),
        other: prop::sample::Index,
    ) {
        let leaves = Leaves::try_from(list).unwrap();
        let other = other.index(leaves.as_slice().len());
        for (index, leaf) in leaves.as_slice().iter().enumerate() {
            let proof = leaves.proof(index).unwrap();
            prop_assert!(proof.len() <= 8);
            prop_assert!(merkle::verify(leaves.root(), leaf.hash(index), &proof));
            prop_assert!(!merkle::verify(leaves.root(), leaf.hash(index + 1), &proof));
            prop_assert_eq!(
                merkle::verify(leaves.root(), leaves.as_slice()[other].hash(other), &proof),
                index == other
            );
        }
        let written = serde_json::to_string(&leaves).unwrap();
        prop_assert_eq!(serde_json::from_str::<Leaves>(&written).unwrap(), leaves);
    }
}

#[test]
fn notes_are_numbers_of_any_size() {
    let consent = Consent {
        note: U256::MAX,
        series: 1,
        holder: Address::ZERO,
        deadline: U256::MAX,
        signature: Bytes::new(),
    };
    let written = serde_json::to_string(&consent).unwrap();
    assert_eq!(serde_json::from_str::<Consent>(&written).unwrap(), consent);
}
