//! Our KEM against RFC 9180 and against the one that `hpke` brings.

use hpke::aead::{AesGcm128, AesGcm256};
use hpke::{OpModeR, OpModeS};
use rand::{SeedableRng, rngs::StdRng};

use super::*;

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    hex::decode(hex).unwrap().try_into().unwrap()
}

/// RFC 9180, appendix A.1.1.
#[test]
fn the_receiver_is_rfc_9180() {
    let ikm = bytes::<32>("6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037");
    let (secret, public) = VeilKem::derive_keypair(&ikm);
    let expected = "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
    assert_eq!(public.0, bytes(expected));
    let listed = "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
    assert_eq!(TransportSecret::from_bytes(Zeroizing::new(bytes(listed))).public(), public);

    let enc = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431";
    let enc = Encapsulated { public: bytes(enc), representative: None };
    let shared = VeilKem::decap(&secret, None, &enc).unwrap();
    let expected = "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc";
    assert_eq!(shared.0.as_slice(), bytes::<32>(expected));

    let mut context = hpke::setup_receiver::<AesGcm128, HkdfSha256, VeilKem>(
        &OpModeR::Base,
        &secret,
        &enc,
        b"Ode on a Grecian Urn",
    )
    .unwrap();
    let sealed = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a9\
                  6d8770ac83d07bea87e13c512a";
    let opened = context.open(&bytes::<45>(sealed), b"Count-0").unwrap();
    assert_eq!(opened, b"Beauty is truth, truth beauty");
}

#[test]
fn the_ordinary_receiver_opens_what_our_sender_seals() {
    let rng = &mut StdRng::seed_from_u64(1);
    for _ in 0..50 {
        let secret = TransportSecret::generate(rng);
        let (enc, mut sender) = hpke::setup_sender_with_rng::<FastGcm, HkdfSha256, VeilKem>(
            &OpModeS::Base,
            &secret.public(),
            b"info",
            &mut HpkeRng(rng),
        )
        .unwrap();
        let sealed = sender.seal(b"text", b"data").unwrap();

        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(secret.as_bytes()).unwrap();
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&enc.public).unwrap();
        let mut receiver = hpke::setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key,
            &enc,
            b"info",
        )
        .unwrap();
        assert_eq!(receiver.open(&sealed, b"data").unwrap(), b"text");
        let (mut ours, mut theirs) = ([0; 32], [0; 32]);
        sender.export(b"label", &mut ours).unwrap();
        receiver.export(b"label", &mut theirs).unwrap();
        assert_eq!(ours, theirs);
    }
}

#[test]
fn sender_authentication_is_refused() {
    let secret = TransportSecret::generate(&mut StdRng::seed_from_u64(2));
    let enc = Encapsulated { public: secret.public().0, representative: None };
    let refused = VeilKem::decap(&secret, Some(&secret.public()), &enc);
    assert_eq!(refused.err(), Some(HpkeError::DecapError));
}
