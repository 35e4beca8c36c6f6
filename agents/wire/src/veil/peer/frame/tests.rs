//! What a node that knows the session's keys may write into a frame.

use proptest::prelude::*;

use super::*;
use crate::sizes::n2_len;

#[test]
fn only_the_layout_is_accepted() {
    type Parsed<'a, H> = Result<(H, &'a [u8]), FrameError>;
    let request = |head: [u8; 8]| parse::<RequestHead>(&head).map(|(head, _)| head);
    let answer = |head: [u8; 8]| parse::<AnswerHead>(&head).map(|(head, _)| head);
    let profile = Profile::Open;
    let head = RequestHead { kind: EnvelopeKind::Stream, hops_left: 9, profile };
    assert_eq!(request([1, 2, 9, 0, 0, 0, 0, 0]), Ok(head));
    assert_eq!(answer([1, 200, 0, 0, 0, 0, 0, 0]), Ok(AnswerHead { status: 200 }));

    let version = FrameError::Version { expected: 1, found: 2 };
    assert_eq!(request([2, 2, 9, 0, 0, 0, 0, 0]), Err(version));
    let header = |found| FrameError::Header { found };
    assert_eq!(request([1, 3, 9, 0, 0, 0, 0, 0]), Err(header([3, 9, 0])));
    assert_eq!(request([1, 1, 9, 2, 0, 0, 0, 0]), Err(header([1, 9, 2])));
    assert_eq!(answer([1, 0, 1, 0, 0, 0, 0, 0]), Err(header([0, 1, 0])));
    assert_eq!(answer([1, 0, 0, 1, 0, 0, 0, 0]), Err(header([0, 0, 1])));

    let longer = PaddingError::Length { expected: 0, found: 1 };
    assert_eq!(answer([1, 0, 0, 0, 0, 0, 0, 1]), Err(longer.into()));
    let padded: Parsed<'_, AnswerHead> = parse(&[1, 0, 0, 0, 0, 0, 0, 1, 5, 0, 1]);
    assert_eq!(padded, Err(PaddingError::NotZero.into()));
    let short: Parsed<'_, AnswerHead> = parse(&[1, 0, 0]);
    assert_eq!(short, Err(PaddingError::Length { expected: 3, found: 8 }.into()));
}

#[test]
fn a_writer_takes_no_more_than_was_announced() {
    assert_eq!(
        FrameWriter::new(AnswerHead { status: 0 }, N2_MAX + 1).err(),
        Some(FrameError::TooLong { expected: N2_MAX, found: N2_MAX + 1 })
    );
}

#[test]
fn all_wire_sizes_are_whole_numbers_of_records() {
    for size in WIRE_SIZES {
        assert_eq!(size % record_len(size), 0);
        let room = size - size / record_len(size) * TAG_LEN - HEADER_LEN;
        assert!(room >= n2_len(size));
    }
}

proptest! {
    #[test]
    fn no_plaintext_panics(plain in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = parse::<RequestHead>(&plain);
        let _ = parse::<AnswerHead>(&plain);
    }
}
