//! Decoders of everything that strangers can send, as plain functions of bytes:
//! called by libFuzzer (`scripts/fuzz`) and by `tests/fuzz_smoke.rs` of the crate.
//!
//! Where a seal would hide a decoder from mutated bytes, the target takes the
//! bytes as what was sealed, because whoever holds the key, and for envelopes
//! and OpenPGP that is everybody, can seal anything.

mod certificate;
mod envelope;
mod fixed;
mod ledgers;
mod message;
mod openpgp;
mod parcel;
mod peer;
mod recipient;
mod request;
mod session;

/// A decoder, or a family of them.
pub struct Target {
    /// Its name for `scripts/fuzz`.
    pub name: &'static str,
    /// Takes any bytes, and panics where something does not hold.
    pub run: fn(&[u8]),
    /// Valid inputs to start from.
    pub samples: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 10] = [
    recipient::TARGET,
    certificate::TARGET,
    openpgp::TARGET,
    message::TARGET,
    parcel::TARGET,
    ledgers::TARGET,
    request::TARGET,
    session::TARGET,
    envelope::TARGET,
    peer::TARGET,
];

/// The target of this name.
///
/// # Panics
/// When there is none.
pub fn target(name: &str) -> &'static Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target {name}"))
}
