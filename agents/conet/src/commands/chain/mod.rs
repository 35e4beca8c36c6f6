//! `conet chain`: the small chains.

pub(crate) mod create;
pub(crate) mod file;
mod history;
mod read;
pub(crate) mod redraw;
mod rent;
pub(crate) mod selections;
mod simulate;
mod transact;
pub(crate) mod verify;

use alloy::primitives::B256;
use clap::{Args, Subcommand};
use conet_dle::keys::WalletKey;
use zeroize::Zeroizing;

use crate::context::{Context, PasswordArgs};

/// The small chains: one for each asset or document, each with a group of its own.
#[derive(Debug, Subcommand)]
pub(crate) enum ChainCommand {
    /// Begin a chain: the history of something, or a contract of your own
    #[command(after_help = "Examples:
  conet chain create --wallet bobo --title 'My car'
  conet chain create --wallet bobo --title 'A deed' --private --witnesses 3
  conet chain create --wallet bobo --code counter.hex --definitions 0x...

Its group is drawn by the roulette. --code takes a contract's deployed bytecode in hexadecimal,
which the archive nodes must have in theirs, too: see docs/chain-contracts.md.")]
    Create(Box<create::CreateArgs>),
    /// List the public chains
    List(read::GroupArgs),
    /// Show how the archive groups are: their seats, their logs, and who waits to be drawn
    #[command(after_help = "Examples:
  conet chain status              all archive groups that work
  conet chain status --group 2    one of them")]
    Status(read::GroupArgs),
    /// Show where a chain stands, and check the archive group's proof of it
    Show(OneArgs),
    /// Pay for a chain's storage for longer; while it is unpaid, a chain of conet chain create takes nothing
    #[command(after_help = "Example:
  conet chain pay 0x... --wallet bobo --days 365")]
    Pay(rent::PayArgs),
    /// Show a chain's final blocks
    #[command(after_help = "Example:
  conet chain blocks 0x... --from 10 --count 5")]
    Blocks(read::BlocksArgs),
    /// Add a record to a history
    #[command(after_help = "Examples:
  conet chain append 0x... --wallet bobo --text 'new tyres'
  conet chain append 0x... --wallet bobo --file bill.pdf      its hash, with its name")]
    Append(transact::AppendArgs),
    /// Show a history's records
    Records(OneArgs),
    /// Send a transaction, and wait until it is final
    #[command(after_help = "Example:
  conet chain send 0x... --wallet bobo 'setWriter(address,bool)' 0x... true")]
    Send(transact::SendArgs),
    /// Ask a chain's contract
    #[command(after_help = "Example:
  conet chain call 0x... 'title()(string)'
  conet chain call 0x... 'isWriter(address)(bool)' 0x...")]
    Call(transact::CallArgs),
    /// Show who was drawn, for one chain or for all: the Selection Chain
    #[command(after_help = "Examples:
  conet chain selections              all draws of all groups
  conet chain selections 0x...        those for one chain
  conet chain selections --verify     and all of them drawn again here, from the seeds that the group signed")]
    Selections(selections::SelectionsArgs),
    /// Show how much time passed on an archive node between two entries of the log: its Proof of History
    #[command(after_help = "Examples:
  conet chain history                         the last 60 entries, on one archive node
  conet chain history --node 3 --from 100 --to 700

Every hash is made again here. It proves that so much computing passed on one node between what it
saw; the records of two nodes cannot be compared, and the order of things is the log's.")]
    History(history::HistoryArgs),
    /// Write a chain to a file, with its proof: anybody can verify it
    Export(verify::ExportArgs),
    /// Execute a whole chain again, from its beginning, and compare every block
    #[command(after_help = "Examples:
  conet chain verify 0x...            and that it is what the archive group made final
  conet chain verify --file car.json  without asking anybody
  conet chain verify --file car.json --main-chain
                                      and that the seats whose votes it has are the archive group's

A file has the votes of the archive group's seats, and says whose wallets those are. Nobody but the
main chain can say that these are the seats.")]
    Verify(verify::VerifyArgs),
    /// Run committees in virtual time, with liars, losses and crashes, and check every step
    #[command(after_help = "Examples:
  conet chain simulate --seeds 0..100000             all cores; prints the seeds that fail
  conet chain simulate --seeds 0..500 --kind forker  all liars of one kind
  conet chain simulate --seeds 17..18 --trace        what happened in one run, line by line

A run follows from its seed (and kind) alone: what fails once fails again. Exits non-zero when a seed fails.")]
    Simulate(simulate::SimulateArgs),
}

/// Which chain, and who asks.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// The chain's id
    chain: B256,
    #[command(flatten)]
    reader: ReaderArgs,
}

/// Who asks about a chain that is not public.
#[derive(Debug, Args)]
pub(crate) struct ReaderArgs {
    /// The wallet that asks, for chains that are not public
    #[arg(long)]
    wallet: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
}

impl ReaderArgs {
    async fn key(&self, context: &Context) -> anyhow::Result<Option<WalletKey>> {
        match &self.wallet {
            Some(name) => Ok(Some(key(name, &self.password, context).await?)),
            None => Ok(None),
        }
    }
}

/// A wallet of the home folder, as it signs for small chains.
async fn key(name: &str, password: &PasswordArgs, context: &Context) -> anyhow::Result<WalletKey> {
    let wallet = context.wallet(name, password).await?;
    Ok(WalletKey::new(&Zeroizing::new(wallet.signer().to_bytes().0))?)
}

pub(crate) async fn run(command: ChainCommand, context: &Context) -> anyhow::Result<()> {
    match command {
        ChainCommand::Create(args) => create::run(*args, context).await,
        ChainCommand::List(args) => read::list(args, context).await,
        ChainCommand::Status(args) => read::status(args, context).await,
        ChainCommand::Show(args) => read::show(args, context).await,
        ChainCommand::Pay(args) => rent::run(args, context).await,
        ChainCommand::Blocks(args) => read::blocks(args, context).await,
        ChainCommand::Append(args) => transact::append(args, context).await,
        ChainCommand::Records(args) => transact::records(args, context).await,
        ChainCommand::Send(args) => transact::send(args, context).await,
        ChainCommand::Call(args) => transact::call(args, context).await,
        ChainCommand::Selections(args) => selections::run(args, context).await,
        ChainCommand::History(args) => history::run(args, context).await,
        ChainCommand::Export(args) => verify::export(args, context).await,
        ChainCommand::Verify(args) => verify::run(args, context).await,
        ChainCommand::Simulate(args) => simulate::run(args, context).await,
    }
}
