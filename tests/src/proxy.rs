//! A TCP proxy on one hop: what somebody on the path can see and do.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From who connected.
    Up,
    /// Back to it.
    Down,
}

/// Changes one byte, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flip {
    /// Which way.
    pub direction: Direction,
    /// In which HTTP message of its connection, from 0.
    pub message: usize,
    /// At which byte of that message's body.
    pub offset: usize,
    /// What it is XORed with.
    pub mask: u8,
}

/// An HTTP message that passed, as it came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The connection it came on, counted from 0.
    pub connection: usize,
    /// Head with its empty line.
    pub head: Vec<u8>,
    /// Body; with its framing, if that is chunked.
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Tape {
    connections: usize,
    up: Vec<Recorded>,
    down: Vec<Recorded>,
    flip: Option<Flip>,
    flipped: usize,
}

/// The proxy. Dropping it closes everything.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    tape: Arc<Mutex<Tape>>,
    cut: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Proxy {
    /// A proxy before `target`.
    ///
    /// # Panics
    /// When it cannot listen.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let tape = Arc::new(Mutex::new(Tape::default()));
        let cut = watch::Sender::new(0);
        let (shared, cuts) = (Arc::clone(&tape), cut.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(connection(from, target, Arc::clone(&shared), cuts.subscribe()));
            }
        });
        Self { address, tape, cut, accepting }
    }

    fn tape(&self) -> std::sync::MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next byte that fits is changed.
    pub fn flip(&self, flip: Flip) {
        self.tape().flip = Some(flip);
    }

    /// How many bytes were changed so far.
    #[must_use]
    pub fn flipped(&self) -> usize {
        self.tape().flipped
    }

    /// Closes all connections; new ones are taken.
    pub fn cut(&self) {
        self.cut.send_modify(|count| *count += 1);
    }

    /// Everything that went up, message by message.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.tape().up.clone()
    }

    /// Everything that came down, message by message.
    #[must_use]
    pub fn responses(&self) -> Vec<Recorded> {
        self.tape().down.clone()
    }
}

async fn connection(
    from: TcpStream,
    target: SocketAddr,
    tape: Arc<Mutex<Tape>>,
    mut cut: watch::Receiver<u64>,
) {
    let Ok(to) = TcpStream::connect(target).await else { return };
    let quick = from.set_nodelay(true).and_then(|()| to.set_nodelay(true));
    if quick.is_err() {
        return;
    }
    let number = {
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.connections += 1;
        tape.connections - 1
    };
    let ((client_in, client_out), (server_in, server_out)) = (from.into_split(), to.into_split());
    let up = pump(client_in, server_out, Parser::new(Direction::Up, number), &tape);
    let down = pump(server_in, client_out, Parser::new(Direction::Down, number), &tape);
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        _ = cut.changed() => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut parser: Parser,
    tape: &Mutex<Tape>,
) {
    let mut piece = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut piece).await {
        if read == 0 {
            break;
        }
        let bytes = &mut piece[..read];
        parser.pass(bytes, &mut tape.lock().unwrap_or_else(PoisonError::into_inner));
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    // The other side may have gone already.
    let _ = to.shutdown().await;
}

/// Follows the HTTP messages of one direction of one connection.
struct Parser {
    direction: Direction,
    connection: usize,
    message: usize,
    head: Vec<u8>,
    /// `None` in a head; else the bytes of the body so far, and its length if it has one.
    body: Option<(usize, Option<usize>)>,
}

impl Parser {
    fn new(direction: Direction, connection: usize) -> Self {
        Self { direction, connection, message: 0, head: Vec::new(), body: None }
    }

    /// Records bytes, then changes them.
    fn pass(&mut self, bytes: &mut [u8], tape: &mut Tape) {
        let mut at = 0;
        while at < bytes.len() {
            match self.body {
                None => {
                    self.head.push(bytes[at]);
                    at += 1;
                    if self.head.ends_with(b"\r\n\r\n") {
                        self.start_body(tape);
                    }
                }
                Some((seen, length)) => {
                    let left = length.map_or(usize::MAX, |length| length - seen);
                    let end = bytes.len().min(at.saturating_add(left));
                    let messages = self.messages(tape);
                    if let Some(message) =
                        messages.iter_mut().rfind(|m| m.connection == self.connection)
                    {
                        message.body.extend_from_slice(&bytes[at..end]);
                    }
                    self.change(&mut bytes[at..end], seen, tape);
                    self.advance(seen + end - at, length);
                    at = end;
                }
            }
        }
    }

    fn messages<'a>(&self, tape: &'a mut Tape) -> &'a mut Vec<Recorded> {
        match self.direction {
            Direction::Up => &mut tape.up,
            Direction::Down => &mut tape.down,
        }
    }

    fn start_body(&mut self, tape: &mut Tape) {
        let head = std::mem::take(&mut self.head);
        let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let length = match value("content-length:") {
            Some(length) => length.trim().parse().ok(),
            None if value("transfer-encoding:").is_some() => None,
            None => Some(0),
        };
        let connection = self.connection;
        self.messages(tape).push(Recorded { connection, head, body: Vec::new() });
        self.advance(0, length);
    }

    fn advance(&mut self, seen: usize, length: Option<usize>) {
        if length == Some(seen) {
            self.body = None;
            self.message += 1;
        } else {
            self.body = Some((seen, length));
        }
    }

    fn change(&self, body: &mut [u8], seen: usize, tape: &mut Tape) {
        let Some(flip) = tape.flip else { return };
        let here = flip.direction == self.direction && flip.message == self.message;
        let at = flip.offset.checked_sub(seen).filter(|at| *at < body.len());
        if let (true, Some(at)) = (here, at) {
            body[at] ^= flip.mask;
            tape.flip = None;
            tape.flipped += 1;
        }
    }
}
