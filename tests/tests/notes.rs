//! A note's life and a name's, as people type them, against a `conet devnet`.

use alloy::primitives::Address;
use conet_tests::{
    command::lines,
    eventually,
    story::{HASH, Story},
};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_is_ordered_issued_opened_left_and_sold_again() {
    let story = Story::begin().await;
    let (bobo, peter) = (story.bobo, story.peter);

    // Ordered: the deposit is paid, and nobody may mint before the seed.
    story.fails(&["cash", "mint", "--wallet", "bobo", "--amount", "0.5"], "AmountInvalid").await;
    story
        .fails(&["cash", "mint", "--wallet", "peter", "--amount", "25"], "expected 25 DevUSD6")
        .await;
    let before = story.net.balance("DevUSD6", bobo).await;
    let order = story.one(&["cash", "mint", "--wallet", "bobo", "--amount", "25"]).await;
    assert_eq!((&order["order"], &order["stage"]), (&1.into(), &"waiting".into()), "{order}");
    assert_eq!(story.net.balance("DevUSD6", bobo).await, before - 25_000_000);
    story.fails(&["cash", "issue", "1", "--wallet", "bobo"], "waits for a seed").await;
    story.fails(&["cash", "refund", "1", "--wallet", "bobo"], "DrawStateWrong").await;

    too_few_and_wrong_epochs(&story).await;
    story.submit("seed.cert.json").await;
    story
        .fails(
            &["archive", "submit", &story.path("seed.cert.json"), "--wallet", "bobo"],
            "SeedIndexInvalid",
        )
        .await;

    // Drawn, and minted by who was drawn.
    let order = story.order("1").await;
    assert_eq!(order["stage"], "drawn", "{order}");
    let issuer = order["issuer_node"].as_u64().expect("a node");
    let other = story.net.node_home(issuer % 5 + 1);
    story.fails(&["cash", "issue", "1", "--node-home", &other], "NotIssuer").await;
    let home = story.net.node_home(issuer);
    let minted = story.one(&["cash", "issue", "1", "--node-home", &home]).await;
    // 20% of $25, at $0.10 for one CoNET.
    assert_eq!((&minted["note"], &minted["burned_conet"]), (&1.into(), &"50".into()));
    assert_eq!(story.order("1").await["stage"], "minted");
    assert_eq!(story.note().await["status"], "minted");

    // Open.
    let genesis = story.open(HASH, &format!("{issuer},{}", issuer % 5 + 1)).await;
    assert_eq!((&genesis["series"], &genesis["deposit"]), (&1.into(), &25_000_000.into()));
    assert_eq!(story.order("1").await["stage"], "live");
    let note = story.note().await;
    assert_eq!(
        (&note["status"], &note["live_dollars"], &note["exit_fee"], &note["in_pool"]),
        (&"live".into(), &"25".into(), &"0.2%".into(), &false.into()),
        "{note}"
    );
    story.fails(&["cash", "pool", "take", "1", "--wallet", "bobo"], "NoteInUse").await;

    leave(&story, peter).await;

    // What its issuer may pull, pulled by anybody.
    let node_wallet: Address = note["issuer"].as_str().unwrap().parse().unwrap();
    assert_eq!(story.note().await["fees_owed_dollars"], "0.04");
    story.one(&["cash", "fees", "1", "--wallet", "bobo"]).await;
    assert_eq!(story.net.balance("DevUSD6", node_wallet).await, 40_000);
    let reissued = story.one(&["cash", "reissue", "1", "--wallet", "bobo"]).await;
    // Four fifths left, so four fifths of what was burned come back.
    assert_eq!(reissued["reissued_conet"], "40", "{reissued}");

    sold_again(&story).await;
}

