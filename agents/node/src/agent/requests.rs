//! Requests: register, listen, look up.

use alloy::primitives::{Address, B256};
use conet_bindings::RouteTable::RouteRecord;
use conet_chain::{ChainError, RouteChange, SubmitError, routes::Routes};
use conet_wire::{
    claim::verify_signed_route,
    parcel::Status,
    recipient::Handle,
    request::{CLOCK_SKEW_SECONDS, LookupAnswer, Register, Request, SignedRoute},
    session::{Notice, SessionBinding, SessionSecret},
};

use super::{Agent, Carried, Outcome, unavailable};
use crate::{
    clock,
    metrics::ParcelKind,
    store::{Client, Remembered},
};

/// Routes read at once when the agent compares its clients with the chain.
const ROUTES_PER_READ: usize = 50;

impl Agent {
    pub(super) async fn request(&self, body: &[u8], want_stream: bool) -> (ParcelKind, Carried) {
        let request = match Request::decode(body) {
            Ok(request) => request,
            Err(error) => {
                let refusal = Outcome::because(error.status(), &error);
                return (ParcelKind::Unread, Carried::Answer(refusal));
            }
        };
        let kind = match &request {
            Request::Register { .. } => ParcelKind::Register,
            Request::Listen { .. } => ParcelKind::Listen,
            Request::Lookup { .. } => ParcelKind::Lookup,
        };
        let carried = self.checked_request(request, want_stream).await;
        (kind, carried.unwrap_or_else(Carried::Answer))
    }

    async fn checked_request(
        &self,
        request: Request,
        want_stream: bool,
    ) -> Result<Carried, Outcome> {
        let digest = request
            .check(&self.network, self.id, clock::unix_seconds())
            .map_err(|error| Outcome::because(error.status(), &error))?;
        match (request, digest) {
            (Request::Lookup { wallets }, _) => self.look_up(&wallets).await.map(Carried::Answer),
            (Request::Listen { body, secret, .. }, Some(digest)) => {
                self.remember(body.wallet, digest, body.expiry).await?;
                if !want_stream {
                    return Err(Outcome::because(Status::Malformed, &"sent without a stream"));
                }
                self.client_for_stream(body.wallet)?;
                self.open_stream(body.wallet, digest, &secret, body.share)
            }
            (Request::Register { body, route, secret, .. }, Some(digest)) => {
                self.remember(body.wallet, digest, body.expiry).await?;
                let registered = self.register(&body, &route).await?;
                match secret {
                    Some(secret) if want_stream && !route.update.agent.is_zero() => {
                        self.open_stream(body.wallet, digest, &secret, body.share)
                    }
                    _ => Ok(Carried::Answer(registered)),
                }
            }
            _ => Err(Outcome::new(Status::Malformed)),
        }
    }

