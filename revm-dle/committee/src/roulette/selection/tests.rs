use std::time::Instant;

use alloy_rlp::Decodable as _;

use super::*;
use crate::{
    keys::NodeId,
    roulette::{
        pool::{Offer, PoolStep},
        request::{SEED_DELAY, Skipped, TURNS_MAX, Unfit},
        seed::{Seed, SeedPoint},
    },
};

fn offer(node: u64) -> Offer {
    Offer { node: NodeId(node), roles: 8, seats: 1 + u32::try_from(node % 3).unwrap() }
}

/// Anybody's signature, which counts here as the group's.
fn signed(height: u64) -> Seed {
    let point = SeedPoint { group: 1, epoch: 1, height };
    Seed { point, signature: height.to_be_bytes().to_vec().into() }
}

fn seed(height: u64) -> B256 {
    signed(height).value()
}

/// A group that draws: its pool, its Selection Chain, and what a seat keeps of both.
struct Group {
    pool: Pool,
    head: Head,
    selections: Vec<Selection>,
    evidence: Vec<Evidence>,
    told: Option<(Pool, B256)>,
}

impl Group {
    fn new(nodes: u64) -> Self {
        let mut pool = Pool::new(100);
        for node in 0..nodes {
            pool.join(offer(node)).unwrap();
        }
        let (selections, evidence) = (Vec::new(), Vec::new());
        Self { pool, head: Head::default(), selections, evidence, told: None }
    }

    fn tell_pool(&mut self) {
        let digest = self.pool.snapshot().digest();
        let before = self.told.as_ref().map(|(pool, digest)| (pool, *digest));
        let step = self.pool.step_from(before, digest);
        self.evidence.push(Evidence::Pool(Box::new(step)));
        self.told = Some((self.pool.clone(), digest));
    }

    fn request(&mut self, logged_at: u64, seats: u16, members: &[u64]) -> (Request, Lineup) {
        let lineup = self.pool.lineup();
        let request = Request {
            chain: B256::repeat_byte(0xc1),
            height: 5,
            role: 8,
            seats,
            standbys: 2,
            weighted: true,
            members: members.iter().copied().map(NodeId).collect(),
            logged_at,
            seed_height: logged_at + SEED_DELAY,
            pool: lineup.digest(),
        };
        self.tell_pool();
        (request, lineup)
    }

    fn draw(&mut self, entry: u64, requests: Vec<(Request, Lineup)>) {
        let seed_height = requests[0].0.seed_height;
        let seed = seed(seed_height);
        self.evidence.push(Evidence::Seed(signed(seed_height)));
        self.tell_pool();
        let turn = Turn { entry, seed_height, seed };
        let mut drawing = Drawing::new(&mut self.head, &mut self.pool, turn);
        for (request, lineup) in requests {
            let selection = drawing.draw(request, &lineup).unwrap();
            self.evidence.push(Evidence::Selection(Box::new(selection.clone())));
            self.selections.push(selection);
        }
    }

    /// With these draws in place of those that were kept.
    fn replay(&self, selections: &[Selection]) -> Result<Head, ReplayError> {
        let mut draws = selections.iter();
        let evidence = self.evidence.iter().map(|evidence| match evidence {
            Evidence::Selection(_) => {
                Evidence::Selection(Box::new(draws.next().expect("as many draws").clone()))
            }
            other => other.clone(),
        });
        replay(evidence)
    }
}

fn replay(evidence: impl Iterator<Item = Evidence>) -> Result<Head, ReplayError> {
    let mut replay = Replay::default();
    for evidence in evidence {
        replay.take(&evidence, |seed| *seed == signed(seed.point.height))?;
    }
    Ok(replay.head())
}

/// Three draws, the second with who left, cheated and was drawn meanwhile.
fn story() -> Group {
    let mut group = Group::new(20);
    let first = group.request(10, 4, &[]);
    let second = group.request(10, 15, &[6]);
    group.pool.leave(NodeId(2)).unwrap();
    group.pool.bar(NodeId(3));
    group.pool.join(offer(4)).unwrap();
    group.draw(13, vec![first, second]);
    let third = group.request(20, 3, &[]);
    group.draw(25, vec![third]);
    group
}

