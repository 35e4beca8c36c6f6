//! The development network's indexer, with its explorer.

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// How long it may take to answer.
const SECONDS_MAX: u64 = 30;

/// Its process; killed when dropped, which its tables survive.
pub(super) struct IndexerProcess {
    /// Where it answers.
    pub(super) url: String,
    _child: Child,
}

impl IndexerProcess {
    /// Starts `conet index run` over the network of the home folder, with its log there, and waits until it answers.
    pub(super) async fn start(home: &Path) -> anyhow::Result<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let listen = free.context("no port is free")?.to_string();
        let log = home.join("index.log");
        let file = std::fs::File::create(&log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--home")
            .arg(home)
            .args(["index", "run", "--poll-ms", "250", "--listen", &listen])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the indexer")?;
        let url = format!("http://{listen}");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(SECONDS_MAX);
        let client = reqwest::Client::builder().no_proxy().build()?;
        while client.get(format!("{url}/health")).send().await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("the indexer ended at once ({status}); see {}", log.display());
            }
            if tokio::time::Instant::now() > deadline {
                bail!("the indexer does not answer; see {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { url, _child: child })
    }
}
