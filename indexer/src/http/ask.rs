//! What requests say: a part of their path, and parameters. What cannot be read is refused as everything else is.

use std::collections::{BTreeMap, btree_map::Entry};

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::{Api, ApiError};
use crate::store::Store;

/// What the path names.
pub(super) struct Named<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        let wrong = |_| ApiError::malformed("a path that is UTF-8", parts.uri.path());
        path.map(|Path(named)| Self(named)).map_err(wrong)
    }
}

/// Parameters, each to be taken once: what is left over is a mistake.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) =
            pairs.map_err(|_| ApiError::malformed("parameters as NAME=VALUE&…", query))?;
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs {
            match parameters.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                // Which one counts, nobody should have to guess.
                Entry::Occupied(place) => {
                    return Err(ApiError::malformed("each parameter once", place.key()));
                }
            };
        }
        Ok(Self(parameters))
    }
}

impl Parameters {
    /// As text.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    pub(super) fn number<N: std::str::FromStr>(
        &mut self,
        name: &str,
    ) -> Result<Option<N>, ApiError> {
        self.parsed(name, "a number")
    }

    pub(super) fn parsed<N: std::str::FromStr>(
        &mut self,
        name: &str,
        expected: &str,
    ) -> Result<Option<N>, ApiError> {
        let parse = |text: String| {
            text.parse().map_err(|_| ApiError::malformed(format!("{expected} as {name}"), &text))
        };
        self.take(name).map(parse).transpose()
    }

    /// Whether the last comes first, which `usual` says if the request does not.
    pub(super) fn descending(&mut self, usual: bool) -> Result<bool, ApiError> {
        match self.take("order").as_deref() {
            None => Ok(usual),
            Some("desc") => Ok(true),
            Some("asc") => Ok(false),
            Some(other) => Err(ApiError::malformed("asc or desc as order", other)),
        }
    }

    pub(super) fn end(self, known: &str) -> Result<(), ApiError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::malformed(format!("parameters among {known}"), &name)),
        }
    }
}

impl<T: Store> Api<T> {
    /// The block that a request names. The tables must show it: nobody knows what will be.
    pub(super) async fn block(&self, parameters: &mut Parameters) -> Result<Option<u64>, ApiError> {
        let Some(block) = parameters.number("block")? else { return Ok(None) };
        let newest = self.store.cursor().await?.map(|cursor| cursor.at.number);
        match newest {
            Some(newest) if block <= newest => Ok(Some(block)),
            newest => Err(ApiError::Future { newest, found: block }),
        }
    }
}

/// What a request says that its asker has (RFC 9110, 13.1.2).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Has {
    /// Whatever the answer is now: who asks so wants to know only whether there is one.
    Anything,
    /// Answers with these tags.
    Tags(Vec<String>),
}

impl Has {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::IF_NONE_MATCH).iter();
        let tags = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        let tags: Vec<_> = tags.map(|tag| opaque(tag).to_owned()).collect();
        if tags.iter().any(|tag| tag == "*") { Self::Anything } else { Self::Tags(tags) }
    }

    /// Whether it has the answer with this tag.
    pub(super) fn has(&self, tag: &HeaderValue) -> bool {
        let tag = tag.to_str().map(opaque).unwrap_or_default();
        matches!(self, Self::Tags(tags) if tags.iter().any(|known| known == tag))
    }
}

/// A tag without what says that it is a weak one: for this question both kinds are the same.
fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(lines: &[&str]) -> Has {
        let line = |line: &&str| (header::IF_NONE_MATCH, HeaderValue::from_str(line).unwrap());
        Has::of(&lines.iter().map(line).collect())
    }

    #[test]
    fn a_tag_is_known_in_every_way_to_say_so() {
        let tag = HeaderValue::from_static("W/\"aa\"");
        for known in
            [&["W/\"aa\""][..], &["\"aa\""], &["\"b\" , W/\"aa\",\"c\""], &["\"b\"", "\"aa\""]]
        {
            assert!(has(known).has(&tag), "{known:?}");
        }
        for unknown in [&[][..], &["\"a\""], &["aa"], &["\"b\", \"c\""], &["*"], &[""]] {
            assert!(!has(unknown).has(&tag), "{unknown:?}");
        }
        assert_eq!((has(&["*"]), has(&[" * "])), (Has::Anything, Has::Anything));
    }
}
