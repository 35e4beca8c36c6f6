//! What archive groups certify: statements filled in from the chain, signed by seats, checked, and posted.

mod places;
mod rents;
mod statements;
mod tree;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
    providers::Provider as _,
    rpc::types::TransactionReceipt,
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use conet_bindings::{
    certificate::{Certificate, CertificateError, compact},
    statement::Statement,
};

pub use places::{Places, Standing};
pub use rents::Rents;
pub use statements::{LastBlock, NoteGenesis, Withdrawal, exit, genesis, handover, header, seed};
pub use tree::{Began, Parent, Split, began, leftmost, line, working};

use crate::{
    error::ChainError,
    mainchain::{Mainchain, Payer},
};

/// Why a statement cannot be made, signed or certified.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The chain could not be read, or refused.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The signatures are no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// There is no such group, or it split.
    #[error("expected an archive group that works, found none under the number {group}")]
    NoGroup {
        /// Its number.
        group: u32,
    },
    /// The statement is of another epoch.
    #[error(
        "expected a statement of epoch {expected}, the present one of archive group {group}, \
         found epoch {found}: make the statement anew"
    )]
    Epoch {
        /// The group.
        group: u32,
        /// Its epoch.
        expected: u64,
        /// The statement's.
        found: u64,
    },
    /// The wallet has no seat.
    #[error("expected a wallet with a seat in archive group {group}, found {wallet}")]
    NoSeat {
        /// The group.
        group: u32,
        /// Who has none.
        wallet: Address,
    },
    /// Nothing waits for a genesis.
    #[error(
        "expected a note that was minted and waits for its genesis, found nothing pending in note \
         {note}: see conet cash show {note}"
    )]
    NothingPending {
        /// The note.
        note: U256,
    },
    /// Such a note pays nobody.
    #[error("expected a live note, found note {note} not opened: see conet cash show {note}")]
    NotLive {
        /// The note.
        note: U256,
    },
    /// The withdrawal was paid.
    #[error("expected a withdrawal that is not paid yet, found number {id} of note {note} paid")]
    Paid {
        /// The note.
        note: U256,
        /// The withdrawal.
        id: u64,
    },
    /// A header's contract takes all leaves with it.
    #[error(
        "expected a certificate that its contract takes as it is, found one of a Header, which goes \
         with its leaves: conet cash forced-exit open --help"
    )]
    NeedsLeaves,
    /// The certificate is over something else.
    #[error(
        "expected a certificate over {expected}, found one over {found}: it is another network's, \
         or the statement was changed"
    )]
    OtherDigest {
        /// What this network says.
        expected: B256,
        /// What the file says.
        found: B256,
    },
}

impl From<alloy::contract::Error> for ArchiveError {
    fn from(error: alloy::contract::Error) -> Self {
        Self::Chain(error.into())
    }
}

/// A result of this module.
pub type Result<T> = std::result::Result<T, ArchiveError>;

/// An archive group in its present epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub id: u32,
    /// Its epoch.
    pub epoch: u64,
    /// The nodes, by seat.
    pub nodes: Vec<U256>,
    /// Their wallets, by seat.
    pub signers: Vec<Address>,
}

impl Group {
    /// Reads a group, all of one block.
    ///
    /// # Errors
    /// [`ArchiveError::NoGroup`], or that the chain cannot be read.
    pub async fn read(chain: &Mainchain, id: u32) -> Result<Self> {
        let block = chain.provider().get_block_number().await.map_err(ChainError::from)?;
        let (block, groups) = (BlockId::number(block), chain.archive_groups());
        // Of a group that split or never was there are no seats.
        if id == 0 || id > groups.groupCount().block(block).call().await? {
            return Err(ArchiveError::NoGroup { group: id });
        }
        let signers = groups.signersOf(id).block(block).call().await?;
        if signers.is_empty() {
            return Err(ArchiveError::NoGroup { group: id });
        }
        Ok(Self {
            id,
            epoch: groups.epochOf(id).block(block).call().await?,
            nodes: groups.members(id).block(block).call().await?,
            signers,
        })
    }

    /// The group that signs a statement, which must be of its present epoch.
    ///
    /// # Errors
    /// [`ArchiveError::Epoch`], and those of [`Self::read`].
    pub async fn of(chain: &Mainchain, statement: &Statement) -> Result<Self> {
        let (id, found) = statement.signed_in();
        let group = Self::read(chain, id).await?;
        if group.epoch != found {
            return Err(ArchiveError::Epoch { group: id, expected: group.epoch, found });
        }
        Ok(group)
    }

    /// Signs a digest, with the key of one of the seats.
    ///
    /// # Errors
    /// [`ArchiveError::NoSeat`].
    pub fn sign(&self, signer: &PrivateKeySigner, digest: B256) -> Result<Bytes> {
        let wallet = signer.address();
        if !self.signers.contains(&wallet) {
            return Err(ArchiveError::NoSeat { group: self.id, wallet });
        }
        let signature = signer.sign_hash_sync(&digest);
        let signature = signature.map_err(|error| ChainError::Signing(error.to_string()))?;
        Ok(compact(&signature))
    }

    /// Makes a certificate of the seats' signatures over a digest.
    ///
    /// # Errors
    /// [`ArchiveError::Certificate`].
    pub fn certify(&self, digest: B256, signatures: &[Bytes]) -> Result<Certificate> {
        let signatures = signatures.iter().map(AsRef::as_ref);
        let signed_in = (self.id, self.epoch);
        Ok(Certificate::assemble(digest, signed_in, &self.signers, signatures)?)
    }
}

/// What seats of this network sign for a statement.
#[must_use]
pub fn digest(chain: &Mainchain, statement: &Statement) -> B256 {
    let contract = chain.address(statement.contract().name());
    statement.digest(chain.chain_id(), contract)
}

/// Posts a statement to the contract that takes it.
///
/// # Errors
/// [`ArchiveError::NeedsLeaves`] for a header; [`ChainError::Refused`] with the contract's reason.
pub async fn submit(
    chain: &Mainchain,
    payer: &Payer,
    statement: &Statement,
    certificate: Certificate,
) -> Result<TransactionReceipt> {
    let groups = chain.archive_groups();
    let receipt = match statement {
        Statement::Handover(s) => {
            let nodes = s.nodes.clone();
            payer.send(groups.handover(nodes, s.stateHash, certificate.into())).await
        }
        Statement::Split(s) => {
            let call = groups.split(s.nodes.clone(), s.seedIndex, s.stateHash, certificate.into());
            payer.send(call).await
        }
        Statement::Seed(s) => {
            let call = groups.postSeed(s.index, s.value, s.afterBlock, certificate.into());
            payer.send(call).await
        }
        Statement::Genesis(s) => {
            payer.send(chain.chain_anchor().anchor(s.into(), certificate.into())).await
        }
        Statement::GroupChange(s) => {
            payer.send(chain.chain_anchor().changeGroup(s.into(), certificate.into())).await
        }
        Statement::Exit(s) => payer.send(chain.cash().exit(s.into(), certificate.into())).await,
        Statement::Verdict(s) => {
            payer.send(chain.slasher().submitVerdict(s.into(), certificate.into())).await
        }
        Statement::Header(_) => return Err(ArchiveError::NeedsLeaves),
    };
    Ok(receipt?)
}
