//! Proposals: made, voted on, moved on, waited for.

use std::time::Duration;

use alloy::{
    eips::BlockId,
    network::TransactionBuilder as _,
    primitives::{Address, Bytes, U256},
    providers::Provider as _,
    rpc::types::TransactionRequest,
};
use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use conet_chain::{ChainError, Mainchain, amounts::conet_text, changes::Change};
use serde_json::json;

use super::{ActArgs, ProposeArgs, VoteArgs, WaitArgs};
use crate::context::Context;

/// How often a proposal's state is asked for while waiting.
const POLL: Duration = Duration::from_millis(500);

/// How often votes that were just delegated are looked for.
const DELEGATION_POLLS: u32 = 10;

/// A proposal's state, by the number that the governor gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum State {
    Pending,
    Active,
    Canceled,
    Defeated,
    Succeeded,
    Queued,
    Expired,
    Executed,
}

impl State {
    fn of(number: u8) -> anyhow::Result<Self> {
        let states = Self::value_variants();
        states.get(usize::from(number)).copied().with_context(|| format!("unknown state {number}"))
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// Whether nothing comes after it.
    fn is_last(self) -> bool {
        matches!(self, Self::Canceled | Self::Defeated | Self::Expired | Self::Executed)
    }
}

pub(super) async fn propose(
    args: ProposeArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = context.payer(chain, &args.wallet, &args.password).await?;
    let governor = chain.governor();
    enough_votes(chain, payer.address(), &args.wallet).await?;
    for change in &args.changes {
        possible(chain, change).await?;
    }
    let calls: Vec<Bytes> = args.changes.iter().map(Change::calldata).collect();
    let targets = vec![chain.address("Parameters"); calls.len()];
    let values = vec![U256::ZERO; calls.len()];
    let written: Vec<_> = args.changes.iter().map(ToString::to_string).collect();
    let title = args.title.unwrap_or_else(|| written.join(", "));
    payer.send(governor.propose(targets, values, calls, title)).await?;
    let number = governor.proposalCount().call().await?;
    let proposal = Proposal::read(chain, number).await?;
    proposal.print(context)?;
    context.output.status(&format!("next: conet gov vote {number} yes --wallet {}", args.wallet));
    Ok(())
}

/// Refuses who has too few votes to propose. Those just delegated count from the next second on.
async fn enough_votes(chain: &Mainchain, proposer: Address, name: &str) -> anyhow::Result<()> {
    let governor = chain.governor();
    let threshold = governor.proposalThreshold().call().await?;
    let votes = chain.token().getVotes(proposer).call().await?;
    ensure!(
        votes >= threshold,
        "expected at least {} CoNET of votes to propose, found {}: \
         conet gov delegate --wallet {name} lets its CoNET vote",
        conet_text(threshold),
        conet_text(votes)
    );
    for _ in 0..DELEGATION_POLLS {
        let before = U256::from(chain.now().await?.saturating_sub(1));
        let counted = governor.getVotes(proposer, before).block(BlockId::pending()).call().await;
        if counted.is_ok_and(|votes| votes >= threshold) {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Refuses what the timelock could not execute today, such as a value out of its bounds: else voters would find out.
async fn possible(chain: &Mainchain, change: &Change) -> anyhow::Result<()> {
    let call = TransactionRequest::default()
        .with_from(chain.address("Timelock"))
        .with_to(chain.address("Parameters"))
        .with_input(change.calldata());
    let tried = chain.provider().call(call).await.map_err(ChainError::from);
    tried.with_context(|| format!("{change} would fail"))?;
    Ok(())
}

pub(super) async fn vote(
    args: VoteArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = context.payer(chain, &args.wallet, &args.password).await?;
    let id = proposal_id(chain, args.proposal).await?;
    let support = args.choice as u8;
    payer.catch_up().await?;
    payer.send(chain.governor().castVoteWithReason(id, support, args.reason)).await?;
    Proposal::read(chain, args.proposal).await?.print(context)
}

/// How a proposal moves on.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Queue,
    Execute,
}

pub(super) async fn act(
    args: ActArgs,
    what: Act,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = context.payer(chain, &args.wallet, &args.password).await?;
    let id = proposal_id(chain, args.proposal).await?;
    payer.catch_up().await?;
    match what {
        Act::Queue => payer.send(chain.governor().queue_1(id)).await?,
        Act::Execute => payer.send(chain.governor().execute_1(id)).await?,
    };
    Proposal::read(chain, args.proposal).await?.print(context)
}

pub(super) async fn wait(
    args: WaitArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(args.timeout_s);
    loop {
        let proposal = Proposal::read(chain, args.proposal).await?;
        if proposal.state == args.state && proposal.is_ready(chain).await? {
            return proposal.print(context);
        }
        let (wanted, found) = (args.state.name(), proposal.state.name());
        if proposal.state.is_last() {
            bail!("expected proposal {} to become {wanted}, found it {found}", proposal.number);
        }
        if tokio::time::Instant::now() >= deadline {
            let seconds = args.timeout_s;
            bail!(
                "expected proposal {} {wanted} within {seconds} s, found it {found}",
                proposal.number
            );
        }
        tokio::time::sleep(POLL).await;
    }
}

pub(super) async fn list(chain: &Mainchain, context: &Context) -> anyhow::Result<()> {
    let count = u64::try_from(chain.governor().proposalCount().call().await?)?;
    if count == 0 {
        context.output.status("no proposals yet: conet gov propose --help");
    }
    for number in 1..=count {
        show(chain, U256::from(number), context).await?;
    }
    Ok(())
}

pub(super) async fn show(
    chain: &Mainchain,
    proposal: U256,
    context: &Context,
) -> anyhow::Result<()> {
    Proposal::read(chain, proposal).await?.print(context)
}

/// An id as it is, or the id behind a number in the list.
async fn proposal_id(chain: &Mainchain, given: U256) -> anyhow::Result<U256> {
    Ok(Proposal::read(chain, given).await?.id)
}

struct Proposal {
    /// From 1; `?` when it was asked for by id.
    number: String,
    id: U256,
    changes: Vec<String>,
    state: State,
    votes: [U256; 3],
    vote_starts: u64,
    vote_ends: u64,
    executable_at: u64,
}

impl Proposal {
    async fn read(chain: &Mainchain, given: U256) -> anyhow::Result<Self> {
        let governor = chain.governor();
        let count = governor.proposalCount().call().await?;
        let (number, id, targets, calls) = if !given.is_zero() && given <= count {
            let at = governor.proposalDetailsAt(given - U256::from(1)).call().await?;
            (given.to_string(), at.proposalId, at.targets, at.calldatas)
        } else {
            let found = governor.proposalDetails(given).call().await;
            let found = found.map_err(|_| no_such(given, count))?;
            ("?".into(), given, found.targets, found.calldatas)
        };
        let parameters = chain.address("Parameters");
        let changes =
            targets.iter().zip(&calls).map(|(target, call)| match *target == parameters {
                true => Change::describe(call),
                false => format!("{target}: {call}"),
            });
        let votes = governor.proposalVotes(id).call().await?;
        Ok(Self {
            number,
            id,
            changes: changes.collect(),
            state: State::of(governor.state(id).block(BlockId::pending()).call().await?)?,
            votes: [votes.againstVotes, votes.forVotes, votes.abstainVotes],
            vote_starts: u64::try_from(governor.proposalSnapshot(id).call().await?)?,
            vote_ends: u64::try_from(governor.proposalDeadline(id).call().await?)?,
            executable_at: u64::try_from(governor.proposalEta(id).call().await?)?,
        })
    }

    /// A queued proposal is ready once its delay is over.
    async fn is_ready(&self, chain: &Mainchain) -> anyhow::Result<bool> {
        if self.state != State::Queued {
            return Ok(true);
        }
        Ok(chain.now().await? >= self.executable_at)
    }

    fn print(&self, context: &Context) -> anyhow::Result<()> {
        let [no, yes, abstain] = self.votes.map(conet_text);
        let json = json!({
            "number": self.number.parse::<u64>().ok(),
            "id": self.id.to_string(),
            "state": self.state.name(),
            "changes": self.changes,
            "yes_conet": yes,
            "no_conet": no,
            "abstain_conet": abstain,
            "vote_starts": self.vote_starts,
            "vote_ends": self.vote_ends,
            "executable_at": (self.executable_at != 0).then_some(self.executable_at),
        });
        let text = format!(
            "{:>3}  {:<9}  yes {yes}, no {no}, abstain {abstain}\n     {}\n     id {}",
            self.number,
            self.state.name(),
            self.changes.join("\n     "),
            self.id
        );
        Ok(context.output.result(&json, &text)?)
    }
}

fn no_such(given: U256, count: U256) -> anyhow::Error {
    anyhow::anyhow!("no proposal {given}: there are {count}, numbered from 1; see conet gov list")
}
