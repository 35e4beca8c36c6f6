//! How a user gets a chain: a signed request, told to all seats.
//!
//! ```text
//! POST /dle/v1/chains  NewChain ─► one seat ─ checks ─► all other seats check the same ─► the log: Open
//! ```
//!
//! The seat that a user asks tells the others before it puts the opening into the log: they vote for no entry with a
//! chain that they have not heard of. A request is its bound wallet's: EIP-712 `NewChain(bytes32 genesis,bytes32 salt,
//! uint8 witnesses,uint8 validators,uint64 validUntil)` under the domain "CoNET DLE request", version "1", the main
//! chain's id. A chain's id follows from that wallet and a salt, so nobody takes the id that another has paid rent for.

use std::sync::Arc;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{SolStruct as _, SolValue as _},
};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    routing::post,
};
use conet_chain::{ChainError, Mainchain};
use conet_ledger::{
    execute::found_chain,
    genesis::{ChainClass, Genesis},
    transaction::recover,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{MainchainLimits, peers::Peers};
use crate::{
    client::ClientError,
    clock,
    config::ArchiveGroup,
    keys::WalletKey,
    ledgers::OpenError,
    open::{Group, Opener},
    rpc::{RpcError, auth::request_domain},
};

/// Where chains are asked for.
pub const OPEN_PATH: &str = "/dle/v1/chains";

/// Where a seat tells another one.
const PASS_PATH: &str = "/dle/v1/chains/passed";

/// How far a genesis' time may be from a seat's clock, milliseconds.
const TIME_SKEW_MS_MAX: u64 = 600_000;

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        struct NewChain {
            bytes32 genesis;
            bytes32 salt;
            uint8 witnesses;
            uint8 validators;
            uint64 validUntil;
        }
    }
}

/// A user asks for a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChain {
    /// How it is to begin. The id is [`chain_id`].
    pub genesis: Genesis,
    /// What makes the id another one.
    pub salt: B256,
    /// How many witnesses.
    pub witnesses: u8,
    /// How many validators sign each block.
    pub validators: u8,
    /// Until when the request counts, seconds since 1970.
    pub valid_until_s: u64,
    /// The bound wallet's, 64 bytes, ERC-2098.
    pub signature: Bytes,
}

/// What was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The chain.
    pub chain: B256,
    /// Hash of its genesis block.
    pub genesis: B256,
    /// How many seats have taken it.
    pub seats: usize,
}

/// The id of a chain that a wallet asks for.
#[must_use]
pub fn chain_id(main_chain_id: u64, wallet: Address, salt: B256) -> B256 {
    keccak256(("CoNET chain".to_owned(), U256::from(main_chain_id), wallet, salt).abi_encode())
}

impl NewChain {
    /// A request that is not signed yet.
    #[must_use]
    pub const fn new(
        genesis: Genesis,
        salt: B256,
        (witnesses, validators): (u8, u8),
        valid_until_s: u64,
    ) -> Self {
        let signature = Bytes::new();
        Self { genesis, salt, witnesses, validators, valid_until_s, signature }
    }

    /// Signs it as the bound wallet. `hash` is that of the genesis block.
    #[must_use]
    pub fn signed(mut self, hash: B256, key: &WalletKey) -> Self {
        self.signature = key.sign(self.digest(hash)).into();
        self
    }

    fn digest(&self, genesis: B256) -> B256 {
        let typed = types::NewChain {
            genesis,
            salt: self.salt,
            witnesses: self.witnesses,
            validators: self.validators,
            validUntil: self.valid_until_s,
        };
        typed.eip712_signing_hash(&request_domain(self.genesis.main_chain_id))
    }
}

/// Opens chains at one seat. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Openings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chain: Mainchain,
    group: ArchiveGroup,
    peers: Peers,
    opener: Opener,
    limits: MainchainLimits,
    turns: Semaphore,
}

impl Openings {
    pub(super) fn new(
        chain: Mainchain,
        group: ArchiveGroup,
        peers: Peers,
        opener: Opener,
        limits: MainchainLimits,
    ) -> Self {
        let turns = Semaphore::new(limits.openings_at_once_max);
        Self(Arc::new(Inner { chain, group, peers, opener, limits, turns }))
    }

    pub(super) fn routes(self) -> Router {
        Router::new().route(OPEN_PATH, post(ask)).route(PASS_PATH, post(pass)).with_state(self)
    }

    /// Tells all seats, then opens. The log does the rest.
    async fn open(&self, new: NewChain) -> Result<Opened, RpcError> {
        let group = self.check(&new).await?;
        let told: Vec<Result<Opened, ClientError>> = self.0.peers.ask_all(PASS_PATH, &new).await;
        let (took, refused): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
        let (seats, needed) = (took.len() + 1, self.0.group.seats().quorum());
        if seats < needed {
            let why = refused.into_iter().find_map(Result::err);
            let found = why.map_or_else(|| "no seats".to_owned(), |error| error.to_string());
            let expected = "a chain that more than two thirds of the seats take";
            return Err(RpcError::Malformed { expected, found });
        }
        self.take(new, group, seats).await
    }

