//! Tables and their records.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use axum::{Json, extract::State};
use conet_index_client::{Contract as ContractView, Page, RecordView, Table as TableView};
use serde_json::{Map, Value, value::RawValue};

use super::{
    Api, ApiError,
    ask::{Named, Parameters},
};
use crate::{
    catalogue::Contract,
    store::{RecordRow, RecordsQuery, Store},
    tables::Table,
};

/// A record whose fields are text already.
type Stored = RecordView<Box<RawValue>>;

fn view(row: RecordRow) -> Stored {
    let record = row.body.and_then(|body| RawValue::from_string(body).ok());
    RecordView { since: row.since, record }
}

impl<T: Store> Api<T> {
    fn table(&self, name: &str) -> Result<&Table, ApiError> {
        let names = || {
            let names: Vec<_> = self.tables.iter().map(|(name, _)| name).collect();
            ApiError::NotFound { what: format!("one of the tables {}", names.join(", ")) }
        };
        self.tables.get(name).ok_or_else(names)
    }
}

pub(super) async fn tables<T: Store>(State(api): State<Api<T>>) -> Json<Vec<TableView>> {
    let view = |(name, table): (&str, &Table)| TableView {
        name: name.to_owned(),
        about: table.about.clone(),
        key: table.key.iter().map(|part| part.trim_start_matches('=').to_owned()).collect(),
        find: table.find.clone(),
    };
    Json(api.tables.iter().map(view).collect())
}

pub(super) async fn contracts<T: Store>(State(api): State<Api<T>>) -> Json<Vec<ContractView>> {
    let view = |contract: &Contract| ContractView {
        name: contract.name.clone(),
        address: contract.address,
        events: contract.abi.events().map(|event| event.name.clone()).collect(),
    };
    Json(api.catalogue.contracts().iter().map(view).collect())
}

pub(super) async fn list<T: Store>(
    State(api): State<Api<T>>,
    Named(name): Named<String>,
    mut parameters: Parameters,
) -> Result<Json<Page<Stored>>, ApiError> {
    let table = api.table(&name)?;
    let limit = api.rows(parameters.number("limit")?);
    let after = parameters.take("after");
    let after = after.map(|text| {
        hex::decode(&text).map_err(|_| ApiError::malformed("what `next` was as after", &text))
    });
    let mut query = RecordsQuery {
        table: name.clone(),
        after: after.transpose()?,
        block: api.block(&mut parameters).await?,
        descending: parameters.descending(false)?,
        limit,
        find: None,
    };
    let mut take = |field: &String| Some((field.clone(), as_kept(parameters.take(field)?)));
    query.find = table.find.iter().find_map(&mut take);
    if let Some((field, value)) = query.find.as_ref().filter(|(_, value)| value.contains('\0')) {
        return Err(ApiError::malformed(format!("text without NUL as {field}"), value));
    }
    let known = format!("limit, after, block, order, and one of {}", table.find.join(", "));
    parameters.end(&known)?;
    let rows = api.store.records(&query).await?;
    let next = rows.last().filter(|_| rows.len() as u64 >= u64::from(limit));
    let next = next.map(|row| hex::encode(&row.key));
    Ok(Json(Page { rows: rows.into_iter().map(view).collect(), next }))
}

/// A value as records have it: addresses with their checksum.
fn as_kept(text: String) -> String {
    match text.parse() {
        Ok(address) if text.starts_with("0x") => Address::to_string(&address),
        _ => text,
    }
}

pub(super) async fn one<T: Store>(
    State(api): State<Api<T>>,
    Named((name, key)): Named<(String, String)>,
    mut parameters: Parameters,
) -> Result<Json<Stored>, ApiError> {
    let bytes = api.table(&name)?.key(&key.split('/').collect::<Vec<_>>())?;
    let block = api.block(&mut parameters).await?;
    parameters.end("block")?;
    let row = api.store.record(&name, &bytes, block).await?;
    let row = row.ok_or_else(|| ApiError::NotFound { what: format!("{key} in {name}") })?;
    Ok(Json(view(row)))
}

pub(super) async fn history<T: Store>(
    State(api): State<Api<T>>,
    Named((name, key)): Named<(String, String)>,
    mut parameters: Parameters,
) -> Result<Json<Page<Map<String, Value>>>, ApiError> {
    let bytes = api.table(&name)?.key(&key.split('/').collect::<Vec<_>>())?;
    let limit = api.rows(parameters.number("limit")?);
    let before = parameters.number("after")?;
    parameters.end("limit, after")?;
    let rows = api.store.history(&name, &bytes, before, limit).await?;
    let next = rows.last().filter(|_| rows.len() as u64 >= u64::from(limit));
    let next = next.map(|row| row.since.to_string());
    let blocks: Vec<_> = rows.iter().map(|row| row.since).collect();
    let times = api.store.blocks(&blocks).await?;
    let times: BTreeMap<_, _> =
        times.into_iter().map(|block| (block.at.number, block.time)).collect();
    let entry = |row: RecordRow| {
        let record = row.body.and_then(|body| serde_json::from_str(&body).ok());
        Map::from_iter([
            ("since".to_owned(), row.since.into()),
            ("time".to_owned(), times.get(&row.since).copied().into()),
            ("record".to_owned(), record.unwrap_or(Value::Null)),
        ])
    };
    Ok(Json(Page { rows: rows.into_iter().map(entry).collect(), next }))
}
