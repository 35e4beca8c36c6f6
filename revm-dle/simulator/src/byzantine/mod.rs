//! Liars: each does what an honest node does, but for one thing.

mod accuser;
mod colluder;
mod equivocator;
mod flooder;
mod forker;
mod late_signer;
mod misdealer;
mod refuser;
mod replayer;
mod rusher;
mod shortener;
mod silent;
mod trap_signer;
mod withholder;
mod wrong_root;

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::{
        Named, State,
        item::{Word, impossible, with_outcome},
    },
    keys::NodeId,
    message::Message,
    seats::Seats,
    vote::Voting,
};
use conet_ledger::block::{Body, Header};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// What a liar knows besides what an honest node does.
pub(crate) struct Liar<'a> {
    pub(crate) voting: &'a Voting,
    pub(crate) rng: &'a mut ChaCha8Rng,
    pub(crate) now_ms: u64,
    /// Who lies, too.
    pub(crate) friends: &'a [NodeId],
    pub(crate) seats: &'a Seats,
    /// After the newest final entry, if it is an archive node.
    pub(crate) state: Option<&'a State>,
    /// Whom the main chain names for its group's next epoch.
    pub(crate) named: Option<&'a Named>,
    pub(crate) members: &'a [NodeId],
    /// All blocks that were ever sent.
    pub(crate) blocks: &'a BTreeMap<B256, (Header, Body)>,
}

impl Liar<'_> {
    /// Anybody.
    pub(crate) fn somebody(&mut self) -> NodeId {
        let all = self.seats.nodes().iter().chain(self.members);
        let place = self.rng.random_range(0..self.seats.count() + self.members.len());
        all.copied().nth(place).unwrap_or(NodeId(0))
    }

    /// The same word, but for an outcome that nobody computed.
    pub(crate) fn refusal(&self, word: &Word, block: B256) -> Option<Word> {
        let (header, _) = self.blocks.get(&block)?;
        let mut vote = word.ballot.vote;
        vote.block = with_outcome(header, &impossible()).hash();
        Some(Word { ballot: self.voting.cast(vote), outcome: Some(impossible()) })
    }
}

/// How a node lies.
pub(crate) trait Behaviour {
    /// Changes what an honest node would do.
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action>;

    /// A message came.
    fn hear(&mut self, _message: &Message) {}

    /// How many signatures it released for blocks that were void by then.
    fn released(&self) -> usize {
        0
    }
}

/// A way to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kind(&'static str);

/// All of them.
const KINDS: [&str; 13] = [
    "accuser",
    "colluder",
    "equivocator",
    "flooder",
    "forker",
    "late-signer",
    "refuser",
    "replayer",
    "rusher",
    "silent",
    "trap-signer",
    "withholder",
    "wrong-root",
];

/// Those that do something in ceremonies alone: a run without them has none by itself.
const CEREMONIAL: [&str; 2] = ["misdealer", "shortener"];

impl Kind {
    /// Its ledgers lie, not what it says.
    pub(crate) const WRONG_ROOT: Self = Self("wrong-root");

    /// Says nothing at all.
    pub(crate) const DEAD: Self = Self("dead");

    /// All ways to lie.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.into_iter().chain(CEREMONIAL).map(Self)
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.0 == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    pub(crate) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self(KINDS.get(rng.random_range(0..KINDS.len())).copied().unwrap_or("silent"))
    }
}

/// How a kind acts.
pub(crate) fn behaviour(kind: Kind) -> Box<dyn Behaviour> {
    match kind.0 {
        "accuser" => Box::new(accuser::Accuser::default()),
        "colluder" => Box::new(colluder::Colluder),
        "dead" => Box::new(silent::Dead),
        "equivocator" => Box::new(equivocator::Equivocator::default()),
        "flooder" => Box::new(flooder::Flooder::default()),
        "forker" => Box::new(forker::Forker::default()),
        "late-signer" => Box::new(late_signer::LateSigner::default()),
        "misdealer" => Box::new(misdealer::Misdealer),
        "refuser" => Box::new(refuser::Refuser),
        "replayer" => Box::new(replayer::Replayer::default()),
        "rusher" => Box::new(rusher::Rusher::default()),
        "shortener" => Box::new(shortener::Shortener::default()),
        "trap-signer" => Box::new(trap_signer::TrapSigner::default()),
        "withholder" => Box::new(withholder::Withholder),
        "wrong-root" => Box::new(wrong_root::WrongRoot),
        _ => Box::new(silent::Silent::default()),
    }
}
