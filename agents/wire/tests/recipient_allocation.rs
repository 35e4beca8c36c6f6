//! Relays read the recipient of every message: from binary ones and from
//! armored ones without a single allocation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use conet_wire::{
    openpgp::{Handle, Identity, PublicCertificate, WalletSecret, seal, seal_exact},
    recipient::recipient,
};

#[test]
fn reading_a_recipient_allocates_nothing() {
    let identity = Identity::derive(&WalletSecret::from_bytes(&[7; 32]).unwrap()).unwrap();
    let (wallet, now) = (identity.wallet(), 1_800_000_000);
    let v6 = Handle::V6(identity.handle());
    let v6 = PublicCertificate::parse(identity.certificate(), wallet, v6, now).unwrap();
    let v4 = Handle::V4(identity.handle_v4());
    let v4 = PublicCertificate::parse(identity.certificate_v4(), wallet, v4, now).unwrap();

    let binary = seal_exact(b"text", 3584, &v6).unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &binary);
    let armored = format!("-----BEGIN PGP MESSAGE-----\n\n{text}\n-----END PGP MESSAGE-----\n");
    let refused = [&[0xc1, 0xff][..], &[0xff; 2000]].concat();
    for (message, ok) in [
        (binary.as_slice(), true),
        (&seal(&[0; 100_000], &v4).unwrap(), true),
        (armored.as_bytes(), true),
        (&refused, false),
        (b"GET / HTTP/1.1", false),
    ] {
        let mut read = false;
        let counted = allocation_counter::measure(|| read = recipient(message).is_ok());
        assert_eq!((read, counted.count_total), (ok, 0));
    }
    // The counter does count.
    assert_eq!(allocation_counter::measure(|| drop(vec![0_u8; 100])).count_total, 1);
}
