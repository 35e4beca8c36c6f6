//! What the indexer keeps of events: tables of records, by rules that are data.
//!
//! A record is a JSON object with a key. A rule says what an event does to one record of a table: set fields, add to
//! them, or end it. `tables.toml` has the rules for our own contracts, and its head says how they are written. Every
//! record has a history: it holds from a block until the next change.

mod fold;
mod key;
mod rule;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use alloy::primitives::{B256, keccak256};
use serde::Deserialize;

pub use fold::{Body, Change, FoldError, Outcome, Place};
pub use key::{KeyError, KeyPart};
pub use rule::{Operand, Rule};

use crate::catalogue::{Catalogue, Known};

/// The rules for our own contracts.
const OWN: &str = include_str!("tables.toml");

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// They are not written as they must be.
    #[error("expected tables as tables.toml says, found {0}")]
    Malformed(#[from] toml::de::Error),
    /// They speak of what is not there.
    #[error("table {table}, at {event}: expected {expected}, found {found}")]
    Unknown {
        /// Whose rule.
        table: String,
        /// At which event.
        event: String,
        /// What should be there.
        expected: &'static str,
        /// What the rule says.
        found: String,
    },
}

/// One table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What a record of it is, for its readers.
    pub about: String,
    /// The parameters that make a key.
    pub key: Vec<String>,
    /// Fields by which records can be found.
    #[serde(default)]
    pub find: Vec<String>,
    /// What events do to records.
    pub on: Vec<Rule>,
    /// The types of the key's parts, from the interfaces.
    #[serde(skip)]
    pub parts: Vec<KeyPart>,
}

/// Contract and event to tables and places in their rules.
type ByEvent = HashMap<String, HashMap<String, Vec<(String, usize)>>>;

/// All tables by name, and which rules each event sets off.
#[derive(Debug)]
pub struct Tables {
    tables: BTreeMap<String, Table>,
    by_event: ByEvent,
    text: String,
}

impl Tables {
    /// The tables for our own contracts.
    ///
    /// # Errors
    /// [`RulesError`], which would be a mistake of the build.
    pub fn own(catalogue: &Catalogue) -> Result<Self, RulesError> {
        Self::parse(OWN, catalogue)
    }

    /// Tables from their text. Rules about contracts that are not in the catalogue are left out.
    ///
    /// # Errors
    /// [`RulesError`].
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Self, RulesError> {
        let mut tables: BTreeMap<String, Table> = toml::from_str(text)?;
        let mut by_event = ByEvent::new();
        for (name, table) in &mut tables {
            for (place, rule) in table.on.iter().enumerate() {
                if rule.check(name, &table.key, catalogue)? {
                    let (contract, event) = rule.names();
                    let of_contract = by_event.entry(contract.to_owned()).or_default();
                    of_contract.entry(event.to_owned()).or_default().push((name.clone(), place));
                }
            }
            table.parts = key::parts(table, catalogue);
        }
        Ok(Self { tables, by_event, text: text.to_owned() })
    }

    /// The tables by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.tables.iter().map(|(name, table)| (name.as_str(), table))
    }

    /// The table of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Whether any rule is about this event.
    #[must_use]
    pub fn concern(&self, known: &Known) -> bool {
        self.by_event
            .get(&known.contract)
            .is_some_and(|events| events.contains_key(&known.event.name))
    }

    /// The rules that an event sets off, with their tables.
    pub(crate) fn rules<'a>(
        &'a self,
        contract: &str,
        event: &str,
    ) -> impl Iterator<Item = (&'a str, &'a Table, &'a Rule)> {
        let places = self.by_event.get(contract).and_then(|events| events.get(event));
        places.into_iter().flatten().filter_map(|(name, place)| {
            let (name, table) = self.tables.get_key_value(name)?;
            Some((name.as_str(), table, table.on.get(*place)?))
        })
    }

    /// Differs when records would come out otherwise.
    #[must_use]
    pub fn fingerprint(&self) -> B256 {
        keccak256(&self.text)
    }
}
