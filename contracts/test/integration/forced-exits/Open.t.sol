// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {Exit, ICash, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {FeeOnTransfer} from "../../mocks/Stablecoins.sol";
import {Certificate, Consent, ForcedBase, Header, IForcedExits, Leaf, Settlement} from "./ForcedBase.sol";

contract ForcedOpenTest is ForcedBase {
    function expectRefused(Header memory header, Leaf[] memory list, bytes memory refusal) private {
        Certificate memory certificate = certify(header);
        vm.prank(alice);
        vm.expectRevert(refusal);
        forcedExits.open(header, certificate, list);
    }

    // --- refused ---

    function test_RevertWhen_seriesDiffers() public {
        Header memory header = headerAt(20, leaves);
        header.series = 2;
        expectRefused(header, leaves, abi.encodeWithSelector(IForcedExits.SeriesDiffers.selector, 1, 1, 2));
    }

    /// @dev Before its genesis nobody owns anything in it.
    function test_RevertWhen_noteIsNotLive() public {
        issue(2, usd6, DOLLAR);
        Header memory header = headerAt(20, leaves);
        (header.note, header.series) = (2, 0);
        leaves[0].amount = 0;
        while (leaves.length > 1) leaves.pop();
        header.leavesRoot = headerAt(20, leaves).leavesRoot;
        expectRefused(header, leaves, abi.encodeWithSelector(IForcedExits.NotHolder.selector, 2, alice));
    }

    function test_RevertWhen_leavesAreNoneOrTooMany() public {
        Leaf[] memory many = new Leaf[](257);
        expectRefused(
            headerAt(20, many), many, abi.encodeWithSelector(IForcedExits.LeafCountWrong.selector, 256, 257)
        );
        expectRefused(
            headerAt(20, many),
            new Leaf[](0),
            abi.encodeWithSelector(IForcedExits.LeafCountWrong.selector, 256, 0)
        );
    }

    /// @dev Every leaf, every field and their order are in the root.
    function test_RevertWhen_leavesAreOthers(uint8 what) public {
        Header memory header = headerAt(20, leaves);
        what %= 8;
        if (what == 0) leaves.pop();
        if (what == 1) (leaves[0], leaves[3]) = (leaves[3], leaves[0]);
        if (what == 2) leaves[0].amount -= 1;
        if (what == 3) leaves[0].account = bob;
        if (what == 4) leaves[1].payee = carol;
        if (what == 5) leaves[1].claimed = 0;
        if (what == 6) leaves[1].lockId = "";
        if (what == 7) leaves[2].withdrawal = 0;
        bytes32 root = headerAt(20, leaves).leavesRoot;
        expectRefused(
            header, leaves, abi.encodeWithSelector(IForcedExits.RootDiffers.selector, header.leavesRoot, root)
        );
    }

    function test_RevertWhen_leavesExceedWhatIsLive() public {
        leaves[0].amount = 55 * DOLLAR * PICO - PICO / 2 + 1;
        uint256 most = 90 * DOLLAR * PICO;
        expectRefused(
            headerAt(20, leaves),
            leaves,
            abi.encodeWithSelector(IForcedExits.LeavesExceedLive.selector, most, most + 1)
        );
    }

    function test_RevertWhen_anExitWasPaidAbove() public {
        expectRefused(
            headerAt(9, leaves), leaves, abi.encodeWithSelector(ICash.HeightTooLow.selector, 1, 10, 9)
        );
    }

    function test_RevertWhen_headerIsNotCertified() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        header.height = 21;
        vm.startPrank(alice);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        forcedExits.open(header, certificate, leaves);
        header.height = 20;
        header.blockHash = "other";
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        forcedExits.open(header, certificate, leaves);
    }

    function test_RevertWhen_certificateIsForAnotherChain() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        vm.chainId(block.chainid + 1);
        vm.prank(alice);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        forcedExits.open(header, certificate, leaves);
    }

    function test_RevertWhen_bondIsNotApproved() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        vm.prank(bob);
        vm.expectRevert();
        forcedExits.open(header, certificate, leaves);
    }

    function test_RevertWhen_openAlready() public {
        open();
        expectRefused(
            headerAt(21, leaves), leaves, abi.encodeWithSelector(IForcedExits.AlreadyOpen.selector, 1)
        );
    }

    // --- opened ---

    function test_takesTheBondAndStopsLaterExits() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        uint256 before = usd6.balanceOf(alice);
        vm.expectEmit(address(forcedExits));
        emit IForcedExits.HeaderChosen(1, 20, alice, header.blockHash, header.leavesRoot, 4);
        vm.prank(alice);
        forcedExits.open(header, certificate, leaves);

        assertEq(before - usd6.balanceOf(alice), 5 * DOLLAR);
        assertEq(usd6.balanceOf(address(forcedExits)), 5 * DOLLAR);
        Settlement memory chosen = forcedExits.settlement(1);
        assertEq(chosen.leavesRoot, forcedExits.rootOf(leaves));
        assertEq(chosen.height, 20);
        assertEq(chosen.openedAt, block.timestamp);
        assertEq(chosen.leaves, 4);
        assertEq(chosen.dust, 5 * DOLLAR);
        assertEq(chosen.bonder, alice);
        assertEq(uint8(cash.note(1).status), uint8(NoteStatus.Settling));

        Exit memory exit_ = exitOf(1, 1, 15 * DOLLAR);
        exit_.height = 21;
        certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.HeightTooHigh.selector, 1, 20, 21));
        cash.exit(exit_, certificate);
        exit_.height = 20;
        pay(exit_);
    }

    /// @dev A withdrawal that was paid is still in the list of a block that did not know.
    function test_doesNotCountWithdrawalsThatWerePaid() public {
        leaves[0].amount += 5 * DOLLAR * PICO - PICO;
        withdraw(1, 1, 15 * DOLLAR);
        open();
        assertEq(forcedExits.settlement(1).dust, 1);
    }

    /// @dev All shapes of the tree: the contract's root is the one made the slow way.
    function testFuzz_rootIsTheTrees(uint8 count, uint64 seed) public view {
        Leaf[] memory list = new Leaf[](uint256(count) + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = account(alice, uint64(uint256(keccak256(abi.encode(seed, i)))));
        }
        assertEq(forcedExits.rootOf(list), headerAt(1, list).leavesRoot);
    }

    function test_rootOfNothingIsZero() public view {
        assertEq(forcedExits.rootOf(new Leaf[](0)), bytes32(0));
    }

    // --- who may ---

    function test_RevertWhen_openedByWhoOwnsNothing() public {
        address stranger = makeAddr("stranger");
        approveBond(stranger);
        expectNotHolder(stranger);
        // Half a micro-dollar is nothing.
        expectNotHolder(watcher);
    }

    function test_payeesAndRecipientsMayOpen() public {
        address[3] memory holders = [bob, carol, peter];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 before = vm.snapshotState();
            approveBond(holders[i]);
            open(holders[i], headerAt(20, leaves), leaves);
            assertEq(forcedExits.settlement(1).bonder, holders[i]);
            vm.revertToState(before);
        }
    }

    /// @dev Peter has no gas and no stablecoin: a watcher opens for him, and gets its bond back.
    function test_opensForWhoSigned() public {
        openFor(peter, block.timestamp, sign_(peterKey, 1, block.timestamp), "");
        assertEq(forcedExits.settlement(1).bonder, watcher);
        passChallenge();
        uint256 before = usd6.balanceOf(watcher);
        forcedExits.returnBond(1);
        assertEq(usd6.balanceOf(watcher) - before, 5 * DOLLAR);
    }

    function test_RevertWhen_consentIsWrong() public {
        uint256 deadline = block.timestamp + 1;
        bytes memory problem = abi.encodeWithSelector(IForcedExits.ConsentInvalid.selector, alice);
        openFor(alice, deadline, sign_(peterKey, 1, deadline), problem);
        problem = abi.encodeWithSelector(IForcedExits.ConsentInvalid.selector, peter);
        openFor(peter, deadline, sign_(peterKey, 2, deadline), problem);
        openFor(peter, deadline + 1, sign_(peterKey, 1, deadline), problem);
        problem = abi.encodeWithSelector(IForcedExits.TooLate.selector, block.timestamp - 1);
        openFor(peter, block.timestamp - 1, sign_(peterKey, 1, block.timestamp - 1), problem);
        // Who signed owns nothing.
        (address stranger, uint256 key) = makeAddrAndKey("stranger");
        problem = abi.encodeWithSelector(IForcedExits.NotHolder.selector, 1, stranger);
        openFor(stranger, deadline, sign_(key, 1, deadline), problem);
        // What recovers to nobody is not the missing payee of an account.
        problem = abi.encodeWithSelector(IForcedExits.ConsentInvalid.selector, address(0));
        openFor(address(0), deadline, "", problem);
    }

    // --- epochs ---

    function test_headersOfAnEpochThatIsOverCountForTwoWeeks() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory old = certify(header);
        handover(1, groups.members(1));
        handover(1, groups.members(1));
        skip(14 days - 1);
        uint256 before = vm.snapshotState();
        vm.prank(alice);
        forcedExits.open(header, old, leaves);
        vm.revertToState(before);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, 1, 1, 3));
        vm.prank(alice);
        forcedExits.open(header, old, leaves);
    }

    function test_RevertWhen_theEpochNeverWas() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory none = certify(header);
        uint64[2] memory epochs = [uint64(0), 2];
        for (uint256 i = 0; i < 2; ++i) {
            none.epoch = epochs[i];
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, 1, epochs[i], 1));
            vm.prank(alice);
            forcedExits.open(header, none, leaves);
        }
    }

    function expectNotHolder(address who) private {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NotHolder.selector, 1, who));
        vm.prank(who);
        forcedExits.open(header, certificate, leaves);
    }

    function sign_(uint256 key, uint256 note, uint256 deadline) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, forcedExits.consentDigest(note, 1, deadline));
        return abi.encodePacked(r, s, v);
    }

    function openFor(address holder, uint256 deadline, bytes memory signature, bytes memory problem) private {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        if (problem.length != 0) vm.expectRevert(problem);
        vm.prank(watcher);
        forcedExits.openFor(header, certificate, leaves, Consent(holder, deadline, signature));
    }
}
