//! An indexer between nodes and the real one, that sends mail elsewhere.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    lied: AtomicUsize,
}

/// The indexer. Dropping it ends it.
#[derive(Debug)]
pub struct LyingIndex {
    /// Where it answers.
    pub url: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for LyingIndex {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl LyingIndex {
    /// In front of a real one, which may start later. It says of every route that node 1 is the agent.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(upstream: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let lied = AtomicUsize::new(0);
        let shared = Arc::new(Shared { upstream: upstream.to_owned(), client, lied });
        let listener =
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving =
            tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self { url, shared, serving }
    }

    /// How often it has.
    #[must_use]
    pub fn lied(&self) -> usize {
        self.shared.lied.load(Ordering::Relaxed)
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let asked = shared.client.get(format!("{}{uri}", shared.upstream)).send().await;
    let Ok(asked) = asked else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = StatusCode::from_u16(asked.status().as_u16()).expect("a status");
    let is_route = uri.path().starts_with("/v1/routes/") && status.is_success();
    if !is_route {
        return (status, Body::from_stream(asked.bytes_stream())).into_response();
    }
    shared.lied.fetch_add(1, Ordering::Relaxed);
    let mut view: Value = asked.json().await.expect("JSON");
    view["record"]["agent"] = "1".into();
    view["record"]["update"]["agent"] = "1".into();
    view.to_string().into_response()
}
