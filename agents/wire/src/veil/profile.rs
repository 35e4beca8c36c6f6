//! The ordinary website that a node looks like.
//!
//! Client and node derive the same [`WebProfile`] from the node's transport
//! key, so neither has to ask, and no two nodes look the same. Every choice is
//! one that ordinary servers make; choices that depend on each other (a server
//! and its error pages, a site and its words) are made together.

mod pages;
mod words;

use hkdf::Hkdf;
use sha2::Sha256;

use super::keys::TransportPublic;
use words::{Server, Site};

const LABEL: &[u8] = b"conet/web/1";

/// What a node shows of itself over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebProfile {
    /// Method of requests that carry envelopes or peer frames: `POST` or `PUT`.
    pub method: &'static str,
    /// Where clients post envelopes.
    pub envelope_path: String,
    /// Where other nodes post handshakes and frames.
    pub peer_path: String,
    /// Content type of requests.
    pub request_type: &'static str,
    /// Content type of answers (streams are `text/event-stream`).
    pub answer_type: &'static str,
    /// The `server` header of every response.
    pub server: &'static str,
    /// More headers of every response, names in lower case.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Title of the page.
    pub title: String,
    site: Site,
    kind: Server,
    seed: [u8; SEED_LEN],
}

const SEED_LEN: usize = 128;

impl WebProfile {
    /// The profile of the node with this key.
    #[must_use]
    pub fn derive(node: &TransportPublic) -> Self {
        let mut seed = [0; SEED_LEN];
        let filled = Hkdf::<Sha256>::new(None, &node.0).expand(LABEL, &mut seed);
        debug_assert!(filled.is_ok(), "HKDF-SHA256 expands to 8,160 bytes");

        let mut pick = Picker::new(&seed);
        let method = pick.from(&["POST", "POST", "POST", "PUT"]);
        let envelope_path = pick.path(words::CLIENT_PATHS);
        let peer_path = pick.path(words::PEER_PATHS);
        let request_type = pick.from(words::CONTENT_TYPES);
        let answer_type = pick.from(words::CONTENT_TYPES);
        let (server, kind) = pick.from(words::SERVERS);
        let mut headers = Vec::new();
        for choices in words::HEADERS {
            headers.extend(pick.from(choices));
        }
        let site = pick.from(words::SITES);
        let name = format!("{} {}", pick.from(words::FIRST_WORDS), pick.from(site.second_words));
        let title = pick.from(site.titles).replace("{}", &name);
        Self {
            method,
            envelope_path,
            peer_path,
            request_type,
            answer_type,
            server,
            headers,
            title,
            site,
            kind,
            seed,
        }
    }

    /// The page at `/`: HTML.
    #[must_use]
    pub fn page(&self) -> String {
        pages::page(&self.title, &self.site, &mut Picker::new(&reversed(&self.seed)))
    }

    /// The page of a refusal: what the site's server program would say, as
    /// HTML. Everything unknown gets the one for 404.
    #[must_use]
    pub fn error_page(&self, status: u16) -> String {
        pages::error(self.kind, self.server, status)
    }
}

fn reversed(seed: &[u8; SEED_LEN]) -> [u8; SEED_LEN] {
    let mut seed = *seed;
    seed.reverse();
    seed
}

/// Picks from lists with the bytes of a seed.
struct Picker<'a>(std::iter::Cycle<std::slice::Iter<'a, u8>>);

impl<'a> Picker<'a> {
    fn new(seed: &'a [u8; SEED_LEN]) -> Self {
        Self(seed.iter().cycle())
    }

    /// A number below 65,536.
    fn number(&mut self) -> usize {
        self.0.by_ref().take(2).fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    }

    /// One of a list; the lists are constants, and none is empty.
    fn from<T: Copy>(&mut self, list: &[T]) -> T {
        let at = self.number() % list.len();
        #[allow(clippy::indexing_slicing, reason = "`at` is below the length")]
        list[at]
    }

    /// A path: one of the patterns, with a version or a short name filled in.
    fn path(&mut self, patterns: &[&str]) -> String {
        let version = 1 + self.number() % 4;
        let name = format!("{:06x}", self.number() << 8 | self.number() & 0xff);
        self.from(patterns).replace("{v}", &version.to_string()).replace("{x}", &name)
    }
}

#[cfg(test)]
mod tests;
