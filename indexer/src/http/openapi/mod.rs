//! The API described for programs (OpenAPI 3.1). Records' fields come from the rules and the contracts' interfaces.

use std::collections::BTreeMap;

use alloy::json_abi::{EventParam, Param};
use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use super::Api;
use crate::{
    catalogue::Catalogue,
    decode::plain,
    store::Store,
    tables::{Rule, Table},
};

pub(super) async fn document<T: Store>(State(api): State<Api<T>>) -> Json<Value> {
    let mut paths = fixed_paths();
    let mut schemas = Map::new();
    for (name, table) in api.tables.iter() {
        schemas.insert(name.to_owned(), schema(table, &api.catalogue));
        paths.extend(table_paths(name, table));
    }
    Json(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "CoNET index",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the contracts of a network say, in tables. Check what you rely on: routes and node \
                            records carry the signatures that prove them.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    }))
}

fn parameter(name: &str, place: &str, kind: &str, about: &str) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "description": about,
        "schema": { "type": kind },
    })
}

fn answer(schema: Value) -> Value {
    let error = json!({ "description": "Why not: {\"error\": …}" });
    json!({
        "200": { "description": "The answer", "content": { "application/json": { "schema": schema } } },
        "400": error, "404": error, "503": error,
    })
}

fn operation(about: &str, tag: &str, parameters: Vec<Value>, schema: Value) -> Value {
    json!({ "get": {
        "summary": about, "tags": [tag], "parameters": parameters, "responses": answer(schema),
    } })
}

fn page(row: Value) -> Value {
    json!({ "type": "object", "properties": {
        "rows": { "type": "array", "items": row },
        "next": { "type": ["string", "null"], "description": "For `after`" },
    } })
}

fn paging() -> Vec<Value> {
    vec![
        parameter("limit", "query", "integer", "Rows of one answer, at most 500"),
        parameter("after", "query", "string", "What the answer before gave as `next`"),
    ]
}

fn fixed_paths() -> Map<String, Value> {
    let mut which = vec![
        parameter("contract", "query", "string", "Of this contract"),
        parameter("event", "query", "string", "Of this name"),
        parameter("mentions", "query", "string", "With this address, hash or number indexed"),
    ];
    let mut from = which.clone();
    from.push(parameter("after", "query", "string", "From after this event on, BLOCK-LOG"));
    from.push(parameter("heads", "query", "boolean", "Also up to which block all was told"));
    let error = json!({ "description": "Why not: {\"error\": …}" });
    let stream = json!({ "get": {
        "summary": "Events as they come", "tags": ["events"], "parameters": from,
        "responses": {
            "200": {
                "description": "Server-sent: message, reorganized {after_block}, head {block, time}",
                "content": { "text/event-stream": { "schema": { "type": "string" } } },
            },
            "400": error, "404": error, "503": error,
        },
    } });
    which.push(parameter("block", "query", "integer", "Of this block"));
    which.extend(paging());
    which.push(parameter("order", "query", "string", "asc or desc"));
    let object = || json!({ "type": "object" });
    let mut draws = paging();
    draws.push(parameter("group", "query", "integer", "Of this archive group"));
    draws.push(parameter("chain", "query", "string", "For this chain"));
    let about_draws = "Links of the Selection Chains, newest first";
    Map::from_iter([
        ("/v1".to_owned(), operation("The tables", "tables", vec![], json!({ "type": "array" }))),
        (
            "/v1/contracts".to_owned(),
            operation(
                "The contracts that are followed",
                "tables",
                vec![],
                json!({ "type": "array" }),
            ),
        ),
        ("/v1/status".to_owned(), operation("How far the tables are", "index", vec![], object())),
        ("/health".to_owned(), operation("Whether the process works", "index", vec![], object())),
        (
            "/ready".to_owned(),
            operation("Whether the tables are current", "index", vec![], object()),
        ),
        (
            "/v1/events".to_owned(),
            operation("Events, newest first", "events", which, page(object())),
        ),
        ("/v1/events/stream".to_owned(), stream),
        (
            "/v1/routes/{wallet}/check".to_owned(),
            operation(
                "Whether a route's signatures and certificates hold now",
                "routes",
                vec![parameter("wallet", "path", "string", "Whose")],
                object(),
            ),
        ),
        ("/v1/draws".to_owned(), operation(about_draws, "draws", draws, page(object()))),
    ])
}

