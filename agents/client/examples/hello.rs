//! Peter says hello to Bobo: two wallets, one registration, one message.
//!
//! Needs a network: `conet devnet`, then
//! `cargo run -p conet-client --example hello -- HOME`.

use std::{path::PathBuf, sync::Arc};

use conet_chain::NetworkFile;
use conet_client::{
    Client, ClientConfig, Content, Event, Keystore, ListenOptions, Password, RegisterOptions,
    SendOptions, Wallet,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
#[allow(clippy::print_stdout, reason = "an example talks to its reader")]
async fn main() -> Result<()> {
    let home = PathBuf::from(std::env::args().nth(1).ok_or("expected the home of a network")?);
    let network = NetworkFile::load(&home.join(NetworkFile::NAME))?;
    let client = Client::open(&home, &network, ClientConfig::default()).await?;

    let (bobo, peter) = (wallet(&home, "hello-bobo")?, wallet(&home, "hello-peter")?);
    let registered = client.register(&bobo, &RegisterOptions::default()).await?;
    println!("Bobo is {}, with agent {:?}", registered.wallet, registered.agent);

    let hello = Content::from("Hello Bobo".to_owned());
    let sent = client.send(&peter, bobo.address(), hello, &SendOptions::default(), |_| {}).await?;
    println!("agent {} has {} bytes, through node {}", sent.agent, sent.bytes, sent.relay);

    let mut listener = client.listen(bobo, ListenOptions::default()).await?;
    loop {
        if let Event::Message(delivery) = listener.next().await? {
            println!("{:?} says {:?}", delivery.from, delivery.text());
            // Shown, so it may be acknowledged.
            listener.confirm(*delivery).await?;
            break;
        }
    }
    listener.close().await;
    Ok(())
}

/// The wallet of this name, made if need be. A real program asks for a password.
fn wallet(home: &std::path::Path, name: &str) -> Result<Arc<Wallet>> {
    let (keystore, password) = (Keystore::new(home), Password::default());
    let wallet = match keystore.show(name) {
        Ok(_) => keystore.open(name, &password)?,
        Err(_) => keystore.create(name, &password)?,
    };
    Ok(Arc::new(wallet))
}
