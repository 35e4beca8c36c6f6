//! Sends junk that looks like messages: votes in the names of others, certificates of one voter, entries that are too
//! long, notices that nobody decided, traps that nobody fell into, states in which a bit is another. Nothing of it may
//! count; what it says besides is honest, but that it is fickle in what it wishes for.

use alloy::primitives::{B256, Bytes, keccak256};
use conet_bindings::roles;
use conet_committee::{
    Action,
    archive::{
        Image, Item, ProvenNotice,
        item::{CertifiedHeader, Joining, Returning, SeedOf, Word, block_vote},
        traps::{self, Caught},
    },
    keys::{Compact, NodeId},
    log::{Certificate, Entry, LogMessage},
    message::{Message, Proposed},
    roulette::pool::Offer,
    vote::{Ballot, Phase},
};
use rand::Rng as _;

use conet_ledger::block::Header;

use super::{Behaviour, Liar};
use crate::keys::TRAP_ONE_IN;

/// More items than an entry may have.
const ITEMS: usize = 1_100;

/// More certificates than an answer may have.
const CERTIFICATES: usize = 70;

/// What it heard last, of each sort that it garbles.
#[derive(Default)]
pub(crate) struct Flooder {
    vote: Option<Ballot>,
    word: Option<(Word, B256)>,
    entry: Option<Entry>,
    notice: Option<ProvenNotice>,
    proposed: Option<Proposed>,
    block: Option<(CertifiedHeader, conet_ledger::block::Body)>,
    /// A member's vote on its own block.
    given: Option<Word>,
    /// The number of its own last wish.
    number: u64,
}

impl Behaviour for Flooder {
    fn twist(&mut self, mut actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        for action in &mut actions {
            match action {
                Action::Send(_, Message::Frozen(frozen)) => *frozen = garbled(frozen, liar),
                Action::Send(_, Message::Pages(pages)) => {
                    let image = Image { head: Bytes::new(), pages: std::mem::take(pages) };
                    *pages = garbled(&image, liar).pages;
                }
                Action::Send(_, Message::Join(joining)) => {
                    self.number = joining.number;
                    *joining = fickle(joining, liar);
                }
                _ => {}
            }
        }
        while liar.rng.random_ratio(1, 3) {
            if let Some((creator, junk)) = self.forged_signer(liar) {
                actions.push(Action::Send(creator, junk));
            }
            if let Some(junk) = self.junk(liar) {
                if liar.rng.random_bool(0.5) {
                    let all = liar.seats.nodes().iter().filter(|seat| **seat != liar.voting.me);
                    actions.extend(all.map(|seat| Action::Send(*seat, junk.clone())));
                } else {
                    actions.push(Action::Send(liar.somebody(), junk));
                }
            }
        }
        actions
    }

    fn hear(&mut self, message: &Message) {
        match message {
            Message::Log(LogMessage::Vote(ballot)) => self.vote = Some(ballot.clone()),
            Message::Log(LogMessage::Propose(entry, ballot)) => {
                (self.vote, self.entry) = (Some(ballot.clone()), Some((**entry).clone()));
            }
            Message::Word(word, hash) => self.word = Some((word.clone(), *hash)),
            Message::Notice(notice) => self.notice = Some((**notice).clone()),
            Message::Vote(word) => self.given = Some(word.clone()),
            Message::Propose(proposed) => self.proposed = Some((**proposed).clone()),
            Message::Certified(block, body) => {
                self.block = Some(((**block).clone(), body.clone()));
            }
            _ => {}
        }
    }
}

/// Another waits to be drawn, who said nothing.
fn forged_wish(liar: &mut Liar<'_>) -> Message {
    let (node, number) = (liar.somebody(), liar.rng.random());
    let offer = liar.voting.offer(node);
    Message::Join(Joining { offer, number, trap: B256::ZERO, signature: forged(liar) })
}

/// Its own wish, for less; by turns for nothing at all. The same before all seats.
fn fickle(joining: &Joining, liar: &Liar<'_>) -> Joining {
    let Joining { mut offer, number, trap, .. } = *joining;
    match (number + offer.node.0) % 4 {
        0 => offer = Offer::nothing(offer.node),
        1 => offer.seats = 1,
        2 => offer.roles &= roles::VALIDATOR,
        _ => {}
    }
    let signed = Joining::struct_hash(liar.seats.log, &offer, number, trap);
    Joining { offer, number, trap, signature: liar.voting.sign(signed) }
}

/// It waits itself, with more lots than its stake is enough for.
fn boast(liar: &mut Liar<'_>) -> Message {
    let offer = Offer { seats: 1_000, ..liar.voting.offer(liar.voting.me) };
    let number = liar.rng.random();
    let signed = Joining::struct_hash(liar.seats.log, &offer, number, B256::ZERO);
    let (trap, signature) = (B256::ZERO, liar.voting.sign(signed));
    Message::Join(Joining { offer, number, trap, signature })
}

/// A signature of nobody.
fn forged(liar: &mut Liar<'_>) -> Compact {
    let mut signature = Compact::ZERO;
    liar.rng.fill(signature.as_mut_slice());
    signature
}

