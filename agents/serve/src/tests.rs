use std::time::Instant;

use axum::{Router, body::Body, routing::get};
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};

use super::*;

const LIMITS: Limits = Limits {
    connections_max: 3,
    connections_per_address_max: 2,
    headers_max: 8,
    read_buffer_bytes_max: 8 << 10,
    head_max: Duration::from_millis(300),
    write_max: Duration::from_millis(300),
    shutdown_max: Duration::from_millis(500),
};

struct Port {
    at: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn port() -> Port {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let endless = || async {
        let chunk = Ok::<_, Infallible>(Bytes::from(vec![7; 1 << 20]));
        Body::from_stream(stream::repeat_with(move || chunk.clone()))
    };
    let router = Router::new().route("/", get(|| async { "here" })).route("/endless", get(endless));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, Arc::new(Routed(router)), LIMITS, stop.clone()));
    Port { at, stop, serving }
}

/// What comes back until the connection ends.
async fn asked(stream: &mut TcpStream, request: &str) -> String {
    // It may be closed already.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

async fn is_answered(at: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(at).await.unwrap();
    asked(&mut stream, GET).await.ends_with("here")
}

#[tokio::test]
async fn connections_of_one_address_are_counted() {
    let port = port().await;
    let waiting = [TcpStream::connect(port.at).await, TcpStream::connect(port.at).await];
    assert!(!is_answered(port.at).await, "a third one");
    drop(waiting);
    let start = Instant::now();
    while !is_answered(port.at).await {
        assert!(start.elapsed() < Duration::from_secs(5), "its place is never free again");
    }
}

#[tokio::test]
async fn heads_that_do_not_come_or_are_too_large_end_their_connection() {
    let port = port().await;
    let ended = async |request: &str| {
        let mut stream = TcpStream::connect(port.at).await.unwrap();
        let start = Instant::now();
        let answer = asked(&mut stream, request).await;
        assert!(start.elapsed() < Duration::from_secs(5));
        answer
    };
    assert!(!ended("GET / HT").await.contains("here"));
    let many: String = (0..9).map(|number| format!("a{number}: b\r\n")).collect();
    assert!(ended(&format!("GET / HTTP/1.1\r\nhost: a\r\n{many}\r\n")).await.contains(" 431 "));
    let long = "b".repeat(9 << 10);
    assert!(ended(&format!("GET / HTTP/1.1\r\nhost: {long}\r\n\r\n")).await.contains(" 431 "));
    assert!(ended(GET).await.ends_with("here"));
}

#[tokio::test]
async fn who_does_not_read_is_let_go() {
    let port = port().await;
    let mut stuck = TcpStream::connect(port.at).await.unwrap();
    stuck.write_all(GET.replace("GET / ", "GET /endless ").as_bytes()).await.unwrap();
    let mut other = TcpStream::connect(port.at).await.unwrap();
    other.write_all(GET.replace("GET / ", "GET /endless ").as_bytes()).await.unwrap();
    let start = Instant::now();
    while !is_answered(port.at).await {
        assert!(start.elapsed() < Duration::from_secs(5), "they hold their places for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn stopping_waits_for_what_is_under_way_and_not_for_ever() {
    let port = port().await;
    let mut reading = TcpStream::connect(port.at).await.unwrap();
    reading.write_all(GET.replace("GET / ", "GET /endless ").as_bytes()).await.unwrap();
    let mut buffer = vec![0; 1 << 16];
    assert!(reading.read(&mut buffer).await.unwrap() > 0);
    port.stop.cancel();
    let start = Instant::now();
    let mut serving = port.serving;
    loop {
        tokio::select! {
            served = &mut serving => break served.unwrap(),
            read = reading.read(&mut buffer) => assert!(read.unwrap() > 0),
        }
    }
    assert!(start.elapsed() >= LIMITS.shutdown_max && start.elapsed() < Duration::from_secs(5));
    assert!(TcpStream::connect(port.at).await.is_err(), "nobody listens any more");
}
