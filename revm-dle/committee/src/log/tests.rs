//! What certificates must have, what a word says of a block, and how a seat goes on with what it did not see itself.

use std::{collections::BTreeSet, sync::Arc};

use alloy::primitives::{Address, B256, Bytes};
use conet_ledger::block::{Header, Outcome, Proposal};

use super::{
    Application, Certificate, Check, Checkpoint, Entry, EntryHeader, EntryProof, LogMessage,
    Simplex, Timing, Tip,
};
use crate::{
    Action,
    archive::{
        Image,
        item::{Item, Word, block_vote, impossible, with_outcome},
    },
    keys::{Compact, Keys, NodeId, Registry},
    outbox::Outbox,
    seats::Seats,
    vote::{Ballot, Phase, Voting},
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

/// Knows the states after some entries. Of entries with this hash it cannot tell whether they are right.
#[derive(Default)]
struct Follows(BTreeSet<B256>);

const UNSEEN: B256 = B256::repeat_byte(7);

impl Application for Follows {
    fn propose(&mut self, _header: EntryHeader, _out: &mut Outbox) -> Option<Entry> {
        None
    }

    fn check(&mut self, entry: &Entry) -> Check {
        if entry.header.state_hash == UNSEEN || !self.0.contains(&entry.header.parent) {
            return Check::Unknown;
        }
        self.0.insert(entry.id());
        Check::Valid
    }

    fn follow(&mut self, entry: &Entry) {
        if self.0.contains(&entry.header.parent) {
            self.0.insert(entry.id());
        }
    }

    fn finalized(&mut self, _entry: &Entry, _out: &mut Outbox) {}

    fn certified(&mut self, _certificate: &Certificate, _out: &mut Outbox) {}

    fn checkpoint(&self) -> Option<&EntryProof> {
        None
    }

    fn checkpoint_state(&self) -> Option<Image> {
        None
    }

    fn adopt(&mut self, proof: EntryProof, _state: Image, _out: &mut Outbox) -> bool {
        self.0.insert(proof.headers[0].id())
    }

    fn saw(&mut self, _ballot: &Ballot, _out: &mut Outbox) {}

    fn is_busy(&self) -> bool {
        true
    }

    fn is_over(&self) -> bool {
        false
    }
}

/// A seat that does not lead the first views, with its application.
struct Seated {
    seats: Arc<Seats>,
    log: Simplex,
    app: Follows,
    me: NodeId,
}

impl Seated {
    fn new() -> Self {
        let seats = Arc::new(seats(1));
        let leads = |node: &NodeId| (1..=3).any(|view| seats.leader(view) == *node);
        let me = *seats.nodes().iter().find(|node| !leads(node)).unwrap();
        let header = seats.beginning(B256::ZERO, 0, 0);
        let tip = Tip { id: header.id(), header };
        let app = Follows([tip.id].into());
        let log = Simplex::new(seats.clone(), voting(me.0), Timing::default(), tip, 0);
        Self { seats, log, app, me }
    }

    fn others(&self) -> Vec<NodeId> {
        self.seats.nodes().iter().copied().filter(|node| *node != self.me).collect()
    }

    fn entry(&self, view: u64, parent: &EntryHeader, state_hash: B256) -> Entry {
        let header = EntryHeader {
            view,
            height: parent.height + 1,
            parent: parent.id(),
            parent_view: parent.view,
            time_ms: parent.time_ms + 1,
            items_hash: Item::hash_all(&[]),
            state_hash,
            ..parent.clone()
        };
        Entry { header, items: Vec::new() }
    }

    /// What the seat votes for when another's message has come.
    fn hears(&mut self, now_ms: u64, from: NodeId, message: LogMessage) -> Vec<(u64, B256)> {
        let mut out = Outbox::new(self.me);
        self.log.receive(now_ms, from, message, &mut self.app, &mut out);
        votes(out, self.me)
    }

    fn vote(&self, voter: NodeId, phase: Phase, view: u64, entry: B256) -> Ballot {
        voting(voter.0).cast(self.seats.vote(phase, view, entry))
    }

    /// The first view ends with an entry.
    fn sees_notarized(&mut self, beginning: &EntryHeader) {
        let first = self.entry(1, beginning, B256::ZERO);
        self.is_shown(1, &first);
        for voter in self.others() {
            let ballot = self.vote(voter, Phase::Notarize, 1, first.id());
            self.hears(2, voter, LogMessage::Vote(ballot));
        }
    }

    /// The leader proposes an entry.
    fn is_shown(&mut self, now_ms: u64, entry: &Entry) -> Vec<(u64, B256)> {
        let (view, id) = (entry.header.view, entry.id());
        let leader = self.seats.leader(view);
        let ballot = self.vote(leader, Phase::Notarize, view, id);
        self.hears(now_ms, leader, LogMessage::Propose(Box::new(entry.clone()), ballot))
    }
}

/// The views and entries of one's own votes that are sent.
fn votes(out: Outbox, me: NodeId) -> Vec<(u64, B256)> {
    let sent = out.into_actions().into_iter().filter_map(|action| match action {
        Action::Send(_, crate::message::Message::Log(LogMessage::Vote(ballot))) => Some(ballot),
        _ => None,
    });
    let mine = sent.filter(|ballot| ballot.voter == me);
    mine.map(|ballot| (ballot.vote.view, ballot.vote.block)).collect()
}

#[test]
fn who_could_not_tell_whether_an_entry_is_right_goes_on_when_a_quorum_could() {
    let mut seat = Seated::new();
    let (beginning, others) = (seat.log.tip().header.clone(), seat.others());
    let first = seat.entry(1, &beginning, UNSEEN);
    assert!(seat.is_shown(1, &first).is_empty(), "it cannot tell");
    for voter in others {
        let ballot = seat.vote(voter, Phase::Notarize, 1, first.id());
        let votes = seat.hears(2, voter, LogMessage::Vote(ballot));
        assert!(votes.iter().all(|(view, _)| *view == 1));
    }
    let second = seat.entry(2, &first.header, B256::ZERO);
    let votes = seat.is_shown(3, &second);
    assert!(votes.contains(&(2, second.id())), "{votes:?}");
}

#[test]
fn votes_of_views_that_are_nullified_are_not_said_again() {
    let mut seat = Seated::new();
    let mut now_ms = 0;
    for view in 1..=40 {
        for voter in seat.others() {
            let ballot = seat.vote(voter, Phase::Finalize, view, B256::ZERO);
            seat.hears(now_ms, voter, LogMessage::Vote(ballot));
        }
        now_ms += Timing::default().view_timeout_ms;
        seat.log.advance(now_ms, &mut seat.app, &mut Outbox::new(seat.me));
    }
    now_ms += 10 * Timing::default().retry_ms;
    let mut out = Outbox::new(seat.me);
    seat.log.advance(now_ms, &mut seat.app, &mut out);
    let again: BTreeSet<_> = votes(out, seat.me).into_iter().map(|(view, _)| view).collect();
    assert_eq!(again, [seat.log.view()].into());
}

#[test]
fn who_saw_a_view_end_one_way_learns_the_other_from_who_builds_on_it() {
    let mut seat = Seated::new();
    let beginning = seat.log.tip().header.clone();
    seat.sees_notarized(&beginning);
    // For the others nobody saw the first entry.
    let second = seat.entry(2, &beginning, B256::ZERO);
    assert!(seat.is_shown(3, &second).is_empty());
    let (leader, others) = (seat.seats.leader(2), seat.others());
    let vote = seat.seats.vote(Phase::Finalize, 1, B256::ZERO);
    let signatures = others.iter().map(|node| (*node, voting(node.0).cast(vote).signature));
    let signatures = signatures.collect();
    let null = Certificate { phase: Phase::Finalize, view: 1, entry: B256::ZERO, signatures };
    let votes = seat.hears(4, leader, LogMessage::Certificates(vec![null]));
    assert!(votes.contains(&(2, second.id())), "{votes:?}");
}

#[test]
fn it_asks_the_leader_for_that_and_once() {
    let mut seat = Seated::new();
    let beginning = seat.log.tip().header.clone();
    seat.sees_notarized(&beginning);
    let (second, leader) = (seat.entry(2, &beginning, B256::ZERO), seat.seats.leader(2));
    let ballot = seat.vote(leader, Phase::Notarize, 2, second.id());
    let asked = |seat: &mut Seated| {
        let mut out = Outbox::new(seat.me);
        let message = LogMessage::Propose(Box::new(second.clone()), ballot.clone());
        seat.log.receive(3, leader, message, &mut seat.app, &mut out);
        let ask = LogMessage::Status { view: 1, final_view: 0 };
        let ask = Action::Send(leader, crate::message::Message::Log(ask));
        out.into_actions().into_iter().filter(|action| *action == ask).count()
    };
    assert_eq!((asked(&mut seat), asked(&mut seat)), (1, 0));
}

#[test]
fn who_begins_at_a_checkpoint_goes_on_to_what_it_knew_to_be_final() {
    let mut seat = Seated::new();
    let first = seat.entry(1, &seat.log.tip().header.clone(), B256::ZERO);
    let second = seat.entry(2, &first.header, B256::ZERO);
    let third = seat.entry(3, &second.header, B256::ZERO);
    let others = seat.others();
    let finalized = |entry: &Entry| {
        let vote = seat.seats.vote(Phase::Finalize, entry.header.view, entry.id());
        let sign = |node: &NodeId| (*node, voting(node.0).cast(vote).signature);
        let signatures = others.iter().map(sign).collect();
        let (view, entry) = (entry.header.view, entry.id());
        Certificate { phase: Phase::Finalize, view, entry, signatures }
    };
    let (older, newer) = (finalized(&second), finalized(&third));
    let from = others[0];
    seat.hears(1, from, LogMessage::Certificates(vec![newer]));
    let checkpoint = Checkpoint {
        proof: EntryProof { headers: vec![second.header], certificate: older },
        state: Image { head: Bytes::new(), pages: Vec::new() },
    };
    let mut out = Outbox::new(seat.me);
    seat.log.take_checkpoint(checkpoint, &mut seat.app, &mut out);
    seat.log.advance(2, &mut seat.app, &mut out);
    let fetch = LogMessage::Fetch { id: third.id() };
    let fetch = Action::Send(from, crate::message::Message::Log(fetch));
    assert!(out.into_actions().contains(&fetch));
}
