//! Whom a process talks to, by what the system knows of its sockets.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::task::JoinHandle;

/// How often sockets are looked at. Streams stay open for much longer.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The ports at the other ends of a process' TCP connections; nothing when it has ended.
#[must_use]
pub fn remote_ports(pid: u32) -> BTreeSet<u16> {
    let tables =
        ["tcp", "tcp6"].map(|table| std::fs::read_to_string(format!("/proc/{pid}/net/{table}")));
    let table = tables.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let sockets: BTreeMap<_, _> = table.lines().filter_map(connection).collect();
    let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let targets = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    let inode = |target: std::path::PathBuf| {
        let name = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        sockets.get(&name).copied()
    };
    targets.filter_map(inode).collect()
}

/// A connection's inode and the port at its other end, out of a line of `/proc/net/tcp`.
fn connection(line: &str) -> Option<(String, u16)> {
    const LISTENS: &str = "0A";
    let fields: Vec<_> = line.split_whitespace().collect();
    let (remote, state, inode) = (fields.get(2)?, fields.get(3)?, fields.get(9)?);
    let (_, port) = remote.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (*state != LISTENS).then(|| ((*inode).to_owned(), port))
}

/// Looks at processes' sockets all the time, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Mutex<BTreeSet<u16>>>,
    pids: Arc<Mutex<BTreeSet<u32>>>,
    looking: JoinHandle<()>,
}

impl Watch {
    /// Watches these processes.
    #[must_use]
    pub fn new(pids: impl IntoIterator<Item = u32>) -> Self {
        let pids: Arc<Mutex<BTreeSet<u32>>> = Arc::new(Mutex::new(pids.into_iter().collect()));
        let seen = Arc::new(Mutex::new(BTreeSet::new()));
        let (watched, into) = (pids.clone(), seen.clone());
        let looking = tokio::spawn(async move {
            loop {
                let pids = watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let found: BTreeSet<_> = pids.into_iter().flat_map(remote_ports).collect();
                into.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        });
        Self { seen, pids, looking }
    }

    /// Watches another one, too.
    pub fn add(&self, pid: u32) {
        self.pids.lock().unwrap_or_else(PoisonError::into_inner).insert(pid);
    }

    /// The ports that any of them was connected to so far.
    #[must_use]
    pub fn seen(&self) -> BTreeSet<u16> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.looking.abort();
    }
}
