use std::time::{Duration, Instant};

use alloy::primitives::{B256, FixedBytes, keccak256};
use zeroize::Zeroizing;

use super::*;
use crate::roulette::{
    bls::{GroupKey, KeyError, SeedShare},
    seed::{Partial, Seed, SeedError, SeedKey as _, SeedPoint, SeedSigner as _},
};

const GROUP: u32 = 3;
const POINT: SeedPoint = SeedPoint { group: GROUP, epoch: 1, height: 77 };

fn bytes(what: &str, node: u64, epoch: u64) -> [u8; 32] {
    keccak256(format!("{what} {node} {epoch}")).0
}

fn identities(nodes: impl IntoIterator<Item = u64>, epoch: u64) -> Vec<Identity> {
    let identity = |node| {
        Identity::new(NodeId(node), &Zeroizing::new(bytes("identity", node, epoch))).unwrap()
    };
    nodes.into_iter().map(identity).collect()
}

fn members(identities: &[Identity]) -> Vec<Member> {
    identities.iter().map(|identity| identity.member()).collect()
}

/// What each player has in the end, and everybody else.
struct Held {
    key: GroupKey,
    shares: Vec<SeedShare>,
    took: Duration,
}

/// A ceremony in which `dealers` deal, with the share that each has. `tamper` changes what a player receives.
fn hold(
    ceremony: &Ceremony,
    dealers: &[(Identity, Option<SeedShare>)],
    players: &[Identity],
    tamper: impl Fn(NodeId, &mut Dealing),
) -> Result<Held, DkgError> {
    let start = Instant::now();
    let mut tally = Tally::new(ceremony);
    let mut states: Vec<_> =
        players.iter().map(|player| Player::new(ceremony, player).unwrap()).collect();
    for (identity, share) in dealers {
        let entropy = bytes("dealer", identity.node().0, 0);
        let (mut dealer, dealing) = Dealer::start(ceremony, identity, share.as_ref(), &entropy)?;
        for (player, state) in players.iter().zip(&mut states) {
            let mut received = dealing.clone();
            tamper(player.node(), &mut received);
            if let Ok(ack) = state.receive(&received) {
                let _ = dealer.acknowledge(&ack);
            }
        }
        tally.record(&dealer.finish()).unwrap();
    }
    let key = tally.key(&[7; 32])?;
    let mut shares = Vec::new();
    for state in states {
        let (same, share) = state.finish(&tally, &[8; 32])?;
        assert_eq!(same, key);
        shares.push(share);
    }
    Ok(Held { key, shares, took: start.elapsed() })
}

fn without_shares(identities: &[Identity]) -> Vec<(Identity, Option<SeedShare>)> {
    identities.iter().map(|identity| (identity.clone(), None)).collect()
}

fn fresh(nodes: std::ops::Range<u64>, epoch: u64) -> (Vec<Identity>, Held) {
    let identities = identities(nodes, epoch);
    let ceremony = Ceremony::fresh(GROUP, epoch, &members(&identities)).unwrap();
    let held = hold(&ceremony, &without_shares(&identities), &identities, |_, _| ()).unwrap();
    (identities, held)
}

fn parts<'a>(shares: impl IntoIterator<Item = &'a SeedShare>) -> Vec<Partial> {
    shares.into_iter().map(|share| share.sign(&POINT)).collect()
}

fn seed(held: &Held) -> Seed {
    held.key.combine(&POINT, &parts(&held.shares)).unwrap()
}

/// Of ten dealers one is silent, one sends a player nonsense, and one tells seven players one thing and three another.
#[test]
fn ten_make_a_key_though_three_lie() {
    let all = identities(0..10, 1);
    let ceremony = Ceremony::fresh(GROUP, 1, &members(&all)).unwrap();
    let other_entropy = [9; 32];
    let (_, other) = Dealer::start(&ceremony, &all[2], None, &other_entropy).unwrap();
    let held = hold(&ceremony, &without_shares(&all[1..]), &all, |player, dealing| {
        if dealing.dealer == NodeId(1) && player == NodeId(5) {
            let mut sealed = dealing.values[5].sealed.to_vec();
            sealed[60] ^= 1;
            dealing.values[5].sealed = sealed.into();
        }
        if dealing.dealer == NodeId(2) && player.0 < 3 {
            *dealing = other.clone();
        }
    });
    let held = held.unwrap();
    assert_eq!(held.key.nodes().len(), 10);
    assert_eq!(held.key.revealed().count(), 0);
    held.key.verify(&seed(&held)).unwrap();
    println!("ceremony of 10: {:?} for all of them", held.took);
}

