//! What comes sealed for the ledgers' part of the program: a participant's parcels, and
//! its wish for a stream, through a relay. What they say is that part's matter; here
//! they are opened, handed over, and what comes back is sealed.

use std::{fmt::Debug, sync::Arc};

use alloy::primitives::U256;
use bytes::Bytes;
use conet_wire::{
    ledgers::{LedgerRequest, stream_binding},
    parcel::Status,
    session::{CellError, CellSealer, Frame, SessionSecret},
};
use futures_util::{FutureExt as _, StreamExt as _, stream::BoxStream};

use crate::agent::{Carried, Outcome};

/// Bytes put together before a cell is cut from them.
const GATHER_BYTES: usize = 64 << 10;

/// Why a request is refused, as the sender is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// What kind of refusal.
    pub status: Status,
    /// Why.
    pub reason: String,
}

/// The ledgers' part of an archive node. It does not wait for anybody.
pub trait Ledgers: Debug + Send + Sync {
    /// Takes a parcel, or a part of one.
    ///
    /// # Errors
    /// [`Refused`].
    fn take(&self, request: &LedgerRequest<'_>) -> Result<(), Refused>;

    /// Opens the stream that a parcel asks for. It says every few seconds that it is there.
    ///
    /// # Errors
    /// [`Refused`].
    fn stream(&self, parcel: &[u8]) -> Result<BoxStream<'static, Bytes>, Refused>;
}

/// Carries requests to the ledgers' part, and its answers back.
#[derive(Debug, Clone)]
pub(crate) struct LedgerCounter {
    /// This node.
    pub(crate) id: U256,
    /// None: this program has no archive node.
    pub(crate) ledgers: Option<Arc<dyn Ledgers>>,
}

impl LedgerCounter {
    pub(crate) const fn is_open(&self) -> bool {
        self.ledgers.is_some()
    }

    pub(crate) fn carry_out(&self, body: &[u8], want_stream: bool) -> Carried {
        let done = self.checked(body, want_stream);
        done.unwrap_or_else(|Refused { status, reason }| {
            tracing::debug!(?status, reason, "refused: a sealed request to the ledgers' part");
            Carried::Answer(Outcome::because(status, &reason))
        })
    }

    fn checked(&self, body: &[u8], want_stream: bool) -> Result<Carried, Refused> {
        let malformed = |reason: String| Refused { status: Status::Malformed, reason };
        let request = LedgerRequest::decode(body).map_err(|error| malformed(error.to_string()))?;
        let ledgers = self.ledgers.as_ref().ok_or_else(|| Refused {
            status: Status::WrongAddressee,
            reason: "expected an archive node, found a node without a seat".into(),
        })?;
        match request {
            LedgerRequest::Stream { secret, parcel } => {
                if !want_stream {
                    return Err(malformed("sent without a stream".into()));
                }
                let frames = ledgers.stream(parcel)?;
                let stream = LedgerStream::new(frames, &secret, self.id, parcel);
                let unavailable = |error: CellError| Refused {
                    status: Status::Unavailable,
                    reason: error.to_string(),
                };
                Ok(Carried::Ledgers(Box::new(stream.map_err(unavailable)?)))
            }
            request => {
                ledgers.take(&request)?;
                Ok(Carried::Answer(Outcome::new(Status::Done)))
            }
        }
    }
}

/// A participant's stream, in cells. It ends with this.
pub struct LedgerStream {
    frames: BoxStream<'static, Bytes>,
    /// What is left of the last frame.
    rest: Bytes,
    sealer: CellSealer,
    ended: bool,
}

impl Debug for LedgerStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerStream").field("sealer", &self.sealer).finish_non_exhaustive()
    }
}

impl LedgerStream {
    fn new(
        frames: BoxStream<'static, Bytes>,
        secret: &SessionSecret,
        node: U256,
        parcel: &[u8],
    ) -> Result<Self, CellError> {
        let (sealer, _) = CellSealer::new(secret, rand::random(), &stream_binding(node, parcel))?;
        Ok(Self { frames, rest: Bytes::new(), sealer, ended: false })
    }

    /// The next cell, as soon as there is something to say; `None` at the end.
    ///
    /// Safe to cancel: what was taken waits in the sealer.
    ///
    /// # Errors
    /// [`CellError`] only when the cryptographic library fails.
    pub async fn next_cell(&mut self) -> Result<Option<Vec<u8>>, CellError> {
        self.gather();
        while self.sealer.waiting() == 0 {
            if self.ended {
                return Ok(None);
            }
            match self.frames.next().await {
                Some(frame) => self.rest = frame,
                None => self.ended = true,
            }
            self.gather();
        }
        self.sealer.seal().map(Some)
    }

