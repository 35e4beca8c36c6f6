//! What archive groups drew.

use axum::{Json, extract::State};
use conet_index_client::Page;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Api, ApiError, ask::Parameters, events::parse_place};
use crate::store::{DrawRow, DrawsQuery, Store};

/// A link of a Selection Chain.
#[derive(Debug, Serialize)]
pub(super) struct DrawView {
    group: u32,
    number: u64,
    chain: alloy::primitives::B256,
    draw: Option<Box<RawValue>>,
}

pub(super) async fn list<T: Store>(
    State(api): State<Api<T>>,
    mut parameters: Parameters,
) -> Result<Json<Page<DrawView>>, ApiError> {
    let limit = api.rows(parameters.number("limit")?);
    let after = parameters.take("after").as_deref().map(parse_place).transpose()?;
    let query = DrawsQuery {
        group: parameters.number("group")?,
        chain: parameters.parsed("chain", "0x and 64 hexadecimal digits")?,
        from: after.map(|(group, number)| (u32::try_from(group).unwrap_or(u32::MAX), number)),
        limit,
    };
    parameters.end("group, chain, limit, after")?;
    let rows = api.store.draws(&query).await?;
    let next = rows.last().filter(|_| rows.len() as u64 >= u64::from(limit));
    let next = next.map(|draw| format!("{}-{}", draw.group, draw.number));
    let view = |row: DrawRow| DrawView {
        group: row.group,
        number: row.number,
        chain: row.chain,
        draw: RawValue::from_string(row.body).ok(),
    };
    Ok(Json(Page { rows: rows.into_iter().map(view).collect(), next }))
}
