//! What is sent, and how it is cut into parts.

use bytes::Bytes;
use conet_wire::{
    message::{OVERHEAD, PARTS_MAX},
    openpgp, parcel,
    sizes::{N2_MAX, WIRE_MAX, WIRE_SIZES, n2_len},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _},
};

use super::{Profile, SendOptions};
use crate::error::ClientError;

/// What is sent.
#[derive(Debug)]
pub enum Content {
    /// Bytes in memory.
    Bytes(Bytes),
    /// This many bytes of a file, from its start.
    File {
        /// The file.
        file: File,
        /// Its length.
        len: u64,
    },
}

impl Content {
    /// The content of a file.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(path: &std::path::Path) -> std::io::Result<Self> {
        let file = File::open(path).await?;
        let meta = file.metadata().await?;
        if !meta.is_file() {
            return Err(std::io::Error::other("expected a file, found something else"));
        }
        Ok(Self::File { file, len: meta.len() })
    }

    /// Its length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}

/// The length of an N1 for a wire size.
fn n1_len(wire: usize) -> Option<usize> {
    openpgp::capacity(n2_len(wire))?.checked_sub(parcel::OVERHEAD)
}

/// The longest content of one part of a signed message for a wire size.
fn signed_capacity(wire: usize) -> Option<usize> {
    openpgp::capacity(n1_len(wire)?)?.checked_sub(OVERHEAD)
}

/// The longest content of a message in the open profile: both layers may be
/// version 4, which adds less than 1 KiB each.
const OPEN_BYTES_MAX: usize = N2_MAX - 2 * 1024 - OVERHEAD;

/// How a content is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) bytes: u64,
    pub(super) parts: u32,
    pub(super) part_bytes: u64,
    /// The exact length of each N1, where there is one.
    pub(super) n1_len: Option<usize>,
}

impl Layout {
    /// One part of the smallest wire size that holds it, else parts of the largest.
    pub(super) fn of(bytes: u64, options: &SendOptions) -> Result<Self, ClientError> {
        if options.profile != Profile::Veil {
            let part = OPEN_BYTES_MAX as u64;
            let most = if options.anonymous { 1 } else { PARTS_MAX };
            return Self::cut(bytes, part, most, None);
        }
        let fits = |wire: &usize| signed_capacity(*wire).is_some_and(|max| max as u64 >= bytes);
        let largest = WIRE_MAX;
        let wire = WIRE_SIZES.into_iter().find(fits).unwrap_or(largest);
        let part = signed_capacity(wire).unwrap_or_default() as u64;
        match options.anonymous {
            // Parts belong together by their signatures.
            true => Self::cut(bytes, part, 1, None),
            false => Self::cut(bytes, part, PARTS_MAX, n1_len(wire)),
        }
    }

    fn cut(
        bytes: u64,
        part_bytes: u64,
        parts_max: u32,
        n1_len: Option<usize>,
    ) -> Result<Self, ClientError> {
        let max = part_bytes.saturating_mul(u64::from(parts_max));
        let parts = bytes.div_ceil(part_bytes.max(1)).max(1);
        match u32::try_from(parts) {
            Ok(parts) if bytes <= max => Ok(Self { bytes, parts, part_bytes, n1_len }),
            _ => Err(ClientError::TooLong { max, found: bytes }),
        }
    }
}

/// Hands out parts, in any order.
pub(super) struct Reader(Content);

impl Reader {
    pub(super) fn new(content: Content) -> Self {
        Self(content)
    }

    pub(super) async fn part(&mut self, layout: &Layout, part: u32) -> Result<Bytes, ClientError> {
        let from = u64::from(part) * layout.part_bytes;
        let len = layout.part_bytes.min(layout.bytes.saturating_sub(from));
        let too_far = |_| ClientError::TooLong { max: usize::MAX as u64, found: from };
        match &mut self.0 {
            Content::Bytes(bytes) => {
                let from = usize::try_from(from).map_err(too_far)?;
                let len = usize::try_from(len).map_err(too_far)?;
                Ok(bytes.slice(from..from + len))
            }
            Content::File { file, .. } => {
                let mut bytes = vec![0; usize::try_from(len).map_err(too_far)?];
                file.seek(std::io::SeekFrom::Start(from)).await.map_err(ClientError::Content)?;
                // A file that has become shorter is an error, not a shorter message.
                file.read_exact(&mut bytes).await.map_err(ClientError::Content)?;
                Ok(bytes.into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> SendOptions {
        SendOptions::default()
    }

    #[test]
    fn a_content_takes_the_smallest_wire_size_that_holds_it() {
        for (at, wire) in WIRE_SIZES.into_iter().enumerate() {
            let capacity = signed_capacity(wire).unwrap() as u64;
            let layout = Layout::of(capacity, &signed()).unwrap();
            assert_eq!((layout.parts, layout.n1_len), (1, n1_len(wire)));
            let next = Layout::of(capacity + 1, &signed()).unwrap();
            match WIRE_SIZES.get(at + 1) {
                Some(larger) => assert_eq!((next.parts, next.n1_len), (1, n1_len(*larger))),
                None => assert_eq!((next.parts, next.n1_len), (2, n1_len(wire))),
            }
        }
        assert_eq!(Layout::of(0, &signed()).unwrap().parts, 1);
    }

    #[test]
    fn parcels_of_an_n1_fill_their_n2_exactly() {
        for wire in WIRE_SIZES {
            let plaintext = n1_len(wire).unwrap() + parcel::OVERHEAD;
            assert_eq!(openpgp::capacity(n2_len(wire)), Some(plaintext));
        }
    }

    #[test]
    fn what_has_no_parts_has_an_end() {
        let anonymous = SendOptions { anonymous: true, ..signed() };
        let most = signed_capacity(1 << 20).unwrap() as u64;
        assert_eq!(Layout::of(most, &anonymous).unwrap().n1_len, None);
        let refused = Layout::of(most + 1, &anonymous).unwrap_err();
        assert!(matches!(refused, ClientError::TooLong { max, .. } if max == most));
        let all = most * u64::from(PARTS_MAX);
        assert_eq!(Layout::of(all, &signed()).unwrap().parts, PARTS_MAX);
        assert!(Layout::of(all + 1, &signed()).is_err());
    }

    #[tokio::test]
    async fn parts_put_together_are_the_content() {
        let bytes: Vec<u8> = (0..2_500_000_u32).map(|n| (n % 251) as u8).collect();
        let layout = Layout::of(bytes.len() as u64, &signed()).unwrap();
        assert_eq!(layout.parts, 3);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let contents =
            [Content::Bytes(bytes.clone().into()), Content::open(file.path()).await.unwrap()];
        for content in contents {
            let mut reader = Reader::new(content);
            let mut all = vec![Bytes::new(); 3];
            for part in [2, 0, 1] {
                all[part as usize] = reader.part(&layout, part).await.unwrap();
            }
            assert_eq!(all.concat(), bytes);
        }
    }

    #[tokio::test]
    async fn a_file_that_shrinks_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [1; 100]).unwrap();
        let content = Content::open(file.path()).await.unwrap();
        std::fs::write(file.path(), [1; 50]).unwrap();
        let layout = Layout::of(100, &signed()).unwrap();
        assert!(Reader::new(content).part(&layout, 0).await.is_err());
    }
}
