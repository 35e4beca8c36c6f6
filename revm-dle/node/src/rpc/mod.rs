//! What users ask of an archive node. JSON; hashes, addresses and bytes are hexadecimal with `0x`.
//!
//! | request | answer |
//! |---|---|
//! | `GET /dle/v1/status` | the node, its log's height, its group |
//! | `GET /dle/v1/log?from=H&count=N` | final entries of the log, of those that are kept |
//! | `GET /dle/v1/selections?chain=C&from=N` | the Selection Chain from a number on, or what of it is about one chain |
//! | `GET /dle/v1/chains?after=C` | where the public chains stand, by their ids, after one of them |
//! | `GET /dle/v1/chains/{chain}` | where the chain stands, with the archive group's proof |
//! | `GET /dle/v1/chains/{chain}/genesis` | how it began |
//! | `GET /dle/v1/chains/{chain}/blocks/{height}` | a final block, with what became of its transactions |
//! | `GET /dle/v1/chains/{chain}/accounts/{address}` | its nonce after the newest final block |
//! | `POST /dle/v1/chains/{chain}/call` `{"caller","data"}` | what the contract says, as if called after the newest final block |
//! | `POST /dle/v1/chains/{chain}/transactions` a signed transaction | `202` and its hash: handed to the chain's group |
//! | `GET /dle/v1/chains/{chain}/transactions/{hash}` | its block and what became of it, once that is final |
//! | `GET /dle/v1/chains/{chain}/finality` | `text/event-stream`: each block that becomes final |
//!
//! Seats have two requests of their own to each other, `POST /dle/v1/chains/passed` and `/dle/v1/duties/sign`: see
//! [`crate::mainchain`].
//!
//! Who may ask about a chain that is not public: its owner, its group, seats of the archive group, who has sent a
//! transaction on it, and whom its contract names when asked `mayRead(address)`. They sign each request, see [`auth`].

pub mod auth;
mod handlers;
mod reads;
mod submit;

use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256};
use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use conet_committee::{archive::ProvenNotice, keys::NodeId};
use conet_ledger::{error::BadTransaction, execute::CHAIN_CONTRACT, genesis::Visibility};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::auth::{AuthError, Guard};
pub(crate) use self::handlers::read_json;
pub use self::{
    reads::{
        AccountView, Beginning, BlockView, Entries, EvidencePage, Question, Said, Selections,
        Status, TransactionView,
    },
    submit::Submitted,
};
use crate::{
    group::Sitting,
    ledgers::{Chains, Live, OpenError},
    metrics::{Metrics, Refusal},
    registry::NodeMap,
    runtime::{NoAnswer, Outlet, Runtime},
    store::StoreError,
};

/// Limits of what users ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpcLimits {
    /// Bytes of a request's body.
    pub body_bytes_max: usize,
    /// How long a request may say that it counts, seconds.
    pub request_seconds_max: u64,
    /// Requests remembered for one wallet.
    pub requests_per_wallet_max: usize,
    /// Requests remembered in all.
    pub requests_max: usize,
    /// Questions to contracts, and trials of transactions, at once.
    pub calls_max: usize,
    /// Entries of the log in one answer.
    pub entries_per_answer_max: usize,
    /// Chains, links of the Selection Chain, or marks of the clock, in one answer.
    pub rows_per_answer_max: usize,
    /// Bytes of what it takes to draw again, in one answer, but for the last piece of it.
    pub evidence_bytes_max: usize,
    /// Streams of finality open at once.
    pub finality_streams_max: usize,
}

