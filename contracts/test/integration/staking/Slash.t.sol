// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking, Roles, StakingBase, VALIDATOR, WITNESS} from "./StakingBase.sol";

contract SlashTest is StakingBase {
    function setUp() public override {
        super.setUp();
        stake(10 * SEAT);
    }

    function test_onlyTheSlasher() public {
        address[3] memory callers = [owner, all.archiveGroups, all.chainAnchor];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory refusal =
                abi.encodeWithSelector(IStaking.NotAllowed.selector, callers[i], all.slasher);
            vm.startPrank(callers[i]);
            vm.expectRevert(refusal);
            staking.slash(node, WITNESS, 1, false);
            vm.expectRevert(refusal);
            staking.restore(node, WITNESS, 0);
            vm.expectRevert(refusal);
            staking.forfeit(node, WITNESS, 0);
            vm.expectRevert(refusal);
            staking.bar(node);
            vm.stopPrank();
        }
    }

    function test_refusesSeveralRoles() public {
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, 24));
        vm.prank(all.slasher);
        staking.slash(node, WITNESS | VALIDATOR, 1, false);
    }

    function test_takesBondedFirst() public {
        unbond(4 * SEAT);
        vm.expectEmit(all.staking);
        emit IStaking.Slashed(node, WITNESS, 5 * SEAT, 0, false);
        assertEq(slash(5 * SEAT, false), 5 * SEAT);
        assertPosition(SEAT, 4 * SEAT, 0);
        assertEq(token.balanceOf(all.slasher), 5 * SEAT);
    }

    function test_takesUnbondingFromTheNewest() public {
        unbond(SEAT);
        skip(1 days);
        unbond(2 * SEAT);
        skip(1 days);
        unbond(3 * SEAT);

        vm.expectEmit(all.staking);
        emit IStaking.Slashed(node, WITNESS, 8 * SEAT, 4 * SEAT, true);
        assertEq(slash(8 * SEAT, true), 8 * SEAT);

        assertPosition(0, 2 * SEAT, 8 * SEAT);
        (uint256[] memory amounts, uint256[] memory times) = staking.unbondings(node, WITNESS);
        assertEq(amounts.length, 2);
        assertEq(amounts[0], SEAT);
        assertEq(amounts[1], SEAT);
        assertEq(times[1], times[0] + 1 days);
    }

    function test_takesWhatIsOverAndNotWithdrawn() public {
        unbond(10 * SEAT);
        skip(UNBONDING + 1 days);
        assertEq(slash(type(uint256).max, false), 10 * SEAT);
        assertPosition(0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NothingToWithdraw.selector, 0));
        withdraw();
    }

    function test_takesWhatThereIs() public {
        unbond(4 * SEAT);
        assertEq(slash(11 * SEAT, false), 10 * SEAT);
        assertEq(slash(1, false), 0);
        assertPosition(0, 0, 0);
    }

    function test_leavesOtherRolesAlone() public {
        vm.prank(owner);
        staking.stake(node, VALIDATOR, SEAT);
        slash(type(uint256).max, false);
        assertEq(staking.bonded(node, VALIDATOR), SEAT);
        assertTrue(staking.hasStake(node));
    }

    function test_leavesSeatsWithoutBacking() public {
        takeSeats(10);
        slash(7 * SEAT + 1, false);
        assertEq(staking.seats(node, WITNESS), 10);
        assertEq(staking.backedSeats(node, WITNESS), 2);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 10, 2));
        unbond(1);
    }

    function test_theRingGoesOnAfterASlash() public {
        for (uint256 i = 0; i < 16; ++i) {
            unbond(SEAT / 2);
        }
        slash(9 * SEAT, false);
        assertPosition(0, SEAT, 0);
        stake(SEAT);
        for (uint256 i = 0; i < 14; ++i) {
            unbond(SEAT / 14);
        }
        vm.expectRevert();
        unbond(1);
        skip(UNBONDING);
        withdraw();
        assertEq(staking.unbonding(node, WITNESS), 0);
    }

    // --- frozen ---

    function test_restores() public {
        unbond(4 * SEAT);
        takeSeats(6);
        slash(8 * SEAT, true);
        assertPosition(0, 2 * SEAT, 8 * SEAT);
        assertEq(staking.backedSeats(node, WITNESS), 0);

        vm.startPrank(all.slasher);
        token.approve(all.staking, 8 * SEAT);
        vm.expectEmit(all.staking);
        emit IStaking.Restored(node, WITNESS, 8 * SEAT);
        staking.restore(node, WITNESS, 8 * SEAT);
        vm.stopPrank();
        assertPosition(8 * SEAT, 2 * SEAT, 0);
        assertEq(staking.backedSeats(node, WITNESS), 6);
    }

    function test_forfeits() public {
        slash(10 * SEAT, true);
        assertTrue(staking.hasStake(node));
        vm.expectRevert();
        vm.prank(owner);
        registry.retire(node);

        vm.expectEmit(all.staking);
        emit IStaking.Forfeited(node, WITNESS, 10 * SEAT);
        vm.prank(all.slasher);
        staking.forfeit(node, WITNESS, 10 * SEAT);
        assertPosition(0, 0, 0);
        vm.prank(owner);
        registry.retire(node);
    }

    function test_bringsBackNoMoreThanIsFrozen() public {
        slash(SEAT, true);
        slash(SEAT, false);
        vm.startPrank(all.slasher);
        token.approve(all.staking, 2 * SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.FrozenTooSmall.selector, SEAT, SEAT + 1));
        staking.restore(node, WITNESS, SEAT + 1);
        vm.expectRevert(abi.encodeWithSelector(IStaking.FrozenTooSmall.selector, SEAT, SEAT + 1));
        staking.forfeit(node, WITNESS, SEAT + 1);
        vm.expectRevert(abi.encodeWithSelector(IStaking.FrozenTooSmall.selector, 0, 1));
        staking.restore(node, VALIDATOR, 1);
    }

    // --- barred ---

    function test_bars() public {
        takeSeats(2);
        vm.expectEmit(all.staking);
        emit IStaking.Barred(node, makeAddr("node"));
        bar(node);
        assertTrue(staking.isBarred(node));
        assertTrue(staking.isWalletBarred(makeAddr("node")));
        assertEq(staking.capacity(node, WITNESS), 0);
        assertEq(staking.bonded(node, WITNESS), 10 * SEAT);
    }

    function test_barsOnce() public {
        bar(node);
        vm.recordLogs();
        bar(node);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_barringNobodyBarsNobodyElse() public {
        bar(node + 7);
        bar(node + 7);
        assertTrue(staking.isBarred(node + 7));
        assertFalse(staking.isBarred(node + 8));
        assertFalse(staking.isWalletBarred(address(0)));
    }

    function test_aBarOutlivesTheOwner() public {
        bar(node);
        transferNode(stranger);
        assertTrue(staking.isBarred(node));
    }

    /// @dev Bonded first, then unbonding from the newest, whatever they are.
    function testFuzz_slashOrder(uint256[4] memory unbonds, uint256 amount) public {
        uint256 bonded = 10 * SEAT;
        for (uint256 i = 0; i < 4; ++i) {
            unbonds[i] = bound(unbonds[i], 1, 2 * SEAT);
            unbond(unbonds[i]);
            bonded -= unbonds[i];
        }
        amount = bound(amount, 1, 11 * SEAT);
        uint256 expected = amount < 10 * SEAT ? amount : 10 * SEAT;
        assertEq(slash(amount, false), expected);

        uint256 left = expected > bonded ? expected - bonded : 0;
        assertEq(staking.bonded(node, WITNESS), bonded - (expected - left));
        (uint256[] memory amounts,) = staking.unbondings(node, WITNESS);
        for (uint256 i = 4; i > 0; --i) {
            uint256 taken = left < unbonds[i - 1] ? left : unbonds[i - 1];
            left -= taken;
            if (taken == unbonds[i - 1]) assertLt(amounts.length, i);
            else assertEq(amounts[i - 1], unbonds[i - 1] - taken);
        }
        assertEq(token.balanceOf(all.staking), 10 * SEAT - expected);
    }
}
