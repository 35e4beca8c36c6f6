//! One connection to another node, with its Noise session.

use std::{
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use conet_chain::NodeEntry;
use conet_wire::{
    sizes::WIRE_MAX,
    veil::{
        TransportSecret, WebProfile,
        peer::{
            AnswerHead, FrameWriter, HANDSHAKE_LEN, Initiator, OpeningHalf, PeerSession,
            RequestHead, SealingHalf, StreamEvent, StreamReader,
        },
    },
};
use futures_util::stream;
use http_body_util::{BodyExt as _, Either, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Method, Request, Response, Uri,
    body::{Frame, Incoming},
    client::conn::http1::SendRequest,
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::{OwnedSemaphorePermit, mpsc},
};

use super::{PeerAnswer, PeerLimits, PeerRequestError};
use crate::clock;

type RequestBody = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// The largest body of an answer: the largest wire size.
const ANSWER_BYTES_MAX: usize = WIRE_MAX;

/// What is sent to another node.
#[derive(Debug)]
pub enum Content {
    /// A whole N2.
    Whole(Bytes),
    /// An N2 of known length that is still arriving.
    Arriving {
        /// Its length in bytes.
        length: usize,
        /// Its pieces; closed early when the sender fails.
        pieces: mpsc::Receiver<Bytes>,
    },
}

impl Content {
    /// All of it, or `None` when its sender failed half way.
    pub async fn collect(self) -> Option<Bytes> {
        match self {
            Self::Whole(n2) => Some(n2),
            Self::Arriving { length, mut pieces } => {
                let mut whole = bytes::BytesMut::with_capacity(length);
                while let Some(piece) = pieces.recv().await {
                    if whole.len() + piece.len() > length {
                        return None;
                    }
                    whole.extend_from_slice(&piece);
                }
                (whole.len() == length).then(|| whole.freeze())
            }
        }
    }
}

/// What all requests of a connection have in common, made once.
#[derive(Debug)]
struct Form {
    method: Method,
    path: Uri,
    host: HeaderValue,
    content_type: HeaderValue,
}

impl Form {
    fn new(profile: &WebProfile, endpoint: SocketAddr) -> Result<Self, http::Error> {
        Ok(Self {
            method: profile.method.parse()?,
            path: profile.peer_path.parse()?,
            host: endpoint.to_string().try_into()?,
            content_type: HeaderValue::from_static(profile.request_type),
        })
    }

    fn request(&self, body: RequestBody, size: usize) -> Request<RequestBody> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        let headers = request.headers_mut();
        headers.insert(header::HOST, self.host.clone());
        headers.insert(header::CONTENT_TYPE, self.content_type.clone());
        headers.insert(header::CONTENT_LENGTH, size.into());
        request
    }
}

/// A connection and the session on it.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<RequestBody>,
    form: Form,
    session: Option<PeerSession>,
    opened: Instant,
    idle_since: Instant,
}

