//! Events as they come.
//!
//! An event's id is `BLOCK-LOG-HASH-FINAL`: its place, the beginning of its block's hash, and which block was final when it
//! was told. A reader who comes back with it (`Last-Event-ID`) so says enough to be told what does not count any more.

use std::{
    collections::VecDeque, convert::Infallible, net::SocketAddr, str::FromStr, time::Duration,
};

use axum::{
    extract::{ConnectInfo, State},
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use conet_serve::Counted;
use futures_util::{Stream, stream};

use super::{
    Api, ApiError,
    ask::Parameters,
    events::{Wanted, parse_place},
};
use crate::{
    decode::RawEvent,
    follow::Progress,
    store::{At, BlockRow, Cursor, EventsQuery, Store},
};

/// How often a quiet stream says that it is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Events that are read at once.
const EVENTS_AT_ONCE: u32 = 100;

/// How long to wait after the database failed.
const PAUSE: Duration = Duration::from_secs(1);

/// What a reader wants to know of blocks that are told whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Heads {
    #[default]
    Untold,
    /// Beside their events.
    Told,
    /// And nothing else.
    Only,
}

impl FromStr for Heads {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "false" => Ok(Self::Untold),
            "true" => Ok(Self::Told),
            "only" => Ok(Self::Only),
            _ => Err(()),
        }
    }
}

/// Where a stream is.
struct Following<T> {
    api: Api<T>,
    wanted: Wanted,
    /// The last event that was told, or the end of what was looked at.
    after: (u64, u64),
    /// What was final when it was told: no reorganization since goes below.
    finalized: u64,
    /// How often the chain was reorganized by then.
    reorganizations: u64,
    /// The last block that was said to be told whole, for who wants to know.
    head: Option<At>,
    heads: Heads,
    ready: VecDeque<Event>,
    _place: Counted,
}

/// `GET /v1/events/stream`: from now on, or from after the last one that the reader saw.
pub(super) async fn stream<T: Store>(
    State(api): State<Api<T>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    mut parameters: Parameters,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let wanted = api.wanted(&mut parameters)?;
    let after = parameters.take("after");
    let heads = parameters.parsed("heads", "true, false or only")?.unwrap_or_default();
    parameters.end("contract, event, mentions, after, heads")?;
    let place = api.streams.count(from.ip()).ok_or(ApiError::Busy)?;
    // Before anything is read: what happens from here on is noticed.
    let reorganizations = api.progress.borrow().reorganizations;
    let cursor = api.store.cursor().await?;
    let mut following = Following {
        api,
        wanted,
        after: (cursor.map_or(0, |cursor| cursor.at.number), u64::MAX),
        finalized: cursor.map_or(0, |cursor| cursor.finalized),
        reorganizations,
        head: None,
        heads,
        ready: VecDeque::new(),
        _place: place,
    };
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(after.as_deref());
    if let Some(seen) = seen {
        following.go_on_after(seen).await?;
    }
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok(event), following))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEPALIVE)))
}

fn id(event: &RawEvent, block: Option<&BlockRow>, finalized: u64) -> String {
    let hash = block.and_then(|block| block.at.hash.get(..4)).map(hex::encode).unwrap_or_default();
    format!("{}-{}-{hash}-{finalized}", event.block, event.index)
}

impl<T: Store> Following<T> {
    /// Goes on after an event that the reader saw, which may be gone.
    async fn go_on_after(&mut self, seen: &str) -> Result<(), ApiError> {
        self.after = parse_place(seen)?;
        let mut more = seen.split('-').skip(2);
        let (Some(hash), Some(finalized)) = (more.next(), more.next()) else { return Ok(()) };
        let wrong = |_| ApiError::malformed("the id of an event as Last-Event-ID", seen);
        self.finalized = finalized.parse().map_err(wrong)?;
        let block = self.api.store.blocks(&[self.after.0]).await?.pop();
        let is_there = block.is_some_and(|block| hex::encode(block.at.hash).starts_with(hash));
        if !is_there {
            self.go_back();
        }
        Ok(())
    }

    /// The next thing to tell; none when the indexer stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let progress = self.api.progress.borrow_and_update().clone();
            if progress.reorganizations != self.reorganizations {
                self.reorganizations = progress.reorganizations;
                self.go_back();
            }
            let read = self.read(&progress).await;
            if !self.ready.is_empty() {
                continue;
            }
            let pause = async {
                match read {
                    Ok(()) => std::future::pending().await,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            };
            tokio::select! {
                () = self.api.stop.cancelled() => return None,
                changed = self.api.progress.changed() => changed.ok()?,
                () = pause => {}
            }
        }
    }

    /// What was told of blocks that were not final then may not count any more: it is told anew.
    fn go_back(&mut self) {
        let block = self.finalized.min(self.after.0);
        let text = serde_json::json!({ "after_block": block }).to_string();
        self.ready.push_back(Event::default().event("reorganized").data(text));
        self.after = (block, u64::MAX);
    }

    /// All up to there was told.
    fn tell_head(&mut self, cursor: &Cursor) {
        if self.heads != Heads::Untold && self.head != Some(cursor.at) {
            self.head = Some(cursor.at);
            let text = serde_json::json!({ "block": cursor.at.number, "time": cursor.time });
            self.ready.push_back(Event::default().event("head").data(text.to_string()));
        }
    }

    /// Reads on.
    async fn read(&mut self, progress: &Progress) -> Result<(), ApiError> {
        let Some(cursor) = progress.cursor else { return Ok(()) };
        if self.heads == Heads::Only {
            self.finalized = cursor.finalized;
            self.after = (cursor.at.number, u64::MAX);
            self.tell_head(&cursor);
            return Ok(());
        }
        let query = EventsQuery {
            from: Some(self.after),
            ascending: true,
            limit: EVENTS_AT_ONCE,
            ..self.wanted.query()
        };
        // Streams wait for their turn; whoever asks once is told to come back.
        let turn = self.api.stream_reads.acquire().await;
        let events = self.api.store.events(&query).await?;
        let blocks = self.api.blocks_of(&events).await?;
        drop(turn);
        self.finalized = cursor.finalized;
        for event in &events {
            let block = blocks.get(&event.block);
            let view = self.api.event_view(event, block.map(|block| block.time));
            let id = id(event, block, self.finalized);
            self.after = (event.block, event.index);
            self.ready.push_back(Event::default().id(id).data(view.to_string()));
        }
        if events.len() < EVENTS_AT_ONCE as usize {
            // Up to there was nothing else: it need not be looked at again.
            self.after = self.after.max((cursor.at.number, u64::MAX));
            self.tell_head(&cursor);
        }
        Ok(())
    }
}
