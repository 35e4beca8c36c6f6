//! What archive groups certify: statements as EIP-712 messages, and certificates over them. Pinned by
//! `contracts/test/vectors/archive.json` and `cash.json`, which Foundry checks too.
//!
//! ```text
//! Statement ── digest ──► each seat signs ──► Certificate::assemble ──► the statement's contract
//! ```

use alloy::primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy::sol_types::{Eip712Domain, SolStruct, SolValue as _};
use serde::{Deserialize, Serialize};

use crate::{ArchiveGroups, Cash, ChainAnchor, ForcedExits, Slasher, typed_data::domain};

pub use types::{
    Exit, Genesis, GroupChange, Handover, Header, MemberFees, Seed, Split, WalletChange,
};

/// The most seats that a group can have: a certificate's bitmap is one word of 32 bits, and groups stay below it.
pub const SEATS_MAX: usize = 31;

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        /// A group's next epoch. See `IArchiveGroups.handover`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Handover {
            uint256[] nodes;
            bytes32 stateHash;
            uint32 group;
            uint64 epoch;
        }

        /// A group becomes two. See `IArchiveGroups.split`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Split {
            uint256[] nodes;
            uint64 seedIndex;
            bytes32 stateHash;
            uint32 group;
            uint64 epoch;
        }

        /// A group's next seed. See `IArchiveGroups.postSeed`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Seed {
            uint64 index;
            bytes32 value;
            uint64 afterBlock;
            uint32 group;
            uint64 epoch;
        }

        /// What a chain's first block fixes. See `IChainAnchor.anchor`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Genesis {
            bytes32 chain;
            uint256 note;
            uint32 series;
            bytes32 genesisHash;
            uint8 class;
            uint8 visibility;
            address wallet;
            uint8 quorum;
            bytes32 membersHash;
            uint64 deposit;
            uint64 carried;
            uint32 group;
            uint64 epoch;
        }

        /// A chain gets other members. See `IChainAnchor.changeGroup`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct GroupChange {
            bytes32 chain;
            uint32 series;
            uint64 change;
            uint64 height;
            bytes32 membersHash;
            uint32 group;
            uint64 epoch;
        }

        /// A withdrawal whose debit is final. See `ICash.exit`.
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Exit {
            uint256 note;
            uint32 series;
            uint64 id;
            address recipient;
            uint64 amount;
            address relayer;
            uint64 relayerFee;
            uint64 height;
            bytes32 blockHash;
            uint32 group;
            uint64 epoch;
        }

        /// Fees of a group's members. See `ICash.collectMemberFees`.
        #[derive(Debug, PartialEq, Eq)]
        struct MemberFees {
            bytes32 notesHash;
            bytes32 amountsHash;
            address stablecoin;
            uint256 total;
            bytes32 root;
            uint64 period;
            uint32 group;
            uint64 epoch;
        }

        /// A block of a note's chain, for a forced exit. See `IForcedExits`.
        #[derive(Debug, PartialEq, Eq)]
        struct Header {
            uint256 note;
            uint32 series;
            uint64 height;
            bytes32 blockHash;
            bytes32 leavesRoot;
            uint32 group;
            uint64 epoch;
        }

        /// A chain's bound wallet hands it to another: no certificate, but of the same contract. See
        /// `IChainAnchor.setWalletSigned`.
        #[derive(Debug, PartialEq, Eq)]
        struct WalletChange {
            bytes32 chain;
            address wallet;
            address next;
            uint256 nonce;
            uint256 deadline;
        }
    }
}

impl MemberFees {
    /// `amounts[i]` micro-dollars leave `notes[i]`.
    #[must_use]
    pub fn new(
        notes: &[U256],
        amounts: &[u64],
        stablecoin: Address,
        root: B256,
        period: u64,
        (group, epoch): (u32, u64),
    ) -> Self {
        let amounts: Vec<_> = amounts.iter().copied().map(U256::from).collect();
        Self {
            notesHash: words_hash(notes),
            amountsHash: words_hash(&amounts),
            stablecoin,
            total: amounts.iter().fold(U256::ZERO, |sum, amount| sum.wrapping_add(*amount)),
            root,
            period,
            group,
            epoch,
        }
    }
}

