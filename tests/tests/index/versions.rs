//! A later version of a contract, with another interface, beside the first: its rows are in the same table.

use alloy::{
    hex,
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolCall as _,
};
use conet_bindings::DappRegistry;
use conet_tests::{eventually, index::Indexer};
use serde_json::{Value, json};

use super::Scene;

/// What the later version emits: prices have currencies there.
fn interface() -> Value {
    let input = |name: &str, kind: &str, indexed: bool| json!({ "name": name, "type": kind, "internalType": kind, "indexed": indexed });
    let inputs = [
        input("dapp", "uint256", true),
        input("price", "uint64", false),
        input("currency", "uint32", false),
    ];
    json!([{ "type": "event", "name": "PriceSet", "anonymous": false, "inputs": inputs }])
}

/// Code that emits that event with whatever it is called with: the program, the price, the currency.
fn emitter() -> Vec<u8> {
    let mut code = vec![0x60, 0x40, 0x60, 0x20, 0x5f, 0x37]; // CALLDATACOPY(to 0, from 32, 64 bytes)
    code.extend([0x5f, 0x35, 0x7f]); // CALLDATALOAD(0), PUSH32
    code.extend_from_slice(keccak256("PriceSet(uint256,uint64,uint32)").as_slice());
    code.extend([0x60, 0x40, 0x5f, 0xa2, 0x00]); // LOG2(from 0, 64 bytes), STOP
    // A transaction's code that deploys it: CODECOPY(to 0, from after this, all), RETURN.
    let size = u8::try_from(code.len()).expect("a short program");
    let deploy = [0x60, size, 0x60, 11, 0x5f, 0x39, 0x60, size, 0x5f, 0xf3, 0x00];
    [&deploy[..], &code].concat()
}

/// Sends a transaction of the first account, and gives its receipt.
async fn send(scene: &Scene, to: Option<Address>, data: &[u8]) -> Value {
    let payer = scene.call("eth_accounts", json!([])).await[0].clone();
    let request = json!([{ "from": payer, "to": to, "data": hex::encode_prefixed(data) }]);
    let sent = scene.call("eth_sendTransaction", request).await;
    let receipt = async || scene.call("eth_getTransactionReceipt", json!([sent])).await;
    // Its block comes a little after the transaction's hash.
    eventually("the transaction is in a block", async || !receipt().await.is_null()).await;
    let receipt = receipt().await;
    assert_eq!(receipt["status"], "0x1", "{receipt}");
    receipt
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_version_of_a_contract_fills_the_same_table() {
    let scene = Scene::new().await;
    let first = scene.world.contracts["DappRegistry"];
    let register = DappRegistry::registerCall {
        name: "Program".to_owned(),
        price: 5,
        manifestHash: B256::repeat_byte(1),
        uri: "https://example.org/manifest".to_owned(),
    };
    send(&scene, Some(first), &register.abi_encode()).await;
    let indexer = Indexer::start(&scene.bobo, &[]);
    indexer.until(scene.head().await).await;
    let deployed = send(&scene, None, &emitter()).await;
    let second: Address = serde_json::from_value(deployed["contractAddress"].clone()).unwrap();
    let set_price = async |dapp: u64, price: u64, currency: u64| {
        let words = [dapp, price, currency].map(|word| B256::from(U256::from(word)));
        send(&scene, Some(second), &words.concat()).await;
    };
    set_price(1, 7, 978).await;
    set_price(2, 9, 840).await;
    // Nobody told it of that one.
    indexer.until(scene.head().await).await;
    assert_eq!(indexer.get("/v1/dapps/1").await["record"]["price"], "5");
    assert_eq!(indexer.ask("/v1/dapps/2").await.unwrap().0, 404);
    indexer.kill().await;

    let file = scene.bobo.home().join("DappRegistry.v2.json");
    std::fs::write(&file, interface().to_string()).unwrap();
    let contract = format!("DappRegistry={second}={}", file.display());
    // Tables that were made without it are not what its chain says.
    let rpc = &scene.world.rpc_url;
    let refused = ["index", "verify", "--rpc", rpc, "--contract", &contract];
    let refused = scene.bobo.fails(&refused).await;
    assert!(refused.contains("say the same --contract"), "{refused}");

    // Made anew, they have both.
    let indexer = Indexer::start(&scene.bobo, &["--contract", &contract]);
    indexer.until(scene.head().await).await;
    let followed = indexer.get("/v1/contracts").await;
    let at = |contract: &&Value| contract["name"] == "DappRegistry";
    let addresses: Vec<_> = followed.as_array().unwrap().iter().filter(at).collect();
    let addresses: Vec<_> = addresses.iter().map(|contract| &contract["address"]).collect();
    assert_eq!(addresses, [&json!(first), &json!(second)]);
    let one = indexer.get("/v1/dapps/1").await["record"].clone();
    assert_eq!(one["name"], "Program", "what the first version said stays: {one}");
    assert_eq!((&one["price"], &one["currency"]), (&json!("7"), &json!(978)), "{one}");
    let other = indexer.get("/v1/dapps/2").await["record"].clone();
    assert_eq!((&other["price"], &other["currency"]), (&json!("9"), &json!(840)), "{other}");
    assert_eq!(indexer.rows("/v1/dapps").await.len(), 2);
    // It goes on with both.
    set_price(2, 11, 978).await;
    let set_price = DappRegistry::setPriceCall { dapp: U256::from(1), price: 13 };
    send(&scene, Some(first), &set_price.abi_encode()).await;
    indexer.until(scene.head().await).await;
    assert_eq!(indexer.get("/v1/dapps/1").await["record"]["price"], "13");
    assert_eq!(indexer.get("/v1/dapps/2").await["record"]["price"], "11");
    let set = indexer.rows("/v1/events?contract=DappRegistry&event=PriceSet").await;
    assert_eq!(set.len(), 4, "of both versions: {set:?}");
    scene.verify(&["--contract", &contract]).await;
}
