//! The writer thread: group commit.

use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Transaction};

use super::{
    OnStored, StoreError, StoreLimits, Waiting,
    batch::{self, Op, Reply, Stored},
    usage::Usage,
};
use crate::metrics::StoreMetrics;

pub(super) struct Writer {
    connection: Connection,
    limits: StoreLimits,
    on_stored: OnStored,
    usage: Usage,
    remembered: u64,
    metrics: StoreMetrics,
}

fn count_requests(connection: &Connection) -> Result<u64, StoreError> {
    let count: i64 = connection.query_row("SELECT count(*) FROM requests", [], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// What is said once the transaction is on disk.
type AfterCommit = Box<dyn FnOnce(Result<(), &str>, &OnStored) + Send>;

impl Writer {
    pub(super) fn new(
        connection: Connection,
        limits: StoreLimits,
        on_stored: OnStored,
        metrics: StoreMetrics,
    ) -> Result<Self, StoreError> {
        let usage = Usage::read(&connection)?;
        let remembered = count_requests(&connection)?;
        Ok(Self { connection, limits, on_stored, usage, remembered, metrics })
    }

    /// Works until every [`super::Store`] handle is gone.
    pub(super) fn run(mut self, queue: &Receiver<Op>) {
        while let Ok(first) = queue.recv() {
            let mut ops = vec![first];
            while ops.len() < self.limits.batch_writes_max
                && let Ok(op) = queue.try_recv()
            {
                ops.push(op);
            }
            self.commit(ops);
        }
    }

    fn commit(&mut self, ops: Vec<Op>) {
        self.metrics.commits.inc();
        self.metrics.writes.inc_by(ops.len() as u64);
        let mut after: Vec<AfterCommit> = Vec::with_capacity(ops.len());
        let done = self.apply(ops, &mut after);
        if let Err(error) = &done {
            tracing::error!(%error, "the store could not commit; nothing of this batch took effect");
            self.recount();
        }
        let done = done.map_err(|error| error.to_string());
        for say in after {
            say(done.as_ref().copied().map_err(String::as_str), &self.on_stored);
        }
    }

    /// The counters ran ahead of a transaction that failed: count the tables again.
    fn recount(&mut self) {
        match (Usage::read(&self.connection), count_requests(&self.connection)) {
            (Ok(usage), Ok(remembered)) => (self.usage, self.remembered) = (usage, remembered),
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "the store cannot be read; its counters may be too high");
            }
        }
    }

    fn apply(&mut self, ops: Vec<Op>, after: &mut Vec<AfterCommit>) -> Result<(), StoreError> {
        let Self { connection, limits, usage, remembered, .. } = self;
        let mut failed = None;
        let mut transaction = match connection.transaction() {
            Ok(transaction) => Some(transaction),
            Err(error) => {
                failed = Some(StoreError::from(error));
                None
            }
        };
        for op in ops {
            // After a failure the rest is only answered, not applied.
            let tx = if failed.is_none() { transaction.as_ref() } else { None };
            if let Err(error) = apply_one(tx, usage, limits, remembered, op, after) {
                failed = Some(error);
            }
        }
        match (failed, transaction.take()) {
            (None, Some(transaction)) => Ok(transaction.commit()?),
            (Some(error), _) => Err(error),
            (None, None) => Err(StoreError::Closed),
        }
    }
}

fn apply_one(
    tx: Option<&Transaction<'_>>,
    usage: &mut Usage,
    limits: &StoreLimits,
    remembered: &mut u64,
    op: Op,
    after: &mut Vec<AfterCommit>,
) -> Result<(), StoreError> {
    match op {
        Op::Deliver { wallet, digest, n1, received_at, expires_at, reply } => {
            let times = (received_at, expires_at);
            let done =
                with(tx, |tx| batch::deliver(tx, usage, limits, (wallet, digest), &n1, times));
            let (stored, error) = split(done);
            after.push(Box::new(move |committed, on_stored| {
                let answer = settle(stored, committed);
                if let Ok((Stored::Now, seq)) = answer {
                    on_stored(wallet, &Waiting { seq, received_at, n1 });
                }
                let _ = reply.send(answer.map(|(stored, _)| stored));
            }));
            error
        }
        Op::Acknowledge { wallet, seqs, reply } => {
            answer(with(tx, |tx| batch::acknowledge(tx, usage, wallet, &seqs)), reply, after)
        }
        Op::Remember { wallet, digest, expires_at, reply } => {
            let done = with(tx, |tx| {
                batch::remember(tx, limits, remembered, (wallet, digest), expires_at)
            });
            answer(done, reply, after)
        }
        Op::PutClient { client, overlap_until, reply } => {
            answer(with(tx, |tx| batch::put_client(tx, &client, overlap_until)), reply, after)
        }
        Op::MarkMoved { wallet, serial, now, reply } => {
            answer(with(tx, |tx| batch::mark_moved(tx, wallet, serial, now)), reply, after)
        }
        Op::Sweep { now, reply } => {
            answer(with(tx, |tx| batch::sweep(tx, usage, remembered, now)), reply, after)
        }
    }
}

fn with<T>(
    tx: Option<&Transaction<'_>>,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    tx.map_or_else(|| Err(StoreError::Batch("an earlier write of this batch failed".into())), work)
}

fn answer<T: Send + 'static>(
    done: Result<T, StoreError>,
    reply: Reply<T>,
    after: &mut Vec<AfterCommit>,
) -> Result<(), StoreError> {
    let (value, error) = split(done);
    after.push(Box::new(move |committed, _| {
        let _ = reply.send(settle(value, committed));
    }));
    error
}

fn split<T>(done: Result<T, StoreError>) -> (Option<T>, Result<(), StoreError>) {
    match done {
        Ok(value) => (Some(value), Ok(())),
        Err(error) => (None, Err(error)),
    }
}

/// A value counts only if its whole transaction is on disk.
fn settle<T>(value: Option<T>, committed: Result<(), &str>) -> Result<T, StoreError> {
    match (value, committed) {
        (Some(value), Ok(())) => Ok(value),
        (_, Err(error)) => Err(StoreError::Batch(error.to_owned())),
        (None, Ok(())) => Err(StoreError::Closed),
    }
}