#[test]
fn a_seed_is_the_same_whoever_makes_it() {
    let (_, held) = fresh(0..10, 1);
    let seed = seed(&held);
    let parts = parts(&held.shares);
    for part in &parts {
        held.key.verify_partial(&POINT, part).unwrap();
    }
    for silent in 0..10 {
        let seven: Vec<_> = (0..7).map(|i| parts[(silent + i * 3) % 10].clone()).collect();
        assert_eq!(held.key.combine(&POINT, &seven), Ok(seed.clone()));
    }
    let error = SeedError::QuorumMissing { point: POINT, needed: 7, found: 6 };
    assert_eq!(held.key.combine(&POINT, &parts[..6]), Err(error.clone()));
    let twice = [&parts[..6], &parts[..6]].concat();
    assert_eq!(held.key.combine(&POINT, &twice), Err(error));

    // Three liars among ten, before and after the honest ones: left out. Among nine parts there are too few.
    let mut lies = parts.clone();
    for liar in [0, 1, 2] {
        lies[liar].signature = parts[liar + 1].signature.clone();
        let error = SeedError::PartialInvalid { point: POINT, node: lies[liar].node };
        assert_eq!(held.key.verify_partial(&POINT, &lies[liar]), Err(error));
    }
    assert_eq!(held.key.combine(&POINT, &lies), Ok(seed.clone()));
    let both: Vec<_> = lies.iter().chain(&parts).cloned().collect();
    assert_eq!(held.key.combine(&POINT, &both), Ok(seed.clone()));
    let error = SeedError::QuorumMissing { point: POINT, needed: 7, found: 6 };
    assert_eq!(held.key.combine(&POINT, &lies[..9]), Err(error));

    let stranger = Partial { node: NodeId(99), ..parts[0].clone() };
    let error = SeedError::NoSeat { node: NodeId(99) };
    assert_eq!(held.key.verify_partial(&POINT, &stranger), Err(error));
}

#[test]
fn no_other_bytes_are_the_seed() {
    let (_, held) = fresh(0..4, 1);
    let good = seed(&held);
    for bit in 0..8 * good.signature.len() {
        let mut signature = good.signature.to_vec();
        signature[bit / 8] ^= 1 << (bit % 8);
        let bad = Seed { signature: signature.into(), ..good.clone() };
        assert_eq!(held.key.verify(&bad), Err(SeedError::SeedInvalid { point: POINT }));
    }
    for point in [
        SeedPoint { height: 78, ..POINT },
        SeedPoint { epoch: 2, ..POINT },
        SeedPoint { group: 4, ..POINT },
    ] {
        assert!(held.key.verify(&Seed { point, ..good.clone() }).is_err());
    }
}

/// From ten to twelve: two leave, four come, three of those who should deal are silent.
#[test]
fn new_members_get_shares_of_the_same_key() {
    let (dealers, old) = fresh(0..10, 1);
    let new = identities(2..14, 2);
    let ceremony = Ceremony::reshare(GROUP, 2, &old.key, &members(&new)).unwrap();
    let dealers: Vec<_> =
        dealers.into_iter().zip(old.shares.iter().cloned().map(Some)).skip(3).collect();
    let held = hold(&ceremony, &dealers, &new, |_, _| ()).unwrap();
    println!("resharing from 10 to 12: {:?} for all of them", held.took);

    assert_eq!(held.key.public(), old.key.public());
    assert_ne!(held.key.id(), old.key.id());
    assert_eq!(held.key.needed(), 9);
    assert_eq!(seed(&held), seed(&old));

    // An old share is none of the new ones, and old and new ones do not go together.
    let (old_parts, new_parts) = (parts(&old.shares), parts(&held.shares));
    for part in &old_parts {
        assert!(held.key.verify_partial(&POINT, part).is_err());
    }
    let mixed = [&old_parts[..6], &new_parts[4..]].concat();
    let error = SeedError::QuorumMissing { point: POINT, needed: 9, found: 8 };
    assert_eq!(held.key.combine(&POINT, &mixed), Err(error));
    // But a whole quorum of them still is one: they have to be destroyed.
    assert_eq!(old.key.combine(&POINT, &old_parts[..7]), Ok(seed(&held)));
}

