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
    tree::{Branch, Fork},
};

const CHAIN: B256 = B256::repeat_byte(7);

fn nodes(ids: impl IntoIterator<Item = u64>) -> Vec<NodeId> {
    ids.into_iter().map(NodeId).collect()
}

fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, nodes(1..=4)));
    State::new(seats, Rules::default(), Arc::new(voting(1)), Some(Arc::new(AnySeed)), 0)
}

fn list(epoch: u64, ids: impl IntoIterator<Item = u64>) -> Handover {
    Handover { epoch, nodes: nodes(ids), division: None }
}

fn handover(epoch: u64, ids: impl IntoIterator<Item = u64>) -> Item {
    Item::Handover(list(epoch, ids))
}

const DIVISION: Division = Division { index: 4, seed: B256::repeat_byte(5) };

fn split(ids: impl IntoIterator<Item = u64>) -> Item {
    Item::Handover(Handover { division: Some(DIVISION), ..list(2, ids) })
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
    last.succeed(seats, Vec::new(), Some(Arc::new(AnySeed)))
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
    let said = last.statement(&list(2, 3..7), last.hash());
    let Some(Statement::Handover(said)) = said else { panic!("no handover: {said:?}") };
    assert_eq!((said.group, said.epoch, said.stateHash), (1, 1, last.hash()));
    assert_eq!(state().statement(&list(2, 3..7), B256::ZERO), None, "nothing to certify before");
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

/// Each half's state, of one that ends in a split between seats 1 to 4 and 5 to 8.
fn halves(last: &State) -> [State; 2] {
    [false, true].map(|is_right| {
        let fork = Fork { seed: DIVISION.seed, is_right };
        let ids = if is_right { 5..9 } else { 1..5 };
        let seats = Seats::on(Branch::new(vec![fork]), (1, 2 + u32::from(is_right)), 1, nodes(ids));
        let all = &last.handover().unwrap().nodes;
        let siblings = all.iter().copied().filter(|node| !seats.contains(*node)).collect();
        last.succeed(Arc::new(seats.keyed_for(2)), siblings, Some(Arc::new(AnySeed)))
    })
}

/// Two chains, one of each half, whose groups are drawn, and an epoch that ends in a split.
fn ends_in_two() -> State {
    let chains = [CHAIN, B256::repeat_byte(0x87)];
    let roles = roles::CREATOR | roles::WITNESS | roles::VALIDATOR;
    let log = state().seats.log;
    let wish = |node| wish(log, Offer { node: NodeId(node), roles, seats: 3 }, 1);
    let open = after(&state(), &(101..125).map(wish).collect::<Vec<_>>());
    let open = after(&open, &chains.map(|chain| opening(chain, 2, 1)));
    let asked = open.height;
    let ending = after(&after(&after(&open, &[split(1..9)]), &[]), &[]);
    let ending = after(&ending, &[seed(asked + 2)]);
    assert!(ending.is_over());
    ending
}

#[test]
fn every_chain_falls_to_one_half_and_nothing_else_of_it_moves() {
    let last = ends_in_two();
    let halves = halves(&last);
    for (half, chain) in halves.iter().zip([CHAIN, B256::repeat_byte(0x87)]) {
        assert_eq!(half.chains.keys().copied().collect::<Vec<_>>(), vec![chain]);
        assert_eq!(half.chains[&chain], last.chains[&chain]);
        assert!(half.parts.keys().all(|node| half.chains_of(*node) == [chain]));
        let thawed = half.thaw(&half.freeze()).unwrap();
        assert_eq!(thawed.hash(), half.hash());
        // What is counted is what is left.
        let counts = |state: &State| {
            state.parts.keys().map(|id| (*id, state.serves(*id))).collect::<Vec<_>>()
        };
        assert_eq!(counts(half), counts(&thawed));
        let first = after(half, &[]);
        assert_eq!(first.chains[&chain].view, last.chains[&chain].view + 1);
        assert_eq!(first.chains[&chain].creator, last.chains[&chain].creator);
    }
    assert_ne!(halves[0].hash(), halves[1].hash());
}

#[test]
fn everybody_waits_in_one_half_for_no_more_than_it_has_room_for() {
    let last = ends_in_two();
    let halves = halves(&last);
    for id in 101..125 {
        let node = NodeId(id);
        let here = halves.each_ref().map(|half| half.offers(node));
        let serves = |half: &State| half.serves(node) as u32;
        let offered: u32 = here.iter().flatten().map(|offer| offer.seats).sum();
        let away = halves.iter().zip(&here).filter(|(_, offer)| offer.is_none());
        let away: u32 = away.map(|(half, _)| serves(half)).sum();
        assert_eq!(here.iter().flatten().count(), 1, "{node} waits in one half");
        assert_eq!(offered + away, 3, "{node} offers what it has left");
    }
    let waiting = halves.each_ref().map(|half| half.pool.len());
    assert!(waiting.iter().all(|count| *count > 3), "{waiting:?}");
}

#[test]
fn a_half_takes_what_falls_to_it_and_nothing_else() {
    let [left, right] = halves(&ends_in_two());
    let high = B256::repeat_byte(0xf0);
    let mut next = left.begin(left.height + 1, left.time_ms + 50);
    let refused = ItemError::NotKept { group: 2, chain: high };
    assert_eq!(next.apply(&opening(high, 1, 1)), Err(refused));
    after(&right, &[opening(high, 1, 1)]);
    let stranger = (200..).map(NodeId).find(|node| !left.seats.branch.admits(*node)).unwrap();
    let joining = wish(left.seats.log, Offer { node: stranger, roles: 4, seats: 1 }, 1);
    assert_eq!(next.apply(&joining), Err(ItemError::NotEntitled { node: stranger }));
    let joining = wish(right.seats.log, Offer { node: stranger, roles: 4, seats: 1 }, 1);
    after(&right, &[joining]);
}

#[test]
fn who_gets_a_seat_in_one_half_has_no_part_in_the_other() {
    let last = ends_in_two();
    let creator = last.chains[&CHAIN].creator.unwrap();
    let mut nodes: Vec<_> = (1..9).map(NodeId).collect();
    nodes.push(creator);
    let last = State {
        handover: last.handover.clone().map(|known| Handover { nodes, ..known }),
        ..last.clone()
    };
    let halves = halves(&last).map(|half| after(&half, &[]));
    assert!(!halves[0].chains[&CHAIN].involves(creator));
    assert!(halves.iter().all(|half| half.offers(creator).is_none()));
    // What it leaves open is drawn from those who wait in the entry that asks.
    let asked = halves[0].requests.iter().all(|(logged, _)| *logged == halves[0].height);
    assert!(asked && halves[0].lineups.contains_key(&halves[0].height));
}

#[test]
fn a_split_is_certified_with_its_seed() {
    let last = ends_in_two();
    let said = last.statement(last.handover().unwrap(), last.hash());
    let Some(Statement::Split(said)) = said else { panic!("no split: {said:?}") };
    assert_eq!((said.group, said.epoch, said.seedIndex), (1, 1, DIVISION.index));
    assert_eq!((said.nodes.len(), said.stateHash), (8, last.hash()));
}

#[test]
fn too_few_for_two_groups_stay_one_and_too_few_for_one_change_nothing() {
    let named = Named { epoch: 2, nodes: nodes(1..9), least: 4, division: Some(DIVISION) };
    assert_eq!(named.with(|_| true).unwrap().division, Some(DIVISION));
    let less = named.with(|node| node.0 != 3).unwrap();
    assert_eq!((less.nodes.len(), less.division), (7, None));
    assert_eq!(named.with(|node| node.0 > 5), None);
}
