// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, IWalletSigned, NameRecord, NamesBase} from "./NamesBase.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

contract NameViewsTest is NamesBase {
    function test_refusesALargePage() public {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        names.namesOf(owner, 0, 101);
    }

    function test_refusesWhatIsNotALabel() public {
        bytes memory refusal = abi.encodeWithSelector(INames.LabelInvalid.selector, "a_b", 1);
        vm.expectRevert(refusal);
        names.recordOf("a_b");
        vm.expectRevert(refusal);
        names.isFree("a_b");
        vm.expectRevert(refusal);
        names.feeOf("a_b", 1);
        vm.expectRevert(refusal);
        names.idOf("a_b");
        assertEq(names.resolve("a_b"), address(0));
    }

    function test_showsWhatIsFree() public view {
        NameRecord memory record = names.recordOf(LABEL);
        assertEq(record.id, idOf(LABEL));
        assertEq(record.label, LABEL);
        assertEq(record.owner, address(0));
        assertEq(record.expiresAt, 0);
        assertTrue(names.isFree(LABEL));
    }

    function test_feesAreThoseOfTheParameters() public {
        assertEq(names.feeOf("abc", 2), 2 * parameters.nameFee(3));
        assertEq(names.feeOf("abcd", 1), FEE);
        assertEq(names.feeOf("abcdefghijklmnopqrstuvwxyz012345", 10), 10 * parameters.nameFee(5));
        vm.prank(all.timelock);
        parameters.setNameFee(3, 7e18);
        assertEq(names.feeOf("abc", 2), 14e18);
    }

    function testFuzz_pages(uint256 offset, uint256 limit) public {
        string[5] memory labels = ["one", "two", "three", "four", "five"];
        for (uint256 i = 0; i < 5; ++i) {
            register(labels[i]);
        }
        offset = bound(offset, 0, 7);
        limit = bound(limit, 0, 100);
        NameRecord[] memory page = names.namesOf(owner, offset, limit);
        uint256 rest = offset > 5 ? 0 : 5 - offset;
        assertEq(page.length, limit < rest ? limit : rest);
        for (uint256 i = 0; i < page.length; ++i) {
            assertEq(page[i].label, labels[offset + i]);
            assertEq(page[i].owner, owner);
            assertEq(page[i].wallet, wallet);
        }
        assertEq(names.namesOf(owner, type(uint256).max, 100).length, 0);
    }

    /// @dev What ran out is counted until it is registered again, and shown for what it is.
    function test_listsWhatRanOut() public {
        register(LABEL);
        skip(YEAR + GRACE + 1);
        NameRecord[] memory page = names.namesOf(owner, 0, 100);
        assertEq(page.length, 1);
        assertEq(names.balanceOf(owner), 1);
        assertEq(page[0].owner, address(0));
        assertEq(page[0].expiresAt, block.timestamp - GRACE - 1);
    }

    function test_isAnErc721() public view {
        assertTrue(names.supportsInterface(type(IERC721).interfaceId));
        assertEq(names.name(), "CoNET Name");
        assertEq(names.symbol(), "CNAME");
    }

    function test_constants() public view {
        assertEq(names.MIN_COMMITMENT_AGE(), 60);
        assertEq(names.MAX_COMMITMENT_AGE(), 1 days);
        assertEq(names.MAX_TERM(), 10);
        assertEq(names.YEAR(), YEAR);
        assertEq(names.GRACE(), GRACE);
    }
}
