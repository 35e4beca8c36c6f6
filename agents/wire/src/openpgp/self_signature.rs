//! The self-signatures of a certificate: whether they verify, and until when
//! what they say counts.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use sequoia_openpgp::{
    crypto::{hash::Context, mpi},
    packet::{Signature, signature::subpacket::SubpacketValue},
    types::HashAlgorithm,
};

use super::{
    error::CertificateError as Error,
    verify::{Primary, Sub},
};

/// A verified self-signature, to be looked at for its times.
pub(super) struct SelfSignature<'a> {
    pub(super) signature: &'a Signature,
    pub(super) what: &'static str,
    pub(super) primary: &'a Primary,
    pub(super) about: Option<&'a Sub>,
}

impl SelfSignature<'_> {
    /// When the signature, or the key that it speaks about, stops being valid.
    pub(super) fn check(&self, at: u64) -> Result<Option<u64>, Error> {
        let (key_created, key_expires) = match self.about {
            Some(key) => (key.creation_time(), self.signature.key_expiration_time(key)),
            None => {
                let key = self.primary;
                (key.creation_time(), self.signature.key_expiration_time(key))
            }
        };
        let signed = self.signature.signature_creation_time().map(seconds);
        let from = signed.unwrap_or(u64::MAX).max(seconds(key_created));
        let ends = [self.signature.signature_expiration_time(), key_expires];
        let until = ends.into_iter().flatten().map(seconds).min();
        // A signature older than its key says nothing about it.
        let ordered = signed >= Some(seconds(key_created));
        if ordered && from <= at && until.is_none_or(|until| at < until) {
            return Ok(until);
        }
        Err(Error::NotValidAt { what: self.what, at, from, until })
    }
}

/// Verifies a signature by the primary key over what `hash` feeds in.
pub(super) fn verify(
    signature: &Signature,
    what: &'static str,
    primary: &Primary,
    hash: impl FnOnce(&mut Context) -> sequoia_openpgp::Result<()>,
) -> Result<(), Error> {
    require(signature, what, "the version of its key", |signature| {
        signature.version() == primary.version()
    })?;
    require(signature, what, "a SHA-2 digest", |signature| {
        use HashAlgorithm::{SHA256, SHA384, SHA512};
        [SHA256, SHA384, SHA512].contains(&signature.hash_algo())
    })?;
    require(signature, what, "a salt of the right length", |signature| {
        let expected = match primary.version() {
            6 => signature.hash_algo().salt_size().ok(),
            _ => None,
        };
        signature.salt().map(<[u8]>::len) == expected
    })?;
    require(signature, what, "known critical subpackets", |signature| {
        signature.hashed_area().iter().all(|part| !part.critical() || is_known(part.value()))
    })?;

    let algorithm = signature.hash_algo();
    let verified = algorithm.context().and_then(|builder| {
        let mut context = builder.for_signature(signature.version());
        hash(&mut context)?;
        verify_digest(signature.mpis(), primary, algorithm, &context.into_digest()?)
    });
    verified.map_err(|error| Error::Signature {
        signature: what,
        expected: "a valid signature of the primary key",
        found: error.to_string(),
    })
}

/// The library does Ed25519 with OpenSSL, in three times the time.
fn verify_digest(
    signature: &mpi::Signature,
    primary: &Primary,
    algorithm: HashAlgorithm,
    digest: &[u8],
) -> sequoia_openpgp::Result<()> {
    match (primary.mpis(), signature) {
        (mpi::PublicKey::Ed25519 { a }, mpi::Signature::Ed25519 { s }) => {
            Ok(UnparsedPublicKey::new(&ED25519, a).verify(digest, s.as_slice())?)
        }
        _ => primary.verify(signature, algorithm, digest),
    }
}

/// An error unless `holds`.
pub(super) fn require(
    signature: &Signature,
    what: &'static str,
    expected: &'static str,
    holds: impl FnOnce(&Signature) -> bool,
) -> Result<(), Error> {
    if holds(signature) {
        return Ok(());
    }
    let (version, hash) = (signature.version(), signature.hash_algo());
    let found = format!("a version {version} signature over {hash} without it");
    Err(Error::Signature { signature: what, expected, found })
}

/// Subpackets that this reader heeds, or may pass over: a critical one of any
/// other kind could take back what the signature says.
fn is_known(value: &SubpacketValue) -> bool {
    use SubpacketValue as V;
    matches!(
        value,
        V::SignatureCreationTime(_)
            | V::SignatureExpirationTime(_)
            | V::KeyExpirationTime(_)
            | V::KeyFlags(_)
            | V::Features(_)
            | V::PrimaryUserID(_)
            | V::Issuer(_)
            | V::IssuerFingerprint(_)
            | V::PreferredSymmetricAlgorithms(_)
            | V::PreferredHashAlgorithms(_)
            | V::PreferredCompressionAlgorithms(_)
            | V::PreferredAEADCiphersuites(_)
    )
}

/// OpenPGP times are unsigned 32-bit seconds, so nothing is before 1970.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
