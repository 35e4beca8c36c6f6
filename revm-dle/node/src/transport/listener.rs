//! Accepting connections, within limits, until told to stop.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use http::Request;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Caller, ServerLimits};
use crate::metrics::{Metrics, Refusal};

/// Connections by address.
#[derive(Debug)]
struct Counts {
    open: Mutex<HashMap<IpAddr, usize>>,
    limits: ServerLimits,
    metrics: Metrics,
}

/// One counted connection.
struct Counted {
    counts: Arc<Counts>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.counts.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
        self.counts.metrics.connections.dec();
    }
}

impl Counts {
    fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all = usize::try_from(self.metrics.connections.get()).unwrap_or_default();
        let count = open.entry(address).or_default();
        if *count >= self.limits.connections_per_address_max || all >= self.limits.connections_max {
            return None;
        }
        *count += 1;
        self.metrics.connections.inc();
        Some(Counted { counts: self.clone(), address })
    }
}

/// Serves these routes until `stop`, then lets open requests finish for a while.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    limits: ServerLimits,
    metrics: Metrics,
    stop: CancellationToken,
) {
    let counts = Arc::new(Counts {
        open: Mutex::default(),
        limits: limits.clone(),
        metrics: metrics.clone(),
    });
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match counts.count(from.ip()) {
                Some(counted) => {
                    connections.spawn(connection(stream, counted, routes.clone(), stop.clone()));
                }
                None => metrics.refuse(Refusal::Connections),
            },
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    connections.close();
    let patience = Duration::from_secs(limits.shutdown_seconds_max);
    if tokio::time::timeout(patience, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "some connections did not end in time");
    }
}

async fn connection(stream: TcpStream, counted: Counted, routes: Router, stop: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::trace!(%error, "a connection ended at once");
        return;
    }
    let limits = &counted.counts.limits;
    // Somebody who does not read must not hold a stream open for ever.
    let mut io = Box::pin(TimeoutStream::new(stream));
    io.as_mut().set_write_timeout_pinned(Some(Duration::from_secs(limits.write_seconds_max)));
    let caller = Caller(counted.address);
    let routes = routes.layer(axum::Extension(caller));
    let service = TowerToHyperService::new(routes);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        hyper::service::Service::call(&service, request.map(axum::body::Body::new))
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.head_seconds_max))
        .max_headers(limits.headers_max)
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