fn words_hash(words: &[U256]) -> B256 {
    let bytes: Vec<u8> = words.iter().flat_map(U256::to_be_bytes::<32>).collect();
    keccak256(bytes)
}

/// The domain of what a contract takes certificates for.
#[must_use]
pub fn contract_domain(contract: Contract, chain_id: u64, address: Address) -> Eip712Domain {
    let name = match contract {
        Contract::ArchiveGroups => "CoNET ArchiveGroups",
        Contract::Cash => "CoNET Cash",
        Contract::ChainAnchor => "CoNET ChainAnchor",
        Contract::ForcedExits => "CoNET ForcedExits",
    };
    domain(name, chain_id, address)
}

/// The id of a note's chain, as `ICash.chainOf`.
#[must_use]
pub fn note_chain(chain_id: u64, cash: Address, note: U256) -> B256 {
    keccak256((U256::from(chain_id), cash, note).abi_encode())
}

/// What stands for the list of a chain's members: the creator first.
#[must_use]
pub fn members_hash(members: &[U256]) -> B256 {
    keccak256(members.to_vec().abi_encode())
}

/// A contract that acts on certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// `IArchiveGroups`.
    ArchiveGroups,
    /// `ICash`.
    Cash,
    /// `IChainAnchor`.
    ChainAnchor,
    /// `IForcedExits`.
    ForcedExits,
}

impl Contract {
    /// Its name in a deployment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArchiveGroups => "ArchiveGroups",
            Self::Cash => "Cash",
            Self::ChainAnchor => "ChainAnchor",
            Self::ForcedExits => "ForcedExits",
        }
    }
}

/// What a group certifies and a contract takes as it is. As JSON: the fields of the EIP-712 message, and `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Statement {
    /// A group's next epoch.
    Handover(Handover),
    /// A group becomes two.
    Split(Split),
    /// A group's next seed.
    Seed(Seed),
    /// A chain's genesis.
    Genesis(Genesis),
    /// A chain's other members.
    GroupChange(GroupChange),
    /// A withdrawal.
    Exit(Exit),
}

impl Statement {
    /// Its EIP-712 type's name.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Handover(_) => "Handover",
            Self::Split(_) => "Split",
            Self::Seed(_) => "Seed",
            Self::Genesis(_) => "Genesis",
            Self::GroupChange(_) => "GroupChange",
            Self::Exit(_) => "Exit",
        }
    }

    /// The contract that takes it.
    #[must_use]
    pub const fn contract(&self) -> Contract {
        match self {
            Self::Handover(_) | Self::Split(_) | Self::Seed(_) => Contract::ArchiveGroups,
            Self::Genesis(_) | Self::GroupChange(_) => Contract::ChainAnchor,
            Self::Exit(_) => Contract::Cash,
        }
    }

    /// The group that certifies it, and the epoch in which.
    #[must_use]
    pub const fn signed_in(&self) -> (u32, u64) {
        match self {
            Self::Handover(s) => (s.group, s.epoch),
            Self::Split(s) => (s.group, s.epoch),
            Self::Seed(s) => (s.group, s.epoch),
            Self::Genesis(s) => (s.group, s.epoch),
            Self::GroupChange(s) => (s.group, s.epoch),
            Self::Exit(s) => (s.group, s.epoch),
        }
    }

    /// What seats sign: of the contract at this address on this chain.
    #[must_use]
    pub fn digest(&self, chain_id: u64, address: Address) -> B256 {
        let domain = contract_domain(self.contract(), chain_id, address);
        match self {
            Self::Handover(s) => s.eip712_signing_hash(&domain),
            Self::Split(s) => s.eip712_signing_hash(&domain),
            Self::Seed(s) => s.eip712_signing_hash(&domain),
            Self::Genesis(s) => s.eip712_signing_hash(&domain),
            Self::GroupChange(s) => s.eip712_signing_hash(&domain),
            Self::Exit(s) => s.eip712_signing_hash(&domain),
        }
    }
}

