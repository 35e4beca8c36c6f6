use conet_bindings::roles;

use super::*;
use crate::{
    archive::{
        Item, Rules,
        item::Joining,
        testing::{AnySeed, after, opening, seed, wish},
    },
    log::tests::voting,
    roulette::pool::Offer,
};

const CHAIN: B256 = B256::repeat_byte(7);

fn nodes(ids: impl IntoIterator<Item = u64>) -> Vec<NodeId> {
    ids.into_iter().map(NodeId).collect()
}

fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, nodes(1..=4)));
    State::new(seats, Rules::default(), Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0)
}

fn handover(epoch: u64, ids: impl IntoIterator<Item = u64>) -> Item {
    Item::Handover(Handover { epoch, nodes: nodes(ids) })
}

/// With a chain that waits for its group, and more nodes than it takes.
fn with_chain() -> State {
    let roles = roles::CREATOR | roles::WITNESS | roles::VALIDATOR;
    let log = state().seats.log;
    let wish = |node| wish(log, Offer { node: NodeId(node), roles, seats: 1 }, 1);
    let state = after(&state(), &(101..110).map(wish).collect::<Vec<_>>());
    after(&state, &[opening(CHAIN, 2, 1)])
}

fn succeed(last: &State, ids: impl IntoIterator<Item = u64>) -> State {
    let seats = Arc::new(last.seats.in_epoch(last.seats.epoch + 1, nodes(ids)));
    last.succeed(seats, Some(Arc::new(AnySeed)))
}

#[test]
fn only_a_list_of_nodes_at_large_for_the_next_epoch_ends_one() {
    let refused = |item: Item| {
        let mut next = state();
        next.barred.insert(NodeId(9));
        next.apply(&item).unwrap_err()
    };
    let not_a_list = ItemError::Successors { epoch: 2 };
    assert_eq!(refused(handover(3, 1..5)), not_a_list, "of another epoch");
    assert_eq!(refused(handover(2, [])), not_a_list, "of nobody");
    assert_eq!(refused(handover(2, [2, 1, 3])), not_a_list, "not ascending");
    assert_eq!(refused(handover(2, [1, 1, 3])), not_a_list, "one twice");
    assert_eq!(refused(handover(2, 10..50)), not_a_list, "more than have seats");
    assert_eq!(refused(handover(2, [1, 9])), ItemError::NotEntitled { node: NodeId(9) });
    let mut next = state();
    next.apply(&handover(2, 1..5)).unwrap();
    assert_eq!(next.apply(&handover(2, 1..6)), Err(ItemError::Nothing), "a second one");
}

#[test]
fn nothing_follows_the_entry_that_ends_an_epoch() {
    let last = after(&state(), &[handover(2, 3..7)]);
    assert!(last.is_over() && last.is_checkpoint());
    let mut next = last.begin(last.height + 1, 5_000);
    assert_eq!(next.apply(&seed(1)), Err(ItemError::Over { epoch: 1 }));
    next.finish();
    assert_eq!(next.hash(), last.hash(), "it stays as it is");
    let statement = last.statement(&nodes(3..7)).unwrap();
    assert_eq!((statement.group, statement.epoch, statement.stateHash), (1, 1, last.hash()));
    assert_eq!(state().statement(&nodes(3..7)), None, "nothing to certify before");
}

#[test]
fn an_epoch_ends_when_nothing_waits_for_a_seed() {
    let open = with_chain();
    let asked = open.height;
    let ending = after(&open, &[handover(2, 3..7)]);
    assert!(!ending.is_over() && ending.waits());
    let ending = after(&ending, &[]);
    let ending = after(&ending, &[]);
    let last = after(&ending, &[seed(asked + 2)]);
    assert!(last.is_over());
    assert!(last.chains[&CHAIN].is_whole(), "what was asked for is drawn");
    assert!(last.requests.is_empty(), "validators are asked for in the next epoch");
    assert_eq!(last.thaw(&last.freeze()).unwrap().hash(), last.hash());
    assert!(last.thaw(&last.freeze()).unwrap().is_over());
}

#[test]
fn the_next_epoch_goes_on_in_new_views() {
    let open = after(&with_chain(), &[handover(2, 3..7)]);
    let ending = after(&after(&open, &[]), &[]);
    let mut last = after(&ending, &[seed(open.height + 1)]);
    assert!(last.is_over());
    last.suspended.insert(NodeId(3), 1);
    last.barred.insert(NodeId(4));
    let next = succeed(&last, 3..7);
    assert!(!next.has_begun());
    assert_eq!(next.active.iter().copied().collect::<Vec<_>>(), nodes([3, 5, 6]));
    assert!(next.suspended.is_empty(), "who was silent starts anew");
    let first = after(&next, &[]);
    let (before, chain) = (&last.chains[&CHAIN], &first.chains[&CHAIN]);
    assert_eq!((first.height, chain.view), (last.height + 1, before.view + 1));
    assert_eq!(
        (chain.height, chain.creator, &chain.witness),
        (before.height, before.creator, &before.witness)
    );
    assert_eq!(first.selected, last.selected, "the Selection Chain goes on");
    assert_eq!(first.notices().len(), 1, "all members hear of it");
    assert!(first.requests.iter().all(|(logged, _)| *logged == first.height));
}

#[test]
fn who_gets_a_seat_leaves_pool_and_chains() {
    let open = after(&with_chain(), &[handover(2, 1..5)]);
    let last = after(&after(&after(&open, &[]), &[]), &[seed(open.height + 1)]);
    let creator = last.chains[&CHAIN].creator.unwrap();
    let waiting = last.pool.waiting().next().unwrap().offer.node;
    let first = after(&succeed(&last, [1, 2, creator.0, waiting.0]), &[]);
    assert!(!first.is_waiting(waiting));
    assert!(!first.chains[&CHAIN].involves(creator));
    assert_eq!(first.chains[&CHAIN].creator, last.chains[&CHAIN].witness.first().copied());
    let joining = Joining {
        offer: Offer { node: creator, roles: 8, seats: 1 },
        number: 1,
        trap: B256::ZERO,
        signature: Default::default(),
    };
    let refused = first.begin(9, 9_000).apply(&Item::Join(joining));
    assert_eq!(refused, Err(ItemError::NotEntitled { node: creator }));
}
