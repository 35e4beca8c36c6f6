//! A chain with very many events: contracts that do nothing but emit, at addresses that the indexer takes for ours.

use std::collections::BTreeMap;

use alloy::{
    network::TransactionBuilder as _,
    primitives::{Address, B256, Bytes, U256, bytes::BufMut as _},
    providers::{Provider, ProviderBuilder, RootProvider},
    rpc::types::TransactionRequest,
    sol_types::SolEvent,
};
use conet_bindings::{ConetToken, NodeRegistry};
use conet_indexer::catalogue::Catalogue;
use conet_measure::{BenchError, failed, wrong};

/// Nodes that the news are about.
pub(crate) const NODES: u16 = 500;

/// Anvil's own chain id.
pub(crate) const CHAIN_ID: u64 = 31_337;

const TOKEN: Address = Address::repeat_byte(0x11);
const REGISTRY: Address = Address::repeat_byte(0x22);

/// A chain that is ready.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) url: String,
    /// All of them: nine tenths transfers, which change no record, one tenth news of nodes, each of which does.
    pub(crate) events: u64,
    /// Of one block.
    pub(crate) per_block: u64,
    /// What anvil calls the chain as it was before.
    before: U256,
}

pub(crate) fn provider(url: &str) -> Result<RootProvider, BenchError> {
    let url = url.parse().map_err(failed("reading the RPC's URL"))?;
    Ok(ProviderBuilder::new().disable_recommended_fillers().connect_http(url))
}

/// The two contracts, by our names.
pub(crate) fn catalogue() -> Result<Catalogue, BenchError> {
    let addresses =
        BTreeMap::from([("ConetToken".to_owned(), TOKEN), ("NodeRegistry".to_owned(), REGISTRY)]);
    Catalogue::of_network(&addresses).map_err(failed("reading the interfaces"))
}

impl Filled {
    /// Fills an empty chain that nobody else mines.
    pub(crate) async fn new(url: &str, events: u64, per_block: u64) -> Result<Self, BenchError> {
        let emitter = Emitter::new(url).await?;
        let provider = &emitter.provider;
        let before: Result<U256, _> = provider.raw_request("evm_snapshot".into(), ()).await;
        let before = before.map_err(failed("keeping the empty chain"))?;
        let automine: Result<(), _> =
            provider.raw_request("evm_setAutomine".into(), (false,)).await;
        automine.map_err(failed("stopping anvil from mining"))?;
        let filled = Self { url: url.to_owned(), events, per_block, before };
        for block in 0..filled.blocks() {
            emitter.emit(block * per_block, per_block).await?;
            let mined: Result<U256, _> = provider.raw_request("evm_mine".into(), ()).await;
            drop(mined);
        }
        let came = provider.get_block_number().await.map_err(failed("asking for the head"))?;
        if came != filled.blocks() {
            return Err(wrong("filling the chain", format!("{came} blocks came")));
        }
        Ok(filled)
    }

    /// How many there are, after the first one, which is empty.
    pub(crate) const fn blocks(&self) -> u64 {
        self.events / self.per_block
    }

    /// Takes all blocks back, for others.
    pub(crate) async fn empty(self) -> Result<(), BenchError> {
        let step = "emptying the chain";
        let provider = provider(&self.url)?;
        let reverted: Result<bool, _> =
            provider.raw_request("evm_revert".into(), (self.before,)).await;
        match reverted.map_err(failed(step))? {
            true => Ok(()),
            false => Err(wrong(step, "anvil has forgotten how it was")),
        }
    }
}

/// Emits events on a chain.
#[derive(Debug)]
pub(crate) struct Emitter {
    pub(crate) provider: RootProvider,
    payer: Address,
}

impl Emitter {
    /// Puts the contracts there.
    pub(crate) async fn new(url: &str) -> Result<Self, BenchError> {
        let provider = provider(url)?;
        let accounts = provider.get_accounts().await.map_err(failed("asking for accounts"))?;
        let payer = *accounts.first().ok_or_else(|| wrong("paying", "anvil has no account"))?;
        for (address, code) in [(TOKEN, transfers()), (REGISTRY, news_of_nodes())] {
            let set: Result<(), _> =
                provider.raw_request("anvil_setCode".into(), (address, code)).await;
            set.map_err(failed("putting a contract there"))?;
        }
        Ok(Self { provider, payer })
    }

    /// Hands in transactions that emit so many events, the first with this number.
    pub(crate) async fn emit(&self, first: u64, count: u64) -> Result<(), BenchError> {
        let news = count / 10;
        for (to, count) in [(TOKEN, count - news), (REGISTRY, news)] {
            let input = [first, count].map(|word| B256::from(U256::from(word))).concat();
            let request = TransactionRequest::default()
                .with_from(self.payer)
                .with_to(to)
                .with_gas_limit(14_000_000)
                .with_input(input);
            // Nobody waits for it: the next block has it.
            let _ = self.provider.send_transaction(request).await.map_err(failed("emitting"))?;
        }
        Ok(())
    }
}

/// EVM code that runs `body` for i from calldata's first word on, as often as its second says. The stack is `i, end`.
fn each(body: &[u8]) -> Bytes {
    let mut code = vec![0x5f, 0x35]; // PUSH0 CALLDATALOAD: i
    code.extend([0x60, 0x20, 0x35, 0x81, 0x01]); // PUSH1 32 CALLDATALOAD DUP2 ADD: end
    let start = u16::try_from(code.len()).unwrap_or_default();
    code.push(0x5b); // JUMPDEST
    code.extend([0x80, 0x82, 0x10, 0x15]); // DUP1 DUP3 LT ISZERO: is i past the end?
    // PUSH2 exit JUMPI … SWAP1 PUSH1 1 ADD SWAP1 PUSH2 start JUMP
    let exit = code.len() + 4 + body.len() + 9;
    code.push(0x61);
    code.put_u16(u16::try_from(exit).unwrap_or_default());
    code.push(0x57);
    code.extend_from_slice(body);
    code.extend([0x90, 0x60, 0x01, 0x01, 0x90, 0x61]);
    code.put_u16(start);
    code.push(0x56);
    code.extend([0x5b, 0x00]); // JUMPDEST STOP
    code.into()
}

/// `Transfer(caller, i, i)`.
fn transfers() -> Bytes {
    let mut body = vec![0x81, 0x5f, 0x52]; // DUP2 PUSH0 MSTORE: the value
    body.extend([0x81, 0x33, 0x7f]); // DUP2 CALLER PUSH32: to, from, signature
    body.extend_from_slice(ConetToken::Transfer::SIGNATURE_HASH.as_slice());
    body.extend([0x60, 0x20, 0x5f, 0xa3]); // PUSH1 32 PUSH0 LOG3
    each(&body)
}

/// `NodeOnlineUpdated(i mod 500, i, i is odd)`.
fn news_of_nodes() -> Bytes {
    let mut body = vec![0x81, 0x5f, 0x52]; // DUP2 PUSH0 MSTORE: the serial
    body.extend([0x81, 0x60, 0x01, 0x16, 0x60, 0x20, 0x52]); // DUP2 PUSH1 1 AND PUSH1 32 MSTORE
    body.push(0x61);
    body.put_u16(NODES);
    body.extend([0x82, 0x06, 0x7f]); // DUP3 MOD PUSH32: the node, signature
    body.extend_from_slice(NodeRegistry::NodeOnlineUpdated::SIGNATURE_HASH.as_slice());
    body.extend([0x60, 0x40, 0x5f, 0xa2]); // PUSH1 64 PUSH0 LOG2
    each(&body)
}
