//! `network.json`: which network this is, and what of it runs here.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use alloy::primitives::Address;
use conet_wire::network::Network;
use serde::{Deserialize, Deserializer, Serialize};

use crate::limits::NETWORK_FILE_BYTES_MAX;

/// What `network.json` holds. Fields that this version does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkFile {
    /// The RPC of the chain.
    pub rpc_url: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The contracts by name: at least those of [`NetworkFile::network`].
    #[serde(deserialize_with = "complete")]
    pub contracts: BTreeMap<String, Address>,
    /// An indexer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexer_url: Option<String>,
    /// Nodes that were started with the network.
    #[serde(default)]
    pub nodes: Vec<NodeInfo>,
}

/// The contracts that no network is without.
const NEEDED: [&str; 2] = ["NodeRegistry", "RouteTable"];

fn complete<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Address>, D::Error> {
    let contracts = BTreeMap::<String, Address>::deserialize(deserializer)?;
    match NEEDED.into_iter().find(|name| !contracts.contains_key(*name)) {
        Some(missing) => Err(serde::de::Error::missing_field(missing)),
        None => Ok(contracts),
    }
}

/// A node of a development network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// Its token id.
    pub id: u64,
    /// `relay`, `agent`.
    pub roles: Vec<String>,
    /// Where it listens.
    pub endpoint: SocketAddr,
    /// Its process, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its directory.
    pub home: PathBuf,
}

/// Why `network.json` could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NetworkFileError {
    /// There is none.
    #[error(
        "no network at {path}: start one with `conet devnet`, or copy the network.json \
         of the network you want to join there"
    )]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It is no network file.
    #[error(
        "expected a network file at {path}, found {reason}: correct it, or run `conet devnet` again"
    )]
    Malformed {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file system refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl NetworkFile {
    /// The file's name inside a home directory.
    pub const NAME: &str = "network.json";

    /// The deployment that signatures name.
    #[must_use]
    pub fn network(&self) -> Network {
        Network {
            chain_id: self.chain_id,
            registry: self.contract("NodeRegistry"),
            routes: self.contract("RouteTable"),
        }
    }

    /// Where a contract is; the zero address when the file does not say.
    #[must_use]
    pub fn contract(&self, name: &str) -> Address {
        self.contracts.get(name).copied().unwrap_or_default()
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`NetworkFileError`] says what to do.
    pub fn load(path: &Path) -> Result<Self, NetworkFileError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => NetworkFileError::Missing { path: path.into() },
            _ => NetworkFileError::Io { action: "read", path: path.into(), source },
        };
        let malformed = |reason: String| NetworkFileError::Malformed { path: path.into(), reason };
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(failed)?;
        file.take(NETWORK_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > NETWORK_FILE_BYTES_MAX {
            return Err(malformed(format!("more than {NETWORK_FILE_BYTES_MAX} bytes")));
        }
        serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))
    }

    /// Writes the file: whoever reads it meanwhile sees the old one or the new one.
    ///
    /// # Errors
    /// [`NetworkFileError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), NetworkFileError> {
        let failed =
            |source: io::Error| NetworkFileError::Io { action: "write", path: path.into(), source };
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        let temporary = path.with_extension(format!("json.{}.tmp", std::process::id()));
        let written = write_and_rename(&temporary, path, &bytes);
        if written.is_err() {
            // The reason is in `written`; what is left behind is only untidy.
            let _ = std::fs::remove_file(&temporary);
        }
        written.map_err(failed)
    }
}

fn write_and_rename(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(temporary, path)?;
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> NetworkFile {
        NetworkFile {
            rpc_url: "http://127.0.0.1:8545".into(),
            chain_id: 31_337,
            contracts: BTreeMap::from([
                ("NodeRegistry".into(), Address::repeat_byte(1)),
                ("RouteTable".into(), Address::repeat_byte(2)),
            ]),
            indexer_url: None,
            nodes: vec![NodeInfo {
                id: 1,
                roles: vec!["relay".into()],
                endpoint: "127.0.0.1:9001".parse().unwrap(),
                pid: Some(7),
                home: "nodes/1".into(),
            }],
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NetworkFile::NAME);
        example().save(&path).unwrap();
        example().save(&path).unwrap();
        assert_eq!(NetworkFile::load(&path).unwrap(), example());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(example().network().routes, Address::repeat_byte(2));
    }

    #[test]
    fn the_least_file_is_enough_and_more_does_not_hurt() {
        let text = r#"{"rpc_url":"http://x","chain_id":1,"later":true,"contracts":{
            "NodeRegistry":"0x0101010101010101010101010101010101010101",
            "RouteTable":"0x0202020202020202020202020202020202020202",
            "Later":"0x0303030303030303030303030303030303030303"}}"#;
        let file: NetworkFile = serde_json::from_str(text).unwrap();
        assert_eq!(file.nodes, []);
        assert_eq!(file.indexer_url, None);
        assert_eq!(file.contract("Later"), Address::repeat_byte(3));
        assert_eq!(file.contract("Never"), Address::ZERO);
        let error = serde_json::from_str::<NetworkFile>(&text.replace("RouteTable", "Routes"));
        assert!(error.unwrap_err().to_string().contains("RouteTable"));
    }

    #[test]
    fn errors_say_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NetworkFile::NAME);
        let error = NetworkFile::load(&path).unwrap_err();
        assert!(error.to_string().contains("conet devnet"), "{error}");
        std::fs::write(&path, "{}").unwrap();
        let error = NetworkFile::load(&path).unwrap_err();
        assert!(error.to_string().contains("rpc_url"), "{error}");
        std::fs::write(&path, vec![b' '; 2 << 20]).unwrap();
        assert!(matches!(NetworkFile::load(&path), Err(NetworkFileError::Malformed { .. })));
        let nowhere = directory.path().join("none").join(NetworkFile::NAME);
        assert!(matches!(example().save(&nowhere), Err(NetworkFileError::Io { .. })));
    }
}