/// Why signatures are no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The bytes are no signature, or its s is high: contracts take one form only.
    #[error("expected a signature of 64 bytes (ERC-2098) with a low s, found {found}")]
    NotASignature {
        /// What was given.
        found: Bytes,
    },
    /// Not one of the group's signers over this digest.
    #[error("expected the signature of one of the group's seats, found that of {signer}")]
    NoSeat {
        /// Who signed, if it signed this digest.
        signer: Address,
    },
    /// Too few seats signed.
    #[error("expected the signatures of at least {needed} of {seats} seats, found {found}")]
    QuorumMissing {
        /// How many it takes.
        needed: usize,
        /// How many seats there are.
        seats: usize,
        /// How many signed.
        found: usize,
    },
    /// The bitmap names a seat that there is not.
    #[error("expected seats 0 to {last} in the certificate, found the bitmap {bitmap:#b}")]
    SeatUnknown {
        /// The bitmap.
        bitmap: u32,
        /// The last seat.
        last: usize,
    },
    /// Not 64 bytes for each seat that signed.
    #[error("expected {expected} bytes of signatures, found {found}")]
    Length {
        /// 64 for each.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// A seat's signature is not its signer's.
    #[error("expected the signature of seat {seat} from {signer}, found another's")]
    SignatureInvalid {
        /// The seat.
        seat: usize,
        /// Who sits there.
        signer: Address,
    },
    /// More signers than a group has.
    #[error("expected 1 to {SEATS_MAX} seats, found {found}")]
    Seats {
        /// How many.
        found: usize,
    },
}

/// Signatures of more than two thirds of a group's seats. See `types/Certificate.sol`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The group.
    pub group: u32,
    /// Its epoch.
    pub epoch: u64,
    /// Who signed: bit i is seat i.
    pub seats: u32,
    /// 64 bytes for each bit set, the lowest first.
    pub signatures: Bytes,
}

/// How many seats must sign: more than two thirds.
#[must_use]
pub const fn quorum(seats: usize) -> usize {
    2 * seats / 3 + 1
}

/// One seat's signature in the form that certificates hold: 64 bytes, ERC-2098.
#[must_use]
pub fn compact(signature: &Signature) -> Bytes {
    signature.normalized_s().as_erc2098().into()
}

/// Who made a compact signature over a digest.
///
/// # Errors
/// [`CertificateError::NotASignature`].
pub fn signer_of(digest: B256, signature: &[u8]) -> Result<Address, CertificateError> {
    let invalid = || CertificateError::NotASignature { found: Bytes::copy_from_slice(signature) };
    if signature.len() != SIGNATURE_LEN {
        return Err(invalid());
    }
    let parsed = Signature::from_erc2098(signature);
    if parsed.normalize_s().is_some() {
        return Err(invalid());
    }
    parsed.recover_address_from_prehash(&digest).map_err(|_| invalid())
}

/// Bytes of a signature.
const SIGNATURE_LEN: usize = 64;

impl Certificate {
    /// Puts compact signatures over `digest` in the order of `signers`, the group's seats. Who signed twice counts
    /// once.
    ///
    /// # Errors
    /// [`CertificateError::NoSeat`] for a stranger's signature, [`CertificateError::QuorumMissing`] when there are too
    /// few.
    pub fn assemble<'a>(
        digest: B256,
        (group, epoch): (u32, u64),
        signers: &[Address],
        signatures: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, CertificateError> {
        check_seats(signers)?;
        let mut by_seat: Vec<Option<&[u8]>> = vec![None; signers.len()];
        for signature in signatures {
            let signer = signer_of(digest, signature)?;
            let seat = signers.iter().position(|seated| *seated == signer);
            let place = seat.and_then(|seat| by_seat.get_mut(seat));
            *place.ok_or(CertificateError::NoSeat { signer })? = Some(signature);
        }
        let signed = by_seat.iter().enumerate().filter(|(_, signature)| signature.is_some());
        let seats = signed.fold(0_u32, |bitmap, (seat, _)| bitmap | 1 << seat);
        let signatures = by_seat.into_iter().flatten().flatten().copied().collect();
        let certificate = Self { group, epoch, seats, signatures };
        certificate.check_quorum(signers.len())?;
        Ok(certificate)
    }

