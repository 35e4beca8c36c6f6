//! Answers over a made-up chain, as whoever asks sees them.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request as HttpRequest};
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::{
    follow::{FollowLimits, Follower},
    store::SqliteStore,
    testing::{MadeChain, our_catalogue},
};

/// The newest block of the made-up chain.
const NEWEST: u64 = 60;

/// An indexer that has followed such a chain to its end.
struct Scene {
    routes: Router,
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    tag: Option<String>,
    body: Value,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("index.db")).await.unwrap();
        let catalogue = Arc::new(our_catalogue().unwrap());
        let rules = (7, Arc::clone(&catalogue), Arc::new(Tables::own(&catalogue).unwrap()));
        let chain = MadeChain::new(1, catalogue, 6);
        chain.grow(NEWEST);
        let limits = FollowLimits::default();
        let mut follower =
            Follower::new(Arc::new(chain), store.clone(), rules.clone(), limits).await.unwrap();
        let progress = follower.progress();
        while progress.borrow().cursor.is_none_or(|cursor| cursor.at.number < NEWEST) {
            follower.step().await.unwrap();
        }
        let stop = CancellationToken::new();
        let api = Api::new(store.clone(), rules, progress, HttpLimits::default(), stop);
        Self { routes: api.routes(), store, _folder: folder }
    }

    async fn ask(&self, method: &str, path: &str, known: &[&str]) -> Answer {
        let mut request = HttpRequest::builder().method(method).uri(path);
        for tag in known {
            request = request.header(header::IF_NONE_MATCH, *tag);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let tag = headers.get(header::ETAG).map(|tag| tag.to_str().unwrap().to_owned());
        if status == 405 {
            assert_eq!(headers.get(header::ALLOW).unwrap(), "GET, HEAD", "{method} {path}");
        }
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, tag, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }
}

