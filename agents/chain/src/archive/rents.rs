//! Rent that is paid for chains: followed by events.

use alloy::{primitives::B256, rpc::types::Filter, sol_types::SolEvent as _};
use conet_bindings::ChainAnchor::RentPaid;

use crate::{
    ChainReader,
    error::ChainError,
    limits::LOG_RANGE_BLOCKS,
    logs::{LogCursor, Polled},
    mainchain::Mainchain,
};

/// Payments of rent, from a little before it began to be followed.
#[derive(Debug)]
pub struct Rents {
    cursor: LogCursor,
}

impl Rents {
    /// Begins [`LOG_RANGE_BLOCKS`] before the newest block: whoever was away for longer hears of the next payment.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn follow(chain: &Mainchain, reader: ChainReader) -> Result<Self, ChainError> {
        let head = reader.head().await?;
        let missing = || ChainError::Answer { expected: "a block", found: "none".into() };
        let from = head.number.saturating_sub(LOG_RANGE_BLOCKS);
        let from = reader.block(from).await?.ok_or_else(missing)?;
        let filter = Filter::new()
            .address(chain.address("ChainAnchor"))
            .event_signature(RentPaid::SIGNATURE_HASH);
        Ok(Self { cursor: LogCursor::new(reader, filter, &from) })
    }

    /// New payments: each chain, and until when it is paid now, unix seconds.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn refresh(&mut self) -> Result<Vec<(B256, u64)>, ChainError> {
        let mut paid = Vec::new();
        loop {
            match self.cursor.poll().await? {
                Polled::Quiet => return Ok(paid),
                Polled::Logs { logs, .. } => {
                    let events =
                        logs.iter().filter_map(|log| RentPaid::decode_log(&log.inner).ok());
                    paid.extend(events.map(|event| (event.chain, event.paidThrough)));
                }
                // Rent is never given back. What a fork takes away, seats that read it stand by: this is for main chains
                // whose blocks are final at once.
                Polled::Reorganized { .. } => {}
                Polled::Gap { head } => self.cursor.restart(&head),
            }
        }
    }
}
