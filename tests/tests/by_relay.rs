//! Participants in small chains behind relays, without an address of their own: their chains grow as any other, and no
//! archive node has a connection from them.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use conet_chain::NodeInfo;
use conet_committee::keys::NodeId;
use conet_dle::{client::Place, clock, keys::WalletKey};
use conet_node::config::NodeConfig;
use conet_tests::{
    author::Author,
    command::Person,
    devnet::Devnet,
    eventually,
    exchange::{exchange, status},
    node::Contact,
    sockets::{Watch, remote_ports},
    town::Town,
    wires::{Side, Wires},
};
use conet_wire::{
    ledgers::{LedgerRequest, PART_BYTES, PROOF_LEN, Part, WHOLE_BYTES_MAX},
    parcel::{Content, Status},
};
use serde_json::Value;
use tokio::process::Child;
use zeroize::Zeroizing;

const SEATS: usize = 4;
const RELAYS: usize = 3;
/// A creator, two witnesses, and four more: validators are drawn for three heights ahead, and none for two of them.
const BEHIND: usize = 7;
/// Blocks of which the latency is told.
const BLOCKS: usize = 40;
/// Of the wallet that writes.
const SECRET: [u8; 32] = [0xb0; 32];

/// A network whose participants are all behind relays.
struct Hidden {
    net: Devnet,
    chain: String,
    /// Participants that this process started again.
    again: Vec<Child>,
}

impl Hidden {
    async fn begin() -> Self {
        let nodes = SEATS + RELAYS + BEHIND;
        let behind = BEHIND.to_string();
        let net = Devnet::with_seats(nodes, SEATS, &["--by-relay", &behind]).await;
        let secret = net.folder.path().join("bobo.key");
        std::fs::write(&secret, hex::encode(SECRET)).expect("a file");
        let secret = secret.display().to_string();
        net.person.run(&["wallet", "import", "--name", "bobo", "--secret-file", &secret]).await;
        net.person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
        Self { net, chain: String::new(), again: Vec::new() }
    }

    fn ports(&self, nodes: std::ops::Range<usize>) -> BTreeSet<u16> {
        let nodes = self.net.network.nodes.iter().skip(nodes.start).take(nodes.len());
        nodes.map(|node| node.endpoint.port()).collect()
    }

    fn seats(&self) -> BTreeSet<u16> {
        self.ports(0..SEATS)
    }

    fn relays(&self) -> BTreeSet<u16> {
        self.ports(SEATS..SEATS + RELAYS)
    }

    /// Ids and processes of those behind relays.
    fn behind(&self) -> impl Iterator<Item = (u64, u32)> {
        let nodes = self.net.network.nodes.iter().skip(SEATS + RELAYS);
        nodes.map(|node| (node.id, node.pid.expect("a process")))
    }

    async fn until_waiting(&self, count: usize) {
        eventually("all participants wait", async || {
            self.net.person.one(&["chain", "status"]).await["waiting"] == count
        })
        .await;
    }

    /// What a node says of its part in ledgers.
    async fn ledgers(&self, id: u64) -> Value {
        let output = self.at(id).output(&["node", "status"]).await;
        let said: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        said.map(|status| status["ledgers"].clone()).unwrap_or_default()
    }

    fn at(&self, id: u64) -> Person {
        Person::at(&PathBuf::from(self.net.node_home(id)))
    }

    async fn until_hears_all(&self, id: u64, by_relay: bool) {
        eventually("the participant hears all seats", async || {
            let ledgers = self.ledgers(id).await;
            (&ledgers["seats_heard"], &ledgers["by_relay"]) == (&SEATS.into(), &by_relay.into())
        })
        .await;
    }

    async fn append(&self, text: &str) {
        self.net
            .person
            .one(&["chain", "append", &self.chain, "--wallet", "bobo", "--text", text])
            .await;
    }

    /// Some blocks, and the median of how long they took.
    async fn grow(&self, how: &str) {
        let place =
            |node: &NodeInfo| Place { node: NodeId(node.id), endpoint: node.endpoint.to_string() };
        let seats = self.net.network.nodes.iter().take(SEATS).map(place).collect();
        let key = WalletKey::new(&Zeroizing::new(SECRET)).expect("a key");
        let chain = self.chain.parse().expect("an id");
        let mut author = Author::new(self.net.network.chain_id, seats, chain, key).await;
        let mut took = Vec::new();
        for number in 0..BLOCKS {
            took.push(author.append(&format!("{how} {number}")).await.as_millis());
        }
        took.sort_unstable();
        let (median, most) = (took[BLOCKS / 2], took[BLOCKS * 9 / 10]);
        eprintln!("{how}: final after {median} ms, nine of ten of {BLOCKS} within {most} ms");
    }

