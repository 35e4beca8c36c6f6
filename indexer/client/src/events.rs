//! Events as they come: server-sent events, as WHATWG's HTML standard has them.
//!
//! They are read here, and not by a library: those that we found keep all of an event in memory however long it is, and do
//! work for each line that grows with what came with it.

use std::{pin::Pin, time::Duration};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{IndexClient, IndexError, answers::EventView};

/// The longest that a stream is silent: an indexer says every fifteen seconds that it is there.
const QUIET_MAX: Duration = Duration::from_secs(45);

/// The longest thing that is told at once, in bytes.
const TOLD_BYTES_MAX: usize = 1 << 20;

/// What a stream tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// An event.
    Event(Box<EventView>),
    /// All events up to this block, with this time, were told.
    Head {
        /// The block.
        block: u64,
        /// Its time, unix seconds.
        time: u64,
    },
    /// The chain was reorganized: nothing after this block counts that was told before.
    Reorganized {
        /// The block.
        after_block: u64,
    },
}

#[derive(Deserialize)]
struct HeadSaid {
    block: u64,
    time: u64,
}

#[derive(Deserialize)]
struct ReorganizedSaid {
    after_block: u64,
}

type Source = Pin<Box<dyn Stream<Item = Result<Bytes, IndexError>> + Send>>;

/// An open stream.
pub struct Events {
    source: Source,
    /// What came and is not read.
    waiting: BytesMut,
    /// What is told, as far as it came.
    kind: String,
    data: String,
    /// Bytes since the last thing that was told.
    bytes: usize,
    /// When something came last, of whatever kind.
    heard: Instant,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events(..)")
    }
}

impl IndexClient {
    /// Events of these parameters (`contract`, `event`, `mentions`) from now on, and how far the tables are.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn events(&self, parameters: &[(&str, &str)]) -> Result<Events, IndexError> {
        let mut parameters = parameters.to_vec();
        parameters.push(("heads", "true"));
        let sending = self.send("v1/events/stream", &parameters, None);
        let response = timeout(QUIET_MAX, sending).await.map_err(|_| silent())??;
        let client = self.clone();
        let bytes = response.bytes_stream();
        let source = bytes.map(move |chunk| chunk.map_err(|error| client.unreachable(&error)));
        Ok(Events::new(Box::pin(source)))
    }
}

fn silent() -> IndexError {
    let found = format!("silence for {QUIET_MAX:?}");
    IndexError::Answer { expected: "events", found }
}

impl Events {
    fn new(source: Source) -> Self {
        let (kind, data) = (String::new(), String::new());
        Self { source, waiting: BytesMut::new(), kind, data, bytes: 0, heard: Instant::now() }
    }

    /// The next thing that it tells; none at its end.
    ///
    /// # Errors
    /// [`IndexError`]; the stream is of no use then.
    pub async fn next(&mut self) -> Result<Option<Told>, IndexError> {
        loop {
            while let Some(line) = self.line() {
                if let Some(told) = self.take(&line)? {
                    return Ok(Some(told));
                }
            }
            // Also what only says that it is there breaks the silence.
            let chunk = timeout_at(self.heard + QUIET_MAX, self.source.next()).await;
            let chunk = chunk.map_err(|_| silent())?;
            self.heard = Instant::now();
            let Some(chunk) = chunk.transpose()? else { return Ok(None) };
            if self.bytes + self.waiting.len() + chunk.len() > TOLD_BYTES_MAX {
                let found = format!("one of more than {TOLD_BYTES_MAX} bytes");
                return Err(IndexError::Answer { expected: "events", found });
            }
            self.waiting.extend_from_slice(&chunk);
        }
    }

    /// The next whole line that is here.
    fn line(&mut self) -> Option<Bytes> {
        let end = self.waiting.iter().position(|byte| *byte == b'\n')?;
        let mut line = self.waiting.split_to(end);
        self.waiting.advance(1);
        self.bytes += end + 1;
        if line.last() == Some(&b'\r') {
            line.truncate(end - 1);
        }
        Some(line.freeze())
    }

    /// An empty line ends what is told.
    fn take(&mut self, line: &[u8]) -> Result<Option<Told>, IndexError> {
        if line.is_empty() {
            self.bytes = 0;
            let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
            return if data.is_empty() { Ok(None) } else { read(&kind, &data) };
        }
        let line = String::from_utf8_lossy(line);
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => self.kind = value.to_owned(),
            "data" => {
                if !self.data.is_empty() {
                    self.data.push('\n');
                }
                self.data.push_str(value);
            }
            // Comments, ids, and what is not of interest.
            _ => {}
        }
        Ok(None)
    }
}

fn read(kind: &str, data: &str) -> Result<Option<Told>, IndexError> {
    let wrong = |error: serde_json::Error| IndexError::Answer {
        expected: "an event as its document says",
        found: error.to_string(),
    };
    Ok(match kind {
        "" | "message" => Some(Told::Event(serde_json::from_str(data).map_err(wrong)?)),
        "head" => {
            let HeadSaid { block, time } = serde_json::from_str(data).map_err(wrong)?;
            Some(Told::Head { block, time })
        }
        "reorganized" => {
            let ReorganizedSaid { after_block } = serde_json::from_str(data).map_err(wrong)?;
            Some(Told::Reorganized { after_block })
        }
        // A newer indexer may tell more.
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn events(chunks: &[&str]) -> Events {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok(Bytes::copy_from_slice(chunk.as_bytes()))).collect();
        Events::new(Box::pin(stream::iter(chunks)))
    }

    #[tokio::test]
    async fn what_is_told_may_come_in_any_pieces() {
        let mut events = events(&[
            ": here\n\nev",
            "ent: head\ndata: {\"block\":7,",
            "\r\ndata: \"time\":70}\r\n",
            "\r\nevent: later\ndata: {}\n\nevent: reorganized\nid: 4\ndata:{\"after_block\":5}\n\n",
            "data: {\"bl",
        ]);
        assert_eq!(events.next().await.unwrap(), Some(Told::Head { block: 7, time: 70 }));
        assert_eq!(events.next().await.unwrap(), Some(Told::Reorganized { after_block: 5 }));
        assert_eq!(events.next().await.unwrap(), None, "the rest never came");
    }

    #[tokio::test]
    async fn what_never_ends_is_not_kept() {
        let lines = "data: x\n".repeat(8 << 10);
        let endless: Vec<_> = std::iter::repeat_n(lines.as_str(), 40).collect();
        assert!(events(&endless).next().await.is_err());
        let line = "x".repeat(64 << 10);
        let endless: Vec<_> = std::iter::repeat_n(line.as_str(), 40).collect();
        assert!(events(&endless).next().await.is_err());
        // As many comments as there are do no harm.
        let comments = ": here\n\n".repeat(8 << 10);
        let many: Vec<_> = std::iter::repeat_n(comments.as_str(), 40).collect();
        assert_eq!(events(&many).next().await.unwrap(), None);
        assert!(events(&["data: none\n\n"]).next().await.is_err(), "no JSON");
    }
}
