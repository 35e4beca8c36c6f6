//! How many there are of something, in all and of one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
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

    /// Whoever has an IPv6 address has 2^64 of them.
    fn whose(address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
            }
            address => address,
        }
    }

    /// One more, until what is given back is dropped; none when there are enough.
    #[must_use]
    pub fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let address = Self::whose(address);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_owner_count_together() {
        let counts = Counts::new(4, 2);
        let count = |address: &str| counts.count(address.parse().unwrap());
        let kept = [count("2001:db8::1"), count("2001:db8::ffff:2")];
        assert!(kept.iter().all(Option::is_some));
        assert!(count("2001:db8::3").is_none(), "one network");
        let other = count("2001:db8:0:1::1").unwrap();
        let mapped = count("::ffff:10.0.0.1").unwrap();
        assert!(count("10.0.0.1").is_none(), "four in all");
        drop((kept, other));
        let second = count("10.0.0.1").unwrap();
        assert!(count("10.0.0.1").is_none(), "the same one, written otherwise");
        drop((mapped, second));
        assert_eq!(counts.open(), 0);
    }
}
