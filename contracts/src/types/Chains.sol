// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a DLE chain is for (white paper, *Two types of chains*).
enum ChainClass {
    /// Holds value: a note of at most $100.
    Asset,
    /// Holds a history or a document.
    Storage
}

/// @notice Who may read a DLE chain.
enum Visibility {
    /// Its participants and its owner.
    Members,
    /// Everybody.
    Public
}
