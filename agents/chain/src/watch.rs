//! Which wallets changed their route: how an agent learns that a client moved.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::{Filter, Log},
    sol_types::SolEvent,
};
use conet_bindings::RouteTable::{RouteRecord, RouteSet};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    error::ChainError,
    limits::{FOLLOW_BACKOFF_MAX, RECENT_ROUTES_MAX, ROUTE_CHANGES_WAITING},
    logs::{LogCursor, Polled},
    reader::ChainReader,
};

/// A wallet's route changed, says the RPC: read and verify the route before
/// anything irreversible. The same change may be told twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteChange {
    /// The wallet.
    pub wallet: Address,
    /// Its agent now; `None`: it has left, or a reorganization took its only route back.
    pub agent: Option<U256>,
    /// The route's serial; 0 when it has none any more.
    pub serial: u64,
    /// The fingerprint of its v6 encryption subkey.
    pub handle: B256,
}

impl RouteChange {
    fn from_log(log: &Log) -> Option<Self> {
        let event = RouteSet::decode_log(&log.inner).ok()?;
        Some(Self {
            wallet: event.wallet,
            agent: present(event.agent),
            serial: event.serial,
            handle: event.handle,
        })
    }

    fn from_record(wallet: Address, record: Option<&RouteRecord>) -> Self {
        match record {
            Some(record) => Self {
                wallet,
                agent: present(record.update.agent),
                serial: record.serial,
                handle: record.update.keys.handle,
            },
            None => Self { wallet, agent: None, serial: 0, handle: B256::ZERO },
        }
    }
}

fn present(agent: U256) -> Option<U256> {
    (!agent.is_zero()).then_some(agent)
}

/// The changes, in the order of the chain. Dropping it ends the task behind it.
#[derive(Debug)]
pub struct RouteWatch {
    changes: mpsc::Receiver<RouteChange>,
    task: JoinHandle<()>,
}

impl RouteWatch {
    /// Watches from the newest block on, or from after `from` (then the caller
    /// remembers the block of [`ChainReader::routes`] that it read last).
    ///
    /// # Errors
    /// [`ChainError`] when the chain cannot be read; later failures are logged
    /// and tried again.
    pub async fn start(
        reader: ChainReader,
        from: Option<u64>,
        poll_interval: Duration,
        stop: CancellationToken,
    ) -> Result<Self, ChainError> {
        let head = reader.head().await?;
        let from = match from {
            Some(number) if number < head.number => reader.block(number).await?.unwrap_or(head),
            _ => head,
        };
        let network = reader.network();
        let filter =
            Filter::new().address(network.routes).event_signature(RouteSet::SIGNATURE_HASH);
        let (sender, changes) = mpsc::channel(ROUTE_CHANGES_WAITING);
        let watcher = Watcher {
            cursor: LogCursor::new(reader.clone(), filter, &from),
            reader,
            recent: VecDeque::new(),
            rewound_to: None,
            sender,
        };
        Ok(Self { changes, task: tokio::spawn(watcher.run(poll_interval, stop)) })
    }

    /// The next change; `None` when the watch was stopped.
    pub async fn next(&mut self) -> Option<RouteChange> {
        self.changes.recv().await
    }
}

impl Drop for RouteWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The receiver is gone.
struct Stopped;

struct Watcher {
    reader: ChainReader,
    cursor: LogCursor,
    /// What was told of late, by block: a reorganization may take it back.
    recent: VecDeque<(u64, Address)>,
    /// Changes after this block are to be told again.
    rewound_to: Option<u64>,
    sender: mpsc::Sender<RouteChange>,
}

impl Watcher {
    async fn run(mut self, poll_interval: Duration, stop: CancellationToken) {
        let mut pause = poll_interval;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            let step = tokio::select! {
                () = stop.cancelled() => return,
                step = self.step() => step,
            };
            match step {
                Ok(Ok(true)) => pause = Duration::ZERO,
                Ok(Ok(false)) => pause = poll_interval,
                Ok(Err(Stopped)) => return,
                Err(error) => {
                    pause = (pause.max(poll_interval) * 2).min(FOLLOW_BACKOFF_MAX);
                    tracing::warn!(%error, ?pause, "route changes are late, trying again");
                }
            }
        }
    }

    /// One look at the chain. Gives whether to look again at once.
    async fn step(&mut self) -> Result<Result<bool, Stopped>, ChainError> {
        if let Some(ancestor) = self.rewound_to {
            let told = self.tell_again(ancestor).await?;
            self.rewound_to = None;
            return Ok(told.map(|()| true));
        }
        match self.cursor.poll().await? {
            Polled::Quiet => return Ok(Ok(false)),
            Polled::Logs { logs, .. } => return Ok(self.tell_logs(&logs).await.map(|()| true)),
            Polled::Reorganized { ancestor } => {
                tracing::info!(ancestor, "the chain was reorganized, reading recent routes");
                self.rewound_to = Some(ancestor);
            }
            Polled::Gap { head } => {
                // Whoever could not watch for so long reads its routes anew anyway.
                tracing::warn!(
                    head = head.number,
                    "far behind the chain, route changes were missed"
                );
                self.cursor.restart(&head);
                self.rewound_to = Some(0);
            }
        }
        Ok(Ok(true))
    }

    async fn tell_logs(&mut self, logs: &[Log]) -> Result<(), Stopped> {
        for log in logs {
            let Some(change) = RouteChange::from_log(log) else {
                continue;
            };
            if self.recent.len() >= RECENT_ROUTES_MAX {
                self.recent.pop_front();
            }
            self.recent.push_back((log.block_number.unwrap_or(u64::MAX), change.wallet));
            self.sender.send(change).await.map_err(|_| Stopped)?;
        }
        Ok(())
    }

    /// What the chain says now of wallets whose change came after `ancestor`.
    async fn tell_again(&mut self, ancestor: u64) -> Result<Result<(), Stopped>, ChainError> {
        let orphaned = self.recent.iter().filter(|(block, _)| *block > ancestor);
        let wallets: Vec<_> =
            orphaned.map(|(_, wallet)| *wallet).collect::<BTreeSet<_>>().into_iter().collect();
        if wallets.is_empty() {
            return Ok(Ok(()));
        }
        let (_, records) = self.reader.routes(&wallets).await?;
        self.recent.retain(|(block, _)| *block <= ancestor);
        for (wallet, record) in wallets.into_iter().zip(&records) {
            let change = RouteChange::from_record(wallet, record.as_ref());
            if self.sender.send(change).await.is_err() {
                return Ok(Err(Stopped));
            }
        }
        Ok(Ok(()))
    }
}
