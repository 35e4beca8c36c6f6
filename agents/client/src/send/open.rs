//! The open profile: what anybody can do with OpenPGP tools and HTTP.

use alloy::primitives::U256;
use bytes::Bytes;
use conet_chain::NodeEntry;
use conet_wire::{claim::VerifiedRoute, openpgp::seal};

use crate::{
    client::Client,
    error::{ClientError, RelayFailure},
    limits::RELAY_ATTEMPTS_MAX,
    relays::Avoid,
    transport::TransportError,
};

impl Client {
    /// Posts N2 around N1 to one relay after the other; answers which one took it.
    pub(super) async fn post_open(
        &self,
        route: &VerifiedRoute,
        agent: &NodeEntry,
        avoid: &Avoid,
        plaintext: &[u8],
        v4: bool,
    ) -> Result<U256, ClientError> {
        let wallet = route.wallet();
        let (to, over) = match v4 {
            false => (route.certificate(), agent.node.certificate()),
            true => {
                let to = route.certificate_v4().ok_or(ClientError::NoV4 { wallet })?;
                // The agent's layer may be either; v6 if it publishes no v4.
                (to, agent.node.certificate_v4().unwrap_or(agent.node.certificate()))
            }
        };
        let n2 = Bytes::from(seal(&seal(plaintext, to)?, over)?);
        let relays = self.relays(&self.directory().await?, avoid)?;
        let mut last = ClientError::NoRelay { known: relays.len() };
        for (done, relay) in relays.iter().take(RELAY_ATTEMPTS_MAX).enumerate() {
            let id = relay.node.id();
            let answer = self.0.transport.open_post(relay, n2.clone()).await;
            self.note_relay(id, is_down(&answer)).await;
            match answer {
                Ok((status, _)) if status.is_success() => return Ok(id),
                Ok((status, reason)) => {
                    let status = status.as_u16();
                    last = ClientError::OpenRefused { relay: id, status, reason };
                    // What the relay or the way to the agent is to blame for.
                    if !matches!(status, 408 | 429 | 502 | 503) {
                        return Err(last);
                    }
                }
                Err(error) => {
                    let (attempts, last_failure) = (done + 1, RelayFailure::Transport(error));
                    last = ClientError::Relays { attempts, relay: id, last: last_failure };
                }
            }
        }
        Err(last)
    }
}

fn is_down<T>(answer: &Result<T, TransportError>) -> bool {
    // A website's answer says that the open profile is off there, no more.
    answer.as_ref().is_err_and(|error| !matches!(error, TransportError::Website { .. }))
}
