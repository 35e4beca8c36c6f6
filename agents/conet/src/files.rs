//! Files that commands hand to each other.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use serde::{Serialize, de::DeserializeOwned};

use crate::context::{Context, shown};

/// Statements, certificates and lists of leaves are short; a file that is not is something else.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where a file goes.
#[derive(Debug, Args)]
pub(crate) struct OutArgs {
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Writes a file and says so, or writes to standard output what would be in it.
pub(crate) fn write<T: Serialize>(
    content: &T,
    out: &OutArgs,
    text: &str,
    json: &serde_json::Value,
    context: &Context,
) -> anyhow::Result<()> {
    let Some(path) = &out.out else {
        let line = serde_json::to_value(content)?;
        return Ok(context.output.result(&line, &serde_json::to_string_pretty(content)?)?);
    };
    let bytes = serde_json::to_vec_pretty(content)?;
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", shown(path)))?;
    Ok(context.output.result(json, &format!("{text}\n  written to {}", shown(path)))?)
}

/// Reads a file that must be what it should.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, what: &str) -> anyhow::Result<T> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
        .with_context(|| format!("cannot read {}", shown(path)))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not {what}", shown(path)))
}
