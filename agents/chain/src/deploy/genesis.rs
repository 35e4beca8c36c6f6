//! What a deployment is told once and for all: who gets the token, how votes go, where the price comes from, how many
//! sit in an archive group.

use std::collections::BTreeSet;

use alloy::primitives::{Address, U256};
use conet_bindings::{
    Addresses, ConetGovernor::VotingSettings, ConetToken::Allocation, PriceFeed::PriceGuard,
};
use serde::{Deserialize, Serialize};

use crate::{amounts::whole_conet, error::ChainError};

/// All CoNET there ever is, in whole CoNET.
pub const SUPPLY_CONET: u64 = 500_000_000;

/// What contracts are told at construction. Contracts that are there already keep what they were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Who gets the 500 million. Empty on a chain whose gas is paid in CoNET: there the token wraps the coins that the
    /// chain's own genesis gave out.
    #[serde(default)]
    pub allocation: Vec<Share>,
    /// How votes go.
    pub governance: Governance,
    /// Where the price of CoNET comes from.
    pub price: Price,
    /// Stablecoins that notes may be minted with from the start.
    #[serde(default)]
    pub stablecoins: Vec<Address>,
    /// Archive groups.
    pub archive: Archive,
    /// Deploys play money too, `DevUSD6` and `DevUSD18`, and approves the first. For development chains.
    #[serde(default)]
    pub play_money: bool,
}

/// A part of the supply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// What it is for: names its vesting contract. At most 20 letters.
    pub name: String,
    /// Who gets it: `Timelock` (which votes decide over), `Rewards` (the income pool), or an address.
    pub to: String,
    /// Whole CoNET.
    pub conet: u64,
    /// When it comes free; at once without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vesting: Option<Schedule>,
}

/// When a share comes free: second by second, nothing before the cliff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// When it begins, unix seconds.
    pub start: u64,
    /// Until all is free.
    pub seconds: u64,
    /// Before which nothing is, from the start on.
    #[serde(default)]
    pub cliff_seconds: u64,
}

/// How votes go. Times in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governance {
    /// From a proposal to its vote.
    pub voting_delay_seconds: u32,
    /// How long the vote lasts.
    pub voting_period_seconds: u32,
    /// How long it goes on at least once enough have voted.
    pub late_quorum_seconds: u32,
    /// Whole CoNET of votes that it takes to propose.
    pub proposal_threshold_conet: u64,
    /// Percent of the supply that must vote yes or abstain.
    pub quorum_percent: u8,
    /// From a vote's end to what it decided.
    pub timelock_seconds: u32,
    /// Who may pause minting. `None` for nobody.
    #[serde(default)]
    pub guardian: Option<Address>,
}

/// Where the price of CoNET comes from. Prices in micro-dollars for one CoNET.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Who posts prices.
    pub reporters: Vec<Address>,
    /// How many fresh reports make a price.
    pub reports_min: u8,
    /// How old a report may be.
    pub report_seconds_max: u64,
    /// How old an answer may be.
    pub answer_seconds_max: u64,
    /// How far the price moves in one interval, in units of 0.001%.
    pub step: u32,
    /// That interval.
    pub interval_seconds: u64,
    /// The first price.
    pub first_micro_dollars: u64,
}

/// Archive groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The fewest seats of a group: 10, fewer only for development. The most are twice that, less one.
    pub seats_min: u8,
    /// Who names the first group, once. `None` for who deploys.
    #[serde(default)]
    pub founder: Option<Address>,
}

impl Genesis {
    /// For a development chain where everything is `owner`'s and a vote takes seconds.
    #[must_use]
    pub fn development(owner: Address) -> Self {
        Self {
            allocation: vec![Share::free("everything", &owner.to_string(), SUPPLY_CONET)],
            governance: Governance {
                voting_delay_seconds: 2,
                voting_period_seconds: 10,
                late_quorum_seconds: 2,
                proposal_threshold_conet: 100_000,
                quorum_percent: 4,
                timelock_seconds: 2,
                guardian: Some(owner),
            },
            price: Price {
                reporters: vec![owner],
                reports_min: 1,
                report_seconds_max: 3 * 24 * 3600,
                answer_seconds_max: 3 * 24 * 3600,
                step: 10_000,
                interval_seconds: 60,
                first_micro_dollars: 100_000,
            },
            stablecoins: Vec::new(),
            archive: Archive { seats_min: 4, founder: Some(owner) },
            play_money: true,
        }
    }

