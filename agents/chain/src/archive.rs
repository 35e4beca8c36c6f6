//! What archive groups certify: statements filled in from the chain, signed by seats, checked, and posted.

mod places;
mod rents;
mod statements;

use std::collections::BTreeMap;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
    providers::Provider as _,
    rpc::types::{Filter, TransactionReceipt},
    signers::{SignerSync as _, local::PrivateKeySigner},
    sol_types::SolEvent as _,
};
use conet_bindings::{
    ArchiveGroups::EpochStarted,
    certificate::{Certificate, CertificateError, compact},
    statement::Statement,
};

pub use places::{Places, Standing};
pub use rents::Rents;
pub use statements::{LastBlock, NoteGenesis, Withdrawal, exit, genesis, handover, header, seed};

use crate::{
    error::ChainError,
    limits::LOG_RANGE_BLOCKS,
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

/// How an epoch of an archive group began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Began {
    /// When, unix seconds.
    pub at_s: u64,
    /// The hash of what the epoch before handed over; zero for a group's first.
    pub state_hash: B256,
    /// The nodes of the epoch before, by seat; none for a group's first.
    pub before: Vec<U256>,
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

    /// How the group's epoch began.
    ///
    /// # Errors
    /// That the chain cannot be read, or has no event that says so.
    pub async fn began(&self, chain: &Mainchain) -> Result<Began> {
        let filter = Filter::new()
            .address(chain.address("ArchiveGroups"))
            .event_signature(EpochStarted::SIGNATURE_HASH)
            .topic1(B256::from(U256::from(self.id)));
        let provider = chain.provider();
        let mut to = provider.get_block_number().await.map_err(ChainError::from)?;
        let mut found = BTreeMap::new();
        loop {
            // Newest first: most epochs are young.
            let from = (to + 1).saturating_sub(LOG_RANGE_BLOCKS);
            let range = filter.clone().from_block(from).to_block(to);
            for log in provider.get_logs(&range).await.map_err(ChainError::from)? {
                let event = EpochStarted::decode_log(&log.inner).map_err(|error| {
                    ChainError::Answer { expected: "an epoch's event", found: error.to_string() }
                })?;
                found.insert(event.epoch, (event.data, log.block_number));
            }
            let before = found.get(&(self.epoch.saturating_sub(1)));
            if let Some((event, Some(number))) = found.get(&self.epoch)
                && (self.epoch == 1 || before.is_some())
            {
                let block = provider.get_header(BlockId::number(*number)).await;
                let missing = ChainError::Answer { expected: "a block", found: "none".into() };
                return Ok(Began {
                    at_s: block.map_err(ChainError::from)?.ok_or(missing)?.timestamp,
                    state_hash: event.stateHash,
                    before: before.map(|(event, _)| event.nodes.clone()).unwrap_or_default(),
                });
            }
            if from == 0 {
                let expected = "the event that began a group's epoch";
                return Err(ChainError::Answer { expected, found: "none".into() }.into());
            }
            to = from - 1;
        }
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
