//! Envelopes of our own clients.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{BufMut as _, Bytes, BytesMut};
use conet_wire::{
    relay::RelayStatus,
    sizes::{WIRE_MAX, WIRE_SIZES},
    veil::{ResponseSealer, StreamSealer, peer::Profile},
};
use futures_util::stream;
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
    http::HeaderValue,
};

use tokio_util::sync::CancellationToken;

use super::{ResponseBody, Server, body::content_length, site::whole};
use crate::{
    clock,
    metrics::Refusal,
    relay::{Cells, HOPS_MAX, Message, Routed},
};

const ENVELOPE_BYTES_MAX: usize = WIRE_MAX;

impl Server {
    /// Whatever is not a fresh envelope gets the answer of an ordinary site.
    pub(super) async fn envelope(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let Some(length) = content_length(&request).filter(|n| WIRE_SIZES.contains(n)) else {
            self.metrics.refuse(Refusal::Body);
            return self.not_found();
        };
        let read = self.read_body(request.into_body(), Some(length), ENVELOPE_BYTES_MAX).await;
        let (mut body, _permit) = match read {
            Ok((body, permit)) => (BytesMut::from(body), permit),
            Err(error) => {
                tracing::debug!(%error, "refused: an envelope's body");
                self.metrics.refuse(Refusal::Body);
                return self.not_found();
            }
        };
        let opened = match self.identity.open_envelope(&mut body) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::debug!(%error, "refused: no envelope");
                self.metrics.refuse(Refusal::Unopened);
                return self.not_found();
            }
        };
        if !self.is_fresh(opened.minute, &opened.encapsulated) {
            return self.not_found();
        }
        let n2 = Bytes::copy_from_slice(opened.n2);
        let (kind, response) = (opened.kind, opened.response);
        let message = Message::whole(n2, kind, Profile::Veil, HOPS_MAX);
        match self.router.route(message).await {
            Routed::Answer { status, body } => match kind {
                conet_wire::veil::EnvelopeKind::Forward => {
                    self.sealed_answer(response, status, &body)
                }
                conet_wire::veil::EnvelopeKind::Stream => {
                    self.refused_stream(response, status, &body)
                }
            },
            Routed::Stream(cells) => self.sealed_stream(response, cells),
        }
    }

    /// Whether an envelope or handshake is neither late nor seen before.
    pub(super) fn is_fresh(&self, minute: u32, encapsulated: &[u8; 32]) -> bool {
        let mut replays = self.replays.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match replays.check_and_insert(clock::unix_minute(), minute, encapsulated) {
            Ok(()) => true,
            Err(error) => {
                tracing::debug!(%error, "refused: late or repeated");
                self.metrics.refuse(Refusal::Replayed);
                false
            }
        }
    }

    fn sealed_answer(
        &self,
        response: ResponseSealer,
        status: RelayStatus,
        body: &[u8],
    ) -> Response<ResponseBody> {
        match response.seal_answer(status as u8, body, &mut rand::rng()) {
            Ok(sealed) => self.response(StatusCode::OK, self.profile.answer_type, whole(sealed)),
            Err(error) => {
                tracing::error!(%error, "an answer could not be sealed");
                self.not_found()
            }
        }
    }

    fn refused_stream(
        &self,
        response: ResponseSealer,
        status: RelayStatus,
        body: &[u8],
    ) -> Response<ResponseBody> {
        match response.start_stream(status as u8, body, &mut rand::rng()) {
            Ok((_, event)) => self.event_stream(whole(server_sent_event(&event))),
            Err(error) => {
                tracing::error!(%error, "a stream could not be refused");
                self.not_found()
            }
        }
    }

    fn sealed_stream(&self, response: ResponseSealer, cells: Cells) -> Response<ResponseBody> {
        let started = response.start_stream(RelayStatus::Streaming as u8, &[], &mut rand::rng());
        let (sealer, first) = match started {
            Ok(started) => started,
            Err(error) => {
                tracing::error!(%error, "a stream could not be started");
                return self.not_found();
            }
        };
        let body =
            StreamBody::new(events(server_sent_event(&first), cells, sealer, self.stop.clone()));
        self.event_stream(Either::Right(body.boxed_unsync()))
    }

    fn event_stream(&self, body: ResponseBody) -> Response<ResponseBody> {
        let mut response = self.response(StatusCode::OK, "text/event-stream", body);
        let no_store = HeaderValue::from_static("no-cache");
        response.headers_mut().insert(header::CACHE_CONTROL, no_store);
        response
    }
}

type EventResult = Result<Frame<Bytes>, std::convert::Infallible>;

/// The first event, then one for each cell.
fn events(
    first: Bytes,
    cells: Cells,
    sealer: StreamSealer,
    stop: CancellationToken,
) -> impl futures_util::Stream<Item = EventResult> + Send {
    stream::unfold(
        (Some(first), cells, sealer, stop),
        |(first, mut cells, mut sealer, stop)| async move {
            let event = match first {
                Some(event) => event,
                None => {
                    let cell = cells.next_cell(&stop).await?;
                    server_sent_event(&sealer.seal_cell(&cell).ok()?)
                }
            };
            Some((Ok(Frame::data(event)), (None, cells, sealer, stop)))
        },
    )
}

/// One `data:` line of base64 and the blank line that ends an event.
fn server_sent_event(sealed: &[u8]) -> Bytes {
    const PREFIX: &[u8] = b"data: ";
    let encoded = sealed.len().div_ceil(3) * 4;
    let mut event = BytesMut::with_capacity(PREFIX.len() + encoded + 2);
    event.put_slice(PREFIX);
    let start = event.len();
    event.resize(start + encoded, 0);
    let (_, text) = event.split_at_mut(start);
    // The slice has exactly the length that base64 needs.
    let written = STANDARD.encode_slice(sealed, text).unwrap_or_default();
    event.truncate(start + written);
    event.put_slice(b"\n\n");
    event.freeze()
}
