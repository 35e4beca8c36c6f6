// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a node offers, as a bit mask. Bits other than those named here are reserved.
type Roles is uint16;

/// @dev Forwards ciphertext that it cannot read.
Roles constant RELAY = Roles.wrap(1);

/// @dev Keeps the mailbox of its clients and pushes to them.
Roles constant AGENT = Roles.wrap(2);

using RolesLibrary for Roles global;
using {or as |} for Roles global;

/// @notice The union of two sets of roles.
function or(Roles a, Roles b) pure returns (Roles) {
    return Roles.wrap(Roles.unwrap(a) | Roles.unwrap(b));
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
        uint16 mask = Roles.unwrap(self);
        return mask != 0 && mask & ~Roles.unwrap(RELAY | AGENT) == 0;
    }
}
