//! Send → shown, on loopback: through one relay to the agent, and through another one
//! from the agent to the reader. Every step is what a client does, signatures too.

use std::time::Instant;

use alloy::primitives::B256;
use bytes::Bytes;
use conet_node::config::Role;
use conet_wire::{
    message::{self, Header, Kind, Message},
    openpgp::{Identity, OpenLimits, PublicCertificate, WalletSecret, open},
    parcel::{Answer, Content},
    relay::RelayStatus,
    session::{CellOpener, Frame},
    veil::{Envelope, EnvelopeKind, StreamOpener, WebProfile},
};
use rusqlite::params;

use super::{Run, agent::database_at, start_node};
use crate::{
    Row,
    http::Link,
    material::{NodeInfo, certificate_of, listen, n1, n2, unix_minute, unix_seconds, wallet},
    world::{Clients, World},
};
use conet_measure::{
    BenchError, Target, failed, median, median_us, microseconds, percentile, wrong,
};

const TEXT: &[u8] = b"Hello Bobo";

pub(super) async fn measure(run: &mut Run<'_>, world: &mut World) -> Result<(), BenchError> {
    let roles = [Role::Relay, Role::Agent];
    let (first, second) = (world.node(&[Role::Relay]).await?, world.node(&[Role::Relay]).await?);
    let agent = world.node(&roles).await?;
    Clients { keyed: 1, all: 1 }.preload(&agent).await?;
    let _nodes = (start_node(&first).await?, start_node(&second).await?, start_node(&agent).await?);

    let bobo = wallet(0)?;
    let identity = Identity::derive(&bobo).map_err(failed("a wallet's keys"))?;
    let mut sender = Sender {
        peter: wallet(1)?,
        to: certificate_of(&identity, 6)?,
        reader: bobo.address(),
        agent: agent.certificate()?,
        link: Link::open(first.address).await?,
        relay: first,
    };
    let mut reader = Reader::open(&bobo, &identity, &second, &agent).await?;

    let database = database_at(&world.folder().join("floor-end-to-end.db"))?;
    let (mut shown, mut answered, mut floors) = (vec![], vec![], vec![]);
    for n in 0..run.many(600, 100) {
        let start = Instant::now();
        let (sent, seen) = tokio::join!(sender.send(start), reader.next(start, sender_address()?));
        let (sent, seen) = (sent?, seen?);
        // The first messages open connections.
        if n >= 10 {
            answered.push(sent);
            shown.push(seen);
        }
        if n % 20 == 0 {
            floors.push(floor_us(&sender, &identity, &agent, &database)?);
        }
    }
    let floor = median(&floors) / 1e3;
    let row = Row::new("end to end, shown, p50", percentile(&shown, 0.5) / 1e3, "ms").floor(floor);
    run.row(&row.target(Target::ValueAtMost(20.0)));
    run.row(&Row::new("end to end, shown, p99", percentile(&shown, 0.99) / 1e3, "ms"));
    run.row(&Row::new("end to end, stored, p50", percentile(&answered, 0.5) / 1e3, "ms"));
    Ok(())
}

fn sender_address() -> Result<alloy::primitives::Address, BenchError> {
    Ok(wallet(1)?.address())
}

struct Sender {
    peter: WalletSecret,
    to: PublicCertificate,
    reader: alloy::primitives::Address,
    agent: PublicCertificate,
    relay: NodeInfo,
    link: Link,
}

impl Sender {
    fn signed(&self) -> Result<Vec<u8>, BenchError> {
        let header = Header {
            from: self.peter.address(),
            to: self.reader,
            id: B256::from(rand::random::<[u8; 32]>()),
            sent_at: unix_seconds() * 1000,
            kind: Kind::Mail,
            part: 0,
            parts: 1,
        };
        message::encode(&self.relay.network, self.peter.signer(), &header, TEXT)
            .map_err(failed("signing a message"))
    }

    /// From text to the agent's good answer; microseconds.
    async fn send(&mut self, start: Instant) -> Result<f64, BenchError> {
        let sealed = n1(&self.signed()?, &self.to)?;
        let (parcel, key) = n2(Content::Message(Kind::Mail), &sealed, &self.agent)?;
        let (envelope, opener) = Envelope::seal(
            &self.relay.transport(),
            EnvelopeKind::Forward,
            unix_minute(),
            &parcel,
            &mut rand::rng(),
        )
        .map_err(failed("an envelope"))?;
        let profile = WebProfile::derive(&self.relay.transport());
        let path = &profile.envelope_path;
        let answer = self.link.exchange(profile.method, path, envelope.into()).await?;
        let mut answer = answer.to_vec();
        let opened = opener.open_answer(&mut answer).map_err(failed("the relay's answer"))?;
        if opened.status != RelayStatus::Answered as u8 {
            return Err(wrong("the relay's answer", format!("status {}", opened.status)));
        }
        let answer = Answer::open(&key, opened.body).map_err(failed("the agent's answer"))?;
        match answer.status.is_success() {
            true => Ok(microseconds(start.elapsed())),
            false => Err(wrong("the agent's answer", format!("{:?}", answer.status))),
        }
    }
}

struct Reader {
    wallet: WalletSecret,
    identity: Identity,
    agent: NodeInfo,
    to: PublicCertificate,
    link: Link,
    body: hyper::body::Incoming,
    text: Vec<u8>,
    events: StreamOpener,
    cells: CellOpener,
    acks: Option<conet_wire::session::AckSender>,
    relay: NodeInfo,
}

