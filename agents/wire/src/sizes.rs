//! The few sizes that bodies have on the wire, and what fits inside them.
//!
//! One table gives the final size of each leg; the lengths of N2 and N1 inside
//! follow from it, so that every wire size has exactly one of each.

/// The sizes of a body on the wire, in bytes, on every leg of the veil profile.
pub const WIRE_SIZES: [usize; 5] = [4 << 10, 16 << 10, 64 << 10, 256 << 10, WIRE_MAX];

/// The largest of [`WIRE_SIZES`].
pub const WIRE_MAX: usize = 1 << 20;

/// What both legs may add around an N2, in bytes: the envelope on the first
/// leg (58), the frame header and the tags of up to 16 records on the second (264).
pub const LEG_RESERVE: usize = 512;

/// A cell of the push stream when little or nothing waits, in bytes.
pub const CELL_SMALL: usize = 4 << 10;

/// A cell of the push stream when a backlog waits, in bytes.
pub const CELL_LARGE: usize = 64 << 10;

/// The longest N2 that any profile carries, in bytes.
pub const N2_MAX: usize = n2_len(WIRE_MAX);

/// The exact length of an N2 (and of an agent's sealed answer) for a wire size.
#[must_use]
pub const fn n2_len(wire_size: usize) -> usize {
    wire_size - LEG_RESERVE
}

/// The smallest wire size whose N2 holds `len` bytes, or `None` above [`N2_MAX`].
#[must_use]
pub fn wire_size_for_n2(len: usize) -> Option<usize> {
    WIRE_SIZES.into_iter().find(|size| n2_len(*size) >= len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wire_size_is_the_answer_for_its_own_n2() {
        for size in WIRE_SIZES {
            assert_eq!(wire_size_for_n2(n2_len(size)), Some(size));
        }
        assert_eq!(wire_size_for_n2(0), Some(WIRE_SIZES[0]));
        assert_eq!(wire_size_for_n2(N2_MAX + 1), None);
    }
}
