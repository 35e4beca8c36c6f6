// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PendingSeries} from "../../../src/interfaces/ICash.sol";
import {FeeOnTransfer, Stablecoin} from "../../mocks/Stablecoins.sol";
import {CashBase, ICash, Note, NoteStatus} from "./CashBase.sol";

contract IssueTest is CashBase {
    uint256 internal constant BURN = 200e18;

    /// @dev Funds, then expects `revertData` of an issue that is otherwise right.
    function expectRefused(uint256 id, Stablecoin coin, uint64 deposit, uint256 burn, bytes memory revertData)
        private
    {
        fund(coin, deposit);
        if (burn != 0) require(token.transfer(address(cash), burn));
        vm.prank(all.cashOrders);
        vm.expectRevert(revertData);
        cash.issue(id, address(coin), deposit, buyer, ISSUER_NODE, issuer, burn);
    }

    // --- refused ---

    function test_RevertWhen_callerIsNotOrders(address caller) public {
        vm.assume(caller != all.cashOrders);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICash.Unauthorized.selector, all.cashOrders, caller));
        cash.issue(1, address(usd6), DOLLAR, buyer, ISSUER_NODE, issuer, BURN);
    }

    function test_RevertWhen_mintingIsPaused() public {
        vm.prank(guardian);
        parameters.pauseMinting();
        expectRefused(1, usd6, DOLLAR, BURN, abi.encodeWithSelector(ICash.MintingPaused.selector));
    }

    function test_RevertWhen_priceIsInvalid() public {
        priceSource.set(0);
        expectRefused(1, usd6, DOLLAR, BURN, abi.encodeWithSelector(ICash.PriceInvalid.selector));
        vm.expectRevert(ICash.PriceInvalid.selector);
        cash.burnFor(1, DOLLAR);
    }

    function test_RevertWhen_stablecoinIsNotApproved() public {
        Stablecoin other = new Stablecoin("OTHER", 6);
        bytes memory refusal = abi.encodeWithSelector(ICash.StablecoinNotApproved.selector, other);
        expectRefused(1, other, DOLLAR, BURN, refusal);
    }

    function test_RevertWhen_stablecoinWasRemoved() public {
        vm.prank(all.timelock);
        parameters.removeStablecoin(address(usd6));
        bytes memory refusal = abi.encodeWithSelector(ICash.StablecoinNotApproved.selector, usd6);
        expectRefused(1, usd6, DOLLAR, BURN, refusal);
    }

    /// @dev `Parameters` accepts powers of ten only; this does not rely on it.
    function test_RevertWhen_scaleIsNoPowerOfTen(uint256 scale) public {
        scale = bound(scale, 11, 99);
        vm.mockCall(
            all.parameters, abi.encodeCall(parameters.stablecoinScale, address(usd6)), abi.encode(scale)
        );
        bytes memory refusal = abi.encodeWithSelector(ICash.StablecoinNotApproved.selector, usd6);
        expectRefused(1, usd6, DOLLAR, BURN, refusal);
    }

    function test_RevertWhen_stablecoinTakesAFee() public {
        FeeOnTransfer fee = new FeeOnTransfer(6);
        vm.prank(all.timelock);
        parameters.approveStablecoin(address(fee));
        expectRefused(1, fee, 100, BURN, abi.encodeWithSelector(ICash.DeliveryInexact.selector, 100, 99));
    }

    function test_RevertWhen_stablecoinHasFewDecimals() public {
        Stablecoin five = new Stablecoin("FIVE", 5);
        vm.prank(all.timelock);
        vm.expectRevert();
        parameters.approveStablecoin(address(five));
    }

    function test_RevertWhen_depositIsZero() public {
        expectRefused(1, usd6, 0, BURN, abi.encodeWithSelector(ICash.AmountZero.selector));
    }

    function test_RevertWhen_faceIsTooHigh() public {
        uint64 deposit = 100 * DOLLAR + 1;
        bytes memory refusal =
            abi.encodeWithSelector(ICash.FaceExceeded.selector, cash.MAX_FACE(), uint256(deposit));
        expectRefused(1, usd6, deposit, 201e18, refusal);
    }

    function test_RevertWhen_burnIsTooSmall() public {
        expectRefused(
            1,
            usd6,
            100 * DOLLAR,
            BURN - 1,
            abi.encodeWithSelector(ICash.BurnTooSmall.selector, BURN, BURN - 1)
        );
    }

    function test_RevertWhen_burnDidNotArrive() public {
        fund(usd6, 100 * DOLLAR);
        vm.prank(all.cashOrders);
        vm.expectRevert();
        cash.issue(1, address(usd6), 100 * DOLLAR, buyer, ISSUER_NODE, issuer, BURN);
    }

    function test_RevertWhen_groupHoldsMoreThanItsStake() public {
        uint256 most = groups.exposureStake(1) * 0.1e8 / 1e20;
        for (uint256 id = 1; id <= most / (100 * DOLLAR); ++id) {
            issue(id, usd6, 100 * DOLLAR);
        }
        uint64 rest = uint64(most % (100 * DOLLAR));
        if (rest != 0) issue(1000, usd6, rest);
        assertEq(cash.liveInGroup(1), most);
        bytes memory refusal = abi.encodeWithSelector(ICash.ExposureExceeded.selector, 1, most, most + 1);
        expectRefused(1001, usd6, 1, BURN, refusal);
    }

    function test_RevertWhen_noteIsPendingOrLiveOutsideThePool() public {
        issue(1, usd6, DOLLAR);
        expectRefused(
            1, usd6, DOLLAR, BURN, abi.encodeWithSelector(ICash.StatusWrong.selector, 1, NoteStatus.Minted)
        );
        open(1, 1, DOLLAR, 0);
        withdraw(1, 0, DOLLAR);
        expectRefused(1, usd6, DOLLAR, BURN, abi.encodeWithSelector(ICash.NotInPool.selector, 1));
    }

    function test_RevertWhen_pooledNoteIsOfAnotherCoin() public {
        live(1, usd6, DOLLAR);
        pool(1);
        bytes memory refusal = abi.encodeWithSelector(ICash.StablecoinDiffers.selector, usd6, usd18);
        expectRefused(1, usd18, DOLLAR, BURN, refusal);
    }

    function test_RevertWhen_pooledNoteWouldExceedItsFace() public {
        live(1, usd6, 10 * DOLLAR);
        withdraw(1, 0, 4 * DOLLAR);
        pool(1);
        bytes memory refusal =
            abi.encodeWithSelector(ICash.FaceExceeded.selector, 10 * DOLLAR, 10 * DOLLAR + 1);
        expectRefused(1, usd6, 4 * DOLLAR + 1, BURN, refusal);
    }

    function test_RevertWhen_pooledNoteWasSold() public {
        live(1, usd6, 10 * DOLLAR);
        withdraw(1, 0, 4 * DOLLAR);
        pool(1);
        issue(1, usd6, DOLLAR);
        expectRefused(1, usd6, DOLLAR, BURN, abi.encodeWithSelector(ICash.SeriesPending.selector, 1));
    }

    // --- accepted ---

    function test_takesDepositAndBurn() public {
        uint256 supply = token.totalSupply();
        fund(usd6, 100 * DOLLAR);
        require(token.transfer(address(cash), BURN));
        vm.expectEmit(address(cash));
        emit ICash.Issued(1, address(usd6), buyer, 100 * DOLLAR, ISSUER_NODE, issuer, BURN);
        vm.prank(all.cashOrders);
        assertEq(cash.issue(1, address(usd6), 100 * DOLLAR, buyer, ISSUER_NODE, issuer, BURN), 1);

        assertEq(usd6.balanceOf(address(cash)), 100e6);
        assertEq(token.totalSupply(), supply - BURN);
        assertEq(token.reissuable(address(cash)), BURN);
        assertEq(cash.ownerOf(1), buyer);
        assertEq(uint8(cash.note(1).status), uint8(NoteStatus.Minted));
        assertEq(cash.note(1).face, 100 * DOLLAR);
        assertEq(cash.live(1), 0);
        assertEq(cash.liveInGroup(1), 100 * DOLLAR);
        PendingSeries memory pending = cash.pendingSeries(1);
        assertEq(pending.deposit, 100 * DOLLAR);
        assertEq(pending.account, buyer);
        assertEq(pending.issuerNode, ISSUER_NODE);
        assertEq(pending.issuer, issuer);
        assertEq(pending.burn, BURN);
        assertVault(usd6, one(1));
    }

    function test_takesCoinsOfAnyScale() public {
        Stablecoin usd8 = new Stablecoin("USD8", 8);
        vm.prank(all.timelock);
        parameters.approveStablecoin(address(usd8));
        issue(1, usd8, DOLLAR);
        issue(2, usd18, DOLLAR);
        assertEq(usd8.balanceOf(address(cash)), 1e8);
        assertEq(usd18.balanceOf(address(cash)), 1e18);
        assertEq(cash.scaleOf(1), 100);
        assertEq(cash.scaleOf(2), 1e12);
    }

    /// @dev The burn of a resale covers all that will be in the note.
    function test_burnsForTheWholeVaultOfAPooledNote() public {
        live(1, usd6, 100 * DOLLAR);
        withdraw(1, 0, 60 * DOLLAR);
        pool(1);
        assertEq(cash.burnFor(1, 60 * DOLLAR), BURN);
        expectRefused(
            1,
            usd6,
            60 * DOLLAR,
            BURN - 1,
            abi.encodeWithSelector(ICash.BurnTooSmall.selector, BURN, BURN - 1)
        );
        issue(1, usd6, 60 * DOLLAR);
        assertEq(uint8(cash.note(1).status), uint8(NoteStatus.Live));
        assertEq(cash.ownerOf(1), all.cashPool);
        assertVault(usd6, one(1));
    }
}
