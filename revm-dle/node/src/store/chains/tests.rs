use std::ops::RangeInclusive;

use alloy::primitives::{Address, keccak256};
use conet_committee::{Record, keys::NodeId};
use conet_ledger::{block::Header, genesis::ChainClass};

use super::*;
use crate::store::{
    FinalBlock, Store, Write, proven,
    tests::{opened as open, temporary, write},
};

const ROOT: B256 = B256::repeat_byte(3);

fn genesis(chain: B256) -> Genesis {
    Genesis {
        chain,
        series: 1,
        main_chain_id: 1,
        class: ChainClass::Asset,
        visibility: Visibility::Public,
        code_hash: keccak256("code"),
        definitions: [[0; 44].as_slice(), Address::from_word(keccak256(chain)).as_slice()]
            .concat()
            .repeat(8)
            .into(),
        wallet: Address::from_word(keccak256(chain)),
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

fn opening(genesis: &Genesis) -> Opening {
    let group = Group { creator: Some(NodeId(7)), witnesses: 5, validators: 1, gas_price: 4 };
    group.opening(genesis, genesis.header(ROOT).hash())
}

/// Bytes that repeat what the genesis says.
fn snapshot(genesis: &Genesis, number: u8) -> Vec<u8> {
    [genesis.chain.as_slice(), genesis.wallet.as_slice(), &[number; 9]].concat()
}

fn block(genesis: &Genesis) -> Header {
    genesis.header(ROOT)
}

fn begins(genesis: &Genesis) -> Vec<Write> {
    let header = block(genesis);
    let (chain, hash, snapshot) = (genesis.chain, header.hash(), snapshot(genesis, 1));
    vec![
        Write::Chain(Box::new(genesis.clone()), ROOT),
        Write::Block(Box::new(FinalBlock { header, content: None, is_genesis: true })),
        Write::State { chain, hash, snapshot },
        Write::Opening(Box::new(opening(genesis))),
    ]
}

fn assert_begun(store: &Store, genesis: &Genesis) {
    let (chain, hash) = (genesis.chain, block(genesis).hash());
    assert_eq!(store.genesis(chain).unwrap(), Some((genesis.clone(), ROOT)));
    assert_eq!(store.newest_state(chain).unwrap(), Some((hash, snapshot(genesis, 1))));
    assert_eq!(store.state(hash).unwrap(), Some(snapshot(genesis, 1)));
    assert!(store.has_state(hash).unwrap());
    assert_eq!(store.block_at(chain, 0).unwrap().unwrap().header, block(genesis));
    let others = |known| known != chain;
    assert_eq!(store.openings(others).unwrap(), [opening(genesis)]);
}

#[test]
fn chains_of_one_code_share_a_pattern_and_are_read_as_they_were_written() {
    let (_dir, path) = temporary();
    let store = open(&path);
    // The last two begin alike.
    let ids = [[1; 32], [2; 32], [[2; 16], [3; 16]].concat().try_into().unwrap()];
    let chains = ids.map(|id| genesis(B256::from(id)));
    for chain in &chains {
        write(&store, begins(chain)).unwrap();
    }
    store.close();
    let store = open(&path);
    chains.iter().for_each(|chain| assert_begun(&store, chain));
    let connection = Connection::open(&path).unwrap();
    let count = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM patterns"), 2, "of a genesis and of a state");
    assert_eq!(count("SELECT count(*) FROM blocks"), 0, "a genesis block follows from the genesis");
    let plain = alloy_rlp::encode(&chains[0]).len() as i64;
    assert!(count("SELECT max(length(genesis)) FROM chains") < plain / 2);
    let mut other = B256::from(ids[0]);
    other.0[31] = 0;
    assert_eq!(store.genesis(other).unwrap(), None, "its id begins alike, and it is another");
    assert_eq!(store.newest_state(other).unwrap(), None);
}

#[test]
fn a_new_series_takes_the_place_of_the_last_one_whose_beginning_stays() {
    let (_dir, path) = temporary();
    let store = open(&path);
    let first = genesis(B256::repeat_byte(1));
    write(&store, begins(&first)).unwrap();
    let last = B256::repeat_byte(8);
    let second = Genesis { series: 2, parent: last, height: 9, ..first.clone() };
    write(&store, begins(&second)).unwrap();
    let (old, new) = (block(&first), block(&second));
    assert_eq!(store.genesis(first.chain).unwrap(), Some((second.clone(), ROOT)));
    let newest = (new.hash(), snapshot(&second, 1));
    assert_eq!(store.newest_state(first.chain).unwrap(), Some(newest));
    assert!(!store.has_state(old.hash()).unwrap() && store.has_state(new.hash()).unwrap());
    assert_eq!(store.block_at(first.chain, 0).unwrap().unwrap().header, old);
    assert_eq!(store.block_at(first.chain, 9).unwrap().unwrap().header, new);
    assert_eq!(store.openings(|_| false).unwrap(), [opening(&second)]);
}

#[test]
fn an_opening_that_says_otherwise_than_the_genesis_is_kept_whole() {
    let (_dir, path) = temporary();
    let store = open(&path);
    let chain = genesis(B256::repeat_byte(1));
    write(&store, begins(&chain)).unwrap();
    let other = Opening { paid_through_s: 5, ..opening(&chain) };
    write(&store, vec![Write::Opening(Box::new(other.clone()))]).unwrap();
    assert_eq!(store.openings(|_| false).unwrap(), [other]);
    assert!(store.openings(|_| true).unwrap().is_empty());
}

#[test]
fn public_chains_that_fall_here_are_listed_by_their_ids() {
    let (_dir, path) = temporary();
    let store = open(&path);
    for id in [2, 1, 0x81] {
        let chain = genesis(B256::repeat_byte(id));
        let told = Record::Proven(Box::new(proven(id, 5)));
        write(&store, [begins(&chain), vec![Write::Record(Box::new(told))]].concat()).unwrap();
    }
    let hidden = genesis(B256::repeat_byte(3));
    let told = Record::Proven(Box::new(proven(3, 5)));
    write(&store, begins(&Genesis { visibility: Visibility::Members, ..hidden })).unwrap();
    write(&store, vec![Write::Record(Box::new(told))]).unwrap();
    let listed = |after, kept: RangeInclusive<u8>, count| {
        let kept = B256::repeat_byte(*kept.start())..=B256::repeat_byte(*kept.end());
        store.public_chains(B256::repeat_byte(after), kept, count).unwrap()
    };
    assert_eq!(listed(0, 0..=0xff, 9), [1, 2, 0x81].map(B256::repeat_byte));
    assert_eq!(listed(1, 0..=0xff, 1), [2].map(B256::repeat_byte));
    assert_eq!(
        listed(0, 0x80..=0xff, 9),
        [0x81].map(B256::repeat_byte),
        "the other half's are not"
    );
}
