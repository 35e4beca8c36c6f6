//! What this machine has, as the registry takes it: 0 where the machine does not say.

use std::path::Path;

use conet_bindings::NodeRegistry::Specs;

/// A megabyte, as the registry counts.
const MEGABYTE: u64 = 1_000_000;

/// Processors, memory, and the free space where `home` is or will be. How much it can send, only its operator knows.
pub(crate) fn detect(home: &Path) -> Specs {
    let vcpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    Specs {
        vcpus: u16::try_from(vcpus).unwrap_or(u16::MAX),
        memory_: megabytes(memory_bytes()),
        storage_: megabytes(free_bytes(home)),
        outbound: 0,
    }
}

fn megabytes(bytes: Option<u64>) -> u32 {
    u32::try_from(bytes.unwrap_or_default() / MEGABYTE).unwrap_or(u32::MAX)
}

/// Linux says it here; elsewhere the operator must.
fn memory_bytes() -> Option<u64> {
    memory_total(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn memory_total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn free_bytes(home: &Path) -> Option<u64> {
    let existing = home.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let disk = rustix::fs::statvfs(existing).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "MemTotal:       24689764 kB\nMemFree:        1155280 kB\n";
        assert_eq!(memory_total(text), Some(24_689_764 * 1024));
        for odd in ["", "MemTotal: much", "MemTotal: 99999999999999999999 kB"] {
            assert_eq!(memory_total(odd), None);
        }
        assert_eq!(megabytes(Some(24_689_764 * 1024)), 25_282);
        assert_eq!(megabytes(Some(u64::MAX)), u32::MAX);
    }

    #[test]
    fn every_machine_has_something() {
        let found = detect(&std::env::temp_dir().join("not-there-yet"));
        assert!(found.vcpus > 0 && found.storage_ > 0);
    }
}
