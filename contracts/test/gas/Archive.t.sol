// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../src/interfaces/IArchiveGroups.sol";
import {Genesis, GroupChange} from "../../src/interfaces/IChainAnchor.sol";
import {Certificate} from "../../src/types/Certificate.sol";
import {CREATOR, WITNESS} from "../../src/types/Roles.sol";
import {AnchorBase} from "../integration/anchor/AnchorBase.sol";
import {LibSort} from "solady/utils/LibSort.sol";

/// @dev What certificates and groups cost. 10 nodes, as in production; 7 signers are the smallest quorum of 10 seats,
///      11 of 16, 13 of 19.
/// forge-config: default.isolate = true
contract ArchiveGasTest is AnchorBase {
    string internal constant GROUPS = "ArchiveGroups";
    string internal constant ANCHOR = "ChainAnchor";

    function test_verify() public {
        groups.verify("digest", certify("digest", ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "verify, 7 of 10");
        groups.verifyFor("chain", ROOT_GROUP, "digest", certify("digest", ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "verifyFor, 7 of 10");
        handover(ROOT_GROUP, LibSort.union(groups.members(ROOT_GROUP), joiners(6)));
        groups.verify("digest", certify("digest", ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "verify, 11 of 16");
        handover(ROOT_GROUP, LibSort.union(groups.members(ROOT_GROUP), joiners(3)));
        groups.verify("digest", certify("digest", ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "verify, 13 of 19");
        Certificate memory previous = certifyAs("digest", ROOT_GROUP, 2, 0x7ff);
        groups.verify("digest", previous);
        vm.snapshotGasLastCall(GROUPS, "verify, 11 of 16, previous epoch");
        split(ROOT_GROUP, LibSort.union(groups.members(ROOT_GROUP), joiners(1)));
        uint32 keeper = groups.groupOf("chain");
        groups.verifyFor("chain", ROOT_GROUP, "digest", certify("digest", keeper));
        vm.snapshotGasLastCall(GROUPS, "verifyFor, 7 of 10, after one split");
    }

    function test_groups() public {
        uint256 node = newArchiveNode(1);
        vm.prank(archiveOwner);
        groups.join(node);
        vm.snapshotGasLastCall(GROUPS, "join");
        step();
        step();
        seedNow(ROOT_GROUP, "first");
        vm.snapshotGasLastCall(GROUPS, "postSeed, first of 7 of 10");
        seedNow(ROOT_GROUP, "second");
        vm.snapshotGasLastCall(GROUPS, "postSeed, 7 of 10");
        uint256[] memory nodes = groups.members(ROOT_GROUP);
        nodes[9] = node;
        bytes32 digest = groups.handoverDigest(nodes, "state", ROOT_GROUP, 1);
        groups.handover(nodes, "state", certify(digest, ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "handover, 1 of 10 replaced");
        remember(ROOT_GROUP);
        nodes = LibSort.union(groups.members(ROOT_GROUP), joiners(10));
        digest = groups.splitDigest(nodes, 2, "state", ROOT_GROUP, 2);
        groups.split(nodes, 2, "state", certify(digest, ROOT_GROUP));
        vm.snapshotGasLastCall(GROUPS, "split, 10 and 10 new");
        groups.exposureStake(2);
        vm.snapshotGasLastCall(GROUPS, "exposureStake, 10");
    }

    function test_firstSeedAfter() public {
        for (uint256 i = 0; i < 64; ++i) {
            step();
            seedNow(ROOT_GROUP, bytes32(i + 1));
        }
        groups.firstSeedAfter(ROOT_GROUP, uint64(block.number - 30));
        vm.snapshotGasLastCall(GROUPS, "firstSeedAfter, 64 seeds");
    }

    function test_anchor() public {
        bytes32 chain = "chain";
        coin.mint(address(this), 2 * STORAGE_RENT);
        coin.approve(address(anchors), 2 * STORAGE_RENT);
        anchors.payRent(chain, address(coin), STORAGE_RENT);
        vm.snapshotGasLastCall(ANCHOR, "payRent, first");
        anchors.payRent(chain, address(coin), STORAGE_RENT);
        vm.snapshotGasLastCall(ANCHOR, "payRent");
        uint256[] memory members = new uint256[](6);
        for (uint256 i = 0; i < 6; ++i) {
            members[i] = newNode(CREATOR | WITNESS);
            stakeFor(members[i], i == 0 ? CREATOR : WITNESS, 1);
        }
        Genesis memory genesis = someGenesis(chain);
        genesis.membersHash = listHash(members);
        anchorIt(genesis);
        vm.snapshotGasLastCall(ANCHOR, "anchor, 7 of 10");
        anchors.seatMembers(chain, members);
        vm.snapshotGasLastCall(ANCHOR, "seatMembers, 6");
        GroupChange memory change = nextChange(chain, new uint256[](0));
        anchors.changeGroup(change, certifyChange(change));
        vm.snapshotGasLastCall(ANCHOR, "changeGroup, 7 of 10");
        anchors.releaseMembers(chain, members);
        vm.snapshotGasLastCall(ANCHOR, "releaseMembers, 6");
        vm.prank(boundWallet);
        anchors.setWallet(chain, address(1));
        vm.snapshotGasLastCall(ANCHOR, "setWallet");
    }

    /// @dev So many nodes that ask for a seat, and a seed that places them.
    function joiners(uint256 count) private returns (uint256[] memory nodes) {
        nodes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = newArchiveNode(1);
            join(nodes[i]);
        }
        step();
        step();
        seedNow(ROOT_GROUP, keccak256(abi.encode("seed", groups.seedCount(ROOT_GROUP))));
    }
}
