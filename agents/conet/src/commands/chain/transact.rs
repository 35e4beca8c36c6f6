//! Transactions on chains, and questions to their contracts.

use std::{fs::File, io::Read as _, path::PathBuf, time::Duration};

use alloy::{
    dyn_abi::{DynSolType, DynSolValue, FunctionExt as _, JsonAbiExt as _, Specifier as _},
    json_abi::Function,
    primitives::{B256, Bytes, Keccak256, U256, keccak256},
    sol_types::SolCall as _,
};
use anyhow::{Context as _, bail, ensure};
use clap::Args;
use conet_bindings::History;
use serde_json::json;

use super::{OneArgs, ReaderArgs, key};
use crate::{
    calendar,
    context::{Context, PasswordArgs, shown},
    ledgers::{GAS_LIMIT, Sent},
};

/// Records in one answer of the contract.
const PAGE: u64 = 100;

/// Who sends, and how long it waits.
#[derive(Debug, Args)]
pub(crate) struct SenderArgs {
    /// The wallet that signs
    #[arg(long)]
    wallet: String,
    /// The most gas that it may use
    #[arg(long, default_value_t = GAS_LIMIT)]
    gas_limit: u64,
    /// How long to wait until it is final, seconds
    #[arg(long, default_value_t = 60)]
    timeout_s: u64,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A record.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct AppendArgs {
    /// The chain's id
    chain: B256,
    /// A few words, or where the thing is
    #[arg(long, group = "what")]
    text: Option<String>,
    /// A file whose hash is recorded; it stays where it is
    #[arg(long, value_name = "FILE", group = "what")]
    file: Option<PathBuf>,
    #[command(flatten)]
    sender: SenderArgs,
}

/// A transaction.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The chain's id
    chain: B256,
    /// The function, such as 'setOwner(address)'
    function: String,
    /// Its arguments
    arguments: Vec<String>,
    #[command(flatten)]
    sender: SenderArgs,
}

/// A question.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The chain's id
    chain: B256,
    /// The function with what it returns, such as 'title()(string)'
    function: String,
    /// Its arguments
    arguments: Vec<String>,
    #[command(flatten)]
    reader: ReaderArgs,
}

pub(super) async fn append(args: AppendArgs, context: &Context) -> anyhow::Result<()> {
    let (hash, text) = record(args.text, args.file)?;
    let data = History::appendCall { hash, text }.abi_encode().into();
    transact(args.chain, data, args.sender, context).await
}

