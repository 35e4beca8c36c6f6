//! A member's part in one chain.

use std::collections::BTreeMap;

use alloy::primitives::{B256, Bytes};
use conet_ledger::block::{Body, Proposal, SignedTransaction};

use crate::{
    archive::{
        Notice, ProvenNotice,
        item::{CertifiedHeader, Word},
    },
    keys::NodeId,
    message::Proposed,
    vote::Ballot,
};

/// What a member knows of a chain.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) proven: ProvenNotice,
    /// The entry that the notice is of.
    pub(super) logged: u64,
    /// Whether the notice is in the journal.
    pub(super) is_written: bool,
    /// What this member said, by height and view.
    pub(super) said: BTreeMap<(u64, u64), Word>,
    /// The creator's vote that this member saw first, by height and view.
    pub(super) creates: BTreeMap<(u64, u64), Ballot>,
    /// Blocks to sign that wait for a notice, a parent or a state: with who asked.
    pub(super) held: Vec<(NodeId, Asked)>,
    /// As creator: blocks under way, by height.
    pub(super) making: BTreeMap<u64, Making>,
    /// Transactions that wait, and since when.
    pub(super) transactions: Vec<(SignedTransaction, u64)>,
    /// When the view began here, or the last block was final.
    pub(super) moved_ms: u64,
}

/// A block to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// As a witness.
    Witness(Box<Proposed>),
    /// As a validator.
    Validate(Box<Blind>),
}

/// A block without what it should give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blind {
    pub(super) proposal: Proposal,
    pub(super) body: Body,
    pub(super) witness: Bytes,
    pub(super) parent: Option<Box<CertifiedHeader>>,
}

impl Asked {
    pub(super) fn proposal(&self) -> &Proposal {
        match self {
            Self::Witness(proposed) => &proposed.header.proposal,
            Self::Validate(blind) => &blind.proposal,
        }
    }
}

/// A block that this member makes.
#[derive(Debug, Clone)]
pub(super) struct Making {
    pub(super) hash: B256,
    pub(super) proposed: Proposed,
    pub(super) witness: Bytes,
    pub(super) votes: BTreeMap<NodeId, Ballot>,
    pub(super) certified: Option<CertifiedHeader>,
    pub(super) since_ms: u64,
}

impl Part {
    pub(super) const fn new(proven: ProvenNotice, logged: u64, now_ms: u64) -> Self {
        Self {
            proven,
            logged,
            is_written: false,
            said: BTreeMap::new(),
            creates: BTreeMap::new(),
            held: Vec::new(),
            making: BTreeMap::new(),
            transactions: Vec::new(),
            moved_ms: now_ms,
        }
    }

    pub(super) const fn notice(&self) -> &Notice {
        &self.proven.notice
    }

    /// Chain time, as it was told last.
    pub(super) fn time_ms(&self) -> u64 {
        self.proven.time_ms()
    }

    /// Whether something is under way that time or a newer notice may end.
    pub(super) fn is_busy(&self) -> bool {
        !self.transactions.is_empty() || !self.making.is_empty() || !self.held.is_empty()
    }

    /// A newer notice: what it made void goes.
    pub(super) fn renew(&mut self, proven: ProvenNotice, logged: u64, now_ms: u64) {
        let (before, now) = (self.notice().clone(), &proven.notice);
        if (before.view, before.height) != (now.view, now.height) {
            self.moved_ms = now_ms;
        }
        let (height, view) = (now.height, now.view);
        self.making
            .retain(|at, making| *at > height && making.proposed.header.proposal.view == view);
        self.held.retain(|(_, asked)| {
            let about = asked.proposal();
            about.height > height && about.view >= view
        });
        self.said.retain(|(at, _), _| *at > height);
        self.creates.retain(|(at, _), _| *at > height);
        self.proven = proven;
        (self.logged, self.is_written) = (logged, false);
    }
}
