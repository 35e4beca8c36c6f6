//! Keys and helpers that the targets share.

use std::sync::LazyLock;

use alloy::{
    primitives::{Address, B256},
    signers::local::PrivateKeySigner,
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    hkdf,
};
use conet_wire::{
    network::Network,
    openpgp::{Handle, Identity, PublicCertificate, WalletSecret},
};
use rand::{SeedableRng, rngs::StdRng};

/// The time at which certificates are checked.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) static IDENTITY: LazyLock<Identity> =
    LazyLock::new(|| Identity::derive(&WalletSecret::from_bytes(&[0x5a; 32]).unwrap()).unwrap());

pub(crate) static PUBLIC: LazyLock<[PublicCertificate; 2]> = LazyLock::new(|| {
    let (wallet, v6, v4) = (IDENTITY.wallet(), IDENTITY.handle(), IDENTITY.handle_v4());
    let parse = |bytes, handle| PublicCertificate::parse(bytes, wallet, handle, NOW).unwrap();
    [
        parse(IDENTITY.certificate(), Handle::V6(v6)),
        parse(IDENTITY.certificate_v4(), Handle::V4(v4)),
    ]
});

pub(crate) fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

pub(crate) fn wallet(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

pub(crate) fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Takes the first `N` bytes, zeros where there are none.
pub(crate) fn take<const N: usize>(data: &mut &[u8]) -> [u8; N] {
    let mut taken = [0; N];
    let (now, later) = data.split_at(data.len().min(N));
    taken[..now.len()].copy_from_slice(now);
    *data = later;
    taken
}

/// A variant's number in front of its bytes, as the targets read them.
pub(crate) fn variant(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number], bytes].concat()
}

/// AES-256-GCM with a key from HKDF, written down here once more.
pub(crate) fn seal(
    (secret, salt, info): (&[u8], &[u8], &[&[u8]]),
    counter: u64,
    associated: &[u8],
    mut plaintext: Vec<u8>,
) -> Vec<u8> {
    let pseudorandom = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let key = UnboundKey::from(pseudorandom.expand(info, &AES_256_GCM).unwrap());
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    let nonce = Nonce::assume_unique_for_key(nonce);
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(associated), &mut plaintext)
        .unwrap();
    plaintext
}
