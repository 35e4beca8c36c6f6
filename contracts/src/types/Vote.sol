// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ARCHIVE, CREATOR, Roles, VALIDATOR, WITNESS} from "./Roles.sol";

/// @notice What a node signs about one block of a DLE chain, or about one entry of an archive group's log.
/// @dev EIP-712 type: Vote(bytes32 chain,uint64 height,uint64 view,uint64 epoch,uint8 phase,bytes32 block).
///
///      A node votes once in each (chain, height, view, epoch, phase). Its second vote there, for another block, is
///      equivocation. Where a vote for "no block" (zero) must exclude a vote for a block, both have the same phase.
struct Vote {
    /// The chain's id, or that of the log.
    bytes32 chain;
    /// The block's height.
    uint64 height;
    /// The attempt at this height.
    uint64 view_;
    /// The epoch of the archive group that keeps the chain.
    uint64 epoch;
    /// High half: the number of the bit of the role that the node votes in. Low half: the step of the protocol.
    uint8 phase;
    /// The block's hash. Zero is a vote for none.
    bytes32 block_;
}

using VoteLibrary for Vote global;

/// @title VoteLibrary
/// @notice Reads votes.
library VoteLibrary {
    /// @notice The role that the vote was given in: what is at stake for it. No role (zero) when `phase` names one that
    ///         does not vote.
    function role(Vote memory self) internal pure returns (Roles voted) {
        // At most bit 15.
        // forge-lint: disable-next-line(unsafe-typecast, incorrect-shift)
        voted = Roles.wrap(uint16(1 << (self.phase >> 4)));
        if (!(ARCHIVE | WITNESS | VALIDATOR | CREATOR).contains(voted)) voted = Roles.wrap(0);
    }

    /// @notice Whether two votes exclude each other.
    function conflicts(Vote memory self, Vote memory other) internal pure returns (bool) {
        return self.chain == other.chain && self.height == other.height && self.view_ == other.view_
            && self.epoch == other.epoch && self.phase == other.phase && self.block_ != other.block_;
    }
}
