//! Forced exits: what a note pays without its chain, read, asked for and paid. See `IForcedExits`.

mod error;
mod shares;
mod signed;

use alloy::{
    primitives::{Address, B256, U256},
    rpc::types::TransactionReceipt,
};
use conet_bindings::{
    Cash::PaidOut,
    certificate::Certificate,
    forced_exit::{Consent, Voucher},
    leaves::{Leaf, Leaves},
    statement::Header,
};

pub use error::ForcedExitError;
pub use shares::{Share, ShareState, Side, shares};
use signed::{check_consent, check_signed};
pub use signed::{consent, voucher};

use crate::mainchain::{Mainchain, Payer};

/// A result of this module.
pub type Result<T> = std::result::Result<T, ForcedExitError>;

/// How far a forced exit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// A newer or higher header may take the place of the chosen one; nothing is paid.
    Challenge,
    /// Accounts and withdrawals are paid, and payees show vouchers.
    Vouchers,
    /// Locks are paid, too.
    Locks,
}

/// The forced exit of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForcedExit {
    /// The note.
    pub note: U256,
    /// The chosen header's.
    pub leaves_root: B256,
    /// The chosen header's.
    pub height: u64,
    /// How many leaves it has.
    pub leaves: u16,
    /// Unix seconds.
    pub opened_at: u64,
    /// The first second in which the chosen header is final.
    pub challenge_until: u64,
    /// The first second in which no voucher counts any more.
    pub vouchers_until: u64,
    /// Micro-dollars that no leaf owns, and that were not paid yet.
    pub dust: u64,
    /// Who gets the bond back; nobody once it did.
    pub bonder: Option<Address>,
    /// Micro-dollars.
    pub bond: u64,
    /// The chain's time when this was read.
    pub now: u64,
}

impl ForcedExit {
    /// Reads one.
    ///
    /// # Errors
    /// [`ForcedExitError::NotOpen`], or that the chain cannot be read.
    pub async fn read(chain: &Mainchain, note: U256) -> Result<Self> {
        let contract = chain.forced_exits();
        let chosen = contract.settlement(note).call().await?;
        if chosen.openedAt == 0 {
            return Err(ForcedExitError::NotOpen { note });
        }
        let challenge: u64 = contract.CHALLENGE_WINDOW().call().await?.saturating_to();
        let vouchers: u64 = contract.VOUCHER_WINDOW().call().await?.saturating_to();
        let challenge_until = chosen.openedAt.saturating_add(challenge);
        Ok(Self {
            note,
            leaves_root: chosen.leavesRoot,
            height: chosen.height,
            leaves: chosen.leaves,
            opened_at: chosen.openedAt,
            challenge_until,
            vouchers_until: challenge_until.saturating_add(vouchers),
            dust: chosen.dust,
            bonder: (!chosen.bonder.is_zero()).then_some(chosen.bonder),
            bond: contract.BOND().call().await?,
            now: chain.now().await?,
        })
    }

    /// How far it is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.now {
            now if now < self.challenge_until => Phase::Challenge,
            now if now < self.vouchers_until => Phase::Vouchers,
            _ => Phase::Locks,
        }
    }

    /// Refuses leaves that are not those of the chosen header.
    ///
    /// # Errors
    /// [`ForcedExitError::OtherLeaves`].
    pub fn check_leaves(&self, leaves: &Leaves) -> Result<()> {
        check_root(self.leaves_root, leaves)
    }
}

/// The stablecoin of a note's bond, and how much of it, in smallest units.
///
/// # Errors
/// [`ForcedExitError::Chain`].
pub async fn bond_of(chain: &Mainchain, note: U256) -> Result<(Address, U256)> {
    let (cash, micro) = (chain.cash(), chain.forced_exits().BOND().call().await?);
    let scale = cash.scaleOf(note).call().await?;
    let coin = cash.note(note).call().await?.stablecoin;
    Ok((coin, U256::from(micro).saturating_mul(scale)))
}

/// Refuses what [`open`] would be refused for, before anything is paid: `by` sends it.
///
/// # Errors
/// [`ForcedExitError`].
pub async fn check_open(
    chain: &Mainchain,
    by: Address,
    header: &Header,
    leaves: &Leaves,
    consent: Option<&Consent>,
) -> Result<()> {
    let note = header.note;
    check_root(header.leavesRoot, leaves)?;
    if let Some(consent) = consent {
        check_consent(chain, header, consent).await?;
    }
    let holder = consent.map_or(by, |consent| consent.holder);
    if !leaves.has_holder(holder) {
        return Err(ForcedExitError::NotHolder { account: holder });
    }
    let chosen = chain.forced_exits().settlement(note).call().await?;
    match chosen.openedAt {
        0 => Ok(()),
        _ => Err(ForcedExitError::AlreadyOpen { note, height: chosen.height }),
    }
}

