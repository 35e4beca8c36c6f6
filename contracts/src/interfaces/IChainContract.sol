// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @dev Who calls when the chain itself does: the protocol, not an account. Nobody has its key.
address constant SYSTEM = 0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE;

/// @dev Where a chain's contract is, on every chain. It has no constructor: its code is put there at genesis.
address constant CHAIN_CONTRACT = 0x0000000000000000000000000000000000001000;

/// @title IChainContract
/// @notice What the executor of a DLE chain calls on the one contract of the chain, besides transactions.
/// @dev A contract for chains that hold no money implements `initialize` alone.
///
///      Code is known by its hash, so it has no constructor and no immutables. It finds Ethereum's virtual machine at
///      Cancun, less CREATE and CREATE2; the block's height, its time in seconds and the main chain's id are where
///      Ethereum has them; coinbase, randomness and block hashes are zero, and there are no native coins.
interface IChainContract {
    /// @notice Only the system may call this.
    error NotSystem(address caller);

    /// @notice Sets the state of a new chain, or of a new series. Only `SYSTEM`, at genesis. A revert voids the genesis.
    /// @param definitions What the genesis defines, in the contract's own ABI.
    function initialize(bytes calldata definitions) external;
}

/// @title IMoneyContract
/// @notice What the executor calls on the contract of an asset chain. A revert of any of these makes the block, or the
///         transaction it belongs to, invalid.
interface IMoneyContract is IChainContract {
    /// @notice Fees for those who sign the block. The executor adds them up: `Outcome.fees`.
    event FeeEarned(uint64 pico);

    /// @notice Tells a series the hash of its genesis, which the genesis itself cannot know. Only `SYSTEM`, once, before
    ///         all else in the first block after the genesis.
    function begin(bytes32 genesisHash) external;

    /// @notice Charges a transaction's gas to its sender, after it ran, also when it failed. Only `SYSTEM`. Reverts when
    ///         the sender's balance does not cover it: then there was no such transaction.
    /// @param pico Pico-dollars: gas used times the block's gas price.
    function chargeGas(address sender, uint64 pico) external;

    /// @notice Forgets a withdrawal that the main chain has paid. Only `SYSTEM`.
    function settle(uint64 withdrawal) external;

    /// @notice Debits fees that leave for the main chain. Only `SYSTEM`. Each period once.
    /// @param fees Micro-dollars of what signers earned.
    /// @param gas Micro-dollars of gas.
    function collect(uint64 period, uint64 fees, uint64 gas) external;
}
