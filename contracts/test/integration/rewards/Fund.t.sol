// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CallingBack, FeeOnTransfer} from "../../mocks/Stablecoins.sol";
import {IRewards, RewardsBase} from "./RewardsBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract FundTest is RewardsBase {
    function test_refusesNothing() public {
        vm.expectRevert(IRewards.AmountMissing.selector);
        fundPool(0);
    }

    function test_refusesWithoutAnAllowance() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(rewards), 0, 1)
        );
        vm.prank(stranger);
        rewards.fund(address(asset), 1);
    }

    function test_refusesAFeeOnTransfer() public {
        FeeOnTransfer fee = new FeeOnTransfer(6);
        fee.mint(address(this), 1000);
        fee.approve(address(rewards), 1000);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TransferMismatch.selector, address(fee), 1000, 990));
        rewards.fund(address(fee), 1000);
    }

    function test_refusesWhatIsNoToken() public {
        vm.expectRevert();
        rewards.fund(stranger, 1);
    }

    function testFuzz_joinsThePool(uint256 first, uint256 second) public {
        first = bound(first, 1, POOL);
        second = bound(second, 1, POOL);
        fundPool(first);
        vm.expectEmit(address(rewards));
        emit IRewards.Funded(address(asset), payer, second);
        fundPool(second);
        assertEq(rewards.pool(address(asset)), first + second);
        assertEq(rewards.unclaimed(address(asset)), 0);
        assertBooks();
    }

    function test_keepsAssetsApart() public {
        fundPool(POOL);
        usd18.mint(address(rewards), 5);
        rewards.sync(address(usd18));
        assertEq(rewards.pool(address(asset)), POOL);
        assertEq(rewards.pool(address(usd18)), 5);
    }

    function testFuzz_syncFindsWhatWasTransferred(uint256 funded, uint256 sent) public {
        funded = bound(funded, 1, POOL);
        sent = bound(sent, 1, POOL);
        fundPool(funded);
        distribute(SALT, 7);
        vm.prank(payer);
        asset.transfer(address(rewards), sent);

        vm.expectEmit(address(rewards));
        emit IRewards.Funded(address(asset), address(0), sent);
        assertEq(rewards.sync(address(asset)), sent);

        assertEq(rewards.pool(address(asset)), funded + sent);
        assertEq(rewards.sync(address(asset)), 0);
        assertBooks();
    }

    /// @dev A token that lost some of what it held here must not stop what is left.
    function test_syncFindsNothingWhenLessIsThere() public {
        fundPool(POOL);
        deal(address(asset), address(rewards), POOL - 1);
        assertEq(rewards.sync(address(asset)), 0);
        assertEq(rewards.pool(address(asset)), POOL);
    }

    /// @dev What arrives in the middle of a transfer is counted by the call that it is in, and by no other.
    function testFuzz_aTokenThatCallsBackIsCountedOnce(uint256 which, bool early) public {
        CallingBack token_ = new CallingBack();
        token_.mint(address(this), 3000);
        token_.approve(address(rewards), 3000);
        bytes[4] memory calls = [
            abi.encodeCall(rewards.sync, (address(token_))),
            abi.encodeCall(rewards.fund, (address(token_), 0)),
            abi.encodeCall(rewards.close, (1)),
            abi.encodeCall(rewards.distribute, (SALT, address(token_), SALT, 1, soon()))
        ];
        token_.arm(address(rewards), calls[which % 4], early);

        rewards.fund(address(token_), 1000);
        assertRefused(token_);
        rewards.distribute(SALT, address(token_), SALT, 2000, soon());
        assertRefused(token_);

        token_.arm(address(0), "", false);
        assertEq(rewards.pool(address(token_)), 1000);
        assertEq(rewards.unclaimed(address(token_)), 2000);
        assertEq(rewards.sync(address(token_)), 0);
    }

    function assertRefused(CallingBack token_) private view {
        assertFalse(token_.succeeded());
        bytes4 why = ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector;
        assertEq(token_.answer(), abi.encodePacked(why));
    }
}
