//! Other people's certificates, checked.
//!
//! A certificate comes from a chain or an indexer and may be anything. It is
//! read as a fixed sequence of packets, so that there is one way to read it:
//!
//! ```text
//! v6: public key, direct-key signature, User ID, certification, public subkey, binding
//! v4: public key,                       User ID, certification, public subkey, binding
//! ```
//!
//! The signatures are verified here and not through `Cert`, whose cache of
//! verified signatures is process-wide and never shrinks.

use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::primitives::Address;
use sequoia_openpgp::{
    Packet,
    crypto::mpi,
    packet::{
        Key, Signature, UserID,
        key::{PrimaryRole, PublicParts, SubordinateRole, UnspecifiedRole},
    },
    parse::{Dearmor, PacketParserBuilder, PacketParserResult, Parse},
    types::{Curve, SignatureType},
};

use super::{
    error::{CertificateError, LibraryError},
    framing::{self, tag},
    packets::armor,
    self_signature::{SelfSignature, require, verify},
};

type Error = CertificateError;
pub(super) type Primary = Key<PublicParts, PrimaryRole>;
pub(super) type Sub = Key<PublicParts, SubordinateRole>;

/// The longest certificate that is looked at. Ours have about 620 bytes.
pub const CERTIFICATE_BYTES_MAX: usize = 4096;

/// The packets of a v6 certificate.
const PACKETS_MAX: usize = 6;
const PACKETS: [u8; 4] = [tag::PUBLIC_KEY, tag::USER_ID, tag::PUBLIC_SUBKEY, tag::SIGNATURE];

/// The fingerprint of an encryption subkey: what a message names as recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Handle {
    /// Of a v6 certificate.
    V6([u8; 32]),
    /// Of a v4 certificate.
    V4([u8; 20]),
}

impl Handle {
    /// The bytes of the fingerprint.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::V6(bytes) => bytes,
            Self::V4(bytes) => bytes,
        }
    }

    /// The OpenPGP version of the certificate.
    #[must_use]
    pub fn version(&self) -> u8 {
        match self {
            Self::V6(_) => 6,
            Self::V4(_) => 4,
        }
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.as_bytes()))
    }
}

/// A certificate that passed every check, ready to [`seal`](super::seal) to.
/// Cheap to clone.
#[derive(Clone)]
pub struct PublicCertificate(Arc<Checked>);

struct Checked {
    bytes: Box<[u8]>,
    wallet: Address,
    handle: Handle,
    expires: Option<u64>,
    fingerprint: Box<[u8]>,
    /// Of the primary key and the subkey.
    created: (u64, u64),
    key: Key<PublicParts, UnspecifiedRole>,
}

impl PublicCertificate {
    /// Reads the certificate that was published for `wallet` with `handle`,
    /// and checks it as of `at` (unix seconds).
    ///
    /// That the wallet agrees to the handle is another signature's matter; see
    /// the route in the contracts.
    ///
    /// # Errors
    ///
    /// A [`CertificateError`] that names what was expected and what was found.
    pub fn parse(bytes: &[u8], wallet: Address, handle: Handle, at: u64) -> Result<Self, Error> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(Error::TooLarge { max: CERTIFICATE_BYTES_MAX, found: bytes.len() });
        }
        let packets = Packets::read(bytes, handle.version())?;
        packets.check_keys(wallet, handle)?;
        let expires = packets.check_signatures(at)?;
        Ok(Self(Arc::new(Checked {
            bytes: bytes.into(),
            wallet,
            handle,
            expires,
            fingerprint: packets.primary.fingerprint().as_bytes().into(),
            created: (unix(packets.primary.creation_time()), unix(packets.subkey.creation_time())),
            key: packets.subkey.role_into_unspecified(),
        })))
    }

    /// The wallet whose address the certificate carries.
    #[must_use]
    pub fn wallet(&self) -> Address {
        self.0.wallet
    }

    /// The handle of its encryption subkey.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }

    /// The fingerprint of its primary key.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8] {
        &self.0.fingerprint
    }

    /// When its primary key and its encryption subkey were made, unix seconds.
    #[must_use]
    pub fn created(&self) -> (u64, u64) {
        self.0.created
    }

    /// When it stops being valid (unix seconds), if ever: whoever keeps it
    /// longer than a moment must look.
    #[must_use]
    pub fn expires(&self) -> Option<u64> {
        self.0.expires
    }

    /// The certificate as it was read.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.bytes
    }

    /// The certificate in ASCII armor.
    #[must_use]
    pub fn armored(&self) -> String {
        armor(&self.0.bytes, self.0.handle.version())
    }

    pub(super) fn key(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.0.key
    }
}

