//! The API described for programs (OpenAPI 3.1). Records' fields come from the rules and the contracts' interfaces.

mod schemas;

use std::collections::{BTreeMap, BTreeSet};

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use super::{Api, HttpLimits};
use crate::{store::Store, tables::Table};
use schemas::{of_key, reference};

pub(super) async fn document<T: Store>(State(api): State<Api<T>>) -> Json<Value> {
    let limits = api.limits;
    let mut paths = Map::from_iter(fixed_paths(&limits));
    paths.extend(api.tables.iter().flat_map(|(name, table)| table_paths(name, table, &limits)));
    Json(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "CoNET index",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the contracts of a network say, in tables. Check what you rely on: routes and node \
                            records carry the signatures that prove them.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas::all(&api.catalogue, &api.tables),
            "responses": refusals(),
            "headers": { "ETag": {
                "description": "Of this answer: it changes when something happens on the chain. Give it back as If-None-Match",
                "schema": { "type": "string" },
            } },
        },
    }))
}

fn refusals() -> Value {
    let refusal = |about: &str| {
        let content = json!({ "application/json": { "schema": reference("Error") } });
        json!({ "description": about, "content": content })
    };
    json!({
        "NotModified": {
            "description": "Nothing is new since the answer with this tag",
            "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
        },
        "Malformed": refusal("Something in it is not understood, or its block is not there yet"),
        "Missing": refusal("It is not there"),
        "Busy": refusal("Too much at once, or the tables cannot be read now: try again"),
    })
}

fn of_schema(name: &str, place: &str, schema: Value, about: &str) -> Value {
    json!({
        "name": name, "in": place, "required": place == "path", "description": about,
        "schema": schema,
    })
}

/// In the query.
fn parameter(name: &str, kind: &str, about: &str) -> Value {
    of_schema(name, "query", json!({ "type": kind }), about)
}

