use std::fs;

use super::*;

const NOW: u64 = 1_800_000_000;

fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

fn open(home: &Path) -> State {
    State::open(home, &network()).unwrap()
}

fn key(byte: u8) -> PartialKey {
    PartialKey { reader: Address::ZERO, sender: Address::repeat_byte(byte), id: B256::ZERO }
}

#[test]
fn a_serial_never_goes_back() {
    let home = tempfile::tempdir().unwrap();
    let bobo = Address::repeat_byte(8);
    let state = open(home.path());
    for serial in [1, 5, 5, 6] {
        state.check_serial(bobo, serial).unwrap();
    }
    drop(state);
    let again = open(home.path());
    let refused = again.check_serial(bobo, 5).unwrap_err();
    assert!(matches!(refused, StateError::OldSerial { seen: 6, found: 5, .. }), "{refused}");
    again.check_serial(Address::repeat_byte(9), 1).unwrap();
    // A wallet that had a route cannot be shown as one that never had.
    assert!(again.check_serial(bobo, 0).is_err());
    // Another network is another memory.
    let other = Network { chain_id: 1, ..network() };
    State::open(home.path(), &other).unwrap().check_serial(bobo, 1).unwrap();
}

#[test]
fn an_agent_that_was_left_is_remembered() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    let bobo = Address::repeat_byte(8);
    let at = |agent: u64, serial| Some(Registration { agent: U256::from(agent), serial });
    state.put_registration(bobo, at(1, 1)).unwrap();
    state.put_registration(bobo, at(1, 2)).unwrap();
    assert!(state.former_agents(bobo).unwrap().is_empty());
    state.put_registration(bobo, at(2, 3)).unwrap();
    assert_eq!(state.former_agents(bobo).unwrap(), [U256::from(1)]);
    state.put_registration(bobo, at(1, 4)).unwrap();
    assert_eq!(state.former_agents(bobo).unwrap(), [U256::from(2)]);
    state.put_registration(bobo, None).unwrap();
    assert_eq!(state.registration(bobo).unwrap(), None);
    state.forget_agent(bobo, U256::from(2)).unwrap();
    assert_eq!(state.former_agents(bobo).unwrap(), [U256::from(1)]);
}

fn saving(dir: &Path, name: &str) -> Saving {
    let temporary = dir.join(format!(".{name}.tmp"));
    fs::write(&temporary, name).unwrap();
    Saving { temporary, path: dir.join(name) }
}

#[test]
fn a_file_is_shown_once() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    let (reader, key) = (Address::ZERO, B256::repeat_byte(7));
    assert!(!state.is_shown(reader, key).unwrap());
    let first = saving(home.path(), "one");
    assert!(state.show_file(reader, key, NOW, &first).unwrap());
    assert!(state.is_shown(reader, key).unwrap());
    assert_eq!(fs::read(&first.path).unwrap(), b"one");

    let second = saving(home.path(), "two");
    assert!(!state.show_file(reader, key, NOW, &second).unwrap());
    assert!(!second.path.exists() && !second.temporary.exists());
    // For somebody else it is another message.
    assert!(!state.is_shown(Address::repeat_byte(1), key).unwrap());
}

/// As `show_file` leaves things when it is killed right after its note.
fn note_and_die(state: &State, key: B256, saving: &Saving) {
    state
        .lock()
        .execute(
            "INSERT INTO shown (reader, key, expires_at, temporary, final)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                Address::ZERO.as_slice(),
                key.as_slice(),
                integer(NOW),
                saving.temporary.to_string_lossy(),
                saving.path.to_string_lossy()
            ],
        )
        .unwrap();
}

#[test]
fn killed_before_the_renaming_the_file_appears_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let key = B256::repeat_byte(7);
    let state = open(home.path());
    let file = saving(home.path(), "one");
    note_and_die(&state, key, &file);
    drop(state);
    let state = open(home.path());
    assert!(state.is_shown(Address::ZERO, key).unwrap());
    assert_eq!(state.finish_saving(Address::ZERO).unwrap(), std::slice::from_ref(&file.path));
    assert!(file.path.exists());
    assert!(state.finish_saving(Address::ZERO).unwrap().is_empty());
}

