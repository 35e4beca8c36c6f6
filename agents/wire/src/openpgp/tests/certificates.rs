use super::*;
use rand::{SeedableRng, rngs::StdRng};
use sequoia_openpgp::{
    Packet, PacketPile,
    packet::{Key, Marker, UserID, key::Key6},
    parse::Parse,
    serialize::{Serialize, SerializeInto},
};

const LATER: u64 = EPOCH_ZERO_TIME + 1_000_000;

fn parse(bytes: &[u8]) -> Result<PublicCertificate, CertificateError> {
    let identity = identity();
    PublicCertificate::parse(bytes, identity.wallet(), Handle::V6(identity.handle()), NOW)
}

fn packets(bytes: &[u8]) -> Vec<Packet> {
    PacketPile::from_bytes(bytes).unwrap().into_children().collect()
}

fn bytes(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = Vec::new();
    packets.iter().for_each(|packet| packet.serialize(&mut bytes).unwrap());
    bytes
}

fn rotated(epoch: u64, seed: u64) -> Identity {
    let subkey = SubkeySecret::generate(&mut StdRng::seed_from_u64(seed));
    Identity::with_subkey(&secret(), epoch, &subkey, LATER).unwrap()
}

#[test]
fn one_secret_gives_the_same_bytes() {
    let (a, b) = (identity(), identity());
    assert_eq!(a.certificate(), b.certificate());
    assert_eq!(a.certificate_v4(), b.certificate_v4());
    assert_eq!(a.epoch(), 0);
}

#[test]
fn secrets_that_are_none_are_refused() {
    for bytes in [[0; 32], [0xff; 32]] {
        assert!(matches!(WalletSecret::from_bytes(&bytes), Err(KeyError::NotASecret)));
    }
    let drawn = WalletSecret::generate(&mut StdRng::seed_from_u64(1));
    assert_eq!(WalletSecret::from_bytes(drawn.as_bytes()).unwrap().address(), drawn.address());
    assert_eq!(drawn.signer().address(), drawn.address());
}

#[test]
fn nothing_secret_is_printed() {
    let printed = format!("{:?} {:?}", secret(), identity());
    assert!(!printed.contains(&hex::encode(SECRET)) && !printed.contains("90, 90"), "{printed}");
    let subkey = SubkeySecret::from_bytes(&[0x5a; 64]);
    assert_eq!(format!("{subkey:?}"), "SubkeySecret(..)");
}

#[test]
fn own_certificates_pass() {
    let identity = identity();
    for certificate in [public(&identity), public_v4(&identity)] {
        assert_eq!(certificate.wallet(), identity.wallet());
        assert_eq!(certificate.expires(), None);
    }
    assert_eq!(public(&identity).as_bytes(), identity.certificate());
    assert!(identity.certificate().len() <= 650);
}

#[test]
fn armor_holds_the_same_certificate() {
    let identity = identity();
    for (armored, certificate) in [
        (identity.armored(), identity.certificate()),
        (identity.armored_v4(), identity.certificate_v4()),
    ] {
        let cert = sequoia_openpgp::Cert::from_bytes(&armored).unwrap();
        assert_eq!(cert.to_vec().unwrap(), certificate);
        // Our armor is the library's, but for its comments: with a checksum where gpg wants it.
        let theirs = String::from_utf8(cert.armored().to_vec().unwrap()).unwrap();
        let theirs: Vec<_> = theirs.lines().filter(|line| !line.starts_with("Comment")).collect();
        assert_eq!(armored.lines().collect::<Vec<_>>(), theirs);
    }
}

#[test]
fn a_rotation_publishes_only_the_new_subkey() {
    let (old, new) = (identity(), rotated(1, 7));
    assert_ne!(old.handle(), new.handle());
    assert_ne!(old.handle_v4(), new.handle_v4());
    assert_eq!(packets(new.certificate()).len(), 6);
    assert_eq!(packets(new.certificate_v4()).len(), 5);
    public(&new);
    public_v4(&new);
    assert_eq!(new.certificate(), rotated(1, 7).certificate());
    // The primary key, and what it says about itself, stays.
    assert_eq!(packets(old.certificate())[..4], packets(new.certificate())[..4]);
}

#[test]
fn a_subkey_secret_survives_storage() {
    let subkey = SubkeySecret::generate(&mut StdRng::seed_from_u64(3));
    let stored = SubkeySecret::from_bytes(&subkey.to_bytes());
    let [a, b] =
        [subkey, stored].map(|subkey| Identity::with_subkey(&secret(), 1, &subkey, LATER).unwrap());
    assert_eq!(a.certificate(), b.certificate());
    assert_eq!(a.certificate_v4(), b.certificate_v4());
}

#[test]
fn a_time_beyond_openpgp_is_refused() {
    let subkey = SubkeySecret::from_bytes(&[1; 64]);
    let found = u64::from(u32::MAX) + 1;
    let made = Identity::with_subkey(&secret(), 1, &subkey, found);
    assert!(matches!(made, Err(KeyError::Time { found: f, .. }) if f == found));
}

#[test]
fn another_wallet_or_handle_is_refused() {
    let identity = identity();
    let (bytes, handle) = (identity.certificate(), identity.handle());
    let stranger = WalletSecret::from_bytes(&[1; 32]).unwrap().address();
    let parsed = PublicCertificate::parse(bytes, stranger, Handle::V6(handle), NOW);
    assert!(
        matches!(parsed, Err(CertificateError::Wallet { expected, .. }) if expected == stranger)
    );

    let mut other = handle;
    other[31] ^= 1;
    let parsed = PublicCertificate::parse(bytes, identity.wallet(), Handle::V6(other), NOW);
    assert!(matches!(parsed, Err(CertificateError::Handle { .. })));

    let v4 = Handle::V4(identity.handle_v4());
    let parsed = PublicCertificate::parse(bytes, identity.wallet(), v4, NOW);
    assert!(matches!(parsed, Err(CertificateError::Version { expected: 4, found: 6 })));
}