    /// Checks it as the contracts do: `signers` are the seats of its group in its epoch.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify(&self, digest: B256, signers: &[Address]) -> Result<(), CertificateError> {
        check_seats(signers)?;
        if self.seats >> signers.len() != 0 {
            let (bitmap, last) = (self.seats, signers.len().saturating_sub(1));
            return Err(CertificateError::SeatUnknown { bitmap, last });
        }
        let count = self.check_quorum(signers.len())?;
        let (expected, found) = (SIGNATURE_LEN * count, self.signatures.len());
        if expected != found {
            return Err(CertificateError::Length { expected, found });
        }
        let signed = signers.iter().enumerate().filter(|(seat, _)| self.seats >> seat & 1 == 1);
        for ((seat, signer), signature) in signed.zip(self.signatures.chunks(SIGNATURE_LEN)) {
            if signer_of(digest, signature) != Ok(*signer) {
                return Err(CertificateError::SignatureInvalid { seat, signer: *signer });
            }
        }
        Ok(())
    }

    fn check_quorum(&self, seats: usize) -> Result<usize, CertificateError> {
        let (found, needed) = (self.seats.count_ones() as usize, quorum(seats));
        if found < needed {
            return Err(CertificateError::QuorumMissing { needed, seats, found });
        }
        Ok(found)
    }
}

fn check_seats(signers: &[Address]) -> Result<(), CertificateError> {
    match signers.len() {
        1..=SEATS_MAX => Ok(()),
        found => Err(CertificateError::Seats { found }),
    }
}

/// Each contract's own repetition of the shared type.
macro_rules! into_contracts {
    ($($contract:ident),*) => {
        $(
            impl From<Certificate> for $contract::Certificate {
                fn from(certificate: Certificate) -> Self {
                    let Certificate { group, epoch, seats, signatures } = certificate;
                    Self { group, epoch, seats, signatures }
                }
            }
        )*
    };
}

into_contracts!(ArchiveGroups, Cash, ChainAnchor, ForcedExits, Slasher);

/// What the contract takes besides the certificate.
impl From<&Genesis> for ChainAnchor::Genesis {
    fn from(genesis: &Genesis) -> Self {
        Self {
            chain: genesis.chain,
            note: genesis.note,
            series: genesis.series,
            genesisHash: genesis.genesisHash,
            class: genesis.class,
            visibility: genesis.visibility,
            wallet: genesis.wallet,
            quorum: genesis.quorum,
            membersHash: genesis.membersHash,
            deposit: genesis.deposit,
            carried: genesis.carried,
        }
    }
}

/// What the contract takes besides the certificate.
impl From<&GroupChange> for ChainAnchor::GroupChange {
    fn from(change: &GroupChange) -> Self {
        Self {
            chain: change.chain,
            series: change.series,
            change: change.change,
            height: change.height,
            membersHash: change.membersHash,
        }
    }
}

/// What the contract takes besides the certificate.
impl From<&Exit> for Cash::Exit {
    fn from(exit: &Exit) -> Self {
        Self {
            note: exit.note,
            series: exit.series,
            id: exit.id,
            recipient: exit.recipient,
            amount: exit.amount,
            relayer: exit.relayer,
            relayerFee: exit.relayerFee,
            height: exit.height,
            blockHash: exit.blockHash,
        }
    }
}
