//! The explorer in a real browser: every kind of page shows what is there, to everybody, and changes by itself.

use std::{path::Path, process::Stdio};

use alloy::{
    hex,
    primitives::{B256, U256},
    providers::{Provider as _, ProviderBuilder, RootProvider},
    sol_types::SolEvent as _,
};
use conet_bindings::NodeRatings::{NodeRated, Payment, RatingRecord};
use conet_committee::{
    keys::NodeId,
    roulette::{
        request::{Outcome, Request},
        selection::Selection,
    },
};
use conet_indexer::store::{DrawRow, SqliteStore, Store as _};
use conet_tests::{eventually, index::Indexer, story::Story};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

/// The node that Bobo chooses, and rates.
const AGENT: u64 = 2;

/// Which nodes the draws drew: two that serve, and one that stands by.
const DRAWN: [u64; 3] = [4, 1, 3];

/// Development chains have this account, and send for it without a signature.
const ANYBODY: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

/// Code that logs what it is given: three topics, then the data.
const LOGGER: &str = "0x606036038060605f376040356020355f35835fa300";

/// A program of other people.
fn foreign(program: &str, task: &[&str]) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign").join(program);
    let mut command = Command::new("node");
    command.arg(script).args(task).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// What it says at its end; nothing may be wrong.
