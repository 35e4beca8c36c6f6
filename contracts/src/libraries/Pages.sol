// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IWalletSigned} from "../interfaces/IWalletSigned.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Pages
/// @notice Turns an offset and a limit into a range, bounded so that no call returns without end.
library Pages {
    /// @dev The most entries that one call returns.
    uint256 internal constant MAX_PAGE = 100;

    /// @notice Reverts when more than `MAX_PAGE` entries are asked for.
    function check(uint256 limit) internal pure {
        if (limit > MAX_PAGE) revert IWalletSigned.PageTooLarge(limit);
    }

    /// @notice The position after the page's last entry. May lie beyond the list's end, and never overflows.
    function end(uint256 offset, uint256 limit) internal pure returns (uint256) {
        check(limit);
        return Math.saturatingAdd(offset, limit);
    }
}
