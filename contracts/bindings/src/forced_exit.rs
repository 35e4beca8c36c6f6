//! What holders and payers sign about a note, for others to bring to the contract `ForcedExits`. Pinned by
//! `contracts/test/vectors/cash.json`, which Foundry checks too.

use alloy::{
    primitives::{Address, B256, Bytes, Signature, U256},
    sol_types::SolStruct as _,
};
use serde::{Deserialize, Serialize};

use crate::{
    ForcedExits,
    leaves::lock_id,
    statement::{Contract, contract_domain},
};

mod types {
    #![allow(missing_docs)]
    alloy::sol! {
        #[derive(Debug, PartialEq, Eq)]
        struct ForcedExit {
            uint256 note;
            uint32 series;
            uint256 deadline;
        }

        #[derive(Debug, PartialEq, Eq)]
        struct Voucher {
            bytes32 genesisHash;
            uint32 series;
            bytes32 authorization;
            uint64 total;
        }
    }
}

/// A holder's wish that its note be paid out, for somebody else to submit. See `IForcedExits.openFor`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The note.
    pub note: U256,
    /// Its series.
    pub series: u32,
    /// Who wishes it.
    pub holder: Address,
    /// The last second in which it counts.
    pub deadline: U256,
    /// The holder's, 64 or 65 bytes.
    pub signature: Bytes,
}

impl Consent {
    /// What the holder signs, for the contract `ForcedExits` at an address.
    #[must_use]
    pub fn digest(&self, chain_id: u64, forced_exits: Address) -> B256 {
        let Self { note, series, deadline, .. } = *self;
        let domain = contract_domain(Contract::ForcedExits, chain_id, forced_exits);
        types::ForcedExit { note, series, deadline }.eip712_signing_hash(&domain)
    }
}

impl From<&Consent> for ForcedExits::Consent {
    fn from(consent: &Consent) -> Self {
        let Consent { holder, deadline, ref signature, .. } = *consent;
        Self { holder, deadline, signature: signature.clone() }
    }
}

/// A payer's word that a payee may have so much of a lock. See `IForcedExits.showVoucher`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voucher {
    /// The genesis of the series that the lock was opened in.
    pub genesis_hash: B256,
    /// That series.
    pub series: u32,
    /// The authorization that the lock is for.
    pub authorization: B256,
    /// Micro-dollars that the payee may have claimed in all.
    #[serde(rename = "total_micro_dollars")]
    pub total: u64,
    /// Who pays.
    pub payer: Address,
    /// The payer's, 64 or 65 bytes.
    pub signature: Bytes,
}

impl Voucher {
    /// The lock that it is for.
    #[must_use]
    pub fn lock_id(&self) -> B256 {
        lock_id(self.genesis_hash, self.series, self.authorization)
    }

    /// What the payer signs, for the contract `Cash` at an address: payers on a note's chain know no other.
    #[must_use]
    pub fn digest(&self, chain_id: u64, cash: Address) -> B256 {
        let Self { genesis_hash, series, authorization, total, .. } = *self;
        let message = types::Voucher { genesisHash: genesis_hash, series, authorization, total };
        message.eip712_signing_hash(&contract_domain(Contract::Cash, chain_id, cash))
    }
}

impl From<&Voucher> for ForcedExits::Voucher {
    fn from(voucher: &Voucher) -> Self {
        let Voucher { genesis_hash, series, authorization, total, .. } = *voucher;
        Self { genesisHash: genesis_hash, series, authorization, total }
    }
}

/// Whether a digest's signature, of 64 bytes (ERC-2098) or 65, is an account's.
#[must_use]
pub fn is_signed_by(account: Address, digest: B256, signature: &[u8]) -> bool {
    let parsed = match signature.len() {
        64 => Ok(Signature::from_erc2098(signature)),
        _ => Signature::from_raw(signature),
    };
    let signer = parsed.ok().and_then(|it| it.recover_address_from_prehash(&digest).ok());
    signer == Some(account)
}
