//! Whose journal it is, and what it goes on from.

use alloy::hex;
use conet_committee::{
    keys::NodeId,
    seats::{Seats, log_id},
};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{
    StoreError,
    read::plain,
    write::{encode, sql},
};

/// The group that all others descend from, as `IArchiveGroups` numbers it: its log stands for the network.
const ROOT: u32 = 1;

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
    let (id, tree) = (sql(node.0), log_id(*main_chain_id, ROOT));
    let Some((found_id, log)) = found else {
        let epoch = sql(seats.epoch);
        connection.execute(
            "INSERT INTO owner (node, log, epoch, began_ms, founding) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, tree.as_slice(), epoch, sql(*began_ms), encode(seats)?],
        )?;
        return Ok(());
    };
    if (found_id, log.as_slice()) != (id, tree.as_slice()) {
        return Err(StoreError::NotOurs {
            expected: format!("{node} of the network whose first log is {tree}"),
            found: format!("node {found_id} of that of {}", hex::encode_prefixed(log)),
        });
    }
    claim_old(connection, founding)
}

/// From before there were several groups, or even epochs.
fn claim_old(connection: &Connection, founding: &Founding) -> Result<(), StoreError> {
    let Founding { main_chain_id, seats, began_ms } = founding;
    connection.execute(
        "UPDATE owner SET founding = ?1, began_ms = ?2
         WHERE founding IS NULL AND seats IS NULL AND epoch = ?3",
        params![encode(seats)?, sql(*began_ms), sql(seats.epoch)],
    )?;
    let old: Option<(i64, Vec<u8>)> = connection
        .query_row(
            "SELECT epoch, seats FROM owner WHERE founding IS NULL AND seats IS NOT NULL",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    if let Some((epoch, nodes)) = old {
        let epoch = u64::try_from(epoch).unwrap_or_default();
        let nodes = plain(&nodes, "the seats that the journal began with")?;
        let seats = Seats::new(*main_chain_id, ROOT, epoch, nodes);
        connection.execute("UPDATE owner SET founding = ?1", params![encode(&seats)?])?;
    }
    Ok(())
}

/// The seats that the journal began with, and when, milliseconds since 1970.
pub(super) fn founding(connection: &Connection) -> Result<(Seats, u64), StoreError> {
    let row = connection.query_row("SELECT founding, began_ms FROM owner", [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    let (seats, began_ms): (Option<Vec<u8>>, Option<i64>) = row;
    let seats = seats.ok_or(StoreError::Corrupt("the seats that the journal began with"))?;
    let seats = plain(&seats, "the seats that the journal began with")?;
    let began_ms = began_ms.and_then(|began_ms| u64::try_from(began_ms).ok());
    Ok((seats, began_ms.unwrap_or_default()))
}
