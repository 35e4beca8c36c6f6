//! `conet archive`: what archive groups certify, by hand.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, U256};
use clap::{Args, Subcommand};
use conet_bindings::{leaves::Leaves, statement::Statement};
use conet_chain::{
    Mainchain,
    archive::{self, Group, LastBlock, NoteGenesis, Places, Standing, Withdrawal},
};
use serde_json::json;

use crate::{
    actor::{ActorArgs, dollars},
    context::{Context, address, id_json, node_id},
    files::{OutArgs, read, write},
};

mod certificates;

pub(crate) use certificates::Certified;

/// Make what archive groups certify, sign it, and post it.
#[derive(Debug, Subcommand)]
#[command(after_help = "A certificate in three steps:
  conet archive seed --out seed.json
  conet archive certify seed.json --out seed.cert.json --node-home NODE1 --node-home NODE2 ...
  conet archive submit seed.cert.json --wallet bobo

Operators who share no computer: each runs conet archive sign STATEMENT --node-home DIR --out
FILE, and one of them certifies with --signature FILE for each.")]
pub(crate) enum ArchiveCommand {
    /// Show the groups that work, or one of them: its epoch and its seats
    Group {
        /// Its number
        group: Option<u32>,
    },
    /// Ask for a seat for a node; the next seed of the first group says in which group
    #[command(after_help = "Example:
  conet stake add --wallet bobo --node 3 --role archive --amount 200000
  conet archive join --wallet bobo --node 3
  conet --home NODE3 node run

A node that runs already is started again, so that it announces its keys: without them it gets no
seat. It gets it when the group begins its next epoch; conet archive place 3 says where it stands.")]
    Join(SeatArgs),
    /// Give up a node's seat, or stop waiting for one; a seat is kept until the group's next epoch
    #[command(after_help = "Example:
  conet archive resign --wallet bobo --node 3")]
    Resign(SeatArgs),
    /// Show where a node stands with the archive groups
    Place {
        /// The node
        #[arg(value_parser = node_id)]
        node: U256,
    },
    /// Make the statement of a group's next seed, which draws issuers
    #[command(after_help = "Example:
  conet archive seed --out seed.json")]
    Seed(SeedArgs),
    /// Make the statement of the genesis of a note's chain: certified, it opens the note
    #[command(after_help = "Example:
  conet archive genesis 1 --genesis-hash 0x... --members 3,1,2 --out genesis.json")]
    Genesis(GenesisArgs),
    /// Make the statement of a withdrawal from a note: certified, it is paid
    #[command(after_help = "Example:
  conet archive exit 1 --id 0 --recipient 0x... --amount 20 --height 7 --block-hash 0x... \\
      --out exit.json")]
    Exit(ExitArgs),
    /// Make the statement of the last final block of a note's chain: certified, its holders can force their way out
    #[command(after_help = "Example:
  conet archive header 1 --height 20 --block-hash 0x... --leaves leaves.json --out header.json

Groups certify it anew in each epoch, and give it to everybody who holds a part of the note.

leaves.json lists all that the note's holders own after the block:
  [{\"kind\": \"account\", \"account\": \"0x...\", \"amount_pico_dollars\": 50000000000000},
   {\"kind\": \"lock\", \"account\": \"0x...\", \"payee\": \"0x...\", \"lock_id\": \"0x...\",
    \"amount_pico_dollars\": 20000000000000, \"claimed_micro_dollars\": 3000000},
   {\"kind\": \"withdrawal\", \"account\": \"0x...\", \"withdrawal\": 1,
    \"amount_pico_dollars\": 15000000000000}]")]
    Header(HeaderArgs),
    /// Make the statement of a group's next epoch
    #[command(after_help = "Example:
  conet archive handover --nodes 1,2,3,4 --out handover.json")]
    Handover(HandoverArgs),
    /// Sign a statement with one node's wallet; read it first, for contracts pay what it says
    Sign(SignArgs),
    /// Collect the signatures of more than two thirds of a group's seats over a statement
    Certify(CertifyArgs),
    /// Post a certificate to the contract that takes it; a header's goes with conet cash forced-exit
    Submit(SubmitArgs),
}

/// Whose seat.
#[derive(Debug, Args)]
pub(crate) struct SeatArgs {
    /// The node, which the wallet owns
    #[arg(long, value_parser = node_id)]
    node: U256,
    #[command(flatten)]
    actor: ActorArgs,
}

/// A seed.
#[derive(Debug, Args)]
pub(crate) struct SeedArgs {
    /// The archive group
    #[arg(long, default_value_t = 1)]
    group: u32,
    /// The seed, 32 bytes [default: random]
    #[arg(long, value_name = "HEX")]
    value: Option<B256>,
    /// The newest block of the main chain that was final before the seed was made [default: the newest]
    #[arg(long, value_name = "BLOCK")]
    after_block: Option<u64>,
    #[command(flatten)]
    out: OutArgs,
}

/// A genesis.
#[derive(Debug, Args)]
pub(crate) struct GenesisArgs {
    /// The note
    note: U256,
    /// The hash of the chain's first block
    #[arg(long, value_name = "HASH")]
    genesis_hash: B256,
    /// The nodes of the chain's group, the creator first [default: the issuer's node alone]
    #[arg(long, value_name = "NODES", value_delimiter = ',', value_parser = node_id)]
    members: Option<Vec<U256>>,
    /// How many of them sign a block; 0 for all
    #[arg(long, default_value_t = 0)]
    quorum: u8,
    /// Who pays the chain's storage [default: the account that the note is for]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    bound_wallet: Option<Address>,
    /// Everybody may read the chain
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    out: OutArgs,
}

/// An exit.
#[derive(Debug, Args)]
pub(crate) struct ExitArgs {
    /// The note
    note: U256,
    /// The withdrawal's number on the note's chain, from 0
    #[arg(long)]
    id: u64,
    /// Who is paid
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    recipient: Address,
    /// Dollars that leave the note; fees come out of them
    #[arg(long, value_parser = dollars)]
    amount: u64,
    /// The block of the note's chain that the debit is in
    #[arg(long)]
    height: u64,
    /// That block's hash
    #[arg(long, value_name = "HASH")]
    block_hash: B256,
    /// Who gets the relayer fee [default: whoever submits]
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value_t = Address::ZERO, hide_default_value = true)]
    relayer: Address,
    /// Dollars for the relayer
    #[arg(long, value_parser = dollars, default_value = "0")]
    relayer_fee: u64,
    #[command(flatten)]
    out: OutArgs,
}

