//! Asks archive nodes, as users do.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes};
use bytes::Bytes as Body;
use conet_committee::{archive::ProvenNotice, keys::NodeId};
use conet_ledger::block::SignedTransaction;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    clock,
    history::{History, Since},
    keys::WalletKey,
    rpc::{
        AccountView, Beginning, BlockView, Entries, EvidencePage, Question, Said, Selections,
        Status, Submitted, TransactionView, auth::Asked,
    },
};

/// The longest answer, bytes: a block, or some entries of the log.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may take: another seat is asked soon when one is gone.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// For how long a signed request counts, seconds.
const COUNTS_S: u64 = 60;

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The endpoint is none.
    #[error("expected an endpoint, found {0}")]
    Endpoint(String),
    /// No connection, or none that holds.
    #[error("expected an answer of {endpoint}, found none: {reason}")]
    NoAnswer {
        /// Who was asked.
        endpoint: String,
        /// Why there is none.
        reason: String,
    },
    /// The node says no.
    #[error("{endpoint} refused ({status}): {reason}")]
    Refused {
        /// Who was asked.
        endpoint: String,
        /// HTTP's word for it.
        status: StatusCode,
        /// The node's.
        reason: String,
    },
    /// Another form than expected.
    #[error("expected an answer that can be read from {endpoint}, found another: {reason}")]
    Form {
        /// Who was asked.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// Whether the node does not have what was asked for, or not yet.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::NOT_FOUND)
    }

    /// Whether the node cannot do it now, and says so.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Whether the node cannot be asked.
    #[must_use]
    pub const fn is_no_answer(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::Form { .. })
    }

    /// Whether another node may know: this one is away, busy, or behind.
    #[must_use]
    pub fn may_be_known_elsewhere(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || [StatusCode::NOT_FOUND, StatusCode::TOO_MANY_REQUESTS].contains(status)
            }
            _ => self.is_no_answer(),
        }
    }
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, ClientError>;

/// An archive node, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The node: signed requests name it.
    pub node: NodeId,
    /// `host:port`.
    pub endpoint: String,
}

/// Asks for one network. Keeps connections; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    http: HttpClient<HttpConnector, Full<Body>>,
    main_chain_id: u64,
}

impl Client {
    /// For the ledgers of one main chain. Must be called inside of a runtime.
    #[must_use]
    pub fn new(main_chain_id: u64) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_PATIENCE));
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { http, main_chain_id }
    }

    /// `GET`, signed if somebody signs. `chain` is zero where the question is about none.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get<T: DeserializeOwned>(
        &self,
        place: &Place,
        chain: B256,
        path: &str,
        signer: Option<&WalletKey>,
    ) -> Result<T> {
        self.ask(place, chain, (Method::GET, path), Body::new(), signer).await
    }

    /// `POST` of JSON, signed if somebody signs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        place: &Place,
        chain: B256,
        path: &str,
        body: &B,
        signer: Option<&WalletKey>,
    ) -> Result<T> {
        let body = serde_json::to_vec(body).map_err(|error| form(place, &error))?;
        self.ask(place, chain, (Method::POST, path), body.into(), signer).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        place: &Place,
        chain: B256,
        (method, path): (Method, &str),
        body: Body,
        signer: Option<&WalletKey>,
    ) -> Result<T> {
        let endpoint = &place.endpoint;
        let asked = (method.as_str(), path);
        let asked = Asked::of(self.main_chain_id, place.node, chain, asked, &body);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{endpoint}{path}"))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(signer) = signer {
            let (nonce, expiry) = (clock::unix_us(), clock::unix_s() + COUNTS_S);
            let signed = asked.authorization(signer, nonce, expiry);
            request = request.header(header::AUTHORIZATION, signed);
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|_| ClientError::Endpoint(endpoint.clone()))?;
        let answered = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let no_answer =
            |reason: String| ClientError::NoAnswer { endpoint: endpoint.clone(), reason };
        let (status, body) =
            answered.map_err(|_| no_answer("it took too long".into()))?.map_err(no_answer)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| form(place, &error));
        }
        Err(ClientError::Refused { endpoint: endpoint.clone(), status, reason: reason(&body) })
    }

    async fn exchange(
        &self,
        request: Request<Full<Body>>,
    ) -> std::result::Result<(StatusCode, Body), String> {
        let response = self.http.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
    }
}

