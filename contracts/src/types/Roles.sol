// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a node offers, as a bit mask. Bits other than those named here are reserved.
type Roles is uint16;

/// @dev Forwards ciphertext that it cannot read.
Roles constant RELAY = Roles.wrap(1);

/// @dev Keeps the mailbox of its clients and pushes to them.
Roles constant AGENT = Roles.wrap(2);

/// @dev Keeps all chains of its archive group, orders and finalizes their blocks.
Roles constant ARCHIVE = Roles.wrap(4);

/// @dev Keeps the chains it was drawn for, and signs each of their blocks.
Roles constant WITNESS = Roles.wrap(8);

/// @dev Re-executes blocks it was drawn for, and keeps nothing.
Roles constant VALIDATOR = Roles.wrap(16);

/// @dev Issues notes and makes the blocks of their chains (the white paper's CBDC).
Roles constant CREATOR = Roles.wrap(32);

/// @dev Rents out computers.
Roles constant COMPUTE = Roles.wrap(64);

/// @dev How many roles there are: bits 0 to `ROLE_COUNT - 1`.
uint256 constant ROLE_COUNT = 7;

using RolesLibrary for Roles global;
using {or as |, eq as ==} for Roles global;

/// @notice The union of two sets of roles.
function or(Roles a, Roles b) pure returns (Roles) {
    return Roles.wrap(Roles.unwrap(a) | Roles.unwrap(b));
}

/// @notice Whether two sets are the same.
function eq(Roles a, Roles b) pure returns (bool) {
    return Roles.unwrap(a) == Roles.unwrap(b);
}

/// @title RolesLibrary
/// @notice Asks a set of roles for its members.
library RolesLibrary {
    /// @notice Whether every role in `roles` is in `self`.
    function contains(Roles self, Roles roles) internal pure returns (bool) {
        return Roles.unwrap(self) & Roles.unwrap(roles) == Roles.unwrap(roles);
    }

    /// @notice Whether `self` names at least one role, and none that is reserved.
    function isValid(Roles self) internal pure returns (bool) {
        uint256 mask = Roles.unwrap(self);
        return mask != 0 && mask >> ROLE_COUNT == 0;
    }

    /// @notice Whether `self` is exactly one role.
    function isSingle(Roles self) internal pure returns (bool) {
        uint256 mask = Roles.unwrap(self);
        return isValid(self) && mask & (mask - 1) == 0;
    }
}
