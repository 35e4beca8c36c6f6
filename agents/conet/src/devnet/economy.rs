//! What makes a development network's contracts alive: a price, stakes, an archive group, issuers with CoNET to burn.

use alloy::{
    primitives::{Address, U256},
    signers::local::PrivateKeySigner,
};
use anyhow::{Context as _, ensure};
use conet_bindings::roles;
use conet_chain::{Mainchain, NetworkFile, PLAY_MONEY, Payer, amounts::whole_conet};
use futures_util::{StreamExt as _, TryStreamExt as _};

use super::chain::Chain;
use crate::actor::Coin;

/// Micro-dollars for one CoNET.
const PRICE_MICRO: u128 = 100_000;

/// What a node gets to stake and to burn, in CoNET.
const NODE_CONET: u64 = 500_000;

/// What the owner wraps on a chain whose gas is paid in CoNET.
pub(super) const OWNER_CONET: u64 = 50_000_000;

/// What it stakes for each role, in CoNET.
const STAKES: [(u16, u64); 4] = [
    (roles::ARCHIVE, 200_000),
    (roles::WITNESS, 50_000),
    (roles::VALIDATOR, 50_000),
    (roles::CREATOR, 50_000),
];

/// Nodes that stake and deposit at once. What a deposit costs depends on those before it: of too many together some run
/// out of gas.
const PREPARED_AT_ONCE: usize = 4;

/// What it keeps free to burn for notes, in CoNET.
const ISSUER_CONET: u64 = 100_000;

/// What a development node offers.
pub(super) const ROLES: u16 = roles::RELAY
    | roles::AGENT
    | roles::ARCHIVE
    | roles::WITNESS
    | roles::VALIDATOR
    | roles::CREATOR;

/// What one offers that is behind relays: nothing that others must reach it for.
pub(super) const BEHIND_RELAYS: u16 = roles::WITNESS | roles::VALIDATOR | roles::CREATOR;

/// What their relays offer: not to see two sides of it, they have no part in ledgers.
pub(super) const RELAYS: u16 = roles::RELAY | roles::AGENT;

/// A node that owns itself.
struct Member {
    id: U256,
    payer: Payer,
    roles: u16,
}

/// A new node, the wallet that owns it, and what it offers.
pub(super) type NewNode = (U256, PrivateKeySigner, u16);

/// Posts the price, gives every node its stakes, and makes an archive group. Gives the wallet that has
/// the rest of the CoNET.
pub(super) async fn enliven(
    file: &NetworkFile,
    chain: &Chain,
    nodes: Vec<NewNode>,
    seats: Option<usize>,
    say: &mut impl FnMut(String),
) -> anyhow::Result<Payer> {
    let mainchain = Mainchain::connect(file).await?;
    let owner = mainchain.payer(chain.owner.clone());
    if chain.is_native {
        let token = mainchain.native_token();
        owner
            .send(token.deposit().value(whole_conet(OWNER_CONET)))
            .await
            .context("wrapping coins")?;
    }
    let median = mainchain.median_aggregator();
    owner.send(median.report(PRICE_MICRO * 100)).await.context("the price")?;
    let member = |(id, signer, roles)| Member { id, payer: mainchain.payer(signer), roles };
    let members: Vec<_> = nodes.into_iter().map(member).collect();
    for member in &members {
        let wallet = member.payer.address();
        owner.send(mainchain.token().transfer(wallet, whole_conet(NODE_CONET))).await?;
    }
    let prepared = members.iter().map(|member| prepare(&mainchain, member));
    let prepared = futures_util::stream::iter(prepared).buffer_unordered(PREPARED_AT_ONCE);
    prepared.try_collect::<()>().await.context("the nodes' stakes")?;
    say(format!("each node has staked for {}", names()));
    seat(&mainchain, &owner, &members, seats, say).await?;
    Ok(owner)
}

/// Makes the first archive group: of so many nodes, or of as few as it takes.
async fn seat(
    chain: &Mainchain,
    owner: &Payer,
    members: &[Member],
    seats: Option<usize>,
    say: &mut impl FnMut(String),
) -> anyhow::Result<()> {
    let groups = chain.archive_groups();
    let (least, most) = (groups.minSeats().call().await?, groups.maxSeats().call().await?);
    let (least, most) = (usize::try_from(least)?, usize::try_from(most)?);
    if members.len() < least {
        say(format!("no archive group: it takes {least} nodes"));
        return Ok(());
    }
    let count = seats.unwrap_or(least);
    ensure!(
        (least..=most.min(members.len())).contains(&count),
        "expected {least} to {} seats, found {count}",
        most.min(members.len())
    );
    let mut seated = Vec::new();
    for member in members.iter().take(count) {
        member.payer.send(groups.join(member.id)).await?;
        seated.push(member.id);
    }
    seated.sort();
    owner.send(groups.bootstrap(seated)).await.context("the first archive group")?;
    say(format!("archive group 1 has {count} seats"));
    Ok(())
}

async fn prepare(chain: &Mainchain, member: &Member) -> anyhow::Result<()> {
    let (coin, payer) = (Coin::conet(chain), &member.payer);
    let stakes = STAKES.into_iter().filter(|(role, _)| member.roles & role != 0);
    let staked = stakes.clone().map(|(_, amount)| amount).sum();
    coin.allow(chain, payer, chain.address("Staking"), whole_conet(staked)).await?;
    let staking = chain.staking();
    for (role, amount) in stakes {
        payer.send(staking.stake(member.id, role, whole_conet(amount))).await?;
    }
    if member.roles & roles::CREATOR == 0 {
        return Ok(());
    }
    let orders = chain.cash_orders();
    coin.allow(chain, payer, *orders.address(), whole_conet(ISSUER_CONET)).await?;
    payer.send(orders.deposit(member.id, whole_conet(ISSUER_CONET))).await?;
    Ok(())
}

/// Gives a wallet what it needs to try things: coins for gas, CoNET and play money.
pub(crate) async fn fund(
    chain: &Mainchain,
    owner: &Payer,
    to: Address,
    amounts: Amounts,
) -> anyhow::Result<()> {
    let Amounts { gas, conet: amount, dollars } = amounts;
    owner.pay(to, gas).await?;
    owner.send(chain.token().transfer(to, amount)).await?;
    for (name, decimals) in PLAY_MONEY {
        let units = U256::from(dollars) * U256::from(10).pow(U256::from(decimals));
        owner.send(chain.stablecoin(chain.address(name)).mint(to, units)).await?;
    }
    Ok(())
}

/// What a wallet gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amounts {
    /// Wei.
    pub(crate) gas: U256,
    /// 10^-18 CoNET.
    pub(crate) conet: U256,
    /// Whole dollars, of each kind of play money.
    pub(crate) dollars: u64,
}

fn names() -> String {
    let names = STAKES.iter().flat_map(|(role, _)| roles::names(*role));
    names.collect::<Vec<_>>().join(", ")
}
