//! Profiles are ordinary, the same for everybody, and differ between nodes.

use std::collections::HashSet;

use super::*;

fn profile(n: u16) -> WebProfile {
    let mut key = [7; 32];
    key[..2].copy_from_slice(&n.to_be_bytes());
    WebProfile::derive(&TransportPublic(key))
}

#[test]
fn the_same_key_gives_the_same_site() {
    assert_eq!(profile(1), profile(1));
    assert_eq!(profile(1).page(), profile(1).page());
}

#[test]
fn nodes_differ() {
    let profiles: Vec<_> = (0..1000).map(profile).collect();
    let pages: HashSet<_> = profiles.iter().map(WebProfile::page).collect();
    assert!(pages.len() > 990, "{}", pages.len());
    let doors: HashSet<_> =
        profiles.iter().map(|p| (p.method, &p.envelope_path, &p.peer_path, p.server)).collect();
    assert!(doors.len() > 900, "{}", doors.len());
    for server in words::SERVERS {
        assert!(profiles.iter().any(|profile| profile.server == server.0));
    }
}

#[test]
fn every_profile_is_well_formed() {
    for profile in (0..1000).map(profile) {
        for path in [&profile.envelope_path, &profile.peer_path] {
            assert!(path.starts_with('/') && !path.contains(['{', '}', ' ']), "{path}");
        }
        assert_ne!(profile.envelope_path, profile.peer_path);
        let names: HashSet<_> = profile.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), profile.headers.len());
        let page = profile.page();
        assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
        assert!(page.contains(&profile.title) && !page.contains('{') || page.contains("body {"));
        let lower = page.to_lowercase();
        assert!(!lower.contains("conet") && !lower.contains("relay"));
    }
}

#[test]
fn the_title_of_a_page_is_filled_in() {
    assert!((0..1000).map(profile).all(|profile| !profile.title.contains('{')));
}

#[test]
fn error_pages_are_those_of_the_server() {
    for profile in (0..100).map(profile) {
        let page = profile.error_page(404);
        match profile.kind {
            Server::Nginx => assert!(page.contains("<center><h1>404 Not Found</h1></center>")),
            Server::Apache => assert!(page.contains("<title>404 Not Found</title>")),
            Server::Caddy => assert!(page.is_empty()),
        }
    }
}