async fn report(program: &str, task: &[&str]) -> Value {
    let output = foreign(program, task).output().await.unwrap();
    assert!(output.status.success(), "{program} {task:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["problems"], json!([]));
    report
}

/// A network in which all has happened that the explorer shows, but for Bobo's route and his vote.
struct Scene {
    story: Story,
    indexer: Indexer,
    chain: String,
    proposal: String,
}

impl Scene {
    async fn new() -> Self {
        let story = Story::begin().await;
        note(&story).await;
        name(&story).await;
        rate(&story).await;
        let file = story.path("explorer.db");
        let indexer = Indexer::start(&story.net.person, &["--store", &file]);
        indexer.until(head(&story).await).await;
        let chains = indexer.rows("/v1/chains").await;
        let chain = chains[0]["record"]["chain"].as_str().unwrap().to_owned();
        // Nobody else writes into its tables while it runs.
        indexer.kill().await;
        draw(Path::new(&file), chain.parse().unwrap()).await;
        let indexer = Indexer::start(&story.net.person, &["--store", &file]);
        propose(&story).await;
        indexer.until(head(&story).await).await;
        let proposals = indexer.rows("/v1/proposals").await;
        let proposal = proposals[0]["record"]["proposalId"].as_str().unwrap().to_owned();
        Self { story, indexer, chain, proposal }
    }

    async fn record(&self, path: &str) -> Value {
        self.indexer.get(&format!("/v1/{path}")).await["record"].clone()
    }
}

async fn head(story: &Story) -> u64 {
    story.net.chain.provider().get_block_number().await.unwrap()
}

/// A note of 25 dollars that Peter left with 20, and an order that waits.
async fn note(story: &Story) {
    story.one(&["cash", "mint", "--wallet", "bobo", "--amount", "25"]).await;
    story.issue("1").await;
    story.withdraw("0", story.peter, "20", "7").await;
    story.one(&["cash", "mint", "--wallet", "bobo", "--amount", "10"]).await;
}

/// Bobo's own name.
async fn name(story: &Story) {
    let net = &story.net;
    let register = ["name", "register", "bobo", "--wallet", "bobo"];
    let registering = net.person.command(&register).spawn().expect("it runs");
    let names = net.chain.names();
    eventually("it is committed", async || {
        let logs = names.Committed_filter().from_block(0).query().await;
        !logs.expect("logs").is_empty()
    })
    .await;
    net.pass(61).await;
    let output = registering.wait_with_output().await.expect("it ends");
    assert!(output.status.success(), "{output:?}");
    story.one(&["name", "primary", "bobo", "--wallet", "bobo"]).await;
}

async fn call(story: &Story, method: &'static str, parameters: Value) -> Value {
    let url = story.net.network.rpc_url.parse().unwrap();
    let provider: RootProvider = ProviderBuilder::default().connect_http(url);
    provider.raw_request(method.into(), parameters).await.unwrap()
}

/// What the contract logs when Bobo rates his agent. A payment by a small chain would have to come before: here the
/// contract has other code for a moment, which only logs.
async fn rate(story: &Story) {
    let contract = story.net.chain.address("NodeRatings");
    let rated = NodeRated {
        node: U256::from(AGENT),
        payer: story.bobo,
        stars: 4,
        comment: B256::right_padding_from(b"a hash of what he says"),
        payment: Payment::default(),
        record: RatingRecord::default(),
    };
    let log = rated.encode_log_data();
    let mut input = log.topics().concat();
    input.extend_from_slice(&log.data);
    let code = call(story, "eth_getCode", json!([contract, "latest"])).await;
    call(story, "anvil_setCode", json!([contract, LOGGER])).await;
    let data = hex::encode_prefixed(input);
    let transaction = json!({ "from": ANYBODY, "to": contract, "data": data });
    call(story, "eth_sendTransaction", json!([transaction])).await;
    call(story, "anvil_setCode", json!([contract, code])).await;
}

/// Puts what an archive group would have drawn for a chain into the tables.
async fn draw(file: &Path, chain: B256) {
    let store = SqliteStore::open(file).await.unwrap();
    let mut parent = B256::ZERO;
    let mut rows = Vec::new();
    for index in 0..3 {
        let request = Request {
            chain,
            height: 10 * index,
            role: conet_bindings::roles::WITNESS,
            seats: 2,
            standbys: 1,
            weighted: false,
            members: vec![NodeId(5)],
            logged_at: index,
            seed_height: index + 2,
            pool: B256::ZERO,
        };
        let nodes = DRAWN.map(NodeId).to_vec();
        let selection = Selection {
            index,
            parent,
            request,
            drawn_in: index + 3,
            seed: B256::repeat_byte(0x5e),
            pool: B256::ZERO,
            outcome: Outcome { nodes, skipped: Vec::new() },
        };
        parent = selection.id();
        let body = serde_json::to_string(&selection).unwrap();
        rows.push(DrawRow { group: 1, number: index, chain, body });
    }
    store.put_draws(rows).await.unwrap();
}

/// A proposal that is voted on. The chain's time stands still between blocks, so that it stays so.
async fn propose(story: &Story) {
    story.one(&["gov", "delegate", "--wallet", "bobo"]).await;
    call(story, "anvil_setBlockTimestampInterval", json!([1])).await;
    let propose = ["gov", "propose", "--wallet", "bobo", "exit-fee=0.25%", "--title", "Cheaper"];
    story.one(&propose).await;
    call(story, "anvil_mine", json!([U256::from(3)])).await;
}

/// Somebody looks while Bobo registers and votes: what they see changes by itself.
async fn changes_by_itself(scene: &Scene) {
    let Scene { story, indexer, proposal, .. } = scene;
    let (wallet, vote) = (format!("wallet/{}", story.bobo), format!("vote/{proposal}"));
    let node = format!("node/{AGENT}");
    let views =
        [&*wallet, "it holds", &node, "1 wallet chose it", &vote, "1 voter", "votes", "1 voter"];
    let task = [&["feed", &indexer.url, "Vote cast"][..], &views].concat();
    let mut watching = foreign("explorer.mjs", &task).spawn().unwrap();
    let mut said = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert_eq!(said.next_line().await.unwrap().as_deref(), Some("watching"));
    let agent = AGENT.to_string();
    story.one(&["register", "--wallet", "bobo", "--agent", &agent]).await;
    story.one(&["gov", "vote", "1", "yes", "--wallet", "bobo", "--reason", "less is more"]).await;
    let report = said.next_line().await.unwrap().expect("the pages show what changed");
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["problems"], json!([]));
}