impl Reader {
    async fn open(
        wallet: &WalletSecret,
        identity: &Identity,
        relay: &NodeInfo,
        agent: &NodeInfo,
    ) -> Result<Self, BenchError> {
        let to = agent.certificate()?;
        let (parcel, secret, binding) = listen(wallet, agent, &to)?;
        let kind = EnvelopeKind::Stream;
        let key = relay.transport();
        let (body, opener) = Envelope::seal(&key, kind, unix_minute(), &parcel, &mut rand::rng())
            .map_err(failed("an envelope"))?;
        let profile = WebProfile::derive(&key);
        let mut link = Link::open(relay.address).await?;
        let response = link.send(profile.method, &profile.envelope_path, body.into()).await?;
        let mut body = response.into_body();
        let mut text = Vec::new();
        let mut event = next_event(&mut body, &mut text).await?;
        let (events, start) = opener.open_stream(&mut event).map_err(failed("a stream"))?;
        if start.status != RelayStatus::Streaming as u8 {
            return Err(wrong("a stream", format!("status {}", start.status)));
        }
        Ok(Self {
            wallet: wallet.clone(),
            identity: identity.clone(),
            agent: agent.clone(),
            to,
            link: Link::open(relay.address).await?,
            body,
            text,
            events,
            cells: CellOpener::new(secret, binding),
            acks: None,
            relay: relay.clone(),
        })
    }

    /// Until a message by `from` is there, opened and verified; microseconds.
    async fn next(
        &mut self,
        start: Instant,
        from: alloy::primitives::Address,
    ) -> Result<f64, BenchError> {
        loop {
            let mut event = next_event(&mut self.body, &mut self.text).await?;
            let cell = self.events.open_cell(&mut event).map_err(failed("an event"))?;
            let mut frames = Vec::new();
            let acks = self.cells.open(cell, &mut frames).map_err(failed("a cell"))?;
            self.acks = acks.or(self.acks.take());
            for frame in frames {
                let Frame::Message { index, n1, .. } = frame else { continue };
                show(&self.wallet, &self.identity, &self.agent, &n1, from)?;
                let shown = microseconds(start.elapsed());
                self.acknowledge(index).await?;
                return Ok(shown);
            }
        }
    }

    async fn acknowledge(&mut self, index: u64) -> Result<(), BenchError> {
        let acks = self.acks.as_mut().ok_or_else(|| wrong("a stream", "no session"))?;
        let ack = acks.acknowledge(index).map_err(failed("an acknowledgement"))?;
        let (parcel, _) = n2(Content::Acknowledgement, &ack, &self.to)?;
        let key = self.relay.transport();
        let kind = EnvelopeKind::Forward;
        let (body, _) = Envelope::seal(&key, kind, unix_minute(), &parcel, &mut rand::rng())
            .map_err(failed("an envelope"))?;
        let profile = WebProfile::derive(&key);
        self.link.exchange(profile.method, &profile.envelope_path, body.into()).await.map(drop)
    }
}

/// Opens an N1 and checks who wrote it.
fn show(
    wallet: &WalletSecret,
    identity: &Identity,
    agent: &NodeInfo,
    n1: &[u8],
    from: alloy::primitives::Address,
) -> Result<(), BenchError> {
    let opened = open(n1, &identity.decryptor(), OpenLimits::default()).map_err(failed("an N1"))?;
    match message::decode(&agent.network, wallet.address(), &opened.plaintext) {
        Ok(Message::Signed(header, TEXT)) if header.from == from => Ok(()),
        other => Err(wrong("a message", format!("expected Peter's, found {other:?}"))),
    }
}

/// The next `data:` line of an event stream, decoded.
async fn next_event(
    body: &mut hyper::body::Incoming,
    text: &mut Vec<u8>,
) -> Result<Vec<u8>, BenchError> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use http_body_util::BodyExt as _;
    loop {
        if let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            let line = event.strip_prefix(b"data: ").unwrap_or(&event);
            let line = line.strip_suffix(b"\n\n").unwrap_or(line);
            return STANDARD.decode(line).map_err(failed("an event"));
        }
        let frame = body.frame().await.ok_or_else(|| wrong("a stream", "it ended"))?;
        let piece: Bytes = frame.map_err(failed("a stream"))?.into_data().unwrap_or_default();
        text.extend_from_slice(&piece);
    }
}

/// The cryptography and the sync to disk on that way, one after the other and without
/// any network; microseconds.
fn floor_us(
    sender: &Sender,
    bobo: &Identity,
    agent: &NodeInfo,
    database: &rusqlite::Connection,
) -> Result<f64, BenchError> {
    let relay = sender.relay.keys()?.transport;
    let agent_keys = agent.keys()?.identity().map_err(failed("a node's keys"))?.decryptor();
    let reader = wallet(0)?;
    let mut failure = None;
    let once = || -> Result<(), BenchError> {
        let sealed = n1(&sender.signed()?, &sender.to)?;
        let (parcel, _) = n2(Content::Message(Kind::Mail), &sealed, &sender.agent)?;
        let kind = EnvelopeKind::Forward;
        let (mut body, _) =
            Envelope::seal(&relay.public(), kind, unix_minute(), &parcel, &mut rand::rng())
                .map_err(failed("an envelope"))?;
        relay.open_envelope(&mut body).map_err(failed("an envelope"))?;
        open(&parcel, &agent_keys, OpenLimits::default()).map_err(failed("an N2"))?;
        let insert = "INSERT INTO messages (wallet, n1) VALUES (?1, ?2)";
        database.execute(insert, params![&[7_u8; 20][..], sealed]).map_err(failed("an insert"))?;
        show(&reader, bobo, agent, &sealed, sender.peter.address())
    };
    let floor = median_us(9, || {
        if let Err(error) = once() {
            failure = Some(error);
        }
    });
    failure.map_or(Ok(floor), Err)
}
