//! What is read, as JSON.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes};
use conet_committee::{
    archive::ProvenNotice,
    log::Entry,
    roulette::selection::{Evidence, Selection},
};
use conet_ledger::{
    block::{Body, Header},
    genesis::{Chain, Genesis},
    receipt::Receipt,
    trie::InMemory,
};
use serde::{Deserialize, Serialize};

use super::{Rpc, RpcError};
use crate::{
    history::{self, History, Since},
    ledgers::Live,
};

/// `GET /dle/v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The node.
    pub node: u64,
    /// Its group.
    pub group: u32,
    /// The group's epoch.
    pub epoch: u64,
    /// The group's log.
    pub log: B256,
    /// The nodes with seats.
    pub seats: Vec<u64>,
    /// Of these, who is active.
    pub active: Vec<u64>,
    /// The newest final entry.
    pub height: u64,
    /// Its time, milliseconds since 1970.
    pub time_ms: u64,
    /// How many chains the group keeps.
    pub chains: usize,
    /// How many participants wait to be drawn.
    pub waiting: usize,
    /// Whether the log went on in a way that this node's rules forbid: it takes no part any more.
    pub diverged: bool,
}

/// `GET /dle/v1/log`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// In order.
    pub entries: Vec<Entry>,
}

/// `GET /dle/v1/selections`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selections {
    /// In order.
    pub selections: Vec<Selection>,
}

/// `GET /dle/v1/evidence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidencePage {
    /// What seeds are checked with, by epochs: all that the node has.
    pub keys: Vec<(u64, Bytes)>,
    /// What it takes to draw again, in order, each with the number that this node gave it. None: there is no more.
    pub evidence: Vec<(u64, Evidence)>,
}

/// `GET …/genesis`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beginning {
    /// How the chain began.
    pub genesis: Genesis,
    /// The genesis block's hash: senders sign it.
    pub hash: B256,
    /// The state root after it.
    pub root: B256,
}

/// How many pages of public chains are looked through for such as the log knows.
const PAGES_MAX: usize = 16;

impl Beginning {
    pub(super) fn of(chain: &Chain) -> Self {
        let (genesis, hash) = (chain.genesis().clone(), chain.hash());
        Self { genesis, hash, root: chain.header().outcome.state_root }
    }
}

/// `GET …/blocks/{height}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockView {
    /// Its hash.
    pub hash: B256,
    /// The block.
    pub header: Header,
    /// What it did; none when this node is still being sent it.
    pub body: Option<Body>,
    /// What became of its transactions; none when this node did not execute it.
    pub receipts: Option<Vec<Receipt>>,
}

/// `GET …/transactions/{hash}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionView {
    /// The block's height.
    pub height: u64,
    /// The block's hash.
    pub block: B256,
    /// Its place in the block.
    pub index: usize,
    /// What became of it; none when this node did not execute the block.
    pub receipt: Option<Receipt>,
}

/// `GET …/accounts/{address}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The nonce of its next transaction.
    pub nonce: u64,
    /// After this block.
    pub height: u64,
}

impl AccountView {
    pub(super) fn of(newest: &Live, address: Address) -> Self {
        let account = newest.state.account(address, &mut InMemory).ok().flatten();
        let nonce = account.unwrap_or_default().nonce;
        Self { nonce, height: newest.header.proposal.height }
    }
}

/// `POST …/call`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who asks.
    #[serde(default)]
    pub caller: Address,
    /// ABI-encoded call.
    pub data: Bytes,
}

/// What the contract says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether it did what it was to do.
    pub success: bool,
    /// What it used.
    pub gas_used: u64,
    /// What it returned, or said as it refused.
    pub output: Bytes,
    /// After this block.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
}

impl Rpc {
    pub(super) async fn status(&self) -> Result<Status, RpcError> {
        let (node, seats) = (self.node.0, self.sitting.seats());
        let status = self.runtime.look(move |actor| {
            let seat = actor.seat()?;
            let state = seat.state();
            Some(Status {
                node,
                group: seats.group,
                epoch: seats.number(),
                log: seats.log,
                seats: seats.nodes().iter().map(|node| node.0).collect(),
                active: state.active.iter().map(|node| node.0).collect(),
                height: state.height,
                time_ms: state.time_ms,
                chains: state.chains.len(),
                waiting: state.pool.len(),
                diverged: seat.has_diverged(),
            })
        });
        status.await?.ok_or(RpcError::NotFound { what: "a seat" })
    }

