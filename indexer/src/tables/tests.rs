//! What our own rules make of events.

use std::collections::HashMap;

use alloy::{
    dyn_abi::{DecodedEvent, DynSolValue},
    primitives::{Address, B256, U256},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    catalogue::{Contract, parse_abi},
    decode::{Decoded, RawEvent},
    testing::our_catalogue,
};

/// Tables in memory.
struct Memory {
    catalogue: Catalogue,
    tables: Tables,
    records: HashMap<(String, Vec<u8>), Body>,
    block: u64,
}

fn number(value: u64) -> DynSolValue {
    DynSolValue::Uint(U256::from(value), 256)
}

fn wallet(byte: u8) -> DynSolValue {
    DynSolValue::Address(Address::repeat_byte(byte))
}

impl Memory {
    fn new() -> Self {
        let catalogue = our_catalogue().unwrap();
        let tables = Tables::own(&catalogue).unwrap();
        Self { catalogue, tables, records: HashMap::new(), block: 0 }
    }

    /// An event of one of our contracts, with its parameters in order, folded in.
    fn tell(&mut self, contract: &str, event: &str, values: &[DynSolValue]) -> Vec<FoldError> {
        let of_event = |(_, known): &(Address, &Known)| {
            known.contract == contract && known.event.name == event
        };
        let (address, known) = self.catalogue.known().find(of_event).expect("such an event");
        let parts = values.iter().zip(&known.event.inputs);
        let (indexed, body): (Vec<_>, Vec<_>) = parts.partition(|(_, input)| input.indexed);
        let values = |parts: Vec<(&DynSolValue, _)>| -> Vec<DynSolValue> {
            parts.into_iter().map(|(value, _)| value.clone()).collect()
        };
        let decoded = DecodedEvent {
            selector: Some(known.event.selector()),
            indexed: values(indexed),
            body: values(body),
        };
        let (topics, data) = decoded.encode_log_data().split();
        self.block += 1;
        let raw = RawEvent {
            block: self.block,
            index: 0,
            transaction: B256::ZERO,
            address,
            topics,
            data,
        };
        let decoded = Decoded::read(known, &raw.topics, &raw.data).unwrap();
        let place = Place { event: &raw, time: 1_000 + self.block };
        let mut misfits = Vec::new();
        for change in self.tables.changes(&decoded) {
            let key = (change.table.to_owned(), change.key.clone());
            match change.apply(self.records.get(&key), &decoded, place) {
                Ok(Outcome::Same) => {}
                Ok(Outcome::Is(body)) => drop(self.records.insert(key, body)),
                Ok(Outcome::Gone) => drop(self.records.remove(&key)),
                Err(error) => misfits.push(error),
            }
        }
        misfits
    }

    fn get(&self, table: &str, key: &[&str]) -> Option<&Body> {
        let key = self.tables.get(table).unwrap().key(key).unwrap();
        self.records.get(&(table.to_owned(), key))
    }

    #[track_caller]
    fn expect(&self, table: &str, key: &[&str], fields: &[(&str, Value)]) {
        let record = self.get(table, key).expect("a record");
        for (name, value) in fields {
            assert_eq!(record.get(*name), Some(value), "{name} of {record:?}");
        }
    }
}

#[test]
fn votes_are_counted_by_what_they_say() {
    let mut memory = Memory::new();
    let vote = |voter: u8, support: u64, weight: u64| {
        let support = DynSolValue::Uint(U256::from(support), 8);
        [wallet(voter), number(7), support, number(weight), DynSolValue::String(String::new())]
    };
    for (voter, support, weight) in [(1, 1, 30), (2, 0, 5), (3, 1, 12), (4, 2, 1)] {
        memory.tell("ConetGovernor", "VoteCast", &vote(voter, support, weight));
    }
    let counts = [("for", json!("42")), ("against", json!("5")), ("abstain", json!("1"))];
    memory.expect("proposals", &["7"], &counts);
    memory.expect("proposals", &["7"], &[("voters", json!("4"))]);
    let second = Address::repeat_byte(2).to_string();
    memory.expect("votes", &["7", &second], &[("support", json!(0)), ("cast", json!(1_002))]);
    memory.tell("ConetGovernor", "ProposalQueued", &[number(7), number(99)]);
    memory.expect("proposals", &["7"], &[("status", json!("queued")), ("for", json!("42"))]);
}

