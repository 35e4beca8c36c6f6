//! The explorer: one page, its scripts and its styles, inside the program.

use alloy::primitives::keccak256;
use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use super::{TAG_BYTES, ask::Has};

/// Nothing from elsewhere, nothing inline, no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

type File = (&'static str, &'static str, &'static str);

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const FILES: [File; 28] = [
    ("/", "text/html; charset=utf-8", include_str!("../../web/index.html")),
    ("/controls.css", STYLE, include_str!("../../web/controls.css")),
    ("/facts.css", STYLE, include_str!("../../web/facts.css")),
    ("/frame.css", STYLE, include_str!("../../web/frame.css")),
    ("/views.css", STYLE, include_str!("../../web/views.css")),
    ("/icon.svg", "image/svg+xml", include_str!("../../web/icon.svg")),
    ("/api.js", SCRIPT, include_str!("../../web/api.js")),
    ("/app.js", SCRIPT, include_str!("../../web/app.js")),
    ("/calls.js", SCRIPT, include_str!("../../web/calls.js")),
    ("/chains.js", SCRIPT, include_str!("../../web/chains.js")),
    ("/checksum.js", SCRIPT, include_str!("../../web/checksum.js")),
    ("/feed.js", SCRIPT, include_str!("../../web/feed.js")),
    ("/fields.js", SCRIPT, include_str!("../../web/fields.js")),
    ("/format.js", SCRIPT, include_str!("../../web/format.js")),
    ("/lib.js", SCRIPT, include_str!("../../web/lib.js")),
    ("/map.js", SCRIPT, include_str!("../../web/map.js")),
    ("/nodes.js", SCRIPT, include_str!("../../web/nodes.js")),
    ("/notes.js", SCRIPT, include_str!("../../web/notes.js")),
    ("/overview.js", SCRIPT, include_str!("../../web/overview.js")),
    ("/plots.js", SCRIPT, include_str!("../../web/plots.js")),
    ("/reference.js", SCRIPT, include_str!("../../web/reference.js")),
    ("/search.js", SCRIPT, include_str!("../../web/search.js")),
    ("/supply.js", SCRIPT, include_str!("../../web/supply.js")),
    ("/tables.js", SCRIPT, include_str!("../../web/tables.js")),
    ("/theme.js", SCRIPT, include_str!("../../web/theme.js")),
    ("/views.js", SCRIPT, include_str!("../../web/views.js")),
    ("/votes.js", SCRIPT, include_str!("../../web/votes.js")),
    ("/wallet.js", SCRIPT, include_str!("../../web/wallet.js")),
];

pub(super) fn routes() -> Router {
    FILES.iter().fold(Router::new(), |router, &(path, kind, text)| {
        let tag = tag(text);
        let answer = async move |headers: HeaderMap| file(kind, text, tag, &headers);
        router.route(path, get(answer))
    })
}

/// Of a file; a weak one, for it may be sent compressed or not.
fn tag(text: &str) -> HeaderValue {
    let tag = hex::encode(keccak256(text).get(..TAG_BYTES).unwrap_or_default());
    let none = HeaderValue::from_static("W/\"\"");
    HeaderValue::from_str(&format!("W/\"{tag}\"")).unwrap_or(none)
}

/// Browsers keep it, and ask each time whether it is still so: all files of a page are of one version.
fn file(kind: &'static str, text: &'static str, tag: HeaderValue, asked: &HeaderMap) -> Response {
    let has = Has::of(asked);
    let is_known = has == Has::Anything || has.has(&tag);
    let again = HeaderValue::from_static("no-cache");
    let headers = [(header::CACHE_CONTROL, again), (header::ETAG, tag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let about = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, about, text).into_response()
}
