//! Bytes of bodies under way, in all and by address: nobody takes all of the memory by sending slowly.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::TransportLimits;

#[derive(Debug, Default)]
struct Used {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Bytes under way; all clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    used: Arc<Mutex<Used>>,
    all_max: usize,
    address_max: usize,
}

/// Some bytes, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Reserved {
    budget: Budget,
    address: IpAddr,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(limits: &TransportLimits) -> Self {
        let (all_max, address_max) = (limits.bodies_bytes_max, limits.bodies_bytes_per_address_max);
        Self { used: Arc::default(), all_max, address_max }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: too many are under way.
    pub(crate) fn reserve(&self, address: IpAddr, bytes: usize) -> Option<Reserved> {
        let mut used = self.used();
        let of_address = used.by_address.get(&address).copied().unwrap_or_default();
        if used.all + bytes > self.all_max || of_address + bytes > self.address_max {
            return None;
        }
        used.all += bytes;
        used.by_address.insert(address, of_address + bytes);
        drop(used);
        Some(Reserved { budget: self.clone(), address, bytes })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut used = self.budget.used();
        used.all = used.all.saturating_sub(self.bytes);
        if let Some(of_address) = used.by_address.get_mut(&self.address) {
            *of_address = of_address.saturating_sub(self.bytes);
            if *of_address == 0 {
                used.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn nobody_takes_all_of_it() {
        let limits = TransportLimits {
            bodies_bytes_max: 10,
            bodies_bytes_per_address_max: 6,
            ..TransportLimits::default()
        };
        let budget = Budget::new(&limits);
        let from = |last| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        let first = budget.reserve(from(1), 6).unwrap();
        assert!(budget.reserve(from(1), 1).is_none());
        let second = budget.reserve(from(2), 4).unwrap();
        assert!(budget.reserve(from(3), 1).is_none());
        drop(first);
        assert!(budget.reserve(from(1), 6).is_some());
        drop(second);
        assert!(budget.used().by_address.is_empty());
    }
}