impl Connection {
    pub(super) async fn open(
        endpoint: SocketAddr,
        node: &NodeEntry,
        identity: &TransportSecret,
        chain_id: u64,
    ) -> Result<Self, PeerRequestError> {
        let unreachable = |error: &dyn std::fmt::Display| {
            PeerRequestError::Unreachable(format!("{endpoint}: {error}"))
        };
        let stream = TcpStream::connect(endpoint).await.map_err(|e| unreachable(&e))?;
        stream.set_nodelay(true).map_err(|e| unreachable(&e))?;
        let (sender, connection) = hyper::client::conn::http1::Builder::new()
            .title_case_headers(true)
            .max_buf_size(32 << 10)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|e| unreachable(&e))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection to another node ended");
            }
        });
        let now = Instant::now();
        let mut opened = Self {
            sender,
            form: Form::new(&node.profile, endpoint).map_err(|e| unreachable(&e))?,
            session: None,
            opened: now,
            idle_since: now,
        };
        opened.handshake(node, identity, chain_id).await?;
        Ok(opened)
    }

    async fn handshake(
        &mut self,
        node: &NodeEntry,
        identity: &TransportSecret,
        chain_id: u64,
    ) -> Result<(), PeerRequestError> {
        let minute = clock::unix_minute();
        let (initiator, first) = Initiator::start(
            identity,
            &node.node.transport_key(),
            chain_id,
            minute,
            &mut rand::rng(),
        )?;
        let response = self.post(Bytes::from(first)).await?;
        let second = whole(response, HANDSHAKE_LEN).await?;
        self.session = Some(initiator.finish(&second)?);
        Ok(())
    }

    /// Whether the next request may go over it.
    pub(super) fn is_usable(&self, limits: &PeerLimits) -> bool {
        // A request of the largest size takes 16 records; leave some room.
        const RECORDS_LEFT_MIN: u64 = 64;
        !self.sender.is_closed()
            && self.session.as_ref().is_some_and(|s| s.records_left() > RECORDS_LEFT_MIN)
            && self.opened.elapsed() < Duration::from_secs(limits.session_seconds_max)
            && self.idle_since.elapsed() < Duration::from_secs(limits.idle_seconds_max)
    }

    pub(super) fn now_idle(&mut self) {
        self.idle_since = Instant::now();
    }

    /// Whether the other side had closed it.
    pub(super) fn was_closed(&self) -> bool {
        self.sender.is_closed()
    }

    fn take_session(&mut self) -> Result<PeerSession, PeerRequestError> {
        self.session.take().ok_or_else(|| PeerRequestError::NoAnswer("no session".into()))
    }

    pub(super) async fn request(
        &mut self,
        head: RequestHead,
        content: Content,
    ) -> Result<PeerAnswer, PeerRequestError> {
        let PeerSession { mut sealing, mut opening } = self.take_session()?;
        let response = match content {
            Content::Whole(n2) => {
                let frame = sealing.seal_frame(head, &n2)?;
                let response = self.post(Bytes::from(frame)).await;
                self.session = None;
                (response?, Some(sealing))
            }
            Content::Arriving { length, pieces } => {
                let writer = FrameWriter::new(head, length)?;
                let size = writer.wire_size();
                let (body, back) = arriving(writer, sealing, pieces);
                let response = self.post_sized(body, size).await?;
                (response, back.await.ok())
            }
        };
        let (response, sealing) = response;
        let mut sealed = whole(response, ANSWER_BYTES_MAX).await?;
        let (AnswerHead { status }, body) = opening.open_frame(&mut sealed)?;
        let answer = PeerAnswer { status, body: body.to_vec() };
        self.session = sealing.map(|sealing| PeerSession { sealing, opening });
        Ok(answer)
    }

    pub(super) async fn stream(
        mut self,
        head: RequestHead,
        n2: Bytes,
        silence: Duration,
        permit: OwnedSemaphorePermit,
    ) -> Result<(PeerAnswer, Option<RemoteCells>), PeerRequestError> {
        let PeerSession { mut sealing, opening } = self.take_session()?;
        let frame = sealing.seal_frame(head, &n2)?;
        let response = self.post(Bytes::from(frame)).await?;
        let mut cells = RemoteCells {
            body: response.into_body(),
            opening,
            reader: StreamReader::new(),
            piece: Bytes::new(),
            silence,
            _sender: self.sender,
            _permit: permit,
        };
        match cells.next_event().await? {
            Some(StreamEvent::Started { head, reason }) => {
                let answer = PeerAnswer { status: head.status, body: reason };
                let streaming = answer.status == conet_wire::relay::RelayStatus::Streaming as u8;
                Ok((answer, streaming.then_some(cells)))
            }
            _ => Err(PeerRequestError::NoAnswer("the stream ended before it began".into())),
        }
    }

    async fn post(&mut self, body: Bytes) -> Result<Response<Incoming>, PeerRequestError> {
        let size = body.len();
        self.post_sized(Either::Left(Full::new(body)), size).await
    }

    async fn post_sized(
        &mut self,
        body: RequestBody,
        size: usize,
    ) -> Result<Response<Incoming>, PeerRequestError> {
        let no_answer = |e: &dyn std::fmt::Display| PeerRequestError::NoAnswer(e.to_string());
        let request = self.form.request(body, size);
        self.sender.ready().await.map_err(|e| no_answer(&e))?;
        let response = self.sender.send_request(request).await.map_err(|e| no_answer(&e))?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(PeerRequestError::NoAnswer(format!("HTTP status {}", response.status())))
        }
    }
}

