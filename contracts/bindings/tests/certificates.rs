//! What archive groups certify is what `contracts/test/vectors` say, which Foundry checks too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol_types::{SolStruct as _, SolValue as _},
};
use conet_bindings::{
    ArchiveGroups,
    certificate::{Certificate, CertificateError, compact, quorum, signer_of},
    statement::{
        Contract, Exit, MemberFees, Statement, WalletChange, contract_domain, members_hash,
        note_chain,
    },
};
use serde_json::Value;

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn archive() -> Value {
    vectors(include_str!("../../test/vectors/archive.json"))
}

fn cash() -> Value {
    vectors(include_str!("../../test/vectors/cash.json"))
}

fn parse<T: std::str::FromStr>(value: &Value) -> T
where
    T::Err: std::fmt::Debug,
{
    match value {
        Value::String(text) => text.parse().unwrap(),
        number => number.to_string().parse().unwrap(),
    }
}

fn parse_all<T: std::str::FromStr>(value: &Value) -> Vec<T>
where
    T::Err: std::fmt::Debug,
{
    value.as_array().unwrap().iter().map(parse).collect()
}

const KINDS: [(&str, &str, &str); 5] = [
    ("handover", "Handover", "archiveGroups"),
    ("split", "Split", "archiveGroups"),
    ("seed", "Seed", "archiveGroups"),
    ("genesis", "Genesis", "chainAnchor"),
    ("groupChange", "GroupChange", "chainAnchor"),
];

/// A vector's statement, read as a file would be.
fn statement(vector: &Value, kind: &str) -> Statement {
    let mut message = vector["message"].clone();
    message["type"] = kind.into();
    serde_json::from_value(message).unwrap()
}

#[test]
fn groups_certify_what_the_vectors_say() {
    let all = archive();
    let signers: Vec<Address> = parse_all(&all["signers"]);
    let keys: Vec<PrivateKeySigner> = parse_all(&all["privateKeys"]);
    for (name, kind, contract) in KINDS {
        let vector = &all[name];
        let statement = statement(vector, kind);
        assert_eq!(statement.kind(), kind);
        let digest = statement.digest(parse(&all["chainId"]), parse(&all[contract]));
        assert_eq!(digest, parse::<B256>(&vector["digest"]), "{name}");

        let signed = [3, 0, 2].map(|seat| compact(&keys[seat].sign_hash_sync(&digest).unwrap()));
        let signed_in = statement.signed_in();
        assert_eq!(signed_in, (1, 1));
        let certificate =
            Certificate::assemble(digest, signed_in, &signers, signed.iter().map(AsRef::as_ref));
        let certificate = certificate.unwrap();
        assert_eq!(certificate.seats, parse::<u32>(&all["seats"]));
        assert_eq!(certificate.signatures, parse::<Bytes>(&vector["signatures"]));
        assert_eq!(certificate.verify(digest, &signers), Ok(()));
        let encoded = ArchiveGroups::Certificate::from(certificate).abi_encode();
        assert_eq!(Bytes::from(encoded), parse::<Bytes>(&vector["certificate"]));

        let written = serde_json::to_string(&statement).unwrap();
        assert_eq!(serde_json::from_str::<Statement>(&written).unwrap(), statement);
    }
}

