use alloy_rlp::Decodable as _;
use proptest::prelude::*;

use super::*;

const fn offer(node: u64) -> Offer {
    Offer { node: NodeId(node), roles: 8, seats: 1 }
}

fn pool_of(nodes: std::ops::Range<u64>) -> Pool {
    let mut pool = Pool::new(10);
    for node in nodes {
        pool.join(offer(node)).unwrap();
    }
    pool
}

fn nodes(pool: &Pool) -> Vec<u64> {
    pool.waiting().map(|waiting| waiting.offer.node.0).collect()
}

#[test]
fn who_joins_again_goes_to_the_back() {
    let mut pool = pool_of(0..4);
    assert_eq!(pool.join(Offer { roles: 24, seats: 5, ..offer(1) }), Ok(4));
    assert_eq!(nodes(&pool), [0, 2, 3, 1]);
    assert_eq!(pool.waiting().last().unwrap().offer.seats, 5);
    assert_eq!(pool.len(), 4);
}

#[test]
fn a_standby_returns_to_its_place() {
    let mut pool = pool_of(0..5);
    for node in [1, 3] {
        pool.stand_by(NodeId(node)).unwrap();
    }
    pool.join(offer(5)).unwrap();
    assert_eq!(nodes(&pool), [0, 2, 4, 5]);
    pool.give_back(NodeId(3)).unwrap();
    pool.give_back(NodeId(1)).unwrap();
    assert_eq!(nodes(&pool), [0, 1, 2, 3, 4, 5]);

    // Called, it is gone; joining anew, it has another place.
    pool.stand_by(NodeId(0)).unwrap();
    assert_eq!(pool.call(NodeId(0)).unwrap().place, 0);
    assert_eq!(pool.give_back(NodeId(0)), Err(PoolError::NotStandingBy { node: NodeId(0) }));
    pool.stand_by(NodeId(2)).unwrap();
    pool.join(offer(2)).unwrap();
    assert!(pool.give_back(NodeId(2)).is_err());
    assert_eq!(nodes(&pool), [1, 3, 4, 5, 2]);
}

#[test]
fn cheats_never_return() {
    let mut pool = pool_of(0..3);
    pool.stand_by(NodeId(2)).unwrap();
    for node in [1, 2] {
        pool.bar(NodeId(node));
        assert_eq!(pool.join(offer(node)), Err(PoolError::Barred { node: NodeId(node) }));
        assert!(pool.give_back(NodeId(node)).is_err());
    }
    assert_eq!(nodes(&pool), [0]);
    assert!(pool.is_barred(NodeId(1)));
}

#[test]
fn a_full_pool_refuses_and_pushes_nobody_out() {
    let mut pool = pool_of(0..10);
    // A place that is kept for a standby is not free.
    pool.stand_by(NodeId(4)).unwrap();
    assert_eq!(pool.join(offer(10)), Err(PoolError::Full { nodes_max: 10 }));
    pool.join(offer(9)).unwrap();
    pool.leave(NodeId(0)).unwrap();
    pool.join(offer(10)).unwrap();
    assert_eq!(nodes(&pool), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
    assert_eq!(pool.leave(NodeId(0)), Err(PoolError::NotWaiting { node: NodeId(0) }));
    assert!(matches!(
        pool.join(Offer { roles: 0, ..offer(11) }),
        Err(PoolError::NothingOffered { .. })
    ));
}

#[test]
fn no_other_bytes_are_a_pool() {
    let mut pool = pool_of(0..6);
    pool.stand_by(NodeId(4)).unwrap();
    pool.bar(NodeId(5));
    let good = pool.snapshot();
    let first = good.waiting[0];
    let mut swapped = good.clone();
    swapped.waiting.swap(0, 1);
    let mut twice = good.clone();
    twice.waiting.push(Waiting { place: 5, ..first });
    let mut both = good.clone();
    both.standing_by.push(first);
    let mut barred = good.clone();
    barred.barred = vec![NodeId(0)];
    let future = Snapshot { next_place: 3, ..good.clone() };
    for bad in [swapped, twice, both, barred, future] {
        let error = Pool::restore(&bad).unwrap_err();
        assert!(matches!(error, PoolError::Malformed { .. }), "{error}");
    }
    assert_eq!(
        Pool::restore(&Snapshot { nodes_max: 4, ..good.clone() }),
        Err(PoolError::Full { nodes_max: 4 })
    );
    assert_eq!(Pool::restore(&good), Ok(pool));
}

#[test]
fn a_lineup_gives_lots_to_who_offers_a_role() {
    let mut pool = Pool::new(10);
    for (node, roles, seats) in [(0, 8, 3), (1, 16, 1), (2, 24, 2)] {
        pool.join(Offer { node: NodeId(node), roles, seats }).unwrap();
    }
    let lineup = pool.lineup();
    assert_eq!(lineup.digest(), pool.snapshot().digest());
    let total = |role, weighted| lineup.lots(role, weighted).map(Lots::total);
    assert_eq!(total(8, false), Some(2));
    assert_eq!(total(8, true), Some(5));
    assert_eq!(total(16, true), Some(3));
    assert_eq!(total(32, true), Some(0));
    assert_eq!([total(0, false), total(24, false)], [None; 2]);
}

#[derive(Debug, Clone)]
enum Step {
    Join(u64),
    Leave(u64),
    StandBy(u64),
    Call(u64),
    GiveBack(u64),
    Bar(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..14_u64;
    prop_oneof![
        8 => node.clone().prop_map(Step::Join),
        2 => node.clone().prop_map(Step::Leave),
        3 => node.clone().prop_map(Step::StandBy),
        1 => node.clone().prop_map(Step::Call),
        2 => node.clone().prop_map(Step::GiveBack),
        1 => node.prop_map(Step::Bar),
    ]
}

proptest! {
    #[test]
    fn it_stays_a_pool(steps in prop::collection::vec(step(), 0..100)) {
        let mut pool = Pool::new(8);
        for step in steps {
            let before = pool.clone();
            let refused = match step {
                Step::Join(node) => pool.join(offer(node)).is_err(),
                Step::Leave(node) => pool.leave(NodeId(node)).is_err(),
                Step::StandBy(node) => pool.stand_by(NodeId(node)).is_err(),
                Step::Call(node) => pool.call(NodeId(node)).is_err(),
                Step::GiveBack(node) => pool.give_back(NodeId(node)).is_err(),
                Step::Bar(node) => {
                    pool.bar(NodeId(node));
                    false
                }
            };
            if refused {
                prop_assert_eq!(&pool, &before);
            }
            pool.check().unwrap();
            let snapshot = pool.snapshot();
            prop_assert!(pool.waiting().all(|waiting| pool.waits(&waiting)));
            let bytes = alloy_rlp::encode(&snapshot);
            prop_assert_eq!(&Snapshot::decode(&mut bytes.as_slice()).unwrap(), &snapshot);
            prop_assert_eq!(Pool::restore(&snapshot).unwrap(), pool.clone());
        }
    }
}
