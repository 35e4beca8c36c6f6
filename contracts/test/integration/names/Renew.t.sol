// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, NameRecord, NamesBase} from "./NamesBase.sol";

contract RenewTest is NamesBase {
    uint256 internal id;
    uint64 internal expiresAt;

    function setUp() public override {
        super.setUp();
        id = register(LABEL);
        expiresAt = uint64(block.timestamp + YEAR);
    }

    function test_refusesWhatIsNotALabel() public {
        vm.expectRevert(abi.encodeWithSelector(INames.LabelInvalid.selector, "Bobo", 0));
        names.renew("Bobo", 1, FEE);
    }

    function test_refusesATermOutOfBounds() public {
        vm.expectRevert(abi.encodeWithSelector(INames.TermInvalid.selector, 0, 10));
        renew(0);
        vm.expectRevert(abi.encodeWithSelector(INames.TermInvalid.selector, 11, 10));
        renew(11);
    }

    /// @dev Somebody pays for too long a time: nobody could ever have the name again.
    function test_refusesMoreThanTenYearsAhead() public {
        uint256 latest = block.timestamp + 10 * YEAR;
        vm.expectRevert(abi.encodeWithSelector(INames.TermTooLong.selector, expiresAt + 10 * YEAR, latest));
        renew(10);
        renew(9);
        vm.expectRevert(abi.encodeWithSelector(INames.TermTooLong.selector, latest + YEAR, latest));
        renew(1);
    }

    function test_refusesANameThatIsFree() public {
        vm.expectRevert(abi.encodeWithSelector(INames.NameFree.selector, idOf("nobody")));
        names.renew("nobody", 1, FEE);
        vm.warp(expiresAt + GRACE + 1);
        vm.expectRevert(abi.encodeWithSelector(INames.NameFree.selector, id));
        renew(1);
    }

    function test_refusesAFeeAboveTheLimit() public {
        vm.expectRevert(abi.encodeWithSelector(INames.FeeTooHigh.selector, 2 * FEE, 2 * FEE - 1));
        vm.prank(agent);
        names.renew(LABEL, 2, 2 * FEE - 1);
    }

    function testFuzz_addsYears(uint32 term, uint256 time) public {
        term = uint32(bound(term, 1, 9));
        vm.warp(bound(time, block.timestamp, expiresAt + GRACE));
        uint256 before = token.totalSupply();
        uint64 later = uint64(expiresAt + term * YEAR);
        vm.expectEmit(address(names));
        emit INames.NameRenewed(id, later, agent, term * FEE);
        renew(term);
        assertEq(names.recordOf(LABEL).expiresAt, later);
        assertEq(before - token.totalSupply(), term * FEE);
        assertEq(names.ownerOf(id), owner);
        assertEq(names.resolve(LABEL), wallet);
    }

    function test_paysTheIncomePool() public {
        burnFees(false);
        renew(3);
        assertEq(rewards.pool(address(token)), 3 * FEE);
    }

    /// @dev Between the last paid second and the last one of grace, there is nothing but renewing.
    function test_aLapsedNameDoesNothing() public {
        vm.warp(expiresAt);
        assertEq(names.resolve(LABEL), wallet);
        assertEq(names.ownerOf(id), owner);
        skip(1);
        assertEq(names.resolve(LABEL), address(0));
        assertFalse(names.isFree(LABEL));
        vm.expectRevert(nonexistent(id));
        names.ownerOf(id);
        vm.expectRevert(nonexistent(id));
        names.getApproved(id);
        vm.expectRevert(nonexistent(id));
        names.tokenURI(id);
        vm.startPrank(owner);
        vm.expectRevert(nonexistent(id));
        names.transferFrom(owner, stranger, id);
        vm.expectRevert(nonexistent(id));
        names.approve(stranger, id);
        vm.expectRevert(nonexistent(id));
        names.setWallet(LABEL, stranger);
        vm.stopPrank();
        NameRecord memory record = names.recordOf(LABEL);
        assertEq(record.owner, address(0));
        assertEq(record.wallet, address(0));
        assertEq(record.expiresAt, expiresAt);

        vm.warp(expiresAt + GRACE);
        assertFalse(names.isFree(LABEL));
        renew(1);
        assertEq(names.ownerOf(id), owner);
        assertEq(names.balanceOf(owner), 1);
    }

    function renew(uint32 term) private {
        vm.prank(agent);
        names.renew(LABEL, term, type(uint256).max);
    }
}
