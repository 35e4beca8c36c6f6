//! Where a node's processor time goes: its signatures and its ledgers, each timed.

use std::{
    ops::{Add, Sub},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use alloy::primitives::{Address, B256, Bytes};
use conet_committee::{
    archive::{ProvenNotice, ProvenStanding},
    keys::{Compact, Keys},
    ledger::{Built, ExecuteError, Ledgers},
};
use conet_dle::keys::WalletKey;
use conet_ledger::block::{Body, Header, Outcome, Proposal, SignedTransaction};
use conet_measure::{median, thread_cpu_ns};

use crate::ledgers::Memory;

/// What is timed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Sign,
    Check,
    Execute,
    Build,
    Validate,
}

const PARTS: usize = 5;

/// Processor time of a node, or of several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spent {
    /// All of it, nanoseconds.
    pub(crate) all_ns: u64,
    ns: [u64; PARTS],
    counts: [u64; PARTS],
}

impl Spent {
    pub(crate) fn ns(&self, part: Part) -> u64 {
        self.ns.get(part as usize).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self, part: Part) -> u64 {
        self.counts.get(part as usize).copied().unwrap_or_default()
    }

    /// Executing, building and validating blocks.
    pub(crate) fn blocks_ns(&self) -> u64 {
        [Part::Execute, Part::Build, Part::Validate].into_iter().map(|part| self.ns(part)).sum()
    }
}

fn each(one: Spent, other: Spent, of: fn(u64, u64) -> u64) -> Spent {
    let both = |a: [u64; PARTS], b: [u64; PARTS]| {
        let mut both = a;
        both.iter_mut().zip(b).for_each(|(a, b)| *a = of(*a, b));
        both
    };
    Spent {
        all_ns: of(one.all_ns, other.all_ns),
        ns: both(one.ns, other.ns),
        counts: both(one.counts, other.counts),
    }
}

impl Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        each(self, other, u64::saturating_add)
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        each(self, other, u64::saturating_sub)
    }
}

/// Counts one node's time. Reading the clock is a system call: what that takes is not counted.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    all_ns: AtomicU64,
    ns: [AtomicU64; PARTS],
    counts: [AtomicU64; PARTS],
    /// Within the step that is timed now.
    reads: AtomicU64,
}

impl Meter {
    pub(crate) fn spent(&self) -> Spent {
        let read = |from: &[AtomicU64; PARTS]| {
            std::array::from_fn(|at| match from.get(at) {
                Some(count) => count.load(Relaxed),
                None => 0,
            })
        };
        Spent { all_ns: self.all_ns.load(Relaxed), ns: read(&self.ns), counts: read(&self.counts) }
    }

    /// Times a whole step.
    pub(crate) fn step<T>(&self, work: impl FnOnce() -> T) -> T {
        self.reads.store(0, Relaxed);
        let start = thread_cpu_ns();
        let done = work();
        let took = thread_cpu_ns() - start;
        let reads = 1 + self.reads.load(Relaxed);
        self.all_ns.fetch_add(took.saturating_sub(reads * read_ns()), Relaxed);
        done
    }

    fn part<T>(&self, part: Part, work: impl FnOnce() -> T) -> T {
        let start = thread_cpu_ns();
        let done = work();
        let took = thread_cpu_ns() - start;
        self.reads.fetch_add(2, Relaxed);
        if let (Some(ns), Some(count)) =
            (self.ns.get(part as usize), self.counts.get(part as usize))
        {
            ns.fetch_add(took.saturating_sub(read_ns()), Relaxed);
            count.fetch_add(1, Relaxed);
        }
        done
    }
}

/// What reading the clock of a thread takes.
fn read_ns() -> u64 {
    static READ: OnceLock<u64> = OnceLock::new();
    *READ.get_or_init(|| {
        let pair = |_| {
            let first = thread_cpu_ns();
            (thread_cpu_ns() - first) as f64
        };
        median(&(0..1_001).map(pair).collect::<Vec<_>>()) as u64
    })
}

/// A node's keys, or its ledgers, with its meter.
pub(crate) struct Metered<T> {
    pub(crate) of: T,
    pub(crate) meter: Arc<Meter>,
}

impl Keys for Metered<WalletKey> {
    fn sign(&self, digest: B256) -> Compact {
        self.meter.part(Part::Sign, || self.of.sign(digest))
    }

    fn verify(&self, wallet: Address, digest: B256, signature: &Compact) -> bool {
        self.meter.part(Part::Check, || self.of.verify(wallet, digest, signature))
    }
}

impl Ledgers for Metered<Memory> {
    fn has(&self, block: B256) -> bool {
        // This, and what follows below, is not worth reading a clock for.
        self.of.has(block)
    }

    fn execute(&mut self, proposal: &Proposal, body: &Body) -> Result<Outcome, ExecuteError> {
        self.meter.part(Part::Execute, || self.of.execute(proposal, body))
    }

    fn validate(
        &self,
        genesis: B256,
        proposal: &Proposal,
        body: &Body,
        witness: &[u8],
    ) -> Result<Outcome, ExecuteError> {
        self.meter.part(Part::Validate, || self.of.validate(genesis, proposal, body, witness))
    }

    fn build(
        &mut self,
        draft: Proposal,
        transactions: &mut Vec<SignedTransaction>,
    ) -> Option<Built> {
        self.meter.part(Part::Build, || self.of.build(draft, transactions))
    }

    fn may_come(&self, block: B256, transaction: &SignedTransaction) -> bool {
        self.of.may_come(block, transaction)
    }

    fn finalized(&mut self, chain: B256, block: B256) {
        self.of.finalized(chain, block);
    }

    fn export(&self, block: B256) -> Option<(Header, Bytes)> {
        self.of.export(block)
    }

    fn import(&mut self, genesis: B256, header: &Header, state: &[u8]) -> bool {
        self.of.import(genesis, header, state)
    }

    fn keep_notice(&mut self, proven: Arc<ProvenNotice>) {
        self.of.keep_notice(proven);
    }

    fn keep_standing(&mut self, standing: Option<Arc<ProvenStanding>>) {
        self.of.keep_standing(standing);
    }

    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        self.of.notice(chain)
    }
}