impl fmt::Debug for PublicCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicCertificate")
            .field("wallet", &self.0.wallet)
            .field("handle", &self.0.handle)
            .finish_non_exhaustive()
    }
}

/// The packets of a certificate, in the only order there is.
struct Packets {
    primary: Primary,
    direct: Option<Signature>,
    user: UserID,
    certification: Signature,
    subkey: Sub,
    binding: Signature,
}

impl Packets {
    fn read(bytes: &[u8], version: u8) -> Result<Self, Error> {
        let mut packets = Self::split(bytes)?.into_iter();
        let primary = match packets.next() {
            Some(Packet::PublicKey(key)) => key,
            other => return Err(unexpected("a public primary key", other.as_ref())),
        };
        if primary.version() != version {
            return Err(Error::Version { expected: version, found: primary.version() });
        }
        let direct = match version {
            6 => Some(signature(packets.next(), "a direct-key signature", is_direct)?),
            _ => None,
        };
        let user = match packets.next() {
            Some(Packet::UserID(user)) => user,
            other => return Err(unexpected("a User ID", other.as_ref())),
        };
        let certification = signature(packets.next(), "a certification", is_certification)?;
        let subkey = match packets.next() {
            Some(Packet::PublicSubkey(key)) => key,
            other => return Err(unexpected("a public subkey", other.as_ref())),
        };
        let binding = signature(packets.next(), "a subkey binding", is_binding)?;
        match packets.next() {
            None => Ok(Self { primary, direct, user, certification, subkey, binding }),
            other => Err(unexpected("the end of the certificate", other.as_ref())),
        }
    }

    /// The packets up to one more than there may be. The library's parser gets
    /// only types that a certificate has, and only what is framed rightly.
    fn split(bytes: &[u8]) -> Result<Vec<Packet>, Error> {
        let mut rest = bytes;
        let mut count = 0;
        while !rest.is_empty() && count <= PACKETS_MAX {
            let frame = framing::split(&mut rest).map_err(malformed)?;
            if !PACKETS.contains(&frame.tag) {
                let expected = "packets of a public certificate";
                return Err(Error::UnexpectedPacket { expected, found: frame.name() });
            }
            count += 1;
        }
        let framed = bytes.split_at(bytes.len() - rest.len()).0;
        let mut packets = Vec::with_capacity(count);
        let mut rest = PacketParserBuilder::from_bytes(framed)
            .and_then(|builder| builder.dearmor(Dearmor::Disabled).automatic_hashing(false).build())
            .map_err(malformed)?;
        while let PacketParserResult::Some(parser) = rest {
            let (packet, next) = parser.next().map_err(malformed)?;
            packets.push(packet);
            rest = next;
        }
        Ok(packets)
    }

