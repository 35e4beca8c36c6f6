//! What a node offers: bits of the contracts' `Roles` mask. All others are reserved.

/// Forwards ciphertext that it cannot read.
pub const RELAY: u16 = 1;

/// Keeps the mailbox of its clients and pushes to them.
pub const AGENT: u16 = 2;

/// Keeps all chains of its archive group, orders and finalizes their blocks.
pub const ARCHIVE: u16 = 4;

/// Keeps the chains it was drawn for, and signs each of their blocks.
pub const WITNESS: u16 = 8;

/// Re-executes blocks it was drawn for, and keeps nothing.
pub const VALIDATOR: u16 = 16;

/// Issues notes and makes the blocks of their chains.
pub const CREATOR: u16 = 32;

/// Rents out computers.
pub const COMPUTE: u16 = 64;

/// Every role with its name, lowest bit first.
pub const ALL: [(u16, &str); 7] = [
    (RELAY, "relay"),
    (AGENT, "agent"),
    (ARCHIVE, "archive"),
    (WITNESS, "witness"),
    (VALIDATOR, "validator"),
    (CREATOR, "creator"),
    (COMPUTE, "compute"),
];

/// The names of the roles in a mask, lowest bit first.
pub fn names(mask: u16) -> impl Iterator<Item = &'static str> {
    ALL.into_iter().filter(move |(bit, _)| mask & bit != 0).map(|(_, name)| name)
}

/// The role of this name.
#[must_use]
pub fn by_name(text: &str) -> Option<u16> {
    ALL.into_iter().find(|(_, name)| *name == text).map(|(bit, _)| bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_belong_together() {
        for (place, (bit, name)) in ALL.into_iter().enumerate() {
            assert_eq!(bit, 1 << place);
            assert_eq!(by_name(name), Some(bit));
        }
        assert_eq!(by_name("king"), None);
        assert_eq!(names(RELAY | COMPUTE | 1 << 9).collect::<Vec<_>>(), ["relay", "compute"]);
    }
}
