//! What both stores do, as one suite.

use std::sync::{Arc, LazyLock};

use alloy::primitives::{Address, B256, Bytes};

use super::*;
use crate::testing::Postgres;

/// One server for all tests of this process.
pub(crate) static POSTGRES: LazyLock<Postgres> =
    LazyLock::new(|| Postgres::start(&["fsync=off", "max_connections=200"]).unwrap());

/// Runs a test on both stores.
macro_rules! on_both {
    ($($(#[$doc:meta])* $name:ident)*) => {
        mod sqlite {
            use super::*;
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(SqliteStore::open(&folder.path().join("index.db")).await.unwrap()).await;
            })*
        }
        mod postgres {
            use super::*;
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let url = POSTGRES.database().unwrap();
                super::$name(PostgresStore::open(&url).await.unwrap()).await;
            })*
        }
    };
}

on_both! {
    begins_empty_and_goes_on
    applies_only_where_it_is
    undoes_exactly
    dumps_what_was_at_a_block
    says_what_changed_them_last
    finds_records_by_key_field_and_block
    lists_events
    keeps_draws_whatever_the_chain_does
    forgets_draws_from_a_number_on
}

fn hash(number: u64) -> B256 {
    B256::with_last_byte(u8::try_from(number).unwrap())
}

fn cursor(number: u64, finalized: u64) -> Cursor {
    Cursor { at: At { number, hash: hash(number) }, time: 1_000 + number, finalized }
}

fn identity() -> Identity {
    Identity { chain_id: 7, genesis: hash(0), rules: hash(9) }
}

fn event(block: u64, index: u64, topics: &[u64]) -> RawEvent {
    RawEvent {
        block,
        index,
        transaction: hash(block),
        address: Address::with_last_byte(1),
        topics: topics.iter().map(|topic| hash(*topic)).collect(),
        data: Bytes::from(vec![0, 255, 7]),
    }
}

fn record(key: u8, since: u64, body: Option<&str>) -> RecordRow {
    RecordRow { table: "things".to_owned(), key: vec![key], since, body: body.map(str::to_owned) }
}

fn find(key: u8, value: &str, since: u64) -> FindRow {
    let (table, field) = ("things".to_owned(), "owner".to_owned());
    FindRow { table, field, value: value.to_owned(), key: vec![key], since }
}

/// All of its rows.
pub(crate) async fn dump(store: &impl Store) -> Vec<String> {
    dump_at(store, None).await
}

async fn dump_at(store: &impl Store, block: Option<u64>) -> Vec<String> {
    let (sender, mut receiver) = mpsc::channel(1);
    let dumping = store.dump(block, sender);
    let reading = async {
        let mut rows = Vec::new();
        while let Some(row) = receiver.recv().await {
            rows.push(row);
        }
        rows
    };
    let (dumped, rows) = tokio::join!(dumping, reading);
    dumped.unwrap();
    rows
}

