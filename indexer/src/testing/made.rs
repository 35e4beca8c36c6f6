//! A chain that is made up from a seed: blocks with events of our contracts, and reorganizations.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy::{
    dyn_abi::{DecodedEvent, DynSolType, DynSolValue},
    primitives::{Address, B256, Bloom, U256, keccak256},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use crate::{
    catalogue::{AbiError, Catalogue},
    chain::{Chunk, Header, Heads, Source, SourceError},
    decode::RawEvent,
    store::At,
};

/// How many blocks stay open to reorganizations.
const FINAL_DEPTH: u64 = 64;

/// Our contracts, each at an address of its own.
///
/// # Errors
/// [`AbiError`], which would be a mistake of the build.
pub fn our_catalogue() -> Result<Catalogue, AbiError> {
    let names = conet_bindings::abis::ABIS.iter().map(|(name, _)| (*name).to_owned());
    let addresses: BTreeMap<_, _> =
        names.map(|name| (name.clone(), Address::from_word(keccak256(name)))).collect();
    Catalogue::of_network(&addresses)
}

#[derive(Debug, Clone)]
struct Block {
    header: Header,
    events: Vec<RawEvent>,
}

#[derive(Debug)]
struct State {
    blocks: Vec<Block>,
    random: StdRng,
}

/// The chain. Clones are the same.
#[derive(Debug, Clone)]
pub struct MadeChain {
    state: Arc<Mutex<State>>,
    catalogue: Arc<Catalogue>,
    /// What may happen, in the same order every time: to find it out takes long.
    kinds: Arc<Vec<(Address, B256)>>,
    events_per_block_max: u64,
}

impl MadeChain {
    /// A chain with its first block.
    #[must_use]
    pub fn new(seed: u64, catalogue: Arc<Catalogue>, events_per_block_max: u64) -> Self {
        let state = State { blocks: Vec::new(), random: StdRng::seed_from_u64(seed) };
        let known = catalogue.known().map(|(address, known)| (address, known.event.selector()));
        let kinds = Arc::new(known.collect());
        let state = Arc::new(Mutex::new(state));
        let chain = Self { state, catalogue, kinds, events_per_block_max };
        chain.grow(1);
        chain
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the newest block.
    #[must_use]
    pub fn height(&self) -> u64 {
        (self.state().blocks.len() as u64).saturating_sub(1)
    }

    /// So many more blocks.
    pub fn grow(&self, blocks: u64) {
        let mut state = self.state();
        for _ in 0..blocks {
            let block = self.block(&mut state);
            state.blocks.push(block);
        }
    }

    /// Takes back so many blocks (never the first), and puts at least one more in their place.
    pub fn reorganize(&self, depth: u64, more: u64) {
        {
            let mut state = self.state();
            let keep = (state.blocks.len() as u64).saturating_sub(depth).max(1);
            state.blocks.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
        }
        self.grow(depth + more.max(1));
    }

    /// A copy that goes its own way from here on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let state = self.state();
        let copy = State { blocks: state.blocks.clone(), random: state.random.clone() };
        Self { state: Arc::new(Mutex::new(copy)), ..self.clone() }
    }

    fn block(&self, state: &mut State) -> Block {
        let number = state.blocks.len() as u64;
        let (parent, time) = state
            .blocks
            .last()
            .map_or((B256::ZERO, 1_700_000_000), |last| (last.header.at.hash, last.header.time));
        let count = state.random.random_range(0..self.events_per_block_max + 1);
        let mut bloom = Bloom::ZERO;
        let events = (0..count).map(|index| self.event(&mut state.random, number, index)).collect();
        for RawEvent { address, topics, .. } in &events as &Vec<RawEvent> {
            bloom.accrue_raw_log(*address, topics);
        }
        let at = At { number, hash: B256::from(state.random.random::<[u8; 32]>()) };
        let header = Header { at, parent, time: time + 1 + state.random.random_range(0..9), bloom };
        Block { header, events }
    }

