//! Registering: a wallet signs its route, and an agent submits it and keeps the
//! wallet's mailbox from then on.
//!
//! White paper, *Registers Recipient Node*, steps 1–6 and 13–19, from the
//! client's side.

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use conet_bindings::RouteTable::RouteUpdate;
use conet_chain::{Admin, NodeEntry, key_set};
use conet_wire::{
    openpgp::Identity,
    parcel::{Content, Status},
    request::{Request, SignedRoute, Terms},
};
use rand::seq::IndexedRandom as _;
use tokio::time::{Instant, sleep};

use crate::{
    client::Client,
    clock,
    error::ClientError,
    exchange::{Parcel, refused},
    keystore::Wallet,
    limits::{
        REGISTER_TIMEOUT, REQUEST_SECONDS, ROUTE_DEADLINE_SECONDS, ROUTE_SECONDS,
        SHOWN_ON_CHAIN_INTERVAL, SHOWN_ON_CHAIN_TIMEOUT,
    },
    lookup::{Lookup, LookupOptions},
    relays::Avoid,
    state::Registration,
};

/// What a registration changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change {
    /// The agent, if another one is named; also renews the route's expiry.
    #[default]
    Agent,
    /// The encryption subkeys: new random ones. The old ones open mail until
    /// their overlap ends.
    Rotate,
    /// There is no agent any more.
    Leave,
}

/// How to register.
#[derive(Debug, Clone, Default)]
pub struct RegisterOptions {
    /// The agent; the present one by default, else any.
    pub agent: Option<U256>,
    /// The relay to use.
    pub via: Option<U256>,
    /// What changes.
    pub change: Change,
    /// The wallet pays and submits by itself, over the RPC; the agent is told after.
    pub self_submit: bool,
}

/// A registration that the chain shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The wallet.
    pub wallet: Address,
    /// Its agent; `None` after leaving.
    pub agent: Option<U256>,
    /// The route's serial.
    pub serial: u64,
    /// Which rotation its keys are at.
    pub epoch: u32,
    /// Until when the route is good, unix seconds.
    pub expiry: u64,
    /// The relay that was used, unless the wallet submitted by itself.
    pub relay: Option<U256>,
}

/// Everything that a registration is about.
struct Plan {
    /// Who is asked; also when leaving.
    agent: Arc<NodeEntry>,
    /// What the route will name.
    names: Option<U256>,
    identity: Identity,
    epoch: u32,
    route: SignedRoute,
}

impl Client {
    /// Registers `wallet`, and waits until the chain shows it.
    ///
    /// # Errors
    /// [`ClientError`] says what to do. Registering again is always safe.
    pub async fn register(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
    ) -> Result<Registered, ClientError> {
        let now = self.own_route(wallet, options).await?;
        let plan = self.plan(wallet, options, &now).await?;
        let relay = match options.self_submit {
            true => {
                self.submit_by_itself(wallet, &plan).await?;
                None
            }
            false => Some(self.ask_agent(wallet, options, &plan.agent, &plan.route).await?),
        };
        let shown = self.wait_until_shown(wallet, options, &plan).await?;
        self.keep(wallet, &plan, shown.serial()).await?;
        if options.self_submit && plan.names.is_some() {
            self.tell_agent(wallet, options, &plan.agent, &shown).await;
        }
        Ok(Registered {
            wallet: wallet.address(),
            agent: plan.names,
            serial: shown.serial(),
            epoch: plan.epoch,
            expiry: plan.route.update.expiry,
            relay,
        })
    }

    /// What the chain says of the wallet now.
    async fn own_route(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
    ) -> Result<Lookup, ClientError> {
        let lookup = LookupOptions {
            direct: options.self_submit,
            fresh: true,
            via: options.via,
            avoid_agents: self.own_agents(wallet.address()).await?,
        };
        self.look_up(wallet.address(), &lookup).await
    }

    async fn plan(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
        now: &Lookup,
    ) -> Result<Plan, ClientError> {
        wallet.reload()?;
        let present = now.record.as_ref().map(|record| record.update.agent);
        let present = present.filter(|agent| !agent.is_zero());
        let agent = self.choose_agent(options, present).await?;
        let names = (options.change != Change::Leave).then(|| agent.node.id());
        let identity = identity_to_publish(wallet, options.change, now)?;
        let epoch = u32::try_from(identity.epoch()).unwrap_or(u32::MAX);
        // Blocks of a development chain may be ahead of, or far behind, the clock.
        let time = clock::unix_seconds().max(now.chain_time);
        let update = RouteUpdate {
            wallet: wallet.address(),
            keys: key_set(&identity).into(),
            epoch,
            agent: names.unwrap_or_default(),
            expiry: time + ROUTE_SECONDS,
        };
        // The contract counts the nonce up with each route, as the serial.
        let nonce = U256::from(now.serial());
        let deadline = U256::from(time + ROUTE_DEADLINE_SECONDS);
        let network = self.network();
        let route = SignedRoute::sign(&network, wallet.signer(), update, nonce, deadline)?;
        Ok(Plan { agent, names, identity, epoch, route })
    }

