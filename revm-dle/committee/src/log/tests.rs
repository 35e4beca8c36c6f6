//! What certificates must have, and what a word says of a block.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use conet_ledger::block::{Header, Outcome, Proposal};

use super::Certificate;
use crate::{
    archive::item::{Word, block_vote, impossible, with_outcome},
    keys::{Compact, Keys, NodeId, Registry},
    seats::Seats,
    vote::{Phase, Voting},
};

/// Signs with the digest and the node's number.
struct ToyKeys(NodeId);

impl Keys for ToyKeys {
    fn sign(&self, digest: B256) -> Compact {
        signature(wallet(self.0), digest)
    }

    fn verify(&self, wallet: Address, digest: B256, found: &Compact) -> bool {
        *found == signature(wallet, digest)
    }
}

struct Everybody;

impl Registry for Everybody {
    fn wallet(&self, node: NodeId) -> Option<Address> {
        Some(wallet(node))
    }

    fn offer(&self, _node: NodeId) -> (u16, u32) {
        (0, 0)
    }
}

fn wallet(node: NodeId) -> Address {
    Address::left_padding_from(&node.0.to_be_bytes())
}

fn signature(wallet: Address, digest: B256) -> Compact {
    Compact::right_padding_from(&[digest.as_slice(), wallet.as_slice()].concat())
}

pub(crate) fn voting(node: u64) -> Voting {
    let me = NodeId(node);
    Voting::new(me, Arc::new(ToyKeys(me)), Arc::new(Everybody), (1, Address::repeat_byte(3)))
}

fn seats(epoch: u64) -> Seats {
    Seats::new(1, 1, epoch, (1..=4).map(NodeId).collect())
}

const ENTRY: B256 = B256::repeat_byte(5);

/// Signed by some, in their epoch.
fn certificate(signers: &[u64], phase: Phase, entry: B256, epoch: u64) -> Certificate {
    let vote = seats(epoch).vote(phase, 7, entry);
    let signatures =
        signers.iter().map(|node| (NodeId(*node), voting(*node).cast(vote).signature)).collect();
    Certificate { phase, view: 7, entry, signatures }
}

fn is_valid(certificate: &Certificate) -> bool {
    certificate.is_valid(&seats(1), &voting(1))
}

#[test]
fn a_certificate_is_of_more_than_two_thirds_of_the_seats_each_once() {
    let finalized = |signers: &[u64]| is_valid(&certificate(signers, Phase::Finalize, ENTRY, 1));
    assert!(finalized(&[1, 2, 3]));
    assert!(finalized(&[1, 2, 3, 4]));
    assert!(!finalized(&[1, 2]), "too few");
    assert!(!finalized(&[1, 2, 2]), "one twice");
    assert!(!finalized(&[1, 3, 2]), "not in order");
    assert!(!finalized(&[1, 2, 9]), "one without a seat");
}

#[test]
fn a_certificate_counts_in_its_epoch_view_and_phase() {
    assert!(!is_valid(&certificate(&[1, 2, 3], Phase::Finalize, ENTRY, 2)), "of another epoch");
    let mut other = certificate(&[1, 2, 3], Phase::Finalize, ENTRY, 1);
    other.view = 8;
    assert!(!is_valid(&other), "of another view");
    let mut other = certificate(&[1, 2, 3], Phase::Notarize, ENTRY, 1);
    other.phase = Phase::Finalize;
    assert!(!is_valid(&other), "of another phase");
}

#[test]
fn only_views_are_given_up() {
    assert!(is_valid(&certificate(&[1, 2, 3], Phase::Finalize, B256::ZERO, 1)));
    assert!(!is_valid(&certificate(&[1, 2, 3], Phase::Notarize, B256::ZERO, 1)));
    assert!(!is_valid(&certificate(&[1, 2, 3], Phase::Accept, ENTRY, 1)), "not about the log");
}

fn header(time_ms: u64) -> Header {
    let proposal = Proposal {
        chain: B256::repeat_byte(1),
        series: 1,
        height: 3,
        view: 0,
        epoch: 1,
        parent: B256::repeat_byte(2),
        time_ms,
        paid_through_s: 0,
        gas_price: 0,
        members_hash: B256::ZERO,
        body_hash: B256::ZERO,
    };
    let outcome = Outcome {
        gas_used: 1,
        fees: 1,
        receipts_root: B256::ZERO,
        state_root: B256::repeat_byte(4),
    };
    Header { proposal, outcome }
}

#[test]
fn a_word_is_about_one_proposal() {
    let (block, twin) = (header(1), header(2));
    let word = |found: &Header, outcome| {
        let ballot = voting(1).cast(block_vote(found, Phase::Accept, found.hash()));
        Word { ballot, outcome }
    };
    let yes = word(&block, None);
    assert_eq!(yes.agrees(&block, Phase::Accept), Some(true));
    assert_eq!(yes.agrees(&twin, Phase::Accept), None, "of the same height and view");
    assert_eq!(yes.agrees(&block, Phase::Witness), None, "in another phase");
    let no = word(&with_outcome(&block, &impossible()), Some(impossible()));
    assert_eq!(no.agrees(&block, Phase::Accept), Some(false));
    assert_eq!(no.agrees(&twin, Phase::Accept), None, "a refusal binds to its proposal");
    let same = word(&block, Some(block.outcome.clone()));
    assert_eq!(same.agrees(&block, Phase::Accept), Some(true));
}
