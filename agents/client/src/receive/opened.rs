//! What becomes of one N1: shown, kept as a part, known already, or refused.

use alloy::primitives::{B256, keccak256};
use conet_wire::{
    message::{self, Header, Message},
    openpgp::{OpenError, OpenLimits, Opened, open},
    sizes::N2_MAX,
};

use super::{
    Event, Listener,
    acks::Place,
    delivery::{Body, Delivery},
};
use crate::{
    clock,
    error::ClientError,
    limits::{MESSAGE_SECONDS_MAX, SENT_AHEAD_SECONDS_MAX},
    state::{Added, PartialKey},
};

/// The longest plaintext of one N1; foreign ones may be compressed.
const PLAINTEXT_BYTES_MAX: usize = 4 * N2_MAX;

impl Listener {
    pub(super) async fn message(
        &mut self,
        place: Place,
        received_at: u64,
        n1: &[u8],
    ) -> Result<(), ClientError> {
        let opened = match self.open_n1(n1) {
            Ok(opened) => opened,
            Err(error) => {
                self.refuse(place, format!("a message that does not open: {error}"));
                return Ok(());
            }
        };
        let plaintext = &opened.plaintext;
        let network = self.client.network();
        match message::decode(&network, self.wallet.address(), plaintext) {
            Ok(Message::Signed(header, content)) => {
                self.signed(place, received_at, &header, content).await
            }
            Ok(Message::Unsigned(content)) => {
                self.unsigned(place, received_at, &opened, content).await
            }
            Err(error) => {
                // Words that nobody vouches for; whoever they claim to be from is not said.
                tracing::info!(%error, "a signed form that does not hold");
                self.unsigned(place, received_at, &opened, unvouched(plaintext)).await
            }
        }
    }

    /// Keys may have been rotated by another process since they were read.
    fn open_n1(&mut self, n1: &[u8]) -> Result<Opened, OpenError> {
        let limits =
            OpenLimits { plaintext_bytes_max: PLAINTEXT_BYTES_MAX, ..OpenLimits::default() };
        match open(n1, &self.keys, limits) {
            Err(OpenError::NotForUs { .. }) => {
                let reloaded = self.wallet.reload().and_then(|()| self.wallet.decryptor());
                match reloaded {
                    Ok(keys) => self.keys = keys,
                    Err(error) => tracing::warn!(%error, "rotated keys could not be read"),
                }
                open(n1, &self.keys, limits)
            }
            other => other,
        }
    }

    async fn unsigned(
        &mut self,
        place: Place,
        received_at: u64,
        opened: &Opened,
        content: &[u8],
    ) -> Result<(), ClientError> {
        let key = B256::from(opened.session_key_hash);
        if self.is_known(place, key).await? {
            return Ok(());
        }
        self.hand_out(
            place,
            Delivery {
                id: key,
                from: None,
                received_at,
                bytes: content.len() as u64,
                body: Body::Bytes(content.to_vec()),
                key,
                expires_at: clock::unix_seconds() + 2 * MESSAGE_SECONDS_MAX,
                parts: None,
            },
        );
        Ok(())
    }

    async fn signed(
        &mut self,
        place: Place,
        received_at: u64,
        header: &Header,
        content: &[u8],
    ) -> Result<(), ClientError> {
        let key = keccak256([header.from.as_slice(), header.id.as_slice()].concat());
        if self.is_known(place, key).await? {
            return Ok(());
        }
        let sent_at = header.sent_at / 1000;
        let now = clock::unix_seconds();
        if let Err(reason) = check_age(sent_at, now) {
            self.refuse(place, format!("a message by {} {reason}", header.from));
            return Ok(());
        }
        let mut delivery = Delivery {
            id: header.id,
            from: Some(header.from),
            received_at,
            bytes: content.len() as u64,
            body: Body::Bytes(Vec::new()),
            key,
            expires_at: sent_at.max(now) + MESSAGE_SECONDS_MAX + SENT_AHEAD_SECONDS_MAX,
            parts: None,
        };
        if header.parts == 1 {
            delivery.body = Body::Bytes(content.to_vec());
            self.hand_out(place, delivery);
            return Ok(());
        }
        self.part(place, header, content, delivery).await
    }