#[tokio::test]
async fn every_refusal_says_why_in_json() {
    let scene = Scene::new().await;
    for (status, method, path, why) in [
        (404, "GET", "/nothing", "openapi.json"),
        (404, "GET", "/v1/nothing", "one of the tables"),
        (404, "GET", "/v1/nodes/340282366920938463463374607431768211455", "in nodes"),
        (405, "POST", "/", "found POST"),
        (405, "POST", "/v1", "found POST"),
        (405, "DELETE", "/v1/nodes/1", "found DELETE"),
        (405, "PUT", "/health", "found PUT"),
        (405, "POST", "/v1/events/stream", "found POST"),
        (400, "GET", "/v1/nodes?limit=many", "a number as limit"),
        (400, "GET", "/v1/nodes?limit=1&limit=2", "each parameter once"),
        (400, "GET", "/v1/nodes?nonsense=1", "parameters among"),
        (400, "GET", "/v1/nodes?order=up", "asc or desc"),
        (400, "GET", "/v1/nodes/one", "a number"),
        (400, "GET", "/v1/nodes/%ff", "UTF-8"),
        (400, "GET", "/v1/routes/0x12/check", "an address"),
        (400, "GET", "/v1/events?after=1", "BLOCK-LOG"),
        (400, "GET", "/v1/events?mentions=0x1", "mentions"),
        (400, "GET", "/v1/draws?chain=1", "hexadecimal"),
    ] {
        let answer = scene.ask(method, path, &[]).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        let said = answer.body["error"].as_str().unwrap_or_default();
        assert!(said.contains(why), "{method} {path}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_will_be_is_not_known() {
    let scene = Scene::new().await;
    for path in ["/v1/nodes", "/v1/nodes/1", "/v1/events"] {
        let now = scene.get(&format!("{path}?block={NEWEST}")).await;
        assert!(matches!(now.status, 200 | 404), "{path}: {}", now.body);
        let later = scene.get(&format!("{path}?block={}", NEWEST + 1)).await;
        assert_eq!(later.status, 400, "{path}: {}", later.body);
        let why = later.body["error"].as_str().unwrap();
        assert!(why.contains("up to 60, found 61"), "{why}");
    }
}

#[tokio::test]
async fn nobody_is_sent_what_they_have() {
    let scene = Scene::new().await;
    let tag = scene.get("/v1/nodes").await.tag.unwrap();
    let bare = tag.trim_start_matches("W/");
    let listed = format!("\"other\", {tag}");
    for known in [&[tag.as_str()][..], &[bare], &[&listed], &["\"other\"", &tag], &["*"]] {
        let answer = scene.ask("GET", "/v1/nodes", known).await;
        assert_eq!((answer.status, answer.tag.as_ref()), (304, Some(&tag)), "{known:?}");
    }
    for known in [&["\"other\""][..], &[""], &[&bare[..10]]] {
        assert_eq!(scene.ask("GET", "/v1/nodes", known).await.status, 200, "{known:?}");
    }
    // A tag is of its question, and what is not there has none.
    assert_eq!(scene.ask("GET", "/v1/names", &[&tag]).await.status, 200);
    let nobody = scene.ask("GET", "/v1/names/1", &["*"]).await;
    assert_eq!((nobody.status, nobody.tag), (404, None));
    assert_eq!(scene.ask("POST", "/v1/nodes", &[&tag]).await.status, 405);
}

/// What a field is as a part of a key; none for a mask with bits that have no name.
fn bits(value: &Value) -> Option<u64> {
    let Some(names) = value.as_array() else { return value.as_u64() };
    let bits = names.iter().map(|name| conet_bindings::roles::by_name(name.as_str()?));
    let bits: Option<Vec<_>> = bits.collect();
    bits.filter(|bits| bits.len() == 1).map(|bits| bits.into_iter().map(u64::from).sum())
}

/// A value that a parameter's schema allows.
fn example(schema: &Value) -> String {
    if let Some(value) = schema["enum"].get(0) {
        return value.as_str().unwrap().to_owned();
    }
    let digits = schema["pattern"].as_str().and_then(|pattern| {
        let (_, digits) = pattern.split_once("]{")?;
        digits.strip_suffix("}$")?.parse().ok()
    });
    digits.map_or_else(|| "1".to_owned(), |digits: usize| format!("0x{}", "0".repeat(digits)))
}

/// All that a path can be, with its parameters filled in.
fn examples(path: &str, parameters: &[Value]) -> BTreeSet<String> {
    let mut paths = BTreeSet::from([path.to_owned()]);
    for parameter in parameters.iter().filter(|parameter| parameter["in"] == "path") {
        let hole = format!("{{{}}}", parameter["name"].as_str().unwrap());
        let values = match parameter["schema"]["enum"].as_array() {
            Some(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
            None => vec![example(&parameter["schema"])],
        };
        let filled = paths.iter().flat_map(|path| {
            assert!(path.contains(&hole), "{path} has no {hole}");
            values.iter().map(|value| path.replace(&hole, value))
        });
        paths = filled.collect();
    }
    paths
}

#[tokio::test]
async fn every_path_of_the_document_is_answered() {
    let scene = Scene::new().await;
    let document = scene.get("/openapi.json").await.body;
    let (mut answered, mut found) = (0, 0);
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["get"]["parameters"].as_array().unwrap();
        // Streams do not end, and want to know who asks.
        if path == "/v1/events/stream" {
            continue;
        }
        for path in examples(path, parameters) {
            assert!(!path.contains('{'), "{path}: a part of it is not described");
            let answer = scene.get(&path).await;
            let said = answer.status.to_string();
            assert!(matches!(answer.status, 200 | 404), "{path}: {said} {}", answer.body);
            assert!(item["get"]["responses"][&said].is_object(), "{path}: {said} is not described");
            let is_tagged = item["get"]["responses"]["304"].is_object();
            assert_eq!(answer.tag.is_some(), is_tagged && answer.status == 200, "{path}");
            answered += 1;
            found += u32::from(answer.status == 200);
        }
    }
    let tables = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|path| path.starts_with("/v1/history/"));
    assert!(tables.count() >= 27, "the document misses tables");
    assert!(answered > 90 && found > 30, "{answered} answers, of which {found} found something");
}

#[tokio::test]
async fn records_by_texts_are_found_where_the_document_says() {
    let scene = Scene::new().await;
    let document = scene.get("/openapi.json").await.body;
    let paths = document["paths"].as_object().unwrap();
    for path in [
        "/v1/supply/conet",
        "/v1/history/backing/notes",
        "/v1/parameters/{name}",
        "/v1/parameters/{name}/{number1}",
        "/v1/ratings/{node}/{payer}",
        "/v1/licenses/{dapp}/{licensee}",
    ] {
        assert!(paths.contains_key(path), "no {path} among {:?}", paths.keys());
    }
    let names = |path: &str| paths[path]["get"]["parameters"][0]["schema"]["enum"].clone();
    assert!(names("/v1/parameters/{name}").as_array().unwrap().contains(&"guardian".into()));
    let numbered = serde_json::json!(["minimumStake", "nameFee", "rentPerDay"]);
    assert_eq!(names("/v1/parameters/{name}/{number1}"), numbered);
    // Every record that such a table has is at one of those paths.
    let rows = scene.get("/v1/parameters?limit=500").await.body["rows"].clone();
    for row in rows.as_array().unwrap() {
        let record = &row["record"];
        let number = ["role", "class", "length"].iter().find_map(|field| record.get(field));
        let name = record["name"].as_str().unwrap();
        // Roles are bits in keys, and names in records. The made-up chain has some that no role has.
        let Some(number) = number.map_or(Some(None), |number| bits(number).map(Some)) else {
            continue;
        };
        let path = match number {
            Some(number) => format!("/v1/parameters/{name}/{number}"),
            None => format!("/v1/parameters/{name}"),
        };
        assert_eq!(&scene.get(&path).await.body, row, "{path}");
    }
    assert!(rows.as_array().unwrap().len() > 3, "the made-up chain sets no parameters: {rows}");
    let limit = &paths["/v1/nodes"]["get"]["parameters"][0]["schema"];
    assert_eq!(limit["maximum"], HttpLimits::default().rows_max);
    assert!(scene.store.cursor().await.unwrap().is_some());
}

#[tokio::test]
async fn the_explorer_is_kept_and_sent_small() {
    let scene = Scene::new().await;
    for path in ["/", "/app.js", "/frame.css", "/icon.svg"] {
        let first = scene.get(path).await;
        let tag = first.tag.expect("a tag");
        assert_eq!(scene.ask("GET", path, &[&tag]).await.status, 304, "{path}");
        assert_eq!(scene.ask("GET", path, &["\"other\""]).await.status, 200, "{path}");
    }
    let request = HttpRequest::builder().uri("/lib.js").header("accept-encoding", "gzip, br");
    let request = request.body(Body::empty()).unwrap();
    let response = scene.routes.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let small = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let whole = include_str!("../../web/lib.js").len();
    assert!(small.len() * 2 < whole, "{} of {whole} bytes", small.len());
    let request = HttpRequest::builder().uri("/lib.js").body(Body::empty()).unwrap();
    let response = scene.routes.clone().oneshot(request).await.unwrap();
    assert!(response.headers().get(header::CONTENT_ENCODING).is_none());
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-cache");
}
