//! A small chain's life: it is drawn a group, loses a witness, and gets rid of a creator that cheats.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{B256, U256, keccak256},
    signers::local::PrivateKeySigner,
    sol_types::SolCall as _,
};
use anyhow::{Context as _, bail, ensure};
use conet_bindings::{History, roles};
use conet_chain::{Mainchain, amounts::conet_text};
use conet_committee::{archive::Notice, keys::NodeId};
use conet_dle::keys::WalletKey;
use zeroize::Zeroizing;

use super::{STEP_SECONDS_MAX, cheat, witness::Witness};
use crate::{
    commands::chain::{create, redraw, selections, verify},
    devnet::{Devnet, NodeProcess, economy},
    ledgers::{GAS_LIMIT, Ledgers},
};

/// Of nodes that make blocks: a group, those who take the places of two of them, and one more.
pub(super) const NODES_MIN: usize = 12;

const WITNESSES: u8 = 3;
const VALIDATORS: u8 = 1;
const PATIENCE: Duration = Duration::from_secs(STEP_SECONDS_MAX);

/// Alice, her chain, and how it is looked at.
struct Tale {
    main: Mainchain,
    ledgers: Ledgers,
    key: WalletKey,
    chain: B256,
}

/// Tells it; an error if any of it does not come true.
pub(super) async fn tell(devnet: &mut Devnet, story: &mut Witness) -> anyhow::Result<()> {
    let tale = begin(devnet, story).await?;
    lose_a_witness(&tale, devnet, story).await?;
    catch_a_cheat(&tale, devnet, story).await?;
    look_back(&tale, story).await
}

async fn begin(devnet: &mut Devnet, story: &mut Witness) -> anyhow::Result<Tale> {
    story.step("Alice begins a small chain of its own: the history of her car. The roulette draws its group.");
    let main = Mainchain::connect(&devnet.network).await?;
    let signer = PrivateKeySigner::random();
    let means = economy::Amounts {
        gas: U256::from(10).pow(U256::from(18)),
        conet: U256::ZERO,
        dollars: 10,
    };
    economy::fund(&main, &devnet.owner, signer.address(), means).await?;
    let key = WalletKey::new(&Zeroizing::new(signer.to_bytes().0))?;
    let history = create::history(key.wallet(), "Alice's car", None);
    let plan = create::Plan {
        is_private: false,
        witnesses: WITNESSES,
        validators: VALIDATORS,
        quorum: 0,
        rent_days: 30,
        stablecoin: None,
    };
    let payer = main.payer(signer);
    let of = (&devnet.network, &main);
    let begun = create::begin(of, &payer, &key, history, &plan).await?;
    let (ledgers, chain) = (begun.ledgers, begun.chain);
    let notice = ledgers.until_whole(chain, PATIENCE, None).await?.notice;
    story.note(&format!("Chain {chain}: {}.", group(&notice)));
    let tale = Tale { main, ledgers, key, chain };
    let took = tale.append("bought from a dealer").await?;
    story.note(&format!("\"bought from a dealer\" is final after {} ms.", took.as_millis()));
    Ok(tale)
}

impl Tale {
    async fn append(&self, text: &str) -> anyhow::Result<Duration> {
        let call = History::appendCall { hash: keccak256(text), text: text.into() };
        let data = call.abi_encode().into();
        let sent = self.ledgers.transact(self.chain, data, GAS_LIMIT, PATIENCE, &self.key).await?;
        let is_done = sent.view.receipt.is_some_and(|receipt| receipt.success);
        ensure!(is_done, "the contract refused a record");
        Ok(sent.took)
    }

    async fn notice(&self) -> anyhow::Result<Notice> {
        Ok(self.ledgers.chain(self.chain, None).await?.notice)
    }
}

async fn lose_a_witness(
    tale: &Tale,
    devnet: &mut Devnet,
    story: &mut Witness,
) -> anyhow::Result<()> {
    let before = tale.notice().await?;
    let lost = *before.witnesses.first().context("a chain without witnesses")?;
    story.step(&format!("Node {}, a witness, loses its power in the middle of it.", lost.0));
    let home = home(devnet, lost)?;
    process(devnet, &home)?.kill().await?;
    let took = tale.append("new tyres").await?;
    let after = tale.notice().await?;
    ensure!(!after.members().contains(&lost), "the witness still has its place");
    story.note(&format!(
        "\"new tyres\" is final after {} ms: the group complained, the log gave its place away. Now: {}.",
        took.as_millis(),
        group(&after)
    ));
    devnet.restart(&home).await?;
    let took = tale.append("first service").await?;
    story.note(&format!(
        "Node {} is back, unpunished, and waits to be drawn; \"first service\" took {} ms.",
        lost.0,
        took.as_millis()
    ));
    Ok(())
}

