//! What an operator decides: the table `[dle]` of a node's `node.toml`.

use std::{collections::BTreeMap, path::PathBuf};

use alloy::primitives::Address;
use conet_committee::{archive::Rules, log::Timing, member::MemberTiming};
use serde::{Deserialize, Serialize};

use crate::{
    history::HistoryLimits, ledgers::LedgerLimits, mainchain::MainchainLimits, rpc::RpcLimits,
    runtime::RuntimeLimits, store::StoreLimits, transport::TransportLimits,
};

/// Everything an operator decides. Limits and times have sane defaults and may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DleConfig {
    /// The main chain's contracts by name, as `network.json` has them.
    pub contracts: BTreeMap<String, Address>,
    /// Contracts that chains may have besides those that come with this program: files with their bytecode in
    /// hexadecimal. The same in the whole group.
    #[serde(default)]
    pub codes: Vec<PathBuf>,
    /// In how many chains a participant serves at once, at most: its stake may be enough for fewer.
    #[serde(default = "parts_max")]
    pub parts_max: usize,
    /// Whether a participant reaches archive nodes through relays of the stealth internet, so that they do not see its
    /// address. A node with a seat has an address that others must reach: there it has no effect.
    #[serde(default)]
    pub by_relay: bool,
    /// Times of the protocol: the same in the whole group.
    #[serde(default)]
    pub times: Times,
    /// Named limits.
    #[serde(default)]
    pub limits: Limits,
}

const fn parts_max() -> usize {
    64
}

impl DleConfig {
    /// With nothing but what has no default.
    #[must_use]
    pub fn new(contracts: BTreeMap<String, Address>) -> Self {
        Self {
            contracts,
            codes: Vec::new(),
            parts_max: parts_max(),
            by_relay: false,
            times: Times::default(),
            limits: Limits::default(),
        }
    }
}

macro_rules! times {
    ($($(#[$doc:meta])* $name:ident: $default:expr,)*) => {
        /// Times of the protocol, in milliseconds.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Times { $($(#[$doc])* pub $name: u64,)* }

        impl Default for Times {
            fn default() -> Self {
                let (log, member, rules) =
                    (Timing::default(), MemberTiming::default(), Rules::default());
                let _ = (&log, &member, &rules);
                Self { $($name: ($default)(&log, &member, &rules),)* }
            }
        }
    };
}

times! {
    /// Entries of the log are at least so far apart.
    tick_ms: |log: &Timing, _: &MemberTiming, _: &Rules| log.tick_ms,
    /// An idle log makes an entry each so often.
    idle_ms: |log: &Timing, _: &MemberTiming, _: &Rules| log.idle_ms,
    /// A view without an entry is given up after so long.
    view_timeout_ms: |log: &Timing, _: &MemberTiming, _: &Rules| log.view_timeout_ms,
    /// The same, for a leader that was silent in its last turn.
    skip_timeout_ms: |log: &Timing, _: &MemberTiming, _: &Rules| log.skip_timeout_ms,
    /// What was not answered is said again after so long.
    retry_ms: |log: &Timing, _: &MemberTiming, _: &Rules| log.retry_ms,
    /// The most that the log's time grows from one entry to the next.
    step_ms_max: |log: &Timing, _: &MemberTiming, _: &Rules| log.step_ms_max,
    /// How far an entry may be ahead of a node's own clock.
    drift_ms_max: |log: &Timing, _: &MemberTiming, _: &Rules| log.drift_ms_max,
    /// A creator complains about who did not vote for so long.
    vote_timeout_ms: |_: &Timing, member: &MemberTiming, _: &Rules| member.vote_timeout_ms,
    /// A witness complains about a creator that leaves a transaction for so long.
    block_timeout_ms: |_: &Timing, member: &MemberTiming, _: &Rules| member.block_timeout_ms,
    /// For how long a seat may look at a listed block.
    judging_ms: |_: &Timing, _: &MemberTiming, rules: &Rules| rules.judging_ms,
    /// For how long a member may leave a complaint unanswered.
    answer_ms: |_: &Timing, _: &MemberTiming, rules: &Rules| rules.answer_ms,
    /// For how long the ceremony that makes an epoch's seed key waits for its dealers.
    ceremony_ms: |_: &Timing, _: &MemberTiming, rules: &Rules| rules.ceremony_ms,
}

impl Times {
    /// The log's.
    #[must_use]
    pub fn log(&self) -> Timing {
        Timing {
            tick_ms: self.tick_ms,
            idle_ms: self.idle_ms,
            view_timeout_ms: self.view_timeout_ms,
            skip_timeout_ms: self.skip_timeout_ms,
            retry_ms: self.retry_ms,
            step_ms_max: self.step_ms_max,
            drift_ms_max: self.drift_ms_max,
            ..Timing::default()
        }
    }

    /// A participant's.
    #[must_use]
    pub const fn member(&self) -> MemberTiming {
        MemberTiming {
            retry_ms: self.retry_ms,
            tick_ms: self.tick_ms,
            vote_timeout_ms: self.vote_timeout_ms,
            block_timeout_ms: self.block_timeout_ms,
        }
    }

    /// The group's rules.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            judging_ms: self.judging_ms,
            answer_ms: self.answer_ms,
            ceremony_ms: self.ceremony_ms,
            ..Rules::default()
        }
    }
}

/// All limits, by part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A seat's own clock.
    pub history: HistoryLimits,
    /// The journal and the blocks.
    pub store: StoreLimits,
    /// States in memory.
    pub ledgers: LedgerLimits,
    /// The actor's queues.
    pub runtime: RuntimeLimits,
    /// What is sent to other nodes.
    pub transport: TransportLimits,
    /// What users ask.
    pub rpc: RpcLimits,
    /// The main chain.
    pub mainchain: MainchainLimits,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORTEST: &str = r#"
        [contracts]
        Slasher = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    "#;

    #[test]
    fn limits_may_be_left_out_and_come_back_as_they_were() {
        let config: DleConfig = toml::from_str(SHORTEST).unwrap();
        assert_eq!(config, DleConfig::new(config.contracts.clone()));
        assert_eq!(config.times.log(), Timing::default());
        assert_eq!(config.times.member(), MemberTiming::default());
        assert_eq!(config.times.rules(), Rules::default());
        let table = toml::Table::try_from(&config).unwrap();
        assert_eq!(table.try_into::<DleConfig>().unwrap(), config);
    }

    #[test]
    fn every_time_has_an_effect() {
        let names = toml::Table::try_from(Times::default()).unwrap();
        let times = |name: &str| -> Times {
            let text = format!("{name} = 77");
            toml::from_str(&text).unwrap()
        };
        let all = |times: &Times| (times.log(), times.member(), times.rules());
        for name in names.keys() {
            assert_ne!(all(&times(name)), all(&Times::default()), "{name}");
        }
    }

    #[test]
    fn a_misspelt_limit_is_an_error() {
        let text = format!("{SHORTEST}\n[limits.store]\nfile_byte_max = 5");
        let error = toml::from_str::<DleConfig>(&text).unwrap_err().to_string();
        assert!(error.contains("file_byte_max"), "{error}");
    }
}