    /// None of the network's processes has panicked so far.
    fn nobody_panicked(&self) {
        for home in self.net.node_homes() {
            let log = std::fs::read_to_string(PathBuf::from(&home).join("node.log"));
            assert!(!log.expect("a log").contains("panicked"), "see node.log in {home}");
        }
    }

    /// Kill -9.
    fn kill(pid: u32) {
        let pid = rustix::process::Pid::from_raw(pid.try_into().expect("a number")).expect("one");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    }

    fn start(&mut self, id: u64) -> u32 {
        let mut run = self.at(id).command(&["node", "run"]);
        let log = PathBuf::from(self.net.node_home(id)).join("node.log");
        let log = std::fs::OpenOptions::new().append(true).open(log).expect("its log");
        let child = run.stdout(log.try_clone().expect("a log")).stderr(log).spawn().expect("runs");
        let pid = child.id().expect("a process");
        self.again.push(child);
        pid
    }

    /// Begins a chain; its creator and witnesses.
    async fn create(&mut self) -> Vec<u64> {
        let create =
            ["chain", "create", "--wallet", "bobo", "--witnesses", "2", "--title", "Hidden"];
        let made = self.net.person.one(&create).await;
        self.chain = made["chain"].as_str().expect("an id").to_owned();
        let witnesses = made["witnesses"].as_array().expect("witnesses");
        witnesses.iter().chain([&made["creator"]]).map(|id| id.as_u64().expect("an id")).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_grows_and_no_archive_node_sees_who_makes_it() {
    let mut hidden = Hidden::begin().await;
    let watch = Watch::new(hidden.behind().map(|(_, pid)| pid));
    hidden.until_waiting(BEHIND).await;
    let behind: Vec<_> = hidden.behind().collect();
    for (id, _) in &behind {
        hidden.until_hears_all(*id, true).await;
    }

    strangers_get_reasons(&hidden).await;

    let members = hidden.create().await;
    assert!(members.iter().all(|id| behind.iter().any(|(known, _)| known == id)), "{members:?}");
    hidden.grow("by relay").await;

    // A witness loses its power, and comes back with its journal.
    let (witness, pid) = *behind.iter().find(|(id, _)| *id == members[0]).expect("a member");
    Hidden::kill(pid);
    hidden.append("one is dead").await;
    let back = hidden.start(witness);
    watch.add(back);
    hidden.until_hears_all(witness, true).await;
    hidden.append("it is back").await;

    // A relay too: the streams through it go on through another.
    let relay = hidden.net.network.nodes[SEATS].pid.expect("a process");
    Hidden::kill(relay);
    hidden.append("a relay is dead").await;
    for (id, _) in &behind {
        hidden.until_hears_all(*id, true).await;
    }

    let seen = watch.seen();
    drop(watch);
    assert!(seen.is_disjoint(&hidden.seats()), "a seat has a connection from a participant");
    assert!(seen.intersection(&hidden.relays()).count() > 1, "no relay is used: {seen:?}");

    // The same network without relays: what was looked at would have shown it.
    let mut direct = Vec::new();
    for (id, pid) in behind {
        Hidden::kill(if id == witness { back } else { pid });
        let home = PathBuf::from(hidden.net.node_home(id));
        let mut config = NodeConfig::load(&home).expect("its configuration");
        config.dle.as_mut().expect("a table").insert("by_relay".into(), false.into());
        config.save(&home).expect("its configuration");
        direct.push((id, hidden.start(id)));
    }
    for (id, pid) in direct {
        hidden.until_hears_all(id, false).await;
        assert!(!remote_ports(pid).is_disjoint(&hidden.seats()), "nothing is seen of node {id}");
    }
    hidden.grow("directly").await;
    let verified = hidden.net.person.one(&["chain", "verify", &hidden.chain]).await;
    assert_eq!(
        (&verified["blocks"], &verified["is_final"]),
        (&(2 * BLOCKS + 3).into(), &true.into())
    );
    hidden.nobody_panicked();
}

/// What comes through a relay and is not right is answered with why, however long it is.
async fn strangers_get_reasons(hidden: &Hidden) {
    let contact = |at: usize| Contact::of(&hidden.net.network.nodes[at].home);
    let (relay, seat) = (contact(SEATS), contact(0));
    let say = async |to: &Contact, body: &[u8]| {
        status(exchange(&relay, to, Content::Ledgers, body).await)
    };
    let parcel = |from: u64| {
        let mut parcel = vec![1, 1];
        for word in [from, 1, clock::unix_us()] {
            parcel.extend(word.to_be_bytes());
        }
        parcel.resize(90, 7);
        LedgerRequest::Parcel(&parcel).encode()
    };
    assert_eq!(say(&seat, b"\x09").await, Status::Malformed);
    assert_eq!(say(&seat, &LedgerRequest::Parcel(&[0; 90]).encode()).await, Status::Malformed);
    let longest = vec![0; WHOLE_BYTES_MAX];
    assert_eq!(say(&seat, &LedgerRequest::Parcel(&longest).encode()).await, Status::Malformed);
    // In a participant's name, and in nobody's.
    for from in [(SEATS + RELAYS + 1) as u64, 99] {
        assert_eq!(say(&seat, &parcel(from)).await, Status::BadSignature);
    }
    let mut late = parcel(1);
    late[1 + 18..1 + 26].fill(0);
    assert_eq!(say(&seat, &late).await, Status::Replayed);
    let part =
        Part { proof: &[1; PROOF_LEN], length: u32::MAX, index: 0, bytes: &vec![7; PART_BYTES] };
    // For a node of a number that nobody has.
    let part = say(&seat, &LedgerRequest::Part(part).encode()).await;
    assert_eq!(part, Status::NotConnected);
    assert_eq!(say(&contact(SEATS + 1), &parcel(1)).await, Status::WrongAddressee);
}

/// In namespaces, where nothing passes between archive nodes and participants: only relays reach both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_reach_an_archive_node_makes_its_blocks_by_relay() {
    let Some(wires) = Wires::as_root() else { return };
    let nodes = SEATS + RELAYS + BEHIND;
    let behind = BEHIND.to_string();
    let net = Devnet::with_seats(nodes, SEATS, &["--by-relay", &behind]).await;
    let mut town = Town::of(net, wires, |_| Side::Near).await;
    let ids = |from: usize, to: usize| from as u64 + 1..=to as u64;
    let behind: Vec<u64> = ids(SEATS + RELAYS, nodes).collect();
    for id in &behind {
        for seat in ids(0, SEATS) {
            town.wires.forbid(*id, town.addresses[&seat]);
            town.wires.forbid(seat, town.addresses[id]);
        }
    }
    // One of them tries without relays.
    let direct = behind[0];
    set_by_relay(&town, direct, false);
    for id in ids(0, nodes) {
        town.start(id);
    }
    let heard = async |town: &Town, id: u64| town.ledgers(id).await["seats_heard"].clone();
    for id in &behind[1..] {
        eventually("it hears all seats", async || heard(&town, *id).await == SEATS).await;
    }
    // Long enough to try again, several times.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(heard(&town, direct).await, 0, "it reaches a seat, so this shows nothing");
    town.kill(direct).await;
    set_by_relay(&town, direct, true);
    town.start(direct);
    eventually("it hears all seats", async || heard(&town, direct).await == SEATS).await;
    eventually("all wait", async || town.status().await["waiting"] == BEHIND).await;

    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "2", "--title", "Apart"];
    let made = town.one(&create).await;
    let chain = made["chain"].as_str().expect("an id").to_owned();
    assert_eq!(town.append(&chain, "whole").await, 1);
    let creator = made["creator"].as_u64().expect("a creator");
    town.kill(creator).await;
    assert_eq!(town.append(&chain, "the creator is dead").await, 2);
    town.start(creator);
    eventually("it is back", async || heard(&town, creator).await == SEATS).await;
    assert_eq!(town.append(&chain, "it is back").await, 3);
    let verified = town.one(&["chain", "verify", &chain]).await;
    assert_eq!((&verified["blocks"], &verified["is_final"]), (&3.into(), &true.into()));
}

fn set_by_relay(town: &Town, id: u64, by_relay: bool) {
    let home = &town.homes[&id];
    let mut config = NodeConfig::load(home).expect("its configuration");
    config.dle.as_mut().expect("a table").insert("by_relay".into(), by_relay.into());
    config.save(home).expect("its configuration");
}
