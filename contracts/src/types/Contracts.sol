// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice Where the main chain's contracts live. Their addresses follow from the deployer and their names alone
///         (see `Deployer`), so that contracts which need each other can be told at construction and never
///         re-pointed afterwards.
struct Contracts {
    address token;
    address timelock;
    address governor;
    address parameters;
    address rewards;
    address nodeRegistry;
    address staking;
    address slasher;
    address archiveGroups;
    address chainAnchor;
    address cash;
    address cashOrders;
    address cashPool;
    address forcedExits;
}
