//! HTTP/1.1 by hand: stories send what no HTTP library would.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Header names in lower case, with their values, in order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Everything that a site's visitors could tell two answers apart by, beside the time.
    #[must_use]
    pub fn looks(&self) -> (u16, Vec<(String, String)>, String) {
        let headers = self.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        (self.status, headers, self.text())
    }
}

/// Request head for a body of this length.
#[must_use]
pub fn head(method: &str, path: &str, content_type: &str, length: usize) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n\
         content-length: {length}\r\n\r\n"
    )
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The length of the present body, if it has one.
    length: Option<usize>,
    chunk_left: usize,
    /// The line break behind the last chunk is still to be read.
    break_due: bool,
}

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// As the system says.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new(), length: Some(0), chunk_left: 0, break_due: false })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// As the system says.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// More bytes into the buffer; an error at the end of the connection.
    async fn fill(&mut self) -> io::Result<()> {
        let mut piece = [0; 16 << 10];
        let read = self.stream.read(&mut piece).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.buffer.extend_from_slice(&piece[..read]);
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect::<Vec<_>>();
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            self.fill().await?;
        }
    }

    /// The head of a response; its body is still to be read.
    ///
    /// # Errors
    /// When the connection ends, or what comes is not HTTP.
    pub async fn response_head(&mut self) -> io::Result<Response> {
        let not_http = || io::Error::from(io::ErrorKind::InvalidData);
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(not_http)?;
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or_else(not_http)?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let response = Response { status, headers, body: Vec::new() };
        let chunked = response.header("transfer-encoding") == Some("chunked");
        let length = response.header("content-length").and_then(|text| text.parse().ok());
        self.length = if chunked { None } else { Some(length.unwrap_or(0)) };
        (self.chunk_left, self.break_due) = (0, false);
        Ok(response)
    }

    /// A whole response.
    ///
    /// # Errors
    /// When the connection ends, or what comes is not HTTP.
    pub async fn response(&mut self) -> io::Result<Response> {
        let mut response = self.response_head().await?;
        while let Some(piece) = self.piece().await? {
            response.body.extend_from_slice(&piece);
        }
        Ok(response)
    }

    /// Some bytes of the body; `None` at its proper end. Safe to cancel.
    ///
    /// # Errors
    /// When the connection ends before.
    pub async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(left) = self.length else { return self.chunk().await };
        if left == 0 {
            return Ok(None);
        }
        while self.buffer.is_empty() {
            self.fill().await?;
        }
        let take = self.buffer.len().min(left);
        self.length = Some(left - take);
        Ok(Some(self.buffer.drain(..take).collect()))
    }

    async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.break_due {
            self.line().await?;
            self.break_due = false;
        }
        if self.chunk_left == 0 {
            let size = self.line().await?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or(""), 16)
                .map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            if size == 0 {
                self.line().await?;
                return Ok(None);
            }
            self.chunk_left = size;
        }
        while self.buffer.is_empty() {
            self.fill().await?;
        }
        let take = self.buffer.len().min(self.chunk_left);
        let piece = self.buffer.drain(..take).collect();
        self.chunk_left -= take;
        self.break_due = self.chunk_left == 0;
        Ok(Some(piece))
    }

    /// Whether the other side closes the connection, within `patience`.
    pub async fn is_closed_within(&mut self, patience: Duration) -> bool {
        let ends = async { while self.fill().await.is_ok() {} };
        timeout(patience, ends).await.is_ok()
    }
}

/// One request on a connection of its own, and the whole answer.
///
/// # Errors
/// When there is none in time.
pub async fn request(to: SocketAddr, head: &str, body: &[u8]) -> io::Result<Response> {
    let exchange = async {
        let mut connection = Connection::open(to).await?;
        // A server may answer, and close, before it has read everything.
        let sent = connection.send(&[head.as_bytes(), body].concat()).await;
        connection.response().await.or_else(|error| sent.and(Err(error)))
    };
    timeout(ANSWER_PATIENCE, exchange).await?
}

/// `GET`.
///
/// # Errors
/// When there is no answer in time.
pub async fn get(to: SocketAddr, path: &str) -> io::Result<Response> {
    request(to, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"), &[]).await
}

/// `POST`.
///
/// # Errors
/// When there is no answer in time.
pub async fn post(to: SocketAddr, path: &str, body: &[u8]) -> io::Result<Response> {
    request(to, &head("POST", path, "application/octet-stream", body.len()), body).await
}
