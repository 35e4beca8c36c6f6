//! Traps: a validator that signs without executing is found out (white paper, *Tragedy of Commons*).
//!
//! A validator is handed a block without its outcome. So who does not execute can only sign what somebody **tells** it:
//! the creator, or whoever leaks it. Blocks are right nearly always, so that would go unnoticed, and the validator's word
//! would be worth nothing on the day it is needed. A trap is a wrong outcome, told beside a real request:
//!
//! ```text
//! creator ── Join, with H(secret) ─► log                       long before: nobody is drawn without its wish
//! creator ── Validate (body, witness) ─► validator             as always
//! creator ── Told (header with a tag for a state root) ─► validator      at places that the secret names, one in `trap_one_in`
//! validator ── Vote for what executing gives ─► creator        the block goes on: nothing was lost
//!           or Vote for what it was told
//! creator ── Caught (secret, told header, vote) ─► seats ─► log          the validator is out for good, and slashed
//! ```
//!
//! The tag is `H(secret, proposal)`. What follows from that:
//!
//! - *No block, no vote.* Executing gives no tag, so no honest seat accepts such a header, and the creator signs none. A
//!   vote for it counts nowhere: it names another header than the creator's.
//! - *Nobody honest is caught.* Who executes signs what comes out, whatever it is told. A secret whose tag is the root that
//!   executing that same proposal gives is as hard to find as any preimage; so it makes no difference who sets a trap, for
//!   whom, why, or when it was committed. Nothing is at stake but the validator's own signature.
//! - *Every seat judges for itself,* by hashes alone: the commitment is in the log, the place is one that the secret names,
//!   the root is the tag, the vote is the validator's. No words are needed, no time passes, no view is lost. A contract
//!   could judge the same.
//! - *It looks like a leak.* A root looks like a tag. Told is what executing gives but for the root, in the place of a real
//!   request, by the one who asks. The commitment comes with a wish to be drawn, so all who make blocks have one all the
//!   time, and it says nothing about when.
//! - *Nobody can believe what it is told.* That is the point: honest creators tell wrong outcomes only, and whoever offers
//!   right ones can set a trap any day, at no risk. A vote that agrees with the creator because creator and validator are
//!   one is beyond any trap; there seats find the wrong block, as ever, and both go.
//! - *Committed beforehand:* the secret fixes all its places before the first request, and the log knows its hash since the
//!   creator's wish. A creator sets traps only by a secret that its notice names: that of its newest wish when the newest
//!   block became final. A secret that was shown is known to all: its creator wishes anew, and uses it no more.
//!
//! Witnesses are told the outcome by the protocol itself. To trap them, a creator would have to sign a wrong block, and
//! its own proof of innocence could come late; so they are not trapped.

use alloy::primitives::{B256, keccak256};
use conet_bindings::ledger::Offence;
use conet_ledger::block::{Header, Proposal};
use serde::{Deserialize, Serialize};

use super::{
    error::{ItemError, Result},
    item::{block_vote, impossible, with_outcome},
    state::{Finding, State},
};
use crate::{
    keys::NodeId,
    vote::{Ballot, Phase},
};

/// By what a chain's creator sets its traps there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Commitment {
    /// The number of the wish that brought it into the log.
    pub number: u64,
    /// [`commit`] of the secret.
    pub hash: B256,
    /// Of so many places, one is trapped.
    pub one_in: u64,
}

/// Whoever fell into a trap, and why it was one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Caught {
    /// Who set it.
    pub setter: NodeId,
    /// What it had committed to.
    pub secret: B256,
    /// What the validator was told.
    pub told: Header,
    /// What it signed.
    pub ballot: Ballot,
}

/// What a wish has of a secret.
#[must_use]
pub fn commit(secret: B256) -> B256 {
    keccak256([b"CoNET trap commitment".as_slice(), secret.as_slice()].concat())
}

/// What a node signs to have the secret of one of its wishes: the same after a restart, and nobody else's to know.
#[must_use]
pub fn secret_hash(number: u64) -> B256 {
    let number = number.to_be_bytes();
    keccak256([b"CoNET trap secret".as_slice(), &number].concat())
}

/// Whether a secret names the place of a block.
#[must_use]
pub fn is_place(secret: B256, about: &Proposal, one_in: u64) -> bool {
    let mut preimage = [b"CoNET trap place".as_slice(), secret.as_slice()].concat();
    preimage.extend(about.chain);
    preimage.extend([about.height, about.view, about.epoch].iter().flat_map(|it| it.to_be_bytes()));
    let word = keccak256(preimage).as_chunks().0.first().copied().map(u64::from_be_bytes);
    one_in > 0 && word.is_some_and(|word| word.is_multiple_of(one_in))
}

/// What executing a proposal never gives. Of what is told, all but the proposal is left out.
fn tag(secret: B256, block: &Header) -> B256 {
    let proposal = with_outcome(block, &impossible()).hash();
    keccak256([b"CoNET trap tag".as_slice(), secret.as_slice(), proposal.as_slice()].concat())
}

/// What a validator is told of a block in a trap.
#[must_use]
pub fn told(secret: B256, block: &Header) -> Header {
    let mut told = block.clone();
    told.outcome.state_root = tag(secret, block);
    told
}

impl Caught {
    /// Whether the ballot is a validator's, for what it was told.
    #[must_use]
    pub fn is_for_told(&self) -> bool {
        self.ballot.vote == block_vote(&self.told, Phase::Validate, self.told.hash())
    }

    /// The chain in which it was set.
    #[must_use]
    pub const fn chain(&self) -> B256 {
        self.told.proposal.chain
    }
}

impl State {
    /// Whether a trap was one, and somebody fell into it.
    ///
    /// # Errors
    /// [`ItemError`].
    pub(crate) fn check_caught(&self, caught: &Caught) -> Result<()> {
        let Caught { setter, secret, told, ballot } = caught;
        if self.barred.contains(&ballot.voter) {
            return Err(ItemError::Nothing);
        }
        let about = &told.proposal;
        let is_trap = self.has_committed(*setter, commit(*secret))
            && is_place(*secret, about, self.rules.trap_one_in)
            && told.outcome.state_root == tag(*secret, told);
        if !is_trap {
            return Err(ItemError::NoTrap { setter: *setter });
        }
        if !caught.is_for_told() {
            return Err(ItemError::Votes);
        }
        self.check_signatures([ballot])
    }

    /// Who signed what it was told never comes back.
    pub(super) fn catch(&mut self, caught: &Caught) -> Result<()> {
        self.check_caught(caught)?;
        let (node, about) = (caught.ballot.voter, &caught.told.proposal);
        self.findings.push(Finding {
            node,
            phase: Phase::Validate,
            chain: about.chain,
            height: about.height,
            view: about.view,
            offence: Offence::Trap.into(),
        });
        self.bar(node);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
