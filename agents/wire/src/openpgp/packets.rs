//! The packets of a wallet's certificates, put together by hand.
//!
//! `CertBuilder` draws salts and takes the clock; here both are given, so that
//! one secret makes the same bytes every time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alloy::primitives::Address;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use crc::{CRC_24_OPENPGP, Crc};
use sequoia_openpgp::{
    Packet,
    crypto::{KeyPair, Signer, mpi},
    packet::{
        Key, Signature, UserID,
        key::{Key4, Key6, PrimaryRole, PublicParts, SecretParts, SubordinateRole},
        signature::{Signature4, SignatureBuilder, subpacket::SubpacketArea},
    },
    serialize::Serialize,
    types::{
        AEADAlgorithm, CompressionAlgorithm, Features, HashAlgorithm, KeyFlags, PublicKeyAlgorithm,
        SignatureType, SymmetricAlgorithm,
    },
};

use super::error::KeyError;

type Library<T> = sequoia_openpgp::Result<T>;
/// A subkey with its secret.
pub(super) type SecretSubkey = Key<SecretParts, SubordinateRole>;

const HASH: HashAlgorithm = HashAlgorithm::SHA512;
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_24_OPENPGP);

/// Salts of the direct-key signature, the certification and the binding.
pub(super) type Salts = [[u8; 32]; 3];

/// A library error as ours, naming the step.
pub(super) fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    step: &'static str,
) -> impl FnOnce(E) -> KeyError {
    move |source| KeyError::Library { step, source: source.into() }
}

