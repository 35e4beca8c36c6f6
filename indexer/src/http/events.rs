//! Events.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256};
use axum::{Json, extract::State};
use conet_index_client::Page;
use serde_json::{Value, json};

use super::{Api, ApiError, ask::Parameters};
use crate::{
    catalogue::Contract,
    decode::{Decoded, RawEvent},
    store::{BlockRow, EventsQuery, Store},
};

/// Which events, as a request says.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    kinds: Vec<(Address, B256)>,
    mentions: Option<B256>,
}

impl Wanted {
    pub(super) fn query(&self) -> EventsQuery {
        let (kinds, mentions) = (self.kinds.clone(), self.mentions);
        EventsQuery { kinds, mentions, ..EventsQuery::default() }
    }
}

impl<T: Store> Api<T> {
    /// Takes what says which events are wanted.
    pub(super) fn wanted(&self, parameters: &mut Parameters) -> Result<Wanted, ApiError> {
        let (contract, event) = (parameters.take("contract"), parameters.take("event"));
        let mentions = parameters.take("mentions");
        let mentions = mentions.as_deref().map(word).transpose()?;
        if contract.is_none() && event.is_none() {
            return Ok(Wanted { kinds: Vec::new(), mentions });
        }
        let is = |name: &str, wanted: &Option<String>| wanted.as_ref().is_none_or(|it| it == name);
        // Every version of a contract, and every contract with such an event.
        let contracts = self.catalogue.contracts().iter().filter(|each| is(&each.name, &contract));
        let mut contracts = contracts.peekable();
        if contracts.peek().is_none() {
            let name = contract.unwrap_or_default();
            return Err(ApiError::NotFound { what: format!("a contract named {name}") });
        }
        let of_contract = |each: &Contract| -> Vec<_> {
            let events = each.abi.events().filter(|known| is(&known.name, &event));
            events.map(|known| (each.address, known.selector())).collect()
        };
        let mut kinds: Vec<_> = contracts.flat_map(of_contract).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.is_empty() {
            let name = event.unwrap_or_default();
            return Err(ApiError::NotFound { what: format!("an event named {name}") });
        }
        Ok(Wanted { kinds, mentions })
    }

    /// An event as readers see it.
    pub(super) fn event_view(&self, event: &RawEvent, time: Option<u64>) -> Value {
        let known = event
            .topics
            .first()
            .and_then(|signature| self.catalogue.event(event.address, *signature));
        let decoded = known.and_then(|known| Decoded::read(known, &event.topics, &event.data).ok());
        let mut view = json!({
            "block": event.block,
            "log": event.index,
            "time": time,
            "transaction": event.transaction,
            "address": event.address.to_string(),
            "contract": self.catalogue.name_of(event.address),
        });
        let more = match decoded {
            Some(decoded) => [
                ("event", Value::from(decoded.known.event.name.as_str())),
                ("fields", Value::Object(decoded.json())),
            ],
            None => [("topics", json!(event.topics)), ("data", json!(event.data))],
        };
        if let Value::Object(view) = &mut view {
            view.extend(more.map(|(name, value)| (name.to_owned(), value)));
        }
        view
    }

    /// Events as readers see them, with their blocks' times.
    pub(super) async fn event_views(&self, events: &[RawEvent]) -> Result<Vec<Value>, ApiError> {
        let times = self.blocks_of(events).await?;
        let view =
            |event: &RawEvent| self.event_view(event, times.get(&event.block).map(|at| at.time));
        Ok(events.iter().map(view).collect())
    }

    /// The blocks of events, by number.
    pub(super) async fn blocks_of(
        &self,
        events: &[RawEvent],
    ) -> Result<BTreeMap<u64, BlockRow>, ApiError> {
        let mut numbers: Vec<_> = events.iter().map(|event| event.block).collect();
        numbers.dedup();
        let blocks = self.store.blocks(&numbers).await?;
        Ok(blocks.into_iter().map(|block| (block.at.number, block)).collect())
    }
}

/// A value as topics have it: an address or a hash with `0x`, or a number.
fn word(text: &str) -> Result<B256, ApiError> {
    let address = || text.parse::<Address>().ok().map(|address| address.into_word());
    let hash = || text.parse::<B256>().ok();
    let number = || text.parse::<U256>().ok().map(B256::from);
    let found = if text.starts_with("0x") { address().or_else(hash) } else { number() };
    found.ok_or_else(|| ApiError::malformed("an address, a hash or a number as mentions", text))
}

pub(super) fn place(event: &RawEvent) -> String {
    format!("{}-{}", event.block, event.index)
}

/// What [`place`] wrote.
pub(super) fn parse_place(text: &str) -> Result<(u64, u64), ApiError> {
    let mut parts = text.split('-');
    let parsed = (|| Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)))();
    parsed.ok_or_else(|| ApiError::malformed("BLOCK-LOG, what `next` was, as after", text))
}

pub(super) async fn list<T: Store>(
    State(api): State<Api<T>>,
    mut parameters: Parameters,
) -> Result<Json<Page<Value>>, ApiError> {
    let limit = api.rows(parameters.number("limit")?);
    let after = parameters.take("after");
    let query = EventsQuery {
        block: api.block(&mut parameters).await?,
        from: after.as_deref().map(parse_place).transpose()?,
        ascending: !parameters.descending(true)?,
        limit,
        ..api.wanted(&mut parameters)?.query()
    };
    parameters.end("contract, event, mentions, block, limit, after, order")?;
    let events = api.store.events(&query).await?;
    let next = events.last().filter(|_| events.len() as u64 >= u64::from(limit)).map(place);
    Ok(Json(Page { rows: api.event_views(&events).await?, next }))
}
