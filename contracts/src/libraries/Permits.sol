// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Permit} from "../types/Permit.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title Permits
/// @notice Uses ERC-2612 permits that anybody may have used before.
library Permits {
    /// @notice Turns `owner`'s permit into an allowance for this contract. A refusal is ignored: a permit taken from
    ///         the waiting transactions and used first leaves the same allowance, and without one the transfer that
    ///         follows fails.
    function use(Permit calldata permit, address token, address owner) internal {
        try IERC20Permit(token)
            .permit(owner, address(this), permit.value, permit.deadline, permit.v, permit.r, permit.s) {}
            catch {}
    }
}
