//! A note whose archive group serves its holders no more is paid out without its chain (white paper, *No Byzantine
//! Generals Attack*), as people type it, against a `conet devnet`.

use alloy::primitives::{Address, B256, keccak256};
use conet_bindings::leaves::Leaves;
use conet_tests::story::{HASH, Story};
use serde_json::{Value, json};

const DAY: u64 = 24 * 3600;

/// Pico-dollars in a micro-dollar.
const PICO: u64 = 1_000_000;

const DOLLAR: u64 = 1_000_000;

/// What Bobo pays Carol by.
const AUTHORIZATION: B256 = B256::repeat_byte(0xaa);

/// A live note of $50, of which $10 have left, and everybody who owns a part of the rest.
struct Forced {
    story: Story,
    carol: Address,
    dave: Address,
}

impl Forced {
    async fn begin() -> Self {
        let story = Story::begin().await;
        let (carol, dave) = (story.funded("carol").await, story.funded("dave").await);
        story.one(&["cash", "mint", "--wallet", "bobo", "--amount", "50"]).await;
        story.issue("1").await;
        story.withdraw("0", story.peter, "10", "7").await;
        Self { story, carol, dave }
    }

    /// Signs a voucher of a wallet for Carol; gives the lock that it is for.
    async fn sign(&self, wallet: &str, total: &str, authorization: B256, file: &str) -> Value {
        let (authorization, out) = (authorization.to_string(), self.story.path(file));
        let mut sign = vec!["cash", "voucher", "1", "--authorization", &authorization];
        sign.extend(["--total", total, "--wallet", wallet, "--out", &out]);
        self.story.one(&sign).await["lock_id"].clone()
    }

    /// The leaves of the last block: $39.5 and a half micro-dollar of $40. Half a dollar nobody owns.
    async fn leaves(&self, file: &str) -> Value {
        let lock = self.sign("bobo", "1", AUTHORIZATION, "voucher-1.json").await;
        let (bobo, peter) = (self.story.bobo, self.story.peter);
        let leaves = json!([
            account(bobo, 20 * DOLLAR * PICO + PICO / 2),
            {
                "kind": "lock",
                "account": bobo,
                "payee": self.carol,
                "lock_id": lock,
                "amount_pico_dollars": 10 * DOLLAR * PICO,
                "claimed_micro_dollars": DOLLAR,
            },
            {
                "kind": "withdrawal",
                "account": self.carol,
                "withdrawal": 1,
                "amount_pico_dollars": 5 * DOLLAR * PICO,
            },
            account(peter, 4_500_000 * PICO),
            // Dust: its owner is no holder, and gets nothing.
            account(self.dave, PICO / 2),
        ]);
        self.story.write(file, &leaves);
        leaves
    }

    /// A header with these leaves, certified; gives the statement.
    async fn header(&self, name: &str, height: &str, leaves: &str) -> Value {
        let out = self.story.path(&format!("{name}.json"));
        let block = keccak256(height).to_string();
        let mut header = vec!["archive", "header", "1", "--height", height];
        let leaves = self.story.path(leaves);
        header.extend(["--block-hash", &block, "--leaves", &leaves, "--out", &out]);
        let made = self.story.one(&header).await;
        let certificate = format!("{name}.cert.json");
        self.story.certify(&format!("{name}.json"), &certificate, 4).await;
        made
    }

    /// `conet cash forced-exit` with a header's certificate and leaves.
    fn show_header(&self, what: &str, name: &str, leaves: &str, wallet: &str) -> Vec<String> {
        let certificate = self.story.path(&format!("{name}.cert.json"));
        let leaves = self.story.path(leaves);
        let arguments = ["cash", "forced-exit", what, "--certificate", &certificate];
        let rest = ["--leaves", &leaves, "--wallet", wallet];
        arguments.into_iter().chain(rest).map(str::to_owned).collect()
    }

    /// `conet cash forced-exit`, of note 1.
    fn act(&self, what: &str, more: &[&str]) -> Vec<String> {
        let all = ["cash", "forced-exit", what, "1"].into_iter().chain(more.iter().copied());
        all.map(str::to_owned).collect()
    }

    /// With the leaves of the last block.
    fn with_leaves(&self, what: &str, more: &[&str]) -> Vec<String> {
        let leaves = self.story.path("leaves.json");
        self.act(what, &[&["--leaves", &leaves], more].concat())
    }