    async fn take(&self, new: NewChain, group: Group, seats: usize) -> Result<Opened, RpcError> {
        let opened = self.0.opener.open(new.genesis, group).await.map_err(refused)?;
        Ok(Opened { chain: opened.chain, genesis: opened.genesis, seats })
    }

    /// Whether the group may open this chain, and how: by what this seat reads on the main chain.
    async fn check(&self, new: &NewChain) -> Result<Group, RpcError> {
        let _turn = self.0.turns.try_acquire().map_err(|_| RpcError::Busy)?;
        let genesis = &new.genesis;
        self.check_form(new)?;
        let (codes, from) = (self.0.opener.codes.clone(), genesis.clone());
        let begun = tokio::task::spawn_blocking(move || found_chain(from, &codes)).await;
        let begun = begun.map_err(|_| RpcError::Busy)?;
        let (chain, _) = begun.map_err(|error| refused(error.into()))?;
        let signer = recover(new.digest(chain.hash()), &new.signature).ok();
        expect(signer == Some(genesis.wallet), "the bound wallet's signature", || {
            signer.map_or_else(|| "none".into(), |signer| format!("that of {signer}"))
        })?;
        let read = self.read_main_chain(genesis).await;
        let (paid_through_s, gas_price) = read.map_err(|error| {
            tracing::warn!(%error, "the main chain cannot be read");
            RpcError::Busy
        })?;
        let found = || genesis.paid_through_s.to_string();
        expect(genesis.paid_through_s <= paid_through_s, "a time until which rent is paid", found)?;
        expect(genesis.paid_through_s > clock::unix_s(), "rent paid ahead", found)?;
        let (witnesses, validators) = (new.witnesses, new.validators);
        Ok(Group { creator: None, witnesses, validators, gas_price })
    }

    fn check_form(&self, new: &NewChain) -> Result<(), RpcError> {
        let Inner { group, limits, .. } = &*self.0;
        let (genesis, now_s) = (&new.genesis, clock::unix_s());
        let id = chain_id(group.main_chain_id, genesis.wallet, new.salt);
        let is_current = new.valid_until_s >= now_s && new.valid_until_s <= now_s + 600;
        let is_of_now = genesis.time_ms.abs_diff(clock::unix_ms()) <= TIME_SKEW_MS_MAX;
        let is_first = genesis.series == 1 && genesis.height == 0 && genesis.parent.is_zero();
        let shown = |value: &dyn std::fmt::Display| value.to_string();
        expect(genesis.main_chain_id == group.main_chain_id, "this network", || {
            shown(&genesis.main_chain_id)
        })?;
        expect(genesis.chain == id, "the id of the wallet and salt", || shown(&genesis.chain))?;
        expect(is_current, "a request that counts for at most 10 minutes", || {
            shown(&new.valid_until_s)
        })?;
        expect(is_of_now, "a genesis of now", || shown(&genesis.time_ms))?;
        expect(is_first, "the first block of series 1", || shown(&genesis.height))?;
        expect(genesis.epoch == group.epoch, "the group's epoch", || shown(&genesis.epoch))?;
        expect((1..=limits.witnesses_max).contains(&new.witnesses), "some witnesses", || {
            format!("{}, the most are {}", new.witnesses, limits.witnesses_max)
        })?;
        expect(new.validators <= limits.validators_max, "some validators", || {
            format!("{}, the most are {}", new.validators, limits.validators_max)
        })
    }

    /// Until when storage is paid, seconds since 1970, and pico-dollars for a unit of gas.
    async fn read_main_chain(&self, genesis: &Genesis) -> Result<(u64, u64), ChainError> {
        let parameters = self.0.chain.parameters();
        let rent = parameters.rentPerDay(genesis.class as u8).call().await?;
        // Where no money is, nobody can pay for gas.
        let gas_price = match genesis.class {
            ChainClass::Asset => parameters.dleGasPrice().call().await?,
            ChainClass::Storage => 0,
        };
        if rent == 0 {
            return Ok((u64::MAX, gas_price));
        }
        let anchor = self.0.chain.chain_anchor().anchorOf(genesis.chain).call().await?;
        Ok((anchor.paidThrough, gas_price))
    }
}

fn expect(
    holds: bool,
    expected: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), RpcError> {
    if holds { Ok(()) } else { Err(RpcError::Malformed { expected, found: found() }) }
}

fn refused(error: OpenError) -> RpcError {
    match error {
        OpenError::Stopped => RpcError::Busy,
        error => {
            RpcError::Malformed { expected: "a genesis that can begin", found: error.to_string() }
        }
    }
}

async fn ask(
    State(openings): State<Openings>,
    Json(new): Json<NewChain>,
) -> Result<(StatusCode, Json<Opened>), RpcError> {
    openings.open(new).await.map(|opened| (StatusCode::ACCEPTED, Json(opened)))
}

/// From another seat, which tells all of them. A user who could tell one alone would make it propose what others do not
/// know.
async fn pass(
    State(openings): State<Openings>,
    request: Request,
) -> Result<Json<Opened>, RpcError> {
    let new = openings.0.peers.admit(request, "a request for a chain").await?;
    let group = openings.check(&new).await?;
    openings.take(new, group, 1).await.map(Json)
}