    fn check_keys(&self, wallet: Address, handle: Handle) -> Result<(), Error> {
        if self.user.value() != wallet.to_string().as_bytes() {
            let found = String::from_utf8_lossy(self.user.value()).into_owned();
            return Err(Error::Wallet { expected: wallet, found });
        }
        if self.subkey.version() != handle.version() {
            let (expected, found) = (handle.version(), self.subkey.version());
            return Err(Error::Version { expected, found });
        }
        let (primary, subkey) = match (handle, self.primary.mpis(), self.subkey.mpis()) {
            (Handle::V6(_), mpi::PublicKey::Ed25519 { .. }, mpi::PublicKey::X25519 { .. })
            | (
                Handle::V4(_),
                mpi::PublicKey::EdDSA { curve: Curve::Ed25519, .. },
                mpi::PublicKey::ECDH { curve: Curve::Cv25519, .. },
            ) => return self.check_handle(handle),
            _ => (self.primary.pk_algo(), self.subkey.pk_algo()),
        };
        Err(Error::Algorithm {
            expected: "an Ed25519 primary key with an X25519 subkey",
            found: format!("{primary} with {subkey}"),
        })
    }

    fn check_handle(&self, expected: Handle) -> Result<(), Error> {
        let fingerprint = self.subkey.fingerprint();
        if fingerprint.as_bytes() == expected.as_bytes() {
            return Ok(());
        }
        Err(Error::Handle { expected, found: hex::encode(fingerprint.as_bytes()) })
    }

    /// Verifies every self-signature and gives the end of their validity.
    fn check_signatures(&self, at: u64) -> Result<Option<u64>, Error> {
        let Self { primary, user, subkey, .. } = self;
        let check = |signature, what, about: Option<&Sub>| {
            SelfSignature { signature, what, primary, about }.check(at)
        };
        let direct = match &self.direct {
            Some(direct) => {
                let what = "direct-key signature";
                verify(direct, what, primary, |hash| direct.hash_direct_key(hash, primary))?;
                require(direct, what, "the feature SEIPDv2", |signature| {
                    signature.features().is_some_and(|features| features.supports_seipdv2())
                })?;
                check(direct, what, None)?
            }
            None => None,
        };
        let what = "certification of the User ID";
        let signature = &self.certification;
        verify(signature, what, primary, |hash| {
            signature.hash_userid_binding(hash, primary, user)
        })?;
        let certified = check(signature, what, None)?;

        let what = "binding of the subkey";
        let signature = &self.binding;
        verify(signature, what, primary, |hash| {
            signature.hash_subkey_binding(hash, primary, subkey)
        })?;
        require(signature, what, "a key flag for encryption", |signature| {
            signature.key_flags().is_some_and(|flags| {
                flags.for_transport_encryption() || flags.for_storage_encryption()
            })
        })?;
        let bound = check(signature, what, Some(subkey))?;
        Ok([direct, certified, bound].into_iter().flatten().min())
    }
}

fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn signature(
    packet: Option<Packet>,
    expected: &'static str,
    right: fn(SignatureType) -> bool,
) -> Result<Signature, Error> {
    match packet {
        Some(Packet::Signature(signature)) if right(signature.typ()) => Ok(signature),
        other => Err(unexpected(expected, other.as_ref())),
    }
}

fn is_direct(typ: SignatureType) -> bool {
    typ == SignatureType::DirectKey
}

fn is_certification(typ: SignatureType) -> bool {
    use SignatureType as T;
    matches!(
        typ,
        T::GenericCertification
            | T::PersonaCertification
            | T::CasualCertification
            | T::PositiveCertification
    )
}

fn is_binding(typ: SignatureType) -> bool {
    typ == SignatureType::SubkeyBinding
}

/// The error for a packet out of place. A revocation gets its own, valid or
/// not: who publishes one does not mean to be written to.
fn unexpected(expected: &'static str, found: Option<&Packet>) -> Error {
    use SignatureType as T;
    match found {
        None => Error::UnexpectedPacket { expected, found: "the end".into() },
        Some(Packet::Signature(signature)) => match signature.typ() {
            typ @ (T::KeyRevocation | T::SubkeyRevocation | T::CertificationRevocation) => {
                Error::Revoked { found: typ.to_string() }
            }
            typ => Error::UnexpectedPacket { expected, found: format!("a {typ} signature") },
        },
        Some(packet) => Error::UnexpectedPacket { expected, found: packet.tag().to_string() },
    }
}

fn malformed(error: impl Into<LibraryError>) -> Error {
    Error::Malformed(error.into())
}
