use std::path::Path;

use alloy::primitives::{B256, U256};
use conet_wire::session::{AckSender, CellOpener, Frame};

use super::*;
use crate::store::{StoreLimits, Stored};

struct Bench {
    store: Store,
    outbox: Arc<Outbox>,
    sent: u8,
}

fn bobo() -> Address {
    Address::repeat_byte(0xb0)
}

fn limits() -> PushLimits {
    PushLimits {
        idle_cell_milliseconds_min: 40,
        idle_cell_milliseconds_max: 60,
        in_flight_messages_max: 5,
        recent_bytes_max: 64,
        acknowledgement_seconds_max: 0,
        ..PushLimits::default()
    }
}

impl Bench {
    fn new(dir: &Path, limits: PushLimits) -> Self {
        let slot: Arc<std::sync::OnceLock<Arc<Outbox>>> = Arc::default();
        let hear = Arc::clone(&slot);
        let store = Store::open(
            &dir.join("agent.db"),
            StoreLimits::default(),
            Box::new(move |wallet, message| {
                if let Some(outbox) = hear.get() {
                    outbox.stored(wallet, message);
                }
            }),
        )
        .unwrap();
        let outbox = Outbox::new(store.clone(), limits);
        slot.set(Arc::clone(&outbox)).unwrap();
        Self { store, outbox, sent: 0 }
    }

    async fn send(&mut self) -> Vec<u8> {
        self.sent += 1;
        let text = vec![self.sent; 20];
        let digest = B256::repeat_byte(self.sent);
        let stored =
            self.store.deliver(bobo(), digest, text.clone().into(), 1, u64::MAX).await.unwrap();
        assert_eq!(stored, Stored::Now);
        text
    }

    fn listen(&self, share: bool) -> Reader {
        let secret = SessionSecret::new([4; 32]);
        let binding = SessionBinding { wallet: bobo(), agent: U256::from(1), request: B256::ZERO };
        let stream = self.outbox.open(&secret, rand::random(), &binding, share).unwrap();
        Reader { stream, opener: CellOpener::new(secret, binding), acks: None }
    }

    async fn on_disk(&self) -> usize {
        self.store.waiting(bobo(), 0, 1000, 1 << 30).await.unwrap().0.len()
    }
}

struct Reader {
    stream: PushStream,
    opener: CellOpener,
    acks: Option<AckSender>,
}

impl Reader {
    /// Reads cells until `count` messages or the end of the stream.
    async fn read(&mut self, count: usize) -> (Vec<Vec<u8>>, Vec<Frame>) {
        let (mut messages, mut others) = (Vec::new(), Vec::new());
        while messages.len() < count {
            let Some(cell) = self.stream.next_cell().await.unwrap() else { break };
            let mut frames = Vec::new();
            if let Some(acks) = self.opener.open(&cell, &mut frames).unwrap() {
                self.acks = Some(acks);
            }
            for frame in frames {
                match frame {
                    Frame::Message { n1, .. } => messages.push(n1),
                    other => others.push(other),
                }
            }
        }
        (messages, others)
    }

    fn acknowledge(&mut self, index: u64) -> Vec<u8> {
        self.acks.as_mut().unwrap().acknowledge(index).unwrap()
    }
}

#[tokio::test]
async fn a_backlog_comes_first_and_in_order_then_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), PushLimits { in_flight_messages_max: 99, ..limits() });
    let mut sent = Vec::new();
    for _ in 0..10 {
        sent.push(bench.send().await);
    }
    let mut reader = bench.listen(false);
    let (read, mut others) = reader.read(10).await;
    assert_eq!(read, sent);
    let next = bench.send().await;
    let (read, more) = reader.read(1).await;
    assert_eq!(read, [next]);
    others.extend(more);
    assert!(matches!(others[..], [Frame::Opened { .. }, Frame::Drained]), "{others:?}");
    assert!(bench.outbox.is_online(&bobo()));
}

#[tokio::test]
async fn what_was_not_acknowledged_goes_again_and_what_was_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    let sent = [bench.send().await, bench.send().await, bench.send().await];
    let mut first = bench.listen(false);
    assert_eq!(first.read(3).await.0, sent);
    let ack = first.acknowledge(1);
    bench.outbox.acknowledge(&ack).await.unwrap();
    assert_eq!(bench.on_disk().await, 1);
    assert!(bench.outbox.acknowledge(&ack).await.is_err(), "a repeated acknowledgement");
    drop(first);
    assert!(!bench.outbox.is_online(&bobo()));
    assert!(matches!(bench.outbox.acknowledge(&ack).await, Err(AcknowledgeError::NoStream)));
    assert_eq!(bench.listen(false).read(1).await.0, [sent[2].clone()]);
}

#[tokio::test]
async fn a_second_listen_replaces_the_first_unless_both_share() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    let mut first = bench.listen(true);
    let mut second = bench.listen(false);
    let (_, others) = first.read(1).await;
    assert!(others.contains(&Frame::Notice(Notice::Replaced)));
    drop(first);
    let text = bench.send().await;
    assert_eq!(second.read(1).await.0, [text]);
}

