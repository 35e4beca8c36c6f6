//! A state on its way to another node. Who takes it over must know how its chain began, too: senders sign for it, and what
//! holds on the chain follows from it.

use alloy::primitives::{B256, Bytes};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use conet_ledger::{
    block::Header,
    genesis::{Chain, Genesis},
    state::State,
};

use super::Live;

#[derive(Debug, RlpEncodable, RlpDecodable)]
pub(super) struct Exported {
    genesis: Genesis,
    /// The state root of the genesis block.
    root: B256,
    state: Bytes,
}

impl Exported {
    /// None: the state is too long to travel.
    pub(super) fn new(live: &Live) -> Option<Self> {
        let root = live.chain.header().outcome.state_root;
        let state = live.state.encode().ok()?.into();
        Some(Self { genesis: live.chain.genesis().clone(), root, state })
    }

    pub(super) fn encode(&self) -> Bytes {
        alloy_rlp::encode(self).into()
    }

    /// The chain and the state, if the chain begins with this block, and the state is that after the header.
    pub(super) fn decode(bytes: &[u8], genesis: B256, header: &Header) -> Option<(Chain, State)> {
        let Self { genesis: of, root, state } = alloy_rlp::decode_exact(bytes).ok()?;
        let chain = Chain::new(of, root).ok().filter(|chain| {
            chain.hash() == genesis && chain.genesis().chain == header.proposal.chain
        })?;
        let state = State::decode(&state).ok()?;
        (state.root() == header.outcome.state_root).then_some((chain, state))
    }
}
