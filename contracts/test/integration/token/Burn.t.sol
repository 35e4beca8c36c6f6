// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetToken} from "../../../src/interfaces/IConetToken.sol";
import {TokenBase} from "./TokenBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

contract TokenBurnTest is TokenBase {
    function test_burnRefusesMoreThanTheBalance() public {
        for (uint256 i = 0; i < both.length; ++i) {
            bytes memory problem = abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, alice, MILLION, MILLION + 1
            );
            vm.startPrank(alice);
            vm.expectRevert(problem);
            both[i].burn(MILLION + 1);
            vm.expectRevert(problem);
            both[i].burnForReissue(MILLION + 1);
            vm.stopPrank();
        }
    }

    function test_burnIsForGood() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.expectEmit(address(both[i]));
            emit IERC20.Transfer(alice, address(0), 5);
            vm.expectEmit(address(both[i]));
            emit IConetToken.Burned(alice, 5, false);
            vm.prank(alice);
            both[i].burn(5);
            assertEq(both[i].balanceOf(alice), MILLION - 5);
            assertEq(both[i].totalBurned(), 5);
            assertEq(both[i].reissuable(alice), 0);
            vm.expectRevert(abi.encodeWithSelector(IConetToken.ReissueExceedsBurn.selector, alice, 1, 0));
            vm.prank(alice);
            both[i].reissue(alice, 1);
            assertSupply(both[i]);
        }
    }

    function test_onlyTheBurnerReissues() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.prank(alice);
            both[i].burnForReissue(100);
            vm.expectRevert(abi.encodeWithSelector(IConetToken.ReissueExceedsBurn.selector, bob, 1, 0));
            vm.prank(bob);
            both[i].reissue(bob, 1);
        }
    }

    function test_reissueNeverExceedsTheBurn() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.startPrank(alice);
            both[i].burn(1000);
            both[i].burnForReissue(100);
            both[i].reissue(bob, 60);
            vm.expectRevert(abi.encodeWithSelector(IConetToken.ReissueExceedsBurn.selector, alice, 41, 40));
            both[i].reissue(bob, 41);
            both[i].reissue(bob, 40);
            vm.expectRevert(abi.encodeWithSelector(IConetToken.ReissueExceedsBurn.selector, alice, 1, 0));
            both[i].reissue(bob, 1);
            vm.stopPrank();
            assertEq(both[i].balanceOf(bob), 100);
            assertEq(both[i].totalBurned(), 1000);
            assertSupply(both[i]);
        }
    }

    function test_reissueRefusesNobody() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.startPrank(alice);
            both[i].burnForReissue(100);
            vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, address(0)));
            both[i].reissue(address(0), 1);
            vm.stopPrank();
        }
    }

    function test_saysWhatHappened() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.expectEmit(address(both[i]));
            emit IConetToken.Burned(alice, 100, true);
            vm.prank(alice);
            both[i].burnForReissue(100);
            assertEq(both[i].reissuable(alice), 100);
            vm.expectEmit(address(both[i]));
            emit IERC20.Transfer(address(0), bob, 30);
            vm.expectEmit(address(both[i]));
            emit IConetToken.Reissued(alice, bob, 30);
            vm.prank(alice);
            both[i].reissue(bob, 30);
            assertEq(both[i].reissuable(alice), 70);
        }
    }

    function testFuzz_burnAndReissue(uint256 burned, uint256 backed, uint256 reissued) public {
        burned = bound(burned, 0, MILLION);
        backed = bound(backed, 0, MILLION - burned);
        reissued = bound(reissued, 0, backed);
        for (uint256 i = 0; i < both.length; ++i) {
            uint256 before = both[i].totalSupply();
            vm.startPrank(alice);
            both[i].burn(burned);
            both[i].burnForReissue(backed);
            both[i].reissue(bob, reissued);
            vm.stopPrank();
            assertEq(both[i].totalSupply(), before - burned - backed + reissued);
            assertEq(both[i].totalBurned(), burned + backed - reissued);
            assertEq(both[i].reissuable(alice), backed - reissued);
            assertSupply(both[i]);
        }
    }
}
