// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ITimelock} from "../interfaces/ITimelock.sol";
import {Contracts} from "../types/Contracts.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Timelock
/// @notice What a vote decided happens here, after a delay in which whoever disagrees can leave. Only the governor
///         proposes and cancels; anyone executes; nobody is its administrator. See `ITimelock`.
contract Timelock is ITimelock, TimelockController {
    /// @inheritdoc ITimelock
    uint256 public constant MAX_DELAY = 30 days;

    /// @inheritdoc ITimelock
    uint256 public immutable MIN_DELAY;

    /// @param delay Seconds between a vote's end and its execution.
    constructor(Contracts memory contracts, uint256 delay)
        TimelockController(delay, _only(contracts.governor), _only(address(0)), address(0))
    {
        MIN_DELAY = Math.min(delay, 2 days);
        if (delay > MAX_DELAY) revert DelayOutOfBounds(0, MAX_DELAY, delay);
    }

    /// @dev Bounded: a delay of centuries would end governance, and none would leave no time to leave.
    function updateDelay(uint256 newDelay) public override {
        if (newDelay < MIN_DELAY || newDelay > MAX_DELAY) {
            revert DelayOutOfBounds(MIN_DELAY, MAX_DELAY, newDelay);
        }
        super.updateDelay(newDelay);
    }

    function _only(address account) private pure returns (address[] memory accounts) {
        accounts = new address[](1);
        accounts[0] = account;
    }
}