/// A frame written as its content arrives; the sealing half comes back when all of it went.
fn arriving(
    mut writer: FrameWriter,
    mut sealing: SealingHalf,
    mut pieces: mpsc::Receiver<Bytes>,
) -> (RequestBody, tokio::sync::oneshot::Receiver<SealingHalf>) {
    let (records, body) = mpsc::channel::<Bytes>(2);
    let (give_back, back) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        while let Some(piece) = pieces.recv().await {
            let mut piece = piece.as_ref();
            while let Ok(Some(record)) = writer.next_record(&mut sealing, &mut piece) {
                if records.send(record.into()).await.is_err() {
                    return;
                }
            }
        }
        if writer.is_finished() {
            let _ = give_back.send(sealing);
        }
        // Otherwise the body ends short of its length, and the connection with it.
    });
    let frames = stream::unfold(body, |mut body| async move {
        body.recv().await.map(|record| (Ok(Frame::data(record)), body))
    });
    (Either::Right(StreamBody::new(frames).boxed_unsync()), back)
}

/// All of an answer, to be opened in place.
async fn whole(response: Response<Incoming>, max: usize) -> Result<BytesMut, PeerRequestError> {
    let broken = |e: &dyn std::fmt::Display| PeerRequestError::NoAnswer(e.to_string());
    let mut body = response.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let piece = frame.map_err(|e| broken(&e))?.into_data().unwrap_or_default();
        if bytes.len() + piece.len() > max {
            return Err(broken(&"its answer is too long"));
        }
        if bytes.is_empty() {
            bytes = piece.into();
        } else {
            bytes.extend_from_slice(&piece);
        }
    }
    Ok(bytes)
}

/// The cells of a stream from another node. Dropping it closes the connection, which
/// is how the agent learns that its client went offline.
#[derive(Debug)]
pub struct RemoteCells {
    body: Incoming,
    opening: OpeningHalf,
    reader: StreamReader,
    piece: Bytes,
    silence: Duration,
    _sender: SendRequest<RequestBody>,
    _permit: OwnedSemaphorePermit,
}

impl RemoteCells {
    /// The next cell, or `None` at the end.
    ///
    /// # Errors
    /// [`PeerRequestError`] when the stream breaks or is silent too long.
    pub async fn next_cell(&mut self) -> Result<Option<Vec<u8>>, PeerRequestError> {
        match self.next_event().await? {
            Some(StreamEvent::Cell(cell)) => Ok(Some(cell)),
            _ => Ok(None),
        }
    }

    async fn next_event(&mut self) -> Result<Option<StreamEvent>, PeerRequestError> {
        loop {
            // Asked with nothing, the reader would make room for a cell that is seconds away.
            if !self.piece.is_empty() {
                let mut rest = self.piece.as_ref();
                let event = self.reader.next_event(&mut self.opening, &mut rest)?;
                let used = self.piece.len() - rest.len();
                let _ = self.piece.split_to(used);
                if event.is_some() {
                    return Ok(event);
                }
            }
            match tokio::time::timeout(self.silence, self.body.frame()).await {
                Err(_) => return Err(PeerRequestError::NoAnswer("silent too long".into())),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(PeerRequestError::NoAnswer(error.to_string())),
                Ok(Some(Ok(frame))) => self.piece = frame.into_data().unwrap_or_default(),
            }
        }
    }
}
