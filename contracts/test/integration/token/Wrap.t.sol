// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INativeConetToken} from "../../../src/interfaces/INativeConetToken.sol";
import {NativeConetToken} from "../../../src/token/NativeConetToken.sol";
import {TokenBase} from "./TokenBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

contract TokenWrapTest is TokenBase {
    function test_refusesCoinsThatCannotExist() public {
        vm.deal(bob, GENESIS);
        vm.expectRevert(
            abi.encodeWithSelector(
                INativeConetToken.DepositExceedsGenesis.selector, GENESIS - MILLION, GENESIS - MILLION + 1
            )
        );
        vm.prank(bob);
        native.deposit{value: GENESIS - MILLION + 1}();

        vm.prank(bob);
        native.deposit{value: GENESIS - MILLION}();
        assertEq(native.unwrapped(), 0);
    }

    /// @dev Else burned coins could come in a second time from a chain that makes coins.
    function test_burnedCoinsLeaveNoRoomForMore() public {
        vm.deal(bob, GENESIS);
        vm.prank(alice);
        native.burn(MILLION);
        vm.expectRevert(
            abi.encodeWithSelector(
                INativeConetToken.DepositExceedsGenesis.selector, GENESIS - MILLION, GENESIS
            )
        );
        vm.prank(bob);
        native.deposit{value: GENESIS}();
    }

    function test_withdrawRefusesMoreThanTheBalance() public {
        vm.startPrank(alice);
        bytes memory problem = abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientBalance.selector, alice, MILLION, MILLION + 1
        );
        vm.expectRevert(problem);
        native.withdraw(MILLION + 1);
        vm.expectRevert(problem);
        native.withdrawTo(payable(bob), MILLION + 1);
    }

    function test_withdrawRefusesWhoTakesNoCoins() public {
        vm.prank(alice);
        vm.expectRevert(Errors.FailedCall.selector);
        native.withdrawTo(payable(address(token)), 1);
        assertEq(native.balanceOf(alice), MILLION);
    }

    function test_burnedTokensDoNotUnwrap() public {
        vm.startPrank(alice);
        native.burnForReissue(MILLION);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, alice, 0, 1));
        native.withdraw(1);
        native.reissue(alice, MILLION);
        native.withdraw(MILLION);
        assertEq(alice.balance, MILLION);
    }

    function test_everyWayIn() public {
        vm.deal(bob, 6);
        vm.expectEmit(address(native));
        emit INativeConetToken.Deposit(bob, 1);
        vm.prank(bob);
        native.deposit{value: 1}();
        vm.expectEmit(address(native));
        emit INativeConetToken.Deposit(carol, 2);
        vm.prank(bob);
        native.depositTo{value: 2}(carol);
        vm.expectEmit(address(native));
        emit INativeConetToken.Deposit(bob, 3);
        vm.prank(bob);
        (bool sent,) = address(native).call{value: 3}("");
        assertTrue(sent);
        assertEq(native.balanceOf(bob), 4);
        assertEq(native.balanceOf(carol), 2);
        assertEq(native.totalSupply(), address(native).balance);
    }

    function test_bothWaysOut() public {
        vm.startPrank(alice);
        vm.expectEmit(address(native));
        emit INativeConetToken.Withdrawal(alice, alice, 1);
        native.withdraw(1);
        vm.expectEmit(address(native));
        emit INativeConetToken.Withdrawal(alice, bob, 2);
        native.withdrawTo(payable(bob), 2);
        assertEq(alice.balance, 1);
        assertEq(bob.balance, 2);
        assertEq(native.totalSupply(), MILLION - 3);
        assertSupply(native);
    }

    function test_forcedCoinsBelongToNobody() public {
        new Forcer{value: 10}(payable(address(native)));
        assertEq(address(native).balance, MILLION + 10);
        assertEq(native.totalSupply(), MILLION);
        assertSupply(native);
    }

    function test_reenteringGainsNothing() public {
        Reenterer reenterer = new Reenterer(native);
        native.depositTo{value: 10}(address(reenterer));
        reenterer.run();
        // The first call took 6; the second could take the 4 that were left, and no more.
        assertEq(address(reenterer).balance, 10);
        assertEq(native.balanceOf(address(reenterer)), 0);
        assertFalse(reenterer.tookTooMuch());
        assertSupply(native);
        assertEq(address(native).balance, native.totalSupply());
    }

    function testFuzz_wrapAndUnwrap(uint256 amount, uint256 back) public {
        amount = bound(amount, 0, GENESIS - MILLION);
        back = bound(back, 0, amount);
        vm.deal(bob, amount);
        vm.startPrank(bob);
        native.deposit{value: amount}();
        native.withdraw(back);
        assertEq(native.balanceOf(bob), amount - back);
        assertEq(bob.balance, back);
        assertSupply(native);
        assertEq(address(native).balance, native.totalSupply());
    }
}

contract Forcer {
    constructor(address payable to) payable {
        selfdestruct(to);
    }
}

contract Reenterer {
    NativeConetToken private immutable _NATIVE;
    bool public tookTooMuch;
    bool private _inside;

    constructor(NativeConetToken native) {
        _NATIVE = native;
    }

    function run() external {
        _NATIVE.withdraw(6);
    }

    receive() external payable {
        if (_inside) return;
        _inside = true;
        try _NATIVE.withdraw(5) {
            tookTooMuch = true;
        } catch {
            _NATIVE.withdraw(4);
        }
    }
}
