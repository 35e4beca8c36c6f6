//! The client's end of a listening stream.

use std::{collections::VecDeque, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use conet_wire::{
    parcel::{Answer, Content, Status},
    relay::RelayStatus,
    session::{AckSender, CellOpener, Frame, Notice, SessionBinding, SessionSecret},
    veil::StreamOpener,
};
use tokio::time::timeout;

use crate::{
    PATIENCE,
    client::{Failure, Sealed, exchange},
    http::Connection,
    node::Contact,
};

/// Why no further frame comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEnd {
    /// The connection ended.
    Closed,
    /// What came does not open: the stream must not be used any more.
    Broken(String),
    /// Nothing came in time.
    Silent,
}

/// An open stream.
#[derive(Debug)]
pub struct Stream {
    connection: Connection,
    relay: Contact,
    agent: Contact,
    opener: StreamOpener,
    cells: CellOpener,
    acks: Option<AckSender>,
    frames: VecDeque<Frame>,
    text: Vec<u8>,
    /// Lengths of the events that came, on the wire before base64.
    pub event_lengths: Vec<usize>,
}

impl Stream {
    pub(crate) async fn open(
        relay: &Contact,
        agent: &Contact,
        sealed: Sealed,
        secret: SessionSecret,
        binding: SessionBinding,
    ) -> Result<Self, Failure> {
        let mut connection = Connection::open(relay.address).await?;
        connection.send(relay.veil_head(sealed.body.len()).as_bytes()).await?;
        connection.send(&sealed.body).await?;
        let mut head =
            timeout(PATIENCE, connection.response_head()).await.map_err(std::io::Error::from)??;
        if head.status != 200 || head.header("content-type") != Some("text/event-stream") {
            head.body = Vec::new();
            return Err(Failure::Site(head));
        }
        let mut text = Vec::new();
        let mut first = match timeout(PATIENCE, event(&mut connection, &mut text)).await {
            Ok(Ok(event)) => event,
            Ok(Err(end)) => return Err(Failure::Unsealed(format!("{end:?}"))),
            Err(_) => return Err(Failure::Unsealed("no event".into())),
        };
        let unsealed = |error: &dyn std::fmt::Display| Failure::Unsealed(error.to_string());
        let length = first.len();
        let (opener, started) =
            sealed.opener.open_stream(&mut first).map_err(|error| unsealed(&error))?;
        match RelayStatus::from_byte(started.status) {
            Some(RelayStatus::Streaming) => {}
            Some(RelayStatus::Answered) => {
                let answer = Answer::open(&sealed.reply_key, started.body);
                return Err(Failure::Refused(answer.map_err(|error| unsealed(&error))?));
            }
            Some(status) => return Err(Failure::Relay(status)),
            None => return Err(unsealed(&"an unknown status")),
        }
        let cells = CellOpener::new(secret, binding);
        Ok(Self {
            connection,
            relay: relay.clone(),
            agent: agent.clone(),
            opener,
            cells,
            acks: None,
            frames: VecDeque::new(),
            text,
            event_lengths: vec![length],
        })
    }

    /// The next frame, within [`PATIENCE`].
    ///
    /// # Errors
    /// [`StreamEnd`].
    pub async fn next(&mut self) -> Result<Frame, StreamEnd> {
        self.next_within(PATIENCE).await
    }

    /// The next frame.
    ///
    /// # Errors
    /// [`StreamEnd`].
    pub async fn next_within(&mut self, patience: Duration) -> Result<Frame, StreamEnd> {
        timeout(patience, self.next_frame()).await.unwrap_or(Err(StreamEnd::Silent))
    }

    async fn next_frame(&mut self) -> Result<Frame, StreamEnd> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame);
            }
            let mut event = event(&mut self.connection, &mut self.text).await?;
            self.event_lengths.push(event.len());
            let broken = |error: &dyn std::fmt::Display| StreamEnd::Broken(error.to_string());
            let cell = self.opener.open_cell(&mut event).map_err(|error| broken(&error))?;
            let mut frames = Vec::new();
            let acks = self.cells.open(cell, &mut frames).map_err(|error| broken(&error))?;
            if acks.is_some() {
                self.acks = acks;
            }
            self.frames.extend(frames);
        }
    }

    /// The next message: its index and N1. Other frames are passed over.
    ///
    /// # Errors
    /// [`StreamEnd`].
    pub async fn message(&mut self) -> Result<(u64, Vec<u8>), StreamEnd> {
        loop {
            if let Frame::Message { index, n1, .. } = self.next().await? {
                return Ok((index, n1));
            }
        }
    }

    /// Every message up to the end of the backlog.
    ///
    /// # Errors
    /// [`StreamEnd`].
    pub async fn drain(&mut self) -> Result<Vec<(u64, Vec<u8>)>, StreamEnd> {
        let mut messages = Vec::new();
        loop {
            match self.next().await? {
                Frame::Message { index, n1, .. } => messages.push((index, n1)),
                Frame::Drained => return Ok(messages),
                _ => {}
            }
        }
    }

    /// Why the agent ends the stream; what else comes is passed over.
    ///
    /// # Errors
    /// [`StreamEnd`] when it ends without a notice.
    pub async fn notice(&mut self) -> Result<Notice, StreamEnd> {
        loop {
            if let Frame::Notice(notice) = self.next().await? {
                return Ok(notice);
            }
        }
    }

    /// An acknowledgement, not yet sent.
    ///
    /// # Panics
    /// Before the first cell came.
    pub fn acknowledgement(&mut self, index: u64) -> Vec<u8> {
        self.acks.as_mut().expect("a first cell").acknowledge(index).expect("sealed")
    }

    /// Says that all up to this index is safe.
    ///
    /// # Errors
    /// [`Failure`] when there is no sealed answer.
    pub async fn acknowledge(&mut self, index: u64) -> Result<Status, Failure> {
        let ack = self.acknowledgement(index);
        let answer = exchange(&self.relay, &self.agent, Content::Acknowledgement, &ack).await?;
        Ok(answer.status)
    }
}

/// The next event of `text/event-stream`, out of its base64.
async fn event(connection: &mut Connection, text: &mut Vec<u8>) -> Result<Vec<u8>, StreamEnd> {
    loop {
        if let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let line: Vec<u8> = text.drain(..end + 2).take(end).collect();
            let data = line.strip_prefix(b"data: ");
            let event = data.and_then(|data| STANDARD.decode(data).ok());
            return event.ok_or_else(|| StreamEnd::Broken("no event of base64".into()));
        }
        match connection.piece().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) | Err(_) => return Err(StreamEnd::Closed),
        }
    }
}
