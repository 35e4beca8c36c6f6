// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";

/// @notice A seed that an archive group's log made after a main-chain block was final.
struct Seed {
    /// The random value.
    bytes32 value;
    /// The newest main-chain block that the log had seen as final before this seed was made.
    uint64 afterBlock;
    /// When the main chain accepted it, unix seconds.
    uint64 acceptedAt;
}

/// @title IArchiveGroups
/// @notice The archive groups: who sits in them, their epochs, the chains they keep, their certificates and seeds.
interface IArchiveGroups {
    /// @notice Reverts unless `certificate` holds valid signatures of more than two thirds of the seats of a current
    ///         or, for 24 hours, previous epoch over `digest`.
    /// @param digest The EIP-712 digest of the contract that asks. It must cover `certificate.group` and `.epoch`.
    function verify(bytes32 digest, Certificate calldata certificate) external view;

    /// @notice As `verify`, and reverts unless the certificate's group keeps `chain`.
    /// @param chain The chain's id.
    /// @param home The group that the chain was given to: it, or the descendant that the chain fell to in splits,
    ///             must have signed.
    function verifyFor(bytes32 chain, uint32 home, bytes32 digest, Certificate calldata certificate)
        external
        view;

    /// @notice The group that a new chain falls to.
    function groupOf(bytes32 chain) external view returns (uint32 group);

    /// @notice The group that keeps a chain which was once given to `home`.
    function keeperOf(bytes32 chain, uint32 home) external view returns (uint32 group);

    /// @notice The nodes of a group's current epoch, by seat.
    function members(uint32 group) external view returns (uint256[] memory nodes);

    /// @notice A group's current epoch. Zero when there is no such group.
    function epochOf(uint32 group) external view returns (uint64);

    /// @notice Half of what the group's seven smallest bonded stakes are together, in 10^-18 CoNET; of all of them when
    ///         the group has fewer. Live face in the group must stay below what this is worth.
    function exposureStake(uint32 group) external view returns (uint256);

    /// @notice How many seeds a group's log has posted. Their indices have no gaps, so nobody can leave one out.
    function seedCount(uint32 group) external view returns (uint64);

    /// @notice A group's seed, by index from 0. All zero when not posted yet.
    function seed(uint32 group, uint64 index) external view returns (Seed memory);

    /// @notice The first seed made after main-chain block `blockNumber`.
    /// @return found Whether there is one yet.
    /// @return first The seed.
    function firstSeedAfter(uint32 group, uint64 blockNumber)
        external
        view
        returns (bool found, Seed memory first);
}
