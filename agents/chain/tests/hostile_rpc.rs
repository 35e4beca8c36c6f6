//! RPCs that fail, lie or talk too much: an error comes out, never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::primitives::Address;
use conet_chain::{
    ChainError, ChainReader, Directory,
    limits::{RPC_ANSWER_BYTES_MAX, RPC_ATTEMPTS_MAX},
};
use conet_wire::{claim::EndpointPolicy, network::Network};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

fn network() -> Network {
    Network { chain_id: 5, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

/// Answers each call with what `answer` makes of the method and the number of calls before.
async fn serve<F>(answer: F) -> (String, Arc<AtomicUsize>)
where
    F: Fn(&str, usize) -> (u16, Vec<u8>) + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let (answer, counter) = (Arc::new(answer), Arc::clone(&calls));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, Arc::clone(&answer), Arc::clone(&counter)));
        }
    });
    (url, calls)
}

async fn talk<F>(mut stream: TcpStream, answer: Arc<F>, calls: Arc<AtomicUsize>)
where
    F: Fn(&str, usize) -> (u16, Vec<u8>),
{
    let mut request = Vec::new();
    let body = loop {
        let mut chunk = [0; 4096];
        let length = stream.read(&mut chunk).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        request.extend_from_slice(&chunk[..length]);
        let start = request.windows(4).position(|w| w == b"\r\n\r\n").map_or(0, |at| at + 4);
        if let Ok(body) = serde_json::from_slice::<Value>(&request[start..]) {
            break body;
        }
    };
    let before = calls.fetch_add(1, Ordering::SeqCst);
    let (status, body) = answer(body["method"].as_str().unwrap(), before);
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&body).await;
}

fn result(value: &Value) -> (u16, Vec<u8>) {
    (200, json!({"jsonrpc": "2.0", "id": 0, "result": value}).to_string().into_bytes())
}

/// A well-behaved beginning, so that a reader connects.
fn polite(method: &str) -> Option<(u16, Vec<u8>)> {
    match method {
        "eth_chainId" => Some(result(&json!("0x5"))),
        "eth_getCode" => Some(result(&json!("0x00"))),
        _ => None,
    }
}

async fn connect(rpc: &str) -> ChainReader {
    ChainReader::connect(rpc, network()).await.unwrap()
}

#[tokio::test]
async fn a_failing_rpc_is_asked_again_and_then_not_any_more() {
    let (url, calls) = serve(|_, before| match before {
        0 => (503, b"later".to_vec()),
        1 => (429, vec![]),
        _ => result(&json!("0x7")),
    })
    .await;
    let error = ChainReader::connect(&url, network()).await.unwrap_err();
    assert!(matches!(error, ChainError::WrongChain { expected: 5, found: 7 }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 3);

    let (url, calls) = serve(|_, _| (502, b"no".to_vec())).await;
    let error = ChainReader::connect(&url, network()).await.unwrap_err();
    assert!(matches!(error, ChainError::Connection { .. }), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), RPC_ATTEMPTS_MAX as usize);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let (url, calls) = serve(|_, _| (200, vec![b' '; RPC_ANSWER_BYTES_MAX + 1])).await;
    let error = ChainReader::connect(&url, network()).await.unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn nonsense_is_an_error() {
    let nested = vec![b'['; 1 << 20];
    let deep = [b"{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":".to_vec(), nested].concat();
    let answers: Vec<Vec<u8>> = vec![
        vec![],
        b"null".to_vec(),
        b"<html>".to_vec(),
        deep,
        result(&json!(null)).1,
        result(&json!("0xzz")).1,
        result(&json!({"number": "0x1"})).1,
        result(&json!([["0x"]])).1,
        json!({"jsonrpc": "2.0", "id": 0}).to_string().into_bytes(),
        json!({"jsonrpc": "2.0", "id": 0, "error": {"code": 3, "message": "x".repeat(1 << 20), "data": "0x1234"}})
            .to_string()
            .into_bytes(),
    ];
    for answer in answers {
        let text = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let (url, _) =
            serve(move |method, _| polite(method).unwrap_or_else(|| (200, answer.clone()))).await;
        let reader = connect(&url).await;
        for error in [
            reader.head().await.unwrap_err(),
            reader.nonce(Address::ZERO).await.unwrap_err(),
            reader.route(Address::ZERO).await.unwrap_err(),
            Directory::load_once(&reader, EndpointPolicy::Public).await.unwrap_err(),
        ] {
            assert!(error.to_string().len() < 1_000, "{text}: {error}");
        }
    }
}

#[tokio::test]
async fn lengths_that_lie_do_not_allocate() {
    // An ABI array that claims 2^64 - 1 elements, and one whose offset points at itself.
    let word = |value: u64| format!("{value:064x}");
    for data in [
        format!("0x{}{}", word(32), word(u64::MAX)),
        format!("0x{}{}", word(0), word(0)),
        format!("0x{}", word(32)),
        format!("0x{}{}{}", word(32), word(1 << 40), word(32).repeat(100)),
    ] {
        let header = json!({
            "hash": format!("0x{}", word(1)), "parentHash": format!("0x{}", word(2)),
            "sha3Uncles": format!("0x{}", word(0)), "miner": Address::ZERO,
            "stateRoot": format!("0x{}", word(0)), "transactionsRoot": format!("0x{}", word(0)),
            "receiptsRoot": format!("0x{}", word(0)), "logsBloom": format!("0x{}", "0".repeat(512)),
            "difficulty": "0x0", "number": "0x9", "gasLimit": "0x1", "gasUsed": "0x0",
            "timestamp": "0x1", "extraData": "0x", "mixHash": format!("0x{}", word(0)),
            "nonce": "0x0000000000000000", "baseFeePerGas": "0x1", "transactions": [], "uncles": []
        });
        let (url, _) = serve(move |method, _| {
            polite(method).unwrap_or_else(|| match method {
                "eth_getBlockByNumber" | "eth_getHeaderByNumber" => result(&header),
                _ => result(&json!(data)),
            })
        })
        .await;
        let reader = connect(&url).await;
        assert_eq!(reader.head().await.unwrap().number, 9);
        let call = tokio::time::timeout(Duration::from_secs(5), reader.nodes());
        match call.await.unwrap() {
            Ok((_, records)) => assert!(records.is_empty()),
            Err(error) => assert!(matches!(error, ChainError::Answer { .. }), "{error}"),
        }
    }
}
