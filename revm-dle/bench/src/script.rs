//! What one seat was told, to be told again to a seat in a process of its own: its memory holds nothing of the others.

use std::{
    fs::File,
    io::{BufReader, BufWriter, ErrorKind, Read as _, Seek as _, Write as _},
    path::Path,
};

use conet_committee::{archive::item::Opening, keys::NodeId, message::Message, seat::Event};
use conet_measure::{BenchError, failed};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Message(NodeId, Message),
    Opened(Opening),
    Tick,
}

/// Lines, each behind its length, in a file that goes when this does.
pub(crate) struct Script {
    file: BufWriter<NamedTempFile>,
}

impl Script {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let file = NamedTempFile::new().map_err(failed("a script"))?;
        Ok(Self { file: BufWriter::new(file) })
    }

    pub(crate) fn note(&mut self, now_ms: u64, event: &Event) -> Result<(), BenchError> {
        let line = match event {
            Event::Message(from, message) => Line::Message(*from, Message::clone(message)),
            Event::Opened(opening) => Line::Opened(opening.clone()),
            Event::Tick => Line::Tick,
        };
        let line = postcard::to_allocvec(&(now_ms, line)).map_err(failed("a script"))?;
        let length = u32::try_from(line.len()).map_err(failed("a script"))?;
        let written = self.file.write_all(&length.to_be_bytes());
        written.and_then(|()| self.file.write_all(&line)).map_err(failed("a script"))
    }

    /// Ends it.
    pub(crate) fn close(mut self) -> Result<NamedTempFile, BenchError> {
        self.file.flush().map_err(failed("a script"))?;
        let mut file = self.file.into_inner().map_err(|_| failed("a script")("it is not written"))?;
        file.rewind().map_err(failed("a script"))?;
        Ok(file)
    }
}

/// Reads it, line by line.
pub(crate) fn read(
    path: &Path,
    mut tell: impl FnMut(u64, Event) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let mut file = BufReader::new(File::open(path).map_err(failed("a script"))?);
    loop {
        let mut length = [0; 4];
        match file.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(failed("a script")(error)),
        }
        let mut line = vec![0; u32::from_be_bytes(length) as usize];
        file.read_exact(&mut line).map_err(failed("a script"))?;
        let (now_ms, line) = postcard::from_bytes(&line).map_err(failed("a script"))?;
        let event = match line {
            Line::Message(from, message) => Event::Message(from, Box::new(message)),
            Line::Opened(opening) => Event::Opened(opening),
            Line::Tick => Event::Tick,
        };
        tell(now_ms, event)?;
    }
}
