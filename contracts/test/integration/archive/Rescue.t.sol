// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ARCHIVE, Certificate, GroupsBase, IArchiveGroups, ROOT_GROUP} from "./GroupsBase.sol";

/// @dev A group of six of which three are gone: the rest can certify nothing.
contract RescueTest is GroupsBase {
    uint256[] internal nodes;
    uint256[] internal next;
    uint256 internal from;

    /// @dev Three stay, and two come who wait.
    function setUp() public override {
        super.setUp();
        nodes = groups.members(ROOT_GROUP);
        uint256[] memory fresh = joiners(2);
        from = block.timestamp + 30 days;
        next = with(without(without(without(nodes, nodes[0]), nodes[1]), nodes[2]), fresh);
    }

    function archiveSeats() internal pure override returns (uint256) {
        return 6;
    }

    function rescue(uint32 group, uint256[] memory list) internal {
        vm.prank(all.timelock);
        groups.rescue(group, list, STATE);
        remember(group);
    }

    function refused(uint32 group, uint256[] memory list, bytes memory problem) internal {
        vm.expectRevert(problem);
        vm.prank(all.timelock);
        groups.rescue(group, list, STATE);
    }

    function test_onlyTheTimelock() public {
        skip(30 days);
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.NotTimelock.selector, address(this), all.timelock)
        );
        groups.rescue(ROOT_GROUP, next, STATE);
    }

    /// @dev A seed is a sign of life, and so is a new epoch.
    function test_notWhileTheGroupLives() public {
        assertEq(groups.lastSignOfLife(ROOT_GROUP), from - 30 days);
        skip(30 days - 1);
        refused(
            ROOT_GROUP, next, abi.encodeWithSelector(IArchiveGroups.GroupAlive.selector, ROOT_GROUP, from)
        );
        seedNow(ROOT_GROUP, "alive");
        from = block.timestamp + 30 days;
        skip(1);
        refused(
            ROOT_GROUP, next, abi.encodeWithSelector(IArchiveGroups.GroupAlive.selector, ROOT_GROUP, from)
        );
        skip(30 days - 2);
        handover(ROOT_GROUP, nodes);
        skip(1);
        from = block.timestamp - 1 + 30 days;
        refused(
            ROOT_GROUP, next, abi.encodeWithSelector(IArchiveGroups.GroupAlive.selector, ROOT_GROUP, from)
        );
    }

    function test_notWhatIsNoGroupOrSplit() public {
        refused(9, next, abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, 9));
        split(ROOT_GROUP, with(nodes, with(next, nodes)));
        skip(31 days);
        refused(ROOT_GROUP, next, abi.encodeWithSelector(IArchiveGroups.GroupIsSplit.selector, ROOT_GROUP));
    }

    function test_onlyThoseWithStakeWhoSitHereOrWait() public {
        skip(30 days);
        refused(
            ROOT_GROUP,
            without(without(next, next[0]), next[1]),
            abi.encodeWithSelector(IArchiveGroups.NodeCountInvalid.selector, 3, 4, 7)
        );
        uint256 idle = newArchiveNode(1);
        refused(ROOT_GROUP, with(next, idle), abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, idle));
        uint256 poor = newArchiveNode(0);
        refused(
            ROOT_GROUP, with(next, poor), abi.encodeWithSelector(IArchiveGroups.NoCapacity.selector, poor, 0)
        );
        barNode(next[0]);
        refused(ROOT_GROUP, next, abi.encodeWithSelector(IArchiveGroups.NoCapacity.selector, next[0], 0));
    }

    function test_theGroupWorksAgain() public {
        skip(30 days);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.GroupRescued(ROOT_GROUP, 2);
        rescue(ROOT_GROUP, next);
        assertEq(groups.members(ROOT_GROUP), next);
        assertEq(groups.epochOf(ROOT_GROUP), 2);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(staking.seats(nodes[i], ARCHIVE), 0);
            assertEq(groups.placeOf(nodes[i]).group, 0);
        }
        assertEq(staking.seats(next[4], ARCHIVE), 1);
        seedNow(ROOT_GROUP, "new");
        handover(ROOT_GROUP, next);
    }

    /// @dev Who waits for another group, or for a seed that never came, may be named, too: that group's own nodes are
    ///      not enough, else it needed no rescue.
    function test_namesWhoWaitsForAnother() public {
        (uint32 left, uint32 right) = split(ROOT_GROUP, with(nodes, with(next, nodes)));
        uint256 other = newArchiveNode(1);
        join(other);
        skip(31 days);
        uint256[] memory seated = groups.members(left);
        uint256 elsewhere = groups.members(right)[0];
        refused(
            left, with(seated, elsewhere), abi.encodeWithSelector(IArchiveGroups.NotAsked.selector, elsewhere)
        );
        rescue(left, with(without(seated, seated[0]), other));
        assertEq(groups.placeOf(other).group, left);
    }

    /// @dev What the group said in its last epoch counts as after any handover.
    function test_theLastEpochCountsForADay() public {
        skip(30 days);
        bytes32 digest = keccak256("anything");
        Certificate memory old = certify(digest, ROOT_GROUP);
        rescue(ROOT_GROUP, next);
        groups.verify(digest, old);
        skip(1 days);
        vm.expectPartialRevert(IArchiveGroups.EpochNotCurrent.selector);
        groups.verify(digest, old);
    }
}
