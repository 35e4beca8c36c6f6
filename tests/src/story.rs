//! A devnet, a person with two wallets, and what stories of notes do over and over.

use alloy::primitives::Address;
use serde_json::Value;

use crate::devnet::Devnet;

/// The hash of a block that nobody looks at.
pub const HASH: &str = "0xabababababababababababababababababababababababababababababababab";

/// A devnet with a person's wallets, and a folder for files.
#[derive(Debug)]
pub struct Story {
    /// The network, and the person's home.
    pub net: Devnet,
    /// A wallet with gas, CoNET and play money.
    pub bobo: Address,
    /// A wallet with nothing.
    pub peter: Address,
}

impl Story {
    /// A network of five nodes, and two wallets.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn begin() -> Self {
        let net = Devnet::start(5).await;
        let wallet = async |name: &str| {
            let made = &net.person.run(&["wallet", "new", "--name", name]).await[0];
            made["address"].as_str().expect("an address").parse().expect("an address")
        };
        let (bobo, peter) = (wallet("bobo").await, wallet("peter").await);
        net.person.run(&["devnet", "fund", "--wallet", "bobo"]).await;
        Self { net, bobo, peter }
    }

    /// A wallet with gas, CoNET and play money.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn funded(&self, name: &str) -> Address {
        let made = self.one(&["wallet", "new", "--name", name]).await;
        self.net.person.run(&["devnet", "fund", "--wallet", name]).await;
        made["address"].as_str().expect("an address").parse().expect("an address")
    }

    /// The one line that a command says.
    ///
    /// # Panics
    /// When it says more, or fails.
    pub async fn one(&self, arguments: &[&str]) -> Value {
        self.net.person.one(arguments).await
    }

    /// A command must fail, and say this.
    ///
    /// # Panics
    /// When it does not.
    pub async fn fails(&self, arguments: &[&str], because: &str) {
        let why = self.net.person.fails(arguments).await;
        assert!(why.contains(because), "conet {arguments:?}: expected {because:?}, found {why}");
    }

    /// A file of the story, as an argument.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.net.folder.path().join(name).display().to_string()
    }

    /// What is in a file.
    ///
    /// # Panics
    /// When it is no JSON.
    #[must_use]
    pub fn read(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When the disk refuses.
    pub fn write(&self, name: &str, value: &Value) {
        std::fs::write(self.path(name), value.to_string()).unwrap();
    }

    /// Certifies a statement with the first `count` nodes.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn certify(&self, statement: &str, out: &str, count: usize) -> Value {
        let homes = self.net.node_homes();
        let (statement, out) = (self.path(statement), self.path(out));
        let mut arguments = vec!["archive", "certify", &statement, "--out", &out, "--node-home"];
        arguments.extend(homes.iter().take(count).map(String::as_str));
        self.one(&arguments).await
    }

    /// A seed of group 1 after now, posted.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn seed(&self) {
        self.one(&["archive", "seed", "--out", &self.path("seed.json")]).await;
        self.certify("seed.json", "seed.cert.json", 5).await;
        let posted = self.submit("seed.cert.json").await;
        assert_eq!(
            (&posted["type"], &posted["contract"]),
            (&"Seed".into(), &"ArchiveGroups".into())
        );
    }

    /// Posts a certificate.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn submit(&self, certificate: &str) -> Value {
        self.one(&["archive", "submit", &self.path(certificate), "--wallet", "bobo"]).await
    }

    /// The genesis of note 1's next series, posted.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn open(&self, hash: &str, members: &str) -> Value {
        let out = self.path("genesis.json");
        let made = self
            .one(&[
                "archive",
                "genesis",
                "1",
                "--genesis-hash",
                hash,
                "--members",
                members,
                "--out",
                &out,
            ])
            .await;
        self.certify("genesis.json", "genesis.cert.json", 4).await;
        self.submit("genesis.cert.json").await;
        made
    }

    /// An order, as it is.
    ///
    /// # Panics
    /// When there is none.
    pub async fn order(&self, id: &str) -> Value {
        self.one(&["cash", "order", id]).await
    }

    /// Note 1, as it is.
    ///
    /// # Panics
    /// When there is none.
    pub async fn note(&self) -> Value {
        self.one(&["cash", "show", "1"]).await
    }

    /// An order that was placed is drawn, minted and opened as the next series of note 1; gives the issuer's node.
    ///
    /// # Panics
    /// When a step fails.
    pub async fn issue(&self, order: &str) -> u64 {
        self.seed().await;
        let issuer = self.order(order).await["issuer_node"].as_u64().expect("a node");
        self.one(&["cash", "issue", order, "--node-home", &self.net.node_home(issuer)]).await;
        self.open(HASH, &issuer.to_string()).await;
        issuer
    }

    /// A certified withdrawal from note 1 at a height.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn withdrawal(&self, id: &str, to: Address, amount: &str, height: &str) -> String {
        let (to, out) = (to.to_string(), self.path("exit.json"));
        let mut exit = vec!["archive", "exit", "1", "--id", id, "--recipient", &to];
        exit.extend(["--amount", amount, "--height", height, "--block-hash", HASH]);
        exit.extend(["--out", &out]);
        self.one(&exit).await;
        let certificate = format!("exit-{id}.cert.json");
        self.certify("exit.json", &certificate, 4).await;
        self.path(&certificate)
    }

    /// It is paid.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn withdraw(&self, id: &str, to: Address, amount: &str, height: &str) -> Value {
        let certificate = self.withdrawal(id, to, amount, height).await;
        self.one(&["cash", "exit", "--certificate", &certificate, "--wallet", "bobo"]).await
    }
}
