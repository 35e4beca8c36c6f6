use super::*;
use crate::sizes::WIRE_SIZES;
use proptest::prelude::*;

const LIMITS: OpenLimits =
    OpenLimits { plaintext_bytes_max: 2 << 20, depth_max: 1, packets_max: 32 };

#[test]
fn every_length_comes_back_and_is_as_long_as_promised() {
    let identity = identity();
    let (to, keys) = (public(&identity), identity.decryptor());
    for len in [0, 1, 51, 52, 53, 63, 64, 191, 192, 4083, 4084, 4085, 8383, 8384, 65536, 1 << 20] {
        let plaintext: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let message = seal(&plaintext, &to).unwrap();
        assert_eq!(message.len(), len + OVERHEAD);
        assert_eq!(capacity(message.len()), Some(len));
        let opened = open(&message, &keys, LIMITS).unwrap();
        assert_eq!(*opened.plaintext, plaintext);
    }
}

#[test]
fn exact_lengths_are_exact() {
    let identity = identity();
    let (to, keys) = (public(&identity), identity.decryptor());
    for wire in WIRE_SIZES {
        let n2 = crate::sizes::n2_len(wire);
        let message = seal_exact(b"text", n2, &to).unwrap();
        assert_eq!(message.len(), n2);
        let opened = open(&message, &keys, LIMITS).unwrap();
        assert_eq!(Some(opened.plaintext.len()), capacity(n2));
        assert_eq!(&opened.plaintext[..4], b"text");
        assert!(opened.plaintext[4..].iter().all(|byte| *byte == 0));
    }
    for len in OVERHEAD..OVERHEAD + 200 {
        assert_eq!(seal_exact(b"", len, &to).unwrap().len(), len);
    }
}

#[test]
fn lengths_that_cannot_be_are_refused() {
    let identity = identity();
    let to = public(&identity);
    let short = seal_exact(b"", OVERHEAD - 1, &to);
    assert!(matches!(short, Err(SealError::NoSuchLength { min: OVERHEAD, .. })));
    let tight = seal_exact(&[0; 11], OVERHEAD + 10, &to);
    assert!(matches!(tight, Err(SealError::TooLong { max: 10, found: 11 })));
    let v4 = seal_exact(b"", 4096, &public_v4(&identity));
    assert!(matches!(v4, Err(SealError::Version { found: 4 })));
    let long = seal(&vec![0; SEAL_BYTES_MAX + 1], &to);
    assert!(matches!(long, Err(SealError::TooLong { max: SEAL_BYTES_MAX, .. })));
    assert!(
        open(
            &seal(&vec![0; SEAL_BYTES_MAX], &to).unwrap(),
            &identity.decryptor(),
            OpenLimits::default()
        )
        .is_ok()
    );
}

#[test]
fn a_v4_key_gets_what_it_can_read() {
    let identity = identity();
    let message = seal(b"old tools", &public_v4(&identity)).unwrap();
    let opened = open(&message, &identity.decryptor(), LIMITS).unwrap();
    assert_eq!(*opened.plaintext, b"old tools");
}

#[test]
fn any_changed_byte_is_noticed() {
    let identity = identity();
    let keys = identity.decryptor();
    for to in [public(&identity), public_v4(&identity)] {
        let message = seal(&[7; 300], &to).unwrap();
        for place in 0..message.len() {
            for bit in [0x01, 0x40] {
                let mut changed = message.clone();
                changed[place] ^= bit;
                assert!(open(&changed, &keys, LIMITS).is_err(), "{bit:#x} at {place}");
            }
        }
        for len in 0..message.len() {
            assert!(open(&message[..len], &keys, LIMITS).is_err(), "cut to {len}");
        }
        let longer = [message.as_slice(), &[0]].concat();
        assert!(open(&longer, &keys, LIMITS).is_err());
    }
}

#[test]
fn the_session_key_hash_names_the_message() {
    let identity = identity();
    let (to, keys) = (public(&identity), identity.decryptor());
    let [a, b] = [seal(b"x", &to).unwrap(), seal(b"x", &to).unwrap()];
    let hash = |message: &[u8]| open(message, &keys, LIMITS).unwrap().session_key_hash;
    assert_eq!(hash(&a), hash(&a));
    assert_ne!(hash(&a), hash(&b));
}

#[test]
fn a_rotation_opens_with_old_and_new_keys_while_they_overlap() {
    let old = identity();
    let subkey = SubkeySecret::from_bytes(&[9; 64]);
    let new = Identity::with_subkey(&secret(), 1, &subkey, EPOCH_ZERO_TIME + 5).unwrap();
    let both = Decryptor::from_iter([&new, &old]);
    assert_eq!(both.len(), 4);
    for identity in [&old, &new] {
        for to in [public(identity), public_v4(identity)] {
            assert!(open(&seal(b"hi", &to).unwrap(), &both, LIMITS).is_ok());
        }
    }
    let late = open(&seal(b"hi", &public(&old)).unwrap(), &new.decryptor(), LIMITS);
    assert!(matches!(late, Err(OpenError::NotForUs { keys: 2, .. })));
}

#[test]
fn a_longer_plaintext_than_allowed_is_refused() {
    let identity = identity();
    let limits = OpenLimits { plaintext_bytes_max: 10, ..LIMITS };
    for to in [public(&identity), public_v4(&identity)] {
        let fits = seal(&[1; 10], &to).unwrap();
        assert!(open(&fits, &identity.decryptor(), limits).is_ok());
        let message = seal(&[1; 11], &to).unwrap();
        let opened = open(&message, &identity.decryptor(), limits);
        assert!(matches!(opened, Err(OpenError::TooLong { max: 10 })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_never_open(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(open(&bytes, &identity().decryptor(), LIMITS).is_err());
    }

    #[test]
    fn spoiled_messages_never_open(
        len in 0_usize..400,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..8),
        v4 in any::<bool>(),
    ) {
        let identity = identity();
        let to = if v4 { public_v4(&identity) } else { public(&identity) };
        let original = seal(&vec![3; len], &to).unwrap();
        let mut message = original.clone();
        for (place, change) in spoils {
            let place = place.index(message.len());
            message[place] ^= change;
        }
        prop_assume!(message != original);
        prop_assert!(open(&message, &identity.decryptor(), LIMITS).is_err());
    }
}

#[test]
fn parts_of_any_size_open_and_junk_does_not() {
    let identity = identity();
    let message = seal(&[7; 5000], &public(&identity)).unwrap();
    let (key_packet, content) = (&message[..111], &message[117..]);
    for power in [0_u8, 1, 9] {
        let mut parts = [key_packet, &[0xd2]].concat();
        let mut rest = content;
        while rest.len() > 1 << power {
            let (part, after) = rest.split_at(1 << power);
            parts.push(0xe0 | power);
            parts.extend_from_slice(part);
            rest = after;
        }
        parts.extend_from_slice(&[0xff, 0, 0, (rest.len() >> 8) as u8, rest.len() as u8]);
        parts.extend_from_slice(rest);
        let opened = open(&parts, &identity.decryptor(), LIMITS).unwrap();
        assert_eq!(*opened.plaintext, [7; 5000]);
    }
    let junk = [key_packet, &[0; 100_000]].concat();
    assert!(matches!(open(&junk, &identity.decryptor(), LIMITS), Err(OpenError::Malformed(_))));
}
