//! One kept connection to an HTTP server.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Incoming},
    client::conn::http1::SendRequest,
    header,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use conet_measure::{BenchError, failed, wrong};

/// Connects; the connection ends with the sender.
pub(crate) async fn connect<B>(to: SocketAddr) -> Result<SendRequest<B>, BenchError>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = TcpStream::connect(to).await.map_err(failed("connecting"))?;
    stream.set_nodelay(true).map_err(failed("connecting"))?;
    let (sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(32 << 10)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed("connecting"))?;
    tokio::spawn(async move {
        // Whoever waits for an answer hears of it.
        let _ = connection.await;
    });
    Ok(sender)
}

/// A connection for one request at a time.
pub(crate) struct Link {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Link {
    pub(crate) async fn open(to: SocketAddr) -> Result<Self, BenchError> {
        Ok(Self { sender: connect(to).await?, host: to.to_string() })
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, BenchError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(Full::new(body))
            .map_err(failed("a request"))?;
        self.sender.ready().await.map_err(failed("a request"))?;
        self.sender.send_request(request).await.map_err(failed("a request"))
    }

    /// Sends and reads the whole answer, which has to be a success.
    pub(crate) async fn exchange(
        &mut self,
        method: &str,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, BenchError> {
        let response = self.send(method, path, body).await?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(failed("an answer"))?.to_bytes();
        match status {
            StatusCode::OK => Ok(body),
            _ => Err(wrong("an answer", format!("HTTP status {status} from {path}"))),
        }
    }
}
