//! What happened in a run: a number that no other run has, and lines for who looks into it.

use std::fmt::Write as _;

use alloy::primitives::B256;
use conet_committee::{
    Action, Record,
    keys::NodeId,
    log::LogMessage,
    message::Message,
    roulette::selection::Evidence,
    vote::{Ballot, Phase},
};

use crate::world::Happening;

/// Takes lines.
pub(crate) type Sink<'a> = Option<&'a mut dyn FnMut(&str)>;

/// Follows a run.
pub(crate) struct Trace<'a> {
    hash: u64,
    sink: Sink<'a>,
}

impl<'a> Trace<'a> {
    pub(crate) const fn new(sink: Sink<'a>) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, sink }
    }

    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }

    fn mix(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }

    fn line(&mut self, at_ms: u64, what: impl FnOnce() -> String) {
        if let Some(sink) = &mut self.sink {
            sink(&format!("{at_ms:>6}  {}", what()));
        }
    }

    /// Something happens to a node.
    pub(crate) fn happens(&mut self, at_ms: u64, what: &Happening) {
        self.mix(at_ms);
        match what {
            Happening::Arrives(from, to, message) => {
                self.mix(from.0 << 32 | to.0);
                self.mix_message(message);
                self.line(at_ms, || format!("{to} <- {from}: {}", told(message)));
            }
            Happening::Wakes(node) => self.mix(node.0),
            Happening::Returns(node) => {
                self.mix(node.0);
                self.line(at_ms, || format!("{node} comes back"));
            }
            Happening::Pays(index) => self.mix(*index as u64),
            Happening::Opens(node)
            | Happening::Reads(node)
            | Happening::ReadsWant(node, _)
            | Happening::ReadsRent(node) => {
                self.mix(node.0);
            }
            Happening::Wants => {
                self.line(at_ms, || "somebody may want a seed on the main chain".to_owned());
            }
            Happening::Names(index) => {
                self.mix(*index as u64);
                self.line(at_ms, || {
                    format!("the main chain names seats, for the {}. time", index + 1)
                });
            }
            Happening::Kills(_) => self.mix(0),
            Happening::Cut(apart) if apart.is_empty() => {
                self.line(at_ms, || "the network is whole".to_owned());
            }
            Happening::Cut(apart) => {
                self.line(at_ms, || format!("the network is cut: {}", all(apart)));
            }
            Happening::Heals => self.line(at_ms, || "the network heals".to_owned()),
        }
    }

    /// A node does something.
    pub(crate) fn does(&mut self, at_ms: u64, node: NodeId, action: &Action) {
        match action {
            Action::Persist(record) => {
                self.line(at_ms, || format!("{node} writes {}", kept(record)))
            }
            Action::Send(to, message) => {
                self.line(at_ms, || format!("{node} -> {to}: {}", told(message)));
            }
            Action::Report(first, _) => {
                self.mix(first.voter.0);
                self.line(at_ms, || format!("{node} reports {}", first.voter));
            }
            Action::Found(finding) => {
                self.line(at_ms, || format!("{node} certifies what {} did", finding.node));
            }
            Action::Drawn(evidence) => {
                if let Evidence::Selection(selection) = &**evidence {
                    self.line(at_ms, || format!("{node} keeps draw {}", selection.index));
                }
            }
            Action::Regrouped(chain) => {
                self.line(at_ms, || format!("{node} certifies the group of {chain}"));
            }
        }
    }

    /// Says that a node stops.
    pub(crate) fn stops(&mut self, at_ms: u64, node: NodeId) {
        self.mix(node.0);
        self.line(at_ms, || format!("{node} crashes"));
    }

    fn mix_message(&mut self, message: &Message) {
        let id = match message {
            Message::Log(LogMessage::Vote(ballot) | LogMessage::Propose(_, ballot)) => {
                self.mix(ballot.vote.view);
                ballot.vote.block
            }
            Message::Log(LogMessage::Certificates(certificates)) => {
                certificates.last().map_or(B256::ZERO, |certificate| certificate.entry)
            }
            Message::Word(word, _) | Message::Vote(word) | Message::Answer(word) => {
                word.ballot.vote.block
            }
            Message::Certified(block, _) => block.header.proposal.body_hash,
            Message::Propose(proposed) => proposed.create.vote.block,
            Message::Notice(proven) => proven.notice.hash,
            Message::FetchBlock { hash } | Message::FetchState { hash } => *hash,
            _ => B256::ZERO,
        };
        let (head, _) = id.split_at(8);
        self.mix(head.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
}

fn all<'a>(nodes: impl IntoIterator<Item = &'a NodeId>) -> String {
    nodes.into_iter().fold(String::new(), |mut text, node| {
        let _ = write!(text, "{} ", node.0);
        text
    })
}

fn short(id: B256) -> String {
    if id.is_zero() { "none".to_owned() } else { id.to_string().chars().skip(2).take(6).collect() }
}

fn vote(ballot: &Ballot) -> String {
    let phases = [
        (Phase::Notarize, "notarize"),
        (Phase::Finalize, "finalize"),
        (Phase::Accept, "accept"),
        (Phase::Create, "create"),
        (Phase::Witness, "witness"),
        (Phase::Validate, "validate"),
    ];
    let vote = &ballot.vote;
    let phase = phases.iter().find(|(phase, _)| phase.number() == vote.phase);
    let name = phase.map_or("?", |(_, name)| name);
    format!("{name} {} by {} at {}.{}", short(vote.block), ballot.voter.0, vote.height, vote.view)
}

