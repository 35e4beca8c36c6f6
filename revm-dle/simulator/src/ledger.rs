//! A ledger of a few accounts that pay each other: what the protocol is about costs next to nothing here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable as _, Encodable, RlpDecodable, RlpEncodable};
use conet_committee::{
    archive::{ProvenNotice, ProvenStanding},
    ledger::{Built, ExecuteError, Ledgers},
};
use conet_ledger::block::{Body, Header, Outcome, Proposal, SignedTransaction, Transaction};

/// How many accounts a chain has.
pub(crate) const ACCOUNTS: u64 = 4;

/// What each has at first.
pub(crate) const BALANCE: u64 = 1_000;

/// The most transactions of a block.
const TRANSACTIONS_MAX: usize = 8;

/// How many blocks below the newest final one stay.
const KEPT: u64 = 4;

/// Who pays whom how much: the data of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(crate) struct Payment {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) amount: u64,
}

impl Payment {
    pub(crate) fn transaction(self, chain: B256, nonce: u64) -> SignedTransaction {
        let data = alloy_rlp::encode(self).into();
        let transaction = Transaction { chain, nonce, valid_until_s: u64::MAX, gas_limit: 0, data };
        SignedTransaction { transaction, signature: Bytes::new() }
    }
}

/// Balances and nonces, by account.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub(crate) struct Accounts {
    pub(crate) balances: Vec<u64>,
    pub(crate) nonces: Vec<u64>,
}

impl Accounts {
    pub(crate) fn new() -> Self {
        let count = usize::try_from(ACCOUNTS).unwrap_or_default();
        Self { balances: vec![BALANCE; count], nonces: vec![0; count] }
    }

    pub(crate) fn root(&self) -> B256 {
        keccak256(alloy_rlp::encode(self))
    }

    /// Does what a transaction says. `None`: it cannot be done.
    pub(crate) fn pay(&mut self, signed: &SignedTransaction) -> Option<()> {
        let payment = Payment::decode(&mut signed.transaction.data.as_ref()).ok()?;
        let (from, to) = (usize::try_from(payment.from).ok()?, usize::try_from(payment.to).ok()?);
        let nonce = self.nonces.get_mut(from)?;
        if *nonce != signed.transaction.nonce || to >= self.balances.len() {
            return None;
        }
        *nonce += 1;
        let payer = self.balances.get_mut(from)?;
        *payer = payer.checked_sub(payment.amount)?;
        let payee = self.balances.get_mut(to)?;
        *payee = payee.checked_add(payment.amount)?;
        Some(())
    }

    pub(crate) fn after(&self, body: &Body) -> Option<(Self, Outcome)> {
        let mut next = self.clone();
        for transaction in &body.transactions {
            next.pay(transaction)?;
        }
        let count = body.transactions.len() as u64;
        let outcome = Outcome {
            gas_used: count,
            fees: count,
            receipts_root: body.hash(),
            state_root: next.root(),
        };
        Some((next, outcome))
    }
}

/// Makes one of an outcome's numbers wrong: which one follows from the block.
fn falsify(outcome: &mut Outcome, of: &Proposal) {
    let word = keccak256(alloy_rlp::encode(of));
    match word.first().map_or(0, |byte| byte % 4) {
        0 => outcome.gas_used += 1,
        1 => outcome.fees += 1,
        2 => outcome.receipts_root = word,
        _ => outcome.state_root = word,
    }
}

/// The first block of a chain, which everybody knows.
pub(crate) fn genesis(chain: B256) -> Header {
    let proposal = Proposal {
        chain,
        series: 1,
        height: 0,
        view: 0,
        epoch: 0,
        parent: B256::ZERO,
        time_ms: 0,
        paid_through_s: 0,
        gas_price: 0,
        members_hash: B256::ZERO,
        body_hash: B256::ZERO,
    };
    let state_root = Accounts::new().root();
    Header {
        proposal,
        outcome: Outcome { gas_used: 0, fees: 0, receipts_root: B256::ZERO, state_root },
    }
}

type States = BTreeMap<B256, (Header, Accounts)>;

/// Where chains stand, as one process knows it: the next one reads it in the journal.
#[derive(Debug, Default)]
struct Stands {
    all: Option<Arc<ProvenStanding>>,
    since: BTreeMap<B256, Arc<ProvenNotice>>,
}

/// A node's states, by block, on a disk that outlives the node's process, and where chains stand.
#[derive(Debug, Clone)]
pub(crate) struct ToyLedgers {
    states: Arc<Mutex<States>>,
    stands: Arc<Mutex<Stands>>,
    /// A creator that gets its sums wrong on purpose.
    pub(crate) lies: bool,
}

impl ToyLedgers {
    pub(crate) fn new(chains: &[B256], lies: bool) -> Self {
        let known = chains.iter().map(|chain| genesis(*chain));
        let states = known.map(|header| (header.hash(), (header, Accounts::new()))).collect();
        Self { states: Arc::new(Mutex::new(states)), stands: Arc::default(), lies }
    }

