// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Fees
/// @notice The arithmetic of money, on notes and on the main chain (white paper, *Roles involved*). Integers only.
/// @dev Pinned by `test/vectors/fees.json`, which the Rust twin (`bindings/src/fees.rs`) checks too. Rates are in units
///      of 0.001%. No product here leaves 256 bits: amounts are 64 bits, rates 32, burns 128, and the factor below 65.
library Fees {
    /// @dev 100%.
    uint256 internal constant RATE_ONE = 100_000;

    /// @dev Pico-dollars, in which a note counts, in one micro-dollar, in which everything else does.
    uint256 internal constant PICO_PER_MICRO = 1e6;

    /// @dev 20% of one micro-dollar in 10^-18 CoNET, times a price in dollars x 10^8: 0.2 x 10^(18 + 8 - 6).
    uint256 internal constant BURN_FACTOR = 2e19;

    /// @notice What a transfer or claim costs its payer, in pico-dollars. Exact, and a multiple of 10.
    /// @param amount Micro-dollars.
    function transferFee(uint64 amount, uint32 rate) internal pure returns (uint256 pico) {
        // The quotient is of two constants, and exact.
        // slither-disable-next-line divide-before-multiply
        return uint256(amount) * rate * (PICO_PER_MICRO / RATE_ONE);
    }

    /// @notice Splits a fee: 30% to the creator, 10% to each of five witnesses, 20% to the validator. Exact for every
    ///         transfer fee; else the creator gets what does not divide. Nothing is lost: creator + 5 x witness +
    ///         validator == fee.
    function split(uint256 pico) internal pure returns (uint256 creator, uint256 witness, uint256 validator) {
        // What the division drops goes to the creator, below.
        // slither-disable-next-line divide-before-multiply
        witness = pico / 10;
        validator = pico / 5;
        creator = pico - 5 * witness - validator;
    }

    /// @notice The exit fee on everything that left a series so far, in micro-dollars, rounded down: in favour of who
    ///         leaves. What one exit pays is the difference between the totals after and before it, so that many exits
    ///         pay exactly what one exit of the sum would, and the fee never exceeds the amount.
    function exitFee(uint256 exited, uint256 rate) internal pure returns (uint256 micro) {
        return exited * rate / RATE_ONE;
    }

    /// @notice What an issuer burns for a vault, in 10^-18 CoNET: 20% of it, rounded up.
    /// @param vault Micro-dollars.
    /// @param price Dollars x 10^8 for one CoNET. Not zero.
    function burnFor(uint64 vault, uint256 price) internal pure returns (uint256) {
        uint256 value = uint256(vault) * BURN_FACTOR;
        return value == 0 ? 0 : (value - 1) / price + 1;
    }

    /// @notice What comes back for an amount that left, in 10^-18 CoNET: 20% of it, rounded down.
    function reissueFor(uint64 amount, uint256 price) internal pure returns (uint256) {
        return uint256(amount) * BURN_FACTOR / price;
    }

    /// @notice The most that comes back for an amount that left, whatever the price: the same share of the burn
    ///         outstanding as the amount was of the vault before, rounded down. Leaving in parts gives the same, up to
    ///         one unit of 10^-18 per part.
    /// @param vaultBefore Micro-dollars. Not zero, not below `amount`.
    function reissueCap(uint128 burnOutstanding, uint64 amount, uint64 vaultBefore)
        internal
        pure
        returns (uint256)
    {
        return uint256(burnOutstanding) * amount / vaultBefore;
    }

    /// @notice Micro-dollars that an amount of CoNET is worth, rounded down.
    /// @param amount 10^-18 CoNET, below 2^128.
    /// @param price Dollars x 10^8 for one CoNET, below 2^128.
    function worth(uint256 amount, uint256 price) internal pure returns (uint256 micro) {
        return amount * price / 1e20;
    }

    /// @notice Whole micro-dollars in an amount of pico-dollars. The rest is dust.
    function toMicro(uint256 pico) internal pure returns (uint256 micro) {
        return pico / PICO_PER_MICRO;
    }
}
