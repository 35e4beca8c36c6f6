//! What can go wrong with keys, certificates and messages.

use std::error::Error as StdError;

use alloy::primitives::Address;

use super::verify::Handle;

/// An error of the OpenPGP library, kept as the source of ours.
pub(super) type LibraryError = Box<dyn StdError + Send + Sync>;

/// A secret that is none, or a certificate that could not be made from it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not a secp256k1 secret: zero, or not below the order.
    #[error("expected a secp256k1 secret between 1 and the group order, found another number")]
    NotASecret,
    /// A time that OpenPGP cannot write down (32 bits of seconds).
    #[error("expected a time of at most {max} unix seconds, found {found}")]
    Time {
        /// The latest time.
        max: u64,
        /// The time asked for.
        found: u64,
    },
    /// A derivation, a signature or a serialization failed.
    #[error("{step} failed")]
    Library {
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        #[source]
        source: LibraryError,
    },
}

/// Why certificate bytes are not the certificate that was expected.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// More bytes than any certificate of ours has.
    #[error("expected a certificate of at most {max} bytes, found {found}")]
    TooLarge {
        /// The limit.
        max: usize,
        /// The length given.
        found: usize,
    },
    /// The bytes do not parse as OpenPGP packets.
    #[error("expected OpenPGP packets, found malformed bytes")]
    Malformed(#[source] LibraryError),
    /// A packet at a place where another one, or none, belongs.
    #[error("expected {expected}, found {found}")]
    UnexpectedPacket {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The certificate has the wrong version for its handle.
    #[error("expected a version {expected} key, found version {found}")]
    Version {
        /// The version that goes with the handle.
        expected: u8,
        /// The version of the key.
        found: u8,
    },
    /// A key of another algorithm than this protocol uses.
    #[error("expected {expected}, found {found}")]
    Algorithm {
        /// The algorithm that belongs there.
        expected: &'static str,
        /// The algorithm of the key or signature.
        found: String,
    },
    /// The User ID is not the wallet's address.
    #[error("expected the User ID {expected}, found {found:?}")]
    Wallet {
        /// The wallet that the certificate should be of.
        expected: Address,
        /// The User ID.
        found: String,
    },
    /// The encryption subkey is not the one that the handle names.
    #[error("expected the encryption subkey {expected}, found {found}")]
    Handle {
        /// The handle that was published.
        expected: Handle,
        /// The subkey's fingerprint, in hexadecimal.
        found: String,
    },
    /// The certificate, its User ID or its subkey carries a revocation.
    #[error("expected no revocation, found a {found} signature")]
    Revoked {
        /// The type of the signature.
        found: String,
    },
    /// A self-signature that does not verify, or says something else.
    #[error("expected a {signature} with {expected}, found {found}")]
    Signature {
        /// Which of the self-signatures.
        signature: &'static str,
        /// What it must have.
        expected: &'static str,
        /// What it has.
        found: String,
    },
    /// Not valid at the time asked for: made later, or expired.
    #[error("expected a {what} that is valid at {at}, found one valid from {from} until {until:?}")]
    NotValidAt {
        /// The key or the signature.
        what: &'static str,
        /// The time asked for, in unix seconds.
        at: u64,
        /// The start of its validity.
        from: u64,
        /// Its end, if it has one.
        until: Option<u64>,
    },
}

/// Why a message could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// More plaintext than fits.
    #[error("expected a plaintext of at most {max} bytes, found {found}")]
    TooLong {
        /// The limit, from the library or the length asked for.
        max: usize,
        /// The length given.
        found: usize,
    },
    /// A message length that no message has.
    #[error("expected a message length between {min} and {max}, found {found}")]
    NoSuchLength {
        /// The length of an empty message.
        min: usize,
        /// The length of the longest one.
        max: usize,
        /// The length asked for.
        found: usize,
    },
    /// An exact length was asked for with a certificate that has none.
    #[error("expected a version 6 certificate, found version {found}")]
    Version {
        /// The version of the recipient's certificate.
        found: u8,
    },
    /// The encryption failed.
    #[error("{step} failed")]
    Library {
        /// What was being done.
        step: &'static str,
        /// Why it failed.
        #[source]
        source: LibraryError,
    },
}

/// Why a message could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither OpenPGP packets nor ASCII armor with them.
    #[error("expected an OpenPGP message, found malformed bytes")]
    Malformed(#[source] LibraryError),
    /// A packet at a place where another one, or none, belongs.
    #[error("expected {expected}, found {found}")]
    UnexpectedPacket {
        /// What belongs there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The message hides its recipient.
    #[error("expected one named recipient, found a wildcard")]
    Wildcard,
    /// The message is for somebody else.
    #[error("expected one of our {keys} keys as recipient, found {found}")]
    NotForUs {
        /// How many keys were at hand.
        keys: usize,
        /// The recipient that the message names.
        found: String,
    },
    /// The packets of key and content belong to different versions.
    #[error("expected content of version {expected} for its key packet, found version {found}")]
    Version {
        /// The version of the content that goes with the key packet.
        expected: u8,
        /// The version that is there.
        found: u8,
    },
    /// The key, the content or its authentication is wrong.
    #[error("expected a message sealed to our key, found one that does not open")]
    Undecryptable(#[source] LibraryError),
    /// The content has no valid modification detection code.
    #[error("expected a valid modification detection code, found none")]
    Unauthenticated,
    /// Compressed with something else than deflate.
    #[error("expected compression with ZIP (1) or ZLIB (2), found {found}")]
    Compression {
        /// The number of the algorithm.
        found: u8,
    },
    /// More plaintext than the limit allows.
    #[error("expected a plaintext of at most {max} bytes, found more")]
    TooLong {
        /// The limit.
        max: usize,
    },
    /// More packets inside each other than the limit allows.
    #[error("expected packets nested at most {max} deep, found more")]
    TooDeep {
        /// The limit.
        max: u8,
    },
    /// More packets beside each other than the limit allows.
    #[error("expected at most {max} packets inside the message, found more")]
    TooManyPackets {
        /// The limit.
        max: usize,
    },
}
