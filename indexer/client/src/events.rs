//! Events as they come.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use eventsource_stream::{Event, EventStreamError, Eventsource as _};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{IndexClient, IndexError, answers::EventView};

/// The longest that a stream is silent: an indexer says every fifteen seconds that it is there.
const QUIET_MAX: Duration = Duration::from_secs(45);

/// The longest thing that one told event may be.
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

type Source = Pin<Box<dyn Stream<Item = Result<Event, EventStreamError<IndexError>>> + Send>>;

/// An open stream.
pub struct Events(Source);

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
        let silent = |_| IndexError::Answer { expected: "a stream", found: "silence".to_owned() };
        let response = timeout(QUIET_MAX, sending).await.map_err(silent)??;
        let client = self.clone();
        let bytes = response
            .bytes_stream()
            .map(move |chunk| chunk.map_err(|error| client.unreachable(&error)));
        Ok(Events(Box::pin(bounded(bytes).eventsource())))
    }
}

/// Fails where something told is too long: whoever puts it together would keep all of it.
fn bounded(
    bytes: impl Stream<Item = Result<Bytes, IndexError>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, IndexError>> + Send + 'static {
    let mut since_line = 0_usize;
    bytes.map(move |chunk| {
        let chunk = chunk?;
        since_line = match chunk.iter().rposition(|byte| *byte == b'\n') {
            Some(line) => chunk.len() - line,
            None => since_line + chunk.len(),
        };
        if since_line > TOLD_BYTES_MAX {
            let found = format!("a line of more than {TOLD_BYTES_MAX} bytes");
            return Err(IndexError::Answer { expected: "events", found });
        }
        Ok(chunk)
    })
}

impl Events {
    /// The next thing that it tells; none at its end.
    ///
    /// # Errors
    /// [`IndexError`]; the stream is of no use then.
    pub async fn next(&mut self) -> Result<Option<Told>, IndexError> {
        loop {
            let Ok(told) = timeout(QUIET_MAX, self.0.next()).await else {
                let found = format!("silence for {QUIET_MAX:?}");
                return Err(IndexError::Answer { expected: "events", found });
            };
            let event = match told.transpose() {
                Ok(Some(event)) => event,
                Ok(None) => return Ok(None),
                Err(EventStreamError::Transport(error)) => return Err(error),
                Err(error) => {
                    let found = error.to_string();
                    return Err(IndexError::Answer { expected: "events", found });
                }
            };
            if let Some(told) = read(&event)? {
                return Ok(Some(told));
            }
        }
    }
}

fn read(event: &Event) -> Result<Option<Told>, IndexError> {
    let wrong = |error: serde_json::Error| IndexError::Answer {
        expected: "an event as its document says",
        found: error.to_string(),
    };
    let data = event.data.as_str();
    Ok(match event.event.as_str() {
        "message" => Some(Told::Event(serde_json::from_str(data).map_err(wrong)?)),
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
