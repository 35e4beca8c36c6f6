//! What can go wrong between us and the chain.

use std::fmt;

use alloy::{
    contract,
    primitives::Address,
    rpc::json_rpc::{ErrorPayload, RpcError},
    sol_types::{Panic, Revert, SolError, SolInterface},
    transports::{TransportError, TransportErrorKind},
};
use conet_bindings::{
    ArchiveGroups::ArchiveGroupsErrors, Cash::CashErrors, CashOrders::CashOrdersErrors,
    CashPool::CashPoolErrors, ChainAnchor::ChainAnchorErrors, ConetGovernor::ConetGovernorErrors,
    ConetToken::ConetTokenErrors, DappRegistry::DappRegistryErrors, ForcedExits::ForcedExitsErrors,
    MedianAggregator::MedianAggregatorErrors, Names::NamesErrors, NodeRatings::NodeRatingsErrors,
    NodeRegistry::NodeRegistryErrors, Parameters::ParametersErrors, PriceFeed::PriceFeedErrors,
    Rewards::RewardsErrors, RouteTable::RouteTableErrors, Slasher::SlasherErrors,
    Staking::StakingErrors, Timelock::TimelockErrors,
};

use crate::limits::ERROR_TEXT_CHARS_MAX;

/// Why the chain could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// Not an address of an RPC.
    #[error("expected an RPC URL such as http://127.0.0.1:8545, found {found:?}: {reason}")]
    Url {
        /// What was given.
        found: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Another chain than the network file's.
    #[error(
        "expected chain {expected}, found chain {found} at the RPC: \
         point rpc_url in network.json at the right chain, or deploy again"
    )]
    WrongChain {
        /// The network's chain id.
        expected: u64,
        /// The RPC's chain id.
        found: u64,
    },
    /// The chain is the right one and the contract is not on it.
    #[error(
        "expected the contract {contract} at {address}, found no code: \
         a development chain that restarted has lost its contracts (run `conet devnet` again), \
         otherwise correct its address in network.json"
    )]
    NoContract {
        /// Its name.
        contract: &'static str,
        /// Where it should be.
        address: Address,
    },
    /// The network's file is of a network without this contract.
    #[error(
        "expected the address of {contract} in network.json, found none: \
         the file is older than the contract; deploy again with `conet deploy`, or get a newer file"
    )]
    NotInNetworkFile {
        /// Its name.
        contract: &'static str,
    },
    /// The chain lacks what gives contracts their addresses, and does not take it.
    #[error(
        "expected the canonical CREATE2 deployer at {address}, found no code, and could not put it \
         there: {reason}. Let the chain take transactions without a chain id, or give the address \
         its code at genesis"
    )]
    NoCreate2Deployer {
        /// Where it should be.
        address: Address,
        /// Why not.
        reason: String,
    },
    /// What the contracts shall be told contradicts itself.
    #[error("the genesis file: expected {expected}, found {found}")]
    Genesis {
        /// What was expected.
        expected: &'static str,
        /// What the file says.
        found: String,
    },
    /// A contract does not take what it is told at construction.
    #[error("{contract} refused what the genesis tells it: {refusal}")]
    Constructor {
        /// Its name.
        contract: String,
        /// Why.
        refusal: String,
    },
    /// The RPC could not be reached, or did not answer in time.
    #[error("the connection to the chain failed: {reason}")]
    Connection {
        /// What the transport says.
        reason: String,
    },
    /// The RPC answered with something else than was asked for.
    #[error("expected {expected} from the RPC, found {found}")]
    Answer {
        /// What was asked for.
        expected: &'static str,
        /// What came.
        found: String,
    },
    /// An index of the chain cannot be asked, or is behind it.
    #[error("the index of routes: expected {expected}, found {found}")]
    Index {
        /// What it should be or say.
        expected: &'static str,
        /// What it is or says.
        found: String,
    },
    /// The RPC refused the call, for a reason that is not the contracts'.
    #[error("the RPC refused (code {code}): {message}")]
    Rpc {
        /// Its error code.
        code: i64,
        /// Its words.
        message: String,
    },
    /// A contract refused.
    #[error("the chain refused: {0}")]
    Refused(Refusal),
    /// The gas wallet cannot pay for the transaction.
    #[error("expected {needed} wei on the gas wallet {wallet}, found {found}: send it some")]
    GasWalletEmpty {
        /// The wallet that pays.
        wallet: Address,
        /// What the transaction may cost.
        needed: u128,
        /// Its balance.
        found: u128,
    },
    /// The transaction was sent and is in no block yet.
    #[error("expected transaction {transaction} in a block within {seconds} s, found it pending")]
    Pending {
        /// Its hash.
        transaction: alloy::primitives::TxHash,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A wallet could not sign.
    #[error("signing failed: {0}")]
    Signing(String),
    /// A request larger than this crate makes.
    #[error("expected at most {max} {what}, found {found}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
        /// How many.
        found: usize,
    },
}

impl ChainError {
    /// Whether trying later may help: nothing was decided on the chain.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Connection { .. } | Self::Answer { .. } | Self::Index { .. } | Self::Rpc { .. }
        )
    }

    /// The contract's refusal, if that is what this is.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// A contract's custom error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name, as in the contract's interface.
    pub name: String,
    /// Its arguments.
    pub detail: String,
}

