//! What answers are, as JSON Schema.

use std::collections::BTreeMap;

use alloy::json_abi::{EventParam, Param};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::Catalogue,
    decode::plain,
    tables::{KeyPart, Rule, Table, Tables},
};

/// How an event that many contracts have is named among the schemas.
pub(super) fn event_name(contract: &str, event: &str) -> String {
    format!("{contract}.{event}")
}

/// Where a schema is.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// All of them, by name.
pub(super) fn all(catalogue: &Catalogue, tables: &Tables) -> Map<String, Value> {
    let mut schemas = answers();
    for contract in catalogue.contracts() {
        for event in contract.abi.events() {
            let fields = event.inputs.iter().map(|input| {
                let own = own(input.internal_type.as_ref());
                (plain(&input.name), type_of(&input.ty, own, &input.components))
            });
            let about = format!("The parameters of {}'s {}", contract.name, event.name);
            let schema = json!({
                "type": "object", "description": about, "properties": fields.collect::<Map<_, _>>(),
            });
            schemas.insert(event_name(&contract.name, &event.name), schema);
        }
    }
    schemas
        .extend(tables.iter().map(|(name, table)| (name.to_owned(), of_table(table, catalogue))));
    schemas
}

fn answers() -> Map<String, Value> {
    Map::from_iter([
        ("Error".to_owned(), object(&["error"], json!({ "error": text("Why not") }))),
        ("Status".to_owned(), status()),
        ("Table".to_owned(), table()),
        ("Contract".to_owned(), contract()),
        ("Event".to_owned(), event()),
        ("Draw".to_owned(), draw()),
        ("Check".to_owned(), check()),
        ("Certificate".to_owned(), certificate()),
        ("Key".to_owned(), key()),
    ])
}

/// An object that has these fields at least.
fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn texts(about: &str) -> Value {
    json!({ "type": "array", "description": about, "items": { "type": "string" } })
}

fn count(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": about })
}

