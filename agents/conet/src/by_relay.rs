//! Joins the ledgers with the stealth internet, which know nothing of each other: a participant's parcels go through
//! relays, and what comes to a seat that way goes to its part in small chains.

use std::{path::Path, sync::Arc, time::Duration};

use alloy::primitives::U256;
use anyhow::Context as _;
use bytes::Bytes;
use conet_chain::{ChainReader, Directory};
use conet_client::{Addressee, Client, ClientConfig, ClientError, LedgerRelays, LedgerStream};
use conet_dle::{
    DleConfig,
    mainchain::Who,
    transport::{Pieces, Relays, RequestError, SealedOffice, ToSeat},
};
use conet_node::ledgers::{Ledgers, Refused};
use conet_wire::{claim::EndpointPolicy, ledgers::LedgerRequest, parcel::Status};
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{BoxStream, unfold},
};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How often it is looked for new relays and keys.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// So many relays can be silent before a request takes too long.
const RELAYS_IN_TIME: u32 = 2;

/// What carries a participant's parcels to seats. Its memory of relays is in the node's home folder.
pub(crate) async fn of_participant(
    home: &Path,
    config: &DleConfig,
    who: &Who,
) -> anyhow::Result<Box<dyn Relays>> {
    let network = who.network_file(config);
    let policy = if who.development { EndpointPolicy::Development } else { EndpointPolicy::Public };
    let client = Client::open(home, &network, ClientConfig { endpoints: Some(policy) });
    let client = client.await.context("opening the memory of relays")?;
    let reader = ChainReader::connect(&who.rpc_url, who.network).await?;
    let stop = CancellationToken::new();
    let (directory, follower) = Directory::follow(reader, policy, LOOK_AGAIN, stop.clone()).await?;
    tokio::spawn(async move {
        if let Err(error) = follower.await {
            tracing::error!(%error, "the map of relays is no longer followed");
        }
    });
    let patience = Duration::from_millis(config.limits.transport.request_ms_max);
    let relays = LedgerRelays::new(client, directory);
    Ok(Box::new(ByRelay { me: U256::from(who.node), relays, patience, _stop: stop.drop_guard() }))
}

/// What takes parcels that come to a seat through relays.
pub(crate) fn at_seat(office: SealedOffice) -> Arc<dyn Ledgers> {
    Arc::new(AtSeat(office))
}

#[derive(Debug)]
struct ByRelay {
    me: U256,
    relays: LedgerRelays,
    /// How long a request may take.
    patience: Duration,
    /// Ends what follows the map of relays.
    _stop: DropGuard,
}

impl ByRelay {
    /// No seat is a relay here, nor another node of its owner: it would see the address, and can guess whose it is. Nor is
    /// this node itself one.
    fn nobody_of(&self, seats: ToSeat<'_>) -> Vec<U256> {
        seats.seats.iter().map(|seat| U256::from(seat.0)).chain([self.me]).collect()
    }

    fn addressee<'a>(&self, to: ToSeat<'_>, avoid: &'a [U256]) -> Addressee<'a> {
        Addressee { node: U256::from(to.seat.0), avoid, patience: self.patience / RELAYS_IN_TIME }
    }

    async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, RequestError> {
        let too_slow =
            |_| RequestError::TooSlow(self.patience.as_millis().try_into().unwrap_or(u64::MAX));
        tokio::time::timeout(self.patience, work).await.map_err(too_slow)?.map_err(failed)
    }
}

impl Relays for ByRelay {
    fn request<'a>(
        &'a self,
        to: ToSeat<'a>,
        request: LedgerRequest<'a>,
    ) -> BoxFuture<'a, Result<(), RequestError>> {
        async move {
            let avoid = self.nobody_of(to);
            self.in_time(self.relays.request(self.addressee(to, &avoid), &request)).await
        }
        .boxed()
    }

    fn stream<'a>(
        &'a self,
        to: ToSeat<'a>,
        asks: &'a [u8],
    ) -> BoxFuture<'a, Result<Pieces, RequestError>> {
        async move {
            let avoid = self.nobody_of(to);
            let stream = self.relays.stream(self.addressee(to, &avoid), asks);
            let stream = self.in_time(stream).await?;
            tracing::debug!(seat = to.seat.0, relay = %stream.relay(), "a seat is heard by relay");
            Ok(unfold(Some(stream), next_piece).boxed())
        }
        .boxed()
    }
}

type Piece = Result<Bytes, RequestError>;

async fn next_piece(stream: Option<LedgerStream>) -> Option<(Piece, Option<LedgerStream>)> {
    let mut stream = stream?;
    match stream.next_bytes().await {
        Ok(bytes) => Some((Ok(bytes?.into()), Some(stream))),
        Err(error) => Some((Err(RequestError::NoAnswer(error.to_string())), None)),
    }
}

fn failed(error: ClientError) -> RequestError {
    match error {
        ClientError::Refused { status, reason, .. } => RequestError::refused(status, reason),
        error => RequestError::NoAnswer(error.to_string()),
    }
}

#[derive(Debug)]
struct AtSeat(SealedOffice);

fn refused((status, reason): (Status, String)) -> Refused {
    Refused { status, reason }
}

impl Ledgers for AtSeat {
    fn take(&self, request: &LedgerRequest<'_>) -> Result<(), Refused> {
        self.0.take(request).map_err(refused)
    }

    fn stream(&self, parcel: &[u8]) -> Result<BoxStream<'static, Bytes>, Refused> {
        self.0.stream(parcel).map_err(refused)
    }
}
