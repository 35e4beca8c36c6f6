//! The agent's clients, in memory: which wallets a key handle names.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use alloy::primitives::Address;
use conet_wire::recipient::Handle;

use crate::store::Client;

/// Clients that may share one key id; a message to it goes to each (design D2).
pub(super) const MATCHES_MAX: usize = 4;

/// All clients of this agent.
#[derive(Debug, Default)]
pub struct Clients(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    by_wallet: HashMap<Address, Client>,
    by_key_id: HashMap<[u8; 8], Vec<Claim>>,
}

#[derive(Debug, Clone, Copy)]
struct Claim {
    handle: Handle,
    wallet: Address,
    until: u64,
}

/// A client that a handle names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// The wallet.
    pub wallet: Address,
    /// Whether it has left for another agent.
    pub moved: bool,
}

impl Clients {
    /// Starts with what the store holds.
    #[must_use]
    pub fn new(clients: Vec<Client>) -> Self {
        let mut tables = Tables::default();
        for client in clients {
            tables.put(client);
        }
        Self(RwLock::new(tables))
    }

    /// Adds or replaces a client.
    pub fn put(&self, client: Client) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).put(client);
    }

    /// The client with this wallet.
    #[must_use]
    pub fn get(&self, wallet: &Address) -> Option<Client> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_wallet.get(wallet).cloned()
    }

    /// All wallets.
    #[must_use]
    pub fn wallets(&self) -> Vec<Address> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.by_wallet.keys().copied().collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).by_wallet.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether another wallet has this very key, also one that has left: mail to it must
    /// not end in a stranger's mailbox.
    #[must_use]
    pub fn is_anothers(&self, wallet: &Address, handle: &Handle, now: u64) -> bool {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let claims = tables.by_key_id.get(&handle.key_id()).map_or(&[][..], Vec::as_slice);
        claims.iter().any(|c| c.wallet != *wallet && c.until > now && handle.names(&c.handle))
    }

    /// Whom a message to `handle` is for, at `now` (unix seconds); at most [`MATCHES_MAX`].
    #[must_use]
    pub fn find(&self, handle: &Handle, now: u64) -> Vec<Match> {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let claims = tables.by_key_id.get(&handle.key_id()).map_or(&[][..], Vec::as_slice);
        let mut found: Vec<Match> = Vec::with_capacity(1);
        for claim in claims.iter().filter(|c| c.until > now && handle.names(&c.handle)) {
            let moved = tables.by_wallet.get(&claim.wallet).is_some_and(|c| c.moved_at.is_some());
            let entry = Match { wallet: claim.wallet, moved };
            if !found.contains(&entry) && found.len() < MATCHES_MAX {
                found.push(entry);
            }
        }
        found
    }
}

impl Tables {
    fn put(&mut self, client: Client) {
        let wallet = client.wallet;
        if let Some(before) = self.by_wallet.get(&wallet) {
            for (handle, _) in handles(before) {
                if let Some(claims) = self.by_key_id.get_mut(&handle.key_id()) {
                    claims.retain(|claim| claim.wallet != wallet);
                }
            }
        }
        for (handle, until) in handles(&client) {
            let claims = self.by_key_id.entry(handle.key_id()).or_default();
            claims.push(Claim { handle, wallet, until });
        }
        self.by_wallet.insert(wallet, client);
    }
}

/// A client's handles, and until when each is good.
fn handles(client: &Client) -> impl Iterator<Item = (Handle, u64)> + '_ {
    std::iter::once((Handle::V6(client.handle), u64::MAX))
        .chain(client.handle_v4.map(|handle| (Handle::V4(handle), u64::MAX)))
        .chain(client.old_handles.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(wallet: u8, handle: [u8; 32]) -> Client {
        Client {
            wallet: Address::repeat_byte(wallet),
            handle,
            handle_v4: Some([wallet; 20]),
            old_handles: vec![(Handle::V6([0xee; 32]), 100)],
            serial: 1,
            expiry: 1_000,
            moved_at: None,
        }
    }

    fn wallets(clients: &Clients, handle: Handle, now: u64) -> Vec<Address> {
        clients.find(&handle, now).into_iter().map(|found| found.wallet).collect()
    }

    #[test]
    fn handles_and_key_ids_name_their_client() {
        let clients = Clients::new(vec![client(1, [1; 32]), client(2, [2; 32])]);
        let one = [Address::repeat_byte(1)];
        assert_eq!(wallets(&clients, Handle::V6([1; 32]), 0), one);
        assert_eq!(wallets(&clients, Handle::V4([1; 20]), 0), one);
        assert_eq!(wallets(&clients, Handle::KeyId([1; 8]), 0), one);
        assert!(wallets(&clients, Handle::V6([3; 32]), 0).is_empty());
    }

    #[test]
    fn a_shared_key_id_names_each_but_a_fingerprint_only_its_own() {
        let mut twin = [1; 32];
        twin[31] = 9;
        let clients = Clients::new(vec![client(1, [1; 32]), client(3, twin)]);
        assert_eq!(wallets(&clients, Handle::KeyId([1; 8]), 0).len(), 2);
        assert_eq!(wallets(&clients, Handle::V6(twin), 0), [Address::repeat_byte(3)]);
        for wallet in 10..20 {
            clients.put(client(wallet, [1; 32]));
        }
        assert_eq!(wallets(&clients, Handle::KeyId([1; 8]), 0).len(), MATCHES_MAX);
    }

    #[test]
    fn a_key_is_its_first_claimants_until_it_is_given_up() {
        let clients = Clients::new(vec![client(1, [1; 32])]);
        let [one, two] = [1, 2].map(Address::repeat_byte);
        for handle in [Handle::V6([1; 32]), Handle::V4([1; 20]), Handle::V6([0xee; 32])] {
            assert!(clients.is_anothers(&two, &handle, 0));
            assert!(!clients.is_anothers(&one, &handle, 0));
        }
        let mut twin = [1; 32];
        twin[31] = 9;
        assert!(!clients.is_anothers(&two, &Handle::V6(twin), 0), "a key id is no key");
        assert!(!clients.is_anothers(&two, &Handle::V6([0xee; 32]), 100), "its overlap ended");
        clients.put(Client { moved_at: Some(5), ..client(1, [1; 32]) });
        assert!(clients.is_anothers(&two, &Handle::V6([1; 32]), 10), "also after it left");
    }

    #[test]
    fn an_old_handle_is_good_until_its_overlap_ends() {
        let clients = Clients::new(vec![client(1, [1; 32])]);
        assert_eq!(wallets(&clients, Handle::V6([0xee; 32]), 99).len(), 1);
        assert!(wallets(&clients, Handle::V6([0xee; 32]), 100).is_empty());
        clients.put(Client { old_handles: vec![], ..client(1, [4; 32]) });
        assert!(wallets(&clients, Handle::V6([1; 32]), 0).is_empty());
    }
}
