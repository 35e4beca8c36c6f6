//! What a seat does with parcels, by whichever way they come.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use conet_wire::{
    ledgers::{LedgerRequest, Part},
    parcel::Status,
};
use futures_util::{StreamExt as _, stream::BoxStream};
use http::StatusCode;

use super::{
    Hub,
    parcel::{Kind, Parcel, ParcelError, Sealer},
    parts::{Gathering, PartError, Proof},
    queue::Batch,
    streams::Stream,
    way::sealed_status,
};
use crate::{clock, metrics::Refusal};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Parcel(#[from] ParcelError),
    #[error("expected a length, found none")]
    NoLength,
    #[error("expected at most {max} bytes, found {found}")]
    TooLong { max: usize, found: usize },
    #[error("expected a whole parcel in time, found a part of one")]
    Cut,
    #[error("expected fewer requests at once, found too many")]
    Busy,
}

impl From<PartError> for Refused {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Parcel(error) => Self::Parcel(error),
            PartError::TooLong { max, found } => Self::TooLong { max, found },
            PartError::Full { .. } => Self::Busy,
        }
    }
}

impl Refused {
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Parcel(ParcelError::Malformed) => StatusCode::BAD_REQUEST,
            Self::Parcel(ParcelError::Unknown { .. } | ParcelError::Forged { .. }) => {
                StatusCode::FORBIDDEN
            }
            Self::Parcel(ParcelError::NotOurs { .. }) => StatusCode::NOT_FOUND,
            Self::Parcel(ParcelError::Replayed { .. }) => StatusCode::CONFLICT,
            Self::Parcel(ParcelError::TooManySenders { .. }) | Self::Busy => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoLength => StatusCode::LENGTH_REQUIRED,
            Self::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut => StatusCode::REQUEST_TIMEOUT,
        }
    }

    const fn reason(&self) -> Refusal {
        match self {
            Self::Parcel(ParcelError::Malformed) => Refusal::Malformed,
            Self::Parcel(ParcelError::Unknown { .. } | ParcelError::Forged { .. }) => {
                Refusal::Forged
            }
            Self::Parcel(ParcelError::NotOurs { .. }) => Refusal::NoStream,
            Self::Parcel(ParcelError::Replayed { .. }) => Refusal::Replayed,
            Self::Parcel(ParcelError::TooManySenders { .. }) | Self::Busy => Refusal::Busy,
            Self::NoLength | Self::TooLong { .. } | Self::Cut => Refusal::Body,
        }
    }
}

/// Frames of a participant's stream: parcels, each after its length in 4 bytes; length 0 says that the stream is there.
pub(super) type Frames = BoxStream<'static, Bytes>;

impl Hub {
    /// Takes a parcel for this node, or passes it on to a participant with a stream here.
    pub(super) fn deliver(&self, parcel: &Parcel) -> Result<(), Refused> {
        if parcel.kind != Kind::Messages {
            return Err(ParcelError::Malformed.into());
        }
        if parcel.to == self.sealer.me() {
            self.admit(parcel)?;
            return Ok(self.take(parcel)?);
        }
        // Before it is noted as seen: the sender tries the next seat with the same parcel, and this one later maybe.
        let queue = self.streams.queue(parcel.to).ok_or_else(|| self.not_ours(parcel))?;
        self.admit(parcel)?;
        for _ in 0..queue.pass(parcel.from, parcel.bytes().clone()) {
            self.metrics.refuse(Refusal::OutboxFull);
        }
        Ok(())
    }

    fn not_ours(&self, parcel: &Parcel) -> ParcelError {
        ParcelError::NotOurs { expected: self.sealer.me(), found: parcel.to }
    }

    /// Opens the stream that a parcel asks for, and ends its sender's stream before.
    pub(super) fn open(&self, parcel: &Parcel) -> Result<Frames, Refused> {
        if parcel.kind != Kind::Listen {
            return Err(ParcelError::Malformed.into());
        }
        if parcel.to != self.sealer.me() {
            return Err(self.not_ours(parcel).into());
        }
        self.admit(parcel)?;
        let stream = self.streams.begin(parcel.from).ok_or(Refused::Busy)?;
        tracing::debug!(node = stream.node.0, "a participant listens");
        let keepalive_ms = self.limits.keepalive_ms;
        let pushed = Pushed { stream, sealer: self.sealer.clone(), keepalive_ms, is_new: true };
        let frames = futures_util::stream::unfold(pushed, |mut pushed| async move {
            let frame = pushed.next().await?;
            Some((frame, pushed))
        });
        Ok(frames.boxed())
    }