#[test]
fn who_is_drawn_leaves_and_who_is_unfit_is_passed_over() {
    let group = story();
    let [first, second, third] = group.selections.as_slice() else { panic!() };
    assert_eq!((first.members().len(), first.standbys().len()), (4, 2));

    // The pool ended before all seats were taken: everybody was looked at.
    let reason = |node| {
        let skipped = second.outcome.skipped.iter();
        skipped.clone().find(|s| s.node == NodeId(node)).map(|s| s.reason)
    };
    assert_eq!(second.outcome.nodes.len() + second.outcome.skipped.len(), 20);
    assert_eq!(reason(2), Some(Unfit::Gone));
    assert_eq!(reason(3), Some(Unfit::Barred));
    assert_eq!(reason(4), Some(Unfit::Gone), "it joined anew: another wait");
    assert_eq!(reason(6), Some(Unfit::Member));
    let gone = |node: &NodeId| reason(node.0) == Some(Unfit::Gone);
    assert!(first.outcome.nodes.iter().all(|node| gone(node) || *node == NodeId(6)));
    assert!(second.outcome.nodes.iter().all(|node| !first.outcome.nodes.contains(node)));

    // What is left: those who were passed over and still wait.
    assert!(third.outcome.nodes.iter().all(|node| [NodeId(4), NodeId(6)].contains(node)));
    let left = group.pool.waiting().count() + third.outcome.nodes.len();
    assert!((1..=2).contains(&left));
}

#[test]
fn anybody_draws_the_same_again() {
    let group = story();
    assert_eq!(group.replay(&group.selections), Ok(group.head));
    for selection in &group.selections {
        let bytes = alloy_rlp::encode(selection);
        assert_eq!(&Selection::decode(&mut bytes.as_slice()).unwrap(), selection);
    }
}

/// The error of a replay after a change to the second selection, with what follows linked to it.
fn error_after(change: impl Fn(&mut Selection)) -> Problem {
    let group = story();
    let mut selections = group.selections.clone();
    change(&mut selections[1]);
    selections[2].parent = selections[1].id();
    problem_of(group.replay(&selections), 1)
}

fn problem_of(replayed: Result<Head, ReplayError>, index: u64) -> Problem {
    match replayed {
        Err(ReplayError::Selection(error)) if error.index == index => error.problem,
        other => panic!("expected draw {index} to be wrong, found {other:?}"),
    }
}

#[test]
fn every_lie_is_found() {
    let lie = |change: fn(&mut Selection)| error_after(change);
    assert_eq!(lie(|s| s.index = 7), Problem::Index { expected: 1, found: 7 });
    assert!(matches!(lie(|s| s.parent = B256::ZERO), Problem::Parent { .. }));
    assert!(matches!(lie(|s| s.seed = seed(99)), Problem::Seed { expected: Some(_), .. }));
    let unknown = lie(|s| (s.request.seed_height, s.drawn_in) = (40, 41));
    assert!(matches!(unknown, Problem::Seed { expected: None, .. }));
    assert_eq!(lie(|s| s.drawn_in = 12), Problem::DrawnTooEarly { least: 13, found: 12 });
    assert_eq!(lie(|s| s.request.seed_height = 11), Problem::SeedTooEarly { least: 12, found: 11 });
    assert!(matches!(lie(|s| s.pool = B256::ZERO), Problem::Pool { .. }));
    assert!(matches!(lie(|s| s.request.pool = B256::ZERO), Problem::Pool { .. }));
    assert!(matches!(lie(|s| s.request.seats = u16::MAX), Problem::Wanted { .. }));
    assert!(matches!(lie(|s| s.request.role = 24), Problem::Role { found: 24 }));
    for change in [
        |s: &mut Selection| s.outcome.nodes.swap(0, 1),
        |s: &mut Selection| s.outcome.nodes.truncate(3),
        |s: &mut Selection| s.outcome.skipped.truncate(3),
        |s: &mut Selection| s.outcome.skipped[0].reason = Unfit::Member,
        |s: &mut Selection| {
            s.outcome.skipped.push(Skipped { node: NodeId(9), reason: Unfit::Gone })
        },
        |s: &mut Selection| s.request.weighted = false,
        |s: &mut Selection| s.request.members = vec![NodeId(7)],
        |s: &mut Selection| s.request.height += 1,
    ] {
        assert!(matches!(error_after(change), Problem::Outcome { .. }));
    }
}

