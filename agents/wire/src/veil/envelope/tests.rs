//! What a sender who knows the key may write into an envelope.

use proptest::prelude::*;

use super::*;

/// A plaintext with one field changed.
fn plain(version: u8, kind: u8, length: u32, rest: &[u8]) -> Vec<u8> {
    let mut plain = vec![version, kind, 0, 0, 1, 2];
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(rest);
    plain
}

#[test]
fn only_the_layout_is_accepted() {
    let padding = |error| Err(EnvelopeError::Padding(error));
    let cases = [
        (plain(1, 1, 2, &[7, 8, 0]), Ok((EnvelopeKind::Forward, 258, [7, 8].as_slice()))),
        (plain(1, 2, 0, &[]), Ok((EnvelopeKind::Stream, 258, [].as_slice()))),
        (plain(2, 1, 0, &[]), Err(EnvelopeError::Version { expected: 1, found: 2 })),
        (plain(1, 0, 0, &[]), Err(EnvelopeError::Kind { found: 0 })),
        (plain(1, 3, 0, &[]), Err(EnvelopeError::Kind { found: 3 })),
        (plain(1, 1, 4, &[0; 3]), padding(PaddingError::Length { expected: 3, found: 4 })),
        (
            plain(1, 1, u32::MAX, &[0; 3]),
            padding(PaddingError::Length { expected: 3, found: u32::MAX as usize }),
        ),
        (plain(1, 1, 1, &[0, 0, 1]), padding(PaddingError::NotZero)),
        (vec![1; 9], padding(PaddingError::Length { expected: 9, found: 10 })),
    ];
    for (plain, expected) in cases {
        assert_eq!(parse(&plain), expected);
    }
}

proptest! {
    #[test]
    fn no_plaintext_panics(plain in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse(&plain);
    }
}
