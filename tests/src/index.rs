//! `conet index run` as a process, and what it answers.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{command::Person, eventually, node::free_port};

/// A running indexer. Dropping it ends its process.
#[derive(Debug)]
pub struct Indexer {
    /// Where it answers.
    pub url: String,
    client: reqwest::Client,
    child: Child,
}

impl Indexer {
    /// Starts one with the person's home, and these arguments besides.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn start(person: &Person, arguments: &[&str]) -> Self {
        let listen = format!("127.0.0.1:{}", free_port());
        let log = person.home().join("index.log");
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
        let mut command: Command = person.command(&["index", "run", "--listen", &listen]);
        command.args(["--poll-ms", "50"]).args(arguments);
        command.env("CONET_LOG", "info").stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("conet index run");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url: format!("http://{listen}"), client, child }
    }

    /// Asks; status and JSON. `None`: nobody answers.
    pub async fn ask(&self, path: &str) -> Option<(u16, Value)> {
        let answer = self.client.get(format!("{}{path}", self.url)).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Asks for what must be there.
    ///
    /// # Panics
    /// When it is not.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask(path).await.expect("an answer");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The rows of a list.
    ///
    /// # Panics
    /// When there is no list.
    pub async fn rows(&self, path: &str) -> Vec<Value> {
        self.get(path).await["rows"].as_array().expect("rows").clone()
    }

    /// Waits until its tables show this block, or a later one.
    ///
    /// # Panics
    /// When they do not in time.
    pub async fn until(&self, block: u64) {
        eventually("the tables catch up", || async {
            let status = self.ask("/v1/status").await;
            status.is_some_and(|(_, status)| status["block"].as_u64() >= Some(block))
        })
        .await;
    }

    /// Why its tables do not go on, if they do not.
    pub async fn trouble(&self) -> Option<String> {
        let (_, status) = self.ask("/v1/status").await?;
        status["trouble"].as_str().map(str::to_owned)
    }

    /// Kills it, as a power cut does.
    ///
    /// # Panics
    /// When it has ended already.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it ends");
    }

    /// Waits until it ends by itself; whether that was a success.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub async fn ended(mut self) -> bool {
        self.child.wait().await.expect("it ends").success()
    }
}
