#[path = "../../../ledger/tests/support/assembler.rs"]
mod assembler;
#[allow(dead_code)]
#[path = "../../../ledger/tests/support/mini.rs"]
mod mini;

use std::path::Path;

use alloy::{
    primitives::{Address, keccak256},
    sol_types::SolCall as _,
};
use conet_committee::{
    Record,
    ledger::{Built, ExecuteError, Ledgers as _},
};
use conet_ledger::{
    block::{Proposal, SignedTransaction, Transaction},
    execute::found_chain,
    genesis::{ChainClass, Genesis, Visibility},
    trie::InMemory,
};
use zeroize::Zeroizing;

use super::*;
use crate::{
    keys::WalletKey,
    store::{proven, tests::opened},
};

const PICO: u64 = 1_000_000_000_000;

fn owner() -> WalletKey {
    WalletKey::new(&Zeroizing::new([7; 32])).unwrap()
}

fn genesis(name: &str) -> Genesis {
    Genesis {
        chain: keccak256(name),
        series: 1,
        main_chain_id: 1,
        class: ChainClass::Asset,
        visibility: Visibility::Members,
        code_hash: keccak256(mini::code()),
        definitions: mini::definitions(owner().wallet(), 100 * PICO),
        wallet: owner().wallet(),
        quorum: 0,
        unpaid_selectors: Vec::new(),
        gas_limit_max: 2_000_000,
        parent: B256::ZERO,
        height: 0,
        epoch: 1,
        time_ms: 0,
        paid_through_s: u64::MAX,
        members_hash: B256::ZERO,
    }
}

struct Node {
    ledgers: NodeLedgers,
}

impl Node {
    fn open(dir: &Path, limits: LedgerLimits) -> Self {
        let store = opened(&dir.join("dle.db"));
        let codes = Arc::new(CodeBook::from_iter([mini::code()]));
        Self { ledgers: NodeLedgers(Arc::new(Chains::new(store, codes, limits))) }
    }

    fn begin(&self, genesis: &Genesis) -> Chain {
        let (chain, state) = found_chain(genesis.clone(), &self.ledgers.0.codes).unwrap();
        let opening = Opening {
            chain: genesis.chain,
            series: 1,
            genesis: chain.hash(),
            height: 0,
            creator: None,
            witnesses: 1,
            validators: 1,
            quorum: 0,
            paid_through_s: u64::MAX,
            gas_price: 1,
        };
        self.ledgers.0.begin(Begun { chain: chain.clone(), state }, &opening).unwrap();
        self.sync();
        chain
    }

    /// As the driver does after a step.
    fn sync(&self) -> Vec<Finality> {
        let news = self.ledgers.0.take_news();
        let (reply, done) = std::sync::mpsc::channel();
        let told = move |written: Result<(), &StoreError>| {
            written.unwrap();
            reply.send(()).unwrap();
        };
        // The actor's own record.
        let record = |proven: &Arc<ProvenNotice>| Record::Proven(Box::new((**proven).clone()));
        let proofs = news.notices.iter().map(|proven| Write::Record(Box::new(record(proven))));
        let writes = news.writes.into_iter().chain(proofs).collect();
        self.ledgers.0.store().write(writes, told).unwrap();
        done.recv().unwrap();
        self.ledgers.0.synced(&news.finals, &news.notices);
        news.finals
    }

    fn build(&mut self, parent: &Header, list: &mut Vec<SignedTransaction>) -> Option<Built> {
        let about = &parent.proposal;
        let draft = Proposal {
            height: about.height + 1,
            parent: parent.hash(),
            gas_price: 1,
            body_hash: B256::ZERO,
            ..about.clone()
        };
        self.ledgers.build(draft, list)
    }
}

fn transfer(chain: &Chain, nonce: u64, amount: u64) -> SignedTransaction {
    let to = Address::repeat_byte(9);
    let transaction = Transaction {
        chain: chain.genesis().chain,
        nonce,
        valid_until_s: u64::MAX,
        gas_limit: 500_000,
        data: mini::Mini::transferCall { to, amount }.abi_encode().into(),
    };
    let signature = owner().sign(chain.digest(&transaction)).into();
    SignedTransaction { transaction, signature }
}

