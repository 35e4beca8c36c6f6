// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Allocation, IConetToken} from "../../../src/interfaces/IConetToken.sol";
import {ConetToken} from "../../../src/token/ConetToken.sol";
import {TokenBase} from "./TokenBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract TokenGenesisTest is TokenBase {
    function test_refusesWhatDoesNotAddUp() public {
        uint256[3] memory totals = [GENESIS - 1, GENESIS + 1, 1];
        for (uint256 i = 0; i < totals.length; ++i) {
            Allocation[] memory genesis = allocation(totals[i]);
            vm.expectRevert(abi.encodeWithSelector(IConetToken.GenesisMismatch.selector, GENESIS, totals[i]));
            new ConetToken(genesis);
        }
        vm.expectRevert(abi.encodeWithSelector(IConetToken.GenesisMismatch.selector, GENESIS, 0));
        new ConetToken(new Allocation[](0));
    }

    function test_refusesAnEmptyShare() public {
        Allocation[] memory genesis = new Allocation[](2);
        genesis[0] = Allocation(alice, GENESIS);
        genesis[1] = Allocation(bob, 0);
        vm.expectRevert(abi.encodeWithSelector(IConetToken.EmptyAllocation.selector, bob));
        new ConetToken(genesis);
    }

    function test_refusesAShareForNobody() public {
        Allocation[] memory genesis = allocation(GENESIS);
        genesis[0].account = address(0);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
        new ConetToken(genesis);
    }

    function test_handsOutWhatItWasTold() public {
        Allocation[] memory genesis = new Allocation[](3);
        genesis[0] = Allocation(alice, 100);
        genesis[1] = Allocation(bob, GENESIS - 300);
        genesis[2] = Allocation(alice, 200);
        ConetToken fresh = new ConetToken(genesis);
        assertEq(fresh.balanceOf(alice), 300);
        assertEq(fresh.balanceOf(bob), GENESIS - 300);
        assertEq(fresh.totalSupply(), GENESIS);
        assertEq(fresh.GENESIS_SUPPLY(), GENESIS);
        assertEq(fresh.totalBurned(), 0);
    }

    function test_saysWhatItIs() public view {
        for (uint256 i = 0; i < both.length; ++i) {
            assertEq(both[i].name(), "CoNET");
            assertEq(both[i].symbol(), "CoNET");
            assertEq(both[i].decimals(), 18);
            assertEq(both[i].CLOCK_MODE(), "mode=timestamp");
            assertEq(both[i].clock(), block.timestamp);
        }
    }

    function test_nativeMintsNothing() public view {
        assertEq(native.totalSupply(), MILLION);
        assertEq(native.unwrapped(), GENESIS - MILLION);
    }

    function allocation(uint256 amount) private view returns (Allocation[] memory genesis) {
        genesis = new Allocation[](1);
        genesis[0] = Allocation(alice, amount);
    }
}
