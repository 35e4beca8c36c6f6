//! Keys as bytes: in the order of what they mean, so that a list by key is a list by number.

use alloy::{
    dyn_abi::DynSolValue,
    primitives::{Address, U256, keccak256},
};

use serde_json::Value;

use super::Table;
use crate::{
    catalogue::Catalogue,
    decode::{Decoded, plain},
};

/// What a part of a key is, and so how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// An unsigned integer: 32 bytes, the high ones first.
    Number,
    /// 20 bytes.
    Address,
    /// So many bytes.
    Bytes(usize),
    /// Text of the rule: as it is.
    Text,
}

/// Why a text is no key of a table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct KeyError {
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// The parts of a table's keys, by the first of its rules whose contract is followed.
pub(super) fn parts(table: &Table, catalogue: &Catalogue) -> Vec<KeyPart> {
    let event = table.on.iter().find_map(|rule| {
        let (contract, event) = rule.names();
        Some((rule, catalogue.named(contract, event).next()?))
    });
    let Some((rule, event)) = event else { return Vec::new() };
    let part = |name: &String| {
        let input = event.inputs.iter().find(|input| plain(&input.name) == *name);
        input.map_or(KeyPart::Text, |input| match input.ty.as_str() {
            "address" => KeyPart::Address,
            ty if ty.starts_with("uint") => KeyPart::Number,
            "address[]" => KeyPart::Address,
            ty => KeyPart::Bytes(
                ty.strip_prefix("bytes").and_then(|size| size.parse().ok()).unwrap_or(32),
            ),
        })
    };
    rule.key(&table.key).iter().map(part).collect()
}

/// The keys of the records that an event is about, and for which element of a list each is, if it is for one.
pub(super) fn of_event(
    names: &[String],
    each: Option<&str>,
    event: &Decoded<'_>,
) -> Vec<(Vec<u8>, Option<Value>)> {
    let Some(list) = each else {
        return of_element(names, None, event).map(|key| (key, None)).into_iter().collect();
    };
    let Some(field) = event.field(list) else { return Vec::new() };
    let elements = field.value.as_array().unwrap_or_default().iter();
    let shown = field.json().as_array().into_iter().flatten();
    let of_one = |(element, shown): (_, &Value)| {
        Some((of_element(names, Some((list, element)), event)?, Some(shown.clone())))
    };
    elements.zip(shown).filter_map(of_one).collect()
}

fn of_element(
    names: &[String],
    element: Option<(&str, &DynSolValue)>,
    event: &Decoded<'_>,
) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(32 * names.len());
    for name in names {
        match (name.strip_prefix('='), element) {
            (Some(text), _) => key.extend_from_slice(text.as_bytes()),
            (None, Some((list, element))) if name == list => push(&mut key, element),
            _ => push(&mut key, &event.field(name)?.value),
        }
    }
    Some(key)
}

fn push(key: &mut Vec<u8>, value: &DynSolValue) {
    match value {
        DynSolValue::Uint(value, _) => key.extend_from_slice(&value.to_be_bytes::<32>()),
        DynSolValue::Address(address) => key.extend_from_slice(address.as_slice()),
        DynSolValue::FixedBytes(word, size) => {
            key.extend_from_slice(word.get(..*size).unwrap_or_default());
        }
        // What has any length is known by its hash.
        other => key.extend_from_slice(keccak256(other.abi_encode_packed()).as_slice()),
    }
}

impl Table {
    /// A key from its parts as people write them: numbers, `0x` and hexadecimal.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn key(&self, texts: &[&str]) -> Result<Vec<u8>, KeyError> {
        // After text of a rule may come numbers, each rule its own.
        let named = self.parts.first() == Some(&KeyPart::Text) && !texts.is_empty();
        if texts.len() != self.parts.len() && !named {
            let expected = format!("{} ({} parts)", self.key.join("/"), self.parts.len());
            return Err(KeyError { expected, found: texts.join("/") });
        }
        let mut key = Vec::new();
        let parts = self.parts.iter().chain(std::iter::repeat(&KeyPart::Number));
        for (part, text) in parts.zip(texts) {
            let wrong = |expected: &str| KeyError {
                expected: expected.to_owned(),
                found: (*text).to_owned(),
            };
            match part {
                KeyPart::Number => {
                    let number: U256 = text.parse().map_err(|_| wrong("a number"))?;
                    key.extend_from_slice(&number.to_be_bytes::<32>());
                }
                KeyPart::Address => {
                    let address: Address = text.parse().map_err(|_| wrong("an address"))?;
                    key.extend_from_slice(address.as_slice());
                }
                KeyPart::Bytes(size) => {
                    let bytes = text.strip_prefix("0x").and_then(|text| hex::decode(text).ok());
                    let bytes = bytes.filter(|bytes| bytes.len() == *size);
                    let expected = format!("0x and {} hexadecimal digits", size * 2);
                    key.extend(bytes.ok_or_else(|| wrong(&expected))?);
                }
                KeyPart::Text => key.extend_from_slice(text.as_bytes()),
            }
        }
        Ok(key)
    }
}