fn table_paths(name: &str, table: &Table) -> Vec<(String, Value)> {
    let since = json!({ "type": "integer", "description": "The block from which it holds" });
    let fields = json!({
        "description": "Null: it ended there",
        "anyOf": [{ "$ref": format!("#/components/schemas/{name}") }, { "type": "null" }],
    });
    let time = json!({ "type": ["integer", "null"], "description": "That block's, unix seconds" });
    let record = json!({ "type": "object", "properties": { "since": since, "record": fields } });
    let version = json!({
        "type": "object", "properties": { "since": since, "time": time, "record": fields },
    });
    let block = || parameter("block", "query", "integer", "As it was at this block");
    let keys = table.key.iter().map(|part| part.trim_start_matches('=').to_owned());
    let keys: Vec<_> = keys.collect();
    let in_path: String = keys.iter().map(|key| format!("/{{{key}}}")).collect();
    let key_parameters = || keys.iter().map(|key| parameter(key, "path", "string", "Of the key"));
    let mut listing = paging();
    listing.push(block());
    listing.push(parameter("order", "query", "string", "asc or desc"));
    let found = table.find.iter();
    listing.extend(found.map(|field| parameter(field, "query", "string", "Only with this value")));
    let one = key_parameters().chain([block()]).collect();
    let past = key_parameters().chain(paging()).collect();
    vec![
        (format!("/v1/{name}"), operation(&table.about, name, listing, page(record.clone()))),
        (format!("/v1/{name}{in_path}"), operation("One record", name, one, record.clone())),
        (
            format!("/v1/history/{name}{in_path}"),
            operation("What it was", name, past, page(version)),
        ),
    ]
}

/// The fields that a table's rules make.
fn schema(table: &Table, catalogue: &Catalogue) -> Value {
    let mut fields = BTreeMap::new();
    for rule in &table.on {
        let (contract, event) = rule.names();
        if let Some(event) = catalogue.named(contract, event).next() {
            fields_of(rule, &event.inputs, &mut fields);
        }
    }
    json!({ "type": "object", "description": table.about, "properties": fields })
}

fn fields_of(rule: &Rule, inputs: &[EventParam], fields: &mut BTreeMap<String, Value>) {
    for input in inputs {
        let name = plain(&input.name);
        let of_param = || type_of(&input.ty, own(input.internal_type.as_ref()), &input.components);
        if rule.flatten.contains(&name) {
            for part in input.components.iter().filter(|part| !rule.drop.contains(&part.name)) {
                let own = own(part.internal_type.as_ref());
                fields.insert(plain(&part.name), type_of(&part.ty, own, &part.components));
            }
        } else if rule.keep.as_ref().is_none_or(|keep| keep.contains(&name))
            && !rule.rename.values().any(|from| *from == name)
        {
            fields.insert(name.clone(), of_param());
        }
        for (to, _) in rule.rename.iter().filter(|(_, from)| **from == name) {
            fields.insert(to.clone(), of_param());
        }
    }
    for (name, value) in &rule.set {
        let kind = match value {
            Value::Bool(_) => "boolean",
            Value::String(text) if text == "$block" || text == "$time" => "integer",
            Value::Number(_) => "integer",
            _ => "string",
        };
        fields.entry(name.clone()).or_insert_with(|| json!({ "type": kind }));
    }
    for name in rule.add.keys().chain(rule.sub.keys()) {
        fields.entry(name.clone()).or_insert_with(decimal);
    }
}

fn own<T: ToString>(internal: Option<&T>) -> String {
    internal.map(ToString::to_string).unwrap_or_default()
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
        "address" => json!({ "type": "string", "pattern": "^0x[0-9a-fA-F]{40}$" }),
        _ if own_type == "Endpoint" => json!({ "type": "string", "examples": ["203.0.113.7:80"] }),
        _ if own_type == "Roles" => json!({ "type": "array", "items": { "type": "string" } }),
        _ if ty.starts_with("bytes") => json!({ "type": "string", "pattern": "^0x[0-9a-f]*$" }),
        "uint8" | "uint16" | "uint24" | "uint32" => json!({ "type": "integer" }),
        _ => decimal(),
    }
}
