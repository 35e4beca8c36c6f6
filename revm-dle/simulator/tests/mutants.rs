//! The bugs that `scripts/mutants` plants can be planted: the protocol's text changes, and they with it.

#[allow(dead_code, reason = "what the example prints")]
#[path = "../examples/mutants/catalogue.rs"]
mod catalogue;

use std::{fs, path::Path};

#[test]
fn every_mutant_finds_its_place() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../committee/src");
    let mutants = catalogue::mutants().unwrap();
    assert!(mutants.len() > 80);
    for mutant in mutants {
        let source = fs::read_to_string(sources.join(&mutant.file)).unwrap();
        assert!(mutant.plant(&source).is_some_and(|planted| planted != source), "{}", mutant.name);
    }
}