#[test]
fn what_is_left_out_or_changed_is_missed() {
    let group = story();
    let without = |place: usize| {
        let kept = group.evidence.iter().enumerate().filter(|(at, _)| *at != place);
        replay(kept.map(|(_, evidence)| evidence.clone()))
    };
    for (place, evidence) in group.evidence.iter().enumerate() {
        // Who begins late begins with any pool and any draw; what is last nobody misses.
        let is_repeated = matches!(evidence, Evidence::Pool(step) if step.gone.is_empty() && step.come.is_empty());
        let is_at_an_end = place == 0 || place + 1 == group.evidence.len();
        let is_first_draw = place == 4;
        if !is_repeated && !is_at_an_end && !is_first_draw {
            assert!(without(place).is_err(), "{place}: {evidence:?}");
        }
    }
    let changed = |change: fn(&mut Evidence)| {
        let mut evidence = group.evidence.clone();
        evidence.iter_mut().for_each(change);
        replay(evidence.into_iter())
    };
    let forged = changed(|evidence| {
        if let Evidence::Seed(seed) = evidence {
            seed.signature = vec![7].into();
        }
    });
    assert!(matches!(forged, Err(ReplayError::Seed(_))));
    let elsewhere = changed(|evidence| {
        if let Evidence::Pool(step) = evidence {
            step.from = step.from.map(|_| B256::ZERO);
        }
    });
    assert!(matches!(elsewhere, Err(ReplayError::Step { .. })));
    let crowded = changed(|evidence| {
        if let Evidence::Pool(step) = evidence {
            step.next_place += 1;
        }
    });
    assert!(matches!(crowded, Err(ReplayError::Pool(_))));
    let whole: Vec<PoolStep> = group.evidence.iter().filter_map(pool_of).collect();
    assert!(whole.iter().skip(1).all(|step| step.from.is_some() && step.come.len() < 20));
}

#[test]
fn who_was_away_has_a_gap_that_is_counted() {
    let group = story();
    let mut later = Group { told: None, evidence: Vec::new(), ..story() };
    // Its seat saw nothing of five draws.
    later.head.length += 5;
    let fourth = later.request(30, 1, &[]);
    later.pool.join(offer(50)).unwrap();
    later.draw(33, vec![fourth]);
    let mut replay = Replay::default();
    for evidence in group.evidence.iter().chain(&later.evidence) {
        replay.take(evidence, |_| true).unwrap();
    }
    assert_eq!((replay.redrawn(), replay.missing()), (4, std::slice::from_ref(&(3..8))));
    // Without a whole pool nothing may be missing.
    let mut selections = group.selections.clone();
    selections[2].index += 1;
    let problem = problem_of(group.replay(&selections), 2);
    assert_eq!(problem, Problem::Index { expected: 2, found: 3 });
}

#[test]
fn what_was_asked_for_in_a_gap_is_missing_and_nothing_after_it() {
    let group = story();
    let mut later = Group { told: None, evidence: Vec::new(), ..story() };
    let first = later.request(30, 1, &[]);
    later.pool.join(offer(50)).unwrap();
    // Its seat had no pool yet when that was asked for.
    (later.told, later.evidence) = (None, Vec::new());
    let second = later.request(31, 1, &[]);
    later.draw(33, vec![first]);
    later.draw(34, vec![second]);
    let mut replay = Replay::default();
    for evidence in group.evidence.iter().chain(&later.evidence) {
        replay.take(evidence, |_| true).unwrap();
    }
    assert_eq!((replay.redrawn(), replay.missing()), (4, std::slice::from_ref(&(3..4))));
}

fn pool_of(evidence: &Evidence) -> Option<PoolStep> {
    match evidence {
        Evidence::Pool(step) => Some(PoolStep::clone(step)),
        _ => None,
    }
}

