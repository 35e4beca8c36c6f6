// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Allocation} from "../interfaces/IConetToken.sol";
import {ConetTokenBase} from "./ConetTokenBase.sol";

/// @title ConetToken
/// @notice CoNET on a chain whose gas is paid in another coin. See `IConetToken`.
contract ConetToken is ConetTokenBase {
    /// @param genesis Who starts with how much. Must add up to `GENESIS_SUPPLY`.
    constructor(Allocation[] memory genesis) {
        for (uint256 i = 0; i < genesis.length; ++i) {
            if (genesis[i].amount == 0) revert EmptyAllocation(genesis[i].account);
            _mint(genesis[i].account, genesis[i].amount);
        }
        if (totalSupply() != GENESIS_SUPPLY) revert GenesisMismatch(GENESIS_SUPPLY, totalSupply());
    }
}
