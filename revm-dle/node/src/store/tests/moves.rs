//! A node whose group splits, or that gets a seat in another one.

use conet_committee::{
    archive::Beginning,
    roulette::{
        request::{Outcome, Request},
        seed::{Seed, SeedPoint},
    },
    tree::{Branch, Fork},
};

use super::*;

fn half(is_right: bool) -> Branch {
    Branch::new(vec![Fork { seed: B256::repeat_byte(4), is_right }])
}

fn begins(group: u32, branch: Branch) -> Vec<Write> {
    let beginning = Beginning {
        seats: Seats::on(branch, (1, group), 1, vec![NodeId(1)]),
        before: vec![NodeId(2)],
        siblings: Vec::new(),
        state_hash: B256::ZERO,
    };
    records(vec![Record::Epoch(Box::new(beginning))])
}

fn told(chain: u8, entry: u64) -> Vec<Write> {
    records(vec![Record::Proven(Box::new(proven(chain, entry)))])
}

#[test]
fn what_another_group_keeps_and_draws_does_not_mix_with_its_own() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let drawn = |index| {
        let selection = Evidence::Selection(Box::new(selection(index)));
        let key = Evidence::Key { epoch: index, key: vec![7].into() };
        [key, selection].map(|evidence| Write::Evidence(Box::new(evidence))).to_vec()
    };
    for writes in [told(0x10, 5), told(0x90, 5), told(0x91, 6), drawn(0), drawn(1)] {
        write(&store, writes).unwrap();
    }
    let known = |store: &Store, chain| store.notice(B256::repeat_byte(chain)).unwrap();
    let draws = |store: &Store| {
        let draws = store.selections(None, 0, 9).unwrap().len();
        assert_eq!(store.evidence(0, (9, 1 << 20)).unwrap().len(), draws);
        assert_eq!(store.seed_keys().unwrap().len(), draws);
        draws
    };
    // The half goes on with what its group drew.
    write(&store, begins(2, half(false))).unwrap();
    assert_eq!((known(&store, 0x10), draws(&store)), (Some(proven(0x10, 5)), 2));
    assert!(known(&store, 0x90).is_none() && known(&store, 0x91).is_none());
    // In the other half, at the same heights, others were told and drawn.
    write(&store, begins(3, half(true))).unwrap();
    assert_eq!((known(&store, 0x10), draws(&store)), (None, 0));
    write(&store, [told(0x90, 5), drawn(1)].concat()).unwrap();
    store.close();
    let store = open(&path).unwrap();
    assert_eq!((known(&store, 0x90), draws(&store)), (Some(proven(0x90, 5)), 1));
}

#[test]
fn what_draws_follow_from_comes_back_in_order_and_in_pages() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let point = SeedPoint { group: 1, epoch: 1, height: 12 };
    let seed = Evidence::Seed(Seed { point, signature: vec![5; 48].into() });
    let all = [seed, Evidence::Selection(Box::new(selection(0)))];
    for evidence in &all {
        write(&store, vec![Write::Evidence(Box::new(evidence.clone()))]).unwrap();
    }
    let page = |after, most| store.evidence(after, most).unwrap();
    assert_eq!(page(0, (9, 1 << 20)), [(1, all[0].clone()), (2, all[1].clone())]);
    // By bytes a page ends with the piece that is too much: it always goes on.
    for most in [(1, 1 << 20), (9, 1)] {
        assert_eq!(page(0, most), [(1, all[0].clone())]);
        assert_eq!(page(1, most), [(2, all[1].clone())]);
        assert_eq!(page(2, most), []);
    }
    assert_eq!(store.selections(Some(CHAIN), 0, 9).unwrap(), [selection(0)]);
}

fn selection(index: u64) -> Selection {
    let request = Request {
        chain: CHAIN,
        height: index,
        role: 4,
        seats: 1,
        standbys: 0,
        weighted: true,
        members: Vec::new(),
        logged_at: index,
        seed_height: index + 2,
        pool: B256::ZERO,
    };
    Selection {
        index,
        parent: B256::ZERO,
        request,
        drawn_in: index + 3,
        seed: B256::ZERO,
        pool: B256::ZERO,
        outcome: Outcome { nodes: vec![NodeId(5)], skipped: Vec::new() },
    }
}