fn check_root(expected: B256, leaves: &Leaves) -> Result<()> {
    match leaves.root() {
        found if found == expected => Ok(()),
        found => Err(ForcedExitError::OtherLeaves { expected, found }),
    }
}

/// Begins the forced exit of a note; the payer has allowed the bond. See [`check_open`].
///
/// # Errors
/// [`ForcedExitError::Chain`] with the contract's reason.
pub async fn open(
    chain: &Mainchain,
    payer: &Payer,
    header: &Header,
    certificate: Certificate,
    leaves: &Leaves,
    consent: Option<&Consent>,
) -> Result<TransactionReceipt> {
    let (contract, list) = (chain.forced_exits(), leaves.to_contract());
    let receipt = match consent {
        None => payer.send(contract.open(header.into(), certificate.into(), list)).await?,
        Some(consent) => {
            let call = contract.openFor(header.into(), certificate.into(), list, consent.into());
            payer.send(call).await?
        }
    };
    Ok(receipt)
}

/// Puts a newer or higher header in the place of the chosen one.
///
/// # Errors
/// [`ForcedExitError::OtherLeaves`], or [`ForcedExitError::Chain`] with the contract's reason.
pub async fn replace(
    chain: &Mainchain,
    payer: &Payer,
    header: &Header,
    certificate: Certificate,
    leaves: &Leaves,
) -> Result<TransactionReceipt> {
    check_root(header.leavesRoot, leaves)?;
    let (contract, list) = (chain.forced_exits(), leaves.to_contract());
    Ok(payer.send(contract.replace(header.into(), certificate.into(), list)).await?)
}

/// Shows a voucher for a lock, whose number it gives.
///
/// # Errors
/// [`ForcedExitError`].
pub async fn show_voucher(
    chain: &Mainchain,
    payer: &Payer,
    exit: &ForcedExit,
    leaves: &Leaves,
    voucher: &Voucher,
    index: Option<usize>,
) -> Result<usize> {
    exit.check_leaves(leaves)?;
    let lock = voucher.lock_id();
    let is_it = |leaf: &Leaf| matches!(leaf, Leaf::Lock { lock_id, .. } if *lock_id == lock);
    let index = match index {
        Some(index) => index,
        None => leaves.as_slice().iter().position(is_it).ok_or(ForcedExitError::NoLock { lock })?,
    };
    let (leaf, proof) = proven(leaves, index)?;
    if !is_it(leaf) {
        return Err(ForcedExitError::NoLock { lock });
    }
    let digest = voucher.digest(chain.chain_id(), chain.address("Cash"));
    check_signed("a voucher", leaf.account(), digest, &voucher.signature)?;
    let (number, signature) = (U256::from(index), voucher.signature.clone());
    let contract = chain.forced_exits();
    let call =
        contract.showVoucher(exit.note, number, leaf.into(), proof, voucher.into(), signature);
    payer.send(call).await?;
    Ok(index)
}

/// What was paid, in micro-dollars: the exit fee is in the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// What left the note.
    pub amount: u64,
    /// What of it is the issuer's.
    pub fee: u64,
}

/// Pays one side of a leaf.
///
/// # Errors
/// [`ForcedExitError::Chain`] with the contract's reason.
pub async fn claim(
    chain: &Mainchain,
    payer: &Payer,
    note: U256,
    leaves: &Leaves,
    share: &Share,
) -> Result<Paid> {
    let (leaf, proof) = proven(leaves, share.index)?;
    let (contract, number) = (chain.forced_exits(), U256::from(share.index));
    let receipt = match share.side {
        Side::Account => payer.send(contract.claim(note, number, leaf.into(), proof)).await?,
        Side::Payee => payer.send(contract.claimLocked(note, number, leaf.into(), proof)).await?,
    };
    let paid = receipt.decoded_log::<PaidOut>().ok_or(ForcedExitError::NoEvent("PaidOut"))?;
    Ok(Paid { amount: paid.amount, fee: paid.fee })
}

fn proven(leaves: &Leaves, index: usize) -> Result<(&Leaf, Vec<B256>)> {
    let last = leaves.as_slice().len().saturating_sub(1);
    let found = leaves.as_slice().get(index).zip(leaves.proof(index));
    found.ok_or(ForcedExitError::NoLeaf { last, found: index })
}
