// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CashBase, ICash} from "./CashBase.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @dev The NFT, which moves by the pool's hand alone.
contract NoteTest is CashBase {
    function setUp() public override {
        super.setUp();
        live(1, usd6, DOLLAR);
    }

    function expectOnlyPool(address caller) private {
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICash.Unauthorized.selector, all.cashPool, caller));
    }

    function test_RevertWhen_ownerTransfers() public {
        expectOnlyPool(buyer);
        cash.transferFrom(buyer, alice, 1);
        expectOnlyPool(buyer);
        cash.safeTransferFrom(buyer, alice, 1);
        expectOnlyPool(buyer);
        cash.safeTransferFrom(buyer, alice, 1, "");
    }

    function test_RevertWhen_anybodyElseTransfers(address caller) public {
        vm.assume(caller != all.cashPool && caller != address(0));
        expectOnlyPool(caller);
        cash.transferFrom(buyer, caller, 1);
    }

    function test_RevertWhen_approving() public {
        expectOnlyPool(buyer);
        cash.approve(alice, 1);
        expectOnlyPool(buyer);
        cash.setApprovalForAll(alice, true);
    }

    function test_RevertWhen_thePoolNamesTheWrongOwner() public {
        vm.prank(all.cashPool);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721IncorrectOwner.selector, alice, 1, buyer));
        cash.transferFrom(alice, all.cashPool, 1);
    }

    function test_thePoolTakesAndGives() public {
        pool(1);
        assertEq(cash.ownerOf(1), all.cashPool);
        vm.prank(all.cashPool);
        cash.transferFrom(all.cashPool, alice, 1);
        assertEq(cash.ownerOf(1), alice);
        assertEq(cash.balanceOf(alice), 1);
        assertEq(cash.balanceOf(buyer), 0);
    }

    /// @dev Whoever has the NFT, the money is of the accounts on the note's chain.
    function test_carriesNoClaim() public {
        pool(1);
        withdraw(1, 0, DOLLAR / 2);
        assertEq(usd6.balanceOf(alice), 499_000);
        assertEq(usd6.balanceOf(all.cashPool), 0);
    }

    function test_describesItself() public {
        assertEq(cash.name(), "CoNETCash");
        assertEq(cash.tokenURI(1), "");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 2));
        cash.tokenURI(2);
        assertTrue(cash.supportsInterface(type(IERC721).interfaceId));
        assertEq(cash.chainOf(1), keccak256(abi.encode(block.chainid, address(cash), uint256(1))));
    }
}