#[test]
fn stake_is_what_the_contract_holds() {
    let mut memory = Memory::new();
    let witness = || DynSolValue::Uint(U256::from(8), 16);
    memory.tell("Staking", "Staked", &[number(3), witness(), number(100), number(100)]);
    memory.tell("Staking", "Unbonding", &[number(3), witness(), number(40), number(9)]);
    let slash = [number(3), witness(), number(50), number(10), DynSolValue::Bool(true)];
    memory.tell("Staking", "Slashed", &slash);
    // 10 of what unbonds, 40 of what is bonded.
    let amounts = [("bonded", json!("20")), ("unbonding", json!("30")), ("slashed", json!("50"))];
    memory.expect("stakes", &["3", "8"], &amounts);
    memory.expect("stakes", &["3", "8"], &[("role", json!(["witness"]))]);
    memory.tell("Staking", "Restored", &[number(3), witness(), number(50)]);
    memory.expect("stakes", &["3", "8"], &[("bonded", json!("70")), ("slashed", json!("0"))]);
    // More than is there: the record stays, and it is said.
    let misfits =
        memory.tell("Staking", "Withdrawn", &[number(3), witness(), wallet(1), number(31)]);
    assert_eq!(misfits.len(), 1);
    assert!(misfits[0].to_string().contains("unbonding"), "{}", misfits[0]);
    memory.expect("stakes", &["3", "8"], &[("unbonding", json!("30"))]);
}

#[test]
fn an_epoch_seats_its_nodes_and_ends_their_wait() {
    let mut memory = Memory::new();
    let group = |value: u64| DynSolValue::Uint(U256::from(value), 32);
    let long = |value: u64| DynSolValue::Uint(U256::from(value), 64);
    for node in [1, 2, 9] {
        memory.tell("ArchiveGroups", "JoinAsked", &[number(node), long(5)]);
    }
    let epoch = [
        group(4),
        long(1),
        DynSolValue::FixedBytes(B256::ZERO, 32),
        DynSolValue::Array(vec![number(1), number(2)]),
        DynSolValue::Array(vec![wallet(1), wallet(2)]),
    ];
    memory.tell("ArchiveGroups", "EpochStarted", &epoch);
    memory.expect("archive-groups", &["4"], &[("nodes", json!(["1", "2"]))]);
    memory.expect("archive-seats", &["2"], &[("group", json!(4)), ("node", json!("2"))]);
    assert_eq!(memory.get("archive-joins", &["1"]), None);
    memory.expect("archive-joins", &["9"], &[("drawnAfter", json!("5"))]);
    memory.tell("ArchiveGroups", "JoinWithdrawn", &[number(9)]);
    assert_eq!(memory.get("archive-joins", &["9"]), None);
}

#[test]
fn supply_follows_mints_and_burns_alone() {
    let mut memory = Memory::new();
    for (from, to, value) in [(0, 1, 100), (1, 2, 60), (2, 0, 25)] {
        memory.tell("ConetToken", "Transfer", &[wallet(from), wallet(to), number(value)]);
    }
    memory.expect("supply", &["conet"], &[("supply", json!("75"))]);
}

#[test]
fn an_owner_changes_only_where_there_is_a_record() {
    let mut memory = Memory::new();
    memory.tell("NodeRegistry", "Transfer", &[wallet(0), wallet(1), number(5)]);
    assert_eq!(memory.get("nodes", &["5"]), None);
    memory.tell(
        "NodeRegistry",
        "NodeOnlineUpdated",
        &[number(5), number(2), DynSolValue::Bool(true)],
    );
    memory.tell("NodeRegistry", "Transfer", &[wallet(1), wallet(2), number(5)]);
    let owner = Address::repeat_byte(2).to_string();
    memory.expect("nodes", &["5"], &[("owner", json!(owner)), ("online", json!(true))]);
    // A burned token keeps who had it.
    memory.tell("NodeRegistry", "Transfer", &[wallet(2), wallet(0), number(5)]);
    memory.expect("nodes", &["5"], &[("owner", json!(owner))]);
}