#[test]
fn what_one_makes_others_execute_with_and_without_the_state() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut maker = Node::open(dirs[0].path(), LedgerLimits::default());
    let mut other = Node::open(dirs[1].path(), LedgerLimits::default());
    let chain = maker.begin(&genesis("a"));
    other.begin(&genesis("a"));
    let mut list = vec![transfer(&chain, 0, 5), transfer(&chain, 2, 5)];
    let built = maker.build(chain.header(), &mut list).unwrap();
    assert_eq!(built.body.transactions, [transfer(&chain, 0, 5)]);
    let proposal = &built.header.proposal;
    let same = Ok(built.header.outcome.clone());
    assert_eq!(other.ledgers.execute(proposal, &built.body), same);
    let validate = |genesis| maker.ledgers.validate(genesis, proposal, &built.body, &built.witness);
    assert_eq!(validate(chain.hash()), same);
    // Another chain's genesis, and bytes that are no witness.
    assert_eq!(validate(B256::ZERO), Err(ExecuteError::Bad));
    let cut = &built.witness[..built.witness.len() - 1];
    let refused = maker.ledgers.validate(chain.hash(), proposal, &built.body, cut);
    assert_eq!(refused, Err(ExecuteError::Bad));
    let orphan = Proposal { parent: B256::ZERO, ..proposal.clone() };
    let refused = other.ledgers.execute(&orphan, &built.body);
    assert_eq!(refused, Err(ExecuteError::NoParent { parent: B256::ZERO }));
}

#[test]
fn who_lacks_a_chains_code_refuses_nothing() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut maker = Node::open(dirs[0].path(), LedgerLimits::default());
    let chain = maker.begin(&genesis("a"));
    let built = maker.build(chain.header(), &mut vec![transfer(&chain, 0, 5)]).unwrap();
    // Its operator left the code out of its configuration; the state comes from others.
    let store = opened(&dirs[1].path().join("dle.db"));
    let chains = Chains::new(store, Arc::default(), LedgerLimits::default());
    let mut other = NodeLedgers(Arc::new(chains));
    let (header, state) = maker.ledgers.export(chain.hash()).unwrap();
    assert!(other.import(chain.hash(), &header, &state));
    let found = other.execute(&built.header.proposal, &built.body);
    assert_eq!(found, Err(ExecuteError::Unable));
    let newest = other.0.live(chain.hash()).unwrap();
    let trial = other.0.attempt(&newest, &transfer(&chain, 0, 5));
    assert_eq!(trial, Trial::Unable);
    // Nor does it forget a transaction for that.
    assert!(other.may_come(chain.hash(), &transfer(&chain, 0, 5)));
    let found = other.validate(chain.hash(), &built.header.proposal, &built.body, &built.witness);
    assert_eq!(found, Err(ExecuteError::Unable));
    // A block that nobody can execute is refused by who can.
    let bad = Body { transactions: vec![transfer(&chain, 9, 5)], ..Body::default() };
    let proposal = Proposal { body_hash: bad.hash(), ..built.header.proposal };
    assert_eq!(maker.ledgers.execute(&proposal, &bad), Err(ExecuteError::Bad));
}

#[test]
fn final_states_survive_and_void_ones_go() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Node::open(dir.path(), LedgerLimits::default());
    let chain = node.begin(&genesis("a"));
    let id = chain.genesis().chain;
    let first = node.build(chain.header(), &mut vec![transfer(&chain, 0, 5)]).unwrap();
    let void = node.build(chain.header(), &mut vec![transfer(&chain, 0, 6)]).unwrap();
    let second = node.build(&first.header, &mut vec![transfer(&chain, 1, 5)]).unwrap();
    let (first, second, void) = (first.header.hash(), second.header.hash(), void.header.hash());
    assert!([first, second, void].iter().all(|hash| node.ledgers.has(*hash)));
    // The second makes the first final, too.
    node.ledgers.finalized(id, second);
    let finals: Vec<_> = node.sync().iter().map(|known| (known.height, known.hash)).collect();
    assert_eq!(finals, [(1, first), (2, second)]);
    node.ledgers.finalized(id, second);
    assert_eq!(node.sync(), []);
    assert!(node.ledgers.has(first) && node.ledgers.has(second) && !node.ledgers.has(void));

    drop(node);
    let node = Node::open(dir.path(), LedgerLimits::default());
    assert!(node.ledgers.has(second) && !node.ledgers.has(first));
    let newest = node.ledgers.0.newest(id).unwrap();
    assert_eq!((newest.header.hash(), &*newest.chain), (second, &chain));
    let account = newest.state.account(owner().wallet(), &mut InMemory).unwrap().unwrap();
    assert_eq!(account.nonce, 2);
    for height in 1..=2 {
        let block = node.ledgers.0.store().block_at(id, height).unwrap().unwrap();
        assert!(block.body.is_some() && block.receipts.unwrap()[0].success);
    }
}

