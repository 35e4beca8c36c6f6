//! What the commands of wallets share: home, network, passwords.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, bail};
use clap::Args;
use conet_chain::{Mainchain, NetworkFile, Payer, amounts, archive::working};
use conet_client::{Client, ClientConfig, Keystore, KeystoreError, Password, Wallet};

use crate::{commands, ledgers::Ledgers, output::Output};

/// Where things are, and how to speak.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) home: PathBuf,
    pub(crate) network: Option<PathBuf>,
    pub(crate) output: Output,
}

/// Where a password comes from. Never from an argument: others can read those.
#[derive(Debug, Clone, Args)]
pub(crate) struct PasswordArgs {
    /// A file whose first line is the password [default: CONET_PASSWORD, else a prompt]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The wallet has no password
    #[arg(long, conflicts_with = "password_file")]
    empty_password: bool,
}

impl PasswordArgs {
    /// The password of a wallet that there is.
    pub(crate) fn read(&self) -> anyhow::Result<Password> {
        match self.given()? {
            Some(password) => Ok(password),
            None => prompt("Password: "),
        }
    }

    /// The password of a wallet to be made: typed twice, and not empty by accident.
    pub(crate) fn choose(&self) -> anyhow::Result<Password> {
        let password = match self.given()? {
            Some(password) => password,
            None => {
                let first = rpassword::prompt_password("Password: ");
                let first = zeroize::Zeroizing::new(first.context(NO_PASSWORD)?);
                let again = rpassword::prompt_password("Once more: ");
                let again = zeroize::Zeroizing::new(again.context(NO_PASSWORD)?);
                if first != again {
                    bail!("the two passwords differ: try again");
                }
                Password::new(first.as_str().to_owned())
            }
        };
        if password.is_empty() && !self.empty_password {
            bail!("expected a password, found an empty one: say --empty-password if you mean it");
        }
        Ok(password)
    }

    fn given(&self) -> anyhow::Result<Option<Password>> {
        if self.empty_password {
            return Ok(Some(Password::default()));
        }
        if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the password file {}", path.display()))?;
            let text = zeroize::Zeroizing::new(text);
            let line = text.lines().next().unwrap_or_default();
            return Ok(Some(Password::new(line.to_owned())));
        }
        match std::env::var("CONET_PASSWORD") {
            Ok(password) => Ok(Some(Password::new(password))),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(error) => bail!("CONET_PASSWORD: {error}"),
        }
    }
}

const NO_PASSWORD: &str = "no password: give --password-file or set CONET_PASSWORD";

fn prompt(text: &str) -> anyhow::Result<Password> {
    if !std::io::stdin().is_terminal() && !std::io::stderr().is_terminal() {
        bail!(NO_PASSWORD);
    }
    Ok(Password::new(rpassword::prompt_password(text).context(NO_PASSWORD)?))
}

impl Context {
    pub(crate) fn keystore(&self) -> Keystore {
        Keystore::new(&self.home)
    }

