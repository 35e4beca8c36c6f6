//! A chain in a file: its blocks, and why the last of them is final, for who asks nobody.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use conet_committee::archive::ProvenNotice;
use conet_ledger::verify::ExportedChain;
use serde::{Deserialize, Serialize};

use crate::{context::shown, seated::Seated};

/// What is in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainFile {
    /// From its beginning to the newest final block.
    pub(crate) chain: ExportedChain,
    /// Where it stands, by the archive group's log.
    pub(crate) proof: ProvenNotice,
    /// Who made that final.
    pub(crate) seated: Seated,
}

impl ChainFile {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", shown(path)))?;
        let read = serde_json::from_slice(&bytes);
        read.with_context(|| format!("{} is no exported chain: export it again", shown(path)))
    }

    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let bytes = serde_json::to_vec(self)?;
        fs::write(path, bytes).with_context(|| format!("cannot write {}", shown(path)))
    }

    /// Checks that more than two thirds of the seats that it names made its last block final.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let (proven, genesis) = (&self.proof, &self.chain.genesis);
        ensure!(
            proven.verify(&self.seated.seats, &self.seated.voting()).is_some(),
            "expected the votes of more than two thirds of the seats that the file names, found others"
        );
        let about = (genesis.main_chain_id, genesis.chain, self.chain.genesis_hash);
        let told = (self.seated.chain_id, proven.notice.chain, proven.notice.genesis);
        ensure!(told == about, "the proof in the file is about another chain");
        Ok(())
    }
}
