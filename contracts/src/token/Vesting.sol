// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";
import {VestingWalletCliff} from "@openzeppelin/contracts/finance/VestingWalletCliff.sol";

/// @title Vesting
/// @notice A share of the genesis allocation that is released second by second, nothing of it before a cliff. Anyone may
///         call `release`; it pays the beneficiary alone. What is still in here does not vote: this contract delegates to
///         nobody.
contract Vesting is VestingWalletCliff {
    /// @param beneficiary Who is paid. Owns this contract, and may hand it on.
    /// @param start When the vesting begins, in seconds.
    /// @param duration Seconds until all is vested.
    /// @param cliff Seconds after `start` before which nothing is released. At most `duration`.
    constructor(address beneficiary, uint64 start, uint64 duration, uint64 cliff)
        VestingWallet(beneficiary, start, duration)
        VestingWalletCliff(cliff)
    {}
}
