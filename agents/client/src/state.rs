//! What a client must not forget, in one SQLite file per network: serials seen,
//! the node map, registrations, which messages were shown, and the parts of
//! messages that are not complete.
//!
//! Several processes of one home may use it at once. Everything is on disk when
//! a call returns.

mod parts;
mod schema;
mod shown;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::primitives::{Address, B256, U256, keccak256};
use conet_wire::network::Network;
use rusqlite::{Connection, OptionalExtension as _, params};

pub(crate) use parts::{Added, PartialKey};
pub(crate) use shown::Saving;

use crate::{clock, limits::MESSAGE_SECONDS_MAX};

/// Why the client's own files could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] conet_sqlite::OpenError),
    /// SQLite failed.
    #[error("the client's database failed: {0}; check the disk")]
    Sqlite(#[from] rusqlite::Error),
    /// A file beside the database failed.
    #[error("cannot {action} {path}: {source}; check the disk")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A lower serial than one that was seen.
    #[error(
        "expected serial {seen} or higher for the route of {wallet}, found {found}: somebody \
         shows an old route. (A development chain that started anew has forgotten its routes: \
         then remove {path})"
    )]
    OldSerial {
        /// The wallet.
        wallet: Address,
        /// The highest serial seen.
        seen: u64,
        /// The serial found.
        found: u64,
        /// The file with the memory.
        path: PathBuf,
    },
    /// The work was stopped half way.
    #[error("the client's database is closing")]
    Closing,
}

impl StateError {
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |source| Self::Io { action, path: path.into(), source }
    }
}

/// A node map as it was served.
#[derive(Debug)]
pub(crate) struct NodeMapRow {
    pub(crate) fetched_at: u64,
    pub(crate) records: Vec<u8>,
}

/// Which agent keeps a wallet's mailbox, as the wallet itself arranged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Registration {
    pub(crate) agent: U256,
    pub(crate) serial: u64,
}

/// The client's memory. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Directory of parts.
    incomplete: PathBuf,
    connection: Mutex<Connection>,
}

impl State {
    /// Opens the memory of `network` in `home`, making it if need be.
    pub(crate) fn open(home: &Path, network: &Network) -> Result<Self, StateError> {
        std::fs::create_dir_all(home).map_err(StateError::io("make", home))?;
        let name = network_name(network);
        let path = home.join(format!("client-{name}.db"));
        let connection = conet_sqlite::open(&path, schema::STEPS, None)?;
        let incomplete = home.join(format!("incomplete-{name}"));
        let state = Self(Arc::new(Inner { path, incomplete, connection: Mutex::new(connection) }));
        state.sweep(clock::unix_seconds())?;
        Ok(state)
    }