#[test]
fn a_state_travels_with_its_chain_and_no_other() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut from = Node::open(dirs[0].path(), LedgerLimits::default());
    let mut to = Node::open(dirs[1].path(), LedgerLimits::default());
    let chain = from.begin(&genesis("a"));
    let id = chain.genesis().chain;
    let built = from.build(chain.header(), &mut vec![transfer(&chain, 0, 5)]).unwrap();
    let (header, state) = from.ledgers.export(built.header.hash()).unwrap();
    assert!(!to.ledgers.import(B256::ZERO, &header, &state));
    assert!(!to.ledgers.import(chain.hash(), chain.header(), &state));
    assert!(!to.ledgers.import(chain.hash(), &header, &state[1..]));
    assert!(to.ledgers.import(chain.hash(), &header, &state));
    to.ledgers.finalized(id, header.hash());
    to.sync();
    // It goes on by itself, and wants the block that it was not there for.
    assert!(to.build(&header, &mut vec![transfer(&chain, 1, 5)]).is_some());
    assert_eq!(to.ledgers.0.store().wanted(9).unwrap(), [header.hash()]);
    drop(to);
    let to = Node::open(dirs[1].path(), LedgerLimits::default());
    assert_eq!(*to.ledgers.0.newest(id).unwrap().chain, chain);
}

#[test]
fn what_the_contract_refuses_does_not_come() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Node::open(dir.path(), LedgerLimits::default());
    let chain = node.begin(&genesis("a"));
    let first = node.build(chain.header(), &mut vec![transfer(&chain, 0, 5)]).unwrap().header;
    node.ledgers.finalized(chain.genesis().chain, first.hash());
    let may_come = |signed: &SignedTransaction| node.ledgers.may_come(first.hash(), signed);
    assert!(may_come(&transfer(&chain, 1, 5)) && may_come(&transfer(&chain, 7, 5)));
    // It was there.
    assert!(!may_come(&transfer(&chain, 0, 5)));
    let mut forged = transfer(&chain, 0, 5);
    forged.transaction.gas_limit += 1;
    // Somebody else's, who has nothing to pay for gas with.
    assert!(!may_come(&forged));
    // Of a block that is not here, nothing is known.
    assert!(node.ledgers.may_come(B256::ZERO, &forged));
}

#[test]
fn states_in_memory_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let limits = LedgerLimits {
        live_states_max: 4,
        undecided_per_chain_max: 2,
        older_per_chain_max: 1,
        ..LedgerLimits::default()
    };
    let mut node = Node::open(dir.path(), limits);
    let chains: Vec<_> = (0..8).map(|number| node.begin(&genesis(&number.to_string()))).collect();
    assert!(node.ledgers.0.live_states() <= 4);
    // All are there nevertheless, from disk.
    for chain in &chains {
        assert!(node.ledgers.has(chain.hash()));
        assert_eq!(*node.ledgers.0.newest(chain.genesis().chain).unwrap().chain, *chain);
    }
    for amount in 1..9 {
        node.build(chains[0].header(), &mut vec![transfer(&chains[0], 0, amount)]).unwrap();
    }
    let undecided = node.ledgers.0.cache().count(chains[0].genesis().chain, Stage::Undecided);
    assert_eq!(undecided, 2);
}

#[test]
fn a_notice_is_in_memory_until_it_is_on_disk_and_found_again_after() {
    let dir = tempfile::tempdir().unwrap();
    let limits = LedgerLimits { live_notices_max: 2, ..LedgerLimits::default() };
    let mut node = Node::open(dir.path(), limits.clone());
    let id = B256::repeat_byte;
    for chain in 1..=8 {
        node.ledgers.keep_notice(Arc::new(proven(chain, 1)));
        node.ledgers.keep_notice(Arc::new(proven(chain, 2)));
    }
    let all = |node: &Node| {
        (1..=8).for_each(|chain| {
            assert_eq!(node.ledgers.notice(id(chain)).unwrap(), Arc::new(proven(chain, 2)));
        });
    };
    assert_eq!(node.ledgers.0.store.notice(id(1)).unwrap(), None, "nothing is written yet");
    all(&node);
    node.sync();
    assert!(node.ledgers.0.notices().len() <= 2);
    all(&node);
    assert!(node.ledgers.0.notices().len() <= 2);
    drop(node);
    let node = Node::open(dir.path(), limits);
    all(&node);
    assert_eq!(node.ledgers.notice(id(9)), None);
}
