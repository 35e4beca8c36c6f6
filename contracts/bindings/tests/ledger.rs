//! What nodes sign about ledgers is what `contracts/test/vectors` say, which Foundry checks too.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use alloy::{
    primitives::{Address, B256, Bytes, Signature, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol_types::{Eip712Domain, SolStruct},
};
use conet_bindings::{
    Slasher,
    ledger::{
        Batch, Offence, Overturn, PROOF_STEPS_MAX, Restitution, SignedVote, Verdict, Vote,
        VoteError, ledger_domain, phase,
    },
    merkle, roles,
};
use serde_json::Value;

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../test/vectors/ledger.json")).unwrap()
}

fn parse<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    match value {
        Value::String(text) => text.parse().unwrap(),
        number => number.to_string().parse().unwrap(),
    }
}

fn parse_all<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> Vec<T> {
    value.as_array().unwrap().iter().map(parse).collect()
}

fn domain(all: &Value) -> Eip712Domain {
    let domain = &all["domain"];
    ledger_domain(parse(&domain["chainId"]), parse(&domain["verifyingContract"]))
}

fn vote(vector: &Value) -> Vote {
    Vote {
        chain: parse(&vector["chain"]),
        height: parse(&vector["height"]),
        view: parse(&vector["view"]),
        epoch: parse(&vector["epoch"]),
        phase: parse(&vector["phase"]),
        block: parse(&vector["block"]),
    }
}

fn signature(vector: &Value) -> Signature {
    Signature::from_raw(&parse::<Bytes>(&vector["signature"])).unwrap()
}

/// The message, its digest and its key's signature are the vector's.
fn check(message: &impl SolStruct, digest: B256, domain: &Eip712Domain, vector: &Value) {
    assert_eq!(message.eip712_hash_struct(), parse::<B256>(&vector["structHash"]));
    assert_eq!(digest, parse::<B256>(&vector["digest"]));
    let signer: PrivateKeySigner = parse(&vector["privateKey"]);
    assert_eq!(signer.sign_typed_data_sync(message, domain).unwrap(), signature(vector));
}

#[test]
fn votes() {
    let all = vectors();
    let domain = domain(&all);
    assert_eq!(domain.separator(), parse::<B256>(&all["domainSeparator"]));
    for vector in all["votes"].as_array().unwrap() {
        let vote = vote(vector);
        check(&vote, vote.digest(&domain), &domain, vector);
        SignedVote::alone(vote, signature(vector))
            .verify(&domain, parse(&vector["wallet"]))
            .unwrap();
    }
}

#[test]
fn batches() {
    let all = vectors();
    let domain = domain(&all);
    for vector in all["batches"].as_array().unwrap() {
        let votes = vector["votes"].as_array().unwrap();
        let batch = Batch::new(votes.iter().map(vote).collect());
        assert_eq!(batch.root().root, parse::<B256>(&vector["root"]));
        check(&batch.root(), batch.digest(&domain), &domain, vector);

        let signed: Vec<_> = batch.signed(signature(vector)).collect();
        assert_eq!(signed.len(), votes.len());
        for (signed, vector_of_vote) in signed.iter().zip(votes) {
            assert_eq!(signed.vote.struct_hash(), parse::<B256>(&vector_of_vote["structHash"]));
            assert_eq!(signed.proof, parse_all::<B256>(&vector_of_vote["proof"]));
            signed.verify(&domain, parse(&vector["wallet"])).unwrap();
        }
    }
}

#[test]
fn findings() {
    let all = vectors();
    let domain = domain(&all);
    for vector in all["verdicts"].as_array().unwrap() {
        let verdict = Verdict {
            node: parse(&vector["node"]),
            role: parse(&vector["role"]),
            amount: parse(&vector["amount"]),
            chain: parse(&vector["chain"]),
            height: parse(&vector["height"]),
            kind: parse(&vector["kind"]),
            reporter: parse(&vector["reporter"]),
            evidence: parse(&vector["evidence"]),
            group: parse(&vector["group"]),
            epoch: parse(&vector["epoch"]),
        };
        check(&verdict, verdict.digest(&domain), &domain, vector);
        let call = Slasher::Verdict::from(&verdict);
        assert_eq!((call.node, call.kind), (verdict.node, verdict.kind));
    }
    for vector in all["overturns"].as_array().unwrap() {
        let (group, epoch) = (parse(&vector["group"]), parse(&vector["epoch"]));
        let overturn = Overturn { caseId: parse(&vector["caseId"]), group, epoch };
        check(&overturn, overturn.digest(&domain), &domain, vector);
    }
    for vector in all["restitutions"].as_array().unwrap() {
        let restitution = Restitution {
            caseId: parse(&vector["caseId"]),
            root: parse(&vector["root"]),
            total: parse(&vector["total"]),
            group: parse(&vector["group"]),
            epoch: parse(&vector["epoch"]),
        };
        check(&restitution, restitution.digest(&domain), &domain, vector);
        assert_eq!(Slasher::Restitution::from(&restitution).total, restitution.total);
    }
}

