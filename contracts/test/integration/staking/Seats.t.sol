// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ARCHIVE, CREATOR, IStaking, Roles, StakingBase, VALIDATOR, WITNESS} from "./StakingBase.sol";

contract SeatsTest is StakingBase {
    function setUp() public override {
        super.setUp();
        stake(3 * SEAT);
    }

    function test_refusesWhoDoesNotSeat() public {
        address[3] memory callers = [owner, all.archiveGroups, all.slasher];
        bytes memory refusal;
        for (uint256 i = 0; i < callers.length; ++i) {
            refusal = abi.encodeWithSelector(IStaking.NotAllowed.selector, callers[i], all.chainAnchor);
            vm.startPrank(callers[i]);
            vm.expectRevert(refusal);
            staking.takeSeat(node, WITNESS);
            vm.expectRevert(refusal);
            staking.releaseSeat(node, WITNESS);
            vm.stopPrank();
        }
    }

    function test_onlyArchiveGroupsSeatArchiveNodes() public {
        vm.startPrank(all.chainAnchor);
        bytes memory refusal =
            abi.encodeWithSelector(IStaking.NotAllowed.selector, all.chainAnchor, all.archiveGroups);
        vm.expectRevert(refusal);
        staking.takeSeat(node, ARCHIVE);
        vm.expectRevert(refusal);
        staking.releaseSeat(node, ARCHIVE);
        vm.stopPrank();

        setMinimum(ARCHIVE, SEAT);
        vm.prank(owner);
        staking.stake(node, ARCHIVE, SEAT);
        vm.startPrank(all.archiveGroups);
        staking.takeSeat(node, ARCHIVE);
        assertEq(staking.seats(node, ARCHIVE), 1);
        staking.releaseSeat(node, ARCHIVE);
        assertEq(staking.seats(node, ARCHIVE), 0);
    }

    function test_refusesSeveralRoles() public {
        vm.startPrank(all.chainAnchor);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, 24));
        staking.takeSeat(node, WITNESS | VALIDATOR);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, 0));
        staking.releaseSeat(node, Roles.wrap(0));
    }

    function test_refusesASeatBeyondTheStake() public {
        takeSeats(3);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 4, 3));
        vm.prank(all.chainAnchor);
        staking.takeSeat(node, WITNESS);
    }

    function test_refusesASeatWithoutStake() public {
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 1, 0));
        vm.prank(all.chainAnchor);
        staking.takeSeat(node, CREATOR);
    }

    function test_refusesASeatOnUnbondingStake() public {
        unbond(1);
        takeSeats(2);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 3, 2));
        vm.prank(all.chainAnchor);
        staking.takeSeat(node, WITNESS);
    }

    function test_refusesABarredNode() public {
        bar(node);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 1, 0));
        vm.prank(all.chainAnchor);
        staking.takeSeat(node, WITNESS);
    }

    function test_refusesToReleaseNothing() public {
        vm.expectRevert(abi.encodeWithSelector(IStaking.NoSeat.selector, node, WITNESS));
        releaseSeat();
    }

    function test_takesAndReleases() public {
        vm.expectEmit(all.staking);
        emit IStaking.SeatTaken(node, WITNESS, 1);
        takeSeats(1);
        takeSeats(1);
        assertEq(staking.seats(node, WITNESS), 2);
        assertEq(staking.backedSeats(node, WITNESS), 2);
        vm.expectEmit(all.staking);
        emit IStaking.SeatReleased(node, WITNESS, 1);
        releaseSeat();
        assertEq(staking.seats(node, WITNESS), 1);
    }

    function test_aRaisedMinimumLeavesSeatsWithoutBacking() public {
        takeSeats(3);
        setMinimum(WITNESS, 2 * SEAT);
        assertEq(staking.seats(node, WITNESS), 3);
        assertEq(staking.capacity(node, WITNESS), 1);
        assertEq(staking.backedSeats(node, WITNESS), 1);
        stake(3 * SEAT);
        assertEq(staking.backedSeats(node, WITNESS), 3);
    }

    function test_seatsGoWithTheNode() public {
        takeSeats(2);
        transferNode(stranger);
        assertEq(staking.seats(node, WITNESS), 2);
        vm.expectRevert(abi.encodeWithSelector(IStaking.SeatsExceedCapacity.selector, 2, 1));
        vm.prank(stranger);
        staking.unbond(node, WITNESS, 2 * SEAT);
    }
}
