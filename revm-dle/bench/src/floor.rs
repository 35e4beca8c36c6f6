//! What one payment costs at least: what each role must execute, check and sign for it, and nothing else.

use conet_committee::{keys::Keys as _, roulette::request::SEED_DELAY};
use conet_ledger::{
    build::{Built, Candidates, Draft, build},
    execute::{Block, execute},
    handout::Handout,
    trie::InMemory,
};
use conet_measure::{BenchError, cpu_ns_each, failed, wrong};

use alloy::primitives::keccak256;

use crate::note::{Live, Mint, key, opening};

/// What one of each takes, in nanoseconds of processor time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Units {
    pub(crate) sign: f64,
    /// Also what finding a payment's sender takes, which is in the next three.
    pub(crate) check: f64,
    /// A block of one payment, on the state.
    pub(crate) execute: f64,
    /// Making it, with its witness.
    pub(crate) build: f64,
    /// Executing it on its witness, from the bytes that a validator is handed.
    pub(crate) validate: f64,
}

/// A block of one payment on a note of four owners, to execute again and again.
pub(crate) struct Sample {
    mint: Mint,
    pub(crate) before: Live,
    draft: Draft,
    candidates: Candidates,
    pub(crate) built: Built,
    pub(crate) handout: Vec<u8>,
}

/// How many payments are made before: each of three payees has been paid.
const BEFORE: u64 = 6;

impl Sample {
    /// Of so many payments in one block.
    pub(crate) fn new(payments: u64) -> Result<Self, BenchError> {
        let mint = Mint::new()?;
        let first = mint.note(0)?;
        let gas_price = opening(&first, (0, 0)).gas_price;
        let draft = Draft { gas_price, ..Draft::from(&first.header.proposal) };
        let before = spent(&mint, &first, &draft)?;
        let (candidates, built) = made(&mint, &before, &draft, BEFORE..BEFORE + payments)?;
        let handout = Handout::new(&before.chain, &before.header, built.witness.clone());
        let handout = alloy_rlp::encode(handout);
        Ok(Self { mint, before, draft, candidates, built, handout })
    }

    pub(crate) fn block(&self) -> Block<'_> {
        let (proposal, body) = (&self.built.proposal, &self.built.body);
        Block { chain: &self.before.chain, parent: &self.before.header, proposal, body }
    }

    /// With the state. As nanoseconds of processor time, over `count` of them.
    pub(crate) fn execute_ns(&self, count: u32) -> f64 {
        let (state, codes) = (&self.before.state, &self.mint.codes);
        cpu_ns_each(count, || execute(self.block(), state, &mut InMemory, codes).is_ok())
    }

    /// From a handout's bytes.
    pub(crate) fn validate_ns(&self, count: u32) -> f64 {
        let (proposal, body) = (&self.built.proposal, &self.built.body);
        cpu_ns_each(count, || {
            let handout: Handout = alloy_rlp::decode_exact(&self.handout).ok()?;
            let chain = handout.chain().ok()?;
            handout.execute(&chain, proposal, body, &self.mint.codes).ok()
        })
    }

    /// Finding who sent the payments: a part of both.
    pub(crate) fn senders_ns(&self, count: u32) -> f64 {
        cpu_ns_each(count, || self.block().senders().is_ok())
    }

    fn build_ns(&self, count: u32) -> f64 {
        let Live { chain, header, state } = &self.before;
        cpu_ns_each(count, || {
            let candidates = self.candidates.clone();
            let codes = &self.mint.codes;
            build(chain, header, &self.draft, candidates, state, &mut InMemory, codes).is_ok()
        })
    }

    pub(crate) fn units(&self, count: u32) -> Result<Units, BenchError> {
        let key = key(1)?;
        let digest = keccak256("a digest");
        let (wallet, signature) = (key.wallet(), key.sign(digest));
        Ok(Units {
            sign: cpu_ns_each(count, || key.sign(digest)),
            check: cpu_ns_each(count, || key.verify(wallet, digest, &signature)),
            execute: self.execute_ns(count),
            build: self.build_ns(count),
            validate: self.validate_ns(count),
        })
    }
}

