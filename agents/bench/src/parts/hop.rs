//! The floor of a relay: the same HTTP server and client, and nothing in between.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use hyper::{
    Request, Response, body::Incoming, client::conn::http1::SendRequest, header,
    server::conn::http1, service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use crate::http::connect;
use conet_measure::{BenchError, failed};

struct Hop {
    to: SocketAddr,
    host: String,
    idle: Mutex<VecDeque<SendRequest<Incoming>>>,
}

pub(crate) async fn start(to: SocketAddr) -> Result<SocketAddr, BenchError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed("the hop"))?;
    let address = listener.local_addr().map_err(failed("the hop"))?;
    let hop = Arc::new(Hop { to, host: to.to_string(), idle: Mutex::default() });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&hop)));
        }
    });
    Ok(address)
}

/// The settings are the node's own, so that the floor is of the same connections.
pub(super) fn settings() -> http1::Builder {
    let limits = conet_node::config::Limits::default().server;
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(std::time::Duration::from_secs(limits.head_seconds_max))
        .max_headers(limits.headers_max)
        .max_buf_size(limits.read_buffer_bytes_max);
    builder
}

async fn serve(stream: TcpStream, hop: Arc<Hop>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(|request| hop.pass(request));
    // A broken connection is the load's to notice.
    let _ = settings().serve_connection(TokioIo::new(stream), service).await;
}

impl Hop {
    async fn pass(&self, request: Request<Incoming>) -> Result<Response<Incoming>, BenchError> {
        let mut sender = match self.take() {
            Some(sender) => sender,
            None => connect(self.to).await?,
        };
        let (head, body) = request.into_parts();
        let request = Request::builder()
            .method(head.method)
            .uri(head.uri)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(body)
            .map_err(failed("a request"))?;
        let response = sender.send_request(request).await.map_err(failed("a request"))?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push_back(sender);
        let (head, body) = response.into_parts();
        let mut response = Response::new(body);
        if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(response)
    }

    /// A connection whose last answer has been read.
    fn take(&self) -> Option<SendRequest<Incoming>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let at = idle.iter().position(SendRequest::is_ready)?;
        idle.remove(at)
    }
}