    async fn run(&self, arguments: &[String]) -> Vec<Value> {
        self.story.net.person.run(&borrowed(arguments)).await
    }

    async fn one(&self, arguments: &[String]) -> Value {
        self.story.one(&borrowed(arguments)).await
    }

    async fn fails(&self, arguments: &[String], because: &str) {
        self.story.fails(&borrowed(arguments), because).await;
    }

    async fn dollars(&self, wallet: Address) -> u128 {
        self.story.net.balance("DevUSD6", wallet).await
    }
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn account(whose: Address, pico: u64) -> Value {
    json!({ "kind": "account", "account": whose, "amount_pico_dollars": pico })
}

/// A line of a share: its leaf, whose side, how it is, and what was paid.
fn said(line: &Value) -> (u64, &str, &str, Option<&str>) {
    let text = |field: &str| line[field].as_str();
    let index = line["index"].as_u64().expect("a number");
    (index, text("side").unwrap(), text("state").unwrap(), text("paid_dollars"))
}

fn all_said(lines: &[Value]) -> Vec<(u64, &str, &str, Option<&str>)> {
    lines.iter().map(said).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_is_paid_out_without_its_chain() {
    let it = Forced::begin().await;
    begun_by_consent(&it).await;
    replaced_by_a_higher_header(&it).await;
    it.story.net.pass(7 * DAY).await;
    accounts_and_withdrawals(&it).await;
    vouchers(&it).await;
    it.story.net.pass(7 * DAY).await;
    locks_bond_and_dust(&it).await;
}

/// Peter has no gas, and Bobo opens for him: of an older block, before Carol's withdrawal and Bobo's lock.
async fn begun_by_consent(it: &Forced) {
    let (story, peter) = (&it.story, it.story.peter);
    story.write(
        "old.json",
        &json!([account(story.bobo, 35 * DOLLAR * PICO), account(peter, 9_000_000)]),
    );
    story.write("none.json", &json!([]));
    let leaves = story.path("none.json");
    let mut empty = vec!["archive", "header", "1", "--height", "12", "--block-hash", HASH];
    empty.extend(["--leaves", &leaves]);
    story.fails(&empty, "expected 1 to 256 leaves, found 0").await;
    it.header("low", "12", "old.json").await;
    let submit = ["archive", "submit", &story.path("low.cert.json"), "--wallet", "bobo"];
    story.fails(&submit, "conet cash forced-exit open").await;

    it.fails(&it.act("show", &[]), "expected a forced exit of note 1, found none").await;
    let open = |wallet| it.show_header("open", "low", "old.json", wallet);
    it.fails(&open("dave"), "expected a holder").await;
    it.leaves("leaves.json").await;
    let wrong = it.show_header("open", "low", "leaves.json", "bobo");
    it.fails(&wrong, "expected leaves with the header's root").await;
    let seed = it.show_header("open", "seed", "old.json", "bobo");
    it.fails(&seed, "expected the certificate of a Header, found one of a Seed").await;

    let consent = async |wallet: &str| {
        let out = story.path(&format!("{wallet}.json"));
        it.one(&it.act("consent", &["--wallet", wallet, "--days", "1", "--out", &out])).await;
        [open("bobo"), vec!["--for".into(), out]].concat()
    };
    it.fails(&consent("dave").await, "expected a holder").await;
    let late = consent("peter").await;
    story.net.pass(2 * DAY).await;
    it.fails(&late, "expected a consent that still counts").await;
    let openfor = consent("peter").await;
    let mut changed = story.read("peter.json");
    changed["holder"] = json!(story.bobo);
    story.write("changed.json", &changed);
    let forged = [open("bobo"), vec!["--for".into(), story.path("changed.json")]].concat();
    it.fails(&forged, "expected a consent that").await;

    let before = it.dollars(story.bobo).await;
    let opened = it.one(&openfor).await;
    assert_eq!(it.dollars(story.bobo).await, before - 5_000_000);
    assert_eq!(
        [&opened["phase"], &opened["height"], &opened["leaves"], &opened["bonder"]],
        [&json!("challenge"), &12.into(), &2.into(), &json!(story.bobo)],
        "{opened}"
    );
    let at = |field: &str| opened[field].as_u64().expect("a time");
    assert_eq!(at("challenge_until"), at("opened_at") + 7 * DAY);
    assert_eq!(at("vouchers_until"), at("opened_at") + 14 * DAY);
    assert_eq!(story.note().await["status"], "settling");
    it.fails(&open("bobo"), "found one at height 12").await;

    // What the block knew of is still paid by certificates, and nothing later.
    let later = story.withdrawal("9", peter, "1", "13").await;
    let exit = ["cash", "exit", "--certificate", &later, "--wallet", "bobo"];
    story.fails(&exit, "HeightTooHigh").await;
}

/// Carol shows the last block, which the group's next epoch certified anew, and the bond is hers.
async fn replaced_by_a_higher_header(it: &Forced) {
    it.header("lower", "11", "old.json").await;
    it.fails(&it.show_header("replace", "lower", "old.json", "carol"), "NotHigher").await;
    // Who has left the group may be bribed: no height of theirs is above the new epoch's.
    it.header("stale", "30", "old.json").await;
    it.story.one(&["archive", "handover", "--out", &it.story.path("handover.json")]).await;
    it.story.certify("handover.json", "handover.cert.json", 5).await;
    it.story.submit("handover.cert.json").await;
    let header = it.header("last", "20", "leaves.json").await;
    let leaves: Leaves = serde_json::from_value(it.story.read("leaves.json")).expect("leaves");
    let contract = it.story.net.chain.forced_exits();
    let root = contract.rootOf(leaves.to_contract()).call().await.expect("a root");
    assert_eq!(header["leavesRoot"], json!(root));
    let wrong = it.show_header("replace", "last", "old.json", "carol");
    it.fails(&wrong, "expected leaves with the header's root").await;
    let chosen = it.one(&it.show_header("replace", "last", "leaves.json", "carol")).await;
    assert_eq!(
        [&chosen["height"], &chosen["bonder"], &chosen["dust_dollars"]],
        [&json!(20), &json!(it.carol), &json!("0.5")],
        "{chosen}"
    );
    it.fails(&it.show_header("replace", "stale", "old.json", "bobo"), "NotNewer").await;

    let wallet = ["--wallet", "bobo"];
    it.fails(&it.act("return-bond", &wallet), "another may replace it until").await;
    it.fails(&it.act("dust", &wallet), "another may replace it until").await;
    let one = it.with_leaves("claim", &["--wallet", "bobo", "--index", "0"]);
    it.fails(&one, "found that it waits until").await;
    let shown = it.voucher("voucher-1.json").await;
    it.fails(&shown, "another may replace it until").await;
    let waiting = it.run(&it.with_leaves("claim", &wallet)).await;
    assert!(waiting.iter().all(|line| line["state"] == "waits"), "{waiting:?}");
}

impl Forced {
    async fn voucher(&self, file: &str) -> Vec<String> {
        let file = self.story.path(file);
        self.with_leaves("voucher", &["--wallet", "carol", "--voucher", &file])
    }
}

/// Anybody claims for everybody: Dave, who gets nothing.
async fn accounts_and_withdrawals(it: &Forced) {
    let owners = [it.story.bobo, it.carol, it.story.peter];
    let before =
        [it.dollars(owners[0]).await, it.dollars(owners[1]).await, it.dollars(owners[2]).await];
    let late = it.show_header("replace", "last", "leaves.json", "dave");
    it.fails(&late, "TooLate").await;
    let old = it.act("claim", &["--wallet", "dave", "--leaves", &it.story.path("old.json")]);
    it.fails(&old, "expected leaves with the header's root").await;

    let claim = it.with_leaves("claim", &["--wallet", "dave"]);
    let paid = it.run(&claim).await;
    assert_eq!(
        all_said(&paid),
        [
            (0, "account", "paid", Some("19.96")),
            (1, "account", "waits", None),
            (1, "payee", "waits", None),
            (2, "account", "paid", Some("4.99")),
            (3, "account", "paid", Some("4.491")),
        ]
    );
    let after =
        [it.dollars(owners[0]).await, it.dollars(owners[1]).await, it.dollars(owners[2]).await];
    let got = [after[0] - before[0], after[1] - before[1], after[2] - before[2]];
    assert_eq!(got, [19_960_000, 4_990_000, 4_491_000]);

    assert_eq!(it.run(&claim).await.len(), 2, "only the lock waits");
    let leaf = |index| it.with_leaves("claim", &["--wallet", "dave", "--index", index]);
    it.fails(&leaf("0"), "expected leaf 0 payable, found it paid").await;
    it.fails(&leaf("1"), "found that it waits until").await;
    it.fails(&leaf("4"), "expected a leaf of a micro-dollar or more").await;
    it.fails(&leaf("5"), "expected a leaf from 0 to 4, found 5").await;
}

/// Carol shows what Bobo signed; the highest counts.
async fn vouchers(it: &Forced) {
    for (wallet, total, authorization, file) in [
        ("bobo", "4", AUTHORIZATION, "4.json"),
        ("bobo", "3", AUTHORIZATION, "3.json"),
        ("bobo", "6", AUTHORIZATION, "6.json"),
        ("bobo", "9", B256::repeat_byte(0xbb), "other.json"),
        ("dave", "9", AUTHORIZATION, "forged.json"),
    ] {
        it.sign(wallet, total, authorization, file).await;
    }
    let shown = it.one(&it.voucher("4.json").await).await;
    assert_eq!((&shown["index"], &shown["total_dollars"]), (&1.into(), &"4".into()), "{shown}");
    it.fails(&it.voucher("4.json").await, "VoucherNotHigher").await;
    it.fails(&it.voucher("3.json").await, "VoucherNotHigher").await;
    it.fails(&it.voucher("other.json").await, "which the voucher is for").await;
    it.fails(&it.voucher("forged.json").await, "expected a voucher that").await;
    let indexed = [it.voucher("6.json").await, vec!["--index".into(), "0".into()]].concat();
    it.fails(&indexed, "which the voucher is for").await;
    it.one(&it.voucher("6.json").await).await;

    let all = it.run(&it.with_leaves("show", &[])).await;
    assert_eq!(all[0]["phase"], "vouchers", "{all:?}");
    // Of $6 in all she had claimed one.
    let amounts: Vec<_> = all[1..].iter().map(|line| line["amount_dollars"].as_str()).collect();
    assert_eq!(amounts, ["20", "5", "5", "5", "4.5", "0"].map(Some));
}

/// The lock is paid to both, the bond goes back to Carol, and what nobody owns to the issuer and the pool.
async fn locks_bond_and_dust(it: &Forced) {
    it.fails(&it.voucher("6.json").await, "found that it did until").await;
    let wallet = ["--wallet", "dave"];
    let claim = it.with_leaves("claim", &wallet);
    let paid = it.run(&claim).await;
    let both = [(1, "account", "paid", Some("4.99")), (1, "payee", "paid", Some("4.99"))];
    assert_eq!(all_said(&paid), both);
    assert!(it.run(&claim).await.is_empty());

    let before = it.dollars(it.carol).await;
    let bond = it.one(&it.act("return-bond", &wallet)).await;
    assert_eq!(bond, json!({ "note": 1, "bonder": it.carol, "bond_dollars": "5" }));
    assert_eq!(it.dollars(it.carol).await, before + 5_000_000);
    it.fails(&it.act("return-bond", &wallet), "it went back already").await;

    // Five leaves were rounded, by less than a micro-dollar each.
    let dust = it.one(&it.act("dust", &wallet)).await;
    assert_eq!(
        (&dust["issuer_dollars"], &dust["pooled_dollars"]),
        (&"0.000005".into(), &"0.499995".into()),
        "{dust}"
    );
    it.fails(&it.act("dust", &wallet), "expected dust, found none").await;

    let all = it.run(&it.with_leaves("show", &[])).await;
    assert_eq!((&all[0]["phase"], &all[0]["bonder"]), (&"locks".into(), &Value::Null), "{all:?}");
    let states: Vec<_> = all[1..].iter().map(|line| line["state"].as_str()).collect();
    assert_eq!(states, ["paid", "paid", "paid", "paid", "paid", "nothing"].map(Some));
    let note = it.story.note().await;
    assert_eq!((&note["live_dollars"], &note["status"]), (&"0".into(), &"settling".into()));
    // The exit fee of all $50, for the issuer.
    let fees = it.story.one(&["cash", "fees", "1", "--wallet", "dave"]).await;
    assert_eq!(fees["fees_dollars"], "0.1", "{fees}");
}
