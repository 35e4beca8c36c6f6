//! What an authenticated message holds: one literal packet, perhaps among
//! signatures and inside compression.

use std::io::Read;

use sequoia_openpgp::parse::buffered_reader::{Deflate, Memory, Zlib};
use zeroize::Zeroizing;

use super::{
    error::OpenError,
    framing::{self, tag},
    open::{OpenLimits, malformed, unexpected},
};

/// Plaintext bytes.
pub(super) type Secret = Zeroizing<Vec<u8>>;

/// What compressed packets may hold beside the content, in bytes.
const INFLATED_EXTRA: usize = 64 << 10;
const READ_STEP: usize = 64 << 10;

/// The content of the one literal packet inside.
pub(super) fn content(mut packets: Secret, limits: OpenLimits) -> Result<Secret, OpenError> {
    if let Some(start) = sole_literal(&packets) {
        check_len(packets.len() - start, limits)?;
        packets.drain(..start);
        return Ok(packets);
    }
    let inflated_max = limits.plaintext_bytes_max.saturating_add(INFLATED_EXTRA);
    let mut walk = Walk { limits, seen: 0, inflated_left: inflated_max, content: None };
    walk.packets(&packets, 0)?;
    walk.content.ok_or_else(|| OpenError::UnexpectedPacket {
        expected: "one literal packet",
        found: "the end".into(),
    })
}

fn check_len(len: usize, limits: OpenLimits) -> Result<(), OpenError> {
    let max = limits.plaintext_bytes_max;
    if len > max { Err(OpenError::TooLong { max }) } else { Ok(()) }
}

/// Where the content starts, if there is nothing but a literal packet as
/// [`seal`](super::seal) makes it: then it can stay in its buffer.
fn sole_literal(packets: &[u8]) -> Option<usize> {
    const HEADER: usize = 12;
    let (header, content) = packets.split_first_chunk::<HEADER>()?;
    let [0xcb, 0xff, a, b, c, d, b'b', 0, 0, 0, 0, 0] = *header else { return None };
    let body = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    (body == content.len() + HEADER - 6).then_some(HEADER)
}

/// The way through all packets inside; limits count for the whole of it.
struct Walk {
    limits: OpenLimits,
    seen: usize,
    inflated_left: usize,
    content: Option<Secret>,
}

impl Walk {
    fn packets(&mut self, mut packets: &[u8], depth: u8) -> Result<(), OpenError> {
        while !packets.is_empty() {
            let frame = framing::split(&mut packets).map_err(malformed)?;
            self.seen += 1;
            if self.seen > self.limits.packets_max {
                return Err(OpenError::TooManyPackets { max: self.limits.packets_max });
            }
            match frame.tag {
                tag::LITERAL if self.content.is_none() => self.literal(&frame.body)?,
                tag::COMPRESSED => self.compressed(&frame.body, depth)?,
                tag::ONE_PASS_SIGNATURE | tag::SIGNATURE | tag::MARKER | tag::PADDING => {}
                _ => return Err(unexpected("one literal packet", &frame)),
            }
        }
        Ok(())
    }

    fn literal(&mut self, mut body: &[u8]) -> Result<(), OpenError> {
        let [_format, name] = *framing::take(&mut body).map_err(malformed)?;
        framing::take_slice(&mut body, usize::from(name)).map_err(malformed)?;
        let _date: &[u8; 4] = framing::take(&mut body).map_err(malformed)?;
        check_len(body.len(), self.limits)?;
        self.content = Some(Secret::new(body.to_vec()));
        Ok(())
    }

    fn compressed(&mut self, mut body: &[u8], depth: u8) -> Result<(), OpenError> {
        let max = self.limits.depth_max;
        if depth >= max {
            return Err(OpenError::TooDeep { max });
        }
        let [algorithm] = *framing::take(&mut body).map_err(malformed)?;
        let source = Memory::new(body);
        let packets = match algorithm {
            1 => self.inflate(Deflate::new(source))?,
            2 => self.inflate(Zlib::new(source))?,
            _ => return Err(OpenError::Compression { found: algorithm }),
        };
        self.packets(&packets, depth + 1)
    }

    /// Reads in steps and stops at the limit. The buffer grows by hand, since a
    /// `Vec` that grows leaves copies behind.
    fn inflate(&mut self, mut source: impl Read) -> Result<Secret, OpenError> {
        let mut step = Secret::new(vec![0; READ_STEP]);
        let mut inflated = Secret::new(Vec::with_capacity(READ_STEP));
        loop {
            let count = source.read(&mut step).map_err(malformed)?;
            let Some(read) = step.get(..count).filter(|read| !read.is_empty()) else {
                return Ok(inflated);
            };
            let Some(left) = self.inflated_left.checked_sub(read.len()) else {
                return Err(OpenError::TooLong { max: self.limits.plaintext_bytes_max });
            };
            self.inflated_left = left;
            let len = inflated.len() + read.len();
            if len > inflated.capacity() {
                let mut larger = Secret::new(Vec::with_capacity(2 * len));
                larger.extend_from_slice(&inflated);
                inflated = larger;
            }
            inflated.extend_from_slice(read);
        }
    }
}