    /// Runs `work` where it may wait for the disk.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, StateError> {
        let state = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&state)).await;
        done.map_err(|_| StateError::Closing)?
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sweep(&self, now: u64) -> Result<(), StateError> {
        let now = integer(now);
        let connection = self.lock();
        connection
            .execute("DELETE FROM shown WHERE expires_at < ?1 AND temporary IS NULL", [now])?;
        connection.execute("DELETE FROM former_agents WHERE until < ?1", [now])?;
        Ok(())
    }

    /// Refuses a serial below one that was seen, and remembers a higher one.
    pub(crate) fn check_serial(&self, wallet: Address, found: u64) -> Result<(), StateError> {
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let seen: Option<i64> = transaction
            .query_row("SELECT serial FROM serials WHERE wallet = ?1", [wallet.as_slice()], |row| {
                row.get(0)
            })
            .optional()?;
        let seen = seen.map(number).unwrap_or_default();
        if found < seen {
            let path = self.0.path.clone();
            return Err(StateError::OldSerial { wallet, seen, found, path });
        }
        if found > seen {
            transaction.execute(
                "INSERT OR REPLACE INTO serials (wallet, serial) VALUES (?1, ?2)",
                params![wallet.as_slice(), integer(found)],
            )?;
        }
        Ok(transaction.commit()?)
    }

    pub(crate) fn node_map(&self) -> Result<Option<NodeMapRow>, StateError> {
        let row = self.lock().query_row("SELECT fetched_at, records FROM node_map", [], |row| {
            Ok(NodeMapRow { fetched_at: number(row.get(0)?), records: row.get(1)? })
        });
        Ok(row.optional()?)
    }

    pub(crate) fn put_node_map(&self, row: &NodeMapRow) -> Result<(), StateError> {
        self.lock().execute(
            "INSERT OR REPLACE INTO node_map (id, fetched_at, records) VALUES (1, ?1, ?2)",
            params![integer(row.fetched_at), row.records],
        )?;
        Ok(())
    }

    pub(crate) fn registration(&self, wallet: Address) -> Result<Option<Registration>, StateError> {
        let row = self.lock().query_row(
            "SELECT agent, serial FROM registrations WHERE wallet = ?1",
            [wallet.as_slice()],
            |row| {
                let agent: [u8; 32] = row.get(0)?;
                Ok(Registration { agent: U256::from_be_bytes(agent), serial: number(row.get(1)?) })
            },
        );
        Ok(row.optional()?)
    }

    /// Remembers the agent that a wallet has now; the one before may still keep mail.
    pub(crate) fn put_registration(
        &self,
        wallet: Address,
        now: Option<Registration>,
    ) -> Result<(), StateError> {
        let before = self.registration(wallet)?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        if let Some(before) = before
            && now.is_none_or(|now| now.agent != before.agent)
        {
            transaction.execute(
                "INSERT OR REPLACE INTO former_agents (wallet, agent, until) VALUES (?1, ?2, ?3)",
                params![
                    wallet.as_slice(),
                    before.agent.to_be_bytes::<32>(),
                    integer(clock::unix_seconds() + MESSAGE_SECONDS_MAX)
                ],
            )?;
        }
        match now {
            Some(now) => {
                let agent = now.agent.to_be_bytes::<32>();
                transaction.execute(
                    "INSERT OR REPLACE INTO registrations (wallet, agent, serial)
                     VALUES (?1, ?2, ?3)",
                    params![wallet.as_slice(), agent, integer(now.serial)],
                )?;
                transaction.execute(
                    "DELETE FROM former_agents WHERE wallet = ?1 AND agent = ?2",
                    params![wallet.as_slice(), agent],
                )?;
            }
            None => {
                transaction
                    .execute("DELETE FROM registrations WHERE wallet = ?1", [wallet.as_slice()])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Agents that this wallet left, and that may still keep mail for it.
    pub(crate) fn former_agents(&self, wallet: Address) -> Result<Vec<U256>, StateError> {
        let connection = self.lock();
        let mut select = connection
            .prepare_cached("SELECT agent FROM former_agents WHERE wallet = ?1 ORDER BY until")?;
        let rows = select.query_map([wallet.as_slice()], |row| row.get::<_, [u8; 32]>(0))?;
        rows.map(|row| Ok(U256::from_be_bytes(row?))).collect()
    }

    /// Everything that a former agent kept has come.
    pub(crate) fn forget_agent(&self, wallet: Address, agent: U256) -> Result<(), StateError> {
        self.lock().execute(
            "DELETE FROM former_agents WHERE wallet = ?1 AND agent = ?2",
            params![wallet.as_slice(), agent.to_be_bytes::<32>()],
        )?;
        Ok(())
    }

    /// When relays failed, unix seconds.
    pub(crate) fn relay_failures(&self) -> Result<Vec<(U256, u64)>, StateError> {
        let connection = self.lock();
        let mut select = connection.prepare_cached("SELECT node, failed_at FROM relay_failures")?;
        let rows = select.query_map([], |row| {
            Ok((U256::from_be_bytes(row.get::<_, [u8; 32]>(0)?), number(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Remembers that a relay failed, or with `None` that it works.
    pub(crate) fn put_relay_failure(
        &self,
        node: U256,
        failed_at: Option<u64>,
    ) -> Result<(), StateError> {
        let node = node.to_be_bytes::<32>();
        let connection = self.lock();
        match failed_at {
            Some(at) => connection.execute(
                "INSERT OR REPLACE INTO relay_failures (node, failed_at) VALUES (?1, ?2)",
                params![node, integer(at)],
            )?,
            None => connection.execute("DELETE FROM relay_failures WHERE node = ?1", [node])?,
        };
        Ok(())
    }
}

/// Names a network in file names.
fn network_name(network: &Network) -> String {
    let named = [
        &network.chain_id.to_be_bytes()[..],
        network.registry.as_slice(),
        network.routes.as_slice(),
    ];
    let digest: B256 = keccak256(named.concat());
    hex::encode(digest.get(..4).unwrap_or_default())
}

/// SQLite's integers have a sign; ours stay far below.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}
