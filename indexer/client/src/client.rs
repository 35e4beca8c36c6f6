//! Questions with one answer.

use std::{fmt, time::Duration};

use futures_util::StreamExt as _;
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};

use crate::answers::{Contract, Page, RecordView, Status, Table};

/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it may take to be connected.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// The longest reason that is kept of a refusal, in characters.
const REASON_CHARS_MAX: usize = 300;

/// Why an indexer gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The URL is none of an indexer.
    #[error("expected the http(s) URL of an indexer, found {found}: {reason}")]
    Url {
        /// What was given.
        found: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody answers.
    #[error("the indexer at {url} does not answer: {reason}")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        reason: String,
    },
    /// It refuses.
    #[error("the indexer refused ({status}): {reason}")]
    Refused {
        /// HTTP's status.
        status: u16,
        /// Its words.
        reason: String,
    },
    /// It answers something else.
    #[error("expected {expected} from the indexer, found {found}")]
    Answer {
        /// What was asked for.
        expected: &'static str,
        /// What came.
        found: String,
    },
}

/// Asks one indexer. Cheap to clone.
#[derive(Clone)]
pub struct IndexClient {
    base: Url,
    client: Client,
}

impl fmt::Debug for IndexClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexClient").field("base", &self.base.as_str()).finish()
    }
}

/// How an indexer says no.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl IndexClient {
    /// Of the indexer there. Nothing is sent yet.
    ///
    /// # Errors
    /// [`IndexError::Url`].
    pub fn new(url: &str) -> Result<Self, IndexError> {
        let wrong = |reason: String| IndexError::Url { found: url.to_owned(), reason };
        let mut base: Url = url.parse().map_err(|error| wrong(format!("{error}")))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(wrong("it begins with neither http:// nor https://".to_owned()));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        // Whoever is asked says nothing about who else shall be.
        let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).redirect(Policy::none());
        let client = client.build();
        let client = client.map_err(|error| wrong(error.to_string()))?;
        Ok(Self { base, client })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        self.base.as_str()
    }

    pub(crate) fn at(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Url, IndexError> {
        let wrong = |error: &dyn fmt::Display| IndexError::Url {
            found: path.to_owned(),
            reason: error.to_string(),
        };
        let mut url = self.base.join(path).map_err(|error| wrong(&error))?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    pub(crate) async fn send(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        timeout: Option<Duration>,
    ) -> Result<Response, IndexError> {
        let mut request = self.client.get(self.at(path, parameters)?);
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = self.bytes(response).await?;
        let said = serde_json::from_slice(&body).map(|Refusal { error }| error);
        let reason = said.unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned());
        Err(IndexError::Refused { status, reason: reason.chars().take(REASON_CHARS_MAX).collect() })
    }

    pub(crate) fn unreachable(&self, error: &reqwest::Error) -> IndexError {
        // Its own text has the URL, which may have a key in it.
        let mut reason: &dyn std::error::Error = error;
        while let Some(deeper) = reason.source() {
            reason = deeper;
        }
        let host = self.base.host_str().unwrap_or_default();
        IndexError::Unreachable { url: host.to_owned(), reason: reason.to_string() }
    }

    async fn bytes(&self, response: Response) -> Result<Vec<u8>, IndexError> {
        let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.unreachable(&error))?;
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                let found = format!("more than {ANSWER_BYTES_MAX} bytes");
                return Err(IndexError::Answer { expected: "a short answer", found });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// One answer, as JSON of this form.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn get<A: DeserializeOwned>(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<A, IndexError> {
        let response = self.send(path, parameters, Some(ANSWER_TIMEOUT)).await?;
        let body = self.bytes(response).await?;
        serde_json::from_slice(&body).map_err(|error| IndexError::Answer {
            expected: "JSON of the form that its document says",
            found: error.to_string(),
        })
    }

    /// How far its tables are.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn status(&self) -> Result<Status, IndexError> {
        self.get("v1/status", &[]).await
    }

    /// Its tables.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn tables(&self) -> Result<Vec<Table>, IndexError> {
        self.get("v1", &[]).await
    }

    /// The contracts that it follows.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn contracts(&self) -> Result<Vec<Contract>, IndexError> {
        self.get("v1/contracts", &[]).await
    }

    /// A record by its key; none if there never was one.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn record<R: DeserializeOwned>(
        &self,
        table: &str,
        key: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Option<RecordView<R>>, IndexError> {
        let mut path = self.at("v1/", &[])?;
        if let Ok(mut segments) = path.path_segments_mut() {
            segments.pop_if_empty().push(table).extend(key);
        }
        match self.get(path.as_str(), parameters).await {
            Ok(view) => Ok(Some(view)),
            Err(IndexError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Records in the order of their keys, or those that parameters say; `after` goes on after a page.
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn records<R: DeserializeOwned>(
        &self,
        table: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Page<RecordView<R>>, IndexError> {
        self.get(&format!("v1/{table}"), parameters).await
    }
}
