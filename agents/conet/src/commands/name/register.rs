//! A registration: committed, waited for, revealed, and gone on with after an interruption.

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::{Address, B256, U256};
use anyhow::{Context as _, ensure};
use conet_bindings::Names::Registration;
use conet_chain::{ChainError, Mainchain};
use serde::{Deserialize, Serialize};

use super::{RegisterArgs, full, label, print, said, show};
use crate::{
    actor::Coin,
    calendar::when,
    context::{Context, shown},
};

/// How often the chain's time is asked for while waiting.
const POLL: Duration = Duration::from_millis(500);

/// How often a person is told that it goes on.
const REMIND: Duration = Duration::from_secs(10);

pub(super) async fn register(
    args: RegisterArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let (names, label) = (chain.names(), label(&args.name));
    let path = context.home.join("names").join(format!("{label}.json"));
    let record = names.recordOf(label.into()).call().await.map_err(said)?;
    if record.owner == payer.address() && path.exists() {
        // Interrupted after the last step.
        forget(&path)?;
        return print(&record, context);
    }
    ensure!(
        names.isFree(label.into()).call().await?,
        "{} is taken until {}, and 30 days more for whoever renews it: see conet name show {label}",
        full(label),
        when(record.expiresAt)
    );
    let fee = names.feeOf(label.into(), args.years).call().await?;
    let coin = Coin::conet(chain);
    context.output.status(&format!("{} for {} years: {}", full(label), args.years, coin.text(fee)));
    coin.check(chain, &payer, fee).await?;

    let wanted = Registration {
        label: label.into(),
        owner: payer.address(),
        wallet: args.to.unwrap_or(payer.address()),
        term: args.years,
        secret: rand::random::<[u8; 32]>().into(),
    };
    let saved = Saved::load_or_make(&path, wanted, *names.address(), chain.chain_id())?;
    let registration = saved.registration();
    let commitment = names.commitmentOf(registration.clone()).call().await?;
    wait_for_commitment(chain, &payer, commitment, context).await?;
    // Also makes a block where none are made without need, so that the chain notices the time.
    coin.allow(chain, &payer, *names.address(), fee).await?;
    let done = match payer.send(names.register(registration.clone(), fee)).await {
        Err(ChainError::Refused(refusal)) if refusal.name == "CommitmentTooNew" => {
            payer.pay(payer.address(), U256::ZERO).await?;
            payer.send(names.register(registration, fee)).await
        }
        done => done,
    };
    done.context("registering")?;
    forget(&path)?;
    show(chain, label, context).await
}

fn forget(path: &Path) -> anyhow::Result<()> {
    std::fs::remove_file(path).with_context(|| format!("cannot remove {}", shown(path)))
}

/// Commits unless that is done, and waits until the commitment is old enough.
async fn wait_for_commitment(
    chain: &Mainchain,
    payer: &conet_chain::Payer,
    commitment: B256,
    context: &Context,
) -> anyhow::Result<()> {
    let names = chain.names();
    let least: u64 = names.MIN_COMMITMENT_AGE().call().await?.try_into()?;
    let most: u64 = names.MAX_COMMITMENT_AGE().call().await?.try_into()?;
    let committed_at = async || -> anyhow::Result<u64> {
        Ok(names.committedAt(commitment).call().await?.try_into()?)
    };
    let mut at = committed_at().await?;
    // Time to use it must be left, too.
    if at == 0 || chain.now().await? > at.saturating_add(most).saturating_sub(least) {
        payer.send(names.commit(commitment)).await.context("committing")?;
        at = committed_at().await?;
        context.output.status("committed");
    } else {
        context.output.status("going on with the registration that was begun");
    }
    let mut told: Option<tokio::time::Instant> = None;
    loop {
        let left = at.saturating_add(least).saturating_sub(chain.now().await?);
        if left == 0 {
            return Ok(());
        }
        if told.is_none_or(|told| told.elapsed() >= REMIND) {
            context.output.status(&format!("{left} s until it can be registered"));
            told = Some(tokio::time::Instant::now());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// A registration that was begun, until it is done. Whoever knows the secret could guess the name.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Saved {
    chain_id: u64,
    contract: Address,
    label: String,
    owner: Address,
    wallet: Address,
    term: u32,
    secret: B256,
}

impl Saved {
    /// The one that was begun, when it is the one that is wanted; else a new one.
    fn load_or_make(
        path: &Path,
        wanted: Registration,
        contract: Address,
        chain_id: u64,
    ) -> anyhow::Result<Self> {
        let Registration { label, owner, wallet, term, secret } = wanted;
        let wanted = Self { chain_id, contract, label, owner, wallet, term, secret };
        let begun: Option<Self> = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(_) => None,
        };
        match begun {
            Some(begun) if begun == (Self { secret: begun.secret, ..wanted.copy() }) => Ok(begun),
            _ => {
                let cannot = || format!("cannot write {}", shown(path));
                wanted.save(path).with_context(cannot)?;
                Ok(wanted)
            }
        }
    }

    fn copy(&self) -> Self {
        Self { label: self.label.clone(), ..*self }
    }

    fn save(&self, path: &Path) -> std::io::Result<()> {
        let folder: PathBuf = path.parent().map(Into::into).unwrap_or_default();
        std::fs::create_dir_all(&folder)?;
        let new = path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    }

    fn registration(&self) -> Registration {
        let Self { owner, wallet, term, secret, .. } = *self;
        Registration { label: self.label.clone(), owner, wallet, term, secret }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_goes_on_with_its_secret_and_nobody_reads_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names/bobo.json");
        let wanted = |term| Registration {
            label: "bobo".into(),
            owner: Address::repeat_byte(1),
            wallet: Address::repeat_byte(2),
            term,
            secret: rand::random::<[u8; 32]>().into(),
        };
        let contract = Address::repeat_byte(3);
        let load = |term| Saved::load_or_make(&path, wanted(term), contract, 1).unwrap();
        let first = load(1);
        assert_eq!(load(1), first);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let other = load(2);
        assert_ne!(other.secret, first.secret);
        assert_eq!(load(2), other);
    }
}
