//! Why there is no answer.

use axum::{
    Json,
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{store::StoreError, tables::KeyError};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Not what was expected.
    #[error("expected {expected}, found {found:?}")]
    Malformed {
        /// What should be there.
        expected: String,
        /// What is.
        found: String,
    },
    /// It is not a key of the table.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is not there.
    #[error("expected {what}, found none")]
    NotFound {
        /// What is looked for.
        what: String,
    },
    /// The tables do not show it yet.
    #[error("expected a block up to {}, found {found}: the tables show no later one", newest.unwrap_or_default())]
    Future {
        /// The newest one; none: they are empty.
        newest: Option<u64>,
        /// Which was asked for.
        found: u64,
    },
    /// Nobody changes anything here.
    #[error("expected GET or HEAD, found {found}")]
    Method {
        /// What was asked for.
        found: Method,
    },
    /// Beyond a limit.
    #[error("expected fewer requests at once, found too many: try again in a moment")]
    Busy,
    /// A mistake of this program.
    #[error("the request failed: the log says why")]
    Failed,
    /// The database failed.
    #[error("the tables cannot be read now: try again")]
    Store(#[from] StoreError),
}

impl ApiError {
    /// For what a request says and is not understood.
    pub(super) fn malformed(expected: impl Into<String>, found: &str) -> Self {
        Self::Malformed { expected: expected.into(), found: found.chars().take(100).collect() }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Malformed { .. } | Self::Key(_) | Self::Future { .. } => StatusCode::BAD_REQUEST,
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => {
                tracing::error!(%error, "a request failed");
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        let mut response =
            (status, Json(serde_json::json!({ "error": self.to_string() }))).into_response();
        if matches!(self, Self::Method { .. }) {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}
