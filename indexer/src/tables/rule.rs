//! One rule: what an event does to a record.

use std::collections::BTreeMap;

use alloy::json_abi::Event;
use serde::Deserialize;
use serde_json::Value;

use super::RulesError;
use crate::{catalogue::Catalogue, decode::plain};

/// What an event does to the record that its key names. Parts are done from the top down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// `Contract.Event`.
    pub event: String,
    /// Which parameters make the key, where they have other names than the table's. One that begins with `=` is text as
    /// it stands.
    pub key: Option<Vec<String>>,
    /// A list: the rule is for a record of each of its elements, which stands in the key for the list.
    pub each: Option<String>,
    /// Only if these parameters have these values, as JSON has them.
    #[serde(default)]
    pub when: BTreeMap<String, Value>,
    /// Not if one of these parameters has this value.
    #[serde(default)]
    pub unless: BTreeMap<String, Value>,
    /// The record ends.
    #[serde(default)]
    pub remove: bool,
    /// Only a record that is there is changed; else the event makes one.
    #[serde(default)]
    pub update: bool,
    /// Parameters that become fields; all, if it does not say.
    pub keep: Option<Vec<String>>,
    /// Structs among them whose fields become the record's.
    #[serde(default)]
    pub flatten: Vec<String>,
    /// Fields that do not stay: no later event would keep them true.
    #[serde(default)]
    pub drop: Vec<String>,
    /// Fields that come from a parameter of another name.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Fields with a value of their own; `$block`, `$time` and `$transaction` are where the event was, `$each` is
    /// the list's element.
    #[serde(default)]
    pub set: BTreeMap<String, Value>,
    /// Fields to which something is added.
    #[serde(default)]
    pub add: BTreeMap<String, Operand>,
    /// Fields from which something is taken.
    #[serde(default)]
    pub sub: BTreeMap<String, Operand>,
}

/// What is added or taken: a parameter, several of them, or a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Operand {
    /// So much.
    Number(u32),
    /// What this parameter says.
    Field(String),
    /// The sum of what these say.
    Fields(Vec<String>),
}

impl Operand {
    /// The parameters that it names.
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Number(_) => &[],
            Self::Field(field) => std::slice::from_ref(field),
            Self::Fields(fields) => fields,
        }
    }
}

impl Rule {
    /// The contract and the event.
    #[must_use]
    pub fn names(&self) -> (&str, &str) {
        self.event.split_once('.').unwrap_or((&self.event, ""))
    }

    /// The parameters that make the key.
    #[must_use]
    pub fn key<'a>(&'a self, of_table: &'a [String]) -> &'a [String] {
        self.key.as_deref().unwrap_or(of_table)
    }

    /// Whether the contract is followed; then everything that the rule names must be there.
    pub(super) fn check(
        &self,
        table: &str,
        key: &[String],
        catalogue: &Catalogue,
    ) -> Result<bool, RulesError> {
        let wrong = |expected, found: &str| RulesError::Unknown {
            table: table.to_owned(),
            event: self.event.clone(),
            expected,
            found: found.to_owned(),
        };
        let (contract, event) = self.names();
        if !catalogue.contracts().iter().any(|each| each.name == contract) {
            return Ok(false);
        }
        let Some(event) = catalogue.named(contract, event).next() else {
            return Err(wrong("an event of its contract", event));
        };
        let key = self.key(key);
        if key.iter().filter(|part| !part.starts_with('=')).count() > KEY_PARTS_MAX {
            return Err(wrong("at most three parameters in a key", &key.join(", ")));
        }
        let named = key
            .iter()
            .filter(|part| !part.starts_with('='))
            .chain(self.when.keys())
            .chain(self.unless.keys())
            .chain(self.keep.iter().flatten())
            .chain(&self.flatten)
            .chain(&self.each)
            .chain(self.rename.values())
            .chain(self.add.values().chain(self.sub.values()).flat_map(Operand::fields));
        for name in named {
            if !has(event, name) {
                return Err(wrong("a parameter of the event", name));
            }
        }
        Ok(true)
    }
}

/// The most parameters that a key has.
const KEY_PARTS_MAX: usize = 3;

fn has(event: &Event, name: &str) -> bool {
    event.inputs.iter().any(|input| plain(&input.name) == name)
}