/// Unix seconds as a time that OpenPGP can write down.
pub(super) fn time(seconds: u64) -> Result<SystemTime, KeyError> {
    let max = u64::from(u32::MAX);
    if seconds > max {
        return Err(KeyError::Time { max, found: seconds });
    }
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// The X25519 subkey of a v6 certificate.
pub(super) fn subkey_v6(secret: &[u8; 32], created: SystemTime) -> Library<SecretSubkey> {
    Ok(Key6::import_secret_x25519(secret, created)?.into())
}

/// The cv25519 subkey of a v4 certificate. Its parameters are part of the
/// fingerprint, so they are fixed here and not left to the library.
pub(super) fn subkey_v4(secret: &[u8; 32], created: SystemTime) -> Library<SecretSubkey> {
    let (hash, cipher) = (HashAlgorithm::SHA256, SymmetricAlgorithm::AES256);
    Ok(Key4::import_secret_cv25519(secret, hash, cipher, created)?.into())
}

/// The public v6 certificate, as bytes.
pub(super) fn certificate_v6(
    seed: &[u8; 32],
    wallet: Address,
    subkey: &SecretSubkey,
    [created, bound]: [SystemTime; 2],
    [direct_salt, user_salt, binding_salt]: &Salts,
) -> Library<Vec<u8>> {
    let primary: Key<SecretParts, PrimaryRole> = Key6::import_secret_ed25519(seed, created)?.into();
    let mut signer = primary.clone().into_keypair()?;
    let user = UserID::from(wallet.to_string());

    let direct = builder_v6(SignatureType::DirectKey, created, direct_salt)?
        .set_key_flags(KeyFlags::empty().set_certification())?
        .set_features(Features::empty().set_seipdv1().set_seipdv2())?
        .set_preferred_symmetric_algorithms(vec![SymmetricAlgorithm::AES256])?
        .set_preferred_aead_ciphersuites(vec![(SymmetricAlgorithm::AES256, AEADAlgorithm::OCB)])?
        .set_preferred_hash_algorithms(vec![HashAlgorithm::SHA512, HashAlgorithm::SHA256])?
        .set_preferred_compression_algorithms(vec![CompressionAlgorithm::Uncompressed])?
        .sign_direct_key(&mut signer, None)?;
    let certification = builder_v6(SignatureType::PositiveCertification, created, user_salt)?
        .set_primary_userid(true)?
        .sign_userid_binding(&mut signer, None, &user)?;
    let binding = builder_v6(SignatureType::SubkeyBinding, bound, binding_salt)?
        .set_key_flags(encryption_flags())?
        .sign_subkey_binding(&mut signer, None, subkey)?;

    serialize([
        primary.take_secret().0.into(),
        direct.into(),
        user.into(),
        certification.into(),
        subkey.clone().take_secret().0.into(),
        binding.into(),
    ])
}

/// The public v4 certificate, as bytes.
pub(super) fn certificate_v4(
    seed: &[u8; 32],
    wallet: Address,
    subkey: &SecretSubkey,
    [created, bound]: [SystemTime; 2],
) -> Library<Vec<u8>> {
    let primary: Key<SecretParts, PrimaryRole> = Key4::import_secret_ed25519(seed, created)?.into();
    let mut signer = primary.clone().into_keypair()?;
    let (primary, _) = primary.take_secret();
    let (subkey, _) = subkey.clone().take_secret();
    let user = UserID::from(wallet.to_string());

    let preferences = builder_v4(SignatureType::PositiveCertification, created, &primary)?
        .set_key_flags(KeyFlags::empty().set_certification())?
        .set_primary_userid(true)?
        .set_features(Features::empty().set_seipdv1())?
        .set_preferred_symmetric_algorithms(vec![SymmetricAlgorithm::AES256])?
        .set_preferred_hash_algorithms(vec![HashAlgorithm::SHA512, HashAlgorithm::SHA256])?
        .set_preferred_compression_algorithms(vec![CompressionAlgorithm::Uncompressed])?;
    let certification = sign_v4(preferences, &mut signer, |signature, digest| {
        signature.hash_userid_binding(digest, &primary, &user)
    })?;
    let binding = builder_v4(SignatureType::SubkeyBinding, bound, &primary)?
        .set_key_flags(encryption_flags())?;
    let binding = sign_v4(binding, &mut signer, |signature, digest| {
        signature.hash_subkey_binding(digest, &primary, &subkey)
    })?;

    serialize([
        primary.clone().into(),
        user.clone().into(),
        certification.into(),
        subkey.clone().into(),
        binding.into(),
    ])
}

fn encryption_flags() -> KeyFlags {
    KeyFlags::empty().set_transport_encryption().set_storage_encryption()
}

fn builder_v6(
    typ: SignatureType,
    created: SystemTime,
    salt: &[u8; 32],
) -> Library<SignatureBuilder> {
    let builder =
        SignatureBuilder::new(typ).set_hash_algo(HASH).set_signature_creation_time(created)?;
    Ok(builder.set_prefix_salt(salt.to_vec()).0)
}

fn builder_v4(
    typ: SignatureType,
    created: SystemTime,
    primary: &Key<PublicParts, PrimaryRole>,
) -> Library<SignatureBuilder> {
    SignatureBuilder::new(typ)
        .set_hash_algo(HASH)
        .set_signature_creation_time(created)?
        .set_issuer_fingerprint(primary.fingerprint())?
        .set_issuer(primary.keyid())
}

/// Signs what the builder holds. The builder's own way adds a random notation
/// to v4 signatures, which would make other bytes each time.
fn sign_v4(
    builder: SignatureBuilder,
    signer: &mut KeyPair,
    hash: impl FnOnce(&Signature, &mut sequoia_openpgp::crypto::hash::Context) -> Library<()>,
) -> Library<Signature> {
    let mut hashed: SubpacketArea = builder.hashed_area().clone();
    hashed.sort();
    let unhashed = builder.unhashed_area().clone();
    let assemble = |prefix, mpis| {
        let (typ, algorithm) = (builder.typ(), PublicKeyAlgorithm::EdDSA);
        Signature::from(Signature4::new(
            typ,
            algorithm,
            HASH,
            hashed.clone(),
            unhashed.clone(),
            prefix,
            mpis,
        ))
    };

    let blank = mpi::Signature::EdDSA { r: mpi::MPI::new(&[]), s: mpi::MPI::new(&[]) };
    let mut context = HASH.context()?.for_signature(4);
    hash(&assemble([0; 2], blank), &mut context)?;
    let digest = context.into_digest()?;
    let mpis = signer.sign(HASH, &digest)?;
    let prefix = digest.first_chunk().copied().unwrap_or_default();
    Ok(assemble(prefix, mpis))
}

fn serialize<const N: usize>(packets: [Packet; N]) -> Library<Vec<u8>> {
    let mut bytes = Vec::new();
    for packet in packets {
        packet.serialize(&mut bytes)?;
    }
    Ok(bytes)
}

/// Public certificate bytes in ASCII armor (RFC 9580, 6.2).
///
/// RFC 9580 took the checksum away from v6; v4 keeps it (RFC 4880, 6.1), since gpg takes
/// the footer for base64 if neither padding nor a checksum ends the text before it.
pub(super) fn armor(certificate: &[u8], version: u8) -> String {
    const LINE: usize = 64;
    let text = BASE64.encode(certificate);
    let mut armored = String::from("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        armored.push_str(line);
        armored.push('\n');
        rest = after;
    }
    if version == 4 {
        let [_, checksum @ ..] = CHECKSUM.checksum(certificate).to_be_bytes();
        armored.push('=');
        armored.push_str(&BASE64.encode(checksum));
        armored.push('\n');
    }
    armored.push_str("-----END PGP PUBLIC KEY BLOCK-----\n");
    armored
}
