//! An endpoint that tells of blocks by itself.

use std::{sync::Arc, time::Duration};

use alloy::{providers::Provider as _, pubsub::RawSubscription};
use tokio::{sync::broadcast::error::RecvError, time::timeout};

use super::{SourceError, endpoint::Endpoint};

/// How long it may take to begin to tell of blocks.
const TELL_TIMEOUT: Duration = Duration::from_secs(5);

/// A subscription.
#[derive(Debug)]
pub(super) struct News {
    endpoint: Arc<Endpoint>,
    told: RawSubscription,
    /// The newest block when it was waited for in vain, if that was the last time.
    quiet_at: Option<u64>,
}

impl News {
    /// Subscribes to new blocks.
    pub(super) async fn begin(endpoint: &Arc<Endpoint>) -> Result<Self, SourceError> {
        endpoint.turn(1).await;
        let asking = async {
            let provider = endpoint.connected().await?;
            Ok(provider.subscribe_blocks().await?.into_raw())
        };
        let told = endpoint.in_time(TELL_TIMEOUT, asking).await?;
        Ok(Self { endpoint: Arc::clone(endpoint), told, quiet_at: None })
    }

    /// Waits for the next block, or so long. `None`: the connection is gone.
    pub(super) async fn next(&mut self, quiet_max: Duration, head: u64) -> Option<()> {
        let told = timeout(quiet_max, self.told.recv()).await;
        self.quiet_at = told.is_err().then_some(head);
        if matches!(told, Ok(Err(RecvError::Closed))) { None } else { Some(()) }
    }

    /// Whether the chain went on, and it told nothing: the server forgot it, or the connection leads nowhere.
    pub(super) fn is_silent(&self, head: u64) -> bool {
        self.told.is_empty() && self.quiet_at.is_some_and(|quiet_at| head > quiet_at)
    }

    /// Ends the connection with it: the server forgets what it may still remember.
    pub(super) fn end(self) {
        self.endpoint.disconnect();
    }
}
