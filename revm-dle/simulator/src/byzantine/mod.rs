//! Liars: each does what an honest node does, but for one thing.

mod colluder;
mod equivocator;
mod late_signer;
mod refuser;
mod silent;
mod withholder;
mod wrong_root;

use conet_committee::{Action, keys::NodeId, vote::Voting};
use rand_chacha::ChaCha8Rng;

/// What a liar knows besides what an honest node does.
pub(crate) struct Liar<'a> {
    pub(crate) voting: &'a Voting,
    pub(crate) rng: &'a mut ChaCha8Rng,
    pub(crate) now_ms: u64,
    /// Who lies, too.
    pub(crate) friends: &'a [NodeId],
}

/// How a node lies.
pub(crate) trait Behaviour {
    /// Changes what an honest node would do.
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action>;
}

/// The names of all ways to lie.
pub(crate) const KINDS: [&str; 7] =
    ["colluder", "equivocator", "late-signer", "refuser", "silent", "withholder", "wrong-root"];

/// A way to lie by its name.
pub(crate) fn behaviour(kind: &str) -> Option<Box<dyn Behaviour>> {
    Some(match kind {
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
