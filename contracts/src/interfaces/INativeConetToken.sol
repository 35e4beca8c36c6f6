// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title INativeConetToken
/// @notice CoNET on a chain whose gas coin is CoNET: wraps the coin one to one, so that there is one supply. The chain's
///         genesis hands out the 500 million coins; this contract mints nothing of its own. For the rest it is an `IConetToken`.
/// @dev What is burned keeps its coins locked here, for good or until it is re-issued. So
///      `totalSupply() + totalBurned() + unwrapped() == GENESIS_SUPPLY` always, and
///      `totalSupply() + totalBurned() <= address(this).balance`, with equality but for coins that were forced in
///      (a coinbase payment, a self-destruct), which stay locked.
///
///      Only wrapped coins vote, but `getPastTotalSupply`, and with it the quorum, counts all that exist: else few
///      wrapped coins would decide for all.
interface INativeConetToken {
    /// @notice Coins were wrapped.
    /// @param account Who has the tokens.
    /// @param amount How many, in 10^-18 CoNET.
    event Deposit(address indexed account, uint256 amount);

    /// @notice Tokens were unwrapped.
    /// @param account Whose tokens they were.
    /// @param to Who got the coins.
    /// @param amount How many, in 10^-18 CoNET.
    event Withdrawal(address indexed account, address indexed to, uint256 amount);

    /// @notice More coins arrive than can exist: the chain made more than its genesis handed out.
    /// @param most What may still be wrapped.
    /// @param found What arrived.
    error DepositExceedsGenesis(uint256 most, uint256 found);

    /// @notice Coins that are not in here: circulating as gas coin, or gone as gas that the chain burned.
    function unwrapped() external view returns (uint256);

    /// @notice Wraps the coins sent, for the caller. Sending coins to this contract does the same.
    function deposit() external payable;

    /// @notice Wraps the coins sent, for `account`.
    function depositTo(address account) external payable;

    /// @notice Unwraps `amount` of the caller's tokens.
    function withdraw(uint256 amount) external;

    /// @notice Unwraps `amount` of the caller's tokens and sends the coins to `to`.
    function withdrawTo(address payable to, uint256 amount) external;
}
