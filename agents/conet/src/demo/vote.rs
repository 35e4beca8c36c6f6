//! Holders of CoNET vote: the transfer fee goes up, and a second stablecoin may back notes.

use std::time::Duration;

use alloy::{
    eips::BlockId,
    primitives::{Bytes, U256},
    signers::local::PrivateKeySigner,
};
use anyhow::ensure;
use conet_chain::{
    Mainchain, PLAY_MONEY, Payer,
    amounts::{conet, percent},
    changes::Change,
};

use super::{STEP_SECONDS_MAX, witness::Witness};
use crate::devnet::economy::{Amounts, fund};

/// Of 500 million, of which 4% must vote yes or abstain.
const CAROLS_CONET: &str = "25000000";
const DAVES_CONET: &str = "5000000";

/// How votes are numbered.
const NO: u8 = 0;
const YES: u8 = 1;

/// A proposal's states, by the governor's numbers.
const ACTIVE: u8 = 1;
const SUCCEEDED: u8 = 4;
const QUEUED: u8 = 5;

/// Tells it; an error if any of it does not come true.
pub(super) async fn tell(
    chain: &Mainchain,
    owner: &Payer,
    witness: &mut Witness,
) -> anyhow::Result<()> {
    witness.step(
        "Carol and Dave hold CoNET. Carol wants a higher transfer fee and a second stablecoin.",
    );
    let carol = holder(chain, owner, CAROLS_CONET).await?;
    let dave = holder(chain, owner, DAVES_CONET).await?;
    let second = chain.address(PLAY_MONEY[1].0);
    let parameters = chain.parameters();
    let before = parameters.transferFeeRate().call().await?;
    ensure!(parameters.stablecoinScale(second).call().await?.is_zero(), "it is listed already");
    witness.note(&format!(
        "The transfer fee is {}; notes are backed by one stablecoin.",
        percent(before)
    ));

    let changes: [Change; 2] =
        ["transfer-fee=0.06%".parse()?, format!("approve-stablecoin={second}").parse()?];
    let governor = chain.governor();
    let calls: Vec<Bytes> = changes.iter().map(Change::calldata).collect();
    let targets = vec![*parameters.address(); calls.len()];
    let values = vec![U256::ZERO; calls.len()];
    // Votes count from the second after they were delegated.
    tokio::time::sleep(Duration::from_secs(2)).await;
    carol.send(governor.propose(targets, values, calls, "A second stablecoin".into())).await?;
    let number = governor.proposalCount().call().await?;
    let id = governor.proposalDetailsAt(number - U256::from(1)).call().await?.proposalId;
    witness.note(&format!("Carol proposes {} and {}.", changes[0], changes[1]));

    witness.step("Carol votes yes, Dave votes no; what they held when the vote began counts.");
    wait(chain, id, ACTIVE).await?;
    carol.catch_up().await?;
    carol.send(governor.castVote(id, YES)).await?;
    dave.send(governor.castVote(id, NO)).await?;
    wait(chain, id, SUCCEEDED).await?;
    witness.note("25 million against 5 million, and more than the 4% that must take part: it won.");

    witness.step("Anyone queues and executes what won, after the delay in which others may leave.");
    dave.catch_up().await?;
    dave.send(governor.queue_1(id)).await?;
    wait(chain, id, QUEUED).await?;
    let ready = u64::try_from(governor.proposalEta(id).call().await?)?;
    super::within(async {
        while chain.now().await? < ready {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    })
    .await??;
    dave.catch_up().await?;
    dave.send(governor.execute_1(id)).await?;
    let after = parameters.transferFeeRate().call().await?;
    ensure!(percent(after) == "0.06%", "the fee is {}", percent(after));
    ensure!(!parameters.stablecoinScale(second).call().await?.is_zero(), "it is not listed");
    witness.note("The transfer fee is 0.06%, and notes may be backed by the second stablecoin.");
    Ok(())
}

/// Somebody with CoNET that votes.
async fn holder(chain: &Mainchain, owner: &Payer, amount: &str) -> anyhow::Result<Payer> {
    let holder = chain.payer(PrivateKeySigner::random());
    let (gas, conet) = (conet("1").unwrap_or_default(), conet(amount).unwrap_or_default());
    fund(chain, owner, holder.address(), Amounts { gas, conet, dollars: 0 }).await?;
    holder.send(chain.token().delegate(holder.address())).await?;
    Ok(holder)
}

async fn wait(chain: &Mainchain, id: U256, state: u8) -> anyhow::Result<()> {
    let governor = chain.governor();
    let reached = async {
        while governor.state(id).block(BlockId::pending()).call().await? != state {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(STEP_SECONDS_MAX), reached).await?
}
