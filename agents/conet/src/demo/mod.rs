//! The white paper's story, told on a running network with real wallets, and after
//! each step what every node on the way could and could not see.

mod chain;
mod cheat;
mod vote;
mod witness;

use std::{path::Path, sync::Arc, time::Duration};

use alloy::primitives::{Address, U256};
use anyhow::{Context as _, bail, ensure};
use conet_chain::{Mainchain, NetworkFile};
use conet_client::{
    Client, ClientConfig, Content, Delivery, Event, Keystore, ListenOptions, Listener, Password,
    RegisterOptions, SendOptions, Wallet,
};
use conet_wire::claim::EndpointPolicy;

use crate::devnet::Devnet;
use witness::Witness;

/// How long one step may take.
const STEP_SECONDS_MAX: u64 = 60;

/// Bobo's agent, Peter's agent, the node Peter sends through, the one Bobo listens through.
const BOBOS_AGENT: u64 = 1;
const PETERS_AGENT: u64 = 2;
const SENDING_RELAY: u64 = 3;
const LISTENING_RELAY: u64 = 4;

struct Person {
    name: &'static str,
    client: Client,
    wallet: Arc<Wallet>,
}

impl Person {
    async fn new(name: &'static str, home: &Path, network: &NetworkFile) -> anyhow::Result<Self> {
        let home = home.join("demo").join(name);
        if home.exists() {
            std::fs::remove_dir_all(&home)?;
        }
        std::fs::create_dir_all(&home)?;
        let keystore = Keystore::new(&home);
        let password = Password::new("a demo needs no secrets".into());
        let wallet =
            tokio::task::spawn_blocking(move || keystore.create(name, &password)).await??;
        // Its nodes listen on this machine only, whatever chain they are registered on.
        let config = ClientConfig { endpoints: Some(EndpointPolicy::Development) };
        let client = Client::open(&home, network, config).await?;
        Ok(Self { name, client, wallet: Arc::new(wallet) })
    }

    fn address(&self) -> Address {
        self.wallet.address()
    }

    async fn register(&self, agent: u64) -> anyhow::Result<()> {
        let options = RegisterOptions { agent: Some(U256::from(agent)), ..Default::default() };
        let done = self.client.register(&self.wallet, &options).await?;
        ensure!(done.agent == Some(U256::from(agent)), "registered with another agent");
        Ok(())
    }

    async fn listen(&self) -> anyhow::Result<Listener> {
        let via = Some(U256::from(LISTENING_RELAY));
        let options = ListenOptions { via, ..Default::default() };
        let mut listener = self.client.listen(Arc::clone(&self.wallet), options).await?;
        loop {
            match within(listener.next()).await?? {
                Event::Connected { .. } => return Ok(listener),
                Event::Disconnected { reason, .. } => bail!("no stream: {reason}"),
                _ => {}
            }
        }
    }

    async fn send(&self, to: Address, text: &'static str) -> anyhow::Result<()> {
        let options = SendOptions { via: Some(U256::from(SENDING_RELAY)), ..Default::default() };
        let content = Content::Bytes(text.into());
        let sent = within(self.client.send(&self.wallet, to, content, &options, |_| {})).await??;
        ensure!(sent.by_agent, "the agent itself did not say that it stored the message");
        Ok(())
    }
}

async fn within<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    tokio::time::timeout(Duration::from_secs(STEP_SECONDS_MAX), work)
        .await
        .with_context(|| format!("this step took longer than {STEP_SECONDS_MAX} s"))
}

async fn next_message(listener: &mut Listener) -> anyhow::Result<Delivery> {
    loop {
        match within(listener.next()).await?? {
            Event::Message(delivery) => return Ok(*delivery),
            Event::Refused { reason } => bail!("a message was refused: {reason}"),
            _ => {}
        }
    }
}

/// Bobo reads a message, and checks who wrote it.
async fn read(listener: &mut Listener, from: &Person, text: &str) -> anyhow::Result<()> {
    let delivery = next_message(listener).await?;
    ensure!(delivery.text().as_deref() == Some(text), "another text arrived");
    ensure!(delivery.from == Some(from.address()), "the signature is not {}'s", from.name);
    listener.confirm(delivery).await?;
    Ok(())
}

/// Tells the whole story; an error if any of it does not come true.
pub(crate) async fn tell(devnet: &mut Devnet, home: &Path, json: bool) -> anyhow::Result<()> {
    let (found, needed) = (devnet.network.nodes.len(), chain::NODES_MIN);
    ensure!(found >= needed, "the story needs {needed} nodes, found {found}");
    let mut witness = Witness::new(&devnet.network, json).await?;
    tell_of_messages(&devnet.network, home, &mut witness).await?;
    let main = Mainchain::connect(&devnet.network).await?;
    vote::tell(&main, &devnet.owner, &mut witness).await?;
    chain::tell(devnet, &mut witness).await?;
    witness.conclude()
}

/// Bobo and Peter.
async fn tell_of_messages(
    network: &NetworkFile,
    home: &Path,
    witness: &mut Witness,
) -> anyhow::Result<()> {
    witness.step("Bobo and Peter make wallets. A wallet is a key; its address names a device.");
    let bobo = Person::new("bobo", home, network).await?;
    let peter = Person::new("peter", home, network).await?;
    witness.note(&format!("Bobo is {}", bobo.address()));
    witness.note(&format!("Peter is {}", peter.address()));
    witness.keep_secret("Bobo's address", bobo.address().as_slice());
    witness.keep_secret("Peter's address", peter.address().as_slice());

    witness.step("Bobo registers with node 1, Peter with node 2, each through a relay.");
    bobo.register(BOBOS_AGENT).await?;
    peter.register(PETERS_AGENT).await?;
    witness.allow(BOBOS_AGENT, "Bobo's address");
    witness.allow(PETERS_AGENT, "Peter's address");
    witness.report().await?;

    const HELLO: &str = "Hello Bobo";
    const AGAIN: &str = "Hello again, while you were away";
    witness.keep_secret("the first message", HELLO.as_bytes());
    witness.keep_secret("the second message", AGAIN.as_bytes());

    witness.step("Bobo listens through node 4.");
    let mut listener = bobo.listen().await?;
    witness.report().await?;

    witness.step("Peter sends \"Hello Bobo\" through node 3.");
    peter.send(bobo.address(), HELLO).await?;
    read(&mut listener, &peter, HELLO).await?;
    witness.note("Bobo reads \"Hello Bobo\", signed by Peter's wallet.");
    witness.report().await?;

    witness.step("Bobo goes offline. Node 4 loses him, so node 1 loses node 4.");
    listener.close().await;
    witness.wait_for_streams(BOBOS_AGENT, 0).await?;
    witness.note("Node 1 has marked Bobo offline.");

    witness.step("Peter sends again through node 3. Node 1 stores it in Bobo's mailbox.");
    peter.send(bobo.address(), AGAIN).await?;
    witness.report().await?;

    witness.step("Bobo returns through node 4, and gets what waited.");
    let mut listener = bobo.listen().await?;
    read(&mut listener, &peter, AGAIN).await?;
    listener.close().await;
    witness.note(&format!("Bobo reads \"{AGAIN}\", signed by Peter's wallet."));
    witness.report().await
}
