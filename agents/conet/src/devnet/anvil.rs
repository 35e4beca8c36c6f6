//! Foundry's anvil as a child process.

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// The first account that every anvil funds. Everybody knows it: development only.
pub(crate) const FUNDED_KEY: &str =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// How long anvil may take to answer.
const START_SECONDS_MAX: u64 = 30;

/// A running anvil; killed when dropped.
pub(crate) struct Anvil {
    pub(crate) rpc_url: String,
    pub(crate) chain_id: u64,
    child: Child,
}

impl Anvil {
    /// With these arguments besides.
    pub(crate) async fn start(
        log: &Path,
        port: Option<u16>,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let port = match port {
            Some(port) => port,
            None => reserve_port()?.local_addr()?.port(),
        };
        let chain_id = 31_337;
        let output = std::fs::File::create(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let program = program();
        let mut child = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", &port.to_string()])
            .args(["--chain-id", &chain_id.to_string(), "--hardfork", "cancun"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| {
                format!("cannot start {program}: run ./scripts/setup, or put anvil on the PATH")
            })?;
        let rpc_url = format!("http://127.0.0.1:{port}");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(START_SECONDS_MAX);
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("anvil ended at once ({status}); see {}", log.display());
            }
            if tokio::time::Instant::now() > deadline {
                bail!("anvil does not answer after {START_SECONDS_MAX} s; see {}", log.display());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Self { rpc_url, chain_id, child })
    }

    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        match self.child.wait().await {
            Ok(status) => anyhow::anyhow!("anvil ended ({status})"),
            Err(error) => anyhow::anyhow!("anvil: {error}"),
        }
    }
}

/// `CONET_ANVIL`, or the one that `./scripts/setup` installed here, or the PATH's.
fn program() -> String {
    if let Ok(program) = std::env::var("CONET_ANVIL") {
        return program;
    }
    let installed = "contracts/node_modules/.bin/anvil";
    if Path::new(installed).exists() { installed.to_owned() } else { "anvil".to_owned() }
}

/// Below the ports that systems hand out by themselves: many connections are made before a node listens.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// How many ports are tried.
const PORT_TRIES: u32 = 100;

/// A port that nobody has while this is kept. Random, since other networks may start beside this one.
pub(crate) fn reserve_port() -> anyhow::Result<TcpListener> {
    for _ in 0..PORT_TRIES {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", rand::random_range(PORTS))) {
            return Ok(listener);
        }
    }
    bail!("expected a free port from {} to {}, found none", PORTS.start, PORTS.end - 1)
}
