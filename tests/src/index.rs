//! `conet index run` as a process, and what it answers.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{PATIENCE, command::Person, eventually_within, node::free_port};

/// Runs what follows so that a file that is too long is an error, and does not end the process.
const WITH_ERRORS: &str = r#"trap '' XFSZ; exec "$0" "$@""#;

/// What a stream told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `message`, or `reorganized`.
    pub kind: String,
    /// To come back with.
    pub id: Option<String>,
    /// The rest.
    pub data: Value,
}

/// An open stream of events.
#[derive(Debug)]
pub struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    /// The next thing that it tells.
    ///
    /// # Panics
    /// When it ends, or tells nothing in time.
    pub async fn next(&mut self) -> Told {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim().to_owned())
                };
                let told = field("data:").map(|data| Told {
                    kind: field("event:").unwrap_or_else(|| "message".to_owned()),
                    id: field("id:"),
                    data: serde_json::from_str(&data).expect("JSON"),
                });
                self.text = rest.to_owned();
                match told {
                    Some(told) => return told,
                    // It only says that it is there.
                    None => continue,
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("in time");
            let chunk = chunk.expect("a stream").expect("more of it");
            self.text.push_str(&String::from_utf8_lossy(&chunk));
        }
    }
}

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
        Self::start_at(person, free_port(), arguments)
    }

    /// The same, at this port.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn start_at(person: &Person, port: u16, arguments: &[&str]) -> Self {
        let listen = format!("127.0.0.1:{port}");
        let log = person.home().join("index.log");
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a log");
        let mut command: Command = person.command(&["index", "run", "--listen", &listen]);
        command.args(["--poll-ms", "50"]).args(arguments);
        command.env("CONET_LOG", "info");
        let child = with_errors(&command).stderr(log).spawn().expect("conet index run");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { url: format!("http://{listen}"), client, child }
    }

    /// From now on none of its files can become longer than this, as on a full disk; `None`: the disk has room again.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(pid.expect("it runs")), Resource::Fsize, limit).expect("a limit");
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
        self.until_within(PATIENCE, block).await;
    }

    /// The same, with other patience.
    ///
    /// # Panics
    /// When they do not in time.
    pub async fn until_within(&self, patience: Duration, block: u64) {
        let shows = || async { self.block().await >= Some(block) };
        eventually_within(patience, "the tables catch up", shows).await;
    }

    /// The block that its tables show, if they show one.
    pub async fn block(&self) -> Option<u64> {
        self.ask("/v1/status").await?.1["block"].as_u64()
    }

    /// What it counts and measures, by name.
    ///
    /// # Panics
    /// When that is not as Prometheus writes it.
    pub async fn metrics(&self) -> BTreeMap<String, f64> {
        let answer = self.client.get(format!("{}/metrics", self.url)).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        metrics(&answer.text().await.expect("text"))
    }

    /// Opens a stream of events, perhaps after one that was seen before.
    ///
    /// # Panics
    /// When there is none.
    pub async fn events(&self, query: &str, seen: Option<&str>) -> Events {
        let mut request = self.client.get(format!("{}/v1/events/stream?{query}", self.url));
        if let Some(seen) = seen {
            request = request.header("last-event-id", seen);
        }
        let response = request.send().await.expect("a stream");
        assert_eq!(response.status().as_u16(), 200);
        Events { response, text: String::new() }
    }

    /// Asks with a tag that is known; the status, and the tag of the answer.
    ///
    /// # Panics
    /// When nobody answers.
    pub async fn tagged(&self, path: &str, known: &str) -> (u16, Option<String>) {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.header("if-none-match", known).send().await.expect("an answer");
        let tag = answer.headers().get("etag").map(|tag| tag.to_str().expect("text").to_owned());
        (answer.status().as_u16(), tag)
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

fn with_errors(command: &Command) -> Command {
    let of = command.as_std();
    let mut wrapped = Command::new("sh");
    wrapped.args(["-c", WITH_ERRORS]).arg(of.get_program()).args(of.get_args());
    for (name, value) in of.get_envs() {
        wrapped.env(name, value.expect("a value"));
    }
    wrapped.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    wrapped
}

/// Values by name, from the text format 0.0.4 of Prometheus. Each was announced with its help and its type.
fn metrics(text: &str) -> BTreeMap<String, f64> {
    let (mut announced, mut values) = (BTreeMap::<&str, u32>::new(), BTreeMap::new());
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            let (what, name) = (words.next(), words.next().expect("a name"));
            assert!(matches!(what, Some("HELP" | "TYPE")), "{line}");
            *announced.entry(name).or_default() += 1;
            continue;
        }
        let (name, value) = line.split_once(' ').expect("a name and a value");
        // A counter is announced without its ending.
        let family = name.strip_suffix("_total").unwrap_or(name);
        assert_eq!(announced.get(family), Some(&2), "{line}");
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        assert!(values.insert(name.to_owned(), value).is_none(), "{line}");
    }
    values
}
