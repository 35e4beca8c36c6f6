//! A series of blocks, each made, executed again with and without the state, and kept for a full verification.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use conet_ledger::block::{Header, SignedTransaction, Transaction};
use conet_ledger::build::{Building, Built, Candidates, Draft, build};
use conet_ledger::execute::{Block, CodeBook, execute, execute_stateless, found_chain};
use conet_ledger::genesis::{Chain, ChainClass, Genesis, Visibility};
use conet_ledger::state::State;
use conet_ledger::trie::InMemory;
use conet_ledger::verify::{ExportedBlock, ExportedChain, verify};
use conet_ledger::witness::Witness;

pub(crate) const START_MS: u64 = 1_700_000_000_000;

pub(crate) fn signer(number: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256([number])).unwrap()
}

pub(crate) fn owner(number: u8) -> Address {
    signer(number).address()
}

pub(crate) fn genesis(code: &[u8], definitions: Bytes) -> Genesis {
    Genesis {
        chain: keccak256("a chain"),
        series: 1,
        main_chain_id: 224_400,
        class: ChainClass::Asset,
        visibility: Visibility::Members,
        code_hash: keccak256(code),
        definitions,
        wallet: Address::repeat_byte(0xaa),
        quorum: 0,
        unpaid_selectors: Vec::new(),
        gas_limit_max: 2_000_000,
        parent: B256::ZERO,
        height: 0,
        epoch: 1,
        time_ms: START_MS,
        paid_through_s: u64::MAX,
        members_hash: B256::repeat_byte(7),
    }
}

pub(crate) struct Series {
    pub(crate) chain: Chain,
    pub(crate) codes: CodeBook,
    pub(crate) code: Bytes,
    pub(crate) last: Header,
    pub(crate) state: State,
    pub(crate) blocks: Vec<ExportedBlock>,
    pub(crate) witness_bytes: Vec<usize>,
    pub(crate) draft: Draft,
}

impl Series {
    pub(crate) fn new(genesis: Genesis, code: Vec<u8>) -> Self {
        let codes = CodeBook::from_iter([code.clone()]);
        let draft = Draft {
            view: 0,
            epoch: genesis.epoch,
            time_ms: genesis.time_ms,
            paid_through_s: genesis.paid_through_s,
            gas_price: if genesis.class == ChainClass::Asset { 1 } else { 0 },
            members_hash: genesis.members_hash,
        };
        let (chain, state) = found_chain(genesis, &codes).unwrap();
        let last = chain.header().clone();
        let (blocks, witness_bytes) = (Vec::new(), Vec::new());
        Self { chain, codes, code: code.into(), last, state, blocks, witness_bytes, draft }
    }

    pub(crate) fn nonce(&self, owner: Address) -> u64 {
        self.state.account(owner, &mut InMemory).unwrap().unwrap_or_default().nonce
    }

    /// The sender's next transaction.
    pub(crate) fn call(&self, sender: u8, data: Vec<u8>) -> SignedTransaction {
        self.sign(sender, self.transaction(self.nonce(owner(sender)), data))
    }

    pub(crate) fn transaction(&self, nonce: u64, data: Vec<u8>) -> Transaction {
        Transaction {
            chain: self.chain.genesis().chain,
            nonce,
            valid_until_s: u64::MAX,
            gas_limit: 500_000,
            data: data.into(),
        }
    }

    pub(crate) fn sign(&self, sender: u8, transaction: Transaction) -> SignedTransaction {
        let signature = signer(sender).sign_hash_sync(&self.chain.digest(&transaction)).unwrap();
        transaction.with_signature(signature)
    }

    /// Makes a block, without going on to it.
    pub(crate) fn try_build(&self, candidates: Candidates) -> Building {
        build(
            &self.chain,
            &self.last,
            &self.draft,
            candidates,
            &self.state,
            &mut InMemory,
            &self.codes,
        )
        .unwrap()
    }

    /// Makes a block, checks that everybody finds the same, and goes on to it.
    pub(crate) fn add(&mut self, candidates: Candidates) -> Building {
        self.draft.time_ms += 999;
        let building = self.try_build(candidates);
        if let Some(built) = &building.block {
            self.check(built);
            self.last = built.header();
            self.state = built.executed.state.clone();
            self.witness_bytes.push(alloy_rlp::encode(&built.witness).len());
            let (header, body) = (built.header(), built.body.clone());
            self.blocks.push(ExportedBlock { header, body });
        }
        building
    }

    /// A block of calls that must all be in it.
    pub(crate) fn add_calls(&mut self, calls: Vec<SignedTransaction>) -> Built {
        let building = self.add(Candidates { transactions: calls, ..Candidates::default() });
        assert_eq!(building.dropped, Vec::new());
        assert_eq!(building.waiting, Candidates::default());
        building.block.unwrap()
    }

    pub(crate) fn block<'a>(&'a self, built: &'a Built) -> Block<'a> {
        let (proposal, body) = (&built.proposal, &built.body);
        Block { chain: &self.chain, parent: &self.last, proposal, body }
    }

    fn check(&self, built: &Built) {
        let block = self.block(built);
        let full = execute(block, &self.state, &mut InMemory, &self.codes).unwrap();
        assert_eq!(full.outcome, built.executed.outcome);
        assert_eq!(full.receipts, built.executed.receipts);
        let bytes = alloy_rlp::encode(&built.witness);
        let witness: Witness = alloy_rlp::decode_exact(&bytes).unwrap();
        let outcome = execute_stateless(block, &witness, &self.codes).unwrap();
        assert_eq!(outcome, built.executed.outcome);
    }

    pub(crate) fn export(&self) -> ExportedChain {
        ExportedChain {
            genesis: self.chain.genesis().clone(),
            genesis_hash: self.chain.hash(),
            code: self.code.clone(),
            blocks: self.blocks.clone(),
        }
    }

    /// Verifies all of it from its bytes.
    pub(crate) fn verify(&self) {
        let bytes = alloy_rlp::encode(self.export());
        let exported: ExportedChain = alloy_rlp::decode_exact(&bytes).unwrap();
        let verified = verify(&exported).unwrap();
        assert_eq!(verified.last(), &self.last);
        assert_eq!(verified.state().encode().unwrap(), self.state.encode().unwrap());
    }
}
