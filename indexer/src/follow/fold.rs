//! From blocks to a batch: decodes their events, and folds them into records.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    catalogue::Catalogue,
    chain::Chunk,
    decode::{Decoded, RawEvent},
    store::{At, Batch, FindRow, RecordRow, Result, Store, StoreError},
    tables::{Body, Change, Outcome, Place, Tables},
};

/// Records that are kept in memory, as they are: the next event often changes one of them again.
const KEPT_MAX: usize = 50_000;

type Key = (String, Vec<u8>);
/// Records as the tables have them; `None`: there is none.
type Kept = HashMap<Key, Option<Body>>;

/// Folds blocks, one chunk after the other.
#[derive(Debug)]
pub(super) struct Folder {
    rules: Arc<Rules>,
    kept: Kept,
    /// The block that `kept` is of.
    at: Option<At>,
    misfits: u64,
}

#[derive(Debug)]
struct Rules {
    catalogue: Arc<Catalogue>,
    tables: Arc<Tables>,
}

/// An event that changes records.
struct Prepared<'a> {
    event: &'a RawEvent,
    decoded: Decoded<'a>,
    changes: Vec<Change<'a>>,
}

impl Folder {
    pub(super) fn new(catalogue: Arc<Catalogue>, tables: Arc<Tables>) -> Self {
        Self {
            rules: Arc::new(Rules { catalogue, tables }),
            kept: Kept::new(),
            at: None,
            misfits: 0,
        }
    }

    /// Events that did not fit a record so far.
    pub(super) fn misfits(&self) -> u64 {
        self.misfits
    }

    /// The tables did not become what was made last.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.at = None;
    }

    /// The tables became what was made last.
    pub(super) fn is_at(&mut self, at: At) {
        self.at = Some(at);
    }

    /// What the blocks do to the tables, which are right before them. It runs on a thread of its own: a chunk is the work
    /// of many milliseconds.
    pub(super) async fn fold<T: Store>(
        &mut self,
        store: &T,
        from: Option<At>,
        chunk: Chunk,
    ) -> Result<Batch> {
        if self.at != from {
            // Another writer went on meanwhile.
            self.forget();
        }
        let (rules, store) = (Arc::clone(&self.rules), store.clone());
        let mut kept = std::mem::take(&mut self.kept);
        if kept.len() > KEPT_MAX {
            kept.clear();
        }
        let runtime = tokio::runtime::Handle::current();
        let folding = tokio::task::spawn_blocking(move || {
            let prepared = rules.prepare(&chunk);
            runtime.block_on(load(&store, &prepared, &mut kept))?;
            let (mut batch, misfits) = rules.batch(&chunk, &prepared, &mut kept);
            drop(prepared);
            batch.events = chunk.events;
            Ok::<_, StoreError>((batch, kept, misfits))
        });
        let folded = folding.await.map_err(|error| StoreError::Database(error.to_string()))?;
        let (batch, kept, misfits) = folded?;
        self.kept = kept;
        self.misfits += misfits;
        Ok(batch)
    }
}

/// Reads the records that will change, and are not in memory.
async fn load<T: Store>(store: &T, prepared: &[Prepared<'_>], kept: &mut Kept) -> Result<()> {
    let changes = prepared.iter().flat_map(|prepared| &prepared.changes);
    let keys = changes.map(|change| (change.table.to_owned(), change.key.clone()));
    let missing: HashSet<Key> = keys.filter(|key| !kept.contains_key(key)).collect();
    let missing: Vec<_> = missing.into_iter().collect();
    for record in store.current(&missing).await? {
        let body = record.body.as_deref().map(parse).transpose()?;
        kept.insert((record.table, record.key), body);
    }
    for key in missing {
        kept.entry(key).or_default();
    }
    Ok(())
}

impl Rules {
    fn prepare<'a>(&'a self, chunk: &'a Chunk) -> Vec<Prepared<'a>> {
        let prepared = chunk.events.iter().filter_map(|event| {
            let known = self.catalogue.event(event.address, *event.topics.first()?)?;
            if !self.tables.concern(known) {
                return None;
            }
            // What the contract's own interface cannot read stays among the events, as it is.
            let decoded = Decoded::read(known, &event.topics, &event.data).ok()?;
            let changes = self.tables.changes(&decoded);
            (!changes.is_empty()).then_some(Prepared { event, decoded, changes })
        });
        prepared.collect()
    }

    /// What the events do to the records that are kept, and how many did not fit.
    fn batch(&self, chunk: &Chunk, prepared: &[Prepared<'_>], kept: &mut Kept) -> (Batch, u64) {
        let times: HashMap<u64, u64> =
            chunk.headers.iter().map(|header| (header.at.number, header.time)).collect();
        let mut changed: BTreeMap<(u64, Key), Option<Body>> = BTreeMap::new();
        let mut misfits = 0;
        for Prepared { event, decoded, changes } in prepared {
            let time = times.get(&event.block).copied().unwrap_or_default();
            for change in changes {
                let key = (change.table.to_owned(), change.key.clone());
                let before = kept.get(&key).and_then(Option::as_ref);
                let body = match change.apply(before, decoded, Place { event, time }) {
                    Ok(Outcome::Same) => continue,
                    Ok(Outcome::Is(body)) => Some(body),
                    Ok(Outcome::Gone) => None,
                    Err(error) => {
                        tracing::error!(%error, block = event.block, log = event.index, "a misfit");
                        misfits += 1;
                        continue;
                    }
                };
                kept.insert(key.clone(), body.clone());
                changed.insert((event.block, key), body);
            }
        }
        let mut batch = Batch::default();
        for ((since, (table, key)), body) in changed {
            self.find(&table, &key, body.as_ref(), since, &mut batch.finds);
            let body = body.map(|body| Value::Object(body).to_string());
            batch.records.push(RecordRow { table, key, since, body });
        }
        (batch, misfits)
    }

    fn find(
        &self,
        table: &str,
        key: &[u8],
        body: Option<&Body>,
        since: u64,
        finds: &mut Vec<FindRow>,
    ) {
        let (Some(rules), Some(body)) = (self.tables.get(table), body) else { return };
        for field in &rules.find {
            let value = match body.get(field) {
                None | Some(Value::Null) => continue,
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            finds.push(FindRow {
                table: table.to_owned(),
                field: field.clone(),
                value,
                key: key.to_owned(),
                since,
            });
        }
    }
}

fn parse(text: &str) -> Result<Body> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged {
        expected: "a record's fields as JSON",
        found: error.to_string(),
    })
}