impl Refusal {
    /// Of a call that would not be refused now.
    pub(crate) fn unexplained() -> Self {
        Self { name: "reverted".into(), detail: "no reason left".into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, " ({})", self.detail) }
    }
}

/// What a contract's errors print as, if these are one.
type Errors = fn(&[u8]) -> Option<String>;

fn printed<E: SolInterface + fmt::Debug>(data: &[u8]) -> Option<String> {
    E::abi_decode(data).ok().map(|error| format!("{error:?}"))
}

/// Every contract's errors. One may come through another, as a token's through whatever moves it.
const CONTRACTS: &[Errors] = &[
    printed::<NodeRegistryErrors>,
    printed::<RouteTableErrors>,
    printed::<StakingErrors>,
    printed::<ArchiveGroupsErrors>,
    printed::<ChainAnchorErrors>,
    printed::<SlasherErrors>,
    printed::<CashErrors>,
    printed::<CashOrdersErrors>,
    printed::<CashPoolErrors>,
    printed::<ForcedExitsErrors>,
    printed::<RewardsErrors>,
    printed::<NamesErrors>,
    printed::<DappRegistryErrors>,
    printed::<NodeRatingsErrors>,
    printed::<ParametersErrors>,
    printed::<PriceFeedErrors>,
    printed::<MedianAggregatorErrors>,
    printed::<ConetGovernorErrors>,
    printed::<TimelockErrors>,
    printed::<ConetTokenErrors>,
];

impl Refusal {
    /// Reads what a contract reverted with.
    pub(crate) fn decode(data: &[u8]) -> Self {
        if let Some(text) = CONTRACTS.iter().find_map(|errors| errors(data)) {
            return Self::from_debug(&text);
        }
        if let Ok(Revert { reason }) = Revert::abi_decode(data) {
            return Self { name: "Error".into(), detail: shorten(&reason) };
        }
        if let Ok(panic) = Panic::abi_decode(data) {
            return Self { name: "Panic".into(), detail: panic.to_string() };
        }
        let head = data.get(..4).unwrap_or(data);
        Self { name: "unknown error".into(), detail: alloy::hex::encode_prefixed(head) }
    }

    /// The generated enums print as `Name(Name { field: value })`.
    fn from_debug(text: &str) -> Self {
        let (name, rest) = text.split_once('(').unwrap_or((text, ""));
        let arguments = rest.strip_suffix(')').unwrap_or(rest);
        let arguments = arguments.strip_prefix(name).unwrap_or(arguments).trim();
        let arguments = arguments.trim_start_matches('{').trim_end_matches('}').trim();
        Self { name: name.to_owned(), detail: shorten(arguments) }
    }
}

impl From<TransportError> for ChainError {
    fn from(error: TransportError) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::from_payload(&payload),
            RpcError::Transport(kind) => Self::Connection { reason: describe(&kind) },
            RpcError::LocalUsageError(error) => Self::Signing(error.to_string()),
            other => Self::Answer { expected: "an answer", found: shorten(&other.to_string()) },
        }
    }
}

impl ChainError {
    fn from_payload(payload: &ErrorPayload) -> Self {
        match payload.as_revert_data() {
            Some(data) if !data.is_empty() => Self::Refused(Refusal::decode(&data)),
            _ => Self::Rpc { code: payload.code, message: shorten(&payload.message) },
        }
    }
}

impl From<contract::Error> for ChainError {
    fn from(error: contract::Error) -> Self {
        match error {
            contract::Error::TransportError(error) => error.into(),
            other => Self::Answer {
                expected: "the contract's answer",
                found: shorten(&other.to_string()),
            },
        }
    }
}

/// An error with its causes: a transport's own says little.
fn describe(kind: &TransportErrorKind) -> String {
    let mut text = kind.to_string();
    let mut cause = std::error::Error::source(kind);
    while let (Some(error), true) = (cause, text.len() < ERROR_TEXT_CHARS_MAX) {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    shorten(&text)
}

/// The start of a text that somebody else chose the length of, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(ERROR_TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::primitives::U256;
    use conet_bindings::{NodeRegistry, RouteTable};

    #[test]
    fn a_custom_error_has_a_name_and_arguments() {
        let data = RouteTable::NotAnAgent { agent: U256::from(5) }.abi_encode();
        let refusal = Refusal::decode(&data);
        assert_eq!(refusal.name, "NotAnAgent");
        assert_eq!(refusal.to_string(), "NotAnAgent (agent: 5)");
        let data = NodeRegistry::TransportKeyMissing {}.abi_encode();
        assert_eq!(Refusal::decode(&data).name, "TransportKeyMissing");
    }

    #[test]
    fn other_reverts_are_named_too() {
        let data = Revert::from("no").abi_encode();
        assert_eq!(Refusal::decode(&data).to_string(), "Error (no)");
        assert_eq!(Refusal::decode(&[1, 2, 3, 4, 5]).detail, "0x01020304");
        assert_eq!(Refusal::decode(&[]).name, "unknown error");
    }

    #[test]
    fn foreign_text_is_one_short_line() {
        let text = shorten(&"a\n".repeat(10_000));
        assert_eq!(text.chars().count(), ERROR_TEXT_CHARS_MAX);
        assert!(!text.contains('\n'));
    }
}
