//! How a user gets a chain: a signed request, told to all seats.
//!
//! ```text
//! POST /dle/v1/chains  NewChain ─► one seat ─ checks ─► all other seats check the same ─► the log: Open
//! ```
//!
//! The seat that a user asks tells the others before it proposes the opening: they vote for no entry with a chain that
//! they have not heard of, and know the first one of a chain alone. A request is its bound wallet's: EIP-712
//! `NewChain(bytes32 genesis,bytes32 salt,uint8 witnesses,uint8 validators,uint64 validUntil)` under the domain "CoNET DLE
//! request", version "1", the main chain's id; `genesis` is keccak256 of the genesis' RLP. A chain's id follows from that
//! wallet and a salt, so nobody takes the id that another has paid rent for.

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
use conet_committee::archive::item::Opening;
use conet_ledger::{
    genesis::{ChainClass, Genesis},
    transaction::recover,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{MainchainLimits, peers::Peers};
use crate::{
    client::ClientError,
    clock,
    group::Sitting,
    keys::WalletKey,
    ledgers::OpenError,
    open::{Begun, Opener},
    rpc::{RpcError, auth::request_domain, expect_kept, read_json},
    terms::Group,
};

/// Where chains are asked for.
pub const OPEN_PATH: &str = "/dle/v1/chains";

/// Where a seat tells another one.
const PASS_PATH: &str = "/dle/v1/chains/passed";

/// How far a genesis' time may be ahead of a seat's clock, and behind it, milliseconds. Blocks are never older than it.
const AHEAD_MS_MAX: u64 = 2_000;
const BEHIND_MS_MAX: u64 = 600_000;

/// For how long a request may say that it counts, seconds.
const COUNTS_S_MAX: u64 = 600;

/// Storage is paid for so long at least, seconds: a day, less the time that paying and asking may take.
const PAID_AHEAD_S_MIN: u64 = 86_400 - 3_600;

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

/// What one seat tells another: the request, and how it reads it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Passed {
    new: NewChain,
    opening: Opening,
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

    /// Signs it as the bound wallet.
    #[must_use]
    pub fn signed(mut self, key: &WalletKey) -> Self {
        self.signature = key.sign(self.digest()).into();
        self
    }

    fn digest(&self) -> B256 {
        let typed = types::NewChain {
            genesis: keccak256(alloy_rlp::encode(&self.genesis)),
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
    sitting: Sitting,
    peers: Peers,
    opener: Opener,
    limits: MainchainLimits,
    turns: Semaphore,
}

impl Openings {
    pub(super) fn new(
        chain: Mainchain,
        sitting: Sitting,
        peers: Peers,
        opener: Opener,
        limits: MainchainLimits,
    ) -> Self {
        let turns = Semaphore::new(limits.openings_at_once_max);
        Self(Arc::new(Inner { chain, sitting, peers, opener, limits, turns }))
    }

    pub(super) fn routes(self) -> Router {
        Router::new().route(OPEN_PATH, post(ask)).route(PASS_PATH, post(pass)).with_state(self)
    }

    /// Tells all seats, then proposes. The log does the rest.
    async fn open(&self, new: NewChain) -> Result<Opened, RpcError> {
        let _turn = self.0.turns.try_acquire().map_err(|_| RpcError::Busy)?;
        let (begun, opening) = self.check(&new).await?;
        self.0.opener.know(begun.clone(), opening.clone()).await.map_err(refused)?;
        let (chain, genesis) = (opening.chain, opening.genesis);
        let needed = self.0.sitting.seats().quorum();
        let passed = Passed { new, opening: opening.clone() };
        let told = self.0.peers.ask_all(PASS_PATH, &passed, needed - 1).await;
        let told: Vec<Result<Opening, ClientError>> = told;
        let seats = 1 + told.iter().flatten().filter(|theirs| **theirs == opening).count();
        if seats < needed {
            let why = told.into_iter().find_map(Result::err);
            let why = why.map_or_else(|| "they read it otherwise".into(), |why| why.to_string());
            return Err(RpcError::NoQuorum { needed, found: seats, why });
        }
        self.0.opener.propose(begun, opening).await.map_err(refused)?;
        Ok(Opened { chain, genesis, seats })
    }

    /// Knows what another seat was asked for, if this one reads it in the same way.
    async fn know(&self, passed: Passed) -> Result<Opening, RpcError> {
        let _turn = self.0.turns.try_acquire().map_err(|_| RpcError::Busy)?;
        let (begun, opening) = self.check(&passed.new).await?;
        expect(opening == passed.opening, "a chain as this seat reads it", || {
            format!("another: gas costs {} here", opening.gas_price)
        })?;
        self.0.opener.know(begun, opening.clone()).await.map_err(refused)?;
        Ok(opening)
    }

    /// Whether the group may open this chain, and how: by what this seat reads on the main chain. Cheap first.
    async fn check(&self, new: &NewChain) -> Result<(Begun, Opening), RpcError> {
        let genesis = &new.genesis;
        self.check_form(new)?;
        let signer = recover(new.digest(), &new.signature).ok();
        expect(signer == Some(genesis.wallet), "the bound wallet's signature", || {
            signer.map_or_else(|| "none".into(), |signer| format!("that of {signer}"))
        })?;
        let read = self.read_main_chain(genesis).await;
        let paid_through_s = read.map_err(|error| {
            tracing::warn!(%error, "the main chain cannot be read");
            RpcError::NoMainChain
        })?;
        let found = || format!("{}, paid is {paid_through_s}", genesis.paid_through_s);
        expect(genesis.paid_through_s <= paid_through_s, "a time until which rent is paid", found)?;
        let least = clock::unix_s() + PAID_AHEAD_S_MIN;
        expect(genesis.paid_through_s > least, "rent paid a day ahead", found)?;
        let (witnesses, validators) = (new.witnesses, new.validators);
        // Where no money is, nobody can pay for gas.
        let group = Group { creator: None, witnesses, validators, gas_price: 0 };
        self.0.opener.prepare(genesis.clone(), group).await.map_err(refused)
    }

    fn check_form(&self, new: &NewChain) -> Result<(), RpcError> {
        let Inner { sitting, limits, .. } = &*self.0;
        expect_kept(sitting, new.genesis.chain)?;
        let group = sitting.group();
        let (genesis, now_s) = (&new.genesis, clock::unix_s());
        let id = chain_id(group.main_chain_id, genesis.wallet, new.salt);
        let is_current = new.valid_until_s >= now_s && new.valid_until_s <= now_s + COUNTS_S_MAX;
        let now_ms = clock::unix_ms();
        let is_of_now =
            genesis.time_ms <= now_ms + AHEAD_MS_MAX && genesis.time_ms + BEHIND_MS_MAX >= now_ms;
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
        expect(is_first, "the first block of series 1, without a parent", || {
            format!("series {}, height {}", genesis.series, genesis.height)
        })?;
        let is_storage = genesis.class == ChainClass::Storage;
        expect(is_storage, "a storage chain", || "one that holds money: those are notes'".into())?;
        // Else its founder could write for ever and pay for a day.
        let unpaid = genesis.unpaid_selectors.len();
        expect(unpaid == 0, "a chain that takes nothing while it is unpaid", || {
            format!("one that takes {unpaid} calls")
        })?;
        expect(genesis.epoch == group.seats.epoch, "the group's epoch", || shown(&genesis.epoch))?;
        expect((1..=limits.witnesses_max).contains(&new.witnesses), "some witnesses", || {
            format!("{}, the most are {}", new.witnesses, limits.witnesses_max)
        })?;
        expect(new.validators <= limits.validators_max, "some validators", || {
            format!("{}, the most are {}", new.validators, limits.validators_max)
        })
    }

    /// Until when storage is paid, seconds since 1970.
    async fn read_main_chain(&self, genesis: &Genesis) -> Result<u64, ChainError> {
        let rent = self.0.chain.parameters().rentPerDay(genesis.class as u8).call().await?;
        if rent == 0 {
            return Ok(u64::MAX);
        }
        let anchor = self.0.chain.chain_anchor().anchorOf(genesis.chain).call().await?;
        Ok(anchor.paidThrough)
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
        OpenError::Taken { .. } => RpcError::Taken(error),
        error => {
            RpcError::Malformed { expected: "a genesis that can begin", found: error.to_string() }
        }
    }
}

async fn ask(
    State(openings): State<Openings>,
    request: Request,
) -> Result<(StatusCode, Json<Opened>), RpcError> {
    let max = openings.0.peers.body_bytes_max();
    let (_, _, new) = read_json(max, request, "a request for a chain").await?;
    openings.open(new).await.map(|opened| (StatusCode::ACCEPTED, Json(opened)))
}

/// From another seat, which tells all of them. A user who could tell one alone would make it propose what others do not
/// know.
async fn pass(
    State(openings): State<Openings>,
    request: Request,
) -> Result<Json<Opening>, RpcError> {
    let passed = openings.0.peers.admit(request, "a request for a chain").await?;
    openings.know(passed).await.map(Json)
}
