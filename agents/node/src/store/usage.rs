//! How full the mailboxes are.

use std::collections::HashMap;

use alloy::primitives::Address;
use rusqlite::Connection;

use super::{StoreError, StoreLimits};

/// How full the mailboxes are, counted beside the table so that a delivery needs no sum.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage {
    by_wallet: HashMap<Address, (u64, u64)>,
    total: u64,
}

impl Usage {
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let mut usage = Self::default();
        let mut select = connection
            .prepare("SELECT wallet, sum(length(n1)), count(*) FROM messages GROUP BY wallet")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = u64::try_from(row.get::<_, i64>(1)?).unwrap_or_default();
            let count = u64::try_from(row.get::<_, i64>(2)?).unwrap_or_default();
            usage.by_wallet.insert(row.get::<_, [u8; 20]>(0)?.into(), (bytes, count));
            usage.total += bytes;
        }
        Ok(usage)
    }

    /// Counts a message in, if the limits let it.
    pub(super) fn add(&mut self, wallet: Address, bytes: u64, limits: &StoreLimits) -> bool {
        let (used, count) = self.by_wallet.get(&wallet).copied().unwrap_or_default();
        let fits = used + bytes <= limits.mailbox_bytes_max
            && count < limits.mailbox_messages_max
            && self.total + bytes <= limits.store_bytes_max;
        if fits {
            self.by_wallet.insert(wallet, (used + bytes, count + 1));
            self.total += bytes;
        }
        fits
    }

    pub(super) fn remove(&mut self, wallet: Address, bytes: u64, count: u64) {
        self.total = self.total.saturating_sub(bytes);
        if let Some((used, messages)) = self.by_wallet.get_mut(&wallet) {
            *used = used.saturating_sub(bytes);
            *messages = messages.saturating_sub(count);
            if *messages == 0 {
                self.by_wallet.remove(&wallet);
            }
        }
    }
}
