//! Whose journal it is, and what it goes on from.

use alloy::hex;
use conet_committee::{
    keys::NodeId,
    seats::{Seats, log_id},
    tree::ROOT,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    StoreError,
    code::{encode, plain, sql},
};

/// What a new journal goes on from.
#[derive(Debug, Clone)]
pub struct Founding {
    /// EIP-155 id of the main chain.
    pub main_chain_id: u64,
    /// The seats of an epoch.
    pub seats: Seats,
    /// When that began, milliseconds since 1970.
    pub began_ms: u64,
}

/// Whose journal it is, and what it goes on from: as it was when it was made.
pub(super) fn claim(
    connection: &Connection,
    node: NodeId,
    founding: &Founding,
) -> Result<(), StoreError> {
    let found: Option<(i64, Vec<u8>)> = connection
        .query_row("SELECT node, log FROM owner", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Founding { main_chain_id, seats, began_ms } = founding;
    // The first group's log stands for the network.
    let (id, tree) = (sql(node.0), log_id(*main_chain_id, ROOT));
    let Some((found_id, log)) = found else {
        connection.execute(
            "INSERT INTO owner (node, log, began_ms, founding) VALUES (?1, ?2, ?3, ?4)",
            params![id, tree.as_slice(), sql(*began_ms), encode(seats)?],
        )?;
        return Ok(());
    };
    if (found_id, log.as_slice()) != (id, tree.as_slice()) {
        return Err(StoreError::NotOurs {
            expected: format!("{node} of the network whose first log is {tree}"),
            found: format!("node {found_id} of that of {}", hex::encode_prefixed(log)),
        });
    }
    Ok(())
}

/// The seats that the journal began with, and when, milliseconds since 1970.
pub(super) fn founding(connection: &Connection) -> Result<(Seats, u64), StoreError> {
    let (seats, began_ms): (Vec<u8>, i64) =
        connection.query_row("SELECT founding, began_ms FROM owner", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let seats = plain(&seats, "the seats that the journal began with")?;
    Ok((seats, u64::try_from(began_ms).unwrap_or_default()))
}
