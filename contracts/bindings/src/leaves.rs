//! What a note's holders own after a block, as a forced exit takes it: the twin of the contracts' library `Leaves`. Both
//! are pinned by `contracts/test/vectors/cash.json`.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue as _,
};
use serde::{Deserialize, Serialize};

use crate::{ForcedExits, fees::PICO_PER_MICRO, merkle::Tree};

/// The most leaves that a forced exit takes: `IForcedExits.MAX_LEAVES`.
pub const LEAVES_MAX: usize = 256;

/// Why leaves are no list that a forced exit takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeavesError {
    /// None, or too many.
    #[error("expected 1 to {LEAVES_MAX} leaves, found {found}")]
    Count {
        /// How many.
        found: usize,
    },
}

/// One thing that a holder owns on a note's chain. As JSON, `kind` is `account`, `lock` or `withdrawal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Leaf {
    /// Somebody's balance.
    Account {
        /// Whose.
        account: Address,
        /// Pico-dollars.
        #[serde(rename = "amount_pico_dollars")]
        amount: u64,
    },
    /// An amount locked for a payee: a payment authorization.
    Lock {
        /// The payer, who gets what no voucher takes.
        account: Address,
        /// Who may claim.
        payee: Address,
        /// See [`lock_id`].
        lock_id: B256,
        /// Pico-dollars that are still locked, fee included.
        #[serde(rename = "amount_pico_dollars")]
        amount: u64,
        /// Micro-dollars that the payee has claimed, by the voucher with this total.
        #[serde(rename = "claimed_micro_dollars")]
        claimed: u64,
    },
    /// A withdrawal that is debited; it may have been paid since.
    Withdrawal {
        /// Who gets it.
        account: Address,
        /// Its number on the note's chain.
        withdrawal: u64,
        /// Pico-dollars.
        #[serde(rename = "amount_pico_dollars")]
        amount: u64,
    },
}

impl Leaf {
    /// What it is, as in JSON.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Account { .. } => "account",
            Self::Lock { .. } => "lock",
            Self::Withdrawal { .. } => "withdrawal",
        }
    }

    /// Whose it is: of a lock the payer.
    #[must_use]
    pub const fn account(&self) -> Address {
        match self {
            Self::Account { account, .. }
            | Self::Lock { account, .. }
            | Self::Withdrawal { account, .. } => *account,
        }
    }

    /// Whole micro-dollars in it, which is what can be paid.
    #[must_use]
    pub const fn micro(&self) -> u64 {
        match self {
            Self::Account { amount, .. }
            | Self::Lock { amount, .. }
            | Self::Withdrawal { amount, .. } => *amount / PICO_PER_MICRO,
        }
    }

    /// Its hash at its place. Hashed twice, so that no inner node can pass for a leaf.
    #[must_use]
    pub fn hash(&self, index: usize) -> B256 {
        keccak256(keccak256((U256::from(index), ForcedExits::Leaf::from(self)).abi_encode()))
    }

    /// Whether it may begin a forced exit: something to pay, of which this account owns a part.
    fn makes_holder(&self, holder: Address) -> bool {
        let is_payee = matches!(self, Self::Lock { payee, .. } if *payee == holder);
        self.micro() != 0 && (self.account() == holder || is_payee)
    }
}

/// All leaves of a note after a block: 1 to [`LEAVES_MAX`], in the order that their hashes name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Leaf>", into = "Vec<Leaf>")]
pub struct Leaves {
    list: Vec<Leaf>,
    tree: Tree,
}

impl TryFrom<Vec<Leaf>> for Leaves {
    type Error = LeavesError;

    fn try_from(list: Vec<Leaf>) -> Result<Self, LeavesError> {
        if list.is_empty() || list.len() > LEAVES_MAX {
            return Err(LeavesError::Count { found: list.len() });
        }
        let hashes = list.iter().enumerate().map(|(index, leaf)| leaf.hash(index));
        let tree = Tree::new(hashes.collect());
        Ok(Self { list, tree })
    }
}

impl From<Leaves> for Vec<Leaf> {
    fn from(leaves: Leaves) -> Self {
        leaves.list
    }
}

impl Leaves {
    /// One after the other.
    #[must_use]
    pub fn as_slice(&self) -> &[Leaf] {
        &self.list
    }

    /// What a header's `leavesRoot` is.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.tree.root()
    }

    /// The siblings from a leaf up. `None` when there is no such leaf.
    #[must_use]
    pub fn proof(&self, index: usize) -> Option<Vec<B256>> {
        self.tree.proof(index)
    }

    /// Whether an account owns enough to begin a forced exit: a leaf of a micro-dollar or more, as its account or payee.
    #[must_use]
    pub fn has_holder(&self, holder: Address) -> bool {
        self.list.iter().any(|leaf| leaf.makes_holder(holder))
    }

    /// As the contract takes them.
    #[must_use]
    pub fn to_contract(&self) -> Vec<ForcedExits::Leaf> {
        self.list.iter().map(Into::into).collect()
    }
}

/// What a lock is known by: the three as vouchers for it name them, of the series that it was opened in.
#[must_use]
pub fn lock_id(genesis_hash: B256, series: u32, authorization: B256) -> B256 {
    keccak256((genesis_hash, series, authorization).abi_encode())
}

/// `LeafKind` by number. Fields that a kind does not use are zero.
impl From<&Leaf> for ForcedExits::Leaf {
    fn from(leaf: &Leaf) -> Self {
        let nothing = Self {
            kind: 0,
            account: leaf.account(),
            payee: Address::ZERO,
            lockId: B256::ZERO,
            withdrawal: 0,
            amount: 0,
            claimed: 0,
        };
        match *leaf {
            Leaf::Account { amount, .. } => Self { amount, ..nothing },
            Leaf::Lock { payee, lock_id, amount, claimed, .. } => {
                Self { kind: 1, payee, lockId: lock_id, amount, claimed, ..nothing }
            }
            Leaf::Withdrawal { withdrawal, amount, .. } => {
                Self { kind: 2, withdrawal, amount, ..nothing }
            }
        }
    }
}