    pub(super) async fn entries(&self, from: u64, count: usize) -> Result<Entries, RpcError> {
        let count = count.min(self.limits.entries_per_answer_max);
        let entries = self.blocking(move |chains| chains.store().entries(from, count)).await?;
        Ok(Entries { entries })
    }

    pub(super) async fn selections(
        &self,
        chain: Option<B256>,
        from: u64,
    ) -> Result<Selections, RpcError> {
        let count = self.limits.rows_per_answer_max;
        let found = self.blocking(move |chains| chains.store().selections(chain, from, count));
        Ok(Selections { selections: found.await? })
    }

    pub(super) async fn evidence(&self, after: u64) -> Result<EvidencePage, RpcError> {
        let most = (self.limits.rows_per_answer_max, self.limits.evidence_bytes_max);
        self.blocking(move |chains| {
            let (keys, evidence) =
                (chains.store().seed_keys()?, chains.store().evidence(after, most)?);
            Ok(EvidencePage { keys, evidence })
        })
        .await
    }

    pub(super) async fn history(&self, since: Since) -> Result<History, RpcError> {
        let count = self.limits.rows_per_answer_max;
        let found = self.blocking(move |chains| history::segment(chains.store(), since, count));
        let segment = found.await?.ok_or(RpcError::NotFound { what: "a mark of its clock" })?;
        Ok(History { node: self.node.0, segment })
    }

    /// Some of the public chains after this one, by id; none: there are no more.
    pub(super) async fn public_chains(&self, after: B256) -> Result<Vec<ProvenNotice>, RpcError> {
        let count = self.limits.rows_per_answer_max;
        // Some that are on disk are another group's now.
        let kept = self.sitting.seats().branch.range();
        self.blocking(move |chains| {
            let (mut found, mut after) = (Vec::new(), after);
            for _ in 0..PAGES_MAX {
                if found.len() >= count {
                    break;
                }
                let public = chains.store().public_chains(after, kept.clone(), count)?;
                let Some(last) = public.last() else { break };
                after = *last;
                // The log may not know of all yet.
                let known = public.into_iter().filter_map(|chain| chains.notice(chain));
                found.extend(known.map(Arc::unwrap_or_clone));
            }
            found.truncate(count);
            Ok(found)
        })
        .await
    }

    pub(super) async fn block(&self, chain: B256, height: u64) -> Result<BlockView, RpcError> {
        let known = self.blocking(move |chains| chains.store().block_at(chain, height)).await?;
        let known = known.ok_or(RpcError::NotFound { what: "a block" })?;
        let hash = known.header.hash();
        Ok(BlockView { hash, header: known.header, body: known.body, receipts: known.receipts })
    }

    pub(super) async fn transaction(
        &self,
        chain: B256,
        hash: B256,
    ) -> Result<TransactionView, RpcError> {
        let found = self.blocking(move |chains| {
            let Some(place) = chains.store().place(hash)?.filter(|place| place.chain == chain)
            else {
                return Ok(None);
            };
            let block = chains.store().block_at(chain, place.height)?;
            Ok(block.map(|block| (place, block)))
        });
        let found = found.await?.ok_or(RpcError::NotFound { what: "a final transaction" })?;
        let (place, block) = found;
        let mut receipts = block.receipts.unwrap_or_default();
        let receipt = (place.index < receipts.len()).then(|| receipts.swap_remove(place.index));
        let (height, block, index) = (place.height, block.header.hash(), place.index);
        Ok(TransactionView { height, block, index, receipt })
    }

    pub(super) async fn call(
        &self,
        newest: Arc<Live>,
        Question { caller, data }: Question,
    ) -> Result<Said, RpcError> {
        let _turn = self.calls.acquire().await.map_err(|_| RpcError::Busy)?;
        let (height, hash) = (newest.header.proposal.height, newest.header.hash());
        let said = self.blocking(move |chains| Ok(chains.ask(&newest, caller, data))).await?;
        let said = said.ok_or(RpcError::NotFound { what: "a state" })?;
        let (success, gas_used, output) = (said.success, said.gas_used, said.output);
        Ok(Said { success, gas_used, output, height, hash })
    }
}
