//! What a creator's operator does who wants two histories: a changed program with the node's own key. It signs two blocks
//! for one height, and shows both to a witness. Everything that it sends is in the nodes' own protocol.

use std::{path::Path, sync::Arc};

use alloy::{primitives::B256, signers::local::PrivateKeySigner};
use anyhow::{Context as _, bail};
use conet_committee::{
    archive::{
        ProvenNotice,
        item::{block_vote, impossible},
    },
    keys::{Keys, NodeId, Registry},
    message::{Message, Proposed},
    vote::{Phase, Voting},
};
use conet_dle::{
    keys::WalletKey,
    transport::{
        PARCEL_PATH,
        parcel::{Sealer, encode},
    },
};
use conet_ledger::block::{Body, Header, Proposal};
use conet_node::keys::NodeKeys;
use zeroize::Zeroizing;

use crate::ledgers::Ledgers;

/// The longest message of this program, bytes.
const MESSAGE_BYTES_MAX: usize = 1 << 16;

/// Signs two blocks that exclude each other, as the chain's creator, and sends both to its first witness.
pub(super) async fn sign_two_blocks(
    creators_home: &Path,
    proven: &ProvenNotice,
    ledgers: &Ledgers,
) -> anyhow::Result<()> {
    let notice = &proven.notice;
    let creator = notice.creator.context("a chain without a creator")?;
    let witness = *notice.witnesses.first().context("a chain without witnesses")?;
    let keys: Arc<dyn Keys> = Arc::new(key(NodeKeys::load(creators_home)?.wallet.signer())?);
    let registry: Arc<dyn Registry> = Arc::new(ledgers.nodes.clone());
    let voting = Voting::new(creator, keys.clone(), registry.clone(), ledgers.main);
    let (first, second) = (
        block(proven, ledgers, B256::repeat_byte(1))?,
        block(proven, ledgers, B256::repeat_byte(2))?,
    );
    let mut messages = Vec::new();
    for header in [first, second] {
        let create = voting.cast(block_vote(&header, Phase::Create, header.hash()));
        let proposed = Proposed { header, body: Body::default(), create, parent: None };
        let message = Message::Propose(Box::new(proposed));
        messages.push(encode(&message, MESSAGE_BYTES_MAX).context("a message that is too long")?);
    }
    let sealer = Sealer::new(creator, keys, registry, ledgers.main);
    deliver(sealer.seal(witness, &messages).bytes().to_vec(), ledgers, witness).await
}

fn key(signer: &PrivateKeySigner) -> anyhow::Result<WalletKey> {
    Ok(WalletKey::new(&Zeroizing::new(signer.to_bytes().0))?)
}

/// A next block as its group would sign it, on a parent that it makes up.
fn block(proven: &ProvenNotice, ledgers: &Ledgers, parent: B256) -> anyhow::Result<Header> {
    let notice = &proven.notice;
    let height = notice.height + 1;
    let signers = notice.signers(height).context("a chain whose group is not whole")?;
    let proposal = Proposal {
        chain: notice.chain,
        series: notice.series,
        height,
        view: notice.view,
        epoch: ledgers.seats.epoch,
        parent,
        time_ms: proven.time_ms(),
        paid_through_s: notice.paid_through_s,
        gas_price: notice.gas_price,
        members_hash: signers.hash(),
        body_hash: Body::default().hash(),
    };
    Ok(Header { proposal, outcome: impossible() })
}

/// Through whichever seat has the witness' stream.
async fn deliver(parcel: Vec<u8>, ledgers: &Ledgers, to: NodeId) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    for place in ledgers.places() {
        let url = format!("http://{}{PARCEL_PATH}", place.endpoint);
        let answer = http.post(url).body(parcel.clone()).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
    }
    bail!("no seat passes a parcel on to {to}")
}
