//! HTTP to relays: envelopes, streams, and the open profile's posts.
//!
//! Requests look like those of an ordinary browser's script: method, path and
//! content type are the relay's web profile's, the rest is the same for every
//! client. Connections are kept and used again.

pub(crate) mod sse;

use std::{fmt::Write as _, time::Duration};

use bytes::{Bytes, BytesMut};
use conet_chain::NodeEntry;
use conet_wire::{
    sizes::WIRE_MAX,
    veil::{EnvelopeError, ResponseError},
};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use crate::limits::{
    ANSWER_TIMEOUT, CONNECT_TIMEOUT, IDLE_CONNECTION_TIMEOUT, IDLE_CONNECTIONS_MAX,
    PLAIN_ANSWER_BYTES_MAX,
};
use sse::EventStream;

/// The largest sealed answer.
const ANSWER_BYTES_MAX: usize = WIRE_MAX;

/// What the most common browser says.
const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 \
                          (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Why a relay could not be talked to.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Connection(String),
    /// It took too long.
    #[error("no answer within {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The website answered, not the relay.
    #[error(
        "it answered like a website (HTTP {status}): the local clock may be more than five \
         minutes off, or the relay has new keys"
    )]
    Website {
        /// The HTTP status.
        status: u16,
    },
    /// Longer than any answer.
    #[error("expected an answer of at most {max} bytes, found more")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// Not the text of an event stream.
    #[error("expected an event stream, found {0}")]
    NotEvents(&'static str),
    /// The envelope could not be sealed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The answer does not open.
    #[error("its answer does not open: {0}")]
    Response(#[from] ResponseError),
}

/// Talks to relays. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Transport {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .http1_title_case_headers(true)
            .build(connector);
        Self { client }
    }

    /// Posts an envelope; the answer is still sealed.
    pub(crate) async fn answer(
        &self,
        node: &NodeEntry,
        envelope: Bytes,
        timeout: Duration,
    ) -> Result<BytesMut, TransportError> {
        let exchange = async {
            let response = self.post_envelope(node, envelope).await?;
            collect(response, ANSWER_BYTES_MAX).await
        };
        within(timeout, exchange).await
    }

    /// Posts an envelope that asks for a stream; the stream, and its first event.
    pub(crate) async fn stream(
        &self,
        node: &NodeEntry,
        envelope: Bytes,
        timeout: Duration,
    ) -> Result<(EventStream, Vec<u8>), TransportError> {
        let opening = async {
            let response = self.post_envelope(node, envelope).await?;
            let kind = response.headers().get(header::CONTENT_TYPE);
            if kind.is_none_or(|kind| kind != "text/event-stream") {
                return Err(TransportError::NotEvents("another content type"));
            }
            let mut events = EventStream::new(response.into_body());
            let first = events.next().await?;
            Ok((events, first.ok_or(TransportError::NotEvents("an empty stream"))?))
        };
        within(timeout, opening).await
    }

    /// Posts to `/post`: the HTTP status and text.
    pub(crate) async fn open_post(
        &self,
        node: &NodeEntry,
        message: Bytes,
    ) -> Result<(StatusCode, String), TransportError> {
        let exchange = async {
            let post = Post { method: "POST", path: "/post", kind: "application/octet-stream" };
            let response = self.post(node, &post, message).await?;
            let status = response.status();
            let html = response.headers().get(header::CONTENT_TYPE);
            if html.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
                return Err(TransportError::Website { status: status.as_u16() });
            }
            let body = collect(response, PLAIN_ANSWER_BYTES_MAX).await?;
            Ok((status, String::from_utf8_lossy(&body).trim().to_owned()))
        };
        within(ANSWER_TIMEOUT, exchange).await
    }

    async fn post_envelope(
        &self,
        node: &NodeEntry,
        envelope: Bytes,
    ) -> Result<Response<Incoming>, TransportError> {
        let profile = &node.profile;
        let post = Post {
            method: profile.method,
            path: &profile.envelope_path,
            kind: profile.request_type,
        };
        let response = self.post(node, &post, envelope).await?;
        match response.status() {
            StatusCode::OK => Ok(response),
            status => Err(TransportError::Website { status: status.as_u16() }),
        }
    }

    /// Posts to the first endpoint that takes the connection.
    async fn post(
        &self,
        node: &NodeEntry,
        post: &Post<'_>,
        body: Bytes,
    ) -> Result<Response<Incoming>, TransportError> {
        let mut failure = TransportError::Connection("the node has no endpoint".into());
        for endpoint in node.node.endpoints() {
            let request = post.request(&endpoint.to_string(), body.clone())?;
            match self.client.request(request).await {
                Ok(response) => return Ok(response),
                // Only what certainly was not sent may go to another endpoint.
                Err(error) if error.is_connect() => {
                    failure = TransportError::Connection(format!("{endpoint}: {}", chain(&error)));
                }
                Err(error) => {
                    let text = format!("{endpoint}: {}", chain(&error));
                    return Err(TransportError::Connection(text));
                }
            }
        }
        Err(failure)
    }
}

struct Post<'a> {
    method: &'static str,
    path: &'a str,
    kind: &'static str,
}

impl Post<'_> {
    /// Headers in the order in which browsers send them.
    fn request(&self, host: &str, body: Bytes) -> Result<Request<Full<Bytes>>, TransportError> {
        Request::builder()
            .method(self.method)
            .uri(format!("http://{host}{}", self.path))
            .header(header::HOST, host)
            .header(header::CONNECTION, "keep-alive")
            .header(header::CONTENT_LENGTH, HeaderValue::from(body.len()))
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONTENT_TYPE, self.kind)
            .header(header::ACCEPT, "*/*")
            .header(header::ORIGIN, format!("http://{host}"))
            .header(header::REFERER, format!("http://{host}/"))
            .header(header::ACCEPT_ENCODING, "gzip, deflate")
            .header(header::ACCEPT_LANGUAGE, "en-US,en;q=0.9")
            .body(Full::new(body))
            .map_err(|error| TransportError::Connection(error.to_string()))
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let seconds = limit.as_secs();
    tokio::time::timeout(limit, work).await.map_err(|_| TransportError::TimedOut { seconds })?
}

async fn collect(response: Response<Incoming>, max: usize) -> Result<BytesMut, TransportError> {
    let mut body = response.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| TransportError::Connection(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > max {
            return Err(TransportError::TooLong { max });
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// An error with its causes, on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
