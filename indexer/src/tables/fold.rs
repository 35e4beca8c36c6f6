//! Applying rules: a record and an event make the next record.

use alloy::primitives::U256;
use serde_json::{Map, Value};

use super::{Operand, Rule, Tables, key};
use crate::decode::{Decoded, RawEvent};

/// A record's fields.
pub type Body = Map<String, Value>;

/// Why an event does not fit the record that it changes.
#[derive(Debug, thiserror::Error)]
#[error("table {table}, field {field}: expected {expected}, found {found}")]
pub struct FoldError {
    /// The table.
    pub table: String,
    /// The field.
    pub field: String,
    /// What should be there.
    pub expected: &'static str,
    /// What is.
    pub found: String,
}

/// A rule that an event sets off, for the record with this key.
#[derive(Debug)]
pub struct Change<'a> {
    /// The table.
    pub table: &'a str,
    /// The record's key.
    pub key: Vec<u8>,
    rule: &'a Rule,
    /// The element of a list that it is for.
    each: Option<Value>,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It stays as it is.
    Same,
    /// It is this now.
    Is(Body),
    /// It ends.
    Gone,
}

/// Where an event was.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The log.
    pub event: &'a RawEvent,
    /// The time of its block, unix seconds.
    pub time: u64,
}

impl Tables {
    /// What an event changes. The records may not be there yet.
    pub fn changes<'a>(&'a self, event: &Decoded<'_>) -> Vec<Change<'a>> {
        let rules = self.rules(&event.known.contract, &event.known.event.name);
        let set_off = rules.filter(|(_, _, rule)| rule.applies(event));
        set_off
            .flat_map(|(table, rules, rule)| {
                let keys = key::of_event(rule.key(&rules.key), rule.each.as_deref(), event);
                keys.into_iter().map(move |(key, each)| Change { table, key, rule, each })
            })
            .collect()
    }
}

impl Change<'_> {
    /// What the record becomes.
    ///
    /// # Errors
    /// [`FoldError`] when a sum is not one.
    pub fn apply(
        &self,
        before: Option<&Body>,
        event: &Decoded<'_>,
        place: Place<'_>,
    ) -> Result<Outcome, FoldError> {
        let rule = self.rule;
        if before.is_none() && (rule.update || rule.remove) {
            return Ok(Outcome::Same);
        }
        if rule.remove {
            return Ok(Outcome::Gone);
        }
        let mut after = before.cloned().unwrap_or_default();
        rule.fill(&mut after, event, place, self.each.as_ref());
        for (field, operand) in &rule.add {
            self.sum(&mut after, field, operand, event, U256::checked_add)?;
        }
        for (field, operand) in &rule.sub {
            self.sum(&mut after, field, operand, event, U256::checked_sub)?;
        }
        Ok(if Some(&after) == before { Outcome::Same } else { Outcome::Is(after) })
    }

    fn sum(
        &self,
        after: &mut Body,
        field: &str,
        operand: &Operand,
        event: &Decoded<'_>,
        operation: fn(U256, U256) -> Option<U256>,
    ) -> Result<(), FoldError> {
        let wrong = |expected, found: String| FoldError {
            table: self.table.to_owned(),
            field: field.to_owned(),
            expected,
            found,
        };
        let mut amount = match operand {
            Operand::Number(number) => U256::from(*number),
            _ => U256::ZERO,
        };
        for name in operand.fields() {
            let value = event.field(name).map_or(U256::ZERO, |field| {
                field.value.as_uint().map_or(U256::ZERO, |(value, _)| value)
            });
            amount = amount
                .checked_add(value)
                .ok_or_else(|| wrong("a sum of 256 bits", format!("{amount} + {value}")))?;
        }
        let before = match after.get(field) {
            None => U256::ZERO,
            Some(value) => integer(value).ok_or_else(|| wrong("an integer", value.to_string()))?,
        };
        let sum = operation(before, amount)
            .ok_or_else(|| wrong("0 or more, of 256 bits", format!("{before} and {amount}")))?;
        after.insert(field.to_owned(), Value::String(sum.to_string()));
        Ok(())
    }
}

/// What a field says as an integer.
fn integer(value: &Value) -> Option<U256> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().map(U256::from),
        _ => None,
    }
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|each| each == name)
}

impl Rule {
    fn applies(&self, event: &Decoded<'_>) -> bool {
        let is = |(name, value): (&String, &Value)| {
            event.field(name).is_some_and(|field| field.is(value))
        };
        self.when.iter().all(is) && !self.unless.iter().any(is)
    }

    fn fill(&self, after: &mut Body, event: &Decoded<'_>, place: Place<'_>, each: Option<&Value>) {
        for field in &event.fields {
            let renamed = self.rename.values().any(|name| *name == field.name);
            let kept = self.keep.as_ref().is_none_or(|keep| has(keep, field.name));
            if has(&self.flatten, field.name)
                && let Value::Object(inner) = field.json()
            {
                after.extend(inner.clone());
            } else if kept && !renamed {
                after.insert(field.name.to_owned(), field.json().clone());
            }
        }
        for name in &self.drop {
            after.remove(name);
        }
        for (name, from) in &self.rename {
            if let Some(field) = event.field(from) {
                after.insert(name.clone(), field.json().clone());
            }
        }
        for (name, value) in &self.set {
            let value = match value.as_str() {
                Some("$block") => place.event.block.into(),
                Some("$time") => place.time.into(),
                Some("$each") => each.cloned().unwrap_or(Value::Null),
                Some("$transaction") => place.event.transaction.to_string().into(),
                _ => value.clone(),
            };
            after.insert(name.clone(), value);
        }
    }
}
