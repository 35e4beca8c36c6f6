//! Server-sent events: `data: <base64>` and an empty line, each one sealed cell.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::{Buf as _, BytesMut};
use conet_wire::sizes::CELL_LARGE;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::{TransportError, chain};
use crate::limits::STREAM_SILENCE_MAX;

const PREFIX: &[u8] = b"data: ";

/// The longest line: a large cell in base64.
const LINE_BYTES_MAX: usize = PREFIX.len() + CELL_LARGE.div_ceil(3) * 4 + 2;

/// A relay's stream of sealed cells. Reading it may be cancelled at any await.
#[derive(Debug)]
pub(crate) struct EventStream {
    body: Incoming,
    lines: Lines,
}

impl EventStream {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, lines: Lines::default() }
    }

    /// The next event; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        loop {
            if let Some(event) = self.lines.next_event()? {
                return Ok(Some(event));
            }
            let seconds = STREAM_SILENCE_MAX.as_secs();
            let frame = tokio::time::timeout(STREAM_SILENCE_MAX, self.body.frame());
            let frame = frame.await.map_err(|_| TransportError::TimedOut { seconds })?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(TransportError::Connection(chain(&error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.lines.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }
}

/// Cuts events out of what arrives, however it is split.
#[derive(Debug, Default)]
struct Lines {
    buffer: BytesMut,
    /// Bytes already searched for the end of a line.
    searched: usize,
}

impl Lines {
    fn next_event(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        while let Some(line) = self.next_line()? {
            // Empty lines end events, other fields and comments say nothing to us.
            let Some(text) = line.strip_prefix(PREFIX) else { continue };
            let event = STANDARD.decode(text);
            return event.map(Some).map_err(|_| TransportError::NotEvents("bad base64"));
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<BytesMut>, TransportError> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        match unsearched.iter().position(|byte| *byte == b'\n') {
            Some(found) => {
                let mut line = self.buffer.split_to(self.searched + found);
                self.buffer.advance(1);
                self.searched = 0;
                if line.ends_with(b"\r") {
                    line.truncate(line.len() - 1);
                }
                Ok(Some(line))
            }
            None if self.buffer.len() > LINE_BYTES_MAX => {
                Err(TransportError::TooLong { max: LINE_BYTES_MAX })
            }
            None => {
                self.searched = self.buffer.len();
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, TransportError> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.buffer.extend_from_slice(piece);
            while let Some(event) = lines.next_event()? {
                found.push(event);
            }
        }
        Ok(found)
    }

    #[test]
    fn events_come_whole_however_they_are_split() {
        let text = format!(
            "data: {}\n\n: comment\r\ndata: {}\r\n\r\n",
            STANDARD.encode(b"one"),
            STANDARD.encode([7; 4096])
        );
        let expected = [b"one".to_vec(), vec![7; 4096]];
        assert_eq!(events(&[text.as_bytes()]).unwrap(), expected);
        for at in 1..text.len() {
            let (a, b) = text.as_bytes().split_at(at);
            assert_eq!(events(&[a, b]).unwrap(), expected);
        }
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let long = vec![b'A'; LINE_BYTES_MAX + 1];
        assert!(matches!(events(&[&long]), Err(TransportError::TooLong { .. })));
        assert!(events(&[b"data: ???\n"]).is_err());
    }

    #[test]
    fn the_largest_cell_fits_a_line() {
        let text = format!("data: {}\n\n", STANDARD.encode(vec![1; CELL_LARGE]));
        let (first, rest) = text.as_bytes().split_at(text.len() - 2);
        assert_eq!(events(&[first, rest]).unwrap().len(), 1);
    }
}
