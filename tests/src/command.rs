//! The `conet` command line, as a person types it.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::node::conet_program;

/// How long one command may take.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);

/// A person's home folder.
#[derive(Debug, Clone)]
pub struct Person {
    home: PathBuf,
}

impl Person {
    /// With this home.
    #[must_use]
    pub fn at(home: &Path) -> Self {
        Self { home: home.to_owned() }
    }

    /// Where the home is.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A command, not yet started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(conet_program());
        command
            .args(["--home"])
            .arg(&self.home)
            .arg("--json")
            .args(arguments)
            .env("CONET_PASSWORD", "a password for tests")
            .env("CONET_LOG", std::env::var("CONET_LOG").as_deref().unwrap_or("warn"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn output(&self, arguments: &[&str]) -> Output {
        let output = timeout(COMMAND_PATIENCE, self.command(arguments).output()).await;
        output.unwrap_or_else(|_| panic!("conet {arguments:?} takes too long")).expect("it runs")
    }

    /// Runs a command that must succeed; its lines of JSON.
    ///
    /// # Panics
    /// When it fails, or says anything but JSON.
    pub async fn run(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.output(arguments).await;
        lines(arguments, &output)
    }

    /// Runs a command that must succeed, and say one line.
    ///
    /// # Panics
    /// When it fails, or says more.
    pub async fn one(&self, arguments: &[&str]) -> Value {
        let mut said = self.run(arguments).await;
        assert_eq!(said.len(), 1, "conet {arguments:?} said {said:?}");
        said.remove(0)
    }

    /// Runs a command that must fail; what it says of why.
    ///
    /// # Panics
    /// When it succeeds.
    pub async fn fails(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments).await;
        assert!(!output.status.success(), "conet {arguments:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

/// The lines of JSON of a command that succeeded.
///
/// # Panics
/// When it did not, or said anything else.
#[must_use]
pub fn lines(arguments: &[&str], output: &Output) -> Vec<Value> {
    let (said, why) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "conet {arguments:?} failed:\n{why}\n{said}");
    let parse = |line: &str| {
        serde_json::from_str(line).unwrap_or_else(|_| panic!("conet {arguments:?} said {line}"))
    };
    said.lines().map(parse).collect()
}
