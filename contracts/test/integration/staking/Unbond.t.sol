// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking, Roles, StakingBase, WITNESS} from "./StakingBase.sol";

contract UnbondTest is StakingBase {
    function setUp() public override {
        super.setUp();
        stake(10 * SEAT);
    }

    function test_refusesAStranger() public {
        vm.startPrank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, stranger, owner));
        staking.unbond(node, WITNESS, SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, stranger, owner));
        staking.withdraw(node, WITNESS);
    }

    function test_refusesSeveralRoles() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, 3));
        staking.unbond(node, Roles.wrap(3), SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, 3));
        staking.withdraw(node, Roles.wrap(3));
    }

    function test_refusesNothing() public {
        vm.expectRevert(IStaking.AmountZero.selector);
        unbond(0);
    }

    function testFuzz_refusesMoreThanIsBonded(uint256 amount) public {
        amount = bound(amount, 10 * SEAT + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IStaking.BondTooSmall.selector, 10 * SEAT, amount));
        unbond(amount);
    }

    function test_refusesWhatHeldSeatsNeed() public {
        takeSeats(4);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 4, 3));
        unbond(6 * SEAT + 1);
        unbond(6 * SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 4, 3));
        unbond(1);
        releaseSeat();
        unbond(SEAT);
        assertEq(staking.backedSeats(node, WITNESS), 3);
    }

    function test_refusesBelowARaisedMinimum() public {
        takeSeats(4);
        setMinimum(WITNESS, 2 * SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 4, 3));
        unbond(3 * SEAT);
        unbond(2 * SEAT);
    }

    function test_aBarredNodeMayLeaveWithSeats() public {
        takeSeats(4);
        bar(node);
        assertEq(staking.backedSeats(node, WITNESS), 0);
        unbond(10 * SEAT);
        skip(UNBONDING);
        assertEq(withdraw(), 10 * SEAT);
    }

    function test_refusesMoreEntriesThanItKeeps() public {
        uint256 most = staking.MAX_UNBONDINGS();
        for (uint256 i = 0; i < most; ++i) {
            unbond(1);
            skip(1 hours);
        }
        uint256 oldest = 1_800_000_000 + UNBONDING;
        vm.expectRevert(abi.encodeWithSelector(IStaking.TooManyUnbondings.selector, oldest));
        unbond(1);

        vm.warp(oldest);
        assertEq(withdraw(), 1);
        unbond(1);
        assertPosition(10 * SEAT - most - 1, most, 0);
    }

    function test_withdrawsOnlyWhatIsOver() public {
        vm.expectEmit(all.staking);
        emit IStaking.Unbonding(node, WITNESS, SEAT, block.timestamp + UNBONDING);
        unbond(SEAT);
        assertPosition(9 * SEAT, SEAT, 0);
        assertEq(staking.capacity(node, WITNESS), 9);
        skip(1 days);
        unbond(2 * SEAT);

        skip(UNBONDING - 1 days - 1);
        uint256 next = block.timestamp + 1;
        vm.expectRevert(abi.encodeWithSelector(IStaking.NothingToWithdraw.selector, next));
        withdraw();

        skip(1);
        uint256 before = token.balanceOf(owner);
        vm.expectEmit(all.staking);
        emit IStaking.Withdrawn(node, WITNESS, owner, SEAT);
        assertEq(withdraw(), SEAT);
        assertEq(token.balanceOf(owner), before + SEAT);
        assertPosition(7 * SEAT, 2 * SEAT, 0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NothingToWithdraw.selector, block.timestamp + 1 days));
        withdraw();

        skip(1 days);
        assertEq(withdraw(), 2 * SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NothingToWithdraw.selector, 0));
        withdraw();
        assertPosition(7 * SEAT, 0, 0);
    }

    function test_withdrawsAllThatIsOverAtOnce() public {
        for (uint256 i = 0; i < 5; ++i) {
            unbond(SEAT);
            skip(1 hours);
        }
        skip(UNBONDING);
        assertEq(withdraw(), 5 * SEAT);
        (uint256[] memory amounts,) = staking.unbondings(node, WITNESS);
        assertEq(amounts.length, 0);
    }

    function test_aRetiredNodeHadEverythingWithdrawn() public {
        unbond(10 * SEAT);
        vm.expectRevert();
        vm.prank(owner);
        registry.retire(node);
        skip(UNBONDING);
        withdraw();
        assertPosition(0, 0, 0);
        vm.prank(owner);
        registry.retire(node);
    }

    /// @dev The ring turns many times, and pays each entry once, in order, at its time.
    function testFuzz_theRingPaysEachOnce(uint256 seed) public {
        uint256 unbonded;
        uint256 paid;
        for (uint256 i = 0; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 amount = seed % (SEAT / 8) + 1;
            (uint256[] memory amounts, uint256[] memory times) = staking.unbondings(node, WITNESS);
            if (amounts.length < 16) {
                unbond(amount);
                unbonded += amount;
            }
            skip(seed >> 128 & 0xfffff);
            uint256 due;
            for (uint256 j = 0; j < amounts.length; ++j) {
                if (times[j] <= block.timestamp) due += amounts[j];
                if (j != 0) assertGe(times[j], times[j - 1]);
            }
            if (due == 0) continue;
            assertEq(withdraw(), due);
            paid += due;
        }
        assertPosition(10 * SEAT - unbonded, unbonded - paid, 0);
    }
}