fn flag(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

fn hash(about: &str) -> Value {
    json!({ "type": "string", "pattern": "^0x[0-9a-f]{64}$", "description": about })
}

/// The same, or null.
fn perhaps(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    schema
}

fn status() -> Value {
    let properties = json!({
        "ok": flag("Whether all is well"),
        "chain_id": count("EIP-155"),
        "block": perhaps(count("The block that the tables show")),
        "hash": perhaps(hash("Its hash")),
        "time": perhaps(count("Its time, unix seconds")),
        "finalized": perhaps(count("The newest block that is never undone")),
        "head": count("The newest block of the chain"),
        "lag_blocks": count("Blocks that the tables lack"),
        "trouble": perhaps(text("Why the tables do not go on, if they do not")),
    });
    object(
        &["ok", "chain_id", "block", "hash", "time", "finalized", "head", "lag_blocks", "trouble"],
        properties,
    )
}

fn table() -> Value {
    let properties = json!({
        "name": text("Its name"),
        "about": text("What its records are"),
        "key": texts("What names a record"),
        "find": texts("By what records can be found"),
    });
    object(&["name", "about", "key", "find"], properties)
}

fn contract() -> Value {
    let properties = json!({
        "name": text("Its name"), "address": address(), "events": texts("The names of its events"),
    });
    object(&["name", "address", "events"], properties)
}

fn event() -> Value {
    let fields = "Its parameters: the schema Contract.Event says which";
    let properties = json!({
        "block": count("The block"),
        "log": count("Its place among all logs of the block"),
        "time": perhaps(count("The block's time, unix seconds, if it is remembered")),
        "transaction": hash("The transaction"),
        "address": address(),
        "contract": perhaps(text("The contract's name")),
        "event": text("Its name"),
        "fields": { "type": "object", "description": fields },
        "topics": { "type": "array", "maxItems": 4, "items": hash("A topic") },
        "data": bytes(),
    });
    json!({
        "type": "object",
        "required": ["block", "log", "time", "transaction", "address", "contract"],
        "properties": properties,
        // One that the contract's interface does not have is as the chain has it.
        "oneOf": [{ "required": ["event", "fields"] }, { "required": ["topics", "data"] }],
    })
}

fn draw() -> Value {
    let nodes = |about| json!({ "type": "array", "description": about, "items": count("A node") });
    let request = json!({
        "chain": hash("The chain"),
        "height": count("From which height on they are members"),
        "role": count("What they do: one bit"),
        "seats": count("How many are wanted"),
        "standbys": count("How many more stand by"),
        "weighted": flag("Whether a node has a lot for each seat that it offers"),
        "members": nodes("Who is not to be drawn"),
        "logged_at": count("The entry that asks"),
        "seed_height": count("The entry whose seed draws"),
        "pool": hash("The digest of who waited then"),
    });
    let outcome = json!({
        "nodes": nodes("Who was drawn: first the members, then who stands by"),
        "skipped": { "type": "array", "items": { "type": "object" }, "description": "Who was passed over, and why" },
    });
    let selection = json!({
        "index": count("Its place"),
        "parent": hash("The draw before"),
        "request": object(&["chain", "height", "role", "seats", "standbys"], request),
        "drawn_in": count("The entry of the group's log in which it was drawn"),
        "seed": hash("What it was drawn with"),
        "pool": hash("The digest of who waited"),
        "outcome": object(&["nodes", "skipped"], outcome),
    });
    let required = ["index", "parent", "request", "drawn_in", "seed", "pool", "outcome"];
    let properties = json!({
        "group": count("The archive group"),
        "number": count("Its place in the group's Selection Chain"),
        "chain": hash("For which chain"),
        "draw": perhaps(object(&required, selection)),
    });
    object(&["group", "number", "chain", "draw"], properties)
}

fn check() -> Value {
    let properties = json!({
        "wallet": address(),
        "block": count("From which block on the route is set"),
        "checked": count("When it was checked, unix seconds"),
        "holds": flag("Whether all holds now"),
        "problem": perhaps(text("What does not")),
        "agent": perhaps(decimal()),
        "serial": count("Which of the wallet's routes it is"),
        "epoch": count("Of the wallet's keys"),
        "expires": count("Until when, unix seconds"),
        "certificates": { "type": "array", "items": reference("Certificate") },
    });
    let required = [
        "wallet",
        "block",
        "checked",
        "holds",
        "problem",
        "agent",
        "serial",
        "epoch",
        "expires",
        "certificates",
    ];
    object(&required, properties)
}

fn certificate() -> Value {
    let properties = json!({
        "version": { "type": "integer", "enum": [4, 6] },
        "fingerprint": fingerprint(),
        "user_ids": texts("Whose it is"),
        "created": count("Unix seconds"),
        "expires": perhaps(count("Unix seconds")),
        "keys": { "type": "array", "minItems": 2, "maxItems": 2, "items": reference("Key") },
    });
    object(&["version", "fingerprint", "user_ids", "created", "expires", "keys"], properties)
}

fn key() -> Value {
    let properties = json!({
        "fingerprint": fingerprint(),
        "algorithm": { "type": "string", "enum": ["Ed25519", "X25519"] },
        "uses": { "type": "array", "items": { "type": "string", "enum": ["certify", "encrypt"] } },
        "created": count("Unix seconds"),
        "expires": perhaps(count("Unix seconds")),
    });
    object(&["fingerprint", "algorithm", "uses", "created", "expires"], properties)
}

fn fingerprint() -> Value {
    json!({ "type": "string", "pattern": "^([0-9A-F]{40}|[0-9A-F]{64})$" })
}

/// A part of a key.
pub(super) fn of_key(part: &KeyPart) -> Value {
    match part {
        KeyPart::Number => decimal(),
        KeyPart::Address => address(),
        KeyPart::Bytes(size) => {
            json!({ "type": "string", "pattern": format!("^0x[0-9a-fA-F]{{{}}}$", size * 2) })
        }
        KeyPart::Text => json!({ "type": "string" }),
    }
}

/// The fields that a table's rules make.
fn of_table(table: &Table, catalogue: &Catalogue) -> Value {
    let mut fields = BTreeMap::new();
    for rule in &table.on {
        let (contract, event) = rule.names();
        if let Some(event) = catalogue.named(contract, event).next() {
            fields_of(rule, &event.inputs, &mut fields);
        }
    }
    json!({ "type": "object", "description": table.about, "properties": fields })
}

/// Another way how rules make a field: what it is depends on the event.
fn may_be(fields: &mut BTreeMap<String, Value>, name: String, schema: Value) {
    let Some(known) = fields.get_mut(&name) else {
        fields.insert(name, schema);
        return;
    };
    if *known == schema {
        return;
    }
    match known.get_mut("anyOf").and_then(Value::as_array_mut) {
        Some(known) if known.contains(&schema) => {}
        Some(known) => known.push(schema),
        None => *known = json!({ "anyOf": [known.take(), schema] }),
    }
}

fn fields_of(rule: &Rule, inputs: &[EventParam], fields: &mut BTreeMap<String, Value>) {
    for input in inputs {
        let name = plain(&input.name);
        let of_param = || type_of(&input.ty, own(input.internal_type.as_ref()), &input.components);
        if rule.flatten.contains(&name) {
            for part in input.components.iter().filter(|part| !rule.drop.contains(&part.name)) {
                let own = own(part.internal_type.as_ref());
                may_be(fields, plain(&part.name), type_of(&part.ty, own, &part.components));
            }
        } else if rule.keep.as_ref().is_none_or(|keep| keep.contains(&name))
            && !rule.rename.values().any(|from| *from == name)
        {
            may_be(fields, name.clone(), of_param());
        }
        for (to, _) in rule.rename.iter().filter(|(_, from)| **from == name) {
            may_be(fields, to.clone(), of_param());
        }
    }
    for (name, value) in &rule.set {
        may_be(fields, name.clone(), of_value(value));
    }
    for name in rule.add.keys().chain(rule.sub.keys()) {
        fields.entry(name.clone()).or_insert_with(decimal);
    }
}

/// What a rule sets a field to.
fn of_value(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) if text == "$block" || text == "$time" => json!({ "type": "integer" }),
        Value::String(text) if text.parse::<u64>().is_ok() => decimal(),
        _ => json!({ "type": "string" }),
    }
}

