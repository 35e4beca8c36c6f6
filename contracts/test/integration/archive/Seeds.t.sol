// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Certificate, GroupsBase, IArchiveGroups, ROOT_GROUP, Seed} from "./GroupsBase.sol";

contract SeedsTest is GroupsBase {
    function test_refusesToSkipOrRepeat() public {
        refuse(1, "value", 5, abi.encodeWithSelector(IArchiveGroups.SeedIndexInvalid.selector, 1, 0));
        post(ROOT_GROUP, "value", 5);
        refuse(0, "value", 5, abi.encodeWithSelector(IArchiveGroups.SeedIndexInvalid.selector, 0, 1));
        refuse(2, "value", 5, abi.encodeWithSelector(IArchiveGroups.SeedIndexInvalid.selector, 2, 1));
    }

    function test_refusesTheFuture() public {
        uint64 number = uint64(block.number);
        refuse(
            0,
            "value",
            number,
            abi.encodeWithSelector(IArchiveGroups.SeedBlockInvalid.selector, number, 0, number - 1)
        );
        post(ROOT_GROUP, "value", number - 1);
    }

    function test_refusesToGoBack() public {
        post(ROOT_GROUP, "value", 5);
        refuse(
            1,
            "value",
            4,
            abi.encodeWithSelector(IArchiveGroups.SeedBlockInvalid.selector, 4, 5, block.number - 1)
        );
        post(ROOT_GROUP, "same block", 5);
    }

    function test_refusesZero() public {
        refuse(0, 0, 5, abi.encodeWithSelector(IArchiveGroups.SeedZero.selector));
    }

    function test_refusesWhatWasNotCertified() public {
        Certificate memory certificate = certifySeed(0, "value", 5, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.postSeed(0, "other", 5, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.postSeed(0, "value", 6, certificate);
    }

    /// @dev The same seats, the same words, another group: worth nothing.
    function test_refusesTheWordOfAnotherGroup() public {
        (uint32 left, uint32 right) = splitRoot();
        uint64 number = uint64(block.number - 1);
        Certificate memory certificate = certifySeed(0, "value", number, left);
        certificate.group = right;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.postSeed(0, "value", number, certificate);
    }

    function test_refusesUnknownGroups() public {
        Certificate memory certificate = certifySeed(0, "value", 5, ROOT_GROUP);
        certificate.group = 2;
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, 2));
        groups.postSeed(0, "value", 5, certificate);
    }

    function test_posts() public {
        Certificate memory certificate = certifySeed(0, "value", 5, ROOT_GROUP);
        vm.expectEmit(address(groups));
        emit IArchiveGroups.SeedPosted(ROOT_GROUP, 0, "value", 5);
        vm.prank(makeAddr("anyone"));
        groups.postSeed(0, "value", 5, certificate);
        assertEq(groups.seedCount(ROOT_GROUP), 1);
        Seed memory seed = groups.seed(ROOT_GROUP, 0);
        assertEq(seed.value, "value");
        assertEq(seed.afterBlock, 5);
        assertEq(seed.acceptedAt, block.timestamp);
        assertEq(groups.seed(ROOT_GROUP, 1).value, 0);
        assertEq(groups.seed(7, 0).value, 0);
    }

    /// @dev A seed of the epoch before is still the group's, for a day.
    function test_thePreviousEpochMayPost() public {
        handover(ROOT_GROUP, groups.members(ROOT_GROUP));
        bytes32 digest = groups.seedDigest(0, "value", 5, ROOT_GROUP, 1);
        groups.postSeed(0, "value", 5, certifyAs(digest, ROOT_GROUP, 1, 7));
        assertEq(groups.seedCount(ROOT_GROUP), 1);
    }

    function test_findsNoneBeforeThereIsOne() public {
        (bool found, Seed memory first) = groups.firstSeedAfter(ROOT_GROUP, 0);
        assertFalse(found);
        assertEq(first.value, 0);
        post(ROOT_GROUP, "value", 5);
        (found,) = groups.firstSeedAfter(ROOT_GROUP, 6);
        assertFalse(found);
        (found,) = groups.firstSeedAfter(2, 0);
        assertFalse(found);
    }

    function testFuzz_findsTheFirst(uint8[16] memory steps, uint64 asked) public {
        uint64 number = 100;
        uint64[16] memory blocks;
        for (uint256 i = 0; i < steps.length; ++i) {
            number += steps[i] % 3;
            blocks[i] = number;
            post(ROOT_GROUP, bytes32(i + 1), number);
        }
        asked = uint64(bound(asked, 99, number + 1));
        (bool found, Seed memory first) = groups.firstSeedAfter(ROOT_GROUP, asked);
        for (uint256 i = 0; i < steps.length; ++i) {
            if (blocks[i] < asked) continue;
            assertTrue(found);
            assertEq(first.value, bytes32(i + 1), "the first, also of several after one block");
            return;
        }
        assertFalse(found);
    }

    /// @dev What waited for a seed when the group split gets its left child's.
    function test_whatWaitedGetsTheLeftChildsSeed() public {
        uint64 placed = uint64(block.number + 1000);
        (uint32 left, uint32 right) = splitRoot();
        vm.roll(placed + 10);
        (bool found, Seed memory first) = groups.firstSeedAfter(ROOT_GROUP, placed);
        assertFalse(found);
        post(right, "right", placed + 1);
        (found,) = groups.firstSeedAfter(ROOT_GROUP, placed);
        assertFalse(found, "one line of seeds, not two to choose from");
        post(left, "left", placed + 2);
        (found, first) = groups.firstSeedAfter(ROOT_GROUP, placed);
        assertTrue(found);
        assertEq(first.value, "left");
        (found, first) = groups.firstSeedAfter(right, placed);
        assertEq(first.value, "right");
    }

    /// @dev What had a seed keeps it.
    function test_aSplitChangesNoAnswer() public {
        splitRoot();
        Seed memory last = groups.seed(ROOT_GROUP, 0);
        step();
        seedNow(2, "left");
        (, Seed memory first) = groups.firstSeedAfter(ROOT_GROUP, last.afterBlock);
        assertEq(first.value, last.value);
    }

    function test_aChildsSeedsAreNotOlderThanItsParentsLast() public {
        (uint32 left, uint32 right) = splitRoot();
        uint64 least = groups.seed(ROOT_GROUP, 0).afterBlock;
        uint32[2] memory children = [left, right];
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(groups.seedCount(children[i]), 0);
            Certificate memory certificate = certifySeed(0, "value", least - 1, children[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IArchiveGroups.SeedBlockInvalid.selector, least - 1, least, block.number - 1
                )
            );
            groups.postSeed(0, "value", least - 1, certificate);
            post(children[i], "value", least);
        }
    }

    function post(uint32 group, bytes32 value, uint64 afterBlock) private {
        uint64 index = groups.seedCount(group);
        groups.postSeed(index, value, afterBlock, certifySeed(index, value, afterBlock, group));
    }

    function certifySeed(uint64 index, bytes32 value, uint64 afterBlock, uint32 group)
        private
        view
        returns (Certificate memory)
    {
        return certify(groups.seedDigest(index, value, afterBlock, group, groups.epochOf(group)), group);
    }

    function refuse(uint64 index, bytes32 value, uint64 afterBlock, bytes memory reason) private {
        Certificate memory certificate = certifySeed(index, value, afterBlock, ROOT_GROUP);
        vm.expectRevert(reason);
        groups.postSeed(index, value, afterBlock, certificate);
    }
}
