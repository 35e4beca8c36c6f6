//! Events as they come.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use futures_util::{Stream, stream};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Api, ApiError,
    events::{Wanted, parse_place, place},
    records::Parameters,
};
use crate::{
    decode::RawEvent,
    follow::Progress,
    store::{EventsQuery, Store},
};

/// How often a quiet stream says that it is there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Events that are read at once.
const EVENTS_AT_ONCE: u32 = 100;

/// Where a stream is.
struct Following<T> {
    api: Api<T>,
    wanted: Wanted,
    /// The last event that was told, or the end of the tables at the start.
    after: (u64, u64),
    /// How often the chain was reorganized when it was told.
    reorganizations: u64,
    ready: std::collections::VecDeque<Event>,
    _place: OwnedSemaphorePermit,
}

/// `GET /v1/events/stream`: from now on, or from after the last one that the reader saw (`Last-Event-ID`).
pub(super) async fn stream<T: Store>(
    State(api): State<Api<T>>,
    headers: HeaderMap,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let mut parameters = Parameters(parameters);
    let wanted = api.wanted(&mut parameters)?;
    let after = parameters.0.remove("after");
    parameters.end("contract, event, mentions, after")?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(after.as_deref());
    let (seen, gone) = match seen {
        Some(seen) => (parse_place(seen)?, is_gone(&api, seen).await?),
        None => {
            let end = api.store.cursor().await?.map_or(0, |cursor| cursor.at.number);
            ((end, u64::MAX), false)
        }
    };
    let place = std::sync::Arc::clone(&api.streams).try_acquire_owned();
    let place = place.map_err(|_| ApiError::Busy)?;
    let reorganizations = api.progress.borrow().reorganizations;
    let mut following = Following {
        api,
        wanted,
        after: seen,
        reorganizations,
        ready: Default::default(),
        _place: place,
    };
    if gone {
        // It was away while the chain was reorganized.
        following.reorganizations = reorganizations.wrapping_sub(1);
    }
    let events = stream::unfold(following, |mut following| async move {
        let event = following.next().await?;
        Some((Ok(event), following))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEPALIVE)))
}

/// What a stream's reader remembers of an event: its place, and what it can be told apart by after a reorganization.
fn id(event: &RawEvent) -> String {
    let transaction = event.transaction.get(..4).map(hex::encode).unwrap_or_default();
    format!("{}-{transaction}", place(event))
}

/// Whether an event that a reader saw is not there any more.
async fn is_gone<T: Store>(api: &Api<T>, seen: &str) -> Result<bool, ApiError> {
    let (block, log) = parse_place(seen)?;
    if seen.matches('-').count() < 2 {
        return Ok(false);
    }
    let of_block = EventsQuery {
        block: Some(block),
        from: log.checked_sub(1).map(|before| (block, before)),
        ascending: true,
        limit: 1,
        ..EventsQuery::default()
    };
    let found = api.store.events(&of_block).await?;
    Ok(found.first().is_none_or(|event| id(event) != seen))
}

impl<T: Store> Following<T> {
    /// The next thing to tell; none when the indexer stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            let progress = self.api.progress.borrow_and_update().clone();
            self.tell_reorganization(&progress);
            if self.read().await || !self.ready.is_empty() {
                continue;
            }
            let mut news = self.api.progress.clone();
            tokio::select! {
                () = self.api.stop.cancelled() => return None,
                changed = news.changed() => changed.ok()?,
            }
            self.api.progress = news;
        }
    }

    /// What was told of blocks above the tables' end does not count any more.
    fn tell_reorganization(&mut self, progress: &Progress) {
        if progress.reorganizations == self.reorganizations {
            return;
        }
        self.reorganizations = progress.reorganizations;
        let Some(cursor) = progress.cursor else { return };
        // The tables may have grown again since: all after what is final is told anew.
        let block = cursor.finalized.min(self.after.0);
        if self.after.0 > block {
            let text = serde_json::json!({ "after_block": block }).to_string();
            self.ready.push_back(Event::default().event("reorganized").data(text));
            self.after = (block, u64::MAX);
        }
    }

    /// Reads on. Whether there was anything.
    async fn read(&mut self) -> bool {
        let query = EventsQuery {
            from: Some(self.after),
            ascending: true,
            limit: EVENTS_AT_ONCE,
            ..self.wanted.query()
        };
        let views = async {
            let events = self.api.store.events(&query).await?;
            Ok::<_, ApiError>((self.api.event_views(&events).await?, events))
        };
        match views.await {
            Ok((views, events)) => {
                for (view, event) in views.iter().zip(&events) {
                    self.after = (event.block, event.index);
                    self.ready.push_back(Event::default().id(id(event)).data(view.to_string()));
                }
                !events.is_empty()
            }
            Err(error) => {
                tracing::debug!(%error, "a stream reads later");
                false
            }
        }
    }
}
