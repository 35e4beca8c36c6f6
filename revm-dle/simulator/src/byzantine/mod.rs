//! Liars: each does what an honest node does, but for one thing.

mod colluder;
mod equivocator;
mod late_signer;
mod refuser;
mod silent;
mod withholder;
mod wrong_root;

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::item::{Word, impossible, with_outcome},
    keys::NodeId,
    vote::Voting,
};
use conet_ledger::block::{Body, Header};
use rand_chacha::ChaCha8Rng;

/// What a liar knows besides what an honest node does.
pub(crate) struct Liar<'a> {
    pub(crate) voting: &'a Voting,
    pub(crate) rng: &'a mut ChaCha8Rng,
    pub(crate) now_ms: u64,
    /// Who lies, too.
    pub(crate) friends: &'a [NodeId],
    /// All blocks that were ever sent.
    pub(crate) blocks: &'a BTreeMap<B256, (Header, Body)>,
}

impl Liar<'_> {
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
}

/// Says nothing at all.
struct Dead;

impl Behaviour for Dead {
    fn twist(&mut self, _actions: Vec<Action>, _liar: &mut Liar<'_>) -> Vec<Action> {
        Vec::new()
    }
}

/// The names of all ways to lie.
pub(crate) const KINDS: [&str; 7] =
    ["colluder", "equivocator", "late-signer", "refuser", "silent", "withholder", "wrong-root"];

/// A way to lie by its name.
pub(crate) fn behaviour(kind: &str) -> Option<Box<dyn Behaviour>> {
    Some(match kind {
        "dead" => Box::new(Dead),
        "colluder" => Box::new(colluder::Colluder),
        "equivocator" => Box::new(equivocator::Equivocator),
        "late-signer" => Box::new(late_signer::LateSigner::default()),
        "refuser" => Box::new(refuser::Refuser),
        "silent" => Box::new(silent::Silent::default()),
        "withholder" => Box::new(withholder::Withholder),
        "wrong-root" => Box::new(wrong_root::WrongRoot),
        _ => return None,
    })
}