    async fn part(
        &mut self,
        place: Place,
        header: &Header,
        content: &[u8],
        mut delivery: Delivery,
    ) -> Result<(), ClientError> {
        let parts_key =
            PartialKey { reader: self.wallet.address(), sender: header.from, id: header.id };
        let (part, parts, content) = (header.part, header.parts, content.to_vec());
        let now = clock::unix_seconds();
        let add = move |state: &crate::state::State| {
            state.add_part(parts_key, part, parts, &content, now)
        };
        match self.client.0.state.run(add).await? {
            Added::Incomplete { have, dropped } => {
                self.done(place);
                let (from, id) = (header.from, header.id);
                self.events.push_back(Event::Part { from, id, have, parts });
                if dropped > 0 {
                    let reason = format!("{dropped} incomplete messages, to make room for others");
                    self.events.push_back(Event::Refused { reason });
                }
            }
            Added::Complete(files) => {
                delivery.bytes = total(&files).map_err(ClientError::Content)?;
                delivery.body = Body::Files(files);
                delivery.parts = Some(parts_key);
                self.hand_out(place, delivery);
            }
            Added::Contradiction { expected } => self.refuse(
                place,
                format!("a part of {parts} by {}, expected one of {expected}", header.from),
            ),
            Added::TooLarge => {
                self.refuse(place, format!("a part by {}: there is no room", header.from));
            }
        }
        Ok(())
    }

    /// Whether a message was shown before, or is about to be.
    async fn is_known(&mut self, place: Place, key: B256) -> Result<bool, ClientError> {
        if let Some(places) = self.pending.get_mut(&key) {
            // It came again on a new stream before it was confirmed.
            if !places.contains(&place) {
                places.push(place);
            }
            return Ok(true);
        }
        let reader = self.wallet.address();
        let shown = self.client.0.state.run(move |state| state.is_shown(reader, key)).await?;
        if shown {
            self.done(place);
        }
        Ok(shown)
    }

    fn hand_out(&mut self, place: Place, delivery: Delivery) {
        self.pending.insert(delivery.key, vec![place]);
        self.events.push_back(Event::Message(Box::new(delivery)));
    }

    fn refuse(&mut self, place: Place, reason: String) {
        self.done(place);
        self.events.push_back(Event::Refused { reason });
    }

    fn done(&mut self, place: Place) {
        if let Some(connection) = &mut self.connection {
            connection.acks.done(place);
        }
    }
}

fn total(files: &[std::path::PathBuf]) -> std::io::Result<u64> {
    files.iter().map(|file| Ok(file.metadata()?.len())).sum()
}

/// Too old a message may have been shown and forgotten; one from the future would
/// have to be remembered forever.
fn check_age(sent_at: u64, now: u64) -> Result<(), String> {
    if sent_at.saturating_add(MESSAGE_SECONDS_MAX) < now {
        return Err(format!("of unix time {sent_at}, older than messages can be"));
    }
    if sent_at > now.saturating_add(SENT_AHEAD_SECONDS_MAX) {
        return Err(format!("of unix time {sent_at}, which is in the future"));
    }
    Ok(())
}

/// The words of a signed form that does not hold, without its header.
fn unvouched(plaintext: &[u8]) -> &[u8] {
    let Some((fields, rest)) = plaintext.split_at_checked(message::OVERHEAD) else {
        return plaintext;
    };
    let length = fields.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    rest.get(..length).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_messages_and_those_of_the_future_are_refused() {
        let now = 1_800_000_000;
        assert!(check_age(now, now).is_ok());
        assert!(check_age(now - MESSAGE_SECONDS_MAX, now).is_ok());
        assert!(check_age(now - MESSAGE_SECONDS_MAX - 1, now).is_err());
        assert!(check_age(now + SENT_AHEAD_SECONDS_MAX, now).is_ok());
        assert!(check_age(now + SENT_AHEAD_SECONDS_MAX + 1, now).is_err());
        assert!(check_age(u64::MAX, now).is_err());
    }

    #[test]
    fn unvouched_words_come_without_their_header() {
        let mut form = vec![7; message::OVERHEAD - 4];
        form.extend_from_slice(&5_u32.to_be_bytes());
        form.extend_from_slice(b"hello\0\0\0");
        assert_eq!(unvouched(&form), b"hello");
        form.truncate(message::OVERHEAD + 2);
        assert_eq!(unvouched(&form), b"he");
        assert_eq!(unvouched(b"short"), b"short");
    }
}
