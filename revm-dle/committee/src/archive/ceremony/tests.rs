use alloy::primitives::keccak256;
use zeroize::Zeroizing;

use super::*;
use crate::{
    archive::{Item, Rules, item::Handover},
    log::tests::voting,
    roulette::dkg::{Dealer, Identity, Player},
    seats::Seats,
};

const SEATS: u64 = 4;

fn identity(node: u64, epoch: u64) -> Identity {
    let secret = keccak256([node, epoch].map(u64::to_be_bytes).concat());
    Identity::new(NodeId(node), &Zeroizing::new(secret.0)).unwrap()
}

fn announced(by: u64, keys: &Identity, epoch: u64) -> Box<Announced> {
    let member = keys.member();
    let signed = Announced::struct_hash(state().seats.log, epoch, &member);
    Box::new(Announced { member, epoch, signature: voting(by).sign(signed) })
}

fn member(node: u64, epoch: u64) -> Item {
    Item::Member(announced(node, &identity(node, epoch), epoch))
}

fn state() -> State {
    let seats = Arc::new(Seats::new(1, 1, 1, (1..=SEATS).map(NodeId).collect()));
    State::new(seats, Rules::default(), Arc::new(voting(1)), None, 0)
}

fn after(state: &State, pause_ms: u64, items: &[Item]) -> State {
    let mut next = state.begin(state.height + 1, state.time_ms + pause_ms);
    items.iter().for_each(|item| next.apply(item).unwrap());
    next.finish();
    assert_eq!(next.thaw(&next.freeze()).unwrap().hash(), next.hash(), "as it was");
    next
}

fn dealt(epoch: u64) -> State {
    let members: Vec<_> = (1..=SEATS).map(|node| member(node, epoch)).collect();
    after(&after(&state(), 10, &members), 10, &[])
}

/// How the parts of some dealers end, when all players are there.
fn transcripts(state: &State, dealers: impl Iterator<Item = u64>) -> Vec<Item> {
    let ceremony = &state.ceremony().unwrap().dealing.as_ref().unwrap().ceremony;
    let all: Vec<_> = (1..=SEATS).map(|node| identity(node, 1)).collect();
    let mut players: Vec<_> = all.iter().map(|one| Player::new(ceremony, one).unwrap()).collect();
    let transcript = |dealer| {
        let (mut dealer, dealing) =
            Dealer::start(ceremony, &identity(dealer, 1), None, &[9; 32]).unwrap();
        for player in &mut players {
            dealer.acknowledge(&player.receive(&dealing).unwrap()).unwrap();
        }
        Item::Transcript(Box::new(dealer.finish()))
    };
    dealers.map(transcript).collect()
}

fn handover(nodes: impl Iterator<Item = u64>) -> Item {
    Item::Handover(Handover { epoch: 2, nodes: nodes.map(NodeId).collect(), division: None })
}

#[test]
fn all_seats_announce_then_deal_then_have_a_key() {
    let three = after(&state(), 10, &[member(1, 1), member(2, 1), member(3, 1)]);
    let waiting = after(&three, 60_000, &[]);
    assert!(waiting.ceremony().unwrap().dealing.is_none(), "however long it takes");
    let dealing = dealt(1);
    assert!(dealing.is_keyless() && dealing.waits());
    let keyed = after(&after(&dealing, 10, &transcripts(&dealing, 1..=SEATS)), 10, &[]);
    assert!(!keyed.is_keyless());
    let key = keyed.ceremony().unwrap().key.clone().unwrap();
    assert_eq!(key.nodes().len(), 4);
    assert_eq!(keyed.thaw(&keyed.freeze()).unwrap().ceremony().unwrap().key, Some(key));
}

#[test]
fn a_third_of_the_dealers_may_be_silent_and_more_begin_again() {
    let dealing = dealt(1);
    let some = after(&dealing, 10, &transcripts(&dealing, 1..=3));
    assert!(after(&some, 10, &[]).is_keyless(), "the last one is waited for");
    assert!(!after(&some, 5_000, &[]).is_keyless());
    let few = after(&dealing, 10, &transcripts(&dealing, 1..=2));
    let again = after(&few, 5_000, &[]);
    let ceremony = again.ceremony().unwrap();
    assert!(again.is_keyless() && ceremony.round == 1);
    assert!(ceremony.dealing.as_ref().unwrap().transcripts().is_empty());
    let old = transcripts(&dealing, 3..=3).remove(0);
    assert_eq!(again.clone().apply(&old), Err(ItemError::Nothing), "of the round before");
}

#[test]
fn keys_are_their_nodes_and_nobody_elses() {
    let mut next = after(&state(), 10, &[member(1, 1)]);
    assert_eq!(next.apply(&member(1, 1)), Err(ItemError::Nothing), "twice");
    assert_eq!(next.apply(&member(2, 2)), Err(ItemError::Nothing), "for another epoch");
    let copied = Item::Member(announced(2, &identity(1, 1), 1));
    assert_eq!(next.apply(&copied), Err(ItemError::Nothing), "the keys of another");
    let forged = Item::Member(announced(3, &identity(2, 1), 1));
    let refused = Err(ItemError::Signature { node: NodeId(2) });
    assert_eq!(next.apply(&forged), refused, "in the name of another");
}

#[test]
fn who_has_announced_no_keys_gets_no_seat() {
    let mut early = dealt(1);
    assert_eq!(early.apply(&handover(2..6)), Err(ItemError::Keyless));
    let dealing = dealt(1);
    let next: Vec<_> = (2..6).map(|node| member(node, 2)).collect();
    let keyed = after(&after(&dealing, 10, &transcripts(&dealing, 1..=SEATS)), 10, &next);
    let last = after(&keyed, 10, &[handover(2..6)]);
    assert!(last.is_over());
    let seats = Arc::new(last.seats.in_epoch(2, (2..6).map(NodeId).collect()));
    let first = after(&last.succeed(seats, Vec::new(), None), 10, &[]);
    let ceremony = first.ceremony().unwrap();
    assert!(first.is_keyless() && ceremony.dealing.is_some(), "they deal at once");
    assert!(ceremony.members.keys().copied().eq((2..6).map(NodeId)));
}
