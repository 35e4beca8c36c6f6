//! What a vote changes, as people write it: `transfer-fee=0.06%`, `approve-stablecoin=0x…`. Each becomes one call of
//! `Parameters`, and is read back from it, so that voters see what they vote on.

use std::{fmt, str::FromStr};

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolInterface},
};
use conet_bindings::{
    Parameters::{self, ParametersCalls},
    roles,
};

use crate::amounts::{conet, conet_text, percent, rate};

/// How a change is written: its name, and what its value is.
const FORMS: &[(&str, &str)] = &[
    ("transfer-fee", "percent, such as 0.06%"),
    ("exit-fee", "percent, such as 0.3%"),
    ("dle-gas-price", "pico-dollars for one unit of gas"),
    ("minimum-stake.ROLE", "CoNET for one seat"),
    ("rent.asset", "micro-dollars a day; rent.storage likewise"),
    ("name-fee.LENGTH", "CoNET a year for names of 1, 2, 3, 4, or of 5 and more characters"),
    ("name-fees", "burned or pooled"),
    ("approve-stablecoin", "address of an ERC-20 with 6 to 18 decimals"),
    ("remove-stablecoin", "address"),
    ("list-asset", "CAIP-19 name"),
    ("delist-asset", "CAIP-19 name"),
    ("price-feed", "address"),
    ("guardian", "address"),
    ("minting", "paused or open"),
];

/// A change that only a vote can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change(Call);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    TransferFee(u32),
    ExitFee(u32),
    DleGasPrice(u64),
    MinimumStake(u16, U256),
    Rent(u8, u64),
    NameFee(u8, U256),
    NameFeesBurned(bool),
    ApproveStablecoin(Address),
    RemoveStablecoin(Address),
    ListAsset(String),
    DelistAsset(String),
    PriceFeed(Address),
    Guardian(Address),
    MintingPaused(bool),
}

/// Not a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No such name.
    #[error("expected NAME=VALUE with one of these names, found {found:?}:\n{}", forms())]
    Unknown {
        /// What was given.
        found: String,
    },
    /// The value is not what the name takes.
    #[error("expected {expected} after {name}=, found {found:?}")]
    Value {
        /// The change's name.
        name: String,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        found: String,
    },
}

/// All forms, one a line.
#[must_use]
pub fn forms() -> String {
    let lines = FORMS.iter().map(|(name, value)| format!("  {name:<20} {value}"));
    lines.collect::<Vec<_>>().join("\n")
}

impl FromStr for Change {
    type Err = ChangeError;

    fn from_str(text: &str) -> Result<Self, ChangeError> {
        let unknown = || ChangeError::Unknown { found: text.to_owned() };
        let (name, value) = text.split_once('=').ok_or_else(unknown)?;
        let form = |(form, _): &&(&str, &str)| {
            form.split('.').next() == name.split('.').next()
                && form.contains('.') == name.contains('.')
        };
        let expected = FORMS.iter().find(form).ok_or_else(unknown)?.1;
        let refused =
            || ChangeError::Value { name: name.to_owned(), expected, found: value.to_owned() };
        parse(name, value).ok_or_else(refused).map(Self)
    }
}

fn parse(name: &str, value: &str) -> Option<Call> {
    let (base, part) = name.split_once('.').unwrap_or((name, ""));
    Some(match base {
        "transfer-fee" => Call::TransferFee(rate(value)?),
        "exit-fee" => Call::ExitFee(rate(value)?),
        "dle-gas-price" => Call::DleGasPrice(value.parse().ok()?),
        "minimum-stake" => Call::MinimumStake(roles::by_name(part)?, conet(value)?),
        "rent" => Call::Rent(
            CLASSES.iter().position(|c| *c == part)?.try_into().ok()?,
            value.parse().ok()?,
        ),
        "name-fee" => Call::NameFee(part.parse().ok()?, conet(value)?),
        "name-fees" => Call::NameFeesBurned(either(value, "burned", "pooled")?),
        "approve-stablecoin" => Call::ApproveStablecoin(value.parse().ok()?),
        "remove-stablecoin" => Call::RemoveStablecoin(value.parse().ok()?),
        "list-asset" => Call::ListAsset(value.to_owned()),
        "delist-asset" => Call::DelistAsset(value.to_owned()),
        "price-feed" => Call::PriceFeed(value.parse().ok()?),
        "guardian" => Call::Guardian(value.parse().ok()?),
        "minting" => Call::MintingPaused(either(value, "paused", "open")?),
        _ => return None,
    })
}

/// By `ChainClass`.
const CLASSES: [&str; 2] = ["asset", "storage"];

fn either(value: &str, yes: &str, no: &str) -> Option<bool> {
    match value {
        _ if value == yes => Some(true),
        _ if value == no => Some(false),
        _ => None,
    }
}