    /// An event of one of the contracts, with values from so small a range that they meet again.
    fn event(&self, random: &mut StdRng, block: u64, index: u64) -> RawEvent {
        let pick = random.random_range(0..self.kinds.len() as u64);
        let pick = usize::try_from(pick).unwrap_or_default();
        let (transaction, unknown) = (
            B256::from(random.random::<[u8; 32]>()),
            RawEvent {
                block,
                index,
                transaction: B256::ZERO,
                address: Address::ZERO,
                topics: Vec::new(),
                data: Default::default(),
            },
        );
        let Some((address, selector)) = self.kinds.get(pick) else { return unknown };
        let Some(known) = self.catalogue.event(*address, *selector) else { return unknown };
        let values = |types: &[DynSolType], random: &mut StdRng| {
            types.iter().map(|each| value(each, random)).collect::<Vec<_>>()
        };
        let indexed = values(known.types.indexed(), random);
        let body = values(known.types.body(), random);
        let decoded = DecodedEvent { selector: Some(*selector), indexed, body };
        let (topics, data) = decoded.encode_log_data().split();
        RawEvent { block, index, transaction, address: *address, topics, data }
    }
}

fn value(of: &DynSolType, random: &mut StdRng) -> DynSolValue {
    match of {
        DynSolType::Bool => DynSolValue::Bool(random.random_range(0..2) == 1),
        DynSolType::Uint(bits) => DynSolValue::Uint(U256::from(random.random_range(0..4)), *bits),
        DynSolType::Int(bits) => DynSolValue::Int(Default::default(), *bits),
        // Zero among them: mints and burns.
        DynSolType::Address => {
            let byte = u8::try_from(random.random_range(0..4)).unwrap_or_default();
            DynSolValue::Address(Address::repeat_byte(byte))
        }
        DynSolType::FixedBytes(size) => {
            let byte = u8::try_from(random.random_range(0..4)).unwrap_or_default();
            let mut word = B256::ZERO;
            word.iter_mut().take(*size).for_each(|each| *each = byte);
            DynSolValue::FixedBytes(word, *size)
        }
        DynSolType::Bytes => DynSolValue::Bytes(vec![7; random.random_range(0..70) as usize]),
        DynSolType::String => {
            DynSolValue::String("ä\"\\☂ word ".repeat(random.random_range(0..4) as usize))
        }
        DynSolType::Array(inner) => {
            let count = random.random_range(0..3);
            DynSolValue::Array((0..count).map(|_| value(inner, random)).collect())
        }
        DynSolType::FixedArray(inner, count) => {
            DynSolValue::FixedArray((0..*count).map(|_| value(inner, random)).collect())
        }
        DynSolType::Tuple(parts) | DynSolType::CustomStruct { tuple: parts, .. } => {
            DynSolValue::Tuple(parts.iter().map(|part| value(part, random)).collect())
        }
        // Our events have no others.
        _ => DynSolValue::Bytes(Vec::new()),
    }
}

impl Source for MadeChain {
    async fn heads(&self) -> Result<Heads, SourceError> {
        let state = self.state();
        let latest = state.blocks.last().ok_or(SourceError::Missing { number: 0 })?.header;
        Ok(Heads { latest, finalized: latest.at.number.saturating_sub(FINAL_DEPTH) })
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        let place = usize::try_from(number).unwrap_or(usize::MAX);
        Ok(self.state().blocks.get(place).map(|block| block.header))
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        let state = self.state();
        let (first, last) = (usize::try_from(from), usize::try_from(to));
        let (first, last) = (first.unwrap_or(usize::MAX), last.unwrap_or(usize::MAX));
        let blocks = state.blocks.get(first..=last).ok_or(SourceError::Missing { number: to })?;
        Ok(Chunk {
            headers: blocks.iter().map(|block| block.header).collect(),
            events: blocks.iter().flat_map(|block| block.events.clone()).collect(),
        })
    }

    async fn wake(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
