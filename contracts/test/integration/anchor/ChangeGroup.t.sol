// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {
    Anchor,
    AnchorBase,
    Certificate,
    Genesis,
    GroupChange,
    IChainAnchor,
    ROOT_GROUP
} from "./AnchorBase.sol";

contract ChangeGroupTest is AnchorBase {
    bytes32 internal constant CHAIN = keccak256("chain");

    uint256[] internal none;
    uint256[] internal some = [3, 1, 2];

    function setUp() public override {
        super.setUp();
        anchorChain(CHAIN, none);
    }

    function test_refusesUnknownChains() public {
        GroupChange memory change = nextChange(CHAIN, some);
        change.chain = "unknown";
        // forge-lint: disable-next-line(unsafe-typecast)
        refuse(change, abi.encodeWithSelector(IChainAnchor.UnknownChain.selector, bytes32("unknown")));
    }

    function test_refusesOtherSeries() public {
        GroupChange memory change = nextChange(CHAIN, some);
        uint32[3] memory wrong = [0, 2, type(uint32).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            change.series = wrong[i];
            refuse(change, abi.encodeWithSelector(IChainAnchor.SeriesInvalid.selector, CHAIN, wrong[i], 1));
        }
    }

    function test_refusesToSkipOrRepeat() public {
        changeTo(CHAIN, some);
        GroupChange memory change = nextChange(CHAIN, none);
        uint64[4] memory wrong = [0, 1, 3, type(uint64).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            change.change = wrong[i];
            refuse(change, abi.encodeWithSelector(IChainAnchor.ChangeInvalid.selector, CHAIN, wrong[i], 2));
        }
    }

    function test_refusesToGoBack() public {
        GroupChange memory change = nextChange(CHAIN, some);
        change.height = 7;
        anchors.changeGroup(change, certifyChange(change));
        (change.change, change.height) = (2, 6);
        refuse(change, abi.encodeWithSelector(IChainAnchor.HeightInvalid.selector, CHAIN, 6, 7));
        change.height = 7;
        anchors.changeGroup(change, certifyChange(change));
    }

    function test_refusesAReplay() public {
        GroupChange memory change = nextChange(CHAIN, some);
        Certificate memory certificate = certifyChange(change);
        anchors.changeGroup(change, certificate);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.ChangeInvalid.selector, CHAIN, 1, 2));
        anchors.changeGroup(change, certificate);
    }

    /// @dev A change of the series before cannot be kept for the next one.
    function test_refusesAChangeOfTheSeriesBefore() public {
        Genesis memory genesis = noteGenesis(1);
        anchorIt(genesis);
        GroupChange memory change = nextChange(genesis.chain, some);
        Certificate memory certificate = certifyChange(change);
        genesis.series = 2;
        anchorIt(genesis);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.SeriesInvalid.selector, genesis.chain, 1, 2));
        anchors.changeGroup(change, certificate);
    }

    /// @dev Nor can a change of one chain be used for another.
    function test_refusesWhatWasNotCertified() public {
        anchorChain("other", none);
        for (uint256 field = 0; field < 3; ++field) {
            GroupChange memory change = nextChange(CHAIN, some);
            Certificate memory certificate = certifyChange(change);
            if (field == 0) change.chain = "other";
            if (field == 1) change.height += 1;
            if (field == 2) change.membersHash = listHash(none);
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
            anchors.changeGroup(change, certificate);
        }
    }

    /// @dev The quorum rule and everything else of the genesis stay.
    function test_changesMembersOnly() public {
        Anchor memory before = anchors.anchorOf(CHAIN);
        GroupChange memory change = nextChange(CHAIN, some);
        change.height = 9;
        Certificate memory certificate = certifyChange(change);
        vm.expectEmit(address(anchors));
        emit IChainAnchor.GroupChanged(CHAIN, 1, 1, 9, listHash(some));
        vm.prank(makeAddr("anyone"));
        anchors.changeGroup(change, certificate);
        (before.membersHash, before.groupChanges, before.groupHeight) = (listHash(some), 1, 9);
        assertEq(abi.encode(anchors.anchorOf(CHAIN)), abi.encode(before));
    }

    function testFuzz_countsAnyNumberOfChanges(uint8 count) public {
        for (uint256 i = 0; i < count % 16; ++i) {
            changeTo(CHAIN, i % 2 == 0 ? some : none);
        }
        assertEq(anchors.anchorOf(CHAIN).groupChanges, count % 16);
    }

    function refuse(GroupChange memory change, bytes memory reason) private {
        Certificate memory certificate = certifyChange(change);
        vm.expectRevert(reason);
        anchors.changeGroup(change, certificate);
    }
}