    pub(super) fn note(&self, refused: &Refused) {
        self.metrics.refuse(refused.reason());
        tracing::debug!(error = %refused, "a request is refused");
    }
}

/// A participant's stream.
struct Pushed {
    stream: Stream,
    sealer: Sealer,
    keepalive_ms: u64,
    is_new: bool,
}

impl Pushed {
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_new) {
            // So that the other side knows at once.
            return Some(Bytes::from_static(&[0; 4]));
        }
        // Not to the clock: who watches the line should not know a stream by its beat.
        let keepalive_ms = rand::random_range(self.keepalive_ms * 2 / 3..=self.keepalive_ms);
        let next = self.stream.queue.next();
        match tokio::time::timeout(Duration::from_millis(keepalive_ms), next).await {
            Err(_) => Some(Bytes::from_static(&[0; 4])),
            Ok(None) => None,
            Ok(Some(Batch::Passed(parcel))) => Some(framed(&parcel)),
            Ok(Some(Batch::Own(messages))) => {
                let parcel = self.sealer.seal(self.stream.node, &messages);
                Some(framed(parcel.bytes()))
            }
        }
    }
}

fn framed(parcel: &Bytes) -> Bytes {
    let mut frame = BytesMut::with_capacity(4 + parcel.len());
    frame.put_u32(u32::try_from(parcel.len()).unwrap_or(u32::MAX));
    frame.put_slice(parcel);
    frame.freeze()
}

/// Takes what comes to a seat sealed, through relays. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SealedOffice {
    hub: Arc<Hub>,
    gathering: Arc<Mutex<Gathering>>,
}

impl SealedOffice {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        let gathering = Arc::new(Mutex::new(Gathering::new(hub.limits.clone())));
        Self { hub, gathering }
    }

    /// Takes a parcel, or a part of one.
    ///
    /// # Errors
    /// What the sender is told: a status, and why.
    pub fn take(&self, request: &LedgerRequest<'_>) -> Result<(), (Status, String)> {
        let taken = match request {
            LedgerRequest::Parcel(parcel) => self.take_whole(Bytes::copy_from_slice(parcel)),
            LedgerRequest::Part(part) => self.take_part(part),
            LedgerRequest::Stream { .. } => Err(ParcelError::Malformed.into()),
        };
        taken.map_err(|refused| self.refuse(&refused))
    }

    /// Opens the stream that a parcel asks for.
    ///
    /// # Errors
    /// As of [`Self::take`].
    pub fn stream(&self, parcel: &[u8]) -> Result<BoxStream<'static, Bytes>, (Status, String)> {
        let parcel = Parcel::parse(Bytes::copy_from_slice(parcel)).map_err(Refused::from);
        let opened = parcel.and_then(|parcel| self.hub.open(&parcel));
        opened.map_err(|refused| self.refuse(&refused))
    }

    fn refuse(&self, refused: &Refused) -> (Status, String) {
        self.hub.note(refused);
        (sealed_status(refused.status()), refused.to_string())
    }

    fn take_whole(&self, parcel: Bytes) -> Result<(), Refused> {
        self.hub.deliver(&Parcel::parse(parcel)?)
    }

    fn take_part(&self, part: &Part<'_>) -> Result<(), Refused> {
        let proof = Proof::parse(part.proof)?;
        let (hub, head) = (&self.hub, &proof.head);
        if head.to != hub.sealer.me() && hub.streams.queue(head.to).is_none() {
            return Err(hub.not_ours(head).into());
        }
        hub.may_count(head)?;
        let is_known = self.gathering().knows(&proof, part.length);
        if !is_known {
            hub.sealer.check_head(head, proof.contents)?;
        }
        let whole = self.gathering().add(proof, part, clock::unix_ms())?;
        whole.map_or(Ok(()), |parcel| hub.deliver(&parcel))
    }

    fn gathering(&self) -> std::sync::MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