/// What is recorded: of a file its hash, and its name when no words are given; of words their own hash.
fn record(text: Option<String>, file: Option<PathBuf>) -> anyhow::Result<(B256, String)> {
    let Some(path) = file else {
        let text = text.unwrap_or_default();
        return Ok((keccak256(&text), text));
    };
    let cannot_read = || format!("cannot read {}", shown(&path));
    let mut content = File::open(&path).with_context(cannot_read)?;
    let (mut hasher, mut buffer) = (Keccak256::new(), vec![0; 64 << 10]);
    loop {
        let count = content.read(&mut buffer).with_context(cannot_read)?;
        if count == 0 {
            break;
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok((hasher.finalize(), text.or(name).unwrap_or_default()))
}

pub(super) async fn send(args: SendArgs, context: &Context) -> anyhow::Result<()> {
    let data = encode(&args.function, &args.arguments)?.1;
    transact(args.chain, data, args.sender, context).await
}

async fn transact(
    chain: B256,
    data: Bytes,
    sender: SenderArgs,
    context: &Context,
) -> anyhow::Result<()> {
    let ledgers = context.ledgers(chain).await?;
    let key = key(&sender.wallet, &sender.password, context).await?;
    let patience = Duration::from_secs(sender.timeout_s);
    // It is tried before it is sent: what it would be refused for is said in the contract's words.
    let tried = ledgers.call(chain, data.clone(), Some(&key)).await?;
    ensure!(tried.success, "the contract refuses: {}", refusal(&tried.output));
    let sent = ledgers.transact(chain, data, sender.gas_limit, patience, &key).await?;
    tell(&sent, context)
}

fn tell(sent: &Sent, context: &Context) -> anyhow::Result<()> {
    let Sent { hash, view, took } = sent;
    // A seat that was sent the state after the block does not know what became of its transactions.
    let receipt = view.receipt.as_ref();
    let (success, gas) = (receipt.map(|it| it.success), receipt.map(|it| it.gas_used));
    let millis = took.as_millis();
    let json = json!({
        "transaction": hash,
        "height": view.height,
        "block": view.block,
        "success": success,
        "gas_used": gas,
        "milliseconds": u64::try_from(millis).unwrap_or(u64::MAX),
    });
    let text = format!("final in block {} after {millis} ms: {hash}", view.height);
    context.output.result(&json, &text)?;
    ensure!(
        success != Some(false),
        "the transaction is in block {}, but its call failed",
        view.height
    );
    Ok(())
}

pub(super) async fn call(args: CallArgs, context: &Context) -> anyhow::Result<()> {
    let (ledgers, key) = (context.ledgers(args.chain).await?, args.reader.key(context).await?);
    let (function, data) = encode(&args.function, &args.arguments)?;
    let said = ledgers.call(args.chain, data, key.as_ref()).await?;
    ensure!(said.success, "the contract refuses: {}", refusal(&said.output));
    let values = function.abi_decode_output(&said.output).with_context(|| {
        format!("expected what {} returns, found {}", args.function, said.output)
    })?;
    let texts: Vec<_> = values.iter().map(plain).collect();
    let json = json!({ "values": texts, "height": said.height, "block": said.hash });
    Ok(context.output.result(&json, &texts.join("\n"))?)
}

pub(super) async fn records(args: OneArgs, context: &Context) -> anyhow::Result<()> {
    let (ledgers, key) = (context.ledgers(args.chain).await?, args.reader.key(context).await?);
    let mut index = 0_u64;
    loop {
        let page = History::recordsCall { offset: U256::from(index), limit: U256::from(PAGE) };
        let said = ledgers.call(args.chain, page.abi_encode().into(), key.as_ref()).await?;
        let page = History::recordsCall::abi_decode_returns_validate(&said.output);
        let page = page.ok().filter(|_| said.success);
        let page = page.context("expected a history, found a chain with another contract")?;
        for record in &page {
            let History::Record { hash, author, time, text } = record;
            let json = json!({ "index": index, "hash": hash, "author": author, "time": time, "text": text });
            let line = format!("{index:>5}  {}  {author}  {text}", calendar::when(*time));
            context.output.result(&json, &line)?;
            index += 1;
        }
        if (page.len() as u64) < PAGE {
            return Ok(());
        }
    }
}

/// A function as people write it, and a call of it.
fn encode(function: &str, arguments: &[String]) -> anyhow::Result<(Function, Bytes)> {
    let parsed = Function::parse(function).with_context(|| {
        format!("expected a function such as 'title()(string)', found {function:?}")
    })?;
    ensure!(
        parsed.inputs.len() == arguments.len(),
        "expected {} arguments for {function}, found {}",
        parsed.inputs.len(),
        arguments.len()
    );
    let mut values = Vec::new();
    for (input, argument) in parsed.inputs.iter().zip(arguments) {
        let kind: DynSolType = input.resolve()?;
        match kind.coerce_str(argument) {
            Ok(value) => values.push(value),
            Err(error) => bail!("expected {}, found {argument:?}: {error}", input.ty),
        }
    }
    let data = parsed.abi_encode_input(&values)?;
    Ok((parsed, data.into()))
}

/// Why a contract refuses: its reason in words, or its bytes.
fn refusal(output: &Bytes) -> String {
    let error = alloy::sol_types::RevertReason::decode(output);
    let history = <History::HistoryErrors as alloy::sol_types::SolInterface>::abi_decode(output);
    match (history, error) {
        (Ok(error), _) => format!("{error:?}"),
        (Err(_), Some(reason)) => reason.to_string(),
        (Err(_), None) => output.to_string(),
    }
}

/// A value as people write it.
fn plain(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Bool(value) => value.to_string(),
        DynSolValue::Int(value, _) => value.to_string(),
        DynSolValue::Uint(value, _) => value.to_string(),
        DynSolValue::FixedBytes(word, size) => {
            alloy::hex::encode_prefixed(word.get(..*size).unwrap_or_default())
        }
        DynSolValue::Address(value) => value.to_string(),
        DynSolValue::Bytes(value) => alloy::hex::encode_prefixed(value),
        DynSolValue::String(value) => value.clone(),
        DynSolValue::Array(values)
        | DynSolValue::FixedArray(values)
        | DynSolValue::Tuple(values) => {
            format!("[{}]", values.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;

    use super::*;

    #[test]
    fn functions_are_written_as_in_solidity() {
        let (writer, allowed) = (Address::repeat_byte(7), true);
        let arguments = [writer.to_string(), allowed.to_string()];
        let (function, data) = encode("setWriter(address,bool)", &arguments).unwrap();
        assert_eq!(function.name, "setWriter");
        assert_eq!(data, History::setWriterCall { writer, allowed }.abi_encode());
        assert!(encode("title()(string)", &["x".into()]).is_err());
        assert!(encode("title(", &[]).is_err());
        assert!(encode("setOwner(address)", &["bobo".into()]).is_err());
    }

    #[test]
    fn a_file_is_recorded_by_its_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bill.pdf");
        std::fs::write(&path, b"a bill").unwrap();
        assert_eq!(
            record(None, Some(path.clone())).unwrap(),
            (keccak256("a bill"), "bill.pdf".into())
        );
        let named = record(Some("new tyres".into()), Some(path)).unwrap();
        assert_eq!(named, (keccak256("a bill"), "new tyres".into()));
        assert_eq!(record(Some("x".into()), None).unwrap(), (keccak256("x"), "x".into()));
        assert!(record(None, Some("/nowhere".into())).is_err());
    }
}