fn json_of(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// An answer, and what there may be in its place.
fn responses(answer: Value) -> Map<String, Value> {
    let refusal = |name: &str| json!({ "$ref": format!("#/components/responses/{name}") });
    Map::from_iter([
        ("200".to_owned(), answer),
        ("400".to_owned(), refusal("Malformed")),
        ("404".to_owned(), refusal("Missing")),
        ("503".to_owned(), refusal("Busy")),
    ])
}

fn get(about: &str, tag: &str, parameters: &[Value], responses: &Map<String, Value>) -> Value {
    json!({ "get": {
        "summary": about, "tags": [tag], "parameters": parameters, "responses": responses,
    } })
}

/// Something that is as it is when it is asked for.
fn operation(about: &str, tag: &str, parameters: &[Value], schema: &Value) -> Value {
    let answer = json!({ "description": "The answer", "content": json_of(schema) });
    get(about, tag, parameters, &responses(answer))
}

/// Something with a tag: it is the same until something happens on the chain.
fn tagged(about: &str, tag: &str, mut parameters: Vec<Value>, schema: &Value) -> Value {
    let known = "The tags of answers that you have, or *";
    parameters.push(of_schema("If-None-Match", "header", json!({ "type": "string" }), known));
    let mut responses = responses(json!({
        "description": "The answer",
        "content": json_of(schema),
        "headers": { "ETag": { "$ref": "#/components/headers/ETag" } },
    }));
    let same = json!({ "$ref": "#/components/responses/NotModified" });
    responses.insert("304".to_owned(), same);
    get(about, tag, &parameters, &responses)
}

/// How the index is, also when that is not well.
fn health(about: &str) -> Value {
    let content = json_of(&reference("Status"));
    let responses = Map::from_iter([
        ("200".to_owned(), json!({ "description": "It is", "content": content })),
        ("503".to_owned(), json!({ "description": "It is not, and why", "content": content })),
    ]);
    get(about, "index", &[], &responses)
}

fn list_of(item: &Value) -> Value {
    json!({ "type": "array", "items": item })
}

fn page(row: &Value) -> Value {
    json!({ "type": "object", "required": ["rows", "next"], "properties": {
        "rows": list_of(row),
        "next": { "type": ["string", "null"], "description": "For `after`; null: these were the last" },
    } })
}

fn paging(limits: &HttpLimits) -> Vec<Value> {
    let rows = json!({
        "type": "integer", "minimum": 1, "maximum": limits.rows_max, "default": limits.rows_usual,
    });
    vec![
        of_schema("limit", "query", rows, "Rows of one answer, at most"),
        parameter("after", "string", "What the answer before gave as `next`"),
    ]
}

fn block(about: &str) -> Value {
    let number = json!({ "type": "integer", "minimum": 0 });
    of_schema("block", "query", number, about)
}

fn order(usual: &str) -> Value {
    let schema = json!({ "type": "string", "enum": ["asc", "desc"], "default": usual });
    of_schema("order", "query", schema, "By key or place")
}

fn fixed_paths(limits: &HttpLimits) -> [(String, Value); 9] {
    let paged = |more: Vec<Value>| [paging(limits), more].concat();
    let draws = paged(vec![
        parameter("group", "integer", "Of this archive group"),
        parameter("chain", "string", "For this chain"),
    ]);
    let events = paged([which_events(), vec![block("Of this block"), order("desc")]].concat());
    let wallet = of_schema("wallet", "path", of_key(&crate::tables::KeyPart::Address), "Whose");
    let (table, contract) = (list_of(&reference("Table")), list_of(&reference("Contract")));
    let about_check = "Whether a route's signatures and certificates hold now";
    [
        ("/v1", tagged("The tables", "tables", vec![], &table)),
        ("/v1/contracts", tagged("The contracts that are followed", "tables", vec![], &contract)),
        ("/v1/status", operation("How far the tables are", "index", &[], &reference("Status"))),
        ("/health", health("Whether the process works")),
        ("/ready", health("Whether the tables are current")),
        ("/v1/events", tagged("Events", "events", events, &page(&reference("Event")))),
        ("/v1/events/stream", stream()),
        (
            "/v1/routes/{wallet}/check",
            operation(about_check, "routes", &[wallet], &reference("Check")),
        ),
        (
            "/v1/draws",
            operation(
                "Links of the Selection Chains, the highest group first, of each the newest",
                "draws",
                &draws,
                &page(&reference("Draw")),
            ),
        ),
    ]
    .map(|(path, operation)| (path.to_owned(), operation))
}

fn which_events() -> Vec<Value> {
    vec![
        parameter("contract", "string", "Of this contract"),
        parameter("event", "string", "Of this name"),
        parameter("mentions", "string", "With this address, hash or number indexed"),
    ]
}

fn stream() -> Value {
    let mut parameters = which_events();
    parameters.push(parameter("after", "string", "From after this event on, BLOCK-LOG"));
    let heads = json!({ "type": "string", "enum": ["true", "false", "only"], "default": "false" });
    let about_heads = "Also up to which block all was told, or only that";
    parameters.push(of_schema("heads", "query", heads, about_heads));
    let about = "Server-sent: message (an event), reorganized {after_block}, head {block, time}";
    let responses = responses(json!({
        "description": about,
        "content": { "text/event-stream": { "schema": { "type": "string" } } },
    }));
    get("Events as they come", "events", &parameters, &responses)
}

fn table_paths(name: &str, table: &Table, limits: &HttpLimits) -> Vec<(String, Value)> {
    let since = json!({ "type": "integer", "description": "The block from which it holds" });
    let fields = json!({
        "description": "Null: it ended there", "anyOf": [reference(name), { "type": "null" }],
    });
    let time = json!({ "type": ["integer", "null"], "description": "That block's, unix seconds" });
    let record = json!({
        "type": "object", "required": ["since", "record"],
        "properties": { "since": since, "record": fields },
    });
    let version = json!({
        "type": "object", "required": ["since", "time", "record"],
        "properties": { "since": since, "time": time, "record": fields },
    });
    let mut listing = paging(limits);
    listing.extend([block("As it was at this block"), order("asc")]);
    let found = table.find.iter();
    listing.extend(found.map(|field| parameter(field, "string", "Only with this value")));
    let mut paths =
        vec![(format!("/v1/{name}"), tagged(&table.about, name, listing, &page(&record)))];
    for (key, parameters) in keys(table) {
        let one = [parameters.clone(), vec![block("As it was at this block")]].concat();
        let past = [parameters, paging(limits)].concat();
        paths.push((format!("/v1/{name}{key}"), tagged("One record", name, one, &record)));
        let history = tagged("What it was, newest first", name, past, &page(&version));
        paths.push((format!("/v1/history/{name}{key}"), history));
    }
    paths
}

/// What follows a table's name in the path to a record, and the parameters in that. Where rules name records by texts of
/// their own, those are the first part; some have numbers after it.
fn keys(table: &Table) -> Vec<(String, Vec<Value>)> {
    let is_text = |part: &String| part.starts_with('=');
    if !table.key.first().is_some_and(is_text) {
        let path = table.key.iter().map(|part| format!("/{{{part}}}")).collect();
        let parts = table.key.iter().zip(&table.parts);
        let parameter =
            |(name, part): (&String, _)| of_schema(name, "path", of_key(part), "Of the key");
        return vec![(path, parts.map(parameter).collect())];
    }
    let mut by_length: BTreeMap<usize, BTreeSet<Vec<&str>>> = BTreeMap::new();
    for rule in &table.on {
        let key: Vec<_> =
            rule.key(&table.key).iter().map(|it| it.trim_start_matches('=')).collect();
        by_length.entry(key.len()).or_default().insert(key);
    }
    by_length.into_values().map(|keys| of_texts(table, &keys)).collect()
}

/// Of keys of one length whose first part is text.
fn of_texts(table: &Table, keys: &BTreeSet<Vec<&str>>) -> (String, Vec<Value>) {
    let texts: BTreeSet<_> = keys.iter().filter_map(|key| key.first()).collect();
    let length = keys.first().map_or(1, Vec::len);
    let numbers = 1..length;
    let mut parameters = Vec::new();
    let mut path = match (texts.first(), texts.len(), length) {
        (Some(text), 1, 1) => format!("/{text}"),
        _ => {
            let name = table.key.first().map_or("name", |name| name.trim_start_matches('='));
            let schema = json!({ "type": "string", "enum": texts });
            parameters.push(of_schema(name, "path", schema, "Which"));
            format!("/{{{name}}}")
        }
    };
    for place in numbers {
        let of = |key: &Vec<&str>| Some(format!("{} of {}", key.get(place)?, key.first()?));
        let about: Vec<_> = keys.iter().filter_map(of).collect();
        let name = format!("number{place}");
        let schema = of_key(&crate::tables::KeyPart::Number);
        parameters.push(of_schema(&name, "path", schema, &about.join(", ")));
        path.push_str(&format!("/{{{name}}}"));
    }
    (path, parameters)
}
