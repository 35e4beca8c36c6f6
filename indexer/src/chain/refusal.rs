//! What an endpoint means that answers with an error.

use std::time::Duration;

use alloy::{
    rpc::json_rpc::ErrorPayload,
    transports::{RpcError, TransportError},
};
use serde_json::Value;

/// JSON-RPC's codes for a method, or parameters, that a server does not know.
pub(super) const fn is_unknown(code: i64) -> bool {
    matches!(code, -32_601 | -32_602)
}

/// Whether it says that it knows no final block, for its chain has none, or none yet. Some answer with none instead
/// (Nethermind, Reth), Besu and Erigon with -39001, Geth with -32000 and "finalized block not found", as for much else.
pub(super) fn knows_no_final(error: &ErrorPayload) -> bool {
    match error.code {
        // Unknown block; resource not found.
        -39_001 | -32_001 => true,
        -32_000 => error.message.contains("finalized"),
        code => is_unknown(code),
    }
}

/// Whether it wants to be asked less, and after how long it may be asked again, if it says that.
pub(super) fn rate_limit(error: &TransportError) -> Option<Option<Duration>> {
    match error {
        RpcError::Transport(kind) => {
            let status = kind.as_http_error()?.status;
            let wait = kind.retry_after();
            (status == 429 || (status == 503 && wait.is_some())).then_some(wait)
        }
        RpcError::ErrorResp(error) => said_in_json(error),
        _ => None,
    }
}

/// -32005 is for ranges with too many logs, too.
fn said_in_json(error: &ErrorPayload) -> Option<Option<Duration>> {
    let text = error.message.to_ascii_lowercase();
    let data = error.data.as_ref().and_then(|data| serde_json::from_str::<Value>(data.get()).ok());
    let seconds = data.as_ref().and_then(|data| data.pointer("/rate/backoff_seconds")?.as_f64());
    let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let says_so = ["too many requests", "rate limit", "request limit reached", "compute units"];
    let is_limit = matches!(error.code, 429 | -32_029)
        || wait.is_some()
        || says_so.iter().any(|each| text.contains(each));
    is_limit.then_some(wait)
}

#[cfg(test)]
mod tests {
    use alloy::transports::TransportErrorKind;

    use super::*;

    fn error(code: i64, message: &'static str) -> ErrorPayload {
        ErrorPayload { code, message: message.into(), data: None }
    }

    #[test]
    fn what_clients_say_that_know_no_final_block() {
        for (code, message) in [
            (-32_601, "Method not found"),
            (-32_602, "invalid argument 0: hex string without 0x prefix"),
            (-32_000, "finalized block not found"),
            (-32_000, "'finalized' tag not supported on pre-merge network"),
            (-39_001, "Unknown block"),
            (-39_001, "block \"finalized\" not available (head block: 21459236)"),
            (-32_001, "Resource not found"),
        ] {
            assert!(knows_no_final(&error(code, message)), "{message}");
        }
        for (code, message) in [
            (-32_000, "header not found"),
            (-32_603, "Internal error"),
            (-32_005, "limit exceeded"),
            (429, "too many requests"),
        ] {
            assert!(!knows_no_final(&error(code, message)), "{message}");
        }
    }

    #[test]
    fn what_endpoints_say_that_want_to_be_asked_less() {
        let http = |status, wait| {
            let wait = Option::map(wait, Duration::from_secs);
            rate_limit(&TransportErrorKind::http_error_with_retry_after(status, "no".into(), wait))
        };
        assert_eq!(http(429, Some(7)), Some(Some(Duration::from_secs(7))));
        assert_eq!(http(429, None), Some(None));
        assert_eq!(http(503, Some(7)), Some(Some(Duration::from_secs(7))));
        assert_eq!(http(503, None), None);
        assert_eq!(http(500, Some(7)), None);
        let json = |error| rate_limit(&RpcError::ErrorResp(error));
        assert_eq!(json(error(429, "slow down")), Some(None));
        assert_eq!(json(error(-32_005, "daily request limit reached")), Some(None));
        assert_eq!(json(error(-32_005, "query returned more than 10000 results")), None);
        assert_eq!(json(error(-32_000, "header not found")), None);
        let data = r#"{"rate":{"allowed_rps":1,"backoff_seconds":1.5}}"#;
        let data = serde_json::value::RawValue::from_string(data.to_owned()).unwrap();
        let error = ErrorPayload { data: Some(data), ..error(-32_005, "limit exceeded") };
        assert_eq!(json(error), Some(Some(Duration::from_millis(1_500))));
    }
}