/// Blocks 1 to 3: thing 1 is made, changes and ends; thing 2 is made in block 2.
fn batch(block: u64) -> Arc<Batch> {
    let blocks = vec![BlockRow { at: cursor(block, 0).at, time: 1_000 + block }];
    let (records, finds) = match block {
        1 => (vec![record(1, 1, Some(r#"{"owner":"a"}"#))], vec![find(1, "a", 1)]),
        2 => (
            vec![record(1, 2, Some(r#"{"owner":"b"}"#)), record(2, 2, Some(r#"{"owner":"b"}"#))],
            vec![find(1, "b", 2), find(2, "b", 2)],
        ),
        3 => (vec![record(1, 3, None)], Vec::new()),
        _ => return Arc::new(Batch { blocks, ..Batch::default() }),
    };
    let twice: &[u64] = if block == 1 { &[5, 8, 7, 8] } else { &[5] };
    let events = vec![event(block, 0, &[4, block]), event(block, 5, twice)];
    Arc::new(Batch { blocks, events, records, finds })
}

async fn filled(store: &impl Store) {
    store.begin(&identity()).await.unwrap();
    let mut from = None;
    for block in 1..=3 {
        let to = cursor(block, 1);
        store.apply(from, batch(block), &to).await.unwrap();
        from = Some(to.at);
    }
}

async fn begins_empty_and_goes_on(store: impl Store) {
    assert_eq!(store.cursor().await.unwrap(), None);
    assert_eq!(store.identity().await.unwrap(), None);
    filled(&store).await;
    assert_eq!(store.cursor().await.unwrap(), Some(cursor(3, 1)));
    assert_eq!(store.identity().await.unwrap(), Some(identity()));
    assert_eq!(
        store.blocks(&[2, 9]).await.unwrap(),
        [BlockRow { at: cursor(2, 0).at, time: 1_002 }]
    );
    let rows = dump(&store).await;
    let count =
        |table: &str| rows.iter().filter(|row| row.starts_with(&format!("{table}|"))).count();
    assert_eq!((count("events"), count("records"), count("finds")), (6, 4, 3));
    store.begin(&identity()).await.unwrap();
    assert_eq!(store.cursor().await.unwrap(), None);
    assert_eq!(dump(&store).await.len(), 1);
}

async fn applies_only_where_it_is(store: impl Store) {
    filled(&store).await;
    let before = dump(&store).await;
    for from in [None, Some(cursor(2, 0).at), Some(At { number: 3, hash: hash(8) })] {
        let refused = store.apply(from, batch(4), &cursor(4, 1)).await;
        assert!(matches!(refused, Err(StoreError::Moved { found: 3, .. })), "{refused:?}");
    }
    let refused = store.undo(cursor(2, 0).at, &cursor(1, 1)).await;
    assert!(matches!(refused, Err(StoreError::Moved { .. })));
    assert_eq!(dump(&store).await, before);
    // What fails in the middle leaves nothing: the same event twice.
    let mut spoiled = Batch::clone(&batch(4));
    spoiled.events.extend([event(4, 0, &[1]), event(4, 0, &[1])]);
    assert!(store.apply(Some(cursor(3, 1).at), Arc::new(spoiled), &cursor(4, 1)).await.is_err());
    assert_eq!(dump(&store).await, before);
    store.apply(Some(cursor(3, 1).at), batch(4), &cursor(4, 1)).await.unwrap();
}

async fn undoes_exactly(store: impl Store) {
    store.begin(&identity()).await.unwrap();
    let mut dumps = Vec::new();
    let mut from = None;
    for block in 1..=3 {
        store.apply(from, batch(block), &cursor(block, 1)).await.unwrap();
        from = Some(cursor(block, 1).at);
        dumps.push(dump(&store).await);
    }
    for (last, to) in [(3, 1), (3, 2)] {
        store.undo(cursor(last, 1).at, &cursor(to, 1)).await.unwrap();
        assert_eq!(dump(&store).await, dumps[usize::try_from(to).unwrap() - 1], "{to}");
        for block in to + 1..=3 {
            store
                .apply(Some(cursor(block - 1, 1).at), batch(block), &cursor(block, 1))
                .await
                .unwrap();
        }
        assert_eq!(dump(&store).await, dumps[2]);
    }
}

async fn dumps_what_was_at_a_block(store: impl Store) {
    store.begin(&identity()).await.unwrap();
    let of_the_chain = |mut rows: Vec<String>| {
        rows.retain(|row| !row.starts_with("cursor|"));
        rows
    };
    let mut dumps = Vec::new();
    let mut from = None;
    for block in 1..=3 {
        store.apply(from, batch(block), &cursor(block, 1)).await.unwrap();
        from = Some(cursor(block, 1).at);
        dumps.push(of_the_chain(dump(&store).await));
    }
    // A block in which nothing happened is remembered until it is final, and no part of what was.
    store.apply(from, batch(4), &cursor(4, 1)).await.unwrap();
    for (block, then) in (1..).zip(&dumps) {
        assert_eq!(&of_the_chain(dump_at(&store, Some(block)).await), then, "{block}");
    }
    assert_eq!(of_the_chain(dump_at(&store, Some(4)).await), dumps[2]);
    // Who does not want the rest is not waited for.
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    store.dump(None, sender).await.unwrap();
}

async fn says_what_changed_them_last(store: impl Store) {
    assert_eq!(store.changed().await.unwrap(), None);
    filled(&store).await;
    assert_eq!(store.changed().await.unwrap(), Some(cursor(3, 1).at));
    let quiet = Arc::new(Batch { blocks: vec![], ..Batch::default() });
    store.apply(Some(cursor(3, 1).at), quiet, &cursor(9, 5)).await.unwrap();
    assert_eq!(store.changed().await.unwrap(), Some(cursor(3, 1).at), "nothing happened since");
}

async fn finds_records_by_key_field_and_block(store: impl Store) {
    filled(&store).await;
    let body = |found: Option<RecordRow>| found.and_then(|record| record.body);
    for (block, expected) in [
        (Some(0), None),
        (Some(1), Some(r#"{"owner":"a"}"#)),
        (Some(2), Some(r#"{"owner":"b"}"#)),
        (Some(3), None),
        (None, None),
    ] {
        let found = body(store.record("things", &[1], block).await.unwrap());
        assert_eq!(found.as_deref(), expected, "{block:?}");
    }
    let keys = [("things".to_owned(), vec![1]), ("things".to_owned(), vec![2])];
    let current = vec![record(2, 2, Some(r#"{"owner":"b"}"#))];
    assert_eq!(store.current(&keys).await.unwrap(), current);
    assert_eq!(store.view(&keys).await.unwrap(), (Some(cursor(3, 1)), current));

    let list = |query: RecordsQuery| {
        let store = store.clone();
        async move {
            let query = RecordsQuery { table: "things".to_owned(), limit: 10, ..query };
            let found = store.records(&query).await.unwrap();
            found.into_iter().map(|record| record.key[0]).collect::<Vec<_>>()
        }
    };
    let by_owner = |owner: &str| Some(("owner".to_owned(), owner.to_owned()));
    assert_eq!(list(RecordsQuery::default()).await, [2]);
    let at = |block| RecordsQuery { block: Some(block), ..RecordsQuery::default() };
    assert_eq!(list(at(2)).await, [1, 2]);
    assert_eq!(list(RecordsQuery { descending: true, ..at(2) }).await, [2, 1]);
    assert_eq!(list(RecordsQuery { after: Some(vec![1]), ..at(2) }).await, [2]);
    assert_eq!(list(RecordsQuery { find: by_owner("b"), ..at(2) }).await, [1, 2]);
    assert_eq!(list(RecordsQuery { find: by_owner("a"), ..at(2) }).await, [0_u8; 0]);
    assert_eq!(list(RecordsQuery { find: by_owner("a"), ..at(1) }).await, [1]);
    let history = store.history("things", &[1], None, 10).await.unwrap();
    assert_eq!(history.iter().map(|record| record.since).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(store.history("things", &[1], Some(3), 1).await.unwrap()[0].since, 2);
}

async fn lists_events(store: impl Store) {
    filled(&store).await;
    let list = |query: EventsQuery| {
        let store = store.clone();
        async move {
            let found = store.events(&EventsQuery { limit: 4, ..query }).await.unwrap();
            found.into_iter().map(|event| (event.block, event.index)).collect::<Vec<_>>()
        }
    };
    let all = EventsQuery::default;
    assert_eq!(list(all()).await, [(3, 5), (3, 0), (2, 5), (2, 0)]);
    let ascending = EventsQuery { ascending: true, from: Some((1, 0)), ..all() };
    assert_eq!(list(ascending).await, [(1, 5), (2, 0), (2, 5), (3, 0)]);
    assert_eq!(list(EventsQuery { from: Some((2, 0)), ..all() }).await, [(1, 5), (1, 0)]);
    let kinds = |kinds: &[(u8, u64)]| EventsQuery {
        kinds: kinds.iter().map(|(at, of)| (Address::with_last_byte(*at), hash(*of))).collect(),
        ..all()
    };
    assert_eq!(list(kinds(&[(1, 5)])).await, [(3, 5), (2, 5), (1, 5)]);
    assert_eq!(list(kinds(&[(1, 5), (1, 4), (2, 5)])).await, [(3, 5), (3, 0), (2, 5), (2, 0)]);
    assert_eq!(list(EventsQuery { mentions: Some(hash(2)), ..all() }).await, [(2, 0)]);
    // Twice in one event, it is one; of a kind, it is that.
    assert_eq!(list(EventsQuery { mentions: Some(hash(8)), ..all() }).await, [(1, 5)]);
    let of = |kind| EventsQuery { kinds: vec![kind], mentions: Some(hash(8)), ..all() };
    assert_eq!(list(of((Address::with_last_byte(1), hash(5)))).await, [(1, 5)]);
    assert_eq!(list(of((Address::with_last_byte(1), hash(4)))).await, []);
    assert_eq!(list(EventsQuery { block: Some(2), ..all() }).await, [(2, 5), (2, 0)]);
    assert_eq!(list(kinds(&[(0, 5)])).await, []);
    let found = store.events(&EventsQuery { limit: 1, ..all() }).await.unwrap();
    assert_eq!(found, [event(3, 5, &[5])]);
}

async fn keeps_draws_whatever_the_chain_does(store: impl Store) {
    filled(&store).await;
    let draw = |group, number, chain| DrawRow {
        group,
        number,
        chain: hash(chain),
        body: format!("{{\"n\":{number}}}"),
    };
    let all = vec![draw(1, 0, 7), draw(1, 1, 8), draw(2, 0, 7)];
    store.put_draws(all.clone()).await.unwrap();
    store.put_draws(vec![DrawRow { body: "{}".to_owned(), ..draw(1, 0, 7) }]).await.unwrap();
    store.undo(cursor(3, 1).at, &cursor(1, 1)).await.unwrap();
    let list = |query: DrawsQuery| {
        let store = store.clone();
        async move { store.draws(&DrawsQuery { limit: 9, ..query }).await.unwrap() }
    };
    let any = DrawsQuery::default;
    let newest_first: Vec<_> = all.iter().rev().cloned().collect();
    assert_eq!(list(any()).await, newest_first);
    assert_eq!(list(DrawsQuery { group: Some(1), ..any() }).await, newest_first[1..]);
    assert_eq!(list(DrawsQuery { from: Some((1, 1)), ..any() }).await, all[..1]);
    let of_chain = list(DrawsQuery { chain: Some(hash(7)), ..any() }).await;
    assert_eq!(of_chain, [draw(2, 0, 7), draw(1, 0, 7)]);
}

async fn forgets_draws_from_a_number_on(store: impl Store) {
    let draw = |group, number, body: &str| DrawRow {
        group,
        number,
        chain: hash(7),
        body: body.to_owned(),
    };
    let all = [(1, 0), (1, 1), (1, 2), (2, 1)].map(|(group, number)| draw(group, number, "1"));
    store.put_draws(all.to_vec()).await.unwrap();
    store.drop_draws(1, 1).await.unwrap();
    let list =
        || async { store.draws(&DrawsQuery { limit: 9, ..DrawsQuery::default() }).await.unwrap() };
    assert_eq!(list().await, [draw(2, 1, "1"), draw(1, 0, "1")]);
    // Others take their places.
    store.put_draws(vec![draw(1, 0, "2"), draw(1, 1, "2")]).await.unwrap();
    assert_eq!(list().await, [draw(2, 1, "1"), draw(1, 1, "2"), draw(1, 0, "1")]);
}

/// One writes, whoever else there is; when it ends, another may.
#[tokio::test]
async fn one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index.db");
    let first = SqliteStore::open(&path).await.unwrap();
    assert!(matches!(SqliteStore::open(&path).await, Err(StoreError::Taken { .. })));
    drop(first);
    SqliteStore::open(&path).await.unwrap();

    let url = POSTGRES.database().unwrap();
    let first = PostgresStore::open(&url).await.unwrap();
    filled(&first).await;
    assert!(matches!(PostgresStore::open(&url).await, Err(StoreError::Taken { .. })));
    let reader = PostgresStore::open_reader(&url).await.unwrap();
    assert_eq!(reader.cursor().await.unwrap(), Some(cursor(3, 1)));
    let refused = reader.apply(Some(cursor(3, 1).at), batch(4), &cursor(4, 1)).await;
    assert!(matches!(refused, Err(StoreError::Taken { .. })));
    drop(first);
    // The server notices that the connection is gone a moment later.
    for attempt in 0.. {
        match PostgresStore::open(&url).await {
            Ok(_) => break,
            Err(StoreError::Taken { .. }) if attempt < 100 => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// As a store of the first version had them: see the tests of both stores.
pub(super) async fn has_the_events_of_before(store: &impl Store) {
    let places = async |query: EventsQuery| {
        let events = store.events(&EventsQuery { limit: 9, ..query }).await.unwrap();
        let place = |event: RawEvent| {
            assert_eq!(event.data, vec![u8::try_from(event.index).unwrap()]);
            (event.index, event.address[0], event.topics.len())
        };
        events.into_iter().map(place).collect::<Vec<_>>()
    };
    let all = [(3, 1, 2), (2, 1, 0), (1, 2, 2), (0, 1, 2)];
    assert_eq!(places(EventsQuery::default()).await, all);
    let kinds = vec![(Address::repeat_byte(1), B256::with_last_byte(5))];
    let of_kind = EventsQuery { kinds: kinds.clone(), ..EventsQuery::default() };
    assert_eq!(places(of_kind.clone()).await, [(3, 1, 2), (0, 1, 2)]);
    let mentions = Some(B256::with_last_byte(8));
    assert_eq!(places(EventsQuery { mentions, ..of_kind }).await, [(3, 1, 2), (0, 1, 2)]);
}