#[test]
fn keys_are_in_the_order_of_numbers_and_say_what_they_should_be() {
    let catalogue = our_catalogue().unwrap();
    let tables = Tables::own(&catalogue).unwrap();
    let nodes = tables.get("nodes").unwrap();
    assert!(nodes.key(&["9"]).unwrap() < nodes.key(&["10"]).unwrap());
    let error =
        |table: &str, key: &[&str]| tables.get(table).unwrap().key(key).unwrap_err().to_string();
    assert!(error("nodes", &["nine"]).contains("a number"));
    assert!(error("nodes", &["9", "9"]).contains("id (1 parts)"));
    assert!(error("routes", &["9"]).contains("an address"));
    assert!(error("chains", &["0x12"]).contains("64 hexadecimal digits"));
    let parameters = tables.get("parameters").unwrap();
    assert_eq!(parameters.key(&["minimumStake", "8"]).unwrap().len(), "minimumStake".len() + 32);
}

#[test]
fn rules_that_name_what_is_not_there_are_refused() {
    let catalogue = our_catalogue().unwrap();
    let refused = |rule: &str| {
        let text = format!("[things]\nabout = \"\"\nkey = [\"id\"]\non = [{rule}]");
        Tables::parse(&text, &catalogue).unwrap_err().to_string()
    };
    let event = "event = \"Names.NameRenewed\"";
    assert!(refused("{ event = \"Names.Crowned\" }").contains("found Crowned"));
    assert!(refused(&format!("{{ {event}, keep = [\"crown\"] }}")).contains("found crown"));
    assert!(refused(&format!("{{ {event}, key = [\"king\"] }}")).contains("found king"));
    assert!(
        refused(&format!("{{ {event}, add = {{ total = \"gold\" }} }}")).contains("found gold")
    );
    assert!(refused(&format!("{{ {event}, reigns = true }}")).contains("reigns"));
    // A contract that this network lacks is no mistake.
    let other = "[things]\nabout = \"\"\nkey = [\"id\"]\non = [{ event = \"Kings.Crowned\" }]";
    assert!(Tables::parse(other, &catalogue).is_ok());
}

/// A second version of a contract has one more event and one more parameter: its interface is all that it takes.
#[test]
fn another_version_is_another_interface() {
    let second = r#"[{"type":"event","name":"NameRenewed","anonymous":false,"inputs":[
        {"name":"id","type":"uint256","indexed":true},
        {"name":"expiresAt","type":"uint64","indexed":false},
        {"name":"payer","type":"address","indexed":false},
        {"name":"fee","type":"uint256","indexed":false},
        {"name":"gift","type":"bool","indexed":false}]}]"#;
    let abi = parse_abi("Names", second).unwrap();
    let at = Address::repeat_byte(9);
    let mut contracts = our_catalogue().unwrap().contracts().to_vec();
    contracts.push(Contract { name: "Names".to_owned(), address: at, abi });
    let catalogue = Catalogue::new(contracts).unwrap();
    let tables = Tables::own(&catalogue).unwrap();
    let (_, known) = catalogue.known().find(|(address, _)| *address == at).unwrap();
    let decoded = DecodedEvent {
        selector: Some(known.event.selector()),
        indexed: vec![number(5)],
        body: vec![
            DynSolValue::Uint(U256::from(77), 64),
            wallet(1),
            number(3),
            DynSolValue::Bool(true),
        ],
    };
    let (topics, data) = decoded.encode_log_data().split();
    let raw = RawEvent { block: 1, index: 0, transaction: B256::ZERO, address: at, topics, data };
    let decoded = Decoded::read(known, &raw.topics, &raw.data).unwrap();
    let changes = tables.changes(&decoded);
    assert_eq!(changes.len(), 1);
    let place = Place { event: &raw, time: 1 };
    let Outcome::Is(body) = changes[0].apply(None, &decoded, place).unwrap() else {
        panic!("no record");
    };
    assert_eq!((&body["expiresAt"], &body["gift"]), (&json!("77"), &json!(true)));
}
