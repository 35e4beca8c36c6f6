//! What can go wrong, and what to do about it.

use alloy::primitives::{Address, U256};
use conet_chain::ChainError;
use conet_wire::{
    claim::ClaimError, message::MessageError, openpgp::SealError, parcel::Status,
    relay::RelayStatus, request::RequestError,
};

use crate::{keystore::KeystoreError, state::StateError, transport::TransportError};

/// Why the SDK could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The chain could not be read or written.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The client's own files failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// The keystore failed.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// No node with this id is registered, or its record does not verify.
    #[error("expected a registered node, found none with id {id}: see `conet node list`")]
    UnknownNode {
        /// The id.
        id: U256,
    },
    /// The node does not do this.
    #[error("expected a node that is {role}, found node {id} without that role")]
    Role {
        /// `a relay` or `an agent`.
        role: &'static str,
        /// The node.
        id: U256,
    },
    /// Every relay is excluded.
    #[error(
        "no relay is left: none of the {known} may see this connection, because each is the \
         agent of one side or belongs to its owner; name one with --via if that is fine"
    )]
    NoRelay {
        /// Relays known.
        known: usize,
    },
    /// No agent is known.
    #[error("no agent is left to {action}: {known} are known")]
    NoAgent {
        /// What it was needed for.
        action: &'static str,
        /// Agents known.
        known: usize,
    },
    /// All relays that were tried failed.
    #[error("no relay delivered in {attempts} attempts; the last one, node {relay}: {last}")]
    Relays {
        /// How many attempts.
        attempts: usize,
        /// The last relay.
        relay: U256,
        /// What it did.
        last: RelayFailure,
    },
    /// The agent refused.
    #[error("agent {agent} refused: {}", refusal(*.status, .reason))]
    Refused {
        /// The agent.
        agent: U256,
        /// Its status.
        status: Status,
        /// Its reason, as text.
        reason: String,
    },
    /// The agent's clock and ours disagree too much.
    #[error(
        "the local clock is {seconds} s {direction} agent {agent}'s: set it right (requests \
         are good for minutes only)"
    )]
    Clock {
        /// The agent.
        agent: U256,
        /// How far apart.
        seconds: u64,
        /// `ahead of` or `behind`.
        direction: &'static str,
    },
    /// The wallet has no route.
    #[error("{wallet} has no route: its owner has to run `conet register` first")]
    NoRoute {
        /// The wallet.
        wallet: Address,
    },
    /// The wallet has left its agent.
    #[error("{wallet} has left the network: its owner has to run `conet register` again")]
    Left {
        /// The wallet.
        wallet: Address,
    },
    /// The route's claim does not hold.
    #[error("the route of {wallet} does not verify, so nothing is sent: {source}")]
    Claim {
        /// The wallet.
        wallet: Address,
        /// What fails.
        source: Box<ClaimError>,
    },
    /// Two nodes contradict each other.
    #[error(
        "nodes {one} and {other} contradict each other about {wallet}: {what}; one of them \
         lies, or reads another chain. Ask the chain with --direct"
    )]
    Disagreement {
        /// The wallet looked up.
        wallet: Address,
        /// A node.
        one: U256,
        /// The other node.
        other: U256,
        /// About what.
        what: String,
    },
    /// Fewer answers than needed.
    #[error("expected two nodes to answer a look-up, found {found}: {last}; or use --direct")]
    LookupAnswers {
        /// How many did.
        found: usize,
        /// What the last failure was.
        last: String,
    },
    /// The wallet was not registered by this home, and has no route.
    #[error("{wallet} is not registered: run `conet register` first")]
    NotRegistered {
        /// The wallet.
        wallet: Address,
    },
    /// The chain does not show the route that was accepted.
    #[error(
        "agent {agent} accepted the route, and the chain does not show it after {seconds} s: \
         run `conet register` again, perhaps with another --agent"
    )]
    NotOnChain {
        /// The agent.
        agent: U256,
        /// How long was waited.
        seconds: u64,
    },
    /// Too much for one message.
    #[error("expected a content of at most {max} bytes, found {found}")]
    TooLong {
        /// What fits.
        max: u64,
        /// What was given.
        found: u64,
    },
    /// The content could not be read.
    #[error("the content cannot be read: {0}")]
    Content(#[source] std::io::Error),
    /// The recipient has no v4 certificate.
    #[error("{wallet} publishes no v4 certificate: send without --v4")]
    NoV4 {
        /// The wallet.
        wallet: Address,
    },
    /// The open profile refused.
    #[error("node {relay} refused with HTTP status {status}: {reason}")]
    OpenRefused {
        /// The relay.
        relay: U256,
        /// The HTTP status.
        status: u16,
        /// Its text.
        reason: String,
    },
    /// Another `listen` took over.
    #[error("another listener of this wallet took over: start both with --share to share")]
    Replaced,
    /// A message could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// A message could not be signed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A request could not be signed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// An envelope could not be sealed for any relay.
    #[error(transparent)]
    Envelope(#[from] conet_wire::veil::EnvelopeError),
    /// A task of this program stopped half way.
    #[error("stopped half way: {0}")]
    Stopped(&'static str),
}

/// What one relay did instead of delivering.
#[derive(Debug, thiserror::Error)]
pub enum RelayFailure {
    /// It could not be talked to.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It could not deliver.
    #[error("{}", relay_words(*.0))]
    Status(RelayStatus),
    /// Its answer is not the agent's.
    #[error("its answer is not sealed by the agent: {0}")]
    NotTheAgent(String),
    /// The agent could not read the parcel.
    #[error("the agent cannot open what is sealed to its published key")]
    Unreadable,
}

impl RelayFailure {
    /// Whether this says something bad about the relay.
    pub(crate) fn blames_relay(&self) -> bool {
        match self {
            Self::Transport(_) | Self::NotTheAgent(_) => true,
            Self::Status(status) => {
                matches!(status, RelayStatus::Busy | RelayStatus::UnknownNode)
            }
            Self::Unreadable => false,
        }
    }
}

const fn relay_words(status: RelayStatus) -> &'static str {
    match status {
        RelayStatus::UnknownNode => "it does not know the agent's node yet",
        RelayStatus::Unreachable => "the agent does not answer it",
        RelayStatus::Busy => "it is busy",
        RelayStatus::HopLimit => "it does not relay",
        RelayStatus::NotAnAgent => "the node addressed is no agent",
        RelayStatus::Malformed => "it found no recipient in the message",
        RelayStatus::Answered | RelayStatus::AnsweredPlain | RelayStatus::Streaming => {
            "it answered in a way that was not asked for"
        }
    }
}

fn refusal(status: Status, reason: &str) -> String {
    let what = match status {
        Status::UnknownRecipient => "the recipient is not its client; they may have moved",
        Status::Moved => "the recipient has another agent now",
        Status::MailboxFull => "the recipient's mailbox is full; try again when they have listened",
        Status::NotConnected => "the recipient is not listening; send without --live",
        Status::Busy => "it is busy; try again later",
        Status::Unavailable => "it cannot work now; try again later",
        Status::NotAdmitted => "it does not take this wallet; choose another with --agent",
        Status::NotRegistered => "the wallet is not its client; run `conet register`",
        Status::ChainRefused => "the chain refuses the route; run `conet register` again",
        Status::Replayed => "the request was seen before; run the command again",
        Status::Expired => "the request has expired; compare the clocks",
        Status::BadSignature => "the wallet's signature does not hold",
        Status::WrongAddressee => "the request is for another agent or network",
        Status::Malformed => "the request is not well formed",
        Status::Done | Status::HandedOver => "it did what was asked, which was not expected",
    };
    if reason.is_empty() { what.to_owned() } else { format!("{what} ({reason})") }
}