impl Change {
    /// The call of `Parameters` that makes it.
    #[must_use]
    pub fn calldata(&self) -> Bytes {
        use Parameters as P;
        let data = match self.0.clone() {
            Call::TransferFee(rate) => P::setTransferFeeRateCall { rate }.abi_encode(),
            Call::ExitFee(rate) => P::setExitFeeRateCall { rate }.abi_encode(),
            Call::DleGasPrice(price) => P::setDleGasPriceCall { picoDollars: price }.abi_encode(),
            Call::MinimumStake(role, stake) => P::setMinimumStakeCall { role, stake }.abi_encode(),
            Call::Rent(class, rent) => {
                P::setRentPerDayCall { class, microDollars: rent }.abi_encode()
            }
            Call::NameFee(length, fee) => {
                P::setNameFeeCall { length: U256::from(length), fee }.abi_encode()
            }
            Call::NameFeesBurned(burned) => P::setNameFeesBurnedCall { burned }.abi_encode(),
            Call::ApproveStablecoin(stablecoin) => {
                P::approveStablecoinCall { stablecoin }.abi_encode()
            }
            Call::RemoveStablecoin(stablecoin) => {
                P::removeStablecoinCall { stablecoin }.abi_encode()
            }
            Call::ListAsset(name) => P::listAssetCall { assetType_: name }.abi_encode(),
            Call::DelistAsset(name) => {
                P::delistAssetCall { id: alloy::primitives::keccak256(name) }.abi_encode()
            }
            Call::PriceFeed(feed) => P::setPriceFeedCall { feed }.abi_encode(),
            Call::Guardian(guardian_) => P::setGuardianCall { guardian_ }.abi_encode(),
            Call::MintingPaused(true) => P::pauseMintingCall {}.abi_encode(),
            Call::MintingPaused(false) => P::unpauseMintingCall {}.abi_encode(),
        };
        data.into()
    }

    /// What a call of `Parameters` does, in the words of this module; in hexadecimal when it is none that a vote
    /// makes.
    #[must_use]
    pub fn describe(calldata: &[u8]) -> String {
        use ParametersCalls as C;
        let Ok(call) = ParametersCalls::abi_decode(calldata) else {
            return alloy::hex::encode_prefixed(calldata);
        };
        let role = |mask: u16| roles::names(mask).collect::<Vec<_>>().join(",");
        match call {
            C::setTransferFeeRate(c) => format!("transfer-fee={}", percent(c.rate)),
            C::setExitFeeRate(c) => format!("exit-fee={}", percent(c.rate)),
            C::setDleGasPrice(c) => format!("dle-gas-price={}", c.picoDollars),
            C::setMinimumStake(c) => {
                format!("minimum-stake.{}={}", role(c.role), conet_text(c.stake))
            }
            C::setRentPerDay(c) => {
                let class = CLASSES.get(usize::from(c.class)).unwrap_or(&"?");
                format!("rent.{class}={}", c.microDollars)
            }
            C::setNameFee(c) => format!("name-fee.{}={}", c.length, conet_text(c.fee)),
            C::setNameFeesBurned(c) => {
                format!("name-fees={}", if c.burned { "burned" } else { "pooled" })
            }
            C::approveStablecoin(c) => format!("approve-stablecoin={}", c.stablecoin),
            C::removeStablecoin(c) => format!("remove-stablecoin={}", c.stablecoin),
            C::listAsset(c) => format!("list-asset={}", c.assetType_),
            C::delistAsset(c) => format!("delist-asset with id {}", c.id),
            C::setPriceFeed(c) => format!("price-feed={}", c.feed),
            C::setGuardian(c) => format!("guardian={}", c.guardian_),
            C::pauseMinting(_) => "minting=paused".into(),
            C::unpauseMinting(_) => "minting=open".into(),
            _ => alloy::hex::encode_prefixed(calldata),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::describe(&self.calldata()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_back_as_it_was_written() {
        for text in [
            "transfer-fee=0.06%",
            "exit-fee=1%",
            "dle-gas-price=12",
            "minimum-stake.archive=20000.5",
            "rent.storage=30",
            "name-fee.3=100",
            "name-fees=burned",
            "approve-stablecoin=0x0000000000000000000000000000000000000001",
            "remove-stablecoin=0x0000000000000000000000000000000000000001",
            "list-asset=eip155:1/slip44:60",
            "price-feed=0x0000000000000000000000000000000000000001",
            "guardian=0x0000000000000000000000000000000000000000",
            "minting=paused",
            "minting=open",
        ] {
            assert_eq!(text.parse::<Change>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_all_names() {
        for text in ["transfer", "fee=1", "minimum-stake=1", "transfer-fee.x=1%", ""] {
            let error = text.parse::<Change>().unwrap_err();
            assert!(matches!(error, ChangeError::Unknown { .. }), "{text}: {error}");
            assert!(error.to_string().contains("transfer-fee"));
        }
    }

    #[test]
    fn a_wrong_value_is_answered_with_what_is_expected() {
        for text in [
            "transfer-fee=0.0001%",
            "transfer-fee=1",
            "transfer-fee=-1%",
            "transfer-fee=99999999999%",
            "minimum-stake.king=1",
            "minimum-stake.archive=-1",
            "rent.moon=1",
            "guardian=bobo",
            "minting=closed",
        ] {
            let error = text.parse::<Change>().unwrap_err();
            assert!(matches!(error, ChangeError::Value { .. }), "{text}: {error}");
        }
    }
}
