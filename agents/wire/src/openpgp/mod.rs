//! OpenPGP (RFC 9580): a wallet's certificates and the two layers of a message.
//!
//! A [`WalletSecret`] gives an [`Identity`]: a v6 certificate, a v4 one for
//! today's tools, and the secrets behind both. Senders turn the published
//! bytes into a [`PublicCertificate`], which exists only if every check of
//! them passed, and [`seal`] messages to it; the [`Decryptor`] of the identity
//! [`open`]s them.
//!
//! What always holds:
//!
//! - A published certificate has one User ID (the EIP-55 address) and exactly
//!   one encryption subkey, the one that its handle names.
//! - A sealed message has one recipient, no compression, no signature, no file
//!   name and no date. To a v6 certificate its length is the plaintext's plus
//!   [`OVERHEAD`], so any length can be had by padding.
//! - [`open`] hands out nothing before everything was authenticated.
//! - Nothing here verifies a signature through sequoia's process-wide cache,
//!   which never shrinks.

mod certificate;
mod content;
mod decryptor;
mod error;
mod framing;
mod keys;
mod open;
mod packets;
mod seal;
mod self_signature;
mod verify;

#[cfg(test)]
mod tests;

pub use certificate::{Identity, SubkeySecret};
pub use decryptor::Decryptor;
pub use error::{CertificateError, KeyError, OpenError, SealError};
pub use keys::{EPOCH_ZERO_TIME, WalletSecret};
pub use open::{OpenLimits, Opened, open};
pub use seal::{OVERHEAD, SEAL_BYTES_MAX, capacity, seal, seal_exact};
pub use verify::{CERTIFICATE_BYTES_MAX, Handle, PublicCertificate};
