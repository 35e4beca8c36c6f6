// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Endpoint, EndpointLibrary} from "../../src/types/Endpoint.sol";
import {AGENT, RELAY, Roles} from "../../src/types/Roles.sol";
import {Test} from "forge-std/Test.sol";

contract EndpointTest is Test {
    function test_isAddressThenPortInNetworkByteOrder() public pure {
        Endpoint endpoint = Endpoint.wrap(0x00000000000000000000ffffc00002071234);
        assertEq(endpoint.ip(), bytes16(0x00000000000000000000ffffc0000207));
        assertEq(endpoint.port(), 0x1234);
    }

    function testFuzz_joinsWhatItReads(bytes16 ip, uint16 port) public pure {
        Endpoint endpoint = EndpointLibrary.from(ip, port);
        assertEq(endpoint.ip(), ip);
        assertEq(endpoint.port(), port);
    }
}

contract RolesTest is Test {
    function testFuzz_isValidExactlyForKnownRoles(uint16 mask) public pure {
        assertEq(Roles.wrap(mask).isValid(), mask >= 1 && mask <= 127);
    }

    function testFuzz_containsEveryBitAskedFor(uint16 a, uint16 b) public pure {
        bool all = true;
        for (uint256 bit = 0; bit < 16; ++bit) {
            if (b >> bit & 1 == 1 && a >> bit & 1 == 0) all = false;
        }
        assertEq(Roles.wrap(a).contains(Roles.wrap(b)), all);
    }

    function test_namesItsBits() public pure {
        assertEq(Roles.unwrap(RELAY), 1);
        assertEq(Roles.unwrap(AGENT), 2);
        assertEq(Roles.unwrap(RELAY | AGENT), 3);
    }
}