impl Default for RpcLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 << 10,
            request_seconds_max: 600,
            requests_per_wallet_max: 1_024,
            requests_max: 1 << 18,
            calls_max: 4,
            entries_per_answer_max: 64,
            rows_per_answer_max: 256,
            evidence_bytes_max: 1 << 20,
            finality_streams_max: 4_096,
        }
    }
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum RpcError {
    /// Not what was expected.
    #[error("expected {expected}, found {found}")]
    Malformed {
        /// What should be there.
        expected: &'static str,
        /// What is.
        found: String,
    },
    /// Nobody signed it who can be known, or not for this.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The wallet has no part in the chain.
    #[error("expected a wallet that may read the chain, found another")]
    NotAllowed,
    /// It is not here.
    #[error("expected {what} that this node has, found none")]
    NotFound {
        /// What is looked for.
        what: &'static str,
    },
    /// Another archive group keeps the chain, since this one came from a split.
    #[error(
        "expected a chain that falls to archive group {group}, found another group's: the main chain \
         says whose (ArchiveGroups.groupOf)"
    )]
    Elsewhere {
        /// This node's group.
        group: u32,
    },
    /// The transaction can be in no block now.
    #[error("expected a transaction that can come, found one that cannot: {0}")]
    Transaction(#[from] BadTransaction),
    /// This node is not able to say so: its store failed, or it has not the chain's code.
    #[error(
        "expected a seat that can execute the chain's transactions, found one that cannot: ask another seat"
    )]
    Unable,
    /// The chain's group is not drawn yet.
    #[error("expected a chain with a group, found one whose group is not drawn yet")]
    NoGroup,
    /// The chain is to begin in another way.
    #[error(transparent)]
    Taken(OpenError),
    /// Too few seats would vote for it.
    #[error("expected at least {needed} seats that take the chain, found {found}: {why}")]
    NoQuorum {
        /// More than two thirds.
        needed: usize,
        /// How many take it.
        found: usize,
        /// Why another one does not.
        why: String,
    },
    /// The main chain does not answer.
    #[error("expected an answer of the main chain, found none: try again, or ask another seat")]
    NoMainChain,
    /// Only seats may ask.
    #[error("expected a seat of the archive group, found somebody else")]
    NotASeat,
    /// Beyond a limit.
    #[error("expected fewer requests at once, found too many")]
    Busy,
    /// The actor does not answer.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// Our database failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl RpcError {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::Auth(AuthError::Missing) => StatusCode::UNAUTHORIZED,
            Self::Auth(AuthError::TooMany) | Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Auth(_) | Self::NotAllowed | Self::NotASeat => StatusCode::FORBIDDEN,
            Self::Elsewhere { .. } => StatusCode::MISDIRECTED_REQUEST,
            Self::Taken(_) => StatusCode::CONFLICT,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Transaction(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unable
            | Self::NoGroup
            | Self::NoQuorum { .. }
            | Self::NoMainChain
            | Self::NoAnswer(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for RpcError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "a request failed");
        }
        (self.status(), Json(serde_json::json!({ "error": self.to_string() }))).into_response()
    }
}

/// Whether a chain falls to the group: what this node has of others may be old.
pub(crate) fn expect_kept(sitting: &Sitting, chain: B256) -> Result<(), RpcError> {
    let seats = sitting.seats();
    let is_kept = seats.branch.keeps(chain);
    if is_kept { Ok(()) } else { Err(RpcError::Elsewhere { group: seats.group }) }
}

alloy::sol! {
    /// What a chain's contract can say about who else may look.
    interface IReaders {
        /// Whether a wallet may read the chain.
        function mayRead(address wallet) external view returns (bool allowed);
    }
}

/// Answers users. Cheap to clone.
#[derive(Clone)]
pub struct Rpc {
    pub(crate) node: NodeId,
    pub(crate) runtime: Runtime,
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) nodes: NodeMap,
    pub(crate) sitting: Sitting,
    pub(crate) limits: RpcLimits,
    pub(crate) metrics: Metrics,
    guard: Arc<Mutex<Guard>>,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    main_chain_id: u64,
    /// Ends the streams.
    stop: CancellationToken,
}

