//! An indexer between nodes and the real one, that would like mail to go elsewhere, or nowhere.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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

/// What it does to routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// Nothing.
    None,
    /// Node 1 is the agent of all.
    OtherAgent,
    /// The first route that it ever saw of a wallet is still the newest one.
    OlderRoute,
    /// Nobody has one.
    Hides,
    /// Its answers are true, but it tells nobody of a route that changes.
    TellsNoChange,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    client: reqwest::Client,
    forgery: Mutex<Forgery>,
    /// The first answers that were seen, by path.
    first: Mutex<BTreeMap<String, String>>,
    asked: AtomicUsize,
    lied: AtomicUsize,
}

impl Shared {
    fn forgery(&self) -> MutexGuard<'_, Forgery> {
        self.forgery.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    /// In front of a real one, which may start later.
    ///
    /// # Panics
    /// When no port is free.
    pub async fn start(upstream: &str, forgery: Forgery) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            client,
            forgery: Mutex::new(forgery),
            first: Mutex::default(),
            asked: AtomicUsize::new(0),
            lied: AtomicUsize::new(0),
        });
        let listener =
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving =
            tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        Self { url, shared, serving }
    }

    /// Forges otherwise from now on; streams that are open stay as they are.
    pub fn tell(&self, forgery: Forgery) {
        *self.shared.forgery() = forgery;
    }

    /// How often it was asked for a route that there is.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::Relaxed)
    }

    /// How often it has forged.
    #[must_use]
    pub fn lied(&self) -> usize {
        self.shared.lied.load(Ordering::Relaxed)
    }
}

/// A stream of heads alone: of this event there is none in the stories.
const NOTHING_BUT_HEADS: &str =
    "/v1/events/stream?contract=RouteTable&event=EIP712DomainChanged&heads=true";

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> Response {
    let forgery = *shared.forgery();
    let tells_nothing = forgery == Forgery::TellsNoChange && uri.path() == "/v1/events/stream";
    let question = if tells_nothing { NOTHING_BUT_HEADS.to_owned() } else { uri.to_string() };
    shared.lied.fetch_add(usize::from(tells_nothing), Ordering::Relaxed);
    let asked = shared.client.get(format!("{}{question}", shared.upstream)).send().await;
    let Ok(asked) = asked else { return StatusCode::BAD_GATEWAY.into_response() };
    let status = StatusCode::from_u16(asked.status().as_u16()).expect("a status");
    let is_route = uri.path().starts_with("/v1/routes/") && status.is_success();
    if !is_route {
        return (status, Body::from_stream(asked.bytes_stream())).into_response();
    }
    shared.asked.fetch_add(1, Ordering::Relaxed);
    let said = asked.text().await.expect("an answer");
    let forged = shared.forge(forgery, uri.path(), &said);
    shared.lied.fetch_add(usize::from(forged.as_ref() != Some(&said)), Ordering::Relaxed);
    match forged {
        Some(forged) => forged.into_response(),
        None => (StatusCode::NOT_FOUND, r#"{"error":"there is none"}"#).into_response(),
    }
}

impl Shared {
    /// What it says instead; `None`: that there is no route.
    fn forge(&self, forgery: Forgery, path: &str, said: &str) -> Option<String> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.entry(path.to_owned()).or_insert_with(|| said.to_owned());
        match forgery {
            Forgery::None | Forgery::TellsNoChange => Some(said.to_owned()),
            Forgery::OlderRoute => Some(first.clone()),
            Forgery::Hides => None,
            Forgery::OtherAgent => {
                let mut view: Value = serde_json::from_str(said).expect("JSON");
                view["record"]["agent"] = "1".into();
                view["record"]["update"]["agent"] = "1".into();
                Some(view.to_string())
            }
        }
    }
}
