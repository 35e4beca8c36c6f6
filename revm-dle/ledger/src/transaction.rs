//! Transactions as wallets sign them: EIP-712, so that any wallet shows what it signs.
//!
//! Domain: name "CoNET Chain", version "1", the main chain's id. Type: `Transaction(bytes32 chain,bytes32
//! genesisHash,uint64 nonce,uint64 validUntil,uint64 gasLimit,bytes data)`. The genesis block's hash is not sent: it
//! ties a signature to one series. The signature has 64 bytes (ERC-2098) and a low s.

use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Keccak256, Signature, U256, keccak256};
use alloy::sol_types::{Eip712Domain, SolStruct as _};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{All, Message, Secp256k1};

use crate::block::{SignedTransaction, Transaction};
use crate::error::BadTransaction;

static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        struct Transaction {
            bytes32 chain;
            bytes32 genesisHash;
            uint64 nonce;
            uint64 validUntil;
            uint64 gasLimit;
            bytes data;
        }
    }
}

/// The domain of transactions on chains of this main chain.
#[must_use]
pub fn domain(main_chain_id: u64) -> Eip712Domain {
    let id = U256::from(main_chain_id);
    Eip712Domain::new(Some("CoNET Chain".into()), Some("1".into()), Some(id), None, None)
}

impl Transaction {
    /// What the sender signs. The separator is that of [`domain`].
    #[must_use]
    pub fn digest(&self, separator: B256, genesis_hash: B256) -> B256 {
        let typed = types::Transaction {
            chain: self.chain,
            genesisHash: genesis_hash,
            nonce: self.nonce,
            validUntil: self.valid_until_s,
            gasLimit: self.gas_limit,
            data: self.data.clone(),
        };
        let mut hasher = Keccak256::new();
        hasher.update([0x19, 0x01]);
        hasher.update(separator);
        hasher.update(typed.eip712_hash_struct());
        hasher.finalize()
    }

    /// With the sender's signature, whichever of its two s it has.
    #[must_use]
    pub fn with_signature(self, signature: Signature) -> SignedTransaction {
        let signature = signature.normalized_s();
        SignedTransaction { transaction: self, signature: signature.as_erc2098().into() }
    }
}

/// Who signed this digest, as 64 bytes with a low s.
///
/// # Errors
/// [`BadTransaction::Signature`], [`BadTransaction::HighS`].
pub fn recover(digest: B256, signature: &[u8]) -> Result<Address, BadTransaction> {
    let mut compact: [u8; 64] = signature.try_into().map_err(|_| BadTransaction::Signature)?;
    // ERC-2098: the first bit of s, which a low s does not need, is the parity of r.
    let first = compact.get_mut(32).ok_or(BadTransaction::Signature)?;
    let odd = *first >> 7;
    *first &= 0x7f;
    let id = RecoveryId::from_u8_masked(odd);
    let signature =
        RecoverableSignature::from_compact(&compact, id).map_err(|_| BadTransaction::Signature)?;
    let mut standard = signature.to_standard();
    let before = standard;
    standard.normalize_s();
    if standard != before {
        return Err(BadTransaction::HighS);
    }
    let key = SECP
        .recover_ecdsa(Message::from_digest(digest.0), &signature)
        .map_err(|_| BadTransaction::Signature)?;
    let [_, point @ ..] = key.serialize_uncompressed();
    Ok(Address::from_word(keccak256(point)))
}
