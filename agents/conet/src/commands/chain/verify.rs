//! A whole chain, executed again from its beginning.

use std::path::{Path, PathBuf};

use alloy::primitives::{B256, Bytes, keccak256};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conet_bindings::{History, NoteChain};
use conet_committee::archive::ProvenNotice;
use conet_dle::keys::WalletKey;
use conet_ledger::verify::{ExportedBlock, ExportedChain, Verifier};
use serde_json::json;

use super::{ReaderArgs, file::ChainFile, read::block};
use crate::{
    context::{Context, shown},
    ledgers::Ledgers,
};

/// What to write, and where.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The chain's id
    chain: B256,
    /// The file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    source: SourceArgs,
}

/// What to verify.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(crate) struct VerifyArgs {
    /// The chain's id
    #[arg(group = "which")]
    chain: Option<B256>,
    /// A chain that was exported
    #[arg(long, value_name = "FILE", group = "which")]
    file: Option<PathBuf>,
    /// Compare the seats that a file names with the main chain's
    #[arg(long, requires = "file")]
    main_chain: bool,
    #[command(flatten)]
    source: SourceArgs,
}

/// What it takes to read a chain.
#[derive(Debug, Args)]
struct SourceArgs {
    /// The contract's bytecode in hexadecimal, when it is none that comes with this program
    #[arg(long, value_name = "FILE")]
    code: Option<PathBuf>,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// A contract of the user's own, in a file.
fn own_code(path: Option<&Path>) -> anyhow::Result<Option<Bytes>> {
    let Some(path) = path else { return Ok(None) };
    let cannot_read = || format!("cannot read {}", shown(path));
    let text = std::fs::read_to_string(path).with_context(cannot_read)?;
    Ok(Some(text.trim().parse().context("expected bytecode in hexadecimal")?))
}

/// The code that a genesis names.
fn code(hash: B256, own: Option<Bytes>) -> anyhow::Result<Bytes> {
    let known = [NoteChain::DEPLOYED_BYTECODE.clone(), History::DEPLOYED_BYTECODE.clone()];
    let found = known.into_iter().chain(own).find(|code| keccak256(code) == hash);
    found.with_context(|| format!("the chain has a contract of its own: give --code, with the bytecode whose keccak256 is {hash}"))
}

/// Reads a chain up to the block that the archive group's proof names, and gives that proof.
pub(crate) async fn fetch(
    ledgers: &Ledgers,
    chain: B256,
    own: Option<Bytes>,
    signer: Option<&WalletKey>,
    progress: impl Fn(u64),
) -> anyhow::Result<(ExportedChain, ProvenNotice)> {
    let proof = ledgers.chain(chain, signer).await?;
    let notice = &proof.notice;
    let begun = ledgers.ask(async |client, place| client.genesis(place, chain, signer).await);
    let begun = begun.await?;
    ensure!(
        begun.hash == notice.genesis,
        "a seat gave another beginning than the archive group decided: do not trust it"
    );
    let code = code(begun.genesis.code_hash, own)?;
    let mut blocks = Vec::new();
    for height in begun.genesis.height + 1..=notice.height {
        let found = block(ledgers, chain, height, signer).await?;
        let body = found.body.with_context(|| {
            format!("the seat is still being sent block {height}: try again in a moment")
        })?;
        blocks.push(ExportedBlock { header: found.header, body });
        progress(blocks.len() as u64);
    }
    let genesis_hash = begun.hash;
    Ok((ExportedChain { genesis: begun.genesis, genesis_hash, code, blocks }, proof))
}

/// As [`fetch`], with what the command line says.
async fn fetch_as_told(
    chain: B256,
    source: &SourceArgs,
    context: &Context,
) -> anyhow::Result<ChainFile> {
    let (ledgers, key) = (context.ledgers(chain).await?, source.reader.key(context).await?);
    let bar = context.output.spinner("blocks read");
    let own = own_code(source.code.as_deref())?;
    let fetched = fetch(&ledgers, chain, own, key.as_ref(), |count| bar.set_position(count)).await;
    bar.finish_and_clear();
    let (chain, proof) = fetched?;
    Ok(ChainFile { chain, proof, seated: ledgers.seated() })
}

pub(super) async fn export(args: ExportArgs, context: &Context) -> anyhow::Result<()> {
    let exported = fetch_as_told(args.chain, &args.source, context).await?;
    exported.write(&args.out)?;
    let (blocks, path) = (exported.chain.blocks.len(), shown(&args.out));
    let json = json!({ "chain": args.chain, "blocks": blocks, "path": path });
    Ok(context.output.result(&json, &format!("{blocks} blocks are written to {path}"))?)
}

pub(super) async fn run(args: VerifyArgs, context: &Context) -> anyhow::Result<()> {
    let (file, whose) = match (args.chain, &args.file) {
        (Some(chain), _) => (fetch_as_told(chain, &args.source, context).await?, Whose::MainChain),
        (None, Some(path)) => {
            let file = ChainFile::read(path)?;
            file.check()?;
            if args.main_chain {
                // Of the group that keeps the chain, whatever the file says.
                let now = context.ledgers(file.proof.notice.chain).await?;
                file.seated.compare(&now.seated())?;
            }
            (file, if args.main_chain { Whose::MainChain } else { Whose::File })
        }
        (None, None) => bail!("expected a chain's id or --file"),
    };
    let ChainFile { chain: exported, proof, seated } = file;
    let output = context.output;
    let count = exported.blocks.len();
    let bar = output.counter(count as u64);
    let shown_on = bar.clone();
    let done = move || execute(&exported, |count| shown_on.set_position(count));
    let verified = tokio::task::spawn_blocking(done).await;
    bar.finish_and_clear();
    let verified = verified??;
    let last = verified.last();
    let (chain, height, hash) = (last.proposal.chain, last.proposal.height, last.hash());
    let decided = proof.notice.hash;
    ensure!(
        hash == decided,
        "the blocks lead to {hash}, but the archive group made {decided} final"
    );
    let root = last.outcome.state_root;
    let (group, epoch) = (seated.seats.group, seated.seats.number());
    let json = json!({
        "chain": chain, "blocks": count, "height": height, "block": hash, "state_root": root,
        "is_final": matches!(whose, Whose::MainChain), "group": group, "epoch": epoch, "seats": seated.wallets,
        "seats_by": whose.name(),
    });
    let by = match whose {
        Whose::MainChain => format!("which archive group {group} made final"),
        Whose::File => format!(
            "which the seats that the file names as archive group {group} in epoch {epoch} made final: \
             --main-chain asks whether they are"
        ),
    };
    let text = format!("{count} blocks give what they say, up to {hash} at height {height}, {by}");
    Ok(output.result(&json, &text)?)
}

/// Who says which seats an archive group has.
enum Whose {
    MainChain,
    File,
}

impl Whose {
    const fn name(&self) -> &'static str {
        match self {
            Self::MainChain => "main chain",
            Self::File => "file",
        }
    }
}

/// Executes a chain's blocks one after the other.
pub(crate) fn execute(
    exported: &ExportedChain,
    progress: impl Fn(u64),
) -> anyhow::Result<Verifier> {
    let mut verifier = Verifier::new(exported.genesis.clone(), exported.code.clone())?;
    let (expected, found) = (verifier.chain().hash(), exported.genesis_hash);
    ensure!(expected == found, "the genesis has the hash {expected}, not {found}");
    for (index, block) in exported.blocks.iter().enumerate() {
        verifier.next(block)?;
        progress(index as u64 + 1);
    }
    Ok(verifier)
}
