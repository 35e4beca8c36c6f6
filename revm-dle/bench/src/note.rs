//! Notes to pay with: chains with the contract of notes, whose buyer pays three others in turn.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol_types::{SolCall as _, SolValue as _},
};
use conet_bindings::{
    NoteChain,
    definitions::{Carried, NoteDefinitions},
};
use conet_committee::archive::item::Opening;
use conet_dle::{keys::WalletKey, terms::Group};
use conet_ledger::{
    block::{Header, SignedTransaction, Transaction},
    execute::{CodeBook, found_chain},
    genesis::{Chain, ChainClass, Genesis, Visibility},
    state::State,
};
use conet_measure::{BenchError, failed};

/// The chain on which notes are bought.
pub(crate) const MAIN_CHAIN: u64 = 31_337;

/// The archive group's epoch.
pub(crate) const EPOCH: u64 = 1;

/// What a note holds, in micro-dollars: the most that one may.
const FACE: u64 = 100_000_000;

/// What each transfer moves, in micro-dollars: a note is good for some hundreds.
const AMOUNT: u64 = 100_000;

/// How many are paid in turn.
const PAYEES: u64 = 3;

const GAS_PRICE: u64 = 1;

/// A block, and the state after it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) chain: Arc<Chain>,
    pub(crate) header: Header,
    pub(crate) state: State,
}

/// Makes notes, and pays with them.
#[derive(Debug)]
pub(crate) struct Mint {
    pub(crate) codes: Arc<CodeBook>,
    code_hash: B256,
    buyer: WalletKey,
}

impl Mint {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let mut codes = CodeBook::default();
        let code_hash = codes.insert(NoteChain::DEPLOYED_BYTECODE.clone());
        Ok(Self { codes: Arc::new(codes), code_hash, buyer: key(0)? })
    }

    /// The same for another buyer.
    pub(crate) fn of(&self, buyer: u64) -> Result<Self, BenchError> {
        let (codes, code_hash) = (self.codes.clone(), self.code_hash);
        Ok(Self { codes, code_hash, buyer: key(buyer)? })
    }

    /// A note as it begins.
    pub(crate) fn note(&self, number: u64) -> Result<Arc<Live>, BenchError> {
        let (chain, state) =
            found_chain(self.genesis(number), &self.codes).map_err(failed("a note"))?;
        let header = chain.header().clone();
        Ok(Arc::new(Live { chain: Arc::new(chain), header, state }))
    }

    /// Several of them.
    pub(crate) fn notes(&self, count: u64) -> Result<Vec<Arc<Live>>, BenchError> {
        (0..count).map(|number| self.note(number)).collect()
    }

    fn genesis(&self, number: u64) -> Genesis {
        let definitions = NoteDefinitions {
            cash: Address::repeat_byte(0xca),
            pot: Address::repeat_byte(0xb0),
            series: 1,
            feeRate: 50,
            leafMinimum: 50_000_000_000,
            buyer: self.buyer.wallet(),
            deposit: FACE,
            carried: Carried::default(),
        };
        Genesis {
            chain: keccak256(number.to_be_bytes()),
            series: 1,
            main_chain_id: MAIN_CHAIN,
            class: ChainClass::Asset,
            visibility: Visibility::Members,
            code_hash: self.code_hash,
            definitions: definitions.abi_encode().into(),
            wallet: self.buyer.wallet(),
            quorum: 0,
            unpaid_selectors: Vec::new(),
            gas_limit_max: 2_000_000,
            parent: B256::ZERO,
            height: 0,
            epoch: EPOCH,
            time_ms: 0,
            paid_through_s: u64::MAX,
            members_hash: B256::ZERO,
        }
    }

    /// The buyer's payment of this nonce.
    pub(crate) fn transfer(&self, chain: &Chain, nonce: u64) -> SignedTransaction {
        let payee = keccak256((self.buyer.wallet(), nonce % PAYEES).abi_encode());
        let to = Address::from_word(payee);
        let data: Bytes = NoteChain::transferCall { to, amount: AMOUNT }.abi_encode().into();
        let id = chain.genesis().chain;
        let transaction =
            Transaction { chain: id, nonce, valid_until_s: u64::MAX, gas_limit: 500_000, data };
        let signature = self.buyer.sign(chain.digest(&transaction));
        SignedTransaction { transaction, signature: signature.into() }
    }
}

/// How the main chain opens a note: with a group to be drawn.
pub(crate) fn opening(note: &Live, (witnesses, validators): (u8, u8)) -> Opening {
    let group = Group { creator: None, witnesses, validators, gas_price: GAS_PRICE };
    group.opening(note.chain.genesis(), note.chain.hash())
}

/// The key of this number; node ids begin at 1.
pub(crate) fn key(number: u64) -> Result<WalletKey, BenchError> {
    let secret = zeroize::Zeroizing::new(keccak256(number.to_be_bytes()).0);
    WalletKey::new(&secret).map_err(failed("a key"))
}