    /// Takes what is there already, up to a large cell.
    fn gather(&mut self) {
        while self.sealer.waiting() < GATHER_BYTES {
            if self.rest.is_empty() {
                // Who has ended is not asked again: streams may take that ill.
                match if self.ended { None } else { self.frames.next().now_or_never() } {
                    None => return,
                    Some(None) => self.ended = true,
                    Some(Some(frame)) => self.rest = frame,
                }
            } else {
                let length = self.rest.len().min(GATHER_BYTES - self.sealer.waiting());
                self.sealer.queue(&Frame::Bytes(self.rest.split_to(length).to_vec()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use conet_wire::{
        session::CellOpener,
        sizes::{CELL_LARGE, CELL_SMALL},
    };

    use super::*;

    #[derive(Debug)]
    struct Echo;

    impl Ledgers for Echo {
        fn take(&self, request: &LedgerRequest<'_>) -> Result<(), Refused> {
            match request {
                LedgerRequest::Parcel(b"good") => Ok(()),
                _ => Err(Refused { status: Status::Replayed, reason: "seen".into() }),
            }
        }

        fn stream(&self, parcel: &[u8]) -> Result<BoxStream<'static, Bytes>, Refused> {
            let mut frames = vec![Bytes::copy_from_slice(parcel), vec![7; 200_000].into()];
            frames.reverse();
            // It panics when it is asked again after its end.
            let next = async |mut left: Vec<Bytes>| left.pop().map(|frame| (frame, left));
            Ok(futures_util::stream::unfold(frames, next).boxed())
        }
    }

    fn counter(ledgers: Option<Arc<dyn Ledgers>>) -> LedgerCounter {
        LedgerCounter { id: U256::from(3), ledgers }
    }

    fn status(carried: &Carried) -> Status {
        match carried {
            Carried::Answer(outcome) => outcome.status(),
            _ => panic!("a stream"),
        }
    }

    #[test]
    fn what_is_refused_is_refused_with_its_reason() {
        let counter = counter(Some(Arc::new(Echo)));
        let answer = |body: &[u8]| status(&counter.carry_out(body, false));
        assert_eq!(answer(&LedgerRequest::Parcel(b"good").encode()), Status::Done);
        assert_eq!(answer(&LedgerRequest::Parcel(b"bad").encode()), Status::Replayed);
        assert_eq!(answer(b"\x09"), Status::Malformed);
        let asks = LedgerRequest::Stream { secret: SessionSecret::new([1; 32]), parcel: b"asks" };
        // Asked for without a stream to answer with.
        assert_eq!(answer(&asks.encode()), Status::Malformed);
        let none = super::tests::counter(None).carry_out(&asks.encode(), true);
        assert_eq!(status(&none), Status::WrongAddressee);
    }

    #[tokio::test]
    async fn a_stream_comes_in_cells_of_two_sizes_that_only_its_asker_opens() {
        let secret = SessionSecret::new([1; 32]);
        let asks = LedgerRequest::Stream { secret: secret.clone(), parcel: b"asks" }.encode();
        let counter = counter(Some(Arc::new(Echo)));
        let Carried::Ledgers(mut stream) = counter.carry_out(&asks, true) else {
            panic!("no stream")
        };
        let binding = stream_binding(U256::from(3), b"asks");
        let mut opener = CellOpener::new(secret, binding);
        let mut stranger = CellOpener::new(SessionSecret::new([2; 32]), binding);
        let mut bytes = Vec::new();
        while let Some(cell) = stream.next_cell().await.unwrap() {
            assert!([CELL_SMALL, CELL_LARGE].contains(&(cell.len() + 16)));
            assert!(stranger.open(&cell, &mut Vec::new()).is_err());
            let mut frames = Vec::new();
            opener.open(&cell, &mut frames).unwrap();
            for frame in frames {
                let Frame::Bytes(more) = frame else { panic!("another frame") };
                bytes.extend(more);
            }
        }
        assert_eq!(bytes, [&b"asks"[..], &[7; 200_000]].concat());
        assert!(stream.next_cell().await.unwrap().is_none());
    }
}
