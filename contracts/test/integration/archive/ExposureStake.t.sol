// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Archive} from "../../Archive.sol";
import {ARCHIVE, GroupsBase, ROOT_GROUP} from "./GroupsBase.sol";

contract ExposureStakeTest is GroupsBase {
    function archiveSeats() internal pure override returns (uint256) {
        return 7;
    }

    /// @dev Up to seven seats, all stakes count.
    function test_isHalfOfAllInASmallGroup() public view {
        assertEq(groups.exposureStake(ROOT_GROUP), 7 * 2 * parameters.minimumStake(ARCHIVE) / 2);
    }

    function test_unbondingAndSlashedStakeDoesNotCount() public {
        uint256 before = groups.exposureStake(ROOT_GROUP);
        uint256 minimum = parameters.minimumStake(ARCHIVE);
        uint256[] memory nodes = groups.members(ROOT_GROUP);
        vm.prank(archiveOwner);
        staking.unbond(nodes[0], ARCHIVE, minimum);
        assertEq(groups.exposureStake(ROOT_GROUP), before - minimum / 2);
        vm.prank(all.slasher);
        staking.slash(nodes[1], ARCHIVE, 2 * minimum, false);
        assertEq(groups.exposureStake(ROOT_GROUP), before - 3 * minimum / 2);
    }

    function test_noGroupHasNone() public view {
        assertEq(groups.exposureStake(0), 0);
        assertEq(groups.exposureStake(2), 0);
    }
}

/// @dev Groups of 10 to 19: the seven smallest count, whatever the others have.
contract ExposureStakeOfManyTest is Archive {
    function testFuzz_isHalfOfTheSevenSmallest(uint8[10] memory extra) public {
        uint256[] memory nodes = groups.members(ROOT_GROUP);
        uint256 minimum = parameters.minimumStake(ARCHIVE);
        uint256[] memory stakes = new uint256[](10);
        for (uint256 i = 0; i < 10; ++i) {
            uint256 more = extra[i] % 8;
            if (more != 0) stakeFor(nodes[i], ARCHIVE, more);
            stakes[i] = (2 + more) * minimum;
        }
        uint256 expected;
        for (uint256 round = 0; round < 7; ++round) {
            uint256 least = 0;
            for (uint256 i = 1; i < 10; ++i) {
                if (stakes[i] < stakes[least]) least = i;
            }
            expected += stakes[least];
            stakes[least] = type(uint256).max;
        }
        assertEq(groups.exposureStake(ROOT_GROUP), expected / 2);
    }
}
