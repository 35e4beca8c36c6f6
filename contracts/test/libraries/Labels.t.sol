// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Labels} from "../../src/libraries/Labels.sol";
import {Test} from "forge-std/Test.sol";

contract LabelsTest is Test {
    using Labels for uint256;

    /// @dev Any bytes: what is accepted is what the rules, written down once more, accept; and it comes back.
    function testFuzz_parse(bytes memory text) public pure {
        (uint256 id, uint256 position) = Labels.parse(string(text));
        bool valid = isLabel(text);
        assertEq(id != 0, valid);
        if (valid) {
            assertEq(id.text(), string(text));
            assertEq(id.length(), text.length);
        } else {
            assertLe(position, text.length);
        }
    }

    /// @dev As above, with characters of which most may stand there.
    function testFuzz_parseLikely(uint256 seed, uint256 length) public pure {
        bytes memory alphabet = "abz059---A";
        bytes memory text = new bytes(bound(length, 0, 36));
        for (uint256 i = 0; i < text.length; ++i) {
            text[i] = alphabet[uint256(keccak256(abi.encode(seed, i))) % (i % 4 == 0 ? 10 : 9)];
        }
        testFuzz_parse(text);
    }

    function test_everyCharacterInTheMiddle() public pure {
        for (uint256 c = 0; c < 256; ++c) {
            bytes memory text = "a?b";
            text[1] = bytes1(uint8(c));
            (uint256 id, uint256 position) = Labels.parse(string(text));
            bool valid = (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c == 45;
            assertEq(id != 0, valid);
            assertEq(position, valid ? 0 : 1);
        }
    }

    function test_longest() public pure {
        (uint256 id,) = Labels.parse("abcdefghijklmnopqrstuvwxyz012345");
        assertEq(id.length(), 32);
        assertEq(id.text(), "abcdefghijklmnopqrstuvwxyz012345");
    }

    function test_hyphens() public pure {
        string[4] memory good = ["a-b", "a--b", "abc--d", "a-b-c-d"];
        string[6] memory bad = ["-ab", "ab-", "ab--", "ab--c", "xn--a", "---"];
        for (uint256 i = 0; i < good.length; ++i) {
            (uint256 id,) = Labels.parse(good[i]);
            assertNotEq(id, 0, good[i]);
        }
        for (uint256 i = 0; i < bad.length; ++i) {
            (uint256 id,) = Labels.parse(bad[i]);
            assertEq(id, 0, bad[i]);
        }
    }

    function isLabel(bytes memory text) private pure returns (bool) {
        if (text.length < 3 || text.length > 32) return false;
        for (uint256 i = 0; i < text.length; ++i) {
            uint8 c = uint8(text[i]);
            bool alphanumeric = (c >= 97 && c <= 122) || (c >= 48 && c <= 57);
            if (!alphanumeric && c != 45) return false;
        }
        if (text[0] == "-" || text[text.length - 1] == "-") return false;
        return text.length < 4 || text[2] != "-" || text[3] != "-";
    }
}
