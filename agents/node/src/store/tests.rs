use std::sync::{Arc, Mutex};

use super::*;

fn wallet(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn digest(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

fn open(dir: &Path, limits: StoreLimits) -> Store {
    Store::open(&dir.join("agent.db"), limits, Box::new(|_, _| {})).unwrap()
}

async fn put(store: &Store, to: u8, id: u8, text: &'static [u8]) -> Stored {
    store.deliver(wallet(to), digest(id), Bytes::from_static(text), 1_000, 2_000).await.unwrap()
}

#[tokio::test]
async fn mail_waits_in_order_until_it_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), StoreLimits::default());
    assert_eq!(put(&store, 1, 1, b"one").await, Stored::Now);
    assert_eq!(put(&store, 2, 1, b"other").await, Stored::Now);
    assert_eq!(put(&store, 1, 2, b"two").await, Stored::Now);
    let waiting = store.waiting(wallet(1), 0, 10, 1 << 20).await.unwrap().0;
    assert_eq!(waiting.iter().map(|m| &m.n1[..]).collect::<Vec<_>>(), [&b"one"[..], b"two"]);

    // Another wallet's acknowledgement removes nothing.
    store.acknowledge(wallet(2), vec![waiting[0].seq]).await.unwrap();
    store.acknowledge(wallet(1), vec![waiting[1].seq]).await.unwrap();
    let left = store.waiting(wallet(1), 0, 10, 1 << 20).await.unwrap().0;
    assert_eq!(left.len(), 1);
    assert_eq!(store.message(wallet(1), left[0].seq).await.unwrap().unwrap().n1, &b"one"[..]);
}

#[tokio::test]
async fn a_repeated_delivery_is_stored_once_even_after_its_message_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), StoreLimits::default());
    put(&store, 1, 1, b"one").await;
    assert_eq!(put(&store, 1, 1, b"one").await, Stored::Before);
    let seq = store.waiting(wallet(1), 0, 1, 1).await.unwrap().0[0].seq;
    store.acknowledge(wallet(1), vec![seq]).await.unwrap();
    assert_eq!(put(&store, 1, 1, b"one").await, Stored::Before);
    assert!(store.waiting(wallet(1), 0, 1, 1).await.unwrap().0.is_empty());

    drop(store);
    let store = open(dir.path(), StoreLimits::default());
    assert_eq!(put(&store, 1, 1, b"one").await, Stored::Before);
    // The time to live ends at 2,000.
    store.sweep(2_000).await.unwrap();
    assert_eq!(put(&store, 1, 1, b"one").await, Stored::Now);
}

#[tokio::test]
async fn a_full_mailbox_refuses_and_evicts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let limits =
        StoreLimits { mailbox_bytes_max: 8, mailbox_messages_max: 2, ..Default::default() };
    let store = open(dir.path(), limits.clone());
    assert_eq!(put(&store, 1, 1, b"12345").await, Stored::Now);
    assert_eq!(put(&store, 1, 2, b"6789").await, Stored::Full);
    assert_eq!(put(&store, 1, 3, b"678").await, Stored::Now);
    assert_eq!(put(&store, 1, 4, b"").await, Stored::Full);
    assert_eq!(put(&store, 2, 1, b"12345678").await, Stored::Now);

    // The count survives a restart, and falls with acknowledgements and the time to live.
    drop(store);
    let store = open(dir.path(), limits);
    assert_eq!(put(&store, 1, 5, b"1").await, Stored::Full);
    let first = store.waiting(wallet(1), 0, 1, 1).await.unwrap().0[0].seq;
    store.acknowledge(wallet(1), vec![first]).await.unwrap();
    assert_eq!(put(&store, 1, 5, b"1").await, Stored::Now);
    assert_eq!(store.sweep(2_000).await.unwrap(), 3);
    assert_eq!(put(&store, 1, 6, b"12345678").await, Stored::Now);
}

#[tokio::test]
async fn a_request_counts_once_across_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let limits = StoreLimits { remembered_requests_per_wallet_max: 2, ..Default::default() };
    let remember = async |store: &Store, by: u8, id: u8, until: u64| {
        store.remember_request(wallet(by), digest(id), until).await.unwrap()
    };
    let store = open(dir.path(), limits.clone());
    assert_eq!(remember(&store, 1, 1, 100).await, Remembered::New);
    assert_eq!(remember(&store, 1, 1, 100).await, Remembered::Seen);
    drop(store);
    let store = open(dir.path(), limits);
    assert_eq!(remember(&store, 1, 1, 100).await, Remembered::Seen);
    assert_eq!(remember(&store, 1, 2, 100).await, Remembered::New);
    assert_eq!(remember(&store, 1, 3, 100).await, Remembered::Full);
    assert_eq!(remember(&store, 2, 3, 100).await, Remembered::New);
    store.sweep(100).await.unwrap();
    assert_eq!(remember(&store, 1, 3, 200).await, Remembered::New);
}

#[tokio::test]
async fn stored_messages_are_announced_in_order_before_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let on_stored: OnStored = Box::new(move |_, message| sink.lock().unwrap().push(message.seq));
    let store =
        Store::open(&dir.path().join("agent.db"), StoreLimits::default(), on_stored).unwrap();
    let writes = (0..100_u8).map(|id| {
        let store = store.clone();
        tokio::spawn(async move {
            put(&store, 1, id, b"x").await;
        })
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.unwrap();
    }
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), 100);
    assert!(heard.is_sorted());
}

#[tokio::test]
async fn a_rotation_keeps_the_old_handle_for_the_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), StoreLimits::default());
    let client = Client {
        wallet: wallet(1),
        handle: [1; 32],
        handle_v4: Some([1; 20]),
        old_handles: Vec::new(),
        serial: 1,
        expiry: 10_000,
        moved_at: None,
    };
    store.put_client(client.clone(), 50).await.unwrap();
    let rotated = Client { handle: [2; 32], handle_v4: None, serial: 2, ..client.clone() };
    store.put_client(rotated.clone(), 50).await.unwrap();
    let read = store.clients().await.unwrap();
    assert_eq!(read[0].handle, [2; 32]);
    assert_eq!(read[0].old_handles.len(), 2);
    // An older serial changes nothing.
    store.put_client(client, 50).await.unwrap();
    assert_eq!(store.clients().await.unwrap()[0].handle, [2; 32]);
    store.sweep(50).await.unwrap();
    assert!(store.clients().await.unwrap()[0].old_handles.is_empty());
    store.mark_moved(wallet(1), 3, 77).await.unwrap();
    assert_eq!(store.clients().await.unwrap()[0].moved_at, Some(77));
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), StoreLimits { file_bytes_max: 256 << 10, ..Default::default() });
    put(&store, 1, 1, b"kept").await;
    let big = Bytes::from(vec![7; 1 << 20]);
    let refused = store.deliver(wallet(1), digest(2), big, 1, 2).await;
    assert!(matches!(refused, Err(StoreError::Batch(_) | StoreError::Sqlite(_))), "{refused:?}");
    assert_eq!(store.waiting(wallet(1), 0, 9, 99).await.unwrap().0.len(), 1);
    // There is room for a small one still, and the refused digest was not remembered.
    assert_eq!(put(&store, 1, 2, b"small").await, Stored::Now);
}