#[test]
fn wallets_sign_what_the_vectors_say() {
    let all = archive();
    let (vector, message) = (&all["walletChange"], &all["walletChange"]["message"]);
    let change = WalletChange {
        chain: parse(&message["chain"]),
        wallet: parse(&message["wallet"]),
        next: parse(&message["next"]),
        nonce: parse(&message["nonce"]),
        deadline: parse(&message["deadline"]),
    };
    assert_eq!(change.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
    let domain = contract_domain(Contract::ChainAnchor, 31337, parse(&all["chainAnchor"]));
    let digest = change.eip712_signing_hash(&domain);
    assert_eq!(digest, parse::<B256>(&vector["digest"]));
}

#[test]
fn exits_and_fees_are_what_the_vectors_say() {
    let all = cash();
    let (chain_id, address): (u64, Address) = (parse(&all["chainId"]), parse(&all["cash"]));
    for vector in all["exits"].as_array().unwrap() {
        let exit = Exit {
            note: parse(&vector["note"]),
            series: parse(&vector["series"]),
            id: parse(&vector["id"]),
            recipient: parse(&vector["recipient"]),
            amount: parse(&vector["amount"]),
            relayer: parse(&vector["relayer"]),
            relayerFee: parse(&vector["relayerFee"]),
            height: parse(&vector["height"]),
            blockHash: parse(&vector["blockHash"]),
            group: parse(&vector["group"]),
            epoch: parse(&vector["epoch"]),
        };
        assert_eq!(exit.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
        let statement = Statement::Exit(exit);
        assert_eq!(statement.digest(chain_id, address), parse::<B256>(&vector["digest"]));
        let written = serde_json::to_string(&statement).unwrap();
        assert_eq!(serde_json::from_str::<Statement>(&written).unwrap(), statement);
    }
    let domain = contract_domain(Contract::Cash, chain_id, address);
    for vector in all["memberFees"].as_array().unwrap() {
        let fees = MemberFees::new(
            &parse_all::<U256>(&vector["notes"]),
            &parse_all::<u64>(&vector["amounts"]),
            parse(&vector["stablecoin"]),
            parse(&vector["root"]),
            parse(&vector["period"]),
            (parse(&vector["group"]), parse(&vector["epoch"])),
        );
        assert_eq!(fees.total, parse::<U256>(&vector["total"]));
        assert_eq!(fees.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
        assert_eq!(fees.eip712_signing_hash(&domain), parse::<B256>(&vector["digest"]));
    }
    for vector in all["chainOf"].as_array().unwrap() {
        let chain = note_chain(chain_id, address, parse(&vector["note"]));
        assert_eq!(chain, parse::<B256>(&vector["chain"]));
    }
}

/// A digest, four signers, and all their signatures.
fn signed() -> (B256, Vec<Address>, Vec<Bytes>) {
    let all = archive();
    let digest: B256 = parse(&all["seed"]["digest"]);
    let keys: Vec<PrivateKeySigner> = parse_all(&all["privateKeys"]);
    let sign = |key: &PrivateKeySigner| compact(&key.sign_hash_sync(&digest).unwrap());
    (digest, parse_all(&all["signers"]), keys.iter().map(sign).collect())
}

fn assemble(
    digest: B256,
    signers: &[Address],
    signatures: &[Bytes],
) -> Result<Certificate, CertificateError> {
    Certificate::assemble(digest, (1, 1), signers, signatures.iter().map(AsRef::as_ref))
}

#[test]
fn two_thirds_are_too_few_and_nobody_counts_twice() {
    assert_eq!([1, 3, 4, 5, 6, 7, 10].map(quorum), [1, 3, 3, 4, 5, 5, 7]);
    let (digest, signers, signatures) = signed();
    let missing = |found| CertificateError::QuorumMissing { needed: 3, seats: 4, found };
    assert_eq!(assemble(digest, &signers, &signatures[..2]), Err(missing(2)));
    let twice = [&signatures[..2], &signatures[..2]].concat();
    assert_eq!(assemble(digest, &signers, &twice), Err(missing(2)));
    assert_eq!(assemble(digest, &signers, &signatures).unwrap().seats, 0b1111);
    assert_eq!(assemble(digest, &[], &[]), Err(CertificateError::Seats { found: 0 }));
}

#[test]
fn strangers_and_other_digests_are_refused() {
    let (digest, signers, signatures) = signed();
    let signer = signers[3];
    assert_eq!(
        assemble(digest, &signers[..3], &signatures),
        Err(CertificateError::NoSeat { signer })
    );
    let other = assemble(B256::repeat_byte(1), &signers, &signatures);
    assert!(matches!(other, Err(CertificateError::NoSeat { .. })), "{other:?}");
    for length in [0, 63, 65] {
        let found = Bytes::from(vec![1; length]);
        assert_eq!(signer_of(digest, &found), Err(CertificateError::NotASignature { found }));
    }
}

#[test]
fn a_changed_certificate_does_not_verify() {
    let (digest, signers, signatures) = signed();
    let good = assemble(digest, &signers, &signatures[1..]).unwrap();
    assert_eq!(good.verify(digest, &signers), Ok(()));
    let changed = |change: fn(&mut Certificate)| {
        let mut certificate = good.clone();
        change(&mut certificate);
        certificate.verify(digest, &signers)
    };
    let unknown = CertificateError::SeatUnknown { bitmap: 0b1_1110, last: 3 };
    assert_eq!(changed(|c| c.seats |= 0b1_0000), Err(unknown));
    let missing = CertificateError::QuorumMissing { needed: 3, seats: 4, found: 2 };
    assert_eq!(changed(|c| c.seats &= 0b0110), Err(missing));
    let length = CertificateError::Length { expected: 256, found: 192 };
    assert_eq!(changed(|c| c.seats |= 1), Err(length));
    let invalid = CertificateError::SignatureInvalid { seat: 0, signer: signers[0] };
    assert_eq!(changed(|c| c.seats = 0b0111), Err(invalid));
    assert!(good.verify(B256::ZERO, &signers).is_err());
}

#[test]
fn what_is_not_a_statement_is_refused() {
    for text in [
        r#"{"type":"King","group":1,"epoch":1}"#,
        r#"{"group":1,"epoch":1}"#,
        r#"{"type":"Seed","index":0,"value":"0x00","afterBlock":1,"group":1,"epoch":1}"#,
    ] {
        assert!(serde_json::from_str::<Statement>(text).is_err(), "{text}");
    }
    let seed = statement(&archive()["seed"], "Seed");
    let mut more = serde_json::to_value(&seed).unwrap();
    more["indes"] = 1.into();
    assert!(serde_json::from_value::<Statement>(more).is_err(), "a field too many");
}

#[test]
fn members_are_hashed_as_a_list() {
    let expected = alloy::primitives::keccak256(vec![U256::from(7), U256::from(9)].abi_encode());
    assert_eq!(members_hash(&[U256::from(7), U256::from(9)]), expected);
    assert_ne!(members_hash(&[U256::from(9), U256::from(7)]), expected);
}
