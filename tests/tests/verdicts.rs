//! A creator that signs a wrong result (white paper, *The Archive Node Role*): a witness executes the block and says
//! otherwise, the archive group judges, and the main chain takes what it certifies.

use std::{path::Path, sync::Arc};

use alloy::primitives::{B256, U256};
use conet_bindings::roles;
use conet_committee::{
    archive::{ProvenNotice, item::block_vote},
    keys::{Keys, NodeId, Registry},
    message::{Message, Proposed},
    vote::{Phase, Voting},
};
use conet_dle::{
    client::{Client, Place},
    keys::WalletKey,
    registry::{NodeEntry, NodeMap},
    transport::{
        PARCEL_PATH,
        parcel::{Sealer, encode},
    },
};
use conet_ledger::block::{Body, Header, Outcome, Proposal};
use conet_node::keys::NodeKeys;
use conet_tests::{devnet::Devnet, eventually};
use zeroize::Zeroizing;

const SEATS: usize = 4;
const NODES: usize = 11;

fn place(net: &Devnet, id: u64) -> Place {
    let node = net.network.nodes.iter().find(|node| node.id == id).unwrap();
    Place { node: NodeId(id), endpoint: node.endpoint.to_string() }
}

/// The next block of a chain, with a result that nobody else gets.
fn wrong_block(proven: &ProvenNotice) -> Header {
    let notice = &proven.notice;
    let height = notice.height + 1;
    let proposal = Proposal {
        chain: notice.chain,
        series: notice.series,
        height,
        view: notice.view,
        epoch: 1,
        parent: notice.hash,
        time_ms: proven.time_ms() + 1,
        paid_through_s: notice.paid_through_s,
        gas_price: notice.gas_price,
        members_hash: notice.signers(height).unwrap().hash(),
        body_hash: Body::default().hash(),
    };
    let state_root = B256::repeat_byte(7);
    let outcome = Outcome { gas_used: 21_000, fees: 0, receipts_root: B256::ZERO, state_root };
    Header { proposal, outcome }
}

/// As the creator's changed program would say it to a witness: through a seat that has the witness' stream.
async fn propose(net: &Devnet, home: &Path, proven: &ProvenNotice) {
    let notice = &proven.notice;
    let (creator, witness) = (notice.creator.unwrap(), notice.witnesses[0]);
    let secret = NodeKeys::load(home).unwrap().wallet.signer().to_bytes().0;
    let keys: Arc<dyn Keys> = Arc::new(WalletKey::new(&Zeroizing::new(secret)).unwrap());
    let wallet = NodeKeys::load(home).unwrap().wallet.address();
    let registry: Arc<dyn Registry> =
        Arc::new(NodeMap::new([NodeEntry::new(creator, wallet, None)]));
    let (chain_id, slasher) = (net.network.chain_id, net.chain.address("Slasher"));
    let voting = Voting::new(creator, keys.clone(), registry.clone(), (chain_id, slasher));
    let header = wrong_block(proven);
    let create = voting.cast(block_vote(&header, Phase::Create, header.hash()));
    let proposed = Proposed { header, body: Body::default(), create, parent: None };
    let message = encode(&Message::Propose(Box::new(proposed)), 1 << 16).unwrap();
    let sealer = Sealer::new(creator, keys, registry, (chain_id, slasher));
    let parcel = sealer.seal(witness, &[message]).bytes().to_vec();
    let http = reqwest::Client::new();
    for seat in 1..=4 {
        let url = format!("http://{}{PARCEL_PATH}", place(net, seat).endpoint);
        let answer = http.post(url).body(parcel.clone()).send().await.unwrap();
        if answer.status().is_success() {
            return;
        }
    }
    panic!("no seat passes it on to {witness}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_a_wrong_result_is_out_and_pays() {
    let net = Devnet::with_seats(NODES, SEATS, &[]).await;
    let person = &net.person;
    person.run(&["wallet", "new", "--name", "bobo"]).await;
    person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
    let create = ["chain", "create", "--wallet", "bobo", "--witnesses", "2", "--title", "A barn"];
    let chain = person.one(&create).await["chain"].as_str().unwrap().to_owned();
    let append = async |text: &str| {
        person.one(&["chain", "append", &chain, "--wallet", "bobo", "--text", text]).await
    };
    assert_eq!(append("built").await["height"], 1);

    let id: B256 = chain.parse().unwrap();
    let client = Client::new(net.network.chain_id);
    let proven = client.chain(&place(&net, 1), id, None).await.unwrap();
    let creator = proven.notice.creator.unwrap();
    let staking = net.chain.staking();
    let node = U256::from(creator.0);
    let staked = async || staking.bonded(node, roles::CREATOR).call().await.unwrap();
    let (before, seat) =
        (staked().await, net.chain.parameters().minimumStake(roles::CREATOR).call().await.unwrap());
    assert!(seat > U256::ZERO && before > seat);
    propose(&net, Path::new(&net.node_home(creator.0)), &proven).await;

    eventually("the main chain has slashed it", async || staked().await == before - seat).await;
    // It lies in a case as long as it may appeal.
    let frozen = staking.frozen(node, roles::CREATOR).call().await.unwrap();
    assert_eq!(frozen, seat);
    // The chain goes on without it, and nobody else paid.
    assert_eq!(append("painted").await["height"], 2);
    let now = client.chain(&place(&net, 1), id, None).await.unwrap().notice;
    assert!(now.creator.is_some() && now.creator != Some(creator), "{now:?}");
    assert_eq!(net.chain.slasher().caseCount().call().await.unwrap(), U256::ONE);
}