/// Three of five are too few, an epoch that is not is refused, and so is what was changed.
async fn too_few_and_wrong_epochs(story: &Story) {
    let homes = story.net.node_homes();
    let made = story.one(&["archive", "seed", "--out", &story.path("seed.json")]).await;
    assert_eq!((&made["index"], &made["group"], &made["epoch"]), (&0.into(), &1.into(), &1.into()));
    let (statement, certificate) = (story.path("seed.json"), story.path("seed.cert.json"));
    let few = ["archive", "certify", &statement, "--node-home", &homes[0], &homes[1], &homes[2]];
    story.fails(&few, "at least 4 of 5 seats, found 3").await;

    let mut later = story.read("seed.json");
    later["epoch"] = 2.into();
    story.write("later.json", &later);
    let sign = ["archive", "sign", &story.path("later.json"), "--node-home", &homes[0]];
    story.fails(&sign, "found epoch 2").await;

    // By operators who share no computer.
    let mut arguments =
        vec!["archive", "certify", &statement, "--out", &certificate, "--signature"];
    let files: Vec<_> = (1..5).map(|seat| story.path(&format!("signature-{seat}.json"))).collect();
    for (home, file) in homes.iter().skip(1).zip(&files) {
        story.one(&["archive", "sign", &statement, "--node-home", home, "--out", file]).await;
    }
    arguments.extend(files.iter().rev().map(String::as_str));
    assert_eq!(story.one(&arguments).await["signers"], 4);

    let mut changed = story.read("seed.cert.json");
    changed["certificate"]["epoch"] = 9.into();
    story.write("changed.json", &changed);
    let submit = ["archive", "submit", &story.path("changed.json"), "--wallet", "bobo"];
    story.fails(&submit, "EpochNotCurrent").await;
    let mut changed = story.read("seed.cert.json");
    changed["statement"]["value"] = json!(HASH);
    story.write("changed.json", &changed);
    story.fails(&submit, "expected a certificate over").await;
}

/// $20 leave: the recipient gets them less 0.2%, once.
async fn leave(story: &Story, peter: Address) {
    let (recipient, out) = (peter.to_string(), story.path("exit.json"));
    let exit = [
        "archive",
        "exit",
        "1",
        "--id",
        "0",
        "--recipient",
        &recipient,
        "--amount",
        "20",
        "--height",
        "7",
        "--block-hash",
        HASH,
        "--out",
        &out,
    ];
    story.one(&exit).await;
    story.certify("exit.json", "exit.cert.json", 4).await;
    let certificate = story.path("exit.cert.json");
    let paid =
        story.one(&["cash", "exit", "--certificate", &certificate, "--wallet", "bobo"]).await;
    assert_eq!(
        (&paid["paid_dollars"], &paid["fee_dollars"]),
        (&"19.96".into(), &"0.04".into()),
        "{paid}"
    );
    assert_eq!(story.net.balance("DevUSD6", peter).await, 19_960_000);
    let again = ["cash", "exit", "--certificate", &certificate, "--wallet", "bobo"];
    story.fails(&again, "AlreadyPaid").await;
    story.fails(&exit, "found number 0 of note 1 paid").await;
    let seed = ["cash", "exit", "--certificate", &story.path("seed.cert.json"), "--wallet", "bobo"];
    story.fails(&seed, "expected the certificate of an Exit").await;
}

/// Most has left: the pool takes the note, and another buyer gets its room, in another epoch of the group.
async fn sold_again(story: &Story) {
    let taken = story.one(&["cash", "pool", "take", "1", "--wallet", "bobo"]).await;
    assert_eq!(taken["in_pool"], true, "{taken}");
    let pooled = story.one(&["cash", "pool", "list"]).await;
    assert_eq!((&pooled["note"], &pooled["room_dollars"]), (&1.into(), &"20".into()), "{pooled}");

    let account = story.peter.to_string();
    let mint = [
        "cash",
        "mint",
        "--wallet",
        "bobo",
        "--amount",
        "20",
        "--note",
        "1",
        "--account",
        &account,
        "--wait",
    ];
    let waiting = story.net.person.command(&mint).spawn().expect("it runs");
    let orders = story.net.chain.cash_orders();
    let count = async || orders.orderCount().call().await.expect("a count");
    eventually("the order is placed", async || count().await.to::<u64>() == 2).await;

    // The group's next epoch: what was made in the one before is made anew.
    story.one(&["archive", "seed", "--out", &story.path("old.json")]).await;
    story.one(&["archive", "handover", "--out", &story.path("handover.json")]).await;
    story.certify("handover.json", "handover.cert.json", 5).await;
    story.submit("handover.cert.json").await;
    let homes = story.net.node_homes();
    let old = ["archive", "sign", &story.path("old.json"), "--node-home", &homes[0]];
    story.fails(&old, "of epoch 2, the present one of archive group 1, found epoch 1").await;
    story.seed().await;

    let order = story.order("2").await;
    let issuer = order["issuer_node"].as_u64().expect("a node");
    // 20% of the $5 that are carried, too.
    let home = story.net.node_home(issuer);
    let minted = story.one(&["cash", "issue", "2", "--node-home", &home]).await;
    assert_eq!(minted["burned_conet"], "50", "{minted}");
    let genesis = story.open(HASH, &issuer.to_string()).await;
    assert_eq!(
        (&genesis["series"], &genesis["carried"], &genesis["epoch"]),
        (&2.into(), &5_000_000.into(), &2.into()),
        "{genesis}"
    );
    let note = story.note().await;
    assert_eq!(
        (&note["live_dollars"], &note["in_pool"], &note["holder"]),
        (&"25".into(), &false.into(), &json!(story.peter)),
        "{note}"
    );

    let said = waiting.wait_with_output().await.expect("it ends");
    let said = lines(&mint, &said);
    let (first, last) = (said.first().expect("a line"), said.last().expect("a line"));
    assert_eq!((&first["stage"], &last["stage"]), (&"waiting".into(), &"live".into()), "{said:?}");
    let listed = story.net.person.run(&["cash", "orders", "--wallet", "bobo"]).await;
    let numbers: Vec<_> = listed.iter().map(|order| order["order"].as_u64()).collect();
    assert_eq!(numbers, [Some(2), Some(1)]);
    let listed = story.one(&["cash", "list", "--wallet", "peter"]).await;
    assert_eq!((&listed["note"], &listed["status"]), (&1.into(), &"live".into()));
}

