//! A participant in small chains reaches archive nodes through relays.
//!
//! Its parcels are signed and addressed by themselves ([`conet_wire::ledgers`]): this
//! carries them, and says nothing of the sender to anybody but the addressed node.
//! No node that is to be avoided is a relay here, nor another one of its owner.
//!
//! The same few relays are used again, each for its share of the nodes: the fewer see
//! a connection, the fewer can tell whose it is; and when one fails, the streams
//! through the others go on.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy::primitives::U256;
use conet_chain::{Directory, NodeEntry};
use conet_wire::{
    ledgers::{LedgerRequest, stream_binding},
    parcel::{Content, Status},
    session::{CellError, CellOpener, Frame, SessionSecret},
};

use crate::{
    client::Client,
    error::ClientError,
    exchange::{Answered, OpenedStream, Parcel, StreamAnswer, refused},
    limits::LEDGER_RELAYS_KEPT,
    relays::Avoid,
    transport::TransportError,
};

/// The way to archive nodes through relays.
#[derive(Debug)]
pub struct LedgerRelays {
    client: Client,
    /// Somebody keeps it current: nothing here waits for the chain.
    directory: Directory,
    /// Relays that worked, in the order in which they were drawn.
    kept: Mutex<Vec<U256>>,
}

/// An archive node, and who must not carry what is for it.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The archive node.
    pub node: U256,
    /// Who must not see the connection, besides it and its owner's other nodes.
    pub avoid: &'a [U256],
    /// How long one relay may take.
    pub patience: Duration,
}

/// A stream of the ledgers' parcels, as bytes.
#[derive(Debug)]
pub struct LedgerStream {
    stream: OpenedStream,
    cells: CellOpener,
}

/// Why such a stream breaks.
#[derive(Debug, thiserror::Error)]
pub enum LedgerStreamError {
    /// The relay.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A cell that does not open.
    #[error(transparent)]
    Cell(#[from] CellError),
    /// Something else than bytes.
    #[error("expected bytes of parcels, found another frame")]
    Frame,
}

impl LedgerStream {
    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`LedgerStreamError`]; the stream is of no use then.
    pub async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, LedgerStreamError> {
        loop {
            let Some(cell) = self.stream.next_cell().await? else { return Ok(None) };
            let mut frames = Vec::new();
            self.cells.open(&cell, &mut frames)?;
            let mut bytes = Vec::new();
            for frame in frames {
                let Frame::Bytes(more) = frame else { return Err(LedgerStreamError::Frame) };
                bytes.extend_from_slice(&more);
            }
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// The relay that it comes through.
    #[must_use]
    pub const fn relay(&self) -> U256 {
        self.stream.relay
    }
}

impl LedgerRelays {
    /// For one participant, among the nodes of a directory that is followed.
    #[must_use]
    pub const fn new(client: Client, directory: Directory) -> Self {
        Self { client, directory, kept: Mutex::new(Vec::new()) }
    }

    /// Hands a request over, and waits until the node has taken it.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the node refuses it; others when it was not reached.
    pub async fn request(
        &self,
        to: Addressee<'_>,
        request: &LedgerRequest<'_>,
    ) -> Result<(), ClientError> {
        let (node, relays) = self.way(to)?;
        let body = request.encode();
        let make = || Parcel::seal(&node, Content::Ledgers, &body);
        let answered = self.client.deliver_over(relays, to.patience, make).await?;
        let Answered { answer, relay, attempts } = answered;
        self.keep(relay);
        match answer.status {
            status if status.is_success() => Ok(()),
            // A relay delivered it and lost the answer, so that another one was asked.
            Status::Replayed if attempts > 1 => Ok(()),
            _ => Err(refused(to.node, &answer)),
        }
    }

    /// Opens the sender's stream; `asks` is the parcel that asks for it.
    ///
    /// # Errors
    /// As of [`Self::request`].
    pub async fn stream(
        &self,
        to: Addressee<'_>,
        asks: &[u8],
    ) -> Result<LedgerStream, ClientError> {
        let (node, relays) = self.way(to)?;
        let secret = SessionSecret::new(rand::random());
        let body = LedgerRequest::Stream { secret: secret.clone(), parcel: asks }.encode();
        let make = || Parcel::seal(&node, Content::Ledgers, &body);
        match self.client.open_stream_over(relays, to.patience, make).await? {
            StreamAnswer::Refused(answered) => Err(refused(to.node, &answered.answer)),
            StreamAnswer::Stream(stream) => {
                self.keep(stream.relay);
                let cells = CellOpener::new(secret, stream_binding(to.node, asks));
                Ok(LedgerStream { stream: *stream, cells })
            }
        }
    }

    /// The node, and the relays to try for it.
    fn way(&self, to: Addressee<'_>) -> Result<(Arc<NodeEntry>, Vec<Arc<NodeEntry>>), ClientError> {
        let unknown = ClientError::UnknownNode { id: to.node };
        let node = self.directory.by_id(to.node).ok_or(unknown)?;
        let mut avoid = Avoid::new(None).add(&node);
        for other in to.avoid {
            avoid = avoid.add_id(&self.directory, Some(*other));
        }
        let relays = self.client.relays(&self.directory, &avoid)?;
        let share = usize::try_from(to.node % U256::from(LEDGER_RELAYS_KEPT)).unwrap_or_default();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|relay| !self.client.failed_lately(relay));
        Ok((node, in_order(relays, &kept, share)))
    }

    fn keep(&self, relay: U256) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.contains(&relay) && kept.len() < LEDGER_RELAYS_KEPT {
            kept.push(relay);
        }
    }
}

/// The kept relay of this share first, if there is one; else one that is not kept yet.
fn in_order(mut relays: Vec<Arc<NodeEntry>>, kept: &[U256], share: usize) -> Vec<Arc<NodeEntry>> {
    let own = kept.get(share);
    let rank = |relay: &Arc<NodeEntry>| {
        let id = relay.node.id();
        let is_kept = kept.contains(&id);
        (own != Some(&id), if own.is_some() { !is_kept } else { is_kept })
    };
    relays.sort_by_key(rank);
    relays
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestNode, directory};

    #[test]
    fn few_relays_are_used_again_and_each_has_its_share() {
        let relay = |id| TestNode { id, owner: id as u8, relay: true, agent: false };
        let relays = directory(&[1, 2, 3, 4, 5].map(relay)).relays();
        let ids = |kept: &[u64], share| -> Vec<u64> {
            let kept: Vec<_> = kept.iter().map(|id| U256::from(*id)).collect();
            let found = in_order(relays.clone(), &kept, share);
            found.iter().map(|relay| relay.node.id().to()).collect()
        };
        // The share's own, the other kept ones, then the rest in the order in which they were drawn.
        assert_eq!(ids(&[4, 2, 5], 1), [2, 4, 5, 1, 3]);
        assert_eq!(ids(&[4, 2, 5], 2), [5, 2, 4, 1, 3]);
        // Not all are found yet: a new one first.
        assert_eq!(ids(&[4, 2], 2), [1, 3, 5, 2, 4]);
        assert_eq!(ids(&[], 0), [1, 2, 3, 4, 5]);
    }
}
