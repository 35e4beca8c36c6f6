//! Plants the bugs of `mutants/` in the protocol, one at a time, and looks whether the simulator sees them. See
//! `scripts/mutants`. The sources that it changes are copies.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

/// Of 100 mutants, so many must be seen.
const CAUGHT_MIN: usize = 90;

/// So many seeds are run at once. They take seconds.
const SEEDS_AT_ONCE: u64 = 50;

/// A mutant that keeps the simulator busy with them for so long is seen, too.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a copy of the workspace needs.
const FOLDERS: [&str; 5] = [
    "contracts/abi",
    "contracts/bindings",
    "revm-dle/ledger",
    "revm-dle/committee",
    "revm-dle/simulator",
];

mod catalogue;

use catalogue::{Result, mutants};

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
    let seeds = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let wanted: Vec<_> = arguments.collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no root")?;
    // A target folder of its own: cargo takes a crate of the same path in another workspace for the same one.
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let target = root.join(target).join("mutants");
    let copy = target.join("workspace");
    copy_workspace(root, &copy)?;
    let unchanged = build(&copy, &target)?.ok_or("the protocol does not build")?;
    let (fails, why) = simulate(&unchanged, 200)?;
    if fails {
        return Err(format!("no bug is planted, and the simulator sees one: {why}").into());
    }
    println!("unchanged: {why}");
    let (mut caught, mut all) = (0, 0);
    for mutant in mutants()? {
        if !wanted.is_empty() && !wanted.contains(&mutant.name) {
            continue;
        }
        let file = copy.join("revm-dle/committee/src").join(&mutant.file);
        let source = fs::read_to_string(&file)?;
        // One whose text is not there once does not build either: it is not tried.
        let planted = mutant.plant(&source);
        let built = planted.map_or(Ok(None), |planted| {
            fs::write(&file, planted)?;
            build(&copy, &target)
        });
        fs::write(&file, &source)?;
        let (verdict, is_caught, why) = match built? {
            // It says nothing about the simulator, and must be mended: it counts as not seen.
            None => ("BROKEN  ", false, "it cannot be planted, or does not build".to_owned()),
            Some(program) => match simulate(&program, seeds)? {
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
        // Features are several in a line.
        let is_member = line.starts_with("    \"") && line.matches('"').count() == 2;
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
fn simulate(program: &Path, seeds: u64) -> Result<(bool, String)> {
    for from in (0..seeds).step_by(SEEDS_AT_ONCE as usize) {
        let to = seeds.min(from + SEEDS_AT_ONCE);
        if let Some(why) = fails(program, from, to)? {
            return Ok((true, why));
        }
    }
    Ok((false, format!("{seeds} seeds pass")))
}

/// Why one of these seeds fails.
fn fails(program: &Path, from: u64, to: u64) -> Result<Option<String>> {
    let output = program.with_extension("out");
    let began = Instant::now();
    let mut child = Command::new(program)
        .args([from.to_string(), to.to_string()])
        .stdout(fs::File::create(&output)?)
        .spawn()?;
    loop {
        if let Some(status) = child.try_wait()? {
            let said = fs::read_to_string(&output)?;
            let said = said.trim().chars().take(200).collect();
            return Ok((!status.success()).then_some(said));
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(Some(format!("one of the seeds {from} to {to} does not end")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
