// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {Exit, ICash, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {FeeOnTransfer} from "../../mocks/Stablecoins.sol";
import {Certificate, ForcedBase, Header, IForcedExits, Leaf, Settlement} from "./ForcedBase.sol";

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

    function test_RevertWhen_noteIsNotLive() public {
        issue(2, usd6, DOLLAR);
        Header memory header = headerAt(20, leaves);
        (header.note, header.series) = (2, 0);
        leaves[0].amount = 0;
        while (leaves.length > 1) leaves.pop();
        header.leavesRoot = headerAt(20, leaves).leavesRoot;
        expectRefused(
            header, leaves, abi.encodeWithSelector(ICash.StatusWrong.selector, 2, NoteStatus.Minted)
        );
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
}
