//! Which agents keep mail for a wallet.

use std::collections::VecDeque;

use alloy::primitives::{Address, U256};

use crate::{client::Client, error::ClientError, lookup::LookupOptions};

/// An agent that keeps mail for the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) agent: U256,
    /// The wallet has left it: it is asked until it has nothing more.
    pub(super) former: bool,
}

impl Client {
    /// The agents that the wallet left, then its own.
    pub(super) async fn mailboxes(
        &self,
        wallet: Address,
    ) -> Result<VecDeque<Mailbox>, ClientError> {
        let known = self
            .0
            .state
            .run(move |state| Ok((state.former_agents(wallet)?, state.registration(wallet)?)));
        let (former, registration) = known.await?;
        let own = match registration {
            Some(registration) => Some(registration.agent),
            None => match self.agent_by_route(wallet, &former).await {
                Ok(agent) => Some(agent),
                // Who has left everybody may still have mail somewhere.
                Err(_) if !former.is_empty() => None,
                Err(error) => return Err(error),
            },
        };
        let former = former.into_iter().map(|agent| Mailbox { agent, former: true });
        let own = own.map(|agent| Mailbox { agent, former: false });
        Ok(former.chain(own).collect())
    }

    pub(super) async fn agent_by_route(
        &self,
        wallet: Address,
        avoid_agents: &[U256],
    ) -> Result<U256, ClientError> {
        let options = LookupOptions {
            fresh: true,
            avoid_agents: avoid_agents.to_vec(),
            ..LookupOptions::default()
        };
        let route = match self.look_up(wallet, &options).await?.verified() {
            Err(ClientError::NoRoute { .. }) => Err(ClientError::NotRegistered { wallet }),
            other => other,
        }?;
        route.agent().ok_or(ClientError::NotRegistered { wallet })
    }
}