    /// An example to fill in: the times and bounds that we would take for real, and addresses that are nobody's.
    #[must_use]
    pub fn example() -> Self {
        let nobody = Address::with_last_byte;
        Self {
            allocation: vec![
                Share::vesting("rewards", "Rewards", 200_000_000, 8 * YEAR, 0),
                Share::free("treasury", "Timelock", 100_000_000),
                Share::vesting("ecosystem", "Timelock", 50_000_000, 4 * YEAR, 0),
                Share::vesting("team", &nobody(1).to_string(), 75_000_000, 4 * YEAR, YEAR),
                Share::vesting("investors", &nobody(2).to_string(), 50_000_000, 2 * YEAR, YEAR / 2),
                Share::free("sale", &nobody(3).to_string(), 25_000_000),
            ],
            governance: Governance {
                voting_delay_seconds: 24 * 3600,
                voting_period_seconds: 5 * 24 * 3600,
                late_quorum_seconds: 2 * 24 * 3600,
                proposal_threshold_conet: 100_000,
                quorum_percent: 4,
                timelock_seconds: 2 * 24 * 3600,
                guardian: Some(nobody(4)),
            },
            price: Price {
                reporters: (5..10).map(nobody).collect(),
                reports_min: 3,
                report_seconds_max: 3600,
                answer_seconds_max: 3600,
                step: 10_000,
                interval_seconds: 3600,
                first_micro_dollars: 100_000,
            },
            stablecoins: vec![nobody(10)],
            archive: Archive { seats_min: 10, founder: None },
            play_money: false,
        }
    }

    /// Refuses what the contracts would refuse, and more clearly.
    pub(super) fn check(&self, addresses: &Addresses) -> Result<(), ChainError> {
        for share in &self.allocation {
            share.check(addresses)?;
        }
        let names: BTreeSet<_> = self.allocation.iter().map(|share| &share.name).collect();
        if names.len() != self.allocation.len() {
            let found = "two of one name".to_owned();
            return Err(ChainError::Genesis { expected: "shares of different names", found });
        }
        let total: u128 = self.allocation.iter().map(|share| u128::from(share.conet)).sum();
        if !self.allocation.is_empty() && total != u128::from(SUPPLY_CONET) {
            let found = format!("{total}");
            return Err(ChainError::Genesis {
                expected: "an allocation of 500000000 CoNET",
                found,
            });
        }
        if usize::from(self.price.reports_min) > self.price.reporters.len() {
            let found =
                format!("{} for {} reports", self.price.reporters.len(), self.price.reports_min);
            return Err(ChainError::Genesis {
                expected: "a price reporter for each report",
                found,
            });
        }
        Ok(())
    }

    pub(super) fn allocation(&self, addresses: &Addresses) -> Vec<Allocation> {
        let account = |share: &Share| match share.vesting {
            Some(_) => addresses.of(&share.contract()),
            None => share.recipient(addresses).unwrap_or_default(),
        };
        let shares = self.allocation.iter();
        shares.map(|s| Allocation { account: account(s), amount: whole_conet(s.conet) }).collect()
    }
}

/// 365 days, in seconds.
const YEAR: u64 = 365 * 24 * 3600;

/// The launch that the example is for: 2027-01-01.
const EXAMPLE_START: u64 = 1_798_761_600;

/// A contract's name has 32 bytes.
const SHARE_NAME_MAX: usize = 20;

impl Share {
    fn free(name: &str, to: &str, conet: u64) -> Self {
        Self { name: name.to_owned(), to: to.to_owned(), conet, vesting: None }
    }

    fn vesting(name: &str, to: &str, conet: u64, seconds: u64, cliff_seconds: u64) -> Self {
        let vesting = Some(Schedule { start: EXAMPLE_START, seconds, cliff_seconds });
        Self { vesting, ..Self::free(name, to, conet) }
    }

    /// The name of its vesting contract.
    pub(super) fn contract(&self) -> String {
        format!("Vesting {}", self.name)
    }

    /// Who gets it in the end.
    pub(super) fn recipient(&self, addresses: &Addresses) -> Option<Address> {
        match self.to.as_str() {
            "Timelock" | "Rewards" => Some(addresses.of(&self.to)),
            address => address.parse().ok(),
        }
    }

    fn check(&self, addresses: &Addresses) -> Result<(), ChainError> {
        if self.name.is_empty() || self.name.len() > SHARE_NAME_MAX {
            let expected = "a share's name of 1 to 20 letters";
            return Err(ChainError::Genesis { expected, found: self.name.clone() });
        }
        if self.recipient(addresses).is_none() {
            let expected = "a share to Timelock, Rewards or an address";
            return Err(ChainError::Genesis { expected, found: self.to.clone() });
        }
        Ok(())
    }
}

impl Governance {
    pub(super) fn settings(&self) -> VotingSettings {
        VotingSettings {
            votingDelay: alloy::primitives::aliases::U48::from(self.voting_delay_seconds),
            votingPeriod: self.voting_period_seconds,
            lateQuorumExtension: alloy::primitives::aliases::U48::from(self.late_quorum_seconds),
            proposalThreshold: whole_conet(self.proposal_threshold_conet),
            quorumPercent: U256::from(self.quorum_percent),
        }
    }
}

impl Price {
    pub(super) fn guard(&self) -> PriceGuard {
        PriceGuard {
            maxAge: self.answer_seconds_max,
            step: self.step,
            interval: self.interval_seconds,
            initialPrice: U256::from(self.first_micro_dollars) * U256::from(100),
        }
    }
}