/// A header.
#[derive(Debug, Args)]
pub(crate) struct HeaderArgs {
    /// The note
    note: U256,
    /// The block
    #[arg(long)]
    height: u64,
    /// Its hash
    #[arg(long, value_name = "HASH")]
    block_hash: B256,
    /// All that the note's holders own after it
    #[arg(long, value_name = "FILE")]
    leaves: PathBuf,
    #[command(flatten)]
    out: OutArgs,
}

/// A handover.
#[derive(Debug, Args)]
pub(crate) struct HandoverArgs {
    /// The archive group
    #[arg(long, default_value_t = 1)]
    group: u32,
    /// The nodes of its next epoch [default: those it has]
    #[arg(long, value_name = "NODES", value_delimiter = ',', value_parser = node_id)]
    nodes: Option<Vec<U256>>,
    /// The hash of what is handed over
    #[arg(long, value_name = "HASH", default_value_t = B256::ZERO, hide_default_value = true)]
    state_hash: B256,
    #[command(flatten)]
    out: OutArgs,
}

/// What to sign.
#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// The statement
    statement: PathBuf,
    /// The home folder of the node that signs
    #[arg(long, value_name = "DIR")]
    node_home: PathBuf,
    #[command(flatten)]
    out: OutArgs,
}

/// What to certify.
#[derive(Debug, Args)]
pub(crate) struct CertifyArgs {
    /// The statement
    statement: PathBuf,
    /// Home folders of nodes that sign
    #[arg(long, value_name = "DIR", num_args = 1.., required_unless_present = "signature")]
    node_home: Vec<PathBuf>,
    /// Files that conet archive sign wrote
    #[arg(long, value_name = "FILE", num_args = 1..)]
    signature: Vec<PathBuf>,
    #[command(flatten)]
    out: OutArgs,
}

/// What to post.
#[derive(Debug, Args)]
pub(crate) struct SubmitArgs {
    /// The certificate
    certificate: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
}

