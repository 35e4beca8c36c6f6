//! The writes: what each one does inside a transaction.

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use conet_wire::recipient::Handle;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use tokio::sync::oneshot;

use super::{StoreError, StoreLimits, usage::Usage};

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One write and where its answer goes.
pub(super) enum Op {
    Deliver {
        wallet: Address,
        digest: B256,
        n1: Bytes,
        received_at: u64,
        expires_at: u64,
        reply: Reply<Stored>,
    },
    Acknowledge {
        wallet: Address,
        seqs: Vec<i64>,
        reply: Reply<()>,
    },
    Remember {
        wallet: Address,
        digest: B256,
        expires_at: u64,
        reply: Reply<Remembered>,
    },
    PutClient {
        client: Client,
        overlap_until: u64,
        reply: Reply<()>,
    },
    MarkMoved {
        wallet: Address,
        serial: u64,
        now: u64,
        reply: Reply<()>,
    },
    Sweep {
        now: u64,
        reply: Reply<u64>,
    },
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is on disk.
    Now,
    /// It was on disk already; a repeated delivery is as good as the first.
    Before,
    /// No room in this mailbox, or in the whole store. Nothing was stored.
    Full,
}

/// Whether a request may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remembered {
    /// It was not seen before, and is now remembered.
    New,
    /// It was seen before.
    Seen,
    /// No memory left for another one, so it could be repeated: refuse it.
    Full,
}

/// A client of this agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The wallet.
    pub wallet: Address,
    /// Fingerprint of its v6 encryption subkey.
    pub handle: [u8; 32],
    /// Fingerprint of its v4 encryption subkey, if it has a v4 certificate.
    pub handle_v4: Option<[u8; 20]>,
    /// Handles of before a rotation, and until when they are good (unix seconds).
    pub old_handles: Vec<(Handle, u64)>,
    /// The route's serial on chain.
    pub serial: u64,
    /// When the route expires, unix seconds.
    pub expiry: u64,
    /// When it left for another agent, unix seconds.
    pub moved_at: Option<u64>,
}

/// SQLite integers are signed; our times and serials stay far below the limit.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn uint(value: i64) -> u64 {
    u64::try_from(value).unwrap_or_default()
}

