//! The open profile: `POST /post` with an OpenPGP message, binary or armored.
//!
//! Anyone with OpenPGP and HTTP can send. Answers are plain text, as there is no
//! key to seal them with:
//!
//! | status | meaning |
//! |---|---|
//! | 200 | stored by the recipient's agent |
//! | 400 | not an OpenPGP message for one named recipient |
//! | 404 | no such node, or the node's agent has no such client |
//! | 408, 413, 429 | too slow, too large, too much at once |
//! | 410 | the recipient has another agent now: look the route up again |
//! | 502 | the recipient's node does not answer |
//! | 503, 507 | the agent cannot store now; the mailbox is full |

use bytes::Bytes;
use conet_wire::{
    parcel::Status,
    recipient::HEAD_BYTES,
    relay::RelayStatus,
    sizes::N2_MAX,
    veil::{EnvelopeKind, peer::Profile},
};
use hyper::{Request, Response, StatusCode, body::Incoming};
use tokio::sync::mpsc;

use super::{
    ResponseBody, Server,
    body::{BodyError, content_length, next_piece},
    site::whole,
};
use crate::{
    metrics::Refusal,
    peers::Content,
    relay::{HOPS_MAX, Message, Routed},
};

/// Bodies up to this length are read before anything is sent on, so that a slow
/// sender holds no connection to another node; longer ones are sent on as they arrive.
const WHOLE_BYTES_MAX: usize = 64 << 10;

impl Server {
    pub(super) async fn open_post(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        match self.open_route(request).await {
            Ok(routed) => self.open_answer(routed),
            Err(error) => {
                self.metrics.refuse(Refusal::Body);
                tracing::debug!(%error, "refused: an open body");
                let status = match error {
                    BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyError::Busy => StatusCode::TOO_MANY_REQUESTS,
                    BodyError::TooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
                    BodyError::Broken => StatusCode::BAD_REQUEST,
                };
                self.text(status, &error.to_string())
            }
        }
    }

    async fn open_route(&self, request: Request<Incoming>) -> Result<Routed, BodyError> {
        let length = content_length(&request);
        let body = request.into_body();
        match length {
            Some(length) if length > WHOLE_BYTES_MAX => {
                if length > N2_MAX {
                    return Err(BodyError::TooLarge { max: N2_MAX });
                }
                self.open_arriving(body, length).await
            }
            _ => {
                let (n2, _permit) = self.read_body(body, length, N2_MAX).await?;
                let message = Message::whole(n2, EnvelopeKind::Forward, Profile::Open, HOPS_MAX);
                Ok(self.router.route(message).await)
            }
        }
    }

    /// Routes by the first bytes, and sends the rest on as it comes.
    async fn open_arriving(&self, mut body: Incoming, length: usize) -> Result<Routed, BodyError> {
        // A few pieces are in memory at a time, not the whole.
        let _permit = self.reserve(WHOLE_BYTES_MAX)?;
        let seconds = self.limits.body_seconds_max;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(seconds);
        let too_slow = BodyError::TooSlow { seconds };

        let mut head = bytes::BytesMut::new();
        while head.len() < HEAD_BYTES {
            let piece = tokio::time::timeout_at(deadline, next_piece(&mut body));
            match piece.await.map_err(|_| too_slow)?? {
                Some(piece) => head.extend_from_slice(&piece),
                None => return Err(BodyError::Broken),
            }
        }
        let head: Bytes = head.freeze();
        let (pieces, arriving) = mpsc::channel(2);
        let message = Message {
            head: head.slice(..HEAD_BYTES),
            content: Content::Arriving { length, pieces: arriving },
            kind: EnvelopeKind::Forward,
            profile: Profile::Open,
            hops_left: HOPS_MAX,
        };
        let feed = async move {
            let mut piece = Some(head);
            while let Some(bytes) = piece {
                if pieces.send(bytes).await.is_err() {
                    return Ok(());
                }
                let next = tokio::time::timeout_at(deadline, next_piece(&mut body));
                piece = next.await.map_err(|_| too_slow)??;
            }
            Ok(())
        };
        let (fed, routed) = tokio::join!(feed, self.router.route(message));
        fed.map(|()| routed)
    }

    fn open_answer(&self, routed: Routed) -> Response<ResponseBody> {
        let (status, text) = match routed {
            Routed::Answer { status: RelayStatus::AnsweredPlain, body } => {
                agent_status(body.first().copied().and_then(Status::from_byte))
            }
            // A parcel came over the open profile: its sealed answer goes back as it is.
            Routed::Answer { status: RelayStatus::Answered, body } => {
                return self.response(StatusCode::OK, "application/octet-stream", whole(body));
            }
            Routed::Answer { status, .. } => relay_status(status),
            Routed::Stream(_) => (StatusCode::BAD_REQUEST, "streams need the veil profile"),
        };
        self.text(status, text)
    }

    fn text(&self, status: StatusCode, text: &str) -> Response<ResponseBody> {
        self.response(status, "text/plain; charset=utf-8", whole(format!("{text}\n")))
    }
}

const fn agent_status(status: Option<Status>) -> (StatusCode, &'static str) {
    match status {
        Some(Status::Done) => (StatusCode::OK, "stored"),
        Some(Status::HandedOver) => (StatusCode::OK, "handed over"),
        Some(Status::UnknownRecipient) => {
            (StatusCode::NOT_FOUND, "that agent has no client with the inner message's key")
        }
        Some(Status::Moved) => {
            (StatusCode::GONE, "the recipient has another agent now; look its route up again")
        }
        Some(Status::MailboxFull) => {
            (StatusCode::INSUFFICIENT_STORAGE, "the recipient's mailbox is full")
        }
        Some(Status::Busy) => (StatusCode::TOO_MANY_REQUESTS, "the agent is busy; try again"),
        Some(Status::Unavailable) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the agent cannot store now; try again later")
        }
        _ => (
            StatusCode::BAD_REQUEST,
            "expected an OpenPGP message to the recipient inside one to its agent",
        ),
    }
}

const fn relay_status(status: RelayStatus) -> (StatusCode, &'static str) {
    match status {
        RelayStatus::UnknownNode => (StatusCode::NOT_FOUND, "no node has the outer message's key"),
        RelayStatus::NotAnAgent => (StatusCode::NOT_FOUND, "that node is no agent"),
        RelayStatus::Unreachable => (StatusCode::BAD_GATEWAY, "the agent does not answer"),
        RelayStatus::Busy => (StatusCode::TOO_MANY_REQUESTS, "busy; try again"),
        RelayStatus::HopLimit => (StatusCode::LOOP_DETECTED, "passed on too often"),
        _ => (StatusCode::BAD_REQUEST, "expected an OpenPGP message to one named recipient"),
    }
}
