//! The explorer: one page, its scripts and its styles, inside the program.

use axum::{
    Router,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};

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
        router.route(path, get(move || async move { file(kind, text) }))
    })
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