    /// The same disk, for the node's next process.
    pub(crate) fn after_restart(&self) -> Self {
        Self { states: self.states.clone(), stands: Arc::default(), lies: self.lies }
    }

    /// The same states, on a disk of their own.
    pub(crate) fn apart(&self) -> Self {
        let states = Arc::new(Mutex::new(self.states().clone()));
        Self { states, stands: Arc::default(), lies: self.lies }
    }

    fn states(&self) -> MutexGuard<'_, States> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stands(&self) -> MutexGuard<'_, Stands> {
        self.stands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledgers for ToyLedgers {
    fn has(&self, block: B256) -> bool {
        self.states().contains_key(&block)
    }

    fn execute(&mut self, proposal: &Proposal, body: &Body) -> Result<Outcome, ExecuteError> {
        let mut states = self.states();
        let (_, parent) = states
            .get(&proposal.parent)
            .ok_or(ExecuteError::NoParent { parent: proposal.parent })?;
        let (next, outcome) = parent.after(body).ok_or(ExecuteError::Bad)?;
        let header = Header { proposal: proposal.clone(), outcome: outcome.clone() };
        states.insert(header.hash(), (header, next));
        Ok(outcome)
    }

    fn validate(
        &self,
        _genesis: B256,
        proposal: &Proposal,
        body: &Body,
        witness: &[u8],
    ) -> Result<Outcome, ExecuteError> {
        let mut rest = witness;
        let header = Header::decode(&mut rest).map_err(|_| ExecuteError::Bad)?;
        let accounts = Accounts::decode(&mut rest).map_err(|_| ExecuteError::Bad)?;
        if header.hash() != proposal.parent || accounts.root() != header.outcome.state_root {
            return Err(ExecuteError::Bad);
        }
        accounts.after(body).map(|(_, outcome)| outcome).ok_or(ExecuteError::Bad)
    }

    fn build(
        &mut self,
        mut draft: Proposal,
        transactions: &mut Vec<SignedTransaction>,
    ) -> Option<Built> {
        let (above, accounts) = self.states().get(&draft.parent).cloned()?;
        let (mut next, mut body) = (accounts.clone(), Body::default());
        for transaction in transactions.iter() {
            let mut trial = next.clone();
            if body.transactions.len() < TRANSACTIONS_MAX && trial.pay(transaction).is_some() {
                next = trial;
                body.transactions.push(transaction.clone());
            }
        }
        if body.transactions.is_empty() {
            return None;
        }
        let mut witness = Vec::new();
        above.encode(&mut witness);
        accounts.encode(&mut witness);
        draft.body_hash = body.hash();
        let mut outcome = self.execute(&draft, &body).ok()?;
        if self.lies {
            falsify(&mut outcome, &draft);
            let header = Header { proposal: draft.clone(), outcome: outcome.clone() };
            self.states().insert(header.hash(), (header, next));
        }
        Some(Built { header: Header { proposal: draft, outcome }, body, witness: witness.into() })
    }

    fn may_come(&self, block: B256, signed: &SignedTransaction) -> bool {
        let states = self.states();
        let Some((_, accounts)) = states.get(&block) else { return true };
        let payment = Payment::decode(&mut signed.transaction.data.as_ref());
        let from = payment.ok().and_then(|payment| usize::try_from(payment.from).ok());
        let nonce = from.and_then(|from| accounts.nonces.get(from));
        nonce.is_some_and(|nonce| signed.transaction.nonce >= *nonce)
    }

    fn finalized(&mut self, chain: B256, block: B256) {
        let mut states = self.states();
        let Some((header, _)) = states.get(&block) else { return };
        let height = header.proposal.height;
        states.retain(|hash, (header, _)| {
            let about = &header.proposal;
            about.chain != chain
                || about.height > height
                || *hash == block
                || about.height + KEPT > height && about.height < height
        });
    }

    fn export(&self, block: B256) -> Option<(Header, Bytes)> {
        let (header, accounts) = self.states().get(&block).cloned()?;
        Some((header, alloy_rlp::encode(accounts).into()))
    }

    fn import(&mut self, _genesis: B256, header: &Header, state: &[u8]) -> bool {
        let Ok(accounts) = Accounts::decode(&mut &*state) else { return false };
        let is_right = accounts.root() == header.outcome.state_root;
        if is_right {
            self.states().insert(header.hash(), (header.clone(), accounts));
        }
        is_right
    }

    fn keep_notice(&mut self, proven: Arc<ProvenNotice>) {
        self.stands().since.insert(proven.notice.chain, proven);
    }

    fn keep_standing(&mut self, standing: Option<Arc<ProvenStanding>>) {
        let mut stands = self.stands();
        if let Some(standing) = &standing {
            stands.since.retain(|_, proven| proven.entry() > standing.entry());
        }
        stands.all = standing;
    }

    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        let stands = self.stands();
        let since = stands.since.get(&chain).cloned();
        since.or_else(|| stands.all.as_ref()?.notice(chain).map(Arc::new))
    }
}