#[test]
fn no_request_is_drawn_for_twice() {
    let mut group = Group::new(20);
    let (request, lineup) = group.request(10, 2, &[]);
    let again = (request.clone(), group.pool.lineup());
    group.draw(13, vec![(request.clone(), lineup), again]);
    let problem = problem_of(group.replay(&group.selections), 1);
    assert_eq!(problem, Problem::DrawnAgain { request: request.id() });
}

#[test]
fn a_draw_takes_the_request_s_own_lineup_and_seed_and_waits_for_it() {
    let mut group = Group::new(5);
    let (request, lineup) = group.request(10, 2, &[]);
    let turn = Turn { entry: 13, seed_height: 12, seed: seed(12) };
    let mut problem = |turn, lineup: &Lineup| {
        let mut drawing = Drawing::new(&mut group.head, &mut group.pool, turn);
        drawing.draw(request.clone(), lineup).unwrap_err().problem
    };
    let other = Pool::new(1).lineup();
    let (expected, found) = (Some(lineup.digest()), other.digest());
    assert_eq!(problem(turn, &other), Problem::Pool { expected, found });
    let early = Turn { entry: 12, ..turn };
    assert_eq!(problem(early, &lineup), Problem::DrawnTooEarly { least: 13, found: 12 });
    let other = Turn { seed_height: 11, ..turn };
    assert!(matches!(problem(other, &lineup), Problem::Seed { height: 12, .. }));
    assert_eq!((group.head, group.pool.len()), (Head::default(), 5));
}

/// Who knows the seed cannot improve the outcome by joining or leaving: all others keep their turns.
#[test]
fn nobody_moves_another_s_turn() {
    let drawn = |change: fn(&mut Pool)| {
        let mut group = Group::new(20);
        let request = group.request(10, 3, &[]);
        change(&mut group.pool);
        group.draw(13, vec![request]);
        group.selections.remove(0).outcome
    };
    let plain = drawn(|_| ());
    let joined = drawn(|pool| (50..60).for_each(|node| drop(pool.join(offer(node)))));
    assert_eq!(joined, plain);
    for node in 0..20 {
        let without = {
            let mut group = Group::new(20);
            let request = group.request(10, 3, &[]);
            group.pool.leave(NodeId(node)).unwrap();
            group.draw(13, vec![request]);
            group.selections.remove(0).outcome
        };
        let mut left = plain.nodes.clone();
        left.retain(|drawn| *drawn != NodeId(node));
        assert_eq!(without.nodes[..left.len()], left);
    }
}

#[test]
fn a_draw_has_a_limit() {
    let mut group = Group::new(0);
    group.pool = Pool::new(3_000);
    for node in 0..3_000 {
        group.pool.join(offer(node)).unwrap();
    }
    let request = group.request(10, 3, &[]);
    for node in 0..2_999 {
        group.pool.leave(NodeId(node)).unwrap();
    }
    group.draw(13, vec![request]);
    let outcome = &group.selections[0].outcome;
    assert_eq!(outcome.nodes.len() + outcome.skipped.len(), TURNS_MAX);
    group.replay(&group.selections).unwrap();
}

/// Not a check: says what a draw costs here.
#[test]
fn cost() {
    let mut group = Group::new(0);
    group.pool = Pool::new(10_000);
    for node in 0..10_000 {
        group.pool.join(offer(node)).unwrap();
    }
    let start = Instant::now();
    let (request, lineup) = group.request(10, 5, &[]);
    println!("a lineup of 10,000: {:?}", start.elapsed());
    let start = Instant::now();
    let turn = Turn { entry: 13, seed_height: 12, seed: seed(12) };
    let mut drawing = Drawing::new(&mut group.head, &mut group.pool, turn);
    println!("begin to draw: {:?}", start.elapsed());
    let start = Instant::now();
    for height in 0..100 {
        drawing.draw(Request { height, ..request.clone() }, &lineup).unwrap();
    }
    println!("a draw of 7 of them: {:?}", start.elapsed() / 100);
}
