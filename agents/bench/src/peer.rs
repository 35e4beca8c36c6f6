//! The peer protocol from the calling side: what a relay would say to an agent.

use bytes::Bytes;
use conet_wire::veil::{
    EnvelopeKind, TransportSecret, WebProfile,
    peer::{
        AnswerHead, Initiator, OpeningHalf, PeerSession, Profile, RequestHead, StreamEvent,
        StreamReader,
    },
};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::{
    http::Link,
    material::{NodeInfo, unix_minute},
};
use conet_measure::{BenchError, failed, wrong};

/// A session with a node.
pub(crate) struct PeerLink {
    link: Link,
    profile: WebProfile,
    session: PeerSession,
}

impl PeerLink {
    pub(crate) async fn open(
        node: &NodeInfo,
        identity: &TransportSecret,
    ) -> Result<Self, BenchError> {
        let mut link = Link::open(node.address).await?;
        let profile = WebProfile::derive(&node.transport());
        let (initiator, first) = Initiator::start(
            identity,
            &node.transport(),
            node.network.chain_id,
            unix_minute(),
            &mut rand::rng(),
        )
        .map_err(failed("a handshake"))?;
        let second = link.exchange(profile.method, &profile.peer_path, first.into()).await?;
        let session = initiator.finish(&second).map_err(failed("a handshake"))?;
        Ok(Self { link, profile, session })
    }

    fn seal(&mut self, kind: EnvelopeKind, n2: &[u8]) -> Result<Bytes, BenchError> {
        let head = RequestHead { kind, hops_left: 0, profile: Profile::Veil };
        Ok(self.session.sealing.seal_frame(head, n2).map_err(failed("a frame"))?.into())
    }

    /// Hands over an N2; the status byte and what follows it.
    pub(crate) async fn request(&mut self, n2: &[u8]) -> Result<(u8, Vec<u8>), BenchError> {
        let frame = self.seal(EnvelopeKind::Forward, n2)?;
        let (method, path) = (self.profile.method, &self.profile.peer_path);
        let mut sealed = self.link.exchange(method, path, frame).await?.to_vec();
        let (AnswerHead { status }, body) =
            self.session.opening.open_frame(&mut sealed).map_err(failed("a frame"))?;
        Ok((status, body.to_vec()))
    }

    /// Asks for a stream.
    pub(crate) async fn stream(mut self, n2: &[u8]) -> Result<Cells, BenchError> {
        let frame = self.seal(EnvelopeKind::Stream, n2)?;
        let (method, path) = (self.profile.method, &self.profile.peer_path);
        let response = self.link.send(method, path, frame).await?;
        let mut cells = Cells {
            body: response.into_body(),
            piece: Bytes::new(),
            opening: self.session.opening,
            reader: StreamReader::new(),
            _link: self.link,
        };
        match cells.event().await? {
            Some(StreamEvent::Started { head, .. })
                if head.status == conet_wire::relay::RelayStatus::Streaming as u8 =>
            {
                Ok(cells)
            }
            other => Err(wrong("a stream", format!("expected its start, found {other:?}"))),
        }
    }
}

/// An agent's cells.
pub(crate) struct Cells {
    body: Incoming,
    piece: Bytes,
    opening: OpeningHalf,
    reader: StreamReader,
    _link: Link,
}

impl Cells {
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, BenchError> {
        match self.event().await? {
            Some(StreamEvent::Cell(cell)) => Ok(Some(cell)),
            _ => Ok(None),
        }
    }

    async fn event(&mut self) -> Result<Option<StreamEvent>, BenchError> {
        loop {
            let mut rest = self.piece.as_ref();
            let event =
                self.reader.next_event(&mut self.opening, &mut rest).map_err(failed("a stream"))?;
            self.piece = self.piece.slice(self.piece.len() - rest.len()..);
            if event.is_some() {
                return Ok(event);
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(frame) => {
                    let frame = frame.map_err(failed("a stream"))?;
                    self.piece = frame.into_data().unwrap_or_default();
                }
            }
        }
    }
}