/// Its note is sold again before it pulled anything: what it earned is kept for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_issuer_of_a_series_that_is_over_pulls_what_it_is_owed() {
    let story = Story::begin().await;
    let mint = ["cash", "mint", "--wallet", "bobo", "--amount", "10"];
    story.one(&mint).await;
    let issuer = story.issue("1").await;
    story.withdraw("0", story.peter, "8", "7").await;
    let first = story.note().await;
    assert_eq!(first["closed_series"], json!([]), "{first}");
    story.one(&["cash", "pool", "take", "1", "--wallet", "bobo"]).await;
    story.one(&["cash", "mint", "--wallet", "bobo", "--amount", "8", "--note", "1"]).await;
    let fees = ["cash", "fees", "1", "--wallet", "bobo", "--series", "1"];
    story.fails(&fees, "expected a series of note 1 that is over").await;
    story.issue("2").await;

    let note = story.note().await;
    let closed = json!([{
        "series": 1,
        "issuer": first["issuer"],
        "fees_owed_dollars": "0.016",
        // What left, and what was carried over as if it had left.
        "unreissued_dollars": "10",
        "burn_outstanding_conet": "20",
    }]);
    assert_eq!((&note["series"], &note["closed_series"]), (&2.into(), &closed), "{note}");

    let wallet: Address = first["issuer"].as_str().unwrap().parse().unwrap();
    let before =
        [story.net.balance("DevUSD6", wallet).await, story.net.balance("ConetToken", wallet).await];
    let many = ["cash", "fees", "1", "2", "--wallet", "bobo", "--series", "1"];
    story.fails(&many, "expected one note with --series").await;
    let pulled = story.one(&fees).await;
    assert_eq!(
        (&pulled["series"], &pulled["fees_dollars"]),
        (&1.into(), &"0.016".into()),
        "{pulled}"
    );
    let reissue = ["cash", "reissue", "1", "--series", "1", "--wallet", "bobo"];
    let pulled = story.one(&reissue).await;
    assert_eq!(
        (&pulled["left_dollars"], &pulled["reissued_conet"]),
        (&"10".into(), &"20".into()),
        "{pulled}"
    );
    let after =
        [story.net.balance("DevUSD6", wallet).await, story.net.balance("ConetToken", wallet).await];
    assert_eq!(after, [before[0] + 16_000, before[1] + 20 * 10_u128.pow(18)], "node {issuer}");
    assert_eq!(story.note().await["closed_series"], json!([]));
    story.fails(&fees, "fees of series 1 owed, found none").await;
    story.fails(&reissue, "re-issue of series 1 owed, found none").await;
    story
        .fails(
            &["cash", "reissue", "1", "--series", "2", "--wallet", "bobo"],
            "the present one is 2",
        )
        .await;
}