    /// A request takes effect once, also across restarts.
    async fn remember(&self, wallet: Address, digest: B256, expiry: u64) -> Result<(), Outcome> {
        // It may be repeated for as long as it is taken, which is this much after its expiry.
        let until = expiry.saturating_add(CLOCK_SKEW_SECONDS + 1);
        match self.store.remember_request(wallet, digest, until).await {
            Ok(Remembered::New) => Ok(()),
            Ok(Remembered::Seen) => Err(Outcome::new(Status::Replayed)),
            Ok(Remembered::Full) => Err(Outcome::because(
                Status::Busy,
                &"too many requests are remembered; try again in ten minutes",
            )),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn client_for_stream(&self, wallet: Address) -> Result<(), Outcome> {
        match self.clients.get(&wallet) {
            None => Err(Outcome::new(Status::NotRegistered)),
            // Mail that came before the move is still handed out.
            Some(_) => Ok(()),
        }
    }

    fn open_stream(
        &self,
        wallet: Address,
        request: B256,
        secret: &SessionSecret,
        share: bool,
    ) -> Result<Carried, Outcome> {
        let binding = SessionBinding { wallet, agent: self.id, request };
        self.outbox
            .open(secret, rand::random(), &binding, share)
            .map(|stream| Carried::Stream(Box::new(stream)))
            .map_err(|error| Outcome::because(Status::Busy, &error))
    }

    async fn register(&self, body: &Register, route: &SignedRoute) -> Result<Outcome, Outcome> {
        let _permit = self
            .registrations
            .try_acquire()
            .map_err(|_| Outcome::because(Status::Busy, &"too many registrations under way"))?;
        let wallet = body.wallet;
        let leaving = route.update.agent.is_zero();
        if !leaving && route.update.agent != self.id {
            return Err(Outcome::because(Status::WrongAddressee, &"the route names another agent"));
        }
        self.admit(wallet)?;
        self.admit_keys(route)?;
        let record = self.submit(route).await?;
        // Somebody else may have come with the same keys in the meantime: one at a time from here.
        let _keeping = self.keeping.lock().await;
        self.admit_keys(route)?;
        self.keep(&record, leaving).await?;
        tracing::info!(serial = record.serial, leaving, "a client registered");
        Ok(Outcome { status: Status::Done, body: record.serial.to_be_bytes().to_vec() })
    }

    fn admit(&self, wallet: Address) -> Result<(), Outcome> {
        if !self.config.invited.is_empty() && !self.config.invited.contains(&wallet) {
            return Err(Outcome::because(
                Status::NotAdmitted,
                &"this agent takes invited wallets only",
            ));
        }
        let known = self.clients.get(&wallet).is_some();
        if !known && self.clients.len() >= self.config.clients_max {
            return Err(Outcome::because(Status::NotAdmitted, &"this agent is full"));
        }
        Ok(())
    }

    /// OpenPGP asks no consent of an encryption key: anybody can write a certificate with
    /// somebody else's in it. Mail to that key belongs to the one who came with it first.
    fn admit_keys(&self, route: &SignedRoute) -> Result<(), Outcome> {
        let (wallet, keys) = (route.update.wallet, &route.update.keys);
        let v4 = (!keys.handleV4.is_zero()).then_some(Handle::V4(keys.handleV4.0));
        let mut handles = std::iter::once(Handle::V6(keys.handle.0)).chain(v4);
        let now = clock::unix_seconds();
        let leaving = route.update.agent.is_zero();
        if !leaving && handles.any(|handle| self.clients.is_anothers(&wallet, &handle, now)) {
            return Err(Outcome::because(
                Status::NotAdmitted,
                &"another client of this agent has this encryption key; rotate, and register again",
            ));
        }
        Ok(())
    }

    async fn submit(&self, route: &SignedRoute) -> Result<RouteRecord, Outcome> {
        verify_signed_route(&self.network, route, clock::unix_seconds())
            .map_err(|error| Outcome::because(Status::Malformed, &error))?;
        let Some(submitter) = &self.submitter else {
            return self.set_by_itself(route).await;
        };
        submitter.submit(route).await.map_err(|error| match error {
            SubmitError::Refused(_) | SubmitError::Nonce { .. } => {
                Outcome::because(Status::ChainRefused, &error)
            }
            SubmitError::Budget(_) | SubmitError::Busy { .. } | SubmitError::TooManyInFlight => {
                Outcome::because(Status::Busy, &error)
            }
            SubmitError::Chain(ChainError::GasWalletEmpty { .. }) => {
                tracing::error!(%error, "a route could not be submitted");
                Outcome::because(
                    Status::Unavailable,
                    &"the agent has no gas left for its clients: choose another, or --self-submit",
                )
            }
            SubmitError::Chain(_) => {
                tracing::error!(%error, "a route could not be submitted");
                Outcome::because(Status::Unavailable, &"the agent cannot reach the chain")
            }
        })
    }

    /// Without a submitter, the wallet has to have set this very route before.
    async fn set_by_itself(&self, route: &SignedRoute) -> Result<RouteRecord, Outcome> {
        let found = self.reader.route(route.update.wallet).await.map_err(|error| {
            tracing::error!(%error, "a route could not be read");
            Outcome::because(Status::Unavailable, &"the agent cannot reach the chain")
        })?;
        found.filter(|record| record.update == route.update).ok_or_else(|| {
            Outcome::because(
                Status::NotAdmitted,
                &"this agent submits no routes: set the route by yourself first (--self-submit)",
            )
        })
    }

    async fn keep(&self, record: &RouteRecord, leaving: bool) -> Result<(), Outcome> {
        let now = clock::unix_seconds();
        let update = &record.update;
        if leaving {
            return self
                .client_left(update.wallet, record.serial)
                .await
                .map_err(|error| unavailable(&error));
        }
        let overlap_until = now + self.config.rotation_overlap_seconds;
        let client = Client {
            wallet: update.wallet,
            handle: update.keys.handle.0,
            handle_v4: (!update.keys.handleV4.is_zero()).then_some(update.keys.handleV4.0),
            old_handles: Vec::new(),
            serial: record.serial,
            expiry: update.expiry,
            moved_at: None,
        };
        let stored = async {
            self.store.put_client(client.clone(), overlap_until).await?;
            self.store.client(update.wallet).await
        };
        match stored.await {
            Ok(kept) => {
                self.clients.put(kept.unwrap_or(client));
                Ok(())
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn client_left(
        &self,
        wallet: Address,
        serial: u64,
    ) -> Result<(), crate::store::StoreError> {
        let Some(mut client) = self.clients.get(&wallet) else { return Ok(()) };
        let now = clock::unix_seconds();
        self.store.mark_moved(wallet, serial, now).await?;
        client.moved_at = Some(now);
        client.serial = serial;
        self.clients.put(client);
        self.outbox.end(&wallet, Notice::Moved);
        Ok(())
    }

    /// The chain says that a wallet set a new route: a client may have left.
    pub async fn route_changed(&self, change: &RouteChange) {
        let Some(client) = self.clients.get(&change.wallet) else { return };
        if change.agent == Some(self.id) || change.serial <= client.serial {
            return;
        }
        match self.client_left(change.wallet, change.serial).await {
            Ok(()) => tracing::info!("a client left for another agent"),
            Err(error) => tracing::error!(%error, "a client's leaving could not be stored"),
        }
    }

    /// Compares all clients with the chain, for what happened while this node was down.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub async fn catch_up(&self) -> Result<(), ChainError> {
        for wallets in self.clients.wallets().chunks(ROUTES_PER_READ) {
            let (_, records) = self.reader.routes(wallets).await?;
            for record in records.into_iter().flatten() {
                let change = RouteChange {
                    wallet: record.update.wallet,
                    agent: (!record.update.agent.is_zero()).then_some(record.update.agent),
                    serial: record.serial,
                    handle: record.update.keys.handle,
                };
                self.route_changed(&change).await;
            }
        }
        Ok(())
    }

    /// Reads routes for somebody else's client: it asks a node that is neither its own
    /// agent nor the one it will write to, so that no single node learns both.
    async fn look_up(&self, wallets: &[Address]) -> Result<Outcome, Outcome> {
        let _permit = self
            .lookups
            .try_acquire()
            .map_err(|_| Outcome::because(Status::Busy, &"too many look-ups under way"))?;
        let Routes { block, timestamp, records } =
            self.routes.routes(wallets).await.map_err(|error| {
                tracing::warn!(%error, "a look-up failed");
                Outcome::because(Status::Unavailable, &"this node cannot reach the chain now")
            })?;
        let records = records.into_iter().flatten().collect();
        let answer = LookupAnswer { block, timestamp, records };
        Ok(Outcome { status: Status::Done, body: answer.encode() })
    }
}
