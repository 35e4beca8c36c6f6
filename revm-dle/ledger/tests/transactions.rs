//! What wallets sign, against signatures that another implementation (Python's eth-account 0.13) made.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

use alloy::primitives::{Address, B256, Bytes, Signature, U256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use conet_ledger::block::Transaction;
use conet_ledger::error::BadTransaction;
use conet_ledger::transaction::{domain, recover};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    key: B256,
    sender: Address,
    main_chain_id: u64,
    genesis_hash: B256,
    transaction: Transaction,
    digest: B256,
    signature: Bytes,
}

#[test]
fn digests_and_signatures_are_those_of_the_vectors() {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("vectors/transactions.json")).unwrap();
    assert!(!vectors.is_empty());
    for vector in vectors {
        let separator = domain(vector.main_chain_id).separator();
        let digest = vector.transaction.digest(separator, vector.genesis_hash);
        assert_eq!(digest, vector.digest);
        assert_eq!(recover(digest, &vector.signature), Ok(vector.sender));
        let signer = PrivateKeySigner::from_bytes(&vector.key).unwrap();
        let signature = signer.sign_hash_sync(&digest).unwrap();
        assert_eq!(vector.transaction.with_signature(signature).signature, vector.signature);
    }
}

/// Half of the order of the curve's group.
const HALF: U256 = U256::from_limbs([
    0xdfe9_2f46_681b_20a0,
    0x5d57_6e73_57a4_501d,
    0xffff_ffff_ffff_ffff,
    0x7fff_ffff_ffff_ffff,
]);

fn compact(r: U256, s: U256) -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(&r.to_be_bytes::<32>());
    bytes[32..].copy_from_slice(&s.to_be_bytes::<32>());
    bytes
}

#[test]
fn a_high_s_is_refused() {
    let digest = B256::repeat_byte(1);
    let s = HALF + U256::from(1);
    assert_eq!(recover(digest, &compact(U256::from(1), s)), Err(BadTransaction::HighS));
    assert_ne!(recover(digest, &compact(U256::from(1), HALF)), Err(BadTransaction::HighS));
}

#[test]
fn what_is_no_signature_is_refused() {
    let digest = B256::repeat_byte(1);
    let zero = U256::ZERO;
    for bytes in [
        &[][..],
        &[1; 63],
        &[1; 65],
        &compact(zero, zero),
        &compact(zero, U256::from(1)),
        &compact(U256::from(1), zero),
        &compact(U256::MAX, U256::from(1)),
    ] {
        assert_eq!(recover(digest, bytes), Err(BadTransaction::Signature), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn recovers_as_alloy_does(key in 1_u64.., digest: [u8; 32], flip in 0_usize..64, by: u8) {
        let signer = PrivateKeySigner::from_bytes(&U256::from(key).into()).unwrap();
        let digest = B256::from(digest);
        let mut bytes = signer.sign_hash_sync(&digest).unwrap().as_erc2098();
        prop_assert_eq!(recover(digest, &bytes), Ok(signer.address()));
        bytes[flip] ^= by;
        let alloys = Signature::from_erc2098(&bytes);
        let high = alloys.normalize_s().is_some();
        match recover(digest, &bytes) {
            Ok(address) => {
                prop_assert!(!high);
                prop_assert_eq!(address, alloys.recover_address_from_prehash(&digest).unwrap());
            }
            Err(BadTransaction::HighS) => prop_assert!(high),
            Err(_) => prop_assert!(high || alloys.recover_address_from_prehash(&digest).is_err()),
        }
    }
}
