// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CashBase, ICash, NoteStatus} from "./CashBase.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract CancelTest is CashBase {
    function test_RevertWhen_callerIsNotOrders(address caller) public {
        vm.assume(caller != all.cashOrders);
        issue(1, usd6, DOLLAR);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICash.Unauthorized.selector, all.cashOrders, caller));
        cash.cancel(1);
    }

    function test_RevertWhen_nothingIsPending() public {
        live(1, usd6, DOLLAR);
        vm.startPrank(all.cashOrders);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, 1));
        cash.cancel(1);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, 2));
        cash.cancel(2);
    }

    function test_undoesANewNote() public {
        uint256 supply = token.totalSupply();
        issue(1, usd18, 10 * DOLLAR);
        vm.expectEmit(address(cash));
        emit ICash.Cancelled(1, 10 * DOLLAR, issuer, 20e18);
        vm.prank(all.cashOrders);
        cash.cancel(1);
        assertEq(usd18.balanceOf(all.cashOrders), 10e18);
        assertEq(usd18.balanceOf(address(cash)), 0);
        assertEq(token.balanceOf(issuer), 20e18);
        assertEq(token.totalSupply(), supply);
        assertEq(cash.liveInGroup(1), 0);
        assertEq(uint8(cash.note(1).status), uint8(NoteStatus.None));
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        cash.ownerOf(1);

        vm.prank(all.chainAnchor);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, 1));
        cash.open(1, 1, 10 * DOLLAR, 0, 1);
    }

    function test_leavesAPooledNoteAsItWas() public {
        live(1, usd6, 10 * DOLLAR);
        withdraw(1, 0, 6 * DOLLAR);
        pool(1);
        issue(1, usd6, 5 * DOLLAR);
        vm.prank(all.cashOrders);
        cash.cancel(1);
        assertEq(usd6.balanceOf(all.cashOrders), 5e6);
        assertEq(cash.live(1), 4 * DOLLAR);
        assertEq(cash.liveInGroup(1), 4 * DOLLAR);
        assertEq(cash.note(1).series, 1);
        assertEq(cash.note(1).burnOutstanding, 20e18);
        assertEq(cash.ownerOf(1), all.cashPool);
        withdraw(1, 1, DOLLAR);
        issue(1, usd6, 5 * DOLLAR);
        open(1, 2, 5 * DOLLAR, 3 * DOLLAR);
        assertVault(usd6, one(1));
    }

    /// @dev A buyer and an issuer get their money back even when a forced exit took the note.
    function test_undoesAResaleUnderSettlement() public {
        live(1, usd6, 10 * DOLLAR);
        withdraw(1, 0, 6 * DOLLAR);
        pool(1);
        issue(1, usd6, 5 * DOLLAR);
        vm.prank(all.forcedExits);
        cash.settle(1, 10);
        vm.prank(all.cashOrders);
        cash.cancel(1);
        assertEq(usd6.balanceOf(all.cashOrders), 5e6);
        assertVault(usd6, one(1));
    }
}
