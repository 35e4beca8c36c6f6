//! A participant listens at every archive node of the groups that it follows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use bytes::{Buf as _, BytesMut};
use conet_committee::keys::NodeId;
use futures_util::StreamExt as _;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Hub,
    client::RequestError,
    parcel::{Kind, Parcel, ParcelError},
    way::Pieces,
};
use crate::metrics::Refusal;

/// The pause before a broken stream is opened again, at first.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// Listens at every seat of the newest epochs, until the hub closes.
pub async fn listen(hub: Arc<Hub>) {
    let mut epochs = hub.sitting.epochs();
    let mut streams = BTreeMap::new();
    loop {
        let followed = epochs.borrow_and_update().clone();
        let seats = followed.iter().flat_map(|group| group.seats.nodes()).copied();
        let seats: BTreeSet<_> = seats.collect();
        streams.retain(|seat, _| seats.contains(seat));
        for seat in seats {
            let listens = || AbortOnDropHandle::new(tokio::spawn(listen_at(hub.clone(), seat)));
            streams.entry(seat).or_insert_with(listens);
        }
        tokio::select! {
            () = hub.stop.cancelled() => break,
            // The hub keeps the sender.
            _ = epochs.changed() => {}
        }
    }
    for stream in streams.into_values() {
        let _ = stream.await;
    }
}

/// Listens at one seat until the hub closes, and opens its stream again whenever it ends.
async fn listen_at(hub: Arc<Hub>, seat: NodeId) {
    let pause_max = Duration::from_millis(hub.limits.pause_ms_max);
    let mut pause = PAUSE_MIN;
    loop {
        let ended = tokio::select! {
            () = hub.stop.cancelled() => return,
            ended = once(&hub, seat, &mut pause) => ended,
        };
        tracing::debug!(seat = seat.0, why = %ended, "the stream ended");
        // Not all participants at once.
        let jitter = Duration::from_millis(rand::random_range(0..=25));
        tokio::select! {
            () = hub.stop.cancelled() => return,
            () = tokio::time::sleep(pause + jitter) => pause = (pause * 2).min(pause_max),
        }
    }
}

async fn once(hub: &Hub, seat: NodeId, pause: &mut Duration) -> RequestError {
    match hub.hear(seat).await {
        Err(error) => error,
        Ok(pieces) => {
            *pause = PAUSE_MIN;
            let _heard = hub.metrics.seat_heard();
            let read = Read { hub, bytes: BytesMut::new() };
            read.all(pieces).await
        }
    }
}

struct Read<'a> {
    hub: &'a Hub,
    bytes: BytesMut,
}

impl Read<'_> {
    async fn all(mut self, mut pieces: Pieces) -> RequestError {
        let silence_ms = self.hub.limits.silence_ms_max;
        let silence = Duration::from_millis(silence_ms);
        loop {
            match tokio::time::timeout(silence, pieces.next()).await {
                Err(_) => return RequestError::TooSlow(silence_ms),
                Ok(None) => return RequestError::NoAnswer("it is over".into()),
                Ok(Some(Err(error))) => return error,
                Ok(Some(Ok(piece))) => self.bytes.extend_from_slice(&piece),
            }
            while let Some(parcel) = match self.next_parcel() {
                Ok(parcel) => parcel,
                Err(error) => return RequestError::NoAnswer(error.to_string()),
            } {
                self.take(&parcel);
            }
        }
    }

    /// The next whole parcel, if it is here.
    fn next_parcel(&mut self) -> Result<Option<Parcel>, ParcelError> {
        loop {
            let Some(length) = self.bytes.first_chunk::<4>() else { return Ok(None) };
            let length = u32::from_be_bytes(*length) as usize;
            if length > self.hub.limits.parcel_bytes_max {
                return Err(ParcelError::Malformed);
            }
            if self.bytes.len() < 4 + length {
                return Ok(None);
            }
            self.bytes.advance(4);
            if length > 0 {
                let whole = self.bytes.split_to(length).freeze();
                return Parcel::parse(whole).map(Some);
            }
        }
    }

    /// One bad parcel is its sender's fault, and ends no stream.
    fn take(&self, parcel: &Parcel) {
        let (hub, me) = (self.hub, self.hub.sealer.me());
        let is_ours = parcel.kind == Kind::Messages && parcel.to == me;
        let taken = if is_ours {
            hub.admit(parcel).and_then(|()| hub.take(parcel))
        } else {
            Err(ParcelError::NotOurs { expected: me, found: parcel.to })
        };
        if let Err(error) = taken {
            hub.metrics.refuse(match error {
                ParcelError::Replayed { .. } => Refusal::Replayed,
                _ => Refusal::Forged,
            });
            tracing::debug!(%error, "a parcel is refused");
        }
    }
}
