//! HTTP/1 connections, within limits that no peer can get around: how many there are, in all and of one address; how long a
//! head may take to come, and an answer to be taken; how large heads are.
//!
//! ```text
//! accept ─► counted? ─► one task a connection ─► Handler::answer for each request
//!              no ─► closed at once, and told to Handler::refused
//! stop ──► nothing new; what is under way may end, for a while
//! ```

mod counts;
mod router;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, error::Error, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body::Body;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use counts::{Counted, Counts};
pub use router::Routed;

/// Limits of one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once.
    pub connections_max: usize,
    /// Of one address.
    pub connections_per_address_max: usize,
    /// Headers of one request.
    pub headers_max: usize,
    /// Bytes that are read ahead, and so of a head.
    pub read_buffer_bytes_max: usize,
    /// How long a head may take to come; a connection may be idle for as long.
    pub head_max: Duration,
    /// How long whoever is sent something may not read.
    pub write_max: Duration,
    /// How long requests that are under way may take once the port is closed.
    pub shutdown_max: Duration,
}

/// What answers at a port.
pub trait Handler: Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
    /// What it keeps of a connection.
    type Connection: Default + Send + Sync + 'static;

    /// Whether `Content-Type` is written so, and not `content-type`.
    const TITLE_CASE: bool = false;

    /// Answers a request.
    fn answer(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
        connection: &Arc<Self::Connection>,
    ) -> impl Future<Output = Response<Self::Body>> + Send;

    /// So many connections are open now.
    fn open(&self, _connections: usize) {}

    /// A connection was refused: there are enough.
    fn refused(&self) {}
}

/// Serves until `stop`, then lets requests that are under way finish for a while.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    limits: Limits,
    stop: CancellationToken,
) {
    let counts = Counts::new(limits.connections_max, limits.connections_per_address_max);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match counts.count(from.ip()) {
                Some(counted) => {
                    handler.open(counts.open());
                    let (handler, stop) = (Arc::clone(&handler), stop.clone());
                    let counts = Arc::clone(&counts);
                    connections.spawn(async move {
                        connection(stream, from, &handler, limits, stop).await;
                        drop(counted);
                        handler.open(counts.open());
                    });
                }
                None => handler.refused(),
            },
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    // Nobody new waits in vain.
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.shutdown_max, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "some connections did not end in time");
    }
}

async fn connection<H: Handler>(
    stream: TcpStream,
    from: SocketAddr,
    handler: &Arc<H>,
    limits: Limits,
    stop: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "a connection ended at once");
        return;
    }
    // Somebody who does not read must not hold an answer open for ever.
    let mut io = Box::pin(TimeoutStream::new(stream));
    io.as_mut().set_write_timeout_pinned(Some(limits.write_max));
    let state = Arc::new(H::Connection::default());
    let service = service_fn(|request| {
        let (handler, state) = (Arc::clone(handler), Arc::clone(&state));
        async move { Ok::<_, Infallible>(handler.answer(request, from, &state).await) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_max)
        .max_headers(limits.headers_max)
        .title_case_headers(H::TITLE_CASE)
        .max_buf_size(limits.read_buffer_bytes_max)
        .serve_connection(TokioIo::new(io), service);
    tokio::pin!(http);
    let done = tokio::select! {
        done = &mut http => done,
        () = stop.cancelled() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if let Err(error) = done {
        tracing::trace!(%error, "a connection broke");
    }
}
