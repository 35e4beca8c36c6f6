//! Ethereum's own state tests, on our virtual machine, state and tries: that what chains run is Ethereum's.
//!
//! A few of our own are in `tests/ethereum`. `CONET_STATE_TESTS=FOLDER cargo test -p conet-ledger ethereum` runs all of
//! a folder (`GeneralStateTests` of ethereum/tests) that have a result for Cancun, with Ethereum's rules of money and
//! with CREATE.

use std::path::{Path, PathBuf};

use alloy::primitives::{B256, keccak256};
use revm::context::{BlockEnv, CfgEnv};
use revm::handler::MainnetContext;
use revm::{Context, ExecuteEvm as _};
use revm_statetest_types::{SpecName, Test, TestSuite, TestUnit};

use super::CodeBook;
use super::machine::{SPEC, assemble};
use super::overlay::Overlay;
use crate::state::{Account, Change, State};
use crate::trie::{InMemory, Nodes};
use crate::witness::{Recorder, Witness};

/// Contracts are created where storage is, but neither nonce nor code: a state that cannot come to be (EIP-7610), and in
/// which revm, as other clients, does not care to stop. Our chains create no contracts.
const UNREACHABLE: [&str; 5] = [
    "InitCollisionParis",
    "RevertInCreateInInitCreate2Paris",
    "RevertInCreateInInit_Paris",
    "create2collisionStorageParis",
    "dynamicAccountOverwriteEmpty_Paris",
];

/// Files of ethereum/tests that no reader takes: see below.
const NOT_READ_MAX: usize = 2;

#[test]
fn our_own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ethereum");
    assert!(run(&folder) > 0);
}

#[test]
fn those_of_a_folder() {
    if let Some(folder) = std::env::var_os("CONET_STATE_TESTS").map(PathBuf::from) {
        let cases = run(&folder);
        println!("{cases} cases");
        assert!(cases > 0, "no state test with a result for Cancun in {}", folder.display());
    }
}

/// Runs all tests in a folder. How many there were.
fn run(folder: &Path) -> usize {
    let (mut cases, mut failed, mut not_read) = (0, Vec::new(), 0);
    for file in files(folder) {
        let suite = std::fs::read_to_string(&file).unwrap();
        let Ok(suite) = serde_json::from_str::<TestSuite>(&suite) else {
            // What is no transaction in any encoding: two files have numbers of more than 32 bytes.
            println!("not read: {}", file.display());
            not_read += 1;
            continue;
        };
        for (name, unit) in &suite.0 {
            if UNREACHABLE.contains(&name.as_str()) {
                continue;
            }
            for test in unit.post.get(&SpecName::Cancun).into_iter().flatten() {
                cases += 1;
                if let Err(what) = check(unit, test) {
                    failed.push(format!("{} {name} {:?}: {what}", file.display(), test.indexes));
                }
            }
        }
    }
    assert!(not_read <= NOT_READ_MAX, "{not_read} files are no state tests");
    assert!(failed.is_empty(), "{} of {cases} failed: {failed:#?}", failed.len());
    cases
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// With the whole state, and with what that met of it.
fn check(unit: &TestUnit, test: &Test) -> Result<(), String> {
    let (state, codes) = before(unit);
    let mut recorder = Recorder::new(InMemory);
    let (root, logs) = execute(unit, test, &state, &codes, &mut recorder)?;
    if (root, logs) != (test.hash, test.logs) {
        return Err(format!("expected {} and {}, found {root} and {logs}", test.hash, test.logs));
    }
    let witness = alloy_rlp::encode(recorder.into_witness());
    let witness: Witness = alloy_rlp::decode_exact(&witness).map_err(|e| e.to_string())?;
    let state = State::at(state.root());
    let again = execute(unit, test, &state, &codes, &mut witness.index())?;
    if again == (root, logs) { Ok(()) } else { Err("without the state, something else".into()) }
}

fn before(unit: &TestUnit) -> (State, CodeBook) {
    let mut codes = CodeBook::default();
    let accounts = unit.pre.iter().map(|(address, info)| {
        let code_hash = codes.insert(info.code.clone());
        let account = Account { nonce: info.nonce, balance: info.balance, code_hash };
        let storage = info.storage.iter().map(|(key, value)| (*key, *value)).collect();
        (*address, Change { account: Some(account), wiped: true, storage })
    });
    let changes = accounts.collect();
    let mut state = State::default();
    state.apply(&changes, &mut InMemory).unwrap();
    let _ = state.root();
    (state, codes)
}

fn execute<N: Nodes>(
    unit: &TestUnit,
    test: &Test,
    state: &State,
    codes: &CodeBook,
    nodes: &mut N,
) -> Result<(B256, B256), String> {
    let overlay = Overlay::new(state, nodes, codes);
    let mut context: MainnetContext<_> = Context::new(overlay, SPEC);
    let mut cfg = CfgEnv::new_with_spec(SPEC);
    cfg.chain_id = 1;
    cfg.max_blobs_per_tx = Some(6);
    let block: BlockEnv = unit.block_env(&mut cfg);
    context.cfg = cfg;
    context.block = block;
    let mut evm = assemble(context, true);
    let result = test.tx_env(unit).map(|transaction| evm.transact_one(transaction));
    let calls = evm.finalize();
    let mut overlay = evm.ctx.journaled_state.database;
    let logs = match result {
        Ok(Ok(result)) if test.expect_exception.is_none() => {
            overlay.keep(calls).map_err(|error| error.to_string())?;
            result.into_logs()
        }
        Ok(Err(_)) | Err(_) if test.expect_exception.is_some() => Vec::new(),
        result => return Err(format!("expected {:?}, found {result:?}", test.expect_exception)),
    };
    let changes = overlay.changes();
    let mut after = state.clone();
    after.apply(&changes, nodes).map_err(|error| error.to_string())?;
    Ok((after.root(), keccak256(alloy_rlp::encode(logs))))
}