/// The same state, but for one bit: some of those can be read.
/// With one bit that is another, in the head or on a page.
fn garbled(image: &Image, liar: &mut Liar<'_>) -> Image {
    let mut garbled = image.clone();
    let page = liar.rng.random_range(0..=garbled.pages.len());
    let page = garbled.pages.get_mut(page).map(|page| &mut page.chains);
    let part = page.unwrap_or(&mut garbled.head);
    let (mut bytes, place) = (part.to_vec(), liar.rng.random_range(0..part.len().max(1)));
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= 1;
    }
    *part = bytes.into();
    garbled
}

fn somehow(liar: &mut Liar<'_>) -> B256 {
    keccak256(liar.rng.random::<u64>().to_be_bytes())
}

impl Flooder {
    fn junk(&self, liar: &mut Liar<'_>) -> Option<Message> {
        Some(match liar.rng.random_range(0..15) {
            0 => Message::Log(LogMessage::Vote(self.forged_vote(liar)?)),
            1 => Message::Log(LogMessage::Certificates(self.lonely_certificates(liar)?)),
            2 => self.long_entry(liar)?,
            3 => self.entry_of_another(liar)?,
            4 => Message::Notice(Box::new(self.invented_notice(liar)?)),
            5 => self.forged_word(liar)?,
            6 => self.forged_block(liar)?,
            7 => self.lonely_block(liar)?,
            8 => {
                let height = liar.rng.random_range(0..200);
                Message::SeedPart { height, part: Bytes::from(somehow(liar).to_vec()) }
            }
            9 => {
                if liar.rng.random() {
                    boast(liar)
                } else {
                    forged_wish(liar)
                }
            }
            10 => {
                let (node, since) = (liar.somebody(), liar.rng.random_range(0..1_000));
                Message::Return(Returning { node, since, signature: forged(liar) })
            }
            11 => self.forged_evidence(liar)?,
            13 => Message::Caught(Box::new(self.false_trap(liar)?)),
            12 => Message::Log(LogMessage::Status { view: 0, final_view: liar.rng.random() }),
            _ => Message::FetchBlock { hash: somehow(liar) },
        })
    }

    /// In the name of another, for something else.
    fn forged_vote(&self, liar: &mut Liar<'_>) -> Option<Ballot> {
        let mut vote = self.vote.as_ref()?.vote;
        vote.view += liar.rng.random_range(0..3);
        let is_last = liar.rng.random_bool(0.5);
        vote.phase = if is_last { Phase::Finalize } else { Phase::Notarize }.number();
        vote.block = if liar.rng.random_bool(0.5) { B256::ZERO } else { somehow(liar) };
        Some(Ballot::alone(self.seat(liar), vote, forged(liar)))
    }

    fn seat(&self, liar: &mut Liar<'_>) -> NodeId {
        let place = liar.rng.random_range(0..liar.seats.count());
        liar.seats.nodes().get(place).copied().unwrap_or(NodeId(0))
    }

    /// Its own vote, as often as a quorum has members; or that of another epoch.
    fn lonely_certificates(&self, liar: &mut Liar<'_>) -> Option<Vec<Certificate>> {
        let view = self.vote.as_ref()?.vote.view + liar.rng.random_range(0..2);
        let phase = if liar.rng.random_bool(0.5) { Phase::Finalize } else { Phase::Notarize };
        let entry = self.entry.as_ref().map_or(B256::ZERO, Entry::id);
        let nullifies = phase == Phase::Finalize && liar.rng.random_bool(0.5);
        let entry = if nullifies { B256::ZERO } else { entry };
        let ballot = liar.voting.cast(liar.seats.vote(phase, view, entry));
        let one = (liar.voting.me, ballot.signature);
        let signatures = match liar.rng.random_range(0..3) {
            0 => vec![one; liar.seats.quorum()],
            1 => liar.seats.nodes().iter().map(|seat| (*seat, ballot.signature)).collect(),
            _ => vec![one],
        };
        let count = if liar.rng.random_ratio(1, 20) { CERTIFICATES } else { 1 };
        Some(vec![Certificate { phase, view, entry, signatures }; count])
    }

    /// Of this node as a leader, with more items than are allowed.
    fn long_entry(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let mut entry = self.entry.clone()?;
        let count = if liar.rng.random_ratio(1, 20) { ITEMS } else { 3 };
        let seed = SeedOf { height: entry.header.height, signature: Bytes::new() };
        entry.items = vec![Item::Seed(seed); count];
        entry.header.items_hash = Item::hash_all(&entry.items);
        Some(self.as_leader(entry, liar))
    }

    fn as_leader(&self, mut entry: Entry, liar: &mut Liar<'_>) -> Message {
        // The next view that is this node's to lead, so that nobody can say that it voted twice.
        let view = entry.header.view + 1;
        let mut turns = view..view + liar.seats.count() as u64;
        let view = turns.find(|view| liar.seats.leader(*view) == liar.voting.me).unwrap_or(view);
        entry.header.view = view;
        let vote = liar.seats.vote(Phase::Notarize, view, entry.id());
        let ballot = Ballot::alone(liar.voting.me, vote, forged(liar));
        Message::Log(LogMessage::Propose(Box::new(entry), ballot))
    }