pub(super) fn deliver(
    tx: &Transaction<'_>,
    usage: &mut Usage,
    limits: &StoreLimits,
    (wallet, digest): (Address, B256),
    n1: &[u8],
    (received_at, expires_at): (u64, u64),
) -> Result<(Stored, i64), StoreError> {
    if !usage.add(wallet, n1.len() as u64, limits) {
        let seen = tx
            .prepare_cached("SELECT 1 FROM digests WHERE wallet = ?1 AND digest = ?2")?
            .exists(params![wallet.as_slice(), digest.as_slice()])?;
        return Ok((if seen { Stored::Before } else { Stored::Full }, 0));
    }
    // One search of the digests, not one to look and one to insert.
    let new = tx
        .prepare_cached(
            "INSERT OR IGNORE INTO digests (wallet, digest, expires_at) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![wallet.as_slice(), digest.as_slice(), int(expires_at)])?;
    if new == 0 {
        usage.remove(wallet, n1.len() as u64, 1);
        return Ok((Stored::Before, 0));
    }
    tx.prepare_cached(
        "INSERT INTO messages (wallet, received_at, expires_at, n1) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![wallet.as_slice(), int(received_at), int(expires_at), n1])?;
    Ok((Stored::Now, tx.last_insert_rowid()))
}

pub(super) fn acknowledge(
    tx: &Transaction<'_>,
    usage: &mut Usage,
    wallet: Address,
    seqs: &[i64],
) -> Result<(), StoreError> {
    // Two statements: `RETURNING` would build a table for each row that it returns.
    let mut length =
        tx.prepare_cached("SELECT length(n1) FROM messages WHERE seq = ?1 AND wallet = ?2")?;
    let mut delete = tx.prepare_cached("DELETE FROM messages WHERE seq = ?1")?;
    for seq in seqs {
        let found = length.query_row(params![seq, wallet.as_slice()], |row| row.get(0));
        if let Some(bytes) = found.optional()? {
            delete.execute([seq])?;
            usage.remove(wallet, uint(bytes), 1);
        }
    }
    Ok(())
}

pub(super) fn remember(
    tx: &Transaction<'_>,
    limits: &StoreLimits,
    remembered: &mut u64,
    (wallet, digest): (Address, B256),
    expires_at: u64,
) -> Result<Remembered, StoreError> {
    let seen = tx
        .prepare_cached("SELECT 1 FROM requests WHERE digest = ?1")?
        .exists(params![digest.as_slice()])?;
    if seen {
        return Ok(Remembered::Seen);
    }
    let by_wallet: i64 = tx
        .prepare_cached("SELECT count(*) FROM requests WHERE wallet = ?1")?
        .query_row(params![wallet.as_slice()], |row| row.get(0))?;
    if uint(by_wallet) >= limits.remembered_requests_per_wallet_max
        || *remembered >= limits.remembered_requests_max
    {
        return Ok(Remembered::Full);
    }
    tx.prepare_cached("INSERT INTO requests (digest, wallet, expires_at) VALUES (?1, ?2, ?3)")?
        .execute(params![digest.as_slice(), wallet.as_slice(), int(expires_at)])?;
    *remembered += 1;
    Ok(Remembered::New)
}

pub(super) fn put_client(
    tx: &Transaction<'_>,
    client: &Client,
    overlap_until: u64,
) -> Result<(), StoreError> {
    let wallet = client.wallet.as_slice();
    // Whatever differs from the new handles stays good for the overlap.
    tx.execute(
        "INSERT OR REPLACE INTO old_handles (wallet, handle, until)
         SELECT wallet, handle, ?2 FROM clients WHERE wallet = ?1 AND handle != ?3
         UNION SELECT wallet, handle_v4, ?2 FROM clients
         WHERE wallet = ?1 AND handle_v4 IS NOT NULL AND handle_v4 IS NOT ?4",
        params![
            wallet,
            int(overlap_until),
            client.handle.as_slice(),
            client.handle_v4.as_ref().map(<[u8; 20]>::as_slice)
        ],
    )?;
    tx.execute(
        "INSERT INTO clients (wallet, handle, handle_v4, serial, expiry, moved_at)
         VALUES (?1, ?2, ?3, ?4, ?5, NULL)
         ON CONFLICT (wallet) DO UPDATE SET handle = ?2, handle_v4 = ?3, serial = ?4,
             expiry = ?5, moved_at = NULL
         WHERE excluded.serial >= serial",
        params![
            wallet,
            client.handle.as_slice(),
            client.handle_v4.as_ref().map(<[u8; 20]>::as_slice),
            int(client.serial),
            int(client.expiry)
        ],
    )?;
    Ok(())
}

pub(super) fn mark_moved(
    tx: &Transaction<'_>,
    wallet: Address,
    serial: u64,
    now: u64,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE clients SET moved_at = ?3, serial = ?2 WHERE wallet = ?1 AND serial <= ?2",
        params![wallet.as_slice(), int(serial), int(now)],
    )?;
    Ok(())
}

pub(super) fn sweep(
    tx: &Transaction<'_>,
    usage: &mut Usage,
    remembered: &mut u64,
    now: u64,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    let mut delete = tx.prepare_cached(
        "DELETE FROM messages WHERE expires_at <= ?1 RETURNING wallet, length(n1)",
    )?;
    let mut rows = delete.query(params![int(now)])?;
    while let Some(row) = rows.next()? {
        let wallet: Vec<u8> = row.get(0)?;
        let wallet =
            Address::try_from(wallet.as_slice()).map_err(|_| StoreError::Corrupt("wallet"))?;
        usage.remove(wallet, uint(row.get(1)?), 1);
        removed += 1;
    }
    tx.execute("DELETE FROM digests WHERE expires_at <= ?1", params![int(now)])?;
    let requests = tx.execute("DELETE FROM requests WHERE expires_at <= ?1", params![int(now)])?;
    *remembered = remembered.saturating_sub(requests as u64);
    tx.execute("DELETE FROM old_handles WHERE until <= ?1", params![int(now)])?;
    Ok(removed)
}

/// All clients, or the one with this wallet.
pub(super) fn read_clients(
    connection: &Connection,
    wallet: Option<Address>,
) -> Result<Vec<Client>, StoreError> {
    let mut clients = connection
        .prepare(
            "SELECT wallet, handle, handle_v4, serial, expiry, moved_at FROM clients
             WHERE ?1 IS NULL OR wallet = ?1",
        )?
        .query_map([wallet.as_ref().map(|wallet| wallet.as_slice())], |row| {
            Ok((
                row.get::<_, [u8; 20]>(0)?,
                row.get::<_, [u8; 32]>(1)?,
                row.get::<_, Option<[u8; 20]>>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, i64>(4)?,
                row.get::<_, Option<i64>>(5)?,
            ))
        })?
        .map(|row| {
            row.map(|(wallet, handle, handle_v4, serial, expiry, moved_at)| Client {
                wallet: wallet.into(),
                handle,
                handle_v4,
                old_handles: Vec::new(),
                serial: uint(serial),
                expiry: uint(expiry),
                moved_at: moved_at.map(uint),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut select =
        connection.prepare("SELECT handle, until FROM old_handles WHERE wallet = ?1")?;
    for client in &mut clients {
        let mut rows = select.query(params![client.wallet.as_slice()])?;
        while let Some(row) = rows.next()? {
            let handle: Vec<u8> = row.get(0)?;
            let handle = if let Ok(v6) = <[u8; 32]>::try_from(handle.as_slice()) {
                Handle::V6(v6)
            } else if let Ok(v4) = <[u8; 20]>::try_from(handle.as_slice()) {
                Handle::V4(v4)
            } else {
                return Err(StoreError::Corrupt("handle"));
            };
            client.old_handles.push((handle, uint(row.get(1)?)));
        }
    }
    Ok(clients)
}