#[test]
fn votes_exclude_each_other_as_the_vectors_say() {
    let all = vectors();
    let votes: Vec<_> = all["votes"].as_array().unwrap().iter().map(vote).collect();
    let batched = vote(&all["batches"][0]["votes"][1]);
    assert!(votes[0].conflicts(&votes[1]) && votes[1].conflicts(&votes[0]));
    assert!(votes[0].conflicts(&batched));
    assert!(!votes[0].conflicts(&votes[0]));
    let block = B256::repeat_byte(9);
    for other in [
        Vote { chain: B256::ZERO, block, ..votes[0] },
        Vote { height: 8, block, ..votes[0] },
        Vote { view: 3, block, ..votes[0] },
        Vote { epoch: 4, block, ..votes[0] },
        Vote { phase: 34, block, ..votes[0] },
    ] {
        assert!(!votes[0].conflicts(&other));
    }
}

#[test]
fn phases_name_the_roles_that_vote() {
    let mut voting = Vec::new();
    for bits in 0..=u8::MAX {
        let vote = Vote { phase: bits, ..vote(&vectors()["votes"][0]) };
        if let Some(role) = vote.role() {
            assert_eq!(phase(role, vote.step()), Some(bits));
            voting.push(role);
        }
    }
    voting.dedup();
    assert_eq!(voting, [roles::ARCHIVE, roles::WITNESS, roles::VALIDATOR, roles::CREATOR]);
    assert_eq!(phase(roles::ARCHIVE, 1), Some(33));
    assert_eq!(phase(roles::RELAY, 0), None);
    assert_eq!(phase(roles::ARCHIVE | roles::WITNESS, 0), None);
    assert_eq!(phase(roles::ARCHIVE, 16), None);
}

#[test]
fn what_the_contract_refuses_is_refused() {
    let all = vectors();
    let (domain, vector) = (domain(&all), &all["votes"][0]);
    let good = SignedVote::alone(vote(vector), signature(vector));
    let wallet: Address = parse(&vector["wallet"]);

    let long = SignedVote { proof: vec![B256::ZERO], ..good.clone() };
    assert_eq!(long.signer(&domain), Err(VoteError::ProofTooLong { max: 0, found: 1 }));
    let found = PROOF_STEPS_MAX + 1;
    let long = SignedVote { batched: true, proof: vec![B256::ZERO; found], ..good.clone() };
    let error = VoteError::ProofTooLong { max: PROOF_STEPS_MAX, found };
    assert_eq!(long.signer(&domain), Err(error));

    let order = "0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let high_s = order.parse::<U256>().unwrap() - good.signature.s();
    let high = Signature::new(good.signature.r(), high_s, !good.signature.v());
    let high = SignedVote::alone(good.vote, high);
    assert_eq!(high.signer(&domain), Err(VoteError::HighS));

    let other = SignedVote { vote: Vote { height: 1, ..good.vote }, ..good.clone() };
    assert!(matches!(other.verify(&domain, wallet), Err(VoteError::SignerDiffers { .. })));
    let as_batch = SignedVote { batched: true, ..good };
    assert!(matches!(as_batch.verify(&domain, wallet), Err(VoteError::SignerDiffers { .. })));
    let none = SignedVote::alone(other.vote, Signature::new(U256::ZERO, U256::ZERO, false));
    assert_eq!(none.signer(&domain), Err(VoteError::NotASignature));
}

#[test]
fn the_contract_takes_the_bytes_that_the_vectors_have() {
    let all = vectors();
    let vector = &all["votes"][2];
    let signed = SignedVote::alone(vote(vector), signature(vector));
    let call = Slasher::SignedVote::from(signed);
    assert_eq!(call.signature, parse::<Bytes>(&vector["signature"]));
    assert_eq!(call.vote.view_, u64::MAX - 1);
    assert_eq!(u8::from(Offence::WrongRoot), parse::<u8>(&all["verdicts"][0]["kind"]));
}

#[test]
fn distributions_are_such_trees() {
    let all: Value = serde_json::from_str(include_str!("../../test/vectors/merkle.json")).unwrap();
    let leaves = all["leaves"].as_array().unwrap();
    let tree = merkle::Tree::new(leaves.iter().map(|leaf| parse(&leaf["leaf"])).collect());
    assert_eq!(tree.root(), parse::<B256>(&all["root"]));
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(tree.proof(index).unwrap(), parse_all::<B256>(&leaf["proof"]));
    }
}
