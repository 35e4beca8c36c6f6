// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, Place, ROOT_GROUP, Seed} from "../../../src/interfaces/IArchiveGroups.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ARCHIVE, RELAY, Roles, VALIDATOR} from "../../../src/types/Roles.sol";
import {Archive} from "../../Archive.sol";
import {LibSort} from "solady/utils/LibSort.sol";

/// @dev Small groups: 4 to 7 seats, and a split at 8. The root starts with `archiveSeats`, 4 unless told otherwise.
abstract contract GroupsBase is Archive {
    bytes32 internal constant STATE = "state";

    IStaking internal staking;

    function setUp() public virtual override {
        super.setUp();
        staking = IStaking(all.staking);
    }

    function archiveMinSeats() internal pure override returns (uint256) {
        return 4;
    }

    /// @dev So many nodes that ask for a seat, and a seed that places them.
    function joiners(uint256 count) internal returns (uint256[] memory nodes) {
        nodes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = newArchiveNode(1);
            join(nodes[i]);
        }
        step();
        step();
        seedNow(ROOT_GROUP, keccak256(abi.encode("seed", groups.seedCount(ROOT_GROUP))));
    }

    function with(uint256[] memory a, uint256[] memory b) internal pure returns (uint256[] memory sum) {
        sum = LibSort.union(a, b);
    }

    function with(uint256[] memory a, uint256 node) internal pure returns (uint256[] memory) {
        uint256[] memory one = new uint256[](1);
        one[0] = node;
        return LibSort.union(a, one);
    }

    function without(uint256[] memory a, uint256 node) internal pure returns (uint256[] memory) {
        uint256[] memory one = new uint256[](1);
        one[0] = node;
        return LibSort.difference(a, one);
    }

    /// @dev Expects `reason` from a handover to `nodes` that the group certified.
    function refuseHandover(uint256[] memory nodes, bytes memory reason) internal {
        Certificate memory certificate = certifyHandover(nodes, ROOT_GROUP);
        vm.expectRevert(reason);
        groups.handover(nodes, STATE, certificate);
    }

    function certifyHandover(uint256[] memory nodes, uint32 group)
        internal
        view
        returns (Certificate memory)
    {
        return certify(groups.handoverDigest(nodes, STATE, group, groups.epochOf(group)), group);
    }

    function certifySplit(uint256[] memory nodes, uint64 seedIndex, uint32 group)
        internal
        view
        returns (Certificate memory)
    {
        return certify(groups.splitDigest(nodes, seedIndex, STATE, group, groups.epochOf(group)), group);
    }

    /// @dev The root with 8 nodes, split in two groups of 4.
    function splitRoot() internal returns (uint32 left, uint32 right) {
        return split(ROOT_GROUP, with(groups.members(ROOT_GROUP), joiners(4)));
    }
}
