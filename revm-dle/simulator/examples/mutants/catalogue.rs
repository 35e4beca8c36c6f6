//! Bugs to plant in the protocol.
//!
//! A mutant is a file of `mutants/`: `claim:` what it breaks, `file:` where (below `committee/src`), `--- find` the text to
//! take out, which must be there once, `--- replace` what comes instead.

use std::{error::Error, fs, path::Path};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A bug.
pub(crate) struct Mutant {
    pub(crate) name: String,
    pub(crate) claim: String,
    pub(crate) file: String,
    find: String,
    replace: String,
}

impl Mutant {
    /// The source with the bug; none when its text is not there once.
    pub(crate) fn plant(&self, source: &str) -> Option<String> {
        let is_one = source.matches(&self.find).count() == 1;
        is_one.then(|| source.replacen(&self.find, &self.replace, 1))
    }
}

/// All of them, by name.
pub(crate) fn mutants() -> Result<Vec<Mutant>> {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("mutants"))?;
    let mut paths = files.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> Result<Mutant> {
    let text = fs::read_to_string(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let bad = || format!("{name} is not in the form of a mutant");
    let (head, rest) = text.split_once("--- find\n").ok_or_else(bad)?;
    let (find, replace) = rest.split_once("\n--- replace\n").ok_or_else(bad)?;
    let field = |key: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(key));
        line.map(|value| value.trim().to_owned()).ok_or_else(bad)
    };
    let (claim, file) = (field("claim:")?, field("file:")?);
    let replace = replace.strip_suffix('\n').unwrap_or(replace).to_owned();
    Ok(Mutant { claim, file, find: find.to_owned(), replace, name })
}
