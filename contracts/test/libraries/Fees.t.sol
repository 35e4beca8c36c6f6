// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fees} from "../../src/libraries/Fees.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The arithmetic agrees with `test/vectors/fees.json`, and keeps its promises everywhere else.
contract FeesTest is Test {
    string internal vectors = vm.readFile("test/vectors/fees.json");

    function test_transferVectors() public view {
        for (uint256 i = 0; has("transfer", i); ++i) {
            uint256 pico =
                Fees.transferFee(uint64(read("transfer", i, "amount")), uint32(read("transfer", i, "rate")));
            assertEq(pico, read("transfer", i, "fee"));
            assertSplit("transfer", i, pico);
        }
    }

    function test_splitVectors() public view {
        for (uint256 i = 0; has("split", i); ++i) {
            assertSplit("split", i, read("split", i, "fee"));
        }
    }

    function test_exitVectors() public view {
        for (uint256 i = 0; has("exit", i); ++i) {
            string memory path = item("exit", i);
            uint256[] memory amounts = vm.parseJsonUintArray(vectors, string.concat(path, ".amounts"));
            uint256[] memory fees = vm.parseJsonUintArray(vectors, string.concat(path, ".fees"));
            uint256 rate = read("exit", i, "rate");
            uint256 exited;
            for (uint256 k = 0; k < amounts.length; ++k) {
                uint256 fee = Fees.exitFee(exited + amounts[k], rate) - Fees.exitFee(exited, rate);
                assertEq(fee, fees[k]);
                exited += amounts[k];
            }
            assertEq(Fees.exitFee(exited, rate), read("exit", i, "total"));
        }
    }

    function test_burnVectors() public view {
        for (uint256 i = 0; has("burn", i); ++i) {
            uint64 amount = uint64(read("burn", i, "amount"));
            assertEq(Fees.burnFor(amount, read("burn", i, "price")), read("burn", i, "burn"));
            assertEq(Fees.reissueFor(amount, read("burn", i, "price")), read("burn", i, "reissue"));
        }
        for (uint256 i = 0; has("cap", i); ++i) {
            uint256 cap = Fees.reissueCap(
                uint128(read("cap", i, "burnOutstanding")),
                uint64(read("cap", i, "amount")),
                uint64(read("cap", i, "vaultBefore"))
            );
            assertEq(cap, read("cap", i, "cap"));
        }
        for (uint256 i = 0; has("worth", i); ++i) {
            assertEq(
                Fees.worth(read("worth", i, "amount"), read("worth", i, "price")), read("worth", i, "micro")
            );
        }
    }

    // --- everywhere else ---

    function testFuzz_nothingOfAFeeIsLost(uint64 amount, uint32 rate) public pure {
        uint256 pico = Fees.transferFee(amount, rate);
        assertEq(pico % 10, 0);
        assertEq(pico * 100_000, uint256(amount) * rate * 1e6);
        (uint256 creator, uint256 witness, uint256 validator) = Fees.split(pico);
        assertEq(creator + 5 * witness + validator, pico);
        assertEq(creator * 10, pico * 3);
        assertEq(witness * 10, pico);
        assertEq(validator * 5, pico);
    }

    function testFuzz_anySplitConserves(uint256 pico) public pure {
        (uint256 creator, uint256 witness, uint256 validator) = Fees.split(pico);
        assertEq(creator + 5 * witness + validator, pico);
    }

    /// @dev No exit pays more than it takes, and the parts add up.
    function testFuzz_exitFeesTelescope(uint64 before, uint64 amount, uint64 more, uint16 rate) public pure {
        uint256 rate_ = uint256(rate);
        uint256 a = uint256(before) + amount;
        uint256 first = Fees.exitFee(a, rate_) - Fees.exitFee(before, rate_);
        uint256 second = Fees.exitFee(a + more, rate_) - Fees.exitFee(a, rate_);
        assertEq(first + second, Fees.exitFee(a + more, rate_) - Fees.exitFee(before, rate_));
        assertLe(first, amount);
        assertLe(second, more);
    }

    /// @dev At one price, what comes back never exceeds what was burned.
    function testFuzz_burnCoversReissue(uint64 amount, uint64 parts, uint256 price) public pure {
        price = bound(price, 1, 1e16);
        parts = uint64(bound(parts, 0, amount));
        uint256 burn = Fees.burnFor(amount, price);
        assertGe(burn * price, uint256(amount) * 2e19);
        if (burn != 0) assertLt((burn - 1) * price, uint256(amount) * 2e19);
        assertLe(Fees.reissueFor(parts, price) + Fees.reissueFor(amount - parts, price), burn);
    }

    function testFuzz_capIsAShare(uint128 burn, uint64 amount, uint64 vault) public pure {
        vault = uint64(bound(vault, 1, type(uint64).max));
        amount = uint64(bound(amount, 0, vault));
        uint256 cap = Fees.reissueCap(burn, amount, vault);
        assertLe(cap, burn);
        assertLe(cap * vault, uint256(burn) * amount);
        if (amount == vault) assertEq(cap, burn);
    }

    function test_microDollars() public pure {
        assertEq(Fees.transferFee(1, 50), 500);
        assertEq(Fees.toMicro(999_999), 0);
        assertEq(Fees.toMicro(1_999_999), 1);
    }

    // --- reading ---

    function assertSplit(string memory list, uint256 i, uint256 pico) private view {
        (uint256 creator, uint256 witness, uint256 validator) = Fees.split(pico);
        assertEq(creator, read(list, i, "creator"));
        assertEq(witness, read(list, i, "witness"));
        assertEq(validator, read(list, i, "validator"));
    }

    function item(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]");
    }

    function has(string memory list, uint256 i) private view returns (bool) {
        return vm.keyExistsJson(vectors, item(list, i));
    }

    function read(string memory list, uint256 i, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(vectors, string.concat(item(list, i), ".", field));
    }
}