fn form(place: &Place, error: &serde_json::Error) -> ClientError {
    ClientError::Form { endpoint: place.endpoint.clone(), reason: error.to_string() }
}

/// What a refusal says: `{"error": …}`, or whatever there is.
fn reason(body: &[u8]) -> String {
    let said = serde_json::from_slice::<serde_json::Value>(body).ok();
    let said = said.as_ref().and_then(|value| value.get("error")?.as_str());
    said.map_or_else(|| String::from_utf8_lossy(body).chars().take(400).collect(), str::to_owned)
}

/// The questions, by name.
impl Client {
    /// How the node and its group are.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn status(&self, place: &Place) -> Result<Status> {
        self.get(place, B256::ZERO, "/dle/v1/status", None).await
    }

    /// Final entries of the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn log(&self, place: &Place, from: u64, count: usize) -> Result<Entries> {
        let path = format!("/dle/v1/log?from={from}&count={count}");
        self.get(place, B256::ZERO, &path, None).await
    }

    /// The Selection Chain from a number on, or what of it is about one chain.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn selections(
        &self,
        place: &Place,
        chain: Option<B256>,
        from: u64,
    ) -> Result<Selections> {
        let of = chain.map(|chain| format!("&chain={chain}")).unwrap_or_default();
        self.get(place, B256::ZERO, &format!("/dle/v1/selections?from={from}{of}"), None).await
    }

    /// What it takes to draw again, after a number that the node gave.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn evidence(&self, place: &Place, after: u64) -> Result<EvidencePage> {
        self.get(place, B256::ZERO, &format!("/dle/v1/evidence?after={after}"), None).await
    }

    /// A part of the record of the node's own clock.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn history(&self, place: &Place, since: Since) -> Result<History> {
        let from = match since {
            Since::Count(count) => format!("from={count}"),
            Since::Event(event) => format!("event={event}"),
        };
        self.get(place, B256::ZERO, &format!("/dle/v1/history?{from}"), None).await
    }

    /// The public chains that the group keeps, by their ids, after one of them.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn chains(&self, place: &Place, after: B256) -> Result<Vec<ProvenNotice>> {
        self.get(place, B256::ZERO, &format!("/dle/v1/chains?after={after}"), None).await
    }

    /// Where a chain stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn chain(
        &self,
        place: &Place,
        chain: B256,
        signer: Option<&WalletKey>,
    ) -> Result<ProvenNotice> {
        self.get(place, chain, &format!("/dle/v1/chains/{chain}"), signer).await
    }

    /// How a chain began.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn genesis(
        &self,
        place: &Place,
        chain: B256,
        signer: Option<&WalletKey>,
    ) -> Result<Beginning> {
        self.get(place, chain, &format!("/dle/v1/chains/{chain}/genesis"), signer).await
    }

    /// A final block.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn block(
        &self,
        place: &Place,
        chain: B256,
        height: u64,
        signer: Option<&WalletKey>,
    ) -> Result<BlockView> {
        self.get(place, chain, &format!("/dle/v1/chains/{chain}/blocks/{height}"), signer).await
    }

    /// An account's nonce.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn account(
        &self,
        place: &Place,
        chain: B256,
        address: Address,
        signer: Option<&WalletKey>,
    ) -> Result<AccountView> {
        self.get(place, chain, &format!("/dle/v1/chains/{chain}/accounts/{address}"), signer).await
    }

    /// Asks the chain's contract.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn call(
        &self,
        place: &Place,
        chain: B256,
        caller: Address,
        data: Bytes,
        signer: Option<&WalletKey>,
    ) -> Result<Said> {
        let question = Question { caller, data };
        self.post(place, chain, &format!("/dle/v1/chains/{chain}/call"), &question, signer).await
    }

    /// Hands in a transaction.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn submit(
        &self,
        place: &Place,
        signed: &SignedTransaction,
        signer: Option<&WalletKey>,
    ) -> Result<Submitted> {
        let chain = signed.transaction.chain;
        self.post(place, chain, &format!("/dle/v1/chains/{chain}/transactions"), signed, signer)
            .await
    }

    /// A final transaction.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::is_not_found`] until it is final.
    pub async fn transaction(
        &self,
        place: &Place,
        chain: B256,
        hash: B256,
        signer: Option<&WalletKey>,
    ) -> Result<TransactionView> {
        self.get(place, chain, &format!("/dle/v1/chains/{chain}/transactions/{hash}"), signer).await
    }
}
