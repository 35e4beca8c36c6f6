//! Accepting connections, within limits, until told to stop.

use std::{
    collections::HashMap,
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Server, peer::PeerState};
use crate::metrics::Refusal;

/// Connections by address.
#[derive(Debug, Default)]
struct Counts(Mutex<HashMap<IpAddr, usize>>);

/// One counted connection.
struct Counted {
    counts: Arc<Counts>,
    server: Arc<Server>,
    address: SocketAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address.ip()) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address.ip());
            }
        }
        self.server.metrics.connections.dec();
    }
}

impl Counts {
    fn count(self: &Arc<Self>, address: SocketAddr, server: &Arc<Server>) -> Option<Counted> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = usize::try_from(server.metrics.connections.get()).unwrap_or_default();
        let count = counts.entry(address.ip()).or_default();
        if *count >= server.limits.connections_per_address_max
            || open >= server.limits.connections_max
        {
            return None;
        }
        *count += 1;
        server.metrics.connections.inc();
        Some(Counted { counts: Arc::clone(self), server: Arc::clone(server), address })
    }
}

/// Serves until `stop`, then lets open requests finish for a while.
pub async fn serve(listener: TcpListener, server: Arc<Server>, stop: CancellationToken) {
    let counts = Arc::new(Counts::default());
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match counts.count(from, &server) {
                Some(counted) => {
                    let connection = connection(stream, counted, stop.clone());
                    connections.spawn(connection);
                }
                None => server.metrics.refuse(Refusal::Connections),
            },
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    connections.close();
    let patience = Duration::from_secs(server.limits.shutdown_seconds_max);
    if tokio::time::timeout(patience, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "some connections did not end in time");
    }
}

async fn connection(stream: TcpStream, counted: Counted, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "a connection ended at once");
        return;
    }
    let server = &counted.server;
    // Somebody who does not read must not hold a stream open for ever.
    let mut io = Box::pin(TimeoutStream::new(stream));
    let stuck = Duration::from_secs(server.limits.write_seconds_max);
    io.as_mut().set_write_timeout_pinned(Some(stuck));
    let state = Arc::new(PeerState::default());
    let service = service_fn(|request| {
        let (server, state) = (Arc::clone(server), Arc::clone(&state));
        let from = counted.address;
        async move { Ok::<_, Infallible>(server.answer(request, from, &state).await) }
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(server.limits.head_seconds_max))
        .max_headers(server.limits.headers_max)
        .title_case_headers(true)
        .max_buf_size(server.limits.read_buffer_bytes_max)
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
