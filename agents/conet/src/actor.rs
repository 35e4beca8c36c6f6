//! Who acts, and what it pays in.

use std::path::PathBuf;

use alloy::primitives::{Address, U256, utils};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conet_chain::{Mainchain, Payer};
use conet_node::keys::NodeKeys;

use crate::context::{Context, PasswordArgs};

/// A wallet of the home folder, or a node's own.
#[derive(Debug, Clone, Args)]
pub(crate) struct ActorArgs {
    /// The wallet that acts, and pays the gas
    #[arg(long, required_unless_present = "node_home")]
    wallet: Option<String>,
    /// A node's home folder: its own wallet acts
    #[arg(long, value_name = "DIR", conflicts_with = "wallet")]
    node_home: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordArgs,
}

impl ActorArgs {
    pub(crate) async fn payer(
        &self,
        chain: &Mainchain,
        context: &Context,
    ) -> anyhow::Result<Payer> {
        match (&self.wallet, &self.node_home) {
            (Some(wallet), _) => context.payer(chain, wallet, &self.password).await,
            (None, Some(home)) => Ok(chain.payer(NodeKeys::load(home)?.wallet.signer().clone())),
            (None, None) => bail!("expected --wallet or --node-home"),
        }
    }
}

/// An ERC-20 and how people write its amounts.
#[derive(Debug, Clone)]
pub(crate) struct Coin {
    pub(crate) address: Address,
    pub(crate) symbol: String,
    decimals: u8,
}

impl Coin {
    /// CoNET.
    pub(crate) fn conet(chain: &Mainchain) -> Self {
        Self { address: chain.address("ConetToken"), symbol: "CoNET".into(), decimals: 18 }
    }

    /// What this contract says of itself.
    pub(crate) async fn read(chain: &Mainchain, address: Address) -> anyhow::Result<Self> {
        let (token, cannot) = (chain.stablecoin(address), || format!("{address} is no ERC-20"));
        Ok(Self {
            address,
            symbol: printable(&token.symbol().call().await.with_context(cannot)?),
            decimals: token.decimals().call().await.with_context(cannot)?,
        })
    }

    /// An approved stablecoin by symbol or address; the first of them when not given.
    pub(crate) async fn approved(chain: &Mainchain, given: Option<&str>) -> anyhow::Result<Self> {
        let approved = chain.parameters().snapshot().call().await?.stablecoins;
        let mut symbols = Vec::new();
        for address in approved {
            let coin = Self::read(chain, address).await?;
            let is_it =
                |text: &str| text.eq_ignore_ascii_case(&coin.symbol) || text.parse() == Ok(address);
            if given.is_none_or(is_it) {
                return Ok(coin);
            }
            symbols.push(coin.symbol);
        }
        match given {
            Some(given) => bail!("expected one of {}, found {given:?}", symbols.join(", ")),
            None => bail!("no stablecoin is approved yet: see conet gov rules"),
        }
    }

    /// An amount of smallest units as people write it.
    pub(crate) fn text(&self, units: U256) -> String {
        let text = utils::format_units(units, self.decimals).unwrap_or_else(|_| units.to_string());
        let text = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        };
        format!("{text} {}", self.symbol)
    }

    /// Checks that a wallet has this much.
    pub(crate) async fn check(
        &self,
        chain: &Mainchain,
        payer: &Payer,
        units: U256,
    ) -> anyhow::Result<()> {
        let token = chain.stablecoin(self.address);
        let balance = token.balanceOf(payer.address()).call().await?;
        ensure!(
            balance >= units,
            "expected {} in {}, found {}",
            self.text(units),
            payer.address(),
            self.text(balance)
        );
        Ok(())
    }

    /// Checks that the payer has this much, and lets `spender` take it.
    pub(crate) async fn allow(
        &self,
        chain: &Mainchain,
        payer: &Payer,
        spender: Address,
        units: U256,
    ) -> anyhow::Result<()> {
        self.check(chain, payer, units).await?;
        let token = chain.stablecoin(self.address);
        let allowed = token.allowance(payer.address(), spender).call().await?;
        if allowed >= units {
            return Ok(());
        }
        if !allowed.is_zero() {
            // Some coins change an allowance only from zero.
            payer.send(token.approve(spender, U256::ZERO)).await?;
        }
        payer.send(token.approve(spender, units)).await.context("giving the allowance")?;
        Ok(())
    }
}

/// The start of a symbol, which its contract chose.
fn printable(symbol: &str) -> String {
    symbol.chars().filter(|c| c.is_ascii_graphic()).take(16).collect()
}

/// Dollars in micro-dollars, as arguments give them.
pub(crate) fn dollars(text: &str) -> Result<u64, String> {
    let refused = || format!("expected dollars, such as 25 or 0.5, found {text:?}");
    // Further digits would be dropped in silence.
    let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if text.is_empty() || text.starts_with(['-', '+']) || digits > 6 {
        return Err(refused());
    }
    let parsed = utils::parse_units(text, 6).map_err(|_| refused())?;
    u64::try_from(parsed.get_absolute()).map_err(|_| refused())
}

/// Micro-dollars as people write dollars.
pub(crate) fn dollars_text(micro: u64) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_exact() {
        for (text, micro) in [("25", 25_000_000), ("0.5", 500_000), ("99.999999", 99_999_999)] {
            assert_eq!(dollars(text), Ok(micro));
            assert_eq!(dollars_text(micro), text);
        }
        assert_eq!(dollars_text(0), "0");
        for odd in ["", "-1", "+1", "1.0000001", "a lot", "99999999999999999999"] {
            assert!(dollars(odd).is_err(), "{odd}");
        }
    }
}
