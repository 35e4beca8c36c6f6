//! Plants the bugs of `mutants/` in the protocol, one at a time, and looks whether the simulator sees them. See
//! `scripts/mutants`. The sources that it changes are copies.
//!
//! A mutant is a file: `claim:` what it breaks, `file:` where (below `committee/src`), `--- find` the text to take out,
//! which must be there once, `--- replace` what comes instead.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Of 100 mutants, so many must be seen.
const CAUGHT_MIN: usize = 90;

/// A mutant that keeps the simulator busy for so long without a step is seen, too.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a copy of the workspace needs.
const FOLDERS: [&str; 5] = [
    "contracts/abi",
    "contracts/bindings",
    "revm-dle/ledger",
    "revm-dle/committee",
    "revm-dle/simulator",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

struct Mutant {
    name: String,
    claim: String,
    file: String,
    find: String,
    replace: String,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let mut arguments = env::args().skip(1);
    let seeds = arguments.next().unwrap_or_else(|| "2000".to_owned());
    let wanted: Vec<_> = arguments.collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no root")?;
    // A target folder of its own: cargo takes a crate of the same path in another workspace for the same one.
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let target = root.join(target).join("mutants");
    let copy = target.join("workspace");
    copy_workspace(root, &copy)?;
    println!(
        "unchanged: {}",
        simulate(&build(&copy, &target)?.ok_or("it does not build")?, "200")?.1
    );
    let (mut caught, mut all) = (0, 0);
    for mutant in mutants(root)? {
        if !wanted.is_empty() && !wanted.contains(&mutant.name) {
            continue;
        }
        let file = copy.join("revm-dle/committee/src").join(&mutant.file);
        let source = fs::read_to_string(&file)?;
        if source.matches(&mutant.find).count() != 1 {
            return Err(format!("{}: its text is not in {} once", mutant.name, mutant.file).into());
        }
        fs::write(&file, source.replacen(&mutant.find, &mutant.replace, 1))?;
        let built = build(&copy, &target);
        fs::write(&file, &source)?;
        let (verdict, is_caught, why) = match built? {
            // It says nothing about the simulator, and must be mended: it counts as not seen.
            None => ("BROKEN  ", false, "it does not build".to_owned()),
            Some(program) => match simulate(&program, &seeds)? {
                (true, why) => ("caught  ", true, why),
                (false, why) => ("SURVIVED", false, why),
            },
        };
        (all, caught) = (all + 1, caught + usize::from(is_caught));
        println!("{verdict} {:<28} {}\n         {:<28} {why}", mutant.name, mutant.claim, "");
    }
    println!("{caught} of {all} caught");
    Ok(caught * 100 >= all * CAUGHT_MIN)
}

fn mutants(root: &Path) -> Result<Vec<Mutant>> {
    let files = fs::read_dir(root.join("revm-dle/simulator/mutants"))?;
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

/// Brings the copy up to date. What did not change keeps its time, so that it is not built again.
fn copy_workspace(root: &Path, copy: &Path) -> Result<()> {
    for folder in FOLDERS {
        if copy.join(folder).exists() {
            remove_old(&root.join(folder), &copy.join(folder))?;
        }
        copy_folder(&root.join(folder), &copy.join(folder))?;
    }
    copy_file(&root.join("Cargo.lock"), &copy.join("Cargo.lock"))?;
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let keeps = |line: &&str| {
        let is_member = line.starts_with("    \"") && line.ends_with("\",") && line.contains('/')
            || *line == "    \"tests\",";
        !is_member || FOLDERS.iter().any(|folder| line.contains(folder))
    };
    let lines: Vec<_> = manifest.lines().filter(keeps).collect();
    Ok(fs::write(copy.join("Cargo.toml"), lines.join("\n"))?)
}

fn remove_old(from: &Path, to: &Path) -> Result<()> {
    for file in fs::read_dir(to)? {
        let path = file?.path();
        let source = from.join(path.file_name().unwrap_or_default());
        match (path.is_dir(), source.exists()) {
            (true, true) => remove_old(&source, &path)?,
            (true, false) => fs::remove_dir_all(&path)?,
            (false, false) => fs::remove_file(&path)?,
            (false, true) => {}
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let path = file?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            copy_file(&path, &target)?;
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from)?;
    if fs::read(to).ok().as_ref() != Some(&new) {
        fs::write(to, new)?;
    }
    Ok(())
}

/// `None`: it does not build.
fn build(copy: &Path, target: &Path) -> Result<Option<PathBuf>> {
    let output = Command::new("cargo")
        .args(["build", "--quiet", "--offline", "-p", "conet-simulator", "--example", "simulate"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target)
        .output()?;
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
        return Ok(None);
    }
    let program = copy.join("simulate");
    fs::copy(target.join("debug/examples/simulate"), &program)?;
    Ok(Some(program))
}

/// Whether a seed fails, and how.
fn simulate(program: &Path, seeds: &str) -> Result<(bool, String)> {
    let output = program.with_extension("out");
    let began = Instant::now();
    let mut child =
        Command::new(program).args(["0", seeds]).stdout(fs::File::create(&output)?).spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            let said = fs::read_to_string(&output)?;
            let said: String = said.trim().chars().take(200).collect();
            let said = if said.is_empty() { format!("{seeds} seeds pass") } else { said };
            return Ok((!status.success(), said));
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok((true, "it does not end".to_owned()));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
