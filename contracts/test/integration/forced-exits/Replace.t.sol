// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../../src/interfaces/IArchiveGroups.sol";
import {Exit, ICash} from "../../../src/interfaces/ICash.sol";
import {Certificate, ForcedBase, Header, IForcedExits, Leaf, Settlement} from "./ForcedBase.sol";

contract ReplaceTest is ForcedBase {
    Leaf[] internal early;

    /// @dev Alice opens with height 15, where all was still hers.
    function setUp() public override {
        super.setUp();
        early.push(account(alice, 90 * DOLLAR * PICO));
        open(alice, headerAt(15, early), early);
    }

    function expectRefused(Header memory header, bytes memory refusal) private {
        Certificate memory certificate = certify(header);
        vm.prank(watcher);
        vm.expectRevert(refusal);
        forcedExits.replace(header, certificate, leaves);
    }

    function test_RevertWhen_notOpen() public {
        Header memory header = headerAt(20, leaves);
        header.note = 2;
        expectRefused(header, abi.encodeWithSelector(IForcedExits.NotOpen.selector, 2));
    }

    function test_RevertWhen_notHigher() public {
        expectRefused(headerAt(15, leaves), abi.encodeWithSelector(IForcedExits.NotHigher.selector, 15, 15));
        expectRefused(headerAt(14, leaves), abi.encodeWithSelector(IForcedExits.NotHigher.selector, 15, 14));
    }

    function test_RevertWhen_challengeIsOver() public {
        uint256 until = block.timestamp + 7 days;
        vm.warp(until);
        expectRefused(headerAt(20, leaves), abi.encodeWithSelector(IForcedExits.TooLate.selector, until));
    }

    function test_RevertWhen_notCertified() public {
        Header memory header = headerAt(20, leaves);
        Certificate memory certificate = certify(header);
        header.height = 21;
        vm.prank(watcher);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        forcedExits.replace(header, certificate, leaves);
    }

    function test_theHigherHeaderTakesThePlaceAndTheBond() public {
        uint256 openedAt = block.timestamp;
        vm.warp(openedAt + 7 days - 1);
        uint256 before = usd6.balanceOf(watcher);
        replace(watcher, headerAt(20, leaves), leaves);
        Settlement memory chosen = forcedExits.settlement(1);
        assertEq(chosen.height, 20);
        assertEq(chosen.leavesRoot, forcedExits.rootOf(leaves));
        assertEq(chosen.bonder, watcher);
        assertEq(chosen.leaves, 4);
        assertEq(chosen.openedAt, openedAt);
        assertEq(chosen.dust, 5 * DOLLAR);

        vm.warp(openedAt + 7 days);
        vm.expectEmit(address(forcedExits));
        emit IForcedExits.BondReturned(1, watcher, 5 * DOLLAR);
        forcedExits.returnBond(1);
        assertEq(usd6.balanceOf(watcher) - before, 5 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NothingToPay.selector, 1, 0));
        forcedExits.returnBond(1);
    }

    /// @dev The old list proves nothing any more.
    function test_onlyTheChosenLeavesArePaid() public {
        replace(watcher, headerAt(20, leaves), leaves);
        passChallenge();
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.ProofInvalid.selector, 1, 0));
        forcedExits.claim(1, 0, early[0], new bytes32[](0));
        claim(0);
    }

    function test_exitsAreRefusedAboveTheChosenHeightOnly() public {
        Exit memory exit_ = exitOf(1, 1, 15 * DOLLAR);
        exit_.height = 16;
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(abi.encodeWithSelector(ICash.HeightTooHigh.selector, 1, 15, 16));
        cash.exit(exit_, certificate);
        replace(watcher, headerAt(20, leaves), leaves);
        cash.exit(exit_, certificate);
    }

    function test_withoutAChallengeTheBondGoesBack() public {
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.TooEarly.selector, block.timestamp + 7 days));
        forcedExits.returnBond(1);
        passChallenge();
        uint256 before = usd6.balanceOf(alice);
        forcedExits.returnBond(1);
        assertEq(usd6.balanceOf(alice) - before, 5 * DOLLAR);
    }

    /// @dev Whoever sat in an epoch that is over may sign any height by now. The present epoch's word stands above.
    function test_aNewerEpochStandsAboveAnyHeight() public {
        Header memory forged = headerAt(type(uint64).max, early);
        Certificate memory old = certify(forged);
        handover(1, groups.members(1));
        forcedExits.replace(forged, old, early);
        assertEq(forcedExits.settlement(1).height, type(uint64).max);
        replace(watcher, headerAt(20, leaves), leaves);
        assertEq(forcedExits.settlement(1).height, 20);
        vm.expectRevert(abi.encodeWithSelector(IForcedExits.NotNewer.selector, 2, 1));
        forcedExits.replace(forged, old, early);
        passChallenge();
        claim(0);
    }
}
