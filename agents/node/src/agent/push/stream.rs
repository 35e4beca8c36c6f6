//! One open stream: the cells that its connection sends, one after the other.

use std::sync::Arc;

use alloy::primitives::Address;
use conet_wire::session::{CellError, CellSealer, Frame, Notice};
use tokio::{sync::Notify, time::Instant};

use super::{Outbox, queue::Next};
use crate::clock;

/// Frame bytes put together before cells are cut from them.
const GATHER_BYTES: usize = 64 << 10;

/// A listening client's stream. Dropping it is what *offline* means.
#[derive(Debug)]
pub struct PushStream {
    outbox: Arc<Outbox>,
    wallet: Address,
    id: u64,
    session: [u8; 16],
    wake: Arc<Notify>,
    sealer: CellSealer,
    idle_at: Instant,
    ending: bool,
}

impl PushStream {
    pub(super) fn new(
        outbox: Arc<Outbox>,
        wallet: Address,
        id: u64,
        session: [u8; 16],
        wake: Arc<Notify>,
        mut sealer: CellSealer,
    ) -> Self {
        sealer.queue(&Frame::Opened { agent_clock: clock::unix_milliseconds() });
        let idle_at = Instant::now();
        Self { outbox, wallet, id, session, wake, sealer, idle_at, ending: false }
    }

    /// Whose stream this is.
    #[must_use]
    pub const fn wallet(&self) -> Address {
        self.wallet
    }

    /// The next cell; waits for one, at most until a look-alike is due. `None` when the
    /// stream has ended.
    ///
    /// Safe to cancel while it waits: nothing is taken from the queues before the last await.
    ///
    /// # Errors
    /// [`CellError`] only when the cryptographic library fails.
    pub async fn next_cell(&mut self) -> Result<Option<Vec<u8>>, CellError> {
        loop {
            self.gather().await;
            if self.sealer.waiting() > 0 {
                return self.seal().map(Some);
            }
            if self.ending {
                return Ok(None);
            }
            let woken = tokio::time::timeout_at(self.idle_at, self.wake.notified()).await;
            if woken.is_err() {
                return self.seal().map(Some);
            }
        }
    }

    fn seal(&mut self) -> Result<Vec<u8>, CellError> {
        self.idle_at = Instant::now() + self.outbox.idle_interval();
        self.sealer.seal()
    }

    /// Takes what is ready, up to a large cell.
    async fn gather(&mut self) {
        while !self.ending && self.sealer.waiting() < GATHER_BYTES {
            match self.outbox.next(&self.wallet, self.id) {
                Next::Send { index, kind, message } => self.sealer.queue(&Frame::Message {
                    index,
                    received_at: message.received_at,
                    kind,
                    n1: message.n1.to_vec(),
                }),
                Next::Drained => self.sealer.queue(&Frame::Drained),
                Next::Read(reading) => {
                    if let Err(error) = self.outbox.read(self.wallet, reading).await {
                        self.fail(&error);
                    }
                }
                Next::ReadOne { seq } => {
                    if let Err(error) = self.outbox.read_one(self.wallet, self.id, seq).await {
                        self.fail(&error);
                    }
                }
                Next::Wait => break,
                Next::End(notice) => {
                    self.ending = true;
                    if let Some(notice) = notice {
                        self.sealer.queue(&Frame::Notice(notice));
                    }
                }
            }
        }
    }

    /// The store cannot be read: the client connects again, and nothing is lost.
    fn fail(&mut self, error: &crate::store::StoreError) {
        tracing::error!(%error, "a stream ends because its mailbox cannot be read");
        self.ending = true;
        self.sealer.queue(&Frame::Notice(Notice::ShuttingDown));
    }
}

impl Drop for PushStream {
    fn drop(&mut self) {
        self.outbox.close(&self.wallet, self.id, &self.session);
    }
}
