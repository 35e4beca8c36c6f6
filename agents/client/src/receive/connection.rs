//! One stream through one relay: cells in, frames out.

use std::{collections::VecDeque, sync::Arc};

use alloy::primitives::{B256, U256};
use conet_chain::NodeEntry;
use conet_wire::{
    parcel::{Content, Status},
    request::{Request, Terms},
    session::{CellOpener, Frame, SessionBinding, SessionSecret},
};

use super::{ListenOptions, acks::Acks};
use crate::{
    client::Client,
    clock,
    error::ClientError,
    exchange::{OpenedStream, Parcel, StreamAnswer, refused},
    keystore::Wallet,
    limits::REQUEST_SECONDS,
    relays::Avoid,
};

/// An open stream.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    agent: Arc<NodeEntry>,
    avoid: Avoid,
    pub(super) relay: U256,
    stream: OpenedStream,
    cells: CellOpener,
    pub(super) acks: Acks,
}

/// Asks `agent` for a stream. `number` tells this stream from the others of its listener.
pub(super) async fn open(
    client: &Client,
    wallet: &Wallet,
    agent: U256,
    options: ListenOptions,
    number: u64,
) -> Result<Connection, ClientError> {
    let agent = client.agent(agent).await?;
    let directory = client.directory().await?;
    let mut avoid = Avoid::new(options.via).add(&agent);
    for own in client.own_agents(wallet.address()).await? {
        avoid = avoid.add_id(&directory, Some(own));
    }
    let mut session = None;
    let make = || {
        let secret = SessionSecret::new(rand::random());
        let terms = Terms {
            agent: agent.node.id(),
            share: options.share,
            nonce: B256::from(rand::random::<[u8; 32]>()),
            expiry: clock::unix_seconds() + REQUEST_SECONDS,
        };
        let network = client.network();
        let request = Request::listen(&network, wallet.signer(), &terms, secret.clone())?;
        let digest = request.digest(&network).unwrap_or_default();
        let binding =
            SessionBinding { wallet: wallet.address(), agent: agent.node.id(), request: digest };
        session = Some(CellOpener::new(secret, binding));
        Parcel::seal(&agent, Content::Request, &request.encode())
    };
    let answer = client.open_stream(&avoid, make).await?;
    let id = agent.node.id();
    match (answer, session) {
        (StreamAnswer::Stream(stream), Some(cells)) => Ok(Connection {
            client: client.clone(),
            relay: stream.relay,
            agent,
            avoid,
            stream: *stream,
            cells,
            acks: Acks::new(number),
        }),
        (StreamAnswer::Refused(answered), _) => match answered.answer.status {
            Status::NotRegistered => Err(ClientError::NotRegistered { wallet: wallet.address() }),
            _ => Err(refused(id, &answered.answer)),
        },
        (StreamAnswer::Stream(_), None) => Err(ClientError::Stopped("opening a stream")),
    }
}

impl Connection {
    /// Adds the frames of the next cell; `false` at the end, or why it broke.
    pub(super) async fn next_frames(
        &mut self,
        frames: &mut VecDeque<Frame>,
    ) -> Result<bool, String> {
        let next = self.stream.next_cell().await;
        let Some(cell) = next.map_err(|error| error.to_string())? else { return Ok(false) };
        let mut found = Vec::new();
        let sender = self.cells.open(&cell, &mut found).map_err(|error| error.to_string())?;
        if let Some(sender) = sender {
            let (client, agent) = (self.client.clone(), Arc::clone(&self.agent));
            self.acks.start(client, agent, self.avoid.clone(), sender);
        }
        for frame in &found {
            if let Frame::Message { index, .. } = frame {
                self.acks.came(*index);
            }
        }
        frames.extend(found);
        Ok(true)
    }

    /// Sends what is left to acknowledge.
    pub(super) async fn close(self) {
        // The stream stays open meanwhile: an agent takes no acknowledgements of one that is not.
        let Self { acks, stream, .. } = self;
        acks.close().await;
        drop(stream);
    }
}
