//! What archive groups certify, as EIP-712 messages. Pinned by `contracts/test/vectors/archive.json` and `cash.json`,
//! which Foundry checks too.

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::{Eip712Domain, SolStruct, SolValue as _};
use serde::{Deserialize, Serialize};

use crate::{Cash, ChainAnchor, ForcedExits, ledger::Verdict, typed_data::domain};

pub use types::{
    Exit, Genesis, GroupChange, Handover, Header, MemberFees, Seed, Split, WalletChange,
};

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
        #[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
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
        Contract::Slasher => "CoNET Ledger",
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
    /// `ISlasher`.
    Slasher,
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
            Self::Slasher => "Slasher",
        }
    }
}

/// What a group certifies and a contract takes as it is, but for a header, which goes with its leaves. As JSON: the
/// fields of the EIP-712 message, and `type`.
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
    /// A note's last final block.
    Header(Header),
    /// What a node did wrong.
    Verdict(Verdict),
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
            Self::Header(_) => "Header",
            Self::Verdict(_) => "Verdict",
        }
    }

    /// The contract that takes it.
    #[must_use]
    pub const fn contract(&self) -> Contract {
        match self {
            Self::Handover(_) | Self::Split(_) | Self::Seed(_) => Contract::ArchiveGroups,
            Self::Genesis(_) | Self::GroupChange(_) => Contract::ChainAnchor,
            Self::Exit(_) => Contract::Cash,
            Self::Header(_) => Contract::ForcedExits,
            Self::Verdict(_) => Contract::Slasher,
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
            Self::Header(s) => (s.group, s.epoch),
            Self::Verdict(s) => (s.group, s.epoch),
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
            Self::Header(s) => s.eip712_signing_hash(&domain),
            Self::Verdict(s) => s.eip712_signing_hash(&domain),
        }
    }
}

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

/// What the contract takes besides the certificate and the leaves.
impl From<&Header> for ForcedExits::Header {
    fn from(header: &Header) -> Self {
        Self {
            note: header.note,
            series: header.series,
            height: header.height,
            blockHash: header.blockHash,
            leavesRoot: header.leavesRoot,
        }
    }
}
