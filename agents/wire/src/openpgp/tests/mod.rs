//! Certificates, and messages between them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod certificates;
mod interop;
mod messages;
mod vectors;

use super::*;

/// The secret of the test vectors.
const SECRET: [u8; 32] = [0x5a; 32];
const NOW: u64 = 1_800_000_000;

fn secret() -> WalletSecret {
    WalletSecret::from_bytes(&SECRET).unwrap()
}

fn identity() -> Identity {
    Identity::derive(&secret()).unwrap()
}

fn public(identity: &Identity) -> PublicCertificate {
    let handle = Handle::V6(identity.handle());
    PublicCertificate::parse(identity.certificate(), identity.wallet(), handle, NOW).unwrap()
}

fn public_v4(identity: &Identity) -> PublicCertificate {
    let handle = Handle::V4(identity.handle_v4());
    PublicCertificate::parse(identity.certificate_v4(), identity.wallet(), handle, NOW).unwrap()
}
