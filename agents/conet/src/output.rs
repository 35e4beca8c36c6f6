//! What the program says: text for people, or one JSON object per line.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How to speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    /// One result: `json` as a line, or `text`.
    ///
    /// # Errors
    /// When nobody reads standard output any more.
    pub(crate) fn result(self, json: &serde_json::Value, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{json}")?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()
    }

    /// What stands above a table, for people.
    ///
    /// # Errors
    /// As of [`Self::result`].
    pub(crate) fn heading(self, text: &str) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// What happens meanwhile, for people.
    pub(crate) fn status(self, text: &str) {
        if self.json {
            tracing::info!("{text}");
        } else {
            eprintln!("{text}");
        }
    }

    /// Something odd that is no failure.
    pub(crate) fn warn(self, text: &str) {
        eprintln!("conet: warning: {text}");
    }

    /// A bar over bytes; hidden unless a person looks.
    pub(crate) fn progress(self, bytes: u64) -> ProgressBar {
        self.bar(bytes, "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    /// A bar over things that are counted; hidden unless a person looks.
    pub(crate) fn counter(self, count: u64) -> ProgressBar {
        self.bar(count, "{bar:40} {pos}/{len} {per_sec} {eta}")
    }

    /// Counts what has no end that is known before; hidden unless a person looks.
    pub(crate) fn spinner(self, what: &'static str) -> ProgressBar {
        self.bar(0, "{spinner} {pos} {msg}").with_message(what)
    }

    fn bar(self, length: u64, style: &str) -> ProgressBar {
        let shown = !self.json && io::stderr().is_terminal();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        match ProgressStyle::with_template(style) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
