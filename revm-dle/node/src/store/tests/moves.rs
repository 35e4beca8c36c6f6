//! A node whose group splits, or that gets a seat in another one.

use conet_committee::{
    archive::Beginning,
    roulette::request::{Outcome, Request},
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
    let drawn = |index| vec![Write::Selection(Box::new(selection(index)))];
    for writes in [told(0x10, 5), told(0x90, 5), told(0x91, 6), drawn(0), drawn(1)] {
        write(&store, writes).unwrap();
    }
    let known = |store: &Store, chain| store.notice(B256::repeat_byte(chain)).unwrap();
    let draws = |store: &Store| store.selections(None, 0, 9).unwrap().len();
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
