// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {Exit} from "../../../src/interfaces/ICash.sol";
import {Genesis, GroupChange} from "../../../src/interfaces/IChainAnchor.sol";
import {Header, Leaf} from "../../../src/interfaces/IForcedExits.sol";
import {IRewards, Reward} from "../../../src/interfaces/IRewards.sol";
import {ISlasher, Offence, Overturn, Restitution, Verdict} from "../../../src/interfaces/ISlasher.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {WITNESS} from "../../../src/types/Roles.sol";
import {Vote} from "../../../src/types/Vote.sol";
import {StoryBase} from "./StoryBase.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @dev What one contract was told is worth nothing for another, and what was signed as one thing is worth nothing as
///      another.
contract DomainsStory is StoryBase {
    uint256 internal note;

    function setUp() public override {
        super.setUp();
        newIssuers(3, 500 ether);
        note = newNote(100 * DOLLAR);
    }

    /// @dev The names differ as well as the addresses: a contract on another chain id, or at an address that was
    ///      deployed to again, understands nothing of another's.
    function test_everyContractHasADomainOfItsOwn() public view {
        address[9] memory contracts = [
            all.archiveGroups,
            all.chainAnchor,
            all.cash,
            all.cashOrders,
            all.forcedExits,
            all.slasher,
            all.rewards,
            all.nodeRegistry,
            all.token
        ];
        for (uint256 i = 0; i < contracts.length; ++i) {
            (, string memory name,, uint256 chainId, address self,,) = IERC5267(contracts[i]).eip712Domain();
            assertEq(chainId, block.chainid);
            assertEq(self, contracts[i]);
            for (uint256 j = 0; j < i; ++j) {
                (, string memory other,,,,,) = IERC5267(contracts[j]).eip712Domain();
                assertNotEq(keccak256(bytes(name)), keccak256(bytes(other)), name);
            }
        }
    }

    /// @dev All that archive nodes certify, with every field as alike as it can be: zeros, and one group and epoch.
    function certified() internal view returns (bytes32[13] memory digests) {
        uint256[] memory none;
        Exit memory exit_;
        Header memory header;
        Genesis memory genesis;
        GroupChange memory change;
        Reward memory reward;
        Verdict memory verdict;
        ISlasher slasher = ISlasher(all.slasher);
        digests[0] = cash.exitDigest(exit_, 1, 1);
        digests[1] = cash.memberFeesDigest(none, new uint64[](0), address(0), 0, 0, 1, 1);
        digests[2] = forcedExits.headerDigest(header, 1, 1);
        digests[3] = anchors.genesisDigest(genesis, 1, 1);
        digests[4] = anchors.groupChangeDigest(change, 1, 1);
        digests[5] = IRewards(all.rewards).rewardDigest(reward, 1, 1);
        digests[6] = slasher.verdictDigest(verdict, 1, 1);
        digests[7] = slasher.overturnDigest(Overturn(0), 1, 1);
        digests[8] = slasher.restitutionDigest(Restitution(0, 0, 0), 1, 1);
        digests[9] = groups.seedDigest(0, 0, 0, 1, 1);
        digests[10] = groups.handoverDigest(none, 0, 1, 1);
        digests[11] = groups.splitDigest(none, 0, 0, 1, 1);
        // An archive node's wallet signs these all day.
        digests[12] = slasher.votesDigest(0);
    }

    function test_noTwoDigestsAreTheSame() public view {
        bytes32[13] memory digests = certified();
        for (uint256 i = 0; i < digests.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                assertNotEq(digests[i], digests[j]);
            }
        }
    }

    function expectInvalid() internal {
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
    }

    function test_anExitIsNoHeaderAndAHeaderNoExit() public {
        Exit memory exit_ = exitOf(note, 0, alice, DOLLAR);
        Leaf[] memory leaves = new Leaf[](1);
        leaves[0] = balanceLeaf(alice, 100 * DOLLAR * PICO);
        Header memory header = headerOf(note, 10, leaves);
        Certificate memory forExit = certifyExit(exit_, ROOT_GROUP);
        Certificate memory forHeader = certifyHeader(header, ROOT_GROUP);
        expectInvalid();
        cash.exit(exit_, forHeader);
        expectInvalid();
        vm.prank(alice);
        forcedExits.open(header, forExit, leaves);
    }

    function test_aGenesisIsNoGroupChange() public {
        Genesis memory genesis;
        genesis.chain = cash.chainOf(note);
        GroupChange memory change;
        (change.chain, change.series, change.change) = (genesis.chain, 1, 1);
        Certificate memory certificate = certify(anchors.genesisDigest(genesis, 1, 1), ROOT_GROUP);
        expectInvalid();
        anchors.changeGroup(change, certificate);
    }

    /// @dev An overturned case must not be what compensates, nor a verdict what overturns.
    function test_aVerdictIsNoFindingAndNoRestitution() public {
        ISlasher slasher = ISlasher(all.slasher);
        uint256 node = newNode(WITNESS);
        stakeFor(node, WITNESS, 1);
        Verdict memory verdict =
            Verdict(node, WITNESS, 1 ether, keccak256("chain"), 1, Offence.WrongRoot, address(0), "evidence");
        Certificate memory certificate = certify(slasher.overturnDigest(Overturn(1), 1, 1), ROOT_GROUP);
        expectInvalid();
        slasher.submitVerdict(verdict, certificate);
        certificate = certify(slasher.verdictDigest(verdict, 1, 1), ROOT_GROUP);
        uint256 id = slasher.submitVerdict(verdict, certificate);
        skip(7 days + 1);
        expectInvalid();
        slasher.restitute(Restitution(id, "root", 1 ether), certificate);
    }

    /// @dev The income pool's rewards and members' fees are distributions both.
    function test_memberFeesAreNoReward() public {
        usd6.mint(address(this), 100e6);
        usd6.approve(all.rewards, 100e6);
        IRewards(all.rewards).fund(address(usd6), 100e6);
        uint64 period = uint64(block.timestamp / 1 days) - 1;
        uint64[] memory amounts = new uint64[](1);
        amounts[0] = 1;
        bytes32 digest = cash.memberFeesDigest(list(note), amounts, address(usd6), "root", period, 1, 1);
        Certificate memory certificate = certify(digest, ROOT_GROUP);
        expectInvalid();
        IRewards(all.rewards).reward(Reward(address(usd6), period, "root", 1), certificate);
    }

    function test_aHandoverIsNoSplitAndASeedNeither() public {
        uint256[] memory nodes = groups.members(ROOT_GROUP);
        Certificate memory certificate = certify(groups.splitDigest(nodes, 0, "state", 1, 1), ROOT_GROUP);
        expectInvalid();
        groups.handover(nodes, "state", certificate);
        certificate = certify(groups.handoverDigest(nodes, "state", 1, 1), ROOT_GROUP);
        uint64 index = groups.seedCount(ROOT_GROUP);
        expectInvalid();
        groups.postSeed(index, "value", uint64(block.number - 1), certificate);
    }

    /// @dev What nodes sign about blocks is no certificate, even of the same bytes.
    function test_votesAreNoCertificate() public {
        Vote memory vote;
        Exit memory exit_ = exitOf(note, 0, alice, DOLLAR);
        Certificate memory certificate = certify(ISlasher(all.slasher).voteDigest(vote), ROOT_GROUP);
        expectInvalid();
        cash.exit(exit_, certificate);
        bytes32 batch = ISlasher(all.slasher).votesDigest(cash.exitDigest(exit_, 1, 1));
        certificate = certify(batch, ROOT_GROUP);
        expectInvalid();
        cash.exit(exit_, certificate);
    }
}