/// A note of four owners: after some payments, in blocks of their own.
pub(crate) fn spent(mint: &Mint, note: &Live, draft: &Draft) -> Result<Live, BenchError> {
    let Live { chain, header, state } = note;
    let mut newest = Live { chain: chain.clone(), header: header.clone(), state: state.clone() };
    for nonce in 0..BEFORE {
        let built = made(mint, &newest, draft, nonce..nonce + 1)?.1;
        let header = built.header();
        newest = Live { chain: newest.chain, header, state: built.executed.state };
    }
    Ok(newest)
}

fn made(
    mint: &Mint,
    before: &Live,
    draft: &Draft,
    nonces: std::ops::Range<u64>,
) -> Result<(Candidates, Built), BenchError> {
    let Live { chain, header, state } = before;
    let count = usize::try_from(nonces.end - nonces.start).unwrap_or(usize::MAX);
    let transactions: Vec<_> = nonces.map(|nonce| mint.transfer(chain, nonce)).collect();
    let candidates = Candidates { transactions, ..Candidates::default() };
    let building =
        build(chain, header, draft, candidates.clone(), state, &mut InMemory, &mint.codes);
    let built = building.map_err(failed("a block of payments"))?.block;
    let built = built.filter(|built| {
        let receipts = &built.executed.receipts;
        receipts.len() == count && receipts.iter().all(|receipt| receipt.success)
    });
    Ok((candidates, built.ok_or_else(|| wrong("a block of payments", "not all are paid"))?))
}

/// Entries of the log that a chain's block needs when no other chain is busy: its own, and those until its group's next
/// validator is drawn, which are the delay of the seed and the one that brings the seed.
pub(crate) const ENTRIES_ALONE: f64 = SEED_DELAY as f64 + 2.0;

/// How often each unit is needed for one payment in a block of its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) signs: f64,
    pub(crate) checks: f64,
    pub(crate) executes: f64,
    pub(crate) builds: f64,
    pub(crate) validates: f64,
}

/// Witnesses of the paper's group.
const WITNESSES: f64 = 5.0;

/// Its archive nodes, and how many of them are a quorum.
const SEATS: f64 = 10.0;
const QUORUM: f64 = 7.0;

impl Needs {
    /// By one creator, five witnesses, one validator, ten archive nodes, with so many entries of the log.
    pub(crate) fn of_payment(entries: f64) -> Self {
        let signers = WITNESSES + 2.0;
        let member = Self { signs: 1.0, checks: QUORUM, ..Self::default() };
        // The creator checks all votes, a witness the creator's. All check why the last block is final.
        let creator = Self { builds: 1.0, checks: member.checks + signers - 1.0, ..member };
        let witness = Self { executes: 1.0, checks: member.checks + 1.0, ..member };
        let validator = Self { validates: 1.0, ..member };
        let votes_of_others = 2.0 * (QUORUM - 1.0) * entries;
        let seat = Self {
            executes: 1.0,
            // Its word on the block, and two votes on each entry.
            signs: 1.0 + 2.0 * entries,
            checks: signers + (SEATS - 1.0) + votes_of_others,
            ..Self::default()
        };
        creator.plus(witness.times(WITNESSES)).plus(validator).plus(seat.times(SEATS))
    }

    fn plus(self, other: Self) -> Self {
        Self {
            signs: self.signs + other.signs,
            checks: self.checks + other.checks,
            executes: self.executes + other.executes,
            builds: self.builds + other.builds,
            validates: self.validates + other.validates,
        }
    }

    fn times(self, count: f64) -> Self {
        Self {
            signs: self.signs * count,
            checks: self.checks * count,
            executes: self.executes * count,
            builds: self.builds * count,
            validates: self.validates * count,
        }
    }

    /// In nanoseconds.
    pub(crate) fn cost_ns(&self, units: &Units) -> f64 {
        self.signs * units.sign
            + self.checks * units.check
            + self.executes * units.execute
            + self.builds * units.build
            + self.validates * units.validate
    }
}
