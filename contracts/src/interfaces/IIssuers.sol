// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Permit} from "../types/Permit.sol";

/// @notice An issuer of notes.
struct Issuer {
    /// The node.
    uint256 node;
    /// Its free CoNET, in 10^-18 CoNET.
    uint256 free;
    /// What draws count, in units of `WEIGHT_UNIT`. Zero while it cannot issue.
    uint256 weight;
}

/// @title IIssuers
/// @notice The nodes that issue notes (white paper, *Decentralization CBDC*), and the CoNET that they hold ready to
///         burn for them: their free CoNET, which weighs in the draw of each order's issuer.
/// @dev Free CoNET belongs to the node (the NFT), as its stake does: who buys the node buys it. None of it is reserved
///      for an order, so all of it may be withdrawn at any time. A draw uses the weights at the end of the order's
///      block, which is before anybody knows the seed: to deposit or withdraw later changes no draw that was made, and
///      an issuer that withdrew what it was drawn for is skipped like a silent one.
interface IIssuers {
    /// @notice A node has more free CoNET.
    /// @param node The node.
    /// @param amount How much more, in 10^-18 CoNET.
    /// @param free All that it has now.
    event FreeDeposited(uint256 indexed node, uint256 amount, uint256 free);

    /// @notice A node's free CoNET was paid out.
    /// @param node The node.
    /// @param to Who got it.
    /// @param amount How much, in 10^-18 CoNET.
    /// @param free What is left.
    event FreeWithdrawn(uint256 indexed node, address indexed to, uint256 amount, uint256 free);

    /// @notice A node weighs something else in draws of orders from this block on.
    /// @param node The node.
    /// @param leaf Its place in the weight tree.
    /// @param weight Its weight, in units of `WEIGHT_UNIT`.
    event WeightSet(uint256 indexed node, uint256 leaf, uint256 weight);

    /// @notice The caller may not dispose of the node's free CoNET.
    /// @param node The node.
    /// @param caller Who called.
    error NotIssuerOwner(uint256 node, address caller);

    /// @notice The node is no creator, has no stake for one more seat as such, or is barred.
    /// @param node The node.
    error IssuerUnfit(uint256 node);

    /// @notice The node has too little free CoNET.
    /// @param node The node.
    /// @param needed What is needed, in 10^-18 CoNET.
    /// @param free What it has.
    error FreeTooLow(uint256 node, uint256 needed, uint256 free);

    /// @notice All places are taken, or not yet out of use for long enough.
    error IssuersFull();

    /// @notice Free CoNET below this is not counted, and what is above is counted in multiples of it: 10^13 (0.00001
    ///         CoNET).
    function WEIGHT_UNIT() external view returns (uint256);

    /// @notice The most issuers with weight: 4096.
    function MAX_ISSUERS() external view returns (uint256);

    /// @notice Adds to a node's free CoNET. Needs an allowance.
    /// @dev Emits `FreeDeposited` and `WeightSet`. Reverts with `NotIssuerOwner`, `IssuerUnfit` or `IssuersFull`.
    /// @param node The node. The caller must own it; it must be fit to issue.
    /// @param amount In 10^-18 CoNET.
    function deposit(uint256 node, uint256 amount) external;

    /// @notice As `deposit`, with an ERC-2612 permit instead of an allowance. A permit that somebody else used first
    ///         does no harm.
    function depositWithPermit(uint256 node, uint256 amount, Permit calldata permit) external;

    /// @notice Pays out free CoNET to the caller.
    /// @dev Emits `FreeWithdrawn` and, when it changed, `WeightSet`. Reverts with `NotIssuerOwner` or `FreeTooLow`.
    /// @param node The node. The caller must own it; of a node that is retired, the caller must be the one who
    ///        deposited last.
    /// @param amount In 10^-18 CoNET.
    function withdraw(uint256 node, uint256 amount) external;

    /// @notice Sets a node's weight to what it should be now: its free CoNET when it is fit, else zero. Anyone may
    ///         call.
    /// @dev Nobody is told when a node is barred or loses its stake: until this is called it may still be drawn, cannot
    ///      mint, and is skipped.
    function sync(uint256 node) external;

    /// @notice A node's free CoNET, in 10^-18 CoNET.
    function free(uint256 node) external view returns (uint256);

    /// @notice A node's weight in a draw for an order of this block, as far as the block went.
    function weightOf(uint256 node) external view returns (uint256);

    /// @notice The sum of all weights at the end of a block; of the present one as far as it went.
    function totalWeightAt(uint256 blockNumber) external view returns (uint256);

    /// @notice Whether a node may issue: it has role CREATOR, is not barred, and its stake carries one more seat.
    function isFit(uint256 node) external view returns (bool);

    /// @notice How many places `issuers` lists.
    function issuerCount() external view returns (uint256);

    /// @notice Issuers by their place, from `offset` on; fewer than `limit` only at the end. A place out of use has
    ///         weight zero. Reverts with `PageTooLarge` above 100.
    function issuers(uint256 offset, uint256 limit) external view returns (Issuer[] memory);
}
