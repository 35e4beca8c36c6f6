//! What an indexer answers.

use alloy::primitives::{Address, B256, Bytes, U256};
use conet_bindings::RouteTable::{KeySet, RouteRecord, RouteUpdate};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Map, Value};

/// What `/v1/status`, `/health` and `/ready` say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Whether all is well.
    pub ok: bool,
    /// EIP-155.
    pub chain_id: u64,
    /// The block that the tables show.
    pub block: Option<u64>,
    /// Its hash.
    pub hash: Option<B256>,
    /// Its time, unix seconds.
    pub time: Option<u64>,
    /// The newest block that is never undone.
    pub finalized: Option<u64>,
    /// The newest block of the chain.
    pub head: u64,
    /// Blocks that the tables lack.
    pub lag_blocks: u64,
    /// Why the tables do not go on, if they do not.
    pub trouble: Option<String>,
}

/// A table, as `/v1` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// What its records are.
    pub about: String,
    /// What names a record.
    pub key: Vec<String>,
    /// By what records can be found.
    pub find: Vec<String>,
}

/// A contract that is followed, as `/v1/contracts` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// The names of its events.
    pub events: Vec<String>,
}

/// A record. `R` is its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordView<R = Map<String, Value>> {
    /// The block from which it holds.
    pub since: u64,
    /// Its fields; none if it ended there.
    pub record: Option<R>,
}

/// Rows, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<R> {
    /// The rows.
    pub rows: Vec<R>,
    /// For `after`, if there may be more.
    pub next: Option<String>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventView {
    /// The block.
    pub block: u64,
    /// Its place among all logs of the block.
    pub log: u64,
    /// The block's time, unix seconds, if it is remembered.
    pub time: Option<u64>,
    /// The contract's name.
    pub contract: Option<String>,
    /// The event's name; none if its interface is not known.
    pub event: Option<String>,
    /// Its parameters.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// A record of the table `routes`: what a wallet signed, as the contract logged it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    update: Update,
    #[serde(deserialize_with = "number")]
    serial: u64,
    #[serde(deserialize_with = "number")]
    updated_at: u64,
    #[serde(deserialize_with = "long")]
    deadline: U256,
    signature: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Update {
    wallet: Address,
    keys: Keys,
    epoch: u32,
    #[serde(deserialize_with = "long")]
    agent: U256,
    #[serde(deserialize_with = "number")]
    expiry: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    certificate: Bytes,
    handle: B256,
    certificate_v4: Bytes,
    handle_v4: alloy::primitives::FixedBytes<20>,
}

/// Integers of more than 32 bits are decimal strings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Integer {
    Number(u64),
    Text(String),
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    match Integer::deserialize(from)? {
        Integer::Number(number) => Ok(number),
        Integer::Text(text) => text.parse().map_err(D::Error::custom),
    }
}

fn long<'de, D: Deserializer<'de>>(from: D) -> Result<U256, D::Error> {
    match Integer::deserialize(from)? {
        Integer::Number(number) => Ok(U256::from(number)),
        Integer::Text(text) => U256::from_str_radix(&text, 10).map_err(D::Error::custom),
    }
}

impl From<Route> for RouteRecord {
    /// As the contract has it. Whether the wallet signed it is to be checked.
    fn from(route: Route) -> Self {
        let Route { update, serial, updated_at, deadline, signature } = route;
        let Keys { certificate, handle, certificate_v4, handle_v4 } = update.keys;
        let keys =
            KeySet { certificate, handle, certificateV4: certificate_v4, handleV4: handle_v4 };
        let Update { wallet, epoch, agent, expiry, .. } = update;
        Self {
            update: RouteUpdate { wallet, keys, epoch, agent, expiry },
            serial,
            updatedAt: updated_at,
            // The contract counts so.
            nonce: U256::from(serial.saturating_sub(1)),
            deadline,
            signature,
        }
    }
}