fn own<T: ToString>(internal: Option<&T>) -> String {
    internal.map(ToString::to_string).unwrap_or_default()
}

fn address() -> Value {
    json!({ "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" })
}

fn bytes() -> Value {
    json!({ "type": "string", "pattern": "^0x[0-9a-f]*$" })
}

fn decimal() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]+$" })
}

/// How [`decode`](crate::decode) writes a Solidity type.
fn type_of(ty: &str, own_type: String, components: &[Param]) -> Value {
    if let Some((element, _)) = ty.rsplit_once('[') {
        let own_element = own_type.rsplit_once('[').map(|(element, _)| element.to_owned());
        let items = type_of(element, own_element.unwrap_or_default(), components);
        return json!({ "type": "array", "items": items });
    }
    match ty {
        "tuple" => {
            let part = |part: &Param| {
                let own = own(part.internal_type.as_ref());
                (plain(&part.name), type_of(&part.ty, own, &part.components))
            };
            let parts: Map<_, _> = components.iter().map(part).collect();
            json!({ "type": "object", "properties": parts })
        }
        "bool" => json!({ "type": "boolean" }),
        "string" => json!({ "type": "string" }),
        "address" => address(),
        _ if own_type == "Endpoint" => json!({ "type": "string", "examples": ["203.0.113.7:80"] }),
        _ if own_type == "Roles" => json!({ "type": "array", "items": { "type": "string" } }),
        _ if ty.starts_with("bytes") => bytes(),
        "uint8" | "uint16" | "uint24" | "uint32" => json!({ "type": "integer" }),
        _ => decimal(),
    }
}
