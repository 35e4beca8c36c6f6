// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IChainContract, SYSTEM} from "../interfaces/IChainContract.sol";

/// @title ChainContract
/// @notice What every contract of a DLE chain begins with: who the chain itself is.
abstract contract ChainContract is IChainContract {
    modifier onlySystem() {
        _onlySystem();
        _;
    }

    function _onlySystem() private view {
        if (msg.sender != SYSTEM) revert NotSystem(msg.sender);
    }
}