/// Nobody seeds, so nobody mints: the deposit comes back. And what an issuer has free it takes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_registered_once_and_an_order_that_nobody_mints_is_refunded() {
    let story = Story::begin().await;
    let (net, bobo) = (&story.net, story.bobo);
    a_name(&story).await;

    let before = net.balance("DevUSD6", bobo).await;
    let mint = |coin| ["cash", "mint", "--wallet", "bobo", "--amount", "10", "--stablecoin", coin];
    story.fails(&mint("DevUSD18"), "expected one of DevUSD6").await;
    let order = story.one(&mint("devusd6")).await;
    assert_eq!((&order["symbol"], &order["amount_dollars"]), (&"DevUSD6".into(), &"10".into()));
    net.pass(24 * 3600 + 60).await;
    assert_eq!(story.order("1").await["stage"], "lapsed");
    story.fails(&["cash", "issue", "1", "--wallet", "bobo"], "conet cash refund 1").await;
    let refunded = story.one(&["cash", "refund", "1", "--wallet", "bobo"]).await;
    assert_eq!(refunded["stage"], "refunded");
    assert_eq!(net.balance("DevUSD6", bobo).await, before);

    assert_eq!(net.person.run(&["cash", "issuers"]).await.len(), 5);
    let home = net.node_home(3);
    let move_free = async |what: &str| {
        let moved = ["cash", what, "--node", "3", "--amount", "60000", "--node-home", &home];
        story.one(&moved).await["free_conet"].clone()
    };
    assert_eq!(move_free("withdraw").await, "40000");
    assert_eq!(move_free("deposit").await, "100000");
    let strangers = ["cash", "withdraw", "--node", "3", "--amount", "1", "--wallet", "bobo"];
    story.fails(&strangers, "NotIssuerOwner").await;
}

/// Registered by a command that is killed in between and started again; resolved; taken.
async fn a_name(story: &Story) {
    let (net, bobo, peter) = (&story.net, story.bobo, story.peter);
    story.fails(&["name", "register", "b", "--wallet", "bobo"], "LabelInvalid").await;
    story.fails(&["name", "register", "peter", "--wallet", "peter"], "CoNET in").await;
    story.fails(&["name", "resolve", "bobo"], "bobo.conet is nobody's").await;

    let register = ["name", "register", "bobo", "--wallet", "bobo", "--years", "2"];
    let mut begun = net.person.command(&register).spawn().expect("it runs");
    let names = net.chain.names();
    let committed = async || {
        let logs = names.Committed_filter().from_block(0).query().await;
        logs.expect("logs").len()
    };
    eventually("it is committed", async || committed().await == 1).await;
    begun.kill().await.expect("it ends");
    net.pass(61).await;
    let name = story.one(&register).await;
    assert_eq!(committed().await, 1, "it went on with what was begun");
    assert_eq!((&name["name"], &name["wallet"]), (&"bobo.conet".into(), &json!(bobo)));
    let expires = name["expires_at"].as_u64().expect("a time");
    assert!(!net.person.home().join("names/bobo.json").exists(), "nothing is left behind");

    assert_eq!(story.one(&["name", "resolve", "bobo.conet"]).await["wallet"], json!(bobo));
    story.fails(&["name", "register", "bobo", "--wallet", "bobo"], "bobo.conet is taken").await;
    net.person.run(&["register", "--wallet", "bobo"]).await;
    assert_eq!(story.one(&["route", "bobo"]).await["address"], bobo.to_string());
    let send = ["send", "--wallet", "peter", "--to", "bobo.conet", "--text", "Hello Bobo"];
    assert_eq!(story.one(&send).await["to"], bobo.to_string());
    story.fails(&["send", "--wallet", "peter", "--to", "0x7099", "--text", "?"], "0x7099").await;
    let bobos = bobo.to_string();
    story.fails(&["name", "resolve", &bobos], "no name of its own").await;
    story.one(&["name", "primary", "bobo", "--wallet", "bobo"]).await;
    assert_eq!(story.one(&["name", "resolve", &bobos]).await["name"], "bobo.conet");

    let peters = peter.to_string();
    story.one(&["name", "set", "bobo", "--wallet", "bobo", "--to", &peters]).await;
    assert_eq!(story.one(&["name", "resolve", "bobo"]).await["wallet"], json!(peter));
    story.fails(&["name", "resolve", &bobos], "no name of its own").await;
    story.fails(&["name", "primary", "bobo", "--wallet", "bobo"], "NameResolvesElsewhere").await;
    let renewed = story.one(&["name", "renew", "bobo", "--wallet", "bobo"]).await;
    assert_eq!(renewed["expires_at"], expires + 365 * 24 * 3600);
    assert_eq!(story.one(&["name", "list", "--wallet", "bobo"]).await["name"], "bobo.conet");
}