fn told(message: &Message) -> String {
    match message {
        Message::Log(LogMessage::Propose(entry, _)) => {
            let header = &entry.header;
            let (id, view, height) = (short(entry.id()), header.view, header.height);
            format!("entry {id} {height} of view {view}, {} items", entry.items.len())
        }
        Message::Log(LogMessage::Vote(ballot)) => vote(ballot),
        Message::Log(LogMessage::Certificates(certificates)) => {
            certificates.iter().fold("certificates:".to_owned(), |mut text, found| {
                let _ = write!(
                    text,
                    " {:?} {} of view {}",
                    found.phase,
                    short(found.entry),
                    found.view
                );
                text
            })
        }
        Message::Log(LogMessage::Status { view, final_view }) => {
            format!("status: in view {view}, final {final_view}")
        }
        Message::Log(LogMessage::Fetch { id }) => format!("fetch entry {}", short(*id)),
        Message::Log(LogMessage::Entries(entries)) => format!("{} entries", entries.len()),
        Message::Log(LogMessage::Checkpoint(checkpoint)) => {
            format!("state after entry {}", checkpoint.proof.height())
        }
        Message::Word(word, hash) => format!("word on {}: {}", short(*hash), vote(&word.ballot)),
        Message::SeedPart { height, .. } => format!("part of seed {height}"),
        Message::Return(returning) => format!("{} is back", returning.node),
        Message::Member(announced) => {
            format!("keys of {} for epoch {}", announced.member.node, announced.epoch)
        }
        Message::Dealing(dealing) => format!("dealing of {}", dealing.dealer),
        Message::Ack(ack) => format!("{} has the dealing of {}", ack.player, ack.dealer),
        Message::Transcript(transcript) => format!("transcript of {}", transcript.dealer),
        Message::FetchFrozen { hash } => format!("fetch the state {}", short(*hash)),
        Message::Frozen(frozen) => {
            format!("a state after entry {:?} with {} pages", frozen.height(), frozen.pages.len())
        }
        Message::FetchPages { hash, prefixes } => {
            format!("fetch {} pages of {}", prefixes.len(), short(*hash))
        }
        Message::Pages(pages) => format!("{} pages", pages.len()),
        Message::Certified(block, _) => format!("certified {}", short(block.header.hash())),
        Message::Complaint(complaint, ..) => {
            let (height, view) = (complaint.height, complaint.view);
            format!("{} complains about {} at {height}.{view}", complaint.by, complaint.accused)
        }
        Message::Answer(word) => format!("answer: {}", vote(&word.ballot)),
        Message::Disagreement(why, _) => {
            format!("{} disagrees: {}", why.other.ballot.voter, vote(&why.create))
        }
        Message::Evidence(first, second) => format!("{} but {}", vote(first), vote(second)),
        Message::Told(header) => format!("told {}", short(header.hash())),
        Message::Caught(caught) => {
            format!("{} caught {}: {}", caught.setter, caught.ballot.voter, vote(&caught.ballot))
        }
        Message::Used { number } => format!("wish {number} stands no more"),
        Message::Join(joining) => format!(
            "{} wishes, {}: {} seats",
            joining.offer.node, joining.number, joining.offer.seats
        ),
        Message::FetchNotice { chain } => format!("fetch notice of {}", short(*chain)),
        Message::FetchBlock { hash } => format!("fetch block {}", short(*hash)),
        Message::FetchState { hash } => format!("fetch state {}", short(*hash)),
        Message::Transaction { chain, .. } => format!("transaction for {}", short(*chain)),
        Message::Propose(proposed) => format!("sign: {}", vote(&proposed.create)),
        Message::Validate { proposal, .. } => {
            format!("validate {}.{} of {}", proposal.height, proposal.view, short(proposal.chain))
        }
        Message::Vote(word) => vote(&word.ballot),
        Message::Notice(proven) => {
            let notice = &proven.notice;
            let (chain, height, view) = (short(notice.chain), notice.height, notice.view);
            format!("notice: {chain} at {height}.{view}, {}", short(notice.hash))
        }
        Message::Block(header, _) => format!("block {}", short(header.hash())),
        Message::State(header, _) => format!("state of {}", short(header.hash())),
    }
}

fn kept(record: &Record) -> String {
    match record {
        Record::LogVote(_, ballot) => vote(ballot),
        Record::Draft(entry) => format!("draft {}", short(entry.id())),
        Record::Entry(entry) => {
            format!("final entry {} {}", entry.header.height, short(entry.id()))
        }
        Record::Certificate(found) => format!("certificate of view {}", found.view),
        Record::Checkpoint(frozen) => format!("state after entry {}", frozen.proof.height()),
        Record::Dealing(_, dealing) => format!("dealing of {}", dealing.dealer),
        Record::Share(epoch, _) => format!("share of epoch {epoch}'s key"),
        Record::Epoch(epoch) => format!("epoch {}", epoch.seats.epoch),
        Record::Start(_) => "the state that the epoch begins with".to_owned(),
        Record::Word(word) | Record::MemberVote(word) => vote(&word.ballot),
        Record::Block(block, _) => format!("block {}", short(block.header.hash())),
        Record::Proposed(proposed, _) => vote(&proposed.create),
        Record::Notice(proven) => format!("notice of {}", short(proven.notice.chain)),
        Record::Joined(number) => format!("wish {number}"),
        Record::Proven(proven) => format!("proof of {}", short(proven.notice.chain)),
        Record::Left(nodes) => format!("{} nodes without a seat", nodes.len()),
        Record::Over(epoch) => format!("epoch {epoch} is over"),
    }
}