#[test]
fn after_a_fresh_key_old_shares_are_worth_nothing() {
    let (_, old) = fresh(0..10, 1);
    let (_, new) = fresh(0..10, 2);
    assert_ne!(new.key.public(), old.key.public());
    assert!(new.key.verify(&seed(&old)).is_err());
    let error = SeedError::QuorumMissing { point: POINT, needed: 7, found: 0 };
    assert_eq!(new.key.combine(&POINT, &parts(&old.shares)), Err(error));
}

#[test]
fn too_many_liars_make_no_key_and_are_named() {
    let all = identities(0..10, 1);
    let ceremony = Ceremony::fresh(GROUP, 1, &members(&all)).unwrap();
    // Two do not deal; two deal nonsense to four players each, and cannot show so many values.
    let outcome = hold(&ceremony, &without_shares(&all[2..]), &all, |player, dealing| {
        if dealing.dealer.0 < 4 && player.0 > 5 {
            dealing.values.clear();
        }
    });
    let error = outcome.err().unwrap();
    let DkgError::TooFewTranscripts { needed: 7, found: 6, faulty, mut silent } = error else {
        panic!("{error}");
    };
    silent.sort_unstable();
    assert_eq!(faulty, []);
    assert_eq!(silent, [0, 1, 2, 3].map(NodeId));
}

#[test]
fn small_groups_can_have_a_key() {
    for size in [1, 2, 3, 4] {
        let (_, held) = fresh(0..size, 1);
        assert_eq!(held.key.needed() as u64, 2 * size / 3 + 1);
        held.key.verify(&seed(&held)).unwrap();
    }
}

#[test]
fn who_restarts_says_the_same() {
    let all = identities(0..4, 1);
    let ceremony = Ceremony::fresh(GROUP, 1, &members(&all)).unwrap();
    let start = || Dealer::start(&ceremony, &all[0], None, &[5; 32]).unwrap();
    let (mut dealer, dealing) = start();
    let (mut again, same) = start();
    assert_eq!(dealing, same);

    let mut player = Player::new(&ceremony, &all[1]).unwrap();
    let ack = player.receive(&dealing).unwrap();
    assert_eq!(player.receive(&dealing).unwrap(), ack);
    // A second dealing of the same dealer changes nothing.
    let (_, second) = Dealer::start(&ceremony, &all[0], None, &[6; 32]).unwrap();
    assert_eq!(player.receive(&second).unwrap(), ack);
    let mut player = Player::new(&ceremony, &all[1]).unwrap();
    assert_eq!(player.receive(&dealing).unwrap(), ack);
    dealer.acknowledge(&ack).unwrap();
    again.acknowledge(&ack).unwrap();
    assert_eq!(dealer.finish(), again.finish());
}

#[test]
fn strangers_and_forgeries_are_refused() {
    let all = identities(0..4, 1);
    let ceremony = Ceremony::fresh(GROUP, 1, &members(&all)).unwrap();
    let next = Ceremony::fresh(GROUP, 2, &members(&all)).unwrap();
    let (mut dealer, dealing) = Dealer::start(&ceremony, &all[0], None, &[5; 32]).unwrap();
    let mut player = Player::new(&ceremony, &all[1]).unwrap();

    // Another's keys under one's own name, and one's own under another's.
    let impostor = &identities([0], 9)[0];
    let refused = Dealer::start(&ceremony, impostor, None, &[5; 32]).err();
    assert_eq!(refused, Some(DkgError::NotDealer { node: NodeId(0) }));
    let refused = Player::new(&ceremony, impostor).err();
    assert_eq!(refused, Some(DkgError::NotPlayer { node: NodeId(0) }));
    let stranger = &identities([9], 1)[0];
    assert!(Player::new(&ceremony, stranger).is_err());

    let invalid = DkgError::SignatureInvalid { node: NodeId(0) };
    let mut forged = dealing.clone();
    forged.values[1].sealed = forged.values[2].sealed.clone();
    assert_eq!(player.receive(&forged), Err(invalid.clone()));
    let mut other_round = Player::new(&next, &all[1]).unwrap();
    assert_eq!(other_round.receive(&dealing), Err(invalid));

    let ack = player.receive(&dealing).unwrap();
    let not_his = Ack { player: NodeId(2), ..ack.clone() };
    let invalid = DkgError::SignatureInvalid { node: NodeId(2) };
    assert_eq!(dealer.acknowledge(&not_his), Err(invalid));
    let for_another = Ack { dealer: NodeId(2), ..ack };
    assert!(matches!(dealer.acknowledge(&for_another), Err(DkgError::NotDealer { .. })));

    let transcript = dealer.finish();
    let mut tally = Tally::new(&ceremony);
    let malformed = DkgError::TranscriptMalformed { dealer: NodeId(1) };
    let borrowed = Transcript { dealer: NodeId(1), ..transcript.clone() };
    assert_eq!(tally.record(&borrowed), Err(malformed));
    tally.record(&transcript).unwrap();
    let twice = DkgError::TranscriptTwice { dealer: NodeId(0) };
    assert_eq!(tally.record(&transcript), Err(twice));
    assert!(!tally.is_complete());
}