pub(crate) async fn run(command: ArchiveCommand, context: &Context) -> anyhow::Result<()> {
    let chain = context.mainchain().await?;
    match command {
        ArchiveCommand::Group { group } => {
            let groups = match group {
                Some(group) => vec![group],
                None => archive::working(&chain).await?,
            };
            for group in groups {
                show(&Group::read(&chain, group).await?, context)?;
            }
            Ok(())
        }
        ArchiveCommand::Join(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            payer.send(chain.archive_groups().join(args.node)).await?;
            place(&chain, args.node, context).await
        }
        ArchiveCommand::Resign(args) => {
            let payer = args.actor.payer(&chain, context).await?;
            payer.send(chain.archive_groups().resign(args.node)).await?;
            place(&chain, args.node, context).await
        }
        ArchiveCommand::Place { node } => place(&chain, node, context).await,
        ArchiveCommand::Seed(args) => {
            let value = args.value.unwrap_or_else(|| rand::random::<[u8; 32]>().into());
            let made = archive::seed(&chain, args.group, value, args.after_block).await?;
            write_statement(&made, &chain, &args.out, context)
        }
        ArchiveCommand::Genesis(args) => {
            let given = NoteGenesis {
                note: args.note,
                genesis_hash: args.genesis_hash,
                wallet: args.bound_wallet,
                members: args.members,
                quorum: args.quorum,
                is_public: args.public,
            };
            let made = archive::genesis(&chain, given).await?;
            write_statement(&made, &chain, &args.out, context)
        }
        ArchiveCommand::Exit(args) => {
            let given = Withdrawal {
                note: args.note,
                id: args.id,
                recipient: args.recipient,
                amount: args.amount,
                relayer: args.relayer,
                relayer_fee: args.relayer_fee,
                height: args.height,
                block_hash: args.block_hash,
            };
            let made = archive::exit(&chain, given).await?;
            write_statement(&made, &chain, &args.out, context)
        }
        ArchiveCommand::Header(args) => {
            let leaves: Leaves = read(&args.leaves, "a list of leaves")?;
            let given = LastBlock {
                note: args.note,
                height: args.height,
                hash: args.block_hash,
                leaves_root: leaves.root(),
            };
            let made = archive::header(&chain, given).await?;
            write_statement(&made, &chain, &args.out, context)
        }
        ArchiveCommand::Handover(args) => {
            let made = archive::handover(&chain, args.group, args.nodes, args.state_hash).await?;
            write_statement(&made, &chain, &args.out, context)
        }
        ArchiveCommand::Sign(args) => certificates::sign(&args, &chain, context).await,
        ArchiveCommand::Certify(args) => certificates::certify(args, &chain, context).await,
        ArchiveCommand::Submit(args) => certificates::submit(&args, &chain, context).await,
    }
}

fn show(group: &Group, context: &Context) -> anyhow::Result<()> {
    let seats: Vec<_> = group.nodes.iter().zip(&group.signers).collect();
    let json = json!({
        "group": group.id,
        "epoch": group.epoch,
        "seats": seats.iter().map(|(node, signer)| json!({ "node": id_json(**node), "signer": signer }))
            .collect::<Vec<_>>(),
    });
    let mut text = format!("archive group {}, epoch {}", group.id, group.epoch);
    for (seat, (node, signer)) in seats.iter().enumerate() {
        text += &format!("\n  seat {seat:>2}  node {node:>4}  {signer}");
    }
    Ok(context.output.result(&json, &text)?)
}

async fn place(chain: &Mainchain, node: U256, context: &Context) -> anyhow::Result<()> {
    let standing = Places::read(chain, node).await?;
    let Standing { seated, leaving, waiting, placed, .. } = standing;
    let json = json!({
        "node": id_json(node),
        "group": seated,
        "leaving": leaving,
        "waiting": waiting,
        "placed": placed,
    });
    let text = match (seated, waiting, placed) {
        (Some(group), ..) if leaving => format!("has a seat in group {group} until its next epoch"),
        (Some(group), ..) => format!("has a seat in group {group}"),
        (_, true, Some(group)) => format!("waits for the next epoch of group {group}"),
        (_, true, None) => "waits for a seed that says in which group".to_owned(),
        _ => "has no seat, and asks for none".to_owned(),
    };
    Ok(context.output.result(&json, &format!("node {node} {text}"))?)
}

fn write_statement(
    statement: &Statement,
    chain: &Mainchain,
    out: &OutArgs,
    context: &Context,
) -> anyhow::Result<()> {
    let digest = archive::digest(chain, statement);
    let text = format!("{} to sign: {digest}", statement.kind());
    let mut json = serde_json::to_value(statement)?;
    if let Some(fields) = json.as_object_mut() {
        fields.insert("digest".into(), json!(digest));
    }
    write(statement, out, &text, &json, context)
}