    /// An entry with a leader's name under it, or items that its header does not name.
    fn entry_of_another(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let mut entry = self.entry.clone()?;
        entry.header.time_ms += 1;
        if liar.rng.random_bool(0.5) {
            entry.items.clear();
        }
        let leader = liar.seats.leader(entry.header.view);
        let vote = liar.seats.vote(Phase::Notarize, entry.header.view, entry.id());
        let ballot = Ballot::alone(leader, vote, forged(liar));
        Some(Message::Log(LogMessage::Propose(Box::new(entry), ballot)))
    }

    /// The last notice, a block further, under the same votes.
    fn invented_notice(&self, liar: &mut Liar<'_>) -> Option<ProvenNotice> {
        let mut proven = self.notice.clone()?;
        proven.notice.height += 1;
        proven.notice.hash = somehow(liar);
        if let Some(first) = proven.proof.headers.first_mut() {
            first.height += liar.rng.random_range(0..3);
        }
        Some(proven)
    }

    fn forged_word(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let (mut word, hash) = self.word.clone()?;
        word.ballot.voter = self.seat(liar);
        word = liar.refusal(&word, hash)?;
        word.ballot.voter = self.seat(liar);
        word.ballot.signature = forged(liar);
        Some(Message::Word(word, hash))
    }

    /// The vote of another witness or validator for the creator's block, which that never gave.
    fn forged_signer(&self, liar: &mut Liar<'_>) -> Option<(NodeId, Message)> {
        let (proposed, proven) = (self.proposed.as_ref()?, self.notice.as_ref()?);
        let (header, hash) = (&proposed.header, proposed.header.hash());
        let signers = proven.notice.signers(header.proposal.height)?;
        let place = liar.rng.random_range(0..signers.iter().len());
        let (voter, phase) = signers.iter().nth(place)?;
        if voter == proposed.create.voter || proven.notice.chain != header.proposal.chain {
            return None;
        }
        let ballot = Ballot::alone(voter, block_vote(header, phase, hash), forged(liar));
        let word = Word { ballot, outcome: Some(header.outcome.clone()) };
        Some((proposed.create.voter, Message::Vote(word)))
    }

    /// A creator's block that the creator never made.
    fn forged_block(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let mut proposed = self.proposed.clone()?;
        proposed.header.proposal.time_ms += liar.rng.random_range(0..2);
        let hash = proposed.header.hash();
        proposed.create.vote = block_vote(&proposed.header, Phase::Create, hash);
        proposed.create.signature = forged(liar);
        Some(Message::Propose(Box::new(proposed)))
    }

    /// A block with the votes of some of its group, one of them as often as it takes.
    fn lonely_block(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let (mut block, body) = self.block.clone()?;
        let first = block.ballots.first().cloned()?;
        if liar.rng.random_bool(0.5) {
            block.ballots.truncate(1);
        }
        block.ballots = block.ballots.iter().map(|_| first.clone()).collect();
        Some(Message::Certified(Box::new(block), body))
    }

    /// A trap that is none: it told another, or signs itself, something else than a trap would.
    fn false_trap(&self, liar: &mut Liar<'_>) -> Option<Caught> {
        let given = self.given.as_ref()?;
        let (block, _) = liar.blocks.get(&given.ballot.vote.block)?;
        let setter = liar.voting.me;
        let mine = traps::secret_hash(self.number);
        let mine = keccak256(liar.voting.sign(mine));
        let sign = |told: &Header, voter, signature: Option<Compact>| {
            let vote = block_vote(told, Phase::Validate, told.hash());
            let signature = signature.unwrap_or_else(|| liar.voting.cast(vote).signature);
            Ballot::alone(voter, vote, signature)
        };
        let is_place = |secret| traps::is_place(secret, &block.proposal, TRAP_ONE_IN);
        let told = traps::told(mine, block);
        match liar.rng.random_range(0..3) {
            // The right block, which the other did sign.
            0 => {
                let (told, ballot) = (block.clone(), given.ballot.clone());
                Some(Caught { setter, secret: mine, told, ballot })
            }
            // What the other never signed.
            1 => {
                let ballot = sign(&told, given.ballot.voter, Some(given.ballot.signature));
                Some(Caught { setter, secret: mine, told, ballot })
            }
            // What itself signs, at another place, or by a secret that nobody committed to.
            _ if !is_place(mine) => {
                let ballot = sign(&told, setter, None);
                Some(Caught { setter, secret: mine, told, ballot })
            }
            _ => {
                let secret = Some(somehow(liar)).filter(|secret| is_place(*secret))?;
                let told = traps::told(secret, block);
                let ballot = sign(&told, setter, None);
                Some(Caught { setter, secret, told, ballot })
            }
        }
    }

    /// Two votes of another that it never gave.
    fn forged_evidence(&self, liar: &mut Liar<'_>) -> Option<Message> {
        let first = self.vote.clone()?;
        let mut second = first.clone();
        second.vote.block = somehow(liar);
        second.signature = forged(liar);
        Some(Message::Evidence(first, second))
    }
}
