//! Delivery: from an N1 to a mailbox or a stream.

use alloy::primitives::B256;
use bytes::Bytes;
use conet_wire::{
    parcel::Status,
    recipient::{HEAD_BYTES, recipient},
};
use sha2::{Digest as _, Sha256};

use super::{Agent, Outcome, clients::Match, unavailable};
use crate::{clock, store::Stored};

impl Agent {
    /// Whom an N1 is for, or why nobody.
    fn readers_of(&self, n1: &[u8]) -> Result<Vec<Match>, Outcome> {
        let head = n1.get(..HEAD_BYTES).unwrap_or(n1);
        let handle =
            recipient(head).map_err(|error| Outcome::because(Status::Malformed, &error))?;
        let found = self.clients.find(&handle, clock::unix_seconds());
        if found.is_empty() {
            return Err(Outcome::new(Status::UnknownRecipient));
        }
        if found.iter().all(|client| client.moved) {
            return Err(Outcome::new(Status::Moved));
        }
        Ok(found)
    }

    /// Stores first, then answers: a good answer means that the message is on disk
    /// for every client that its key handle names.
    pub(crate) async fn deliver_mail(&self, n1: &[u8]) -> Outcome {
        let readers = match self.readers_of(n1) {
            Ok(readers) => readers,
            Err(refusal) => return refusal,
        };
        // Ours alone, so the hash that processors know: keccak takes five times as long.
        let digest = B256::from(<[u8; 32]>::from(Sha256::digest(n1)));
        let n1 = Bytes::copy_from_slice(n1);
        let received_at = clock::unix_milliseconds();
        let expires_at = received_at / 1000 + self.config.message_seconds_max;
        for reader in readers.iter().filter(|reader| !reader.moved) {
            let stored = self
                .store
                .deliver(reader.wallet, digest, n1.clone(), received_at, expires_at)
                .await;
            match stored {
                Ok(Stored::Now | Stored::Before) => {}
                Ok(Stored::Full) => return Outcome::new(Status::MailboxFull),
                Err(error) => return unavailable(&error),
            }
        }
        Outcome::new(Status::Done)
    }

    /// Hands over to a connected reader, or refuses; never stores.
    pub(super) fn deliver_live(&self, n1: &[u8]) -> Outcome {
        let readers = match self.readers_of(n1) {
            Ok(readers) => readers,
            Err(refusal) => return refusal,
        };
        let n1 = Bytes::copy_from_slice(n1);
        let now = clock::unix_milliseconds();
        let mut handed_over = false;
        for reader in readers.iter().filter(|reader| !reader.moved) {
            handed_over |= self.outbox.hand_over(reader.wallet, n1.clone(), now);
        }
        Outcome::new(if handed_over { Status::HandedOver } else { Status::NotConnected })
    }
}
