//! Zeros behind the content of a sealed body.

/// Content and padding of an opened body do not fit its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaddingError {
    /// The length in front of the content is more than there is.
    #[error("the content is said to be {found} bytes, but at most {expected} fit")]
    Length {
        /// Room for content.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// Something other than zeros follows the content.
    #[error("the padding is not zero")]
    NotZero,
}

/// The first `used` bytes, if the others are zero.
pub(super) fn content(padded: &[u8], used: usize) -> Result<&[u8], PaddingError> {
    let room = padded.len();
    let (content, padding) = padded
        .split_at_checked(used)
        .ok_or(PaddingError::Length { expected: room, found: used })?;
    check_zero(padding)?;
    Ok(content)
}

/// Refuses anything but zeros.
pub(super) fn check_zero(padding: &[u8]) -> Result<(), PaddingError> {
    // Folding, unlike `all`, compiles to vector instructions.
    match padding.iter().fold(0, |sum, byte| sum | byte) {
        0 => Ok(()),
        _ => Err(PaddingError::NotZero),
    }
}

/// A length as its four bytes in the body; saturated, which no body reaches.
pub(super) fn length_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// A length from its four bytes; saturated, which then fits no body.
pub(super) fn length_from(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}