#[test]
fn killed_after_the_renaming_a_file_that_was_taken_away_stays_away() {
    let home = tempfile::tempdir().unwrap();
    let key = B256::repeat_byte(7);
    let state = open(home.path());
    let file = saving(home.path(), "one");
    note_and_die(&state, key, &file);
    fs::rename(&file.temporary, &file.path).unwrap();
    fs::remove_file(&file.path).unwrap();
    drop(state);
    let state = open(home.path());
    assert!(state.finish_saving(Address::ZERO).unwrap().is_empty());
    assert!(!file.path.exists());
    let again = saving(home.path(), "one");
    assert!(!state.show_file(Address::ZERO, key, NOW, &again).unwrap());
}

#[test]
fn a_torn_write_ahead_log_loses_nothing_that_was_noted() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    let later = clock::unix_seconds() + 1_000;
    for byte in 1..=20 {
        state.note_shown(Address::ZERO, B256::repeat_byte(byte), later).unwrap();
    }
    // A copy of the files while they are open is what a killed process leaves;
    // garbage at the end of the log is a write that was torn.
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(home.path()).unwrap().flatten() {
        let name = entry.file_name();
        if name.to_string_lossy().contains(".db") && !name.to_string_lossy().ends_with("-shm") {
            fs::copy(entry.path(), copy.path().join(&name)).unwrap();
        }
        if name.to_string_lossy().ends_with("-wal") {
            use std::io::Write as _;
            let path = copy.path().join(&name);
            let mut log = fs::OpenOptions::new().append(true).open(path).unwrap();
            log.write_all(&[0x5a; 5_000]).unwrap();
        }
    }
    let again = open(copy.path());
    for byte in 1..=20 {
        assert!(again.is_shown(Address::ZERO, B256::repeat_byte(byte)).unwrap(), "{byte}");
    }
}

#[test]
fn what_was_shown_is_forgotten_when_no_copy_can_come_any_more() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    let now = clock::unix_seconds();
    state.note_shown(Address::ZERO, B256::repeat_byte(1), now - 1).unwrap();
    state.note_shown(Address::ZERO, B256::repeat_byte(2), now + 1_000).unwrap();
    drop(state);
    let state = open(home.path());
    assert!(!state.is_shown(Address::ZERO, B256::repeat_byte(1)).unwrap());
    assert!(state.is_shown(Address::ZERO, B256::repeat_byte(2)).unwrap());
}

#[test]
fn parts_in_any_order_and_over_a_restart_make_a_message() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    for (part, have) in [(2, 1), (0, 2), (2, 2)] {
        let added = state.add_part(key(7), part, 3, &[part as u8; 10], NOW).unwrap();
        assert_eq!(added, Added::Incomplete { have, dropped: 0 });
    }
    drop(state);
    let state = open(home.path());
    let other = state.add_part(key(8), 1, 3, b"another message", NOW).unwrap();
    assert_eq!(other, Added::Incomplete { have: 1, dropped: 0 });
    let contradiction = state.add_part(key(7), 1, 4, &[1; 10], NOW).unwrap();
    assert_eq!(contradiction, Added::Contradiction { expected: 3 });
    let Added::Complete(files) = state.add_part(key(7), 1, 3, &[1; 10], NOW).unwrap() else {
        panic!("not complete")
    };
    let all: Vec<u8> = files.iter().flat_map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(all, [[0; 10], [1; 10], [2; 10]].concat());
    state.drop_parts(&key(7)).unwrap();
    assert!(!files[0].exists());
    assert_eq!(state.parts_of(&key(7)).unwrap(), None);
    assert_eq!(state.parts_of(&key(8)).unwrap(), Some(3));
}

#[test]
fn the_message_idle_the_longest_makes_room() {
    let home = tempfile::tempdir().unwrap();
    let state = open(home.path());
    let many = |n: u64| PartialKey { id: B256::from(U256::from(n)), ..key(7) };
    for n in 0..INCOMPLETE_MESSAGES {
        state.note_part(&many(n), 0, 2, 1, NOW + n).unwrap();
    }
    state.note_part(&many(0), 0, 2, 1, NOW + 1_000).unwrap();
    let added = state.add_part(key(9), 0, 2, b"x", NOW + 1_001).unwrap();
    assert_eq!(added, Added::Incomplete { have: 1, dropped: 1 });
    assert_eq!(state.parts_of(&many(0)).unwrap(), Some(2));
    assert_eq!(state.parts_of(&many(1)).unwrap(), None);
}

const INCOMPLETE_MESSAGES: u64 = crate::limits::INCOMPLETE_MESSAGES_MAX;