async fn catch_a_cheat(
    tale: &Tale,
    devnet: &mut Devnet,
    story: &mut Witness,
) -> anyhow::Result<()> {
    let before = tale.ledgers.chain(tale.chain, None).await?;
    let cheat = before.notice.creator.context("a chain without a creator")?;
    story.step(&format!(
        "Node {}, the creator, wants two histories: a changed program with its key signs two blocks for one height.",
        cheat.0
    ));
    let (staking, node) = (tale.main.staking(), U256::from(cheat.0));
    let staked = staking.bonded(node, roles::CREATOR).call().await?;
    let home = home(devnet, cheat)?;
    process(devnet, &home)?.kill().await?;
    cheat::sign_two_blocks(&home, &before, &tale.ledgers).await?;
    let took = tale.append("one owner, no accidents").await?;
    let after = tale.notice().await?;
    ensure!(!after.members().contains(&cheat), "the cheat still has its place");
    story.note(&format!(
        "A witness showed both to the archive group, and the log put {cheat} out for good. \"one owner, no accidents\" is final after {} ms, with: {}.",
        took.as_millis(),
        group(&after)
    ));
    let start = Instant::now();
    while !staking.isBarred(node).call().await? {
        ensure!(start.elapsed() < PATIENCE, "the cheat is not slashed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let left = staking.bonded(node, roles::CREATOR).call().await?;
    ensure!(left.is_zero() && !staked.is_zero(), "the cheat kept its stake");
    story.note(&format!(
        "A seat reported the two signatures on the main chain: {} CoNET of stake are gone, and the node is barred.",
        conet_text(staked)
    ));
    Ok(())
}

async fn look_back(tale: &Tale, story: &mut Witness) -> anyhow::Result<()> {
    story.step("Anybody can draw and execute all of it again.");
    let (chain, ledgers) = (tale.chain, &tale.ledgers);
    let drawn = ledgers.ask(async |client, place| client.selections(place, Some(chain), 0).await);
    story.note("The Selection Chain, as far as it is about this chain:");
    for selection in drawn.await?.selections {
        story.note(&selections::text(&selection));
    }
    let redrawn = redraw::redraw(ledgers, |_| Ok(())).await?;
    ensure!(redrawn.draws > 0, "there is nothing to draw again");
    story.note(&format!("Of all its group: {}.", selections::redrawn_text(&redrawn)));
    let (exported, proof) = verify::fetch(ledgers, chain, None, None, |_| {}).await?;
    let decided = proof.notice.hash;
    let blocks = exported.blocks.len();
    let verified =
        tokio::task::spawn_blocking(move || verify::execute(&exported, |_| {})).await??;
    ensure!(verified.last().hash() == decided, "the blocks lead elsewhere");
    story.note(&format!(
        "{blocks} blocks, executed again, lead to block {decided}, which is final."
    ));
    let anchor = wait_for_anchor(tale).await?;
    story.note(&format!(
        "On the main chain: its genesis, and {anchor} changes of its group, certified by the archive group."
    ));
    Ok(())
}

/// Waits until the main chain has the chain's present group. How often that changed.
async fn wait_for_anchor(tale: &Tale) -> anyhow::Result<u64> {
    let start = Instant::now();
    loop {
        let notice = tale.notice().await?;
        let group = notice.creator.into_iter().chain(notice.witnesses);
        let members: Vec<_> = group.map(|node| U256::from(node.0)).collect();
        let anchor = tale.main.chain_anchor().anchorOf(tale.chain).call().await?;
        if anchor.membersHash == conet_bindings::statement::members_hash(&members) {
            return Ok(anchor.groupChanges);
        }
        ensure!(start.elapsed() < PATIENCE, "the main chain has not heard of the group");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn group(notice: &Notice) -> String {
    let creator = notice.creator.map_or(0, |node| node.0);
    let witnesses: Vec<_> = notice.witnesses.iter().map(|node| node.0.to_string()).collect();
    let signers = notice.signers(notice.height + 1).map_or(0, |signers| signers.iter().len());
    format!(
        "node {creator} makes blocks, nodes {} watch; {signers} sign each",
        witnesses.join(", ")
    )
}

fn home(devnet: &Devnet, node: NodeId) -> anyhow::Result<PathBuf> {
    let known = devnet.network.nodes.iter().find(|known| known.id == node.0);
    Ok(known.context("expected a node of this network")?.home.clone())
}

fn process<'a>(devnet: &'a mut Devnet, home: &Path) -> anyhow::Result<&'a mut NodeProcess> {
    match devnet.node(home) {
        Some(process) => Ok(process),
        None => bail!("expected a node that runs, found none in {}", home.display()),
    }
}
