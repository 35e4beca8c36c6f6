//! Other nodes: a handshake first, then frames on the same connection.

use std::sync::{Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use conet_wire::{
    relay::RelayStatus,
    sizes::{WIRE_MAX, WIRE_SIZES},
    veil::peer::{AnswerHead, HANDSHAKE_LEN, PeerSession, RequestHead, Responder, SealingHalf},
};
use futures_util::stream;
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
};

use super::{ResponseBody, Server, body::content_length, site::whole};
use crate::{
    metrics::Refusal,
    relay::{Cells, Message, Routed},
};

const FRAME_BYTES_MAX: usize = WIRE_MAX;

/// The session on one connection, if another node opened it.
#[derive(Debug, Default)]
pub struct PeerState(Mutex<Option<PeerSession>>);

impl PeerState {
    fn take(&self) -> Option<PeerSession> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, session: PeerSession) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
    }
}

impl Server {
    /// A handshake on a connection without a session, a frame on one with.
    pub(super) async fn peer(
        &self,
        request: Request<Incoming>,
        connection: &PeerState,
    ) -> Response<ResponseBody> {
        let Some(length) = content_length(&request).filter(|n| WIRE_SIZES.contains(n)) else {
            self.metrics.refuse(Refusal::Body);
            return self.not_found();
        };
        let read = self.read_body(request.into_body(), Some(length), FRAME_BYTES_MAX).await;
        let (mut body, _permit) = match read {
            Ok((body, permit)) => (BytesMut::from(body), permit),
            Err(error) => {
                tracing::debug!(%error, "refused: a node's body");
                self.metrics.refuse(Refusal::Body);
                return self.not_found();
            }
        };
        match connection.take() {
            Some(session) => self.frame(&mut body, session, connection).await,
            None if length == HANDSHAKE_LEN => self.handshake(&body, connection),
            None => self.not_found(),
        }
    }

    fn handshake(&self, body: &[u8], connection: &PeerState) -> Response<ResponseBody> {
        let responder = match Responder::read(&self.identity, self.chain_id, body) {
            Ok(responder) => responder,
            Err(error) => {
                tracing::debug!(%error, "refused: no handshake");
                self.metrics.refuse(Refusal::Unopened);
                return self.not_found();
            }
        };
        if !self.is_fresh(responder.minute(), responder.encapsulated()) {
            return self.not_found();
        }
        if self.directory.by_transport_key(&responder.remote()).is_none() {
            tracing::info!("refused: a handshake by a node that is not in the registry");
            self.metrics.refuse(Refusal::UnknownNode);
            return self.not_found();
        }
        match responder.reply(&mut rand::rng()) {
            Ok((answer, session)) => {
                connection.put(session);
                self.response(StatusCode::OK, self.profile.answer_type, whole(answer))
            }
            Err(error) => {
                tracing::error!(%error, "a handshake could not be answered");
                self.not_found()
            }
        }
    }

    async fn frame(
        &self,
        sealed: &mut [u8],
        session: PeerSession,
        connection: &PeerState,
    ) -> Response<ResponseBody> {
        let PeerSession { mut sealing, mut opening } = session;
        let (head, n2) = match opening.open_frame::<RequestHead>(sealed) {
            Ok((head, n2)) => (head, Bytes::copy_from_slice(n2)),
            Err(error) => {
                // The session is over: whatever comes next on this connection is a stranger's.
                tracing::info!(%error, "refused: a frame that does not open");
                self.metrics.refuse(Refusal::Unopened);
                return self.not_found();
            }
        };
        let message = Message::whole(n2, head.kind, head.profile, head.hops_left);
        let (status, body) = match self.router.route(message).await {
            Routed::Stream(cells) => return self.peer_stream(sealing, cells),
            Routed::Answer { status, body } => (status, body),
        };
        let answer = AnswerHead { status: status as u8 };
        let sealed = match head.kind {
            conet_wire::veil::EnvelopeKind::Forward => sealing.seal_frame(answer, &body),
            conet_wire::veil::EnvelopeKind::Stream => sealing.seal_stream_start(answer, &body),
        };
        match sealed {
            Ok(sealed) => {
                connection.put(PeerSession { sealing, opening });
                self.response(StatusCode::OK, self.profile.answer_type, whole(sealed))
            }
            Err(error) => {
                tracing::error!(%error, "an answer to a node could not be sealed");
                self.not_found()
            }
        }
    }

    fn peer_stream(&self, mut sealing: SealingHalf, cells: Cells) -> Response<ResponseBody> {
        let head = AnswerHead { status: RelayStatus::Streaming as u8 };
        let first = match sealing.seal_stream_start(head, &[]) {
            Ok(first) => Bytes::from(first),
            Err(error) => {
                tracing::error!(%error, "a stream to a node could not be started");
                return self.not_found();
            }
        };
        let records = stream::unfold(
            (Some(first), cells, sealing, self.stop.clone()),
            |(first, mut cells, mut sealing, stop)| async move {
                let record = match first {
                    Some(record) => record,
                    None => {
                        let cell = cells.next_cell(&stop).await?;
                        sealing.seal_cell(&cell).ok()?.into()
                    }
                };
                Some((
                    Ok::<_, std::convert::Infallible>(Frame::data(record)),
                    (None, cells, sealing, stop),
                ))
            },
        );
        let body = Either::Right(StreamBody::new(records).boxed_unsync());
        self.response(StatusCode::OK, self.profile.answer_type, body)
    }
}