#[tokio::test]
async fn a_replaced_stream_that_nobody_reads_keeps_nothing_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    let sent = [bench.send().await, bench.send().await, bench.send().await];
    let mut stuck = bench.listen(false);
    assert_eq!(stuck.read(3).await.0, sent);
    let mut second = bench.listen(false);
    assert_eq!(second.read(3).await.0, sent);
    // Its late acknowledgement has no effect, and its end returns nothing.
    let late = stuck.acknowledge(2);
    bench.outbox.acknowledge(&late).await.unwrap();
    assert_eq!(bench.on_disk().await, 3);
    drop(stuck);
    let ack = second.acknowledge(2);
    bench.outbox.acknowledge(&ack).await.unwrap();
    assert_eq!(bench.on_disk().await, 0);
    let next = bench.send().await;
    assert_eq!(second.read(1).await.0, [next]);
}

#[tokio::test]
async fn a_replacing_stream_waits_though_everything_announced_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    let mut old = bench.listen(false);
    bench.send().await;
    old.read(1).await;
    let ack = old.acknowledge(0);
    bench.outbox.acknowledge(&ack).await.unwrap();

    // The old stream is still there, as its connection has not ended yet.
    let mut new = bench.listen(false);
    let cell = tokio::time::timeout(Duration::from_secs(5), new.stream.next_cell());
    let cell = cell.await.expect("it does not read for ever").unwrap().unwrap();
    let mut frames = Vec::new();
    new.acks = new.opener.open(&cell, &mut frames).unwrap();
    assert!(frames.contains(&Frame::Drained), "{frames:?}");
    let sent = bench.send().await;
    assert_eq!(new.read(1).await.0, [sent]);
}

#[tokio::test]
async fn shared_streams_get_each_message_once_and_inherit_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    let (mut one, mut two) = (bench.listen(true), bench.listen(true));
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(bench.send().await);
    }
    let from_one = one.read(2).await.0;
    drop(one);
    // The second gets what the first had not acknowledged, oldest first, and its own.
    let from_two = two.read(4).await.0;
    assert_eq!(from_two, sent);
    assert!(from_one.iter().all(|text| sent.contains(text)));
}

#[tokio::test]
async fn a_full_window_waits_for_acknowledgements_and_gives_up_on_silence() {
    let dir = tempfile::tempdir().unwrap();
    let patient = PushLimits { acknowledgement_seconds_max: 60, ..limits() };
    let mut bench = Bench::new(dir.path(), patient);
    for _ in 0..8 {
        bench.send().await;
    }
    let mut reader = bench.listen(false);
    assert_eq!(reader.read(5).await.0.len(), 5);
    let ack = reader.acknowledge(4);
    bench.outbox.acknowledge(&ack).await.unwrap();
    assert_eq!(reader.read(3).await.0.len(), 3);

    let dir = tempfile::tempdir().unwrap();
    let mut bench = Bench::new(dir.path(), limits());
    for _ in 0..8 {
        bench.send().await;
    }
    let mut stuck = bench.listen(false);
    let (messages, others) = stuck.read(8).await;
    assert_eq!(messages.len(), 5);
    assert!(others.contains(&Frame::Notice(Notice::TooSlow)));
    drop(stuck);
    assert_eq!(bench.on_disk().await, 8);
}

#[tokio::test]
async fn more_than_memory_holds_is_read_from_the_store_again() {
    let dir = tempfile::tempdir().unwrap();
    // Three messages of 20 bytes fit in memory.
    let wide = PushLimits { in_flight_messages_max: 999, ..limits() };
    let mut bench = Bench::new(dir.path(), wide);
    let mut reader = bench.listen(false);
    let mut sent = vec![bench.send().await];
    assert_eq!(reader.read(1).await.0, sent);
    for _ in 0..100 {
        sent.push(bench.send().await);
    }
    assert_eq!(reader.read(100).await.0, sent[1..]);
}

#[tokio::test]
async fn live_messages_reach_only_connected_readers_and_leave_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::new(dir.path(), limits());
    assert!(!bench.outbox.hand_over(bobo(), Bytes::from_static(b"now"), 1));
    let mut reader = bench.listen(false);
    assert!(bench.outbox.hand_over(bobo(), Bytes::from_static(b"now"), 1));
    assert_eq!(reader.read(1).await.0, [b"now".to_vec()]);
    assert_eq!(bench.on_disk().await, 0);
}

#[tokio::test]
async fn an_idle_stream_keeps_sending_cells_of_the_small_size() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::new(dir.path(), limits());
    let mut reader = bench.listen(false);
    let small = conet_wire::session::cell_len(conet_wire::sizes::CELL_SMALL);
    for _ in 0..5 {
        assert_eq!(reader.stream.next_cell().await.unwrap().unwrap().len(), small);
    }
}

#[tokio::test]
async fn streams_are_limited() {
    let dir = tempfile::tempdir().unwrap();
    let few = PushLimits { streams_per_wallet_max: 2, ..limits() };
    let bench = Bench::new(dir.path(), few);
    let _open = (bench.listen(true), bench.listen(true));
    let secret = SessionSecret::new([4; 32]);
    let binding = SessionBinding { wallet: bobo(), agent: U256::from(1), request: B256::ZERO };
    let refused = bench.outbox.open(&secret, [0; 32], &binding, true);
    assert!(matches!(refused, Err(OpenError::TooMany { found: 2, max: 2 })));
}