impl std::fmt::Debug for Rpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rpc").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Rpc {
    /// For one archive node.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "each is a part of its own")]
    pub fn new(
        node: NodeId,
        main_chain_id: u64,
        runtime: Runtime,
        outlet: Arc<dyn Outlet>,
        nodes: NodeMap,
        sitting: Sitting,
        limits: RpcLimits,
        metrics: Metrics,
        stop: CancellationToken,
    ) -> Self {
        Self {
            guard: Arc::new(Mutex::new(Guard::new(limits.clone()))),
            calls: Arc::new(Semaphore::new(limits.calls_max)),
            streams: Arc::new(Semaphore::new(limits.finality_streams_max)),
            node,
            main_chain_id,
            runtime,
            outlet,
            nodes,
            sitting,
            limits,
            metrics,
            stop,
        }
    }

    /// The routes for users.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/dle/v1/status", get(handlers::status))
            .route("/dle/v1/log", get(handlers::log))
            .route("/dle/v1/selections", get(handlers::selections))
            .route("/dle/v1/evidence", get(handlers::evidence))
            .route("/dle/v1/history", get(handlers::history))
            .route("/dle/v1/chains", get(handlers::chains))
            .route("/dle/v1/chains/{chain}", get(handlers::chain))
            .route("/dle/v1/chains/{chain}/genesis", get(handlers::genesis))
            .route("/dle/v1/chains/{chain}/blocks/{height}", get(handlers::block))
            .route("/dle/v1/chains/{chain}/accounts/{address}", get(handlers::account))
            .route("/dle/v1/chains/{chain}/call", post(handlers::call))
            .route("/dle/v1/chains/{chain}/transactions", post(handlers::submit))
            .route("/dle/v1/chains/{chain}/transactions/{hash}", get(handlers::transaction))
            .route("/dle/v1/chains/{chain}/finality", get(handlers::finality))
            .with_state(self)
    }

    /// A chain's newest final block, if who asks may know it.
    async fn admit(
        &self,
        chain: B256,
        head: &http::request::Parts,
        body: &[u8],
    ) -> Result<Arc<Live>, RpcError> {
        expect_kept(&self.sitting, chain)?;
        let newest = self.blocking(move |chains| Ok(chains.newest(chain))).await?;
        let newest = newest.ok_or(RpcError::NotFound { what: "a chain" })?;
        if newest.chain.genesis().visibility == Visibility::Public {
            return Ok(newest);
        }
        let admitted = self.identify(chain, head, body, newest.clone()).await;
        if admitted.is_err() {
            self.metrics.refuse(Refusal::Unauthorized);
        }
        admitted.map(|()| newest)
    }

    async fn identify(
        &self,
        chain: B256,
        head: &http::request::Parts,
        body: &[u8],
        newest: Arc<Live>,
    ) -> Result<(), RpcError> {
        let asked = auth::Asked::new(self.main_chain_id, self.node, chain, head, body);
        let claim = self.guard().identify(&asked, head, crate::clock::unix_s())?;
        if !self.may_read(claim.wallet, newest).await? {
            return Err(RpcError::NotAllowed);
        }
        Ok(self.guard().remember(claim, crate::clock::unix_s())?)
    }

    fn guard(&self) -> std::sync::MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn may_read(&self, wallet: Address, newest: Arc<Live>) -> Result<bool, RpcError> {
        let genesis = newest.chain.genesis();
        if genesis.wallet == wallet {
            return Ok(true);
        }
        let members = self.notice(genesis.chain).await?.map(|known| known.notice.members());
        let nodes = self.nodes.all();
        let group = members.unwrap_or_default();
        let seats = self.sitting.seats();
        let mut group = seats.nodes().iter().chain(&group);
        if group.any(|node| nodes.get(node).is_some_and(|entry| entry.wallet == wallet)) {
            return Ok(true);
        }
        let _turn = self.calls.acquire().await.map_err(|_| RpcError::Busy)?;
        self.blocking(move |chains| Ok(is_named(chains, &newest, wallet))).await
    }

    async fn notice(&self, chain: B256) -> Result<Option<Arc<ProvenNotice>>, RpcError> {
        self.blocking(move |chains| Ok(chains.notice(chain))).await
    }

    /// Reads the disk or executes: not on a thread that serves connections.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Chains) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, RpcError> {
        let chains = self.runtime.chains().clone();
        let done = tokio::task::spawn_blocking(move || work(&chains)).await;
        done.map_err(|_| NoAnswer)?.map_err(RpcError::Store)
    }
}

/// Whether a wallet has sent something on a chain, or the contract says that it may read.
fn is_named(chains: &Chains, newest: &Live, wallet: Address) -> bool {
    use alloy::sol_types::SolCall as _;

    let account = newest.state.account(wallet, &mut conet_ledger::trie::InMemory);
    let has_sent = account.ok().flatten().is_some_and(|account| account.nonce > 0);
    if has_sent && wallet != CHAIN_CONTRACT {
        return true;
    }
    let data = IReaders::mayReadCall { wallet }.abi_encode();
    let said = chains.ask(newest, wallet, data.into()).filter(|said| said.success);
    said.is_some_and(|said| {
        IReaders::mayReadCall::abi_decode_returns_validate(&said.output).unwrap_or_default()
    })
}
