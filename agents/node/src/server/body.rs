//! Reading request bodies: bounded in length, time, and together in memory.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::{Request, body::Incoming, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Server, ServerLimits};

/// The budget is counted in pieces of this many bytes.
const BUDGET_PIECE_BYTES: usize = 1024;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body has no length, or is longer than {max} bytes")]
    TooLarge { max: usize },
    #[error("too many bodies are under way")]
    Busy,
    #[error("the body took longer than {seconds} s")]
    TooSlow { seconds: u64 },
    #[error("the connection broke in the middle of the body")]
    Broken,
}

/// The bytes of bodies that may be under way at once.
pub(super) fn budget(limits: &ServerLimits) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(limits.bodies_bytes_max / BUDGET_PIECE_BYTES))
}

/// The length that a request announces.
pub(super) fn content_length<B>(request: &Request<B>) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Server {
    /// Takes `length` bytes out of the budget, for as long as the permit lives.
    pub(super) fn reserve(&self, length: usize) -> Result<OwnedSemaphorePermit, BodyError> {
        let pieces = u32::try_from(length.div_ceil(BUDGET_PIECE_BYTES).max(1))
            .map_err(|_| BodyError::Busy)?;
        Arc::clone(&self.bodies).try_acquire_many_owned(pieces).map_err(|_| BodyError::Busy)
    }

    /// Reads a whole body of at most `max` bytes.
    pub(super) async fn read_body(
        &self,
        body: Incoming,
        length: Option<usize>,
        max: usize,
    ) -> Result<(Bytes, OwnedSemaphorePermit), BodyError> {
        let capacity = length.unwrap_or(max);
        if capacity > max {
            return Err(BodyError::TooLarge { max });
        }
        let permit = self.reserve(capacity)?;
        let seconds = self.limits.body_seconds_max;
        let reading = collect(body, length, max);
        match tokio::time::timeout(Duration::from_secs(seconds), reading).await {
            Ok(Ok(bytes)) => Ok((bytes, permit)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(BodyError::TooSlow { seconds }),
        }
    }
}

async fn collect(
    mut body: Incoming,
    length: Option<usize>,
    max: usize,
) -> Result<Bytes, BodyError> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = next_piece(&mut body).await? {
        if bytes.len() + piece.len() > max {
            return Err(BodyError::TooLarge { max });
        }
        if length == Some(piece.len()) {
            // Small bodies come in one piece with their head: no copy.
            return Ok(piece);
        }
        bytes.reserve(length.unwrap_or_default().saturating_sub(bytes.len()));
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}

/// The next piece of a body, or `None` at its end.
pub(super) async fn next_piece(body: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    match body.frame().await {
        None => Ok(None),
        Some(Err(_)) => Err(BodyError::Broken),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
    }
}
