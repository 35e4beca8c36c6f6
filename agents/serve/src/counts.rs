//! How many there are of something, in all and of one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Counts what is open.
#[derive(Debug)]
pub struct Counts {
    max: usize,
    per_address_max: usize,
    open: Mutex<Open>,
}

impl Counts {
    /// At most so many, and so many of one address.
    #[must_use]
    pub fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self { max, per_address_max, open: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more, until what is given back is dropped; none when there are enough.
    #[must_use]
    pub fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let mut open = self.lock();
        let of_address = open.by_address.get(&address).copied().unwrap_or_default();
        if open.all >= self.max || of_address >= self.per_address_max {
            return None;
        }
        open.all += 1;
        open.by_address.insert(address, of_address + 1);
        Some(Counted { counts: Arc::clone(self), address })
    }

    /// How many there are.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().all
    }
}

/// One that is counted.
#[derive(Debug)]
pub struct Counted {
    counts: Arc<Counts>,
    address: IpAddr,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.counts.lock();
        open.all -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}
