//! Connected readers of an agent: open the session's cells, count messages, and
//! acknowledge in batches. What is inside the messages stays closed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use conet_wire::{
    openpgp::PublicCertificate,
    parcel::Content,
    relay::RelayStatus,
    session::{AckSender, CellOpener, Frame},
    veil::TransportSecret,
};

use super::load::ReadPlan;
use crate::{
    material::{listen, n2, wallet},
    peer::{Cells, PeerLink},
};
use conet_measure::{BenchError, failed, wrong};

/// Messages that one acknowledgement names.
const ACKNOWLEDGE_EVERY: u64 = 64;

/// How long the last messages wait for their acknowledgement.
const ACKNOWLEDGE_AFTER: Duration = Duration::from_millis(50);

/// How long all messages may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Readers {
    acknowledged: Arc<AtomicUsize>,
    open: tokio::task::JoinSet<Result<(), BenchError>>,
}

impl Readers {
    pub(super) fn any(&self) -> bool {
        !self.open.is_empty()
    }

    /// Messages received, and acknowledged.
    pub(super) fn received(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(super) async fn wait_for(&mut self, count: usize) -> Result<(), BenchError> {
        let all = async {
            while self.received() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
                if let Some(ended) = self.open.try_join_next() {
                    ended.map_err(failed("a reader"))??;
                    return Err(wrong("a reader", "its stream ended"));
                }
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, all).await.map_err(failed("waiting for the readers"))?
    }

    pub(super) async fn open(
        &mut self,
        plan: &ReadPlan,
        identity: &TransportSecret,
    ) -> Result<(), BenchError> {
        let to = plan.agent.certificate()?;
        for n in &plan.wallets {
            let (parcel, secret, binding) = listen(&wallet(*n)?, &plan.agent, &to)?;
            let cells = PeerLink::open(&plan.agent, identity).await?.stream(&parcel).await?;
            let reader = Reader {
                cells,
                opener: CellOpener::new(secret, binding),
                acks: None,
                link: PeerLink::open(&plan.agent, identity).await?,
                to: to.clone(),
                received: 0,
                acknowledged: 0,
                counter: Arc::clone(&self.acknowledged),
            };
            self.open.spawn(reader.read());
        }
        Ok(())
    }
}

struct Reader {
    cells: Cells,
    opener: CellOpener,
    acks: Option<AckSender>,
    link: PeerLink,
    to: PublicCertificate,
    received: u64,
    acknowledged: u64,
    counter: Arc<AtomicUsize>,
}

impl Reader {
    async fn read(mut self) -> Result<(), BenchError> {
        let mut frames = Vec::new();
        loop {
            let due = self.received > self.acknowledged;
            let wait = if due { ACKNOWLEDGE_AFTER } else { PATIENCE };
            // A cell is in pieces at most between two of its reads, which the reader keeps.
            match tokio::time::timeout(wait, self.cells.next()).await {
                Err(_) => self.acknowledge().await?,
                Ok(cell) => {
                    let Some(cell) = cell? else { return Ok(()) };
                    let acks = self.opener.open(&cell, &mut frames).map_err(failed("a cell"))?;
                    self.acks = acks.or(self.acks.take());
                    for frame in frames.drain(..) {
                        if let Frame::Message { index, .. } = frame {
                            self.received = index + 1;
                        }
                    }
                    if self.received - self.acknowledged >= ACKNOWLEDGE_EVERY {
                        self.acknowledge().await?;
                    }
                }
            }
        }
    }

    async fn acknowledge(&mut self) -> Result<(), BenchError> {
        if self.received == self.acknowledged {
            return Ok(());
        }
        let acks = self.acks.as_mut().ok_or_else(|| wrong("a reader", "no session"))?;
        let ack = acks.acknowledge(self.received - 1).map_err(failed("an acknowledgement"))?;
        let (parcel, _) = n2(Content::Acknowledgement, &ack, &self.to)?;
        let (status, _) = self.link.request(&parcel).await?;
        if status != RelayStatus::Answered as u8 {
            return Err(wrong("an acknowledgement", format!("the node says {status}")));
        }
        let more = usize::try_from(self.received - self.acknowledged).unwrap_or_default();
        self.counter.fetch_add(more, Ordering::Relaxed);
        self.acknowledged = self.received;
        Ok(())
    }
}
