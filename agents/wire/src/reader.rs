//! A cursor over bytes from strangers: every read is checked, none copies.

/// The input ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("ends early: expected {expected} more bytes, found {found}")]
pub struct EndsEarly {
    /// Bytes the next field needs.
    pub expected: usize,
    /// Bytes left.
    pub found: usize,
}

/// Reads fixed fields off the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], EndsEarly> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(EndsEarly { expected: length, found: self.0.len() })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], EndsEarly> {
        self.chunk::<N>().copied()
    }

    pub(crate) fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], EndsEarly> {
        let (taken, rest) = self
            .0
            .split_first_chunk::<N>()
            .ok_or(EndsEarly { expected: N, found: self.0.len() })?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, EndsEarly> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, EndsEarly> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, EndsEarly> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length-prefixed run of bytes (length in 4 bytes).
    pub(crate) fn run(&mut self) -> Result<&'a [u8], EndsEarly> {
        let length = self.u32()?;
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Whether only padding zeros are left.
    pub(crate) fn only_zeros(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }
}