#[test]
fn a_certificate_from_the_future_is_refused() {
    let identity = rotated(1, 7);
    let (bytes, handle) = (identity.certificate(), Handle::V6(identity.handle()));
    let parsed = PublicCertificate::parse(bytes, identity.wallet(), handle, LATER - 1);
    assert!(matches!(parsed, Err(CertificateError::NotValidAt { from: LATER, .. })));
    assert!(PublicCertificate::parse(bytes, identity.wallet(), handle, LATER).is_ok());
}

#[test]
fn packets_that_do_not_belong_are_refused() {
    let own = packets(identity().certificate());
    let second = packets(rotated(1, 7).certificate());
    let foreign: Vec<Packet> = vec![
        Marker::default().into(),
        UserID::from("0x0000000000000000000000000000000000000000").into(),
        second[4].clone(),
        own[0].clone(),
        own[1].clone(),
    ];
    for packet in &foreign {
        for place in 0..=own.len() {
            let mut changed = own.clone();
            changed.insert(place, packet.clone());
            let parsed = parse(&bytes(&changed));
            let refused = matches!(parsed, Err(CertificateError::UnexpectedPacket { .. }));
            assert!(refused, "{packet:?} at {place}: {parsed:?}");
        }
    }
    for place in 0..own.len() {
        let mut changed = own.clone();
        changed.remove(place);
        let parsed = parse(&bytes(&changed));
        assert!(matches!(parsed, Err(CertificateError::UnexpectedPacket { .. })), "{parsed:?}");
    }
}

#[test]
fn two_subkeys_are_refused() {
    let mut both = packets(identity().certificate());
    both.extend_from_slice(&packets(rotated(1, 7).certificate())[4..]);
    let parsed = parse(&bytes(&both));
    assert!(matches!(
        parsed,
        Err(CertificateError::UnexpectedPacket { expected: "the end of the certificate", .. })
    ));
}

#[test]
fn a_signature_of_somebody_else_is_refused() {
    let own = packets(identity().certificate());
    let stranger = Identity::derive(&WalletSecret::from_bytes(&[1; 32]).unwrap()).unwrap();
    let foreign = packets(stranger.certificate());
    for place in [1, 3, 5] {
        let mut changed = own.clone();
        changed[place] = foreign[place].clone();
        let parsed = parse(&bytes(&changed));
        assert!(matches!(parsed, Err(CertificateError::Signature { .. })), "{place}: {parsed:?}");
    }
}

#[test]
fn secret_keys_are_refused() {
    let mut own = packets(identity().certificate());
    let created = std::time::UNIX_EPOCH + std::time::Duration::from_secs(EPOCH_ZERO_TIME);
    let key: Key<_, sequoia_openpgp::packet::key::PrimaryRole> =
        Key6::import_secret_ed25519(&[7; 32], created).unwrap().into();
    own[0] = key.into();
    let parsed = parse(&bytes(&own));
    assert!(matches!(parsed, Err(CertificateError::UnexpectedPacket { .. })), "{parsed:?}");
}

#[test]
fn revoked_certificates_are_refused() {
    use sequoia_openpgp::{
        cert::CertRevocationBuilder, cert::SubkeyRevocationBuilder, packet::key::SecretParts,
        types::ReasonForRevocation,
    };
    let cert = sequoia_openpgp::Cert::from_bytes(identity().certificate()).unwrap();
    let seed = secret().derive("v6/primary").unwrap();
    let created = std::time::UNIX_EPOCH + std::time::Duration::from_secs(EPOCH_ZERO_TIME);
    let primary: Key<SecretParts, sequoia_openpgp::packet::key::PrimaryRole> =
        Key6::import_secret_ed25519(&*seed, created).unwrap().into();
    let mut signer = primary.into_keypair().unwrap();
    let reason = ReasonForRevocation::KeyCompromised;
    let of_key = CertRevocationBuilder::new()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut signer, &cert, None)
        .unwrap();
    let subkey = cert.keys().subkeys().next().unwrap();
    let of_subkey = SubkeyRevocationBuilder::new()
        .set_reason_for_revocation(reason, b"")
        .unwrap()
        .build(&mut signer, &cert, subkey.key(), None)
        .unwrap();
    for (place, revocation) in [(1, of_key), (5, of_subkey.clone()), (6, of_subkey)] {
        let mut changed = packets(identity().certificate());
        changed.insert(place, revocation.into());
        let parsed = parse(&bytes(&changed));
        assert!(matches!(parsed, Err(CertificateError::Revoked { .. })), "{place}: {parsed:?}");
    }
}

#[test]
fn truncated_changed_and_oversized_bytes_are_refused() {
    let own = identity().certificate().to_vec();
    for len in 0..own.len() {
        assert!(parse(&own[..len]).is_err(), "{len}");
    }
    for place in 0..own.len() {
        for bit in [0x01, 0x80] {
            let mut changed = own.clone();
            changed[place] ^= bit;
            // The unhashed area and the digest prefix are not signed; what they
            // say is not used.
            if let Ok(parsed) = parse(&changed) {
                assert_eq!(parsed.key().fingerprint(), public(&identity()).key().fingerprint());
            }
        }
    }
    let mut long = own;
    long.resize(CERTIFICATE_BYTES_MAX + 1, 0);
    let parsed = parse(&long);
    assert!(matches!(parsed, Err(CertificateError::TooLarge { found: 4097, .. })));
}
