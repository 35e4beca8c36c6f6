//! The load: a few connections, each sending its next message when the last was answered.

use std::{collections::HashMap, net::SocketAddr, time::Instant};

use alloy::primitives::{B256, Bytes as HexBytes};
use bytes::Bytes;
use conet_wire::{
    openpgp::PublicCertificate,
    relay::RelayStatus,
    veil::{Envelope, EnvelopeKind, ResponseOpener, TransportPublic, TransportSecret, WebProfile},
};
use serde::{Deserialize, Serialize};

use super::reader::Readers;
use crate::{
    http::Link,
    material::{NodeInfo, mail, unix_minute},
    peer::PeerLink,
};
use conet_measure::{BenchError, failed, microseconds, percentile, wrong};

/// What to send.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Messages {
    /// Any bytes, for the bare hop or the sink itself.
    Bare { body: HexBytes },
    /// An N2 by `POST /post`.
    Open { n2: HexBytes },
    /// An N2 in envelopes for this relay.
    Veil { n2: HexBytes, relay: B256 },
    /// Mail of this N1 to the agent, over sessions such as relays have; the last bytes
    /// of the N1 differ from message to message.
    Mail { n1: HexBytes, agent: Box<NodeInfo> },
}

/// How much to send, and where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) to: SocketAddr,
    pub(crate) connections: usize,
    pub(crate) count: usize,
    pub(crate) messages: Messages,
}

/// Which streams to read, each of one wallet; acknowledged in batches.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ReadPlan {
    pub(crate) agent: NodeInfo,
    pub(crate) wallets: Vec<u32>,
}

/// How it went.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// The load process.
pub(crate) struct Load {
    identity: TransportSecret,
    /// Kept from round to round: connecting is not what is measured.
    lanes: HashMap<(SocketAddr, bool), Vec<Lane>>,
    readers: Readers,
}

enum Lane {
    Http(Link),
    Peer(Box<PeerLink>),
}

struct Job {
    body: Bytes,
    method: &'static str,
    path: String,
    opener: Option<ResponseOpener>,
}

impl Load {
    /// `node` lends it a registered transport key, so that agents talk to it.
    pub(crate) fn new(node: &NodeInfo) -> Result<Self, BenchError> {
        let identity = node.keys()?.transport;
        Ok(Self { identity, lanes: HashMap::new(), readers: Readers::default() })
    }

    pub(crate) async fn read(&mut self, plan: ReadPlan) -> Result<(), BenchError> {
        self.readers.open(&plan, &self.identity).await
    }

    /// Sends everything; with readers, also waits until they have all of it.
    pub(crate) async fn run(&mut self, plan: Plan) -> Result<Loaded, BenchError> {
        let mut jobs = prepare(&plan)?;
        let kind = (plan.to, matches!(plan.messages, Messages::Mail { .. }));
        let mut lanes = self.lanes.remove(&kind).unwrap_or_default();
        while lanes.len() < plan.connections {
            lanes.push(self.lane(&plan).await?);
        }
        let rest = lanes.split_off(plan.connections);
        let expected = self.readers.received() + if kind.1 { plan.count } else { 0 };

        let start = Instant::now();
        let each = plan.count.div_ceil(plan.connections);
        let workers: Vec<_> = lanes
            .into_iter()
            .map(|lane| {
                let jobs = jobs.split_off(jobs.len().saturating_sub(each));
                tokio::spawn(work(lane, jobs))
            })
            .collect();
        let mut lanes = rest;
        let mut times = Vec::with_capacity(plan.count);
        for worker in workers {
            let (lane, took) = worker.await.map_err(failed("the load"))??;
            lanes.push(lane);
            times.extend(took);
        }
        if kind.1 && self.readers.any() {
            self.readers.wait_for(expected).await?;
        }
        let seconds = start.elapsed().as_secs_f64();
        self.lanes.insert(kind, lanes);
        let (p50_us, p99_us) = (percentile(&times, 0.5), percentile(&times, 0.99));
        Ok(Loaded { seconds, p50_us, p99_us })
    }

    async fn lane(&self, plan: &Plan) -> Result<Lane, BenchError> {
        Ok(match &plan.messages {
            Messages::Mail { agent, .. } => {
                Lane::Peer(Box::new(PeerLink::open(agent, &self.identity).await?))
            }
            _ => Lane::Http(Link::open(plan.to).await?),
        })
    }
}

/// All bodies are made before the clock starts.
fn prepare(plan: &Plan) -> Result<Vec<Job>, BenchError> {
    let agent = match &plan.messages {
        Messages::Mail { agent, .. } => Some(agent.certificate()?),
        _ => None,
    };
    (0..plan.count).map(|_| job(&plan.messages, agent.as_ref())).collect()
}

fn job(messages: &Messages, agent: Option<&PublicCertificate>) -> Result<Job, BenchError> {
    let post =
        |body: Bytes, path: &str| Job { body, method: "POST", path: path.to_owned(), opener: None };
    match messages {
        Messages::Bare { body } => Ok(post(body.0.clone(), "/bare")),
        Messages::Open { n2 } => Ok(post(n2.0.clone(), "/post")),
        Messages::Veil { n2, relay } => {
            let relay = TransportPublic(relay.0);
            let kind = EnvelopeKind::Forward;
            let (body, opener) = Envelope::seal(&relay, kind, unix_minute(), n2, &mut rand::rng())
                .map_err(failed("an envelope"))?;
            let profile = WebProfile::derive(&relay);
            Ok(Job {
                body: body.into(),
                method: profile.method,
                path: profile.envelope_path,
                opener: Some(opener),
            })
        }
        Messages::Mail { n1, .. } => {
            let agent = agent.ok_or_else(|| wrong("mail", "no agent"))?;
            let mut n1 = n1.to_vec();
            if let Some(end) = n1.last_chunk_mut::<16>() {
                *end = rand::random();
            }
            Ok(post(mail(&n1, agent)?.into(), ""))
        }
    }
}

async fn work(mut lane: Lane, jobs: Vec<Job>) -> Result<(Lane, Vec<f64>), BenchError> {
    let mut times = Vec::with_capacity(jobs.len());
    for job in jobs {
        let start = Instant::now();
        match &mut lane {
            Lane::Http(link) => {
                let answer = link.exchange(job.method, &job.path, job.body).await?;
                times.push(microseconds(start.elapsed()));
                if let Some(opener) = job.opener {
                    check_sealed(opener, &answer)?;
                }
            }
            Lane::Peer(link) => {
                let (status, _) = link.request(&job.body).await?;
                times.push(microseconds(start.elapsed()));
                if status != RelayStatus::Answered as u8 {
                    return Err(wrong("mail", format!("the node says {status}")));
                }
            }
        }
    }
    Ok((lane, times))
}

fn check_sealed(opener: ResponseOpener, answer: &[u8]) -> Result<(), BenchError> {
    let mut answer = answer.to_vec();
    let opened = opener.open_answer(&mut answer).map_err(failed("a relay's answer"))?;
    match opened.status == RelayStatus::Answered as u8 {
        true => Ok(()),
        false => Err(wrong("a relay's answer", format!("status {}", opened.status))),
    }
}
