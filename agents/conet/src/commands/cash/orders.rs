//! Orders: placed, minted, refunded.

use std::time::Duration;

use alloy::{
    eips::BlockId,
    primitives::{Address, U256},
};
use anyhow::{Context as _, bail, ensure};
use conet_bindings::CashOrders::{Draw, OrderMinted, OrderPlaced, OrderRecord};
use conet_chain::{Mainchain, amounts::conet_text};
use serde_json::json;

use super::{ActOnOrderArgs, MintArgs, OrdersArgs};
use crate::{
    actor::{Coin, dollars_text},
    calendar::when,
    context::{Context, id_json},
};

/// How often an order is asked for while waiting.
const POLL: Duration = Duration::from_millis(500);

/// How many are read at a time: the contract's most.
pub(super) const PAGE: u64 = 100;

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// For the archive group's seed.
    Waiting,
    /// A node may mint.
    Drawn,
    /// Nobody may any more.
    Lapsed,
    /// For the chain's genesis.
    Minted,
    /// The genesis is certified.
    Live,
    /// No genesis came, and the coin refused the buyer.
    Cancelled,
    Refunded,
}

impl Stage {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// The contract's numbers.
mod status {
    pub(super) const PENDING: u8 = 1;
    pub(super) const MINTED: u8 = 2;
    pub(super) const CANCELLED: u8 = 3;
    pub(super) const REFUNDED: u8 = 4;
}

struct Order {
    id: U256,
    record: OrderRecord,
    draw: Draw,
    stage: Stage,
    coin: Coin,
    /// Until when a genesis may come.
    genesis_until: u64,
}

impl Order {
    async fn read(chain: &Mainchain, id: U256) -> anyhow::Result<Self> {
        let orders = chain.cash_orders();
        let record = orders.orderOf(id).call().await?;
        // The draw follows from the time: that of the next block.
        let draw = orders.drawOf(id).block(BlockId::pending()).call().await?;
        let stage = match (record.status, draw.state) {
            (status::PENDING, 1) => Stage::Waiting,
            (status::PENDING, 2) => Stage::Drawn,
            (status::PENDING, _) => Stage::Lapsed,
            (status::MINTED, _) => {
                let pending = chain.cash().pendingSeries(record.note).call().await?;
                let is_last = orders.lastOrderFor(record.note).call().await? == id;
                if is_last && pending.deposit != 0 { Stage::Minted } else { Stage::Live }
            }
            (status::CANCELLED, _) => Stage::Cancelled,
            (status::REFUNDED, _) => Stage::Refunded,
            _ => bail!("no order {id}: there are {}", orders.orderCount().call().await?),
        };
        let window: u64 = orders.GENESIS_WINDOW().call().await?.try_into()?;
        let genesis_until = record.mintedAt.saturating_add(window);
        let coin = Coin::read(chain, record.stablecoin).await?;
        Ok(Self { id, record, draw, stage, coin, genesis_until })
    }

    /// What happens next, and who does it.
    fn next(&self) -> String {
        let until = when(self.draw.until.saturating_to());
        match self.stage {
            Stage::Waiting => format!(
                "waits for a seed of archive group {}, until {until} at the latest",
                self.record.group
            ),
            Stage::Drawn => format!(
                "node {} may mint it until {until} (issuer {} of 3)",
                self.draw.node,
                self.draw.attempt + U256::from(1)
            ),
            Stage::Lapsed => format!("nobody minted it: conet cash refund {}", self.id),
            Stage::Minted => format!(
                "waits for its genesis until {}; after that conet cash cancel {}",
                when(self.genesis_until),
                self.id
            ),
            Stage::Live => format!("done: conet cash show {}", self.record.note),
            Stage::Cancelled => format!("no genesis came: conet cash refund {}", self.id),
            Stage::Refunded => "the buyer has its deposit back".into(),
        }
    }

