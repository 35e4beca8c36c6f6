//! Whose events are followed, and how each is read: contracts by name and address, with their interfaces as data.
//!
//! A new version of a contract, or a contract of somebody else, is one more entry.

use std::collections::{BTreeMap, HashMap};

use alloy::{
    dyn_abi::{DynSolEvent, Specifier as _},
    json_abi::{Event, JsonAbi},
    primitives::{Address, B256, keccak256},
};
use serde::Deserialize;

/// One contract of the network.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The name by which tables and queries know it. Two versions of one contract have the same.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// What it emits.
    pub abi: JsonAbi,
}

/// An event of a followed contract.
#[derive(Debug)]
pub struct Known {
    /// The contract's name.
    pub contract: String,
    /// The event.
    pub event: Event,
    /// Its types.
    pub types: DynSolEvent,
}

/// Why an interface cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("expected the JSON interface of {name}, found {reason}")]
pub struct AbiError {
    /// Whose.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// An interface from JSON: a list, or what compilers write, an object with the list in `abi`.
///
/// # Errors
/// [`AbiError`].
pub fn parse_abi(name: &str, json: &str) -> Result<JsonAbi, AbiError> {
    #[derive(Deserialize)]
    struct Compiled {
        abi: JsonAbi,
    }
    let parsed = if json.trim_start().starts_with('[') {
        serde_json::from_str(json)
    } else {
        serde_json::from_str(json).map(|compiled: Compiled| compiled.abi)
    };
    parsed.map_err(|error| AbiError { name: name.to_owned(), reason: error.to_string() })
}

/// All contracts that are followed.
#[derive(Debug)]
pub struct Catalogue {
    contracts: Vec<Contract>,
    events: HashMap<(Address, B256), Known>,
}

impl Catalogue {
    /// Of these contracts. One address may come several times, with interfaces that add to each other.
    ///
    /// # Errors
    /// [`AbiError`] when an event has a type that Solidity does not.
    pub fn new(contracts: Vec<Contract>) -> Result<Self, AbiError> {
        let mut events = HashMap::new();
        for contract in &contracts {
            for event in contract.abi.events().filter(|event| !event.anonymous) {
                let failed = |error: alloy::dyn_abi::Error| AbiError {
                    name: contract.name.clone(),
                    reason: format!("{}: {error}", event.name),
                };
                let types = event.resolve().map_err(failed)?;
                let known = Known { contract: contract.name.clone(), event: event.clone(), types };
                events.insert((contract.address, event.selector()), known);
            }
        }
        Ok(Self { contracts, events })
    }

    /// Our own contracts, where the network has them.
    ///
    /// # Errors
    /// [`AbiError`], which would be a mistake of the build.
    pub fn of_network(addresses: &BTreeMap<String, Address>) -> Result<Self, AbiError> {
        let mut contracts = Vec::new();
        for (name, json) in conet_bindings::abis::ABIS {
            if let Some(&address) = addresses.get(name) {
                let abi = parse_abi(name, json)?;
                contracts.push(Contract { name: name.to_owned(), address, abi });
            }
        }
        Self::new(contracts)
    }

    /// The contracts, as they were given.
    #[must_use]
    pub fn contracts(&self) -> &[Contract] {
        &self.contracts
    }

    /// Where to look for events: each address once.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        let mut addresses: Vec<_> = self.contracts.iter().map(|each| each.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The event that a log is, if it is known.
    #[must_use]
    pub fn event(&self, address: Address, signature: B256) -> Option<&Known> {
        self.events.get(&(address, signature))
    }

    /// All events that are known, in the same order every time.
    pub fn known(&self) -> impl Iterator<Item = (Address, &Known)> {
        let signatures = self.contracts.iter().flat_map(|contract| {
            contract.abi.events().map(|event| (contract.address, event.selector()))
        });
        signatures.filter_map(|place| Some((place.0, self.events.get(&place)?)))
    }

    /// The events of this name, of one contract.
    pub fn named<'a>(
        &'a self,
        contract: &'a str,
        event: &'a str,
    ) -> impl Iterator<Item = &'a Event> {
        let of_contract = self.contracts.iter().filter(move |each| each.name == contract);
        of_contract.flat_map(move |each| each.abi.event(event).into_iter().flatten())
    }

    /// The name of the contract at an address.
    #[must_use]
    pub fn name_of(&self, address: Address) -> Option<&str> {
        let found = self.contracts.iter().find(|each| each.address == address);
        found.map(|each| each.name.as_str())
    }

    /// Differs when other events are followed, or read in another way.
    #[must_use]
    pub fn fingerprint(&self) -> B256 {
        let mut events: Vec<_> = self
            .events
            .iter()
            .map(|((address, _), known)| {
                let indexed =
                    known.event.inputs.iter().map(|input| u8::from(input.indexed)).collect();
                (*address, known.event.full_signature(), indexed)
            })
            .collect::<Vec<(Address, String, Vec<u8>)>>();
        events.sort();
        keccak256(format!("{events:?}"))
    }
}
