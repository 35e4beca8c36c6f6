//! Troubles that a seed draws, while somebody writes on several chains.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use conet_tests::{command::Person, eventually, seed::story_rng, town::Town};
use rand::{Rng as _, rngs::StdRng, seq::IteratorRandom as _};

use super::{NODES, SEATS, until_active};

/// How often there is trouble, unless [`ROUNDS_VARIABLE`] says otherwise.
const ROUNDS: usize = 3;

/// The variable for longer runs.
const ROUNDS_VARIABLE: &str = "CONET_TROUBLES";

/// At most so many seats and participants in one trouble: in two at once, a seat stays that can be asked.
const SEATS_MAX: usize = 4;
const PARTICIPANTS_MAX: usize = 6;

/// What happens to nodes for a while.
#[derive(Debug)]
enum Trouble {
    /// Kill -9, and started again.
    Killed(BTreeSet<u64>),
    /// Each by itself, from everybody.
    Unplugged(BTreeSet<u64>),
    /// One side from the other.
    Parted,
}

impl Trouble {
    /// One of three kinds.
    fn draw(kind: usize, random: &mut StdRng) -> Self {
        let (seats, others) = (1..=SEATS, SEATS + 1..=NODES);
        let count = random.random_range(0..=SEATS_MAX);
        let mut nodes = BTreeSet::from_iter(seats.choose_multiple(random, count));
        let count = random.random_range(1..=PARTICIPANTS_MAX);
        nodes.extend(others.choose_multiple(random, count));
        match kind {
            0 => Self::Killed(nodes),
            1 => Self::Unplugged(nodes),
            _ => Self::Parted,
        }
    }

    async fn begin(&self, town: &mut Town) {
        match self {
            Self::Killed(nodes) => {
                for node in nodes {
                    town.kill(*node).await;
                }
            }
            Self::Unplugged(nodes) => nodes.iter().for_each(|node| town.wires.unplug(*node)),
            Self::Parted => town.wires.cut(),
        }
    }

    fn end(&self, town: &mut Town) {
        match self {
            Self::Killed(nodes) => nodes.iter().for_each(|node| town.start(*node)),
            Self::Unplugged(nodes) => nodes.iter().for_each(|node| town.wires.plug_in(*node)),
            Self::Parted => town.wires.heal(),
        }
    }
}

/// What was said to be final: the blocks' hashes by chain and height.
pub(super) type Said = BTreeMap<(String, u64), String>;

/// Somebody who writes on one chain, and what became of it.
struct Writer {
    person: Person,
    chain: String,
    texts: Vec<String>,
    said: Said,
}

impl Writer {
    /// Writes a text, and waits until it is final.
    async fn write(&mut self, text: String) {
        let append = ["chain", "append", &self.chain, "--wallet", "bobo", "--timeout-s", "50"];
        let sent = self.person.one(&[&append[..], &["--text", &text]].concat()).await;
        self.texts.push(text);
        let height = sent["height"].as_u64().expect("a height");
        let block = sent["block"].as_str().expect("a hash").to_owned();
        let known = self.said.insert((self.chain.clone(), height), block.clone());
        assert!(known.is_none_or(|known| known == block), "two blocks at {height}: {sent}");
    }

    /// Writes one text after the other until it is told to end, and then one more.
    async fn keep_writing(&mut self, round: usize, end: &AtomicBool) {
        let mut is_over = false;
        while !is_over {
            is_over = end.load(Ordering::Relaxed);
            self.write(format!("round {round}, {}", self.texts.len())).await;
        }
    }

    /// What the chain has of it; a seat that was away may be behind for a while.
    async fn until_recorded(&self) {
        eventually("what was written is recorded, once and in its order", async || {
            let records = self.person.run(&["chain", "records", &self.chain]).await;
            let texts = records.iter().map(|record| record["text"].as_str().expect("a text"));
            texts.filter(|text| text.starts_with("round")).eq(self.texts.iter())
        })
        .await;
    }
}

/// Some rounds of trouble. All that was written is on the chains at the end.
pub(super) async fn pass(town: &mut Town, chains: &[String]) -> Said {
    let mut random = story_rng("troubles");
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |it| it.parse().expect("a number"));
    let writer = |chain: &String| {
        let (person, chain) = (town.net.person.clone(), chain.clone());
        Writer { person, chain, texts: Vec::new(), said: Said::new() }
    };
    let mut writers: Vec<_> = chains.iter().map(writer).collect();
    for round in 0..rounds {
        trouble(town, &mut writers, round, &mut random).await;
    }
    for writer in &writers {
        writer.until_recorded().await;
    }
    writers.into_iter().flat_map(|writer| writer.said).collect()
}

/// One or two troubles at once, while everybody writes; then all is as before.
async fn trouble(town: &mut Town, writers: &mut [Writer], round: usize, random: &mut StdRng) {
    let count = random.random_range(1..=2);
    let kinds = (0..3).choose_multiple(random, count);
    let troubles: Vec<_> = kinds.into_iter().map(|kind| Trouble::draw(kind, random)).collect();
    let begins = Duration::from_millis(random.random_range(500..2_000));
    let lasts = Duration::from_millis(random.random_range(500..6_000));
    eprintln!("round {round}: after {begins:?} for {lasts:?} {troubles:?}");
    let end = AtomicBool::new(false);
    let writing = writers.iter_mut().map(|writer| writer.keep_writing(round, &end));
    let trouble = async {
        tokio::time::sleep(begins).await;
        for trouble in &troubles {
            trouble.begin(town).await;
        }
        tokio::time::sleep(lasts).await;
        troubles.iter().rev().for_each(|trouble| trouble.end(town));
        end.store(true, Ordering::Relaxed);
    };
    tokio::join!(futures_util::future::join_all(writing), trouble);
    until_active(town, 10).await;
    let heights = writers.iter().filter_map(|writer| writer.said.keys().last());
    eprintln!("round {round}: heights {:?}", heights.map(|(_, height)| height).collect::<Vec<_>>());
}