    fn print(&self, context: &Context) -> anyhow::Result<()> {
        let OrderRecord { buyer, stablecoin, amount, account, note, group, placedAt, .. } =
            self.record;
        let drawn = (self.stage == Stage::Drawn).then(|| id_json(self.draw.node));
        let until = match self.stage {
            Stage::Waiting | Stage::Drawn => Some(self.draw.until.saturating_to()),
            Stage::Minted => Some(self.genesis_until),
            _ => None,
        };
        let json = json!({
            "order": id_json(self.id),
            "stage": self.stage.name(),
            "note": id_json(note),
            "amount_dollars": dollars_text(amount),
            "stablecoin": stablecoin,
            "symbol": self.coin.symbol,
            "buyer": buyer,
            "account": account,
            "group": group,
            "placed_at": placedAt,
            "minted_at": (self.record.mintedAt != 0).then_some(self.record.mintedAt),
            "issuer_node": drawn,
            "until": until,
        });
        let text = format!(
            "order {:>4}  {:<9} ${} of {} for {account}, note {note}\n            {}",
            self.id,
            self.stage.name(),
            dollars_text(amount),
            self.coin.symbol,
            self.next()
        );
        Ok(context.output.result(&json, &text)?)
    }
}

pub(super) async fn show(chain: &Mainchain, id: U256, context: &Context) -> anyhow::Result<()> {
    Order::read(chain, id).await?.print(context)
}

pub(super) async fn mint(
    args: MintArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let coin = Coin::approved(chain, args.stablecoin.as_deref()).await?;
    let (orders, note) = (chain.cash_orders(), args.note.unwrap_or_default());
    let quote = orders.quote(coin.address, args.amount, note).call().await;
    let quote = quote.map_err(conet_chain::ChainError::from)?;
    if !quote.priced {
        context.output.warn("CoNET has no valid price: nobody can mint until it has");
    } else if quote.groupRoom < U256::from(args.amount) {
        let room = dollars_text(quote.groupRoom.saturating_to());
        context.output.warn(&format!(
            "the note's archive group has room for ${room} more: nobody can mint until it has more"
        ));
    }
    coin.allow(chain, &payer, *orders.address(), quote.deposit).await?;
    let account = args.account.unwrap_or(payer.address());
    let call = orders.order(coin.address, args.amount, account, note);
    let receipt = payer.send(call).await.context("ordering")?;
    let placed = receipt.decoded_log::<OrderPlaced>().context("the order left no event")?;
    let order = Order::read(chain, placed.order).await?;
    order.print(context)?;
    if args.wait { wait(chain, order, args.timeout_s, context).await } else { Ok(()) }
}

/// Says each step until there is none to wait for.
async fn wait(
    chain: &Mainchain,
    mut order: Order,
    timeout_s: u64,
    context: &Context,
) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(timeout_s);
    loop {
        match order.stage {
            Stage::Live => return Ok(()),
            Stage::Lapsed | Stage::Cancelled | Stage::Refunded => {
                bail!("expected order {} minted, found it {}", order.id, order.stage.name());
            }
            Stage::Waiting | Stage::Drawn | Stage::Minted => {}
        }
        ensure!(
            tokio::time::Instant::now() < deadline,
            "expected the note of order {} live within {timeout_s} s, found it {}: {}",
            order.id,
            order.stage.name(),
            order.next()
        );
        tokio::time::sleep(POLL).await;
        let now = Order::read(chain, order.id).await?;
        if (now.stage, now.draw.node) != (order.stage, order.draw.node) {
            now.print(context)?;
        }
        order = now;
    }
}

pub(super) async fn list(
    args: OrdersArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let buyer: Option<Address> = match (args.buyer, &args.wallet) {
        (Some(buyer), _) => Some(buyer),
        (None, Some(name)) => Some(context.keystore().show(name)?.address),
        (None, None) => None,
    };
    let orders = chain.cash_orders();
    let (mut last, mut found) = (u64::try_from(orders.orderCount().call().await?)?, 0);
    while last > 0 && found < args.limit {
        let first = last.saturating_sub(PAGE - 1).max(1);
        let page = orders.orders(U256::from(first), U256::from(last - first + 1)).call().await?;
        let numbered: Vec<_> = (first..=last).zip(page).collect();
        for (id, record) in numbered.into_iter().rev() {
            if buyer.is_none_or(|buyer| buyer == record.buyer) && found < args.limit {
                show(chain, U256::from(id), context).await?;
                found += 1;
            }
        }
        last = first - 1;
    }
    if found == 0 {
        context.output.status("no orders yet: conet cash mint --help");
    }
    Ok(())
}

pub(super) async fn issue(
    args: ActOnOrderArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let order = Order::read(chain, args.order).await?;
    let id = args.order;
    ensure!(
        order.stage == Stage::Drawn,
        "expected order {id} drawn, found it {}: {}",
        order.stage.name(),
        order.next()
    );
    let receipt = payer.send(chain.cash_orders().mint(id)).await?;
    let minted = receipt.decoded_log::<OrderMinted>().context("the mint left no event")?;
    let burned = conet_text(minted.burn);
    let json = json!({
        "order": id_json(id),
        "note": id_json(minted.note),
        "issuer_node": id_json(minted.issuerNode),
        "issuer": minted.issuer,
        "burned_conet": burned,
    });
    let (node, note) = (minted.issuerNode, minted.note);
    let text = format!("node {node} minted note {note} and burned {burned} CoNET");
    Ok(context.output.result(&json, &text)?)
}
