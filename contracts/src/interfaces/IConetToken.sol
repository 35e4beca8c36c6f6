// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC5805} from "@openzeppelin/contracts/interfaces/IERC5805.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice One share of the genesis supply.
struct Allocation {
    /// Who gets it. Never zero.
    address account;
    /// How much, in 10^-18 CoNET. Never zero.
    uint256 amount;
}

/// @title IConetToken
/// @notice CoNET: 500 million at genesis and never more (white paper, *CoNET Token Model*). Nobody owns this contract
///         and nothing in it can be changed.
/// @dev Two ways to burn. `burn` is for good. `burnForReissue` (what backs a note) can be taken back by the burner
///      alone, and never beyond what that burner itself burned: so no admin, no minter role, and
///      `totalSupply() + totalBurned() == GENESIS_SUPPLY` always (`INativeConetToken` adds what is not wrapped).
///
///      Votes count by time in seconds (ERC-6372), because block times vary. A holder votes once it has delegated, to
///      itself or to another. `getPastTotalSupply` is all CoNET that existed, delegated or not.
interface IConetToken is IERC20, IERC20Permit, IERC5805 {
    /// @notice Tokens left circulation.
    /// @param burner Who burned them.
    /// @param amount How many, in 10^-18 CoNET.
    /// @param reissuable Whether the burner may bring them back.
    event Burned(address indexed burner, uint256 amount, bool reissuable);

    /// @notice Burned tokens came back into circulation.
    /// @param burner Who had burned them.
    /// @param to Who has them now.
    /// @param amount How many, in 10^-18 CoNET.
    event Reissued(address indexed burner, address indexed to, uint256 amount);

    /// @notice More was asked for than the caller has burned and not yet taken back.
    /// @param burner The caller.
    /// @param asked What it asked for.
    /// @param outstanding What it may have.
    error ReissueExceedsBurn(address burner, uint256 asked, uint256 outstanding);

    /// @notice The genesis allocation does not add up.
    /// @param expected `GENESIS_SUPPLY`.
    /// @param found What the shares add up to.
    error GenesisMismatch(uint256 expected, uint256 found);

    /// @notice A share of the genesis allocation is of nothing. (One for nobody fails as a mint to nobody.)
    /// @param account Whose share it is.
    error EmptyAllocation(address account);

    /// @notice 500,000,000 * 10^18.
    function GENESIS_SUPPLY() external view returns (uint256);

    /// @notice Everything burned and not re-issued.
    function totalBurned() external view returns (uint256);

    /// @notice What `burner` burned with `burnForReissue` and has not taken back.
    function reissuable(address burner) external view returns (uint256);

    /// @notice Burns the caller's tokens for good.
    function burn(uint256 amount) external;

    /// @notice Burns the caller's tokens; the caller may bring them back later.
    function burnForReissue(uint256 amount) external;

    /// @notice Brings back what the caller burned, to `to`. Reverts with `ReissueExceedsBurn`.
    function reissue(address to, uint256 amount) external;
}