#[test]
fn members_need_keys_of_their_own() {
    let all = members(&identities(0..4, 1));
    let refused = |members: &[Member]| Ceremony::fresh(GROUP, 1, members).err();
    assert_eq!(refused(&[]), Some(DkgError::Members { found: 0 }));
    let twice = [all.as_slice(), &all[..1]].concat();
    assert_eq!(refused(&twice), Some(DkgError::Members { found: 5 }));
    // Announced by another, or changed.
    for bad in [
        Member { node: NodeId(8), ..all[0].clone() },
        Member { sealing: B256::repeat_byte(9), ..all[0].clone() },
        Member { proof: FixedBytes::ZERO, ..all[0].clone() },
    ] {
        assert_eq!(
            refused(std::slice::from_ref(&bad)),
            Some(DkgError::MemberInvalid { node: bad.node })
        );
    }
    let ids: Vec<_> = [1, 2].map(|round| Ceremony::fresh(GROUP, round, &all).unwrap().id()).into();
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn keys_and_shares_can_be_kept() {
    let (_, held) = fresh(0..4, 1);
    let bytes = held.key.encode();
    assert_eq!(GroupKey::decode(&bytes), Ok(held.key.clone()));
    let mut cut = bytes.to_vec();
    cut.pop();
    assert!(GroupKey::decode(&cut).is_err());

    for (identity, share) in (0..4).zip(&held.shares) {
        let restored = held.key.restore_share(NodeId(identity), &share.to_kept()).unwrap();
        assert_eq!(restored.sign(&POINT), share.sign(&POINT));
        let error = KeyError { expected: "the node's share of this key" };
        let other = held.key.restore_share(NodeId((identity + 1) % 4), &share.to_kept());
        assert_eq!(other.err(), Some(error));
    }
}

#[test]
fn messages_survive_their_encoding() {
    let all = identities(0..4, 1);
    let ceremony = Ceremony::fresh(GROUP, 1, &members(&all)).unwrap();
    let (mut dealer, dealing) = Dealer::start(&ceremony, &all[0], None, &[5; 32]).unwrap();
    let ack = Player::new(&ceremony, &all[1]).unwrap().receive(&dealing).unwrap();
    dealer.acknowledge(&ack).unwrap();
    let (member, transcript) = (all[0].member(), dealer.finish());
    let lengths = [
        alloy_rlp::encode(&member).len(),
        alloy_rlp::encode(&dealing).len(),
        alloy_rlp::encode(&ack).len(),
        alloy_rlp::encode(&transcript).len(),
    ];
    println!("of four: member {lengths:?} dealing, ack, transcript bytes");
    assert_eq!(alloy_rlp::decode_exact::<Member>(alloy_rlp::encode(&member)), Ok(member));
    assert_eq!(alloy_rlp::decode_exact::<Dealing>(alloy_rlp::encode(&dealing)), Ok(dealing));
    assert_eq!(alloy_rlp::decode_exact::<Ack>(alloy_rlp::encode(&ack)), Ok(ack));
    let bytes = alloy_rlp::encode(&transcript);
    assert_eq!(alloy_rlp::decode_exact::<Transcript>(bytes), Ok(transcript));
}

/// Not a check: says what seeds cost here.
#[test]
fn cost() {
    let (_, held) = fresh(0..19, 1);
    println!("ceremony of 19: {:?} for all of them", held.took);
    let time = |what: &str, runs: u32, mut run: Box<dyn FnMut() + '_>| {
        let start = Instant::now();
        (0..runs).for_each(|_| run());
        println!("{what}: {:?}", start.elapsed() / runs);
    };
    let (parts, seed) = (parts(&held.shares), seed(&held));
    time("a part", 20, Box::new(|| drop(held.shares[0].sign(&POINT))));
    time("check a part", 20, Box::new(|| held.key.verify_partial(&POINT, &parts[0]).unwrap()));
    time(
        "combine 13 of 19, checked",
        20,
        Box::new(|| drop(held.key.combine(&POINT, &parts).unwrap())),
    );
    time("check a seed", 20, Box::new(|| held.key.verify(&seed).unwrap()));
}
