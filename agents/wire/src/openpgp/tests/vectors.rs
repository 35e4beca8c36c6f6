//! Bytes and lengths that other implementations, and later versions of this
//! one, must come to as well.

use super::*;
use crate::sizes::{WIRE_SIZES, n2_len};
use serde_json::{Value, json};

/// What a parcel takes of an N2 plaintext before N1.
const PARCEL_HEADER: usize = 38;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn described(identity: &Identity) -> Value {
    json!({
        "wallet": identity.wallet().to_string(),
        "certificate": hex::encode(identity.certificate()),
        "handle": hex::encode(identity.handle()),
        "certificate_v4": hex::encode(identity.certificate_v4()),
        "handle_v4": hex::encode(identity.handle_v4()),
    })
}

#[test]
fn the_sizes_are_those_of_the_vectors() {
    let sizes = WIRE_SIZES.map(|wire| {
        let n2 = n2_len(wire);
        let n2_plaintext = capacity(n2).unwrap();
        let n1 = n2_plaintext - PARCEL_HEADER;
        let n1_plaintext = capacity(n1).unwrap();
        json!({
            "wire": wire, "n2": n2, "n2_plaintext": n2_plaintext,
            "n1": n1, "n1_plaintext": n1_plaintext,
        })
    });
    let vectors = read(include_str!("../../../tests/vectors/openpgp_sizes.json"));
    assert_eq!(vectors, json!({ "layer_overhead": OVERHEAD, "sizes": sizes }));
}

#[test]
fn both_layers_have_the_lengths_of_the_vectors() {
    let identity = identity();
    let (to, keys) = (public(&identity), identity.decryptor());
    for wire in WIRE_SIZES {
        let n1_len = capacity(n2_len(wire)).unwrap() - PARCEL_HEADER;
        let n1 = seal_exact(b"text", n1_len, &to).unwrap();
        let parcel = [&[0; PARCEL_HEADER], n1.as_slice()].concat();
        let n2 = seal_exact(&parcel, n2_len(wire), &to).unwrap();
        assert_eq!(n2.len(), n2_len(wire));
        // The parcel fills N2 to the last byte.
        assert_eq!(*open(&n2, &keys, OpenLimits::default()).unwrap().plaintext, parcel);
    }
}

#[test]
fn the_certificates_are_those_of_the_vectors() {
    let vectors = read(include_str!("../../../tests/vectors/openpgp_certificates.json"));
    let subkey = SubkeySecret::from_bytes(&std::array::from_fn(|i| i as u8));
    let rotated = Identity::with_subkey(&secret(), 1, &subkey, 1_750_000_000).unwrap();
    let expected = json!({
        "secret": hex::encode(SECRET),
        "derived": described(&identity()),
        "rotation": {
            "epoch": 1,
            "created": 1_750_000_000,
            "subkey_secret": hex::encode(*subkey.to_bytes()),
            "identity": described(&rotated),
        },
    });
    assert_eq!(vectors, expected);
}