    /// Opens a wallet; deriving its key takes a moment of pure work.
    pub(crate) async fn wallet(
        &self,
        name: &str,
        password: &PasswordArgs,
    ) -> anyhow::Result<Arc<Wallet>> {
        let keystore = self.keystore();
        // Whether there is such a wallet is said before a password is asked for.
        match keystore.show(name) {
            // A file of another program may name no address.
            Ok(_) | Err(KeystoreError::Form(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let (name, password) = (name.to_owned(), password.read()?);
        let opened = tokio::task::spawn_blocking(move || keystore.open(&name, &password));
        Ok(Arc::new(opened.await??))
    }

    pub(crate) fn network_file(&self) -> anyhow::Result<NetworkFile> {
        let path = match &self.network {
            Some(path) => path.clone(),
            None => self.home.join(NetworkFile::NAME),
        };
        Ok(NetworkFile::load(&path)?)
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        let network = self.network_file()?;
        Ok(Client::open(&self.home, &network, ClientConfig::default()).await?)
    }

    /// The archive group that keeps a small chain.
    pub(crate) async fn ledgers(&self, chain: B256) -> anyhow::Result<Ledgers> {
        Ledgers::of_chain(&self.network_file()?, chain).await
    }

    /// An archive group, and the small chains that it keeps; all that work when none is named.
    pub(crate) async fn groups(&self, group: Option<u32>) -> anyhow::Result<Vec<Ledgers>> {
        let network = self.network_file()?;
        let groups = match group {
            Some(group) => vec![group],
            None => working(&Mainchain::connect(&network).await?).await?,
        };
        let mut all = Vec::with_capacity(groups.len());
        for group in groups {
            all.push(Ledgers::of_group(&network, group).await?);
        }
        Ok(all)
    }

    pub(crate) async fn mainchain(&self) -> anyhow::Result<Mainchain> {
        Ok(Mainchain::connect(&self.network_file()?).await?)
    }

    /// A wallet that calls contracts and pays for it.
    pub(crate) async fn payer(
        &self,
        chain: &Mainchain,
        name: &str,
        password: &PasswordArgs,
    ) -> anyhow::Result<Payer> {
        let wallet = self.wallet(name, password).await?;
        Ok(chain.payer(wallet.signer().clone()))
    }
}

/// A wallet as arguments give it: its address, or a name that resolves to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Address(Address),
    Name(String),
}

/// What starts like an address is one, or a mistake: never a name, unless it ends in `.conet`.
pub(crate) fn named(text: &str) -> Result<Named, String> {
    let is_name = text.ends_with(commands::name::SUFFIX) || !text.starts_with("0x");
    match address(text) {
        Ok(address) => Ok(Named::Address(address)),
        Err(_) if is_name && !text.is_empty() => Ok(Named::Name(text.to_owned())),
        Err(error) => Err(format!("{error}, nor a name such as bobo.conet")),
    }
}

/// An address as arguments give it. One of mixed case has a checksum (EIP-55), which must hold.
pub(crate) fn address(text: &str) -> Result<Address, String> {
    let is_mixed = text.contains(|c: char| matches!(c, 'A'..='F'))
        && text.contains(|c: char| matches!(c, 'a'..='f'));
    let parsed = match is_mixed {
        true => Address::parse_checksummed(text, None).ok(),
        false => text.parse().ok(),
    };
    parsed.ok_or_else(|| format!("expected an address with a checksum that holds, found {text:?}"))
}

impl Context {
    /// The address that was given, or the one that the chain's RPC says a name resolves to.
    pub(crate) async fn address_of(&self, given: &Named) -> anyhow::Result<Address> {
        match given {
            Named::Address(address) => Ok(*address),
            Named::Name(name) => {
                let wallet = commands::name::resolve(&self.mainchain().await?, name).await?;
                self.output.status(&format!("{name} is {wallet}"));
                Ok(wallet)
            }
        }
    }
}

/// A node's id, as arguments give it.
pub(crate) fn node_id(text: &str) -> Result<U256, String> {
    text.parse::<u64>()
        .map(U256::from)
        .map_err(|_| format!("expected a node's number, such as 3, found {text:?}"))
}

/// An amount of CoNET in its smallest units, as arguments give it.
pub(crate) fn conet_amount(text: &str) -> Result<U256, String> {
    amounts::conet(text)
        .ok_or_else(|| format!("expected an amount of CoNET, such as 12.5, found {text:?}"))
}

/// A node's id as JSON: a number, as in `network.json`.
pub(crate) fn id_json(id: U256) -> serde_json::Value {
    match u64::try_from(id) {
        Ok(id) => id.into(),
        Err(_) => id.to_string().into(),
    }
}

/// A path as people and JSON should see it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_address_is_no_name() {
        let address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        assert_eq!(named(address), Ok(Named::Address(address.parse().unwrap())));
        for name in ["bobo", "bobo.conet", "0xbobo.conet"] {
            assert_eq!(named(name), Ok(Named::Name(name.into())));
        }
        let miscased = address.replace('C', "c");
        for odd in ["", "0x7099", "0x70997970c51812dc3a010c7d01b5", &miscased] {
            assert!(named(odd).is_err(), "{odd}");
        }
    }
}
