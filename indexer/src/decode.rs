//! An event as names and values: what its contract's interface makes of a log.
//!
//! In JSON, addresses and bytes are `0x` and hexadecimal (addresses with EIP-55's checksum), integers of up to 32 bits
//! numbers and longer ones decimal strings, for no JSON reader may be trusted with more than 53 bits. Structs are
//! objects. Two of the contracts' own types read as people write them: `Endpoint` and `Roles`. Names lose the
//! underscore at their end, which Solidity needs where a word is reserved.

use std::cell::OnceCell;

use alloy::{
    dyn_abi::DynSolValue,
    json_abi::{EventParam, Param},
    primitives::{Address, B256, Bytes, FixedBytes, U256},
};
use conet_bindings::{endpoint, roles};
use serde_json::{Map, Value};

use crate::catalogue::Known;

/// A log, as a node serves it and a store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// The block's number.
    pub block: u64,
    /// Its place among all logs of the block.
    pub index: u64,
    /// The transaction.
    pub transaction: B256,
    /// The contract.
    pub address: Address,
    /// The event's signature, then what is indexed.
    pub topics: Vec<B256>,
    /// The rest.
    pub data: Bytes,
}

/// Why a log is not the event that its first topic names.
#[derive(Debug, thiserror::Error)]
#[error("expected {contract}.{event} as its interface says, found {reason}")]
pub struct DecodeError {
    /// The contract's name.
    pub contract: String,
    /// The event's name.
    pub event: String,
    /// What is wrong.
    pub reason: String,
}

/// A decoded parameter.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub value: DynSolValue,
    param: &'a EventParam,
    /// Made when it is wanted: few events change a record, and an address takes a hash.
    json: OnceCell<Value>,
}

impl Field<'_> {
    /// What it is, for people.
    pub fn json(&self) -> &Value {
        self.json.get_or_init(|| of_event_param(&self.value, self.param))
    }

    /// Whether it is this for people.
    #[must_use]
    pub fn is(&self, json: &Value) -> bool {
        match (&self.value, json) {
            (DynSolValue::Address(address), Value::String(text)) if !may_be(address, text) => false,
            _ => self.json() == json,
        }
    }
}

/// Whether this text may be that address: its checksum, for which it would be hashed, is not looked at.
fn may_be(address: &Address, text: &str) -> bool {
    let mut bytes = [0; 20];
    let digits = text.strip_prefix("0x").unwrap_or_default();
    hex::decode_to_slice(digits, &mut bytes).is_ok() && *address == bytes
}

/// A decoded event.
#[derive(Debug, Clone)]
pub struct Decoded<'a> {
    /// Which.
    pub known: &'a Known,
    /// Its parameters in their order.
    pub fields: Vec<Field<'a>>,
}

impl<'a> Decoded<'a> {
    /// Reads a log of `known`.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn read(known: &'a Known, topics: &[B256], data: &[u8]) -> Result<Self, DecodeError> {
        let failed = |reason: String| DecodeError {
            contract: known.contract.clone(),
            event: known.event.name.clone(),
            reason,
        };
        let parts = known
            .types
            .decode_log_parts(topics.iter().copied(), data)
            .map_err(|error| failed(error.to_string()))?;
        let (mut indexed, mut body) = (parts.indexed.into_iter(), parts.body.into_iter());
        let mut fields = Vec::with_capacity(known.event.inputs.len());
        for input in &known.event.inputs {
            let value = if input.indexed { indexed.next() } else { body.next() };
            let value = value.ok_or_else(|| failed("too few parameters".to_owned()))?;
            let name = input.name.trim_end_matches(RESERVED);
            fields.push(Field { name, value, param: input, json: OnceCell::new() });
        }
        Ok(Self { known, fields })
    }

    /// The parameter of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// All parameters as an object.
    #[must_use]
    pub fn json(&self) -> Map<String, Value> {
        self.fields.iter().map(|field| (field.name.to_owned(), field.json().clone())).collect()
    }
}

/// What Solidity's names end with where a word is reserved.
const RESERVED: char = '_';

/// A name as tables and queries have it.
#[must_use]
pub fn plain(name: &str) -> String {
    name.trim_end_matches(RESERVED).to_owned()
}

fn of_event_param(value: &DynSolValue, param: &EventParam) -> Value {
    let own = param.internal_type.as_ref().map(ToString::to_string).unwrap_or_default();
    to_json(value, &own, &param.components)
}

fn to_json(value: &DynSolValue, own_type: &str, components: &[Param]) -> Value {
    match value {
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            let element = own_type.rsplit_once('[').map_or(own_type, |(element, _)| element);
            values.iter().map(|value| to_json(value, element, components)).collect()
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            let named = components.iter().zip(values).map(|(param, value)| {
                let own = param.internal_type.as_ref().map(ToString::to_string).unwrap_or_default();
                (plain(&param.name), to_json(value, &own, &param.components))
            });
            Value::Object(named.collect())
        }
        _ => leaf(value, own_type),
    }
}

fn leaf(value: &DynSolValue, own_type: &str) -> Value {
    match value {
        DynSolValue::Bool(value) => Value::Bool(*value),
        // PostgreSQL's JSON does not take NUL, and no text needs it.
        DynSolValue::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
        DynSolValue::Address(address) => Value::String(address.to_string()),
        DynSolValue::Bytes(bytes) => Value::String(hex_text(bytes)),
        DynSolValue::FixedBytes(word, size) => {
            let bytes = word.get(..*size).unwrap_or_default();
            match (own_type, <[u8; 18]>::try_from(bytes)) {
                ("Endpoint", Ok(bytes)) => {
                    Value::String(endpoint::decode(FixedBytes(bytes)).to_string())
                }
                _ => Value::String(hex_text(bytes)),
            }
        }
        DynSolValue::Uint(value, _) if own_type == "Roles" => {
            roles::names(u16::try_from(*value).unwrap_or_default()).map(Value::from).collect()
        }
        DynSolValue::Uint(value, bits) => number(*value, *bits),
        DynSolValue::Int(value, bits) if *bits <= 32 => {
            i64::try_from(*value).map_or(Value::Null, Value::from)
        }
        DynSolValue::Int(value, _) => Value::String(value.to_string()),
        DynSolValue::Function(function) => Value::String(hex_text(function.as_slice())),
        // Arrays and tuples do not come here.
        _ => Value::Null,
    }
}

/// An unsigned integer of so many bits.
#[must_use]
pub fn number(value: U256, bits: usize) -> Value {
    match u32::try_from(value) {
        Ok(value) if bits <= 32 => Value::from(value),
        _ => Value::String(value.to_string()),
    }
}

fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}