    async fn choose_agent(
        &self,
        options: &RegisterOptions,
        present: Option<U256>,
    ) -> Result<Arc<NodeEntry>, ClientError> {
        if let Some(id) = options.agent.filter(|_| options.change != Change::Leave) {
            return self.agent(id).await;
        }
        if let Some(id) = present
            && let Ok(agent) = self.agent(id).await
        {
            return Ok(agent);
        }
        let agents = self.directory().await?.agents();
        let none = ClientError::NoAgent { action: "register with", known: agents.len() };
        agents.choose(&mut rand::rng()).cloned().ok_or(none)
    }

    /// Sends the signed route to the agent; answers through which relay.
    async fn ask_agent(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
        agent: &NodeEntry,
        route: &SignedRoute,
    ) -> Result<U256, ClientError> {
        let directory = self.directory().await?;
        let mut avoid = Avoid::new(options.via).add(agent);
        for own in self.own_agents(wallet.address()).await? {
            avoid = avoid.add_id(&directory, Some(own));
        }
        let id = agent.node.id();
        let make = || {
            let terms = Terms {
                agent: id,
                share: false,
                nonce: B256::from(rand::random::<[u8; 32]>()),
                expiry: clock::unix_seconds() + REQUEST_SECONDS,
            };
            let request =
                Request::register(&self.network(), wallet.signer(), &terms, route.clone(), None)?;
            Parcel::seal(agent, Content::Request, &request.encode())
        };
        let answered = self.deliver(&avoid, REGISTER_TIMEOUT, make).await?;
        match answered.answer.status {
            Status::Done => Ok(answered.relay),
            _ => Err(refused(id, &answered.answer)),
        }
    }

    async fn submit_by_itself(&self, wallet: &Wallet, plan: &Plan) -> Result<(), ClientError> {
        let admin = Admin::new(self.chain().await?.clone(), wallet.signer().clone());
        admin.set_route(plan.route.update.clone()).await?;
        Ok(())
    }

    /// An agent takes a client whose route names it on chain, without submitting anything.
    async fn tell_agent(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
        agent: &NodeEntry,
        shown: &Lookup,
    ) {
        let Some(record) = &shown.record else { return };
        let Ok(signature) = <[u8; 65]>::try_from(record.signature.as_ref()) else { return };
        let route = SignedRoute {
            update: record.update.clone(),
            nonce: record.nonce,
            deadline: record.deadline,
            signature,
        };
        if let Err(error) = self.ask_agent(wallet, options, agent, &route).await {
            tracing::warn!(%error, "the agent could not be told; run `conet register` once more");
        }
    }

    async fn wait_until_shown(
        &self,
        wallet: &Wallet,
        options: &RegisterOptions,
        plan: &Plan,
    ) -> Result<Lookup, ClientError> {
        let until = Instant::now() + SHOWN_ON_CHAIN_TIMEOUT;
        loop {
            match self.own_route(wallet, options).await {
                Ok(lookup) if is_shown(&lookup, plan) => return Ok(lookup),
                Ok(_) => {}
                // One node may have read the new block already, and the other not.
                Err(error) if Instant::now() >= until => return Err(error),
                Err(error) => tracing::debug!(%error, "not shown yet"),
            }
            if Instant::now() >= until {
                let seconds = SHOWN_ON_CHAIN_TIMEOUT.as_secs();
                return Err(ClientError::NotOnChain { agent: plan.agent.node.id(), seconds });
            }
            sleep(SHOWN_ON_CHAIN_INTERVAL).await;
        }
    }

    async fn keep(&self, wallet: &Wallet, plan: &Plan, serial: u64) -> Result<(), ClientError> {
        if plan.epoch > 0 {
            wallet.confirm_rotation(plan.epoch)?;
        }
        let address = wallet.address();
        let registration = plan.names.map(|agent| Registration { agent, serial });
        let keep = move |state: &crate::state::State| state.put_registration(address, registration);
        Ok(self.0.state.run(keep).await?)
    }

    /// The agents that know this wallet, as far as this home remembers.
    pub(crate) async fn own_agents(&self, wallet: Address) -> Result<Vec<U256>, ClientError> {
        let known = self.0.state.run(move |state| {
            let mut agents = state.former_agents(wallet)?;
            agents.extend(state.registration(wallet)?.map(|registration| registration.agent));
            Ok(agents)
        });
        Ok(known.await?)
    }
}

/// The keys that the next route names.
fn identity_to_publish(
    wallet: &Wallet,
    change: Change,
    now: &Lookup,
) -> Result<Identity, ClientError> {
    let on_chain = now.record.as_ref().map_or(0, |record| record.update.epoch);
    let own = wallet.epoch();
    if change == Change::Rotate {
        return Ok(wallet.begin_rotation(own.max(on_chain).saturating_add(1))?);
    }
    if on_chain <= own {
        return Ok(wallet.identity()?);
    }
    if wallet.has_epoch(on_chain) {
        // A rotation whose end this home did not see.
        wallet.confirm_rotation(on_chain)?;
        return Ok(wallet.identity()?);
    }
    tracing::warn!("the keys on chain are not in this keystore; publishing new ones");
    Ok(wallet.begin_rotation(on_chain.saturating_add(1))?)
}

fn is_shown(lookup: &Lookup, plan: &Plan) -> bool {
    let names = plan.names.unwrap_or_default();
    lookup.record.as_ref().is_some_and(|record| {
        record.update.agent == names
            && record.update.keys.handle.0 == plan.identity.handle()
            && U256::from(record.serial) > plan.route.nonce
    })
}
