//! Idle listeners: thousands of streams that nothing but look-alike cells comes over.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use conet_wire::veil::{Envelope, EnvelopeKind, WebProfile};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::JoinSet};

use super::sink::IDLE_PATH;
use crate::{
    http::Link,
    material::{NodeInfo, listen, unix_minute, wallet},
};
use conet_measure::{BenchError, failed, wrong};

/// Streams that are being opened at once.
const OPENING_MAX: usize = 32;

/// Which streams to open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Streams of the bare hop.
    Bare { to: SocketAddr, count: u32 },
    /// Streams of wallets `first..first + count`, at `agent`, through `relay`.
    Veil { relay: Box<NodeInfo>, agent: Box<NodeInfo>, first: u32, count: u32 },
}

/// The streams open.
#[derive(Default)]
pub(crate) struct Listeners(JoinSet<()>);

impl Listeners {
    /// Opens them all; each stays open until this process ends.
    pub(crate) async fn open(&mut self, plan: Plan) -> Result<(), BenchError> {
        let plan = Arc::new(plan);
        let opening = Arc::new(Semaphore::new(OPENING_MAX));
        let count = match &*plan {
            Plan::Bare { count, .. } | Plan::Veil { count, .. } => *count,
        };
        let mut tasks = JoinSet::new();
        for n in 0..count {
            let permit = Arc::clone(&opening).acquire_owned().await;
            let permit = permit.map_err(failed("listeners"))?;
            let plan = Arc::clone(&plan);
            tasks.spawn(async move {
                let opened = open(&plan, n).await;
                drop(permit);
                opened
            });
        }
        while let Some(opened) = tasks.join_next().await {
            let (link, body) = opened.map_err(failed("a listener"))??;
            self.0.spawn(drain(link, body));
        }
        Ok(())
    }
}

/// One stream, after its first bytes.
async fn open(plan: &Plan, n: u32) -> Result<(Link, Incoming), BenchError> {
    let (link, response) = match plan {
        Plan::Bare { to, .. } => {
            let mut link = Link::open(*to).await?;
            let response = link.send("POST", IDLE_PATH, Bytes::new()).await?;
            (link, response)
        }
        Plan::Veil { relay, agent, first, .. } => {
            let (parcel, _, _) = listen(&wallet(first + n)?, agent, &agent.certificate()?)?;
            let profile = WebProfile::derive(&relay.transport());
            let (body, _) = Envelope::seal(
                &relay.transport(),
                EnvelopeKind::Stream,
                unix_minute(),
                &parcel,
                &mut rand::rng(),
            )
            .map_err(failed("an envelope"))?;
            let mut link = Link::open(relay.address).await?;
            let path = &profile.envelope_path;
            let response = link.send(profile.method, path, body.into()).await?;
            (link, response)
        }
    };
    let status = response.status();
    if !status.is_success() {
        return Err(wrong("a listener", format!("HTTP status {status}")));
    }
    let mut body = response.into_body();
    let first = body.frame().await.ok_or_else(|| wrong("a listener", "its stream is empty"))?;
    first.map_err(failed("a listener"))?;
    // A refused stream is one event and ends; a good one goes on with a cell.
    if let Plan::Veil { .. } = plan {
        let second = body.frame().await.ok_or_else(|| wrong("a listener", "refused"))?;
        second.map_err(failed("a listener"))?;
    }
    Ok((link, body))
}

async fn drain(link: Link, mut body: Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
    drop(link);
}
