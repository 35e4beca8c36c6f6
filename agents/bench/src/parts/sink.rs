//! The far side: answers whatever comes at once. Over plain HTTP it is the floor's,
//! and as a node, with real sessions, the relay's.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use conet_wire::{
    parcel::Status,
    relay::RelayStatus,
    sizes::n2_len,
    veil::{
        TransportSecret, WebProfile,
        peer::{AnswerHead, PeerSession, Profile, RequestHead, Responder},
    },
};
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Either, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::hop::settings;
use crate::material::{NodeInfo, WIRE};
use conet_measure::{BenchError, failed};

/// A path that answers with a stream which begins and then says nothing.
pub(crate) const IDLE_PATH: &str = "/idle";

type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;
type Session = Mutex<Option<PeerSession>>;

struct Sink {
    identity: TransportSecret,
    chain_id: u64,
    profile: WebProfile,
    /// What it answers over plain HTTP: as long as a sealed answer.
    answer: Bytes,
    /// What it answers to parcels of the veil profile, sealed or not: the relay cannot tell.
    sealed_answer: Vec<u8>,
}

pub(crate) async fn start(node: &NodeInfo) -> Result<SocketAddr, BenchError> {
    let listener = TcpListener::bind(node.address).await.map_err(failed("the sink"))?;
    let address = listener.local_addr().map_err(failed("the sink"))?;
    let sink = Arc::new(Sink {
        identity: node.keys()?.transport,
        chain_id: node.network.chain_id,
        profile: WebProfile::derive(&node.transport()),
        answer: Bytes::from(vec![7; WIRE]),
        sealed_answer: vec![7; n2_len(WIRE)],
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&sink)));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream, sink: Arc<Sink>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let session = Session::default();
    let service = service_fn(|request| sink.answer(request, &session));
    // A broken connection is the load's to notice.
    let _ = settings().serve_connection(TokioIo::new(stream), service).await;
}

impl Sink {
    async fn answer(
        &self,
        request: Request<Incoming>,
        session: &Session,
    ) -> Result<Response<Body>, BenchError> {
        let path = request.uri().path();
        if path == IDLE_PATH {
            return Ok(ok(Either::Right(idle())));
        }
        let for_a_node = path == self.profile.peer_path;
        let body = request.into_body().collect().await.map_err(failed("a body"))?.to_bytes();
        let answer = match for_a_node {
            true => self.peer(body.to_vec(), session)?,
            false => self.answer.clone(),
        };
        Ok(ok(Either::Left(Full::new(answer))))
    }

    fn peer(&self, mut body: Vec<u8>, session: &Session) -> Result<Bytes, BenchError> {
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = session.as_mut() else {
            let responder = Responder::read(&self.identity, self.chain_id, &body)
                .map_err(failed("a handshake"))?;
            let (answer, opened) =
                responder.reply(&mut rand::rng()).map_err(failed("a handshake"))?;
            *session = Some(opened);
            return Ok(answer.into());
        };
        let (head, _) =
            open.opening.open_frame::<RequestHead>(&mut body).map_err(failed("a frame"))?;
        let done = [Status::Done as u8];
        let (status, answer) = match head.profile {
            Profile::Open => (RelayStatus::AnsweredPlain, &done[..]),
            Profile::Veil => (RelayStatus::Answered, &self.sealed_answer[..]),
        };
        let head = AnswerHead { status: status as u8 };
        Ok(open.sealing.seal_frame(head, answer).map_err(failed("a frame"))?.into())
    }
}

fn ok(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::OK;
    let kind = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn idle() -> UnsyncBoxBody<Bytes, Infallible> {
    let first = Frame::data(Bytes::from(vec![7; WIRE]));
    let frames = stream::once(async { Ok(first) }).chain(stream::pending());
    StreamBody::new(frames).boxed_unsync()
}