/// An amount as pages write it: thousands apart, and no more digits than it has.
fn whole(amount: &Value, decimals: u32) -> String {
    let amount: U256 = amount.as_str().unwrap().parse().unwrap();
    let whole = (amount / U256::from(10).pow(U256::from(decimals))).to_string();
    let groups: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Pages of everything, and what the API says that must be on each.
async fn pages(scene: &Scene) -> Vec<(String, Vec<String>)> {
    let bobo = scene.story.bobo.to_string();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dollars = |value: &Value| format!("${}.00", whole(value, 6));
    let node = scene.record(&format!("nodes/{AGENT}")).await;
    let stake = &scene.indexer.rows(&format!("/v1/stakes?node={AGENT}")).await[0]["record"];
    let note = scene.record("notes/1").await;
    let order = scene.record("orders/2").await;
    let backing = scene.record("backing/notes").await;
    let supply = scene.record("supply/conet").await;
    let group = scene.record("archive-groups/1").await;
    let chain = scene.record(&format!("chains/{}", scene.chain)).await;
    let proposal = scene.record(&format!("proposals/{}", scene.proposal)).await;
    let vote = &scene.indexer.rows("/v1/votes").await[0]["record"];
    let newest = scene.indexer.rows("/v1/events?limit=1").await[0]["block"].clone();
    let events = scene.indexer.rows(&format!("/v1/events?block={newest}")).await.len();
    let events = format!("{events} event{}", if events == 1 { "" } else { "s" });
    let signers = group["signers"].as_array().unwrap().iter().map(text).collect();
    let votes = whole(&proposal["for"], 18);
    assert_eq!(vote["weight"], proposal["for"]);
    [
        (String::new(), vec![whole(&supply["supply"], 18), dollars(&backing["live"])]),
        ("nodes".to_owned(), vec!["#/node/5".to_owned()]),
        (
            format!("node/{AGENT}"),
            vec![
                text(&node["wallet"]),
                text(&node["endpoints"][0]),
                whole(&stake["bonded"], 18),
                format!("#/wallet/{bobo}"),
                "4 ★".to_owned(),
            ],
        ),
        (format!("wallet/{bobo}"), vec![bobo.clone(), "#/name/bobo".to_owned()]),
        ("name/bobo".to_owned(), vec![bobo.clone(), "it holds".to_owned()]),
        (
            "notes".to_owned(),
            vec![dollars(&backing["deposited"]), dollars(&order["amount"]), "placed".to_owned()],
        ),
        (
            "note/1".to_owned(),
            vec![dollars(&note["deposit"]), dollars(&note["live"]), whole(&note["burn"], 18)],
        ),
        ("chains".to_owned(), vec!["group 1".to_owned(), "stand by".to_owned()]),
        (
            format!("chain/{}", scene.chain),
            vec![text(&chain["chain"]), "witness".to_owned(), "Note 1".to_owned()],
        ),
        ("group/1".to_owned(), signers),
        ("votes".to_owned(), vec!["Cheaper".to_owned(), votes.clone(), "1 voter".to_owned()]),
        (
            format!("vote/{}", scene.proposal),
            vec![scene.proposal.clone(), votes, text(&vote["reason"])],
        ),
        ("supply".to_owned(), vec![whole(&supply["supply"], 18), whole(&supply["burned"], 18)]),
        ("feed".to_owned(), vec!["Vote cast".to_owned()]),
        (format!("block/{newest}"), vec![events]),
        ("tables".to_owned(), vec!["routes".to_owned()]),
        ("tables/routes".to_owned(), vec![bobo]),
        ("api".to_owned(), vec!["/v1/nodes/{id}".to_owned(), "/v1/supply/conet".to_owned()]),
    ]
    .to_vec()
}

/// The draws' nodes are those that were drawn, and nobody else.
async fn draws_are_told(scene: &Scene) {
    let draws = scene.indexer.rows(&format!("/v1/draws?chain={}", scene.chain)).await;
    assert_eq!(draws.len(), 3);
    assert!(draws.iter().all(|draw| draw["draw"]["outcome"]["nodes"] == json!(DRAWN)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_explorer_shows_the_network_to_everybody() {
    let scene = Scene::new().await;
    changes_by_itself(&scene).await;
    scene.indexer.until(head(&scene.story).await).await;
    draws_are_told(&scene).await;
    report("openapi.mjs", &[&scene.indexer.url]).await;

    let shots = scene.story.path("shots");
    std::fs::create_dir(&shots).unwrap();
    let pages = pages(&scene).await;
    let views = pages.iter().map(|(view, _)| view.as_str());
    let task: Vec<_> = ["look", &scene.indexer.url, &shots].into_iter().chain(views).collect();
    let seen = report("explorer.mjs", &task).await;
    for ((view, said), seen) in pages.iter().zip(seen["seen"].as_array().unwrap()) {
        let text = seen["text"].as_str().unwrap().to_lowercase();
        for said in said {
            assert!(text.contains(&said.to_lowercase()), "{view} does not say {said}: {text}");
        }
    }
}
