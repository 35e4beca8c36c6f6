// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {FeeOnTransfer, Stablecoin} from "../../mocks/Stablecoins.sol";
import {Dapp, DappsBase, IDappRegistry, Licence} from "./DappsBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract BuyTest is DappsBase {
    uint256 internal dapp;
    uint256 internal gratis;

    function setUp() public override {
        super.setUp();
        dapp = register(PRICE);
        gratis = register(0);
    }

    function test_refusesAnUnknownDapp() public {
        vm.expectRevert(nonexistent(3));
        buy(3, usd6);
    }

    function test_refusesARetiredDapp() public {
        vm.prank(developer);
        dapps.retire(dapp);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.Retired.selector, dapp));
        buy(dapp, usd6);
    }

    function test_refusesALicenceForNobody() public {
        vm.expectRevert(IDappRegistry.LicenseeMissing.selector);
        vm.prank(buyer);
        dapps.buy(dapp, address(0), address(usd6), PRICE);
    }

    function test_refusesTheOwner() public {
        give(usd6, developer);
        bytes memory refusal = abi.encodeWithSelector(IDappRegistry.OwnDapp.selector, dapp, developer);
        vm.startPrank(developer);
        vm.expectRevert(refusal);
        dapps.buy(dapp, developer, address(usd6), PRICE);
        vm.expectRevert(refusal);
        dapps.buy(dapp, stranger, address(usd6), PRICE);
        vm.stopPrank();
        vm.expectRevert(refusal);
        vm.prank(buyer);
        dapps.buy(dapp, developer, address(usd6), PRICE);
    }

    /// @dev A price that rose while the purchase was on its way.
    function test_refusesAPriceAboveTheLimit() public {
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.PriceTooHigh.selector, PRICE, PRICE - 1));
        vm.prank(buyer);
        dapps.buy(dapp, buyer, address(usd6), PRICE - 1);
    }

    function test_refusesAStablecoinThatIsNotApproved() public {
        vm.prank(all.timelock);
        parameters.removeStablecoin(address(usd6));
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.StablecoinNotApproved.selector, address(usd6)));
        buy(dapp, usd6);
    }

    function test_refusesAFeeOnTransfer() public {
        FeeOnTransfer fee = new FeeOnTransfer(6);
        approveStablecoin(address(fee));
        give(fee, buyer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDappRegistry.TransferMismatch.selector, address(fee), PRICE, PRICE - PRICE / 100
            )
        );
        buy(dapp, fee);
    }

    function test_refusesWhoCannotPay() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(dapps), 0, PRICE)
        );
        vm.prank(stranger);
        dapps.buy(dapp, buyer, address(usd6), PRICE);
    }

    function test_refusesASecondLicence() public {
        buy(dapp, usd6);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.AlreadyLicensed.selector, dapp, buyer));
        buy(dapp, usd18);
        buy(gratis, usd6);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.AlreadyLicensed.selector, gratis, buyer));
        buy(gratis, usd6);
    }

    /// @dev Who paid does not pay again, and does not lose it, when the dApp becomes free.
    function test_refusesToReplaceAPaidLicenceByAFreeOne() public {
        buy(dapp, usd6);
        vm.prank(developer);
        dapps.setPrice(dapp, 0);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.AlreadyLicensed.selector, dapp, buyer));
        buy(dapp, usd6);
    }

    function test_paysTheOwner() public {
        vm.prank(developer);
        dapps.publish(dapp, "second", URI);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Bought(dapp, buyer, developer, buyer, address(usd6), PRICE, 2);

        buy(dapp, usd6);

        assertEq(usd6.balanceOf(developer), PRICE);
        assertEq(usd6.balanceOf(address(dapps)), 0);
        Licence memory licence = dapps.licenceOf(dapp, buyer);
        assertEq(licence.boughtAt, block.timestamp);
        assertEq(licence.version, 2);
        assertEq(licence.paid, PRICE);
        assertEq(licence.stars, 0);
        Dapp memory sold = dapps.dappOf(dapp);
        assertEq(sold.sales, 1);
        assertEq(sold.revenue, PRICE);
    }

    /// @dev Who has the token has the sales.
    function test_paysWhoOwnsItNow() public {
        vm.prank(developer);
        dapps.transferFrom(developer, stranger, dapp);
        buy(dapp, usd6);
        assertEq(usd6.balanceOf(stranger), PRICE);
        assertEq(usd6.balanceOf(developer), 0);
    }

    function test_buysForAnother() public {
        give(usd6, agent);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Bought(dapp, buyer, developer, agent, address(usd6), PRICE, 1);
        vm.prank(agent);
        dapps.buy(dapp, buyer, address(usd6), PRICE);
        assertEq(dapps.licenceOf(dapp, buyer).paid, PRICE);
        assertEq(dapps.licenceOf(dapp, agent).boughtAt, 0);
    }

    function test_givesWhatIsFree() public {
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Bought(gratis, buyer, developer, buyer, address(0), 0, 1);
        vm.prank(buyer);
        dapps.buy(gratis, buyer, address(0), 0);
        assertEq(dapps.licenceOf(gratis, buyer).boughtAt, block.timestamp);
        assertEq(dapps.licenceOf(gratis, buyer).paid, 0);
        assertEq(dapps.dappOf(gratis).sales, 0);
    }

    function test_letsAFreeLicenceBePaidLater() public {
        buy(gratis, usd6);
        vm.prank(developer);
        dapps.setPrice(gratis, PRICE);
        buy(gratis, usd6);
        assertEq(dapps.licenceOf(gratis, buyer).paid, PRICE);
        assertEq(dapps.dappOf(gratis).sales, 1);
    }

    /// @dev Whatever the decimals, the price is exact, and sums are kept.
    function testFuzz_paysExactly(uint64 first, uint64 second, uint8 decimals) public {
        first = uint64(bound(first, 1, 1e12));
        second = uint64(bound(second, 1, 1e12));
        decimals = uint8(bound(decimals, 6, 18));
        uint256 id = register(first);
        Stablecoin coin = stablecoin(decimals);
        give(coin, stranger);
        buy(id, coin);
        vm.prank(developer);
        dapps.setPrice(id, second);
        vm.prank(stranger);
        dapps.buy(id, stranger, address(coin), second);
        uint256 revenue = uint256(first) + second;
        assertEq(dapps.dappOf(id).revenue, revenue);
        assertEq(dapps.dappOf(id).sales, 2);
        assertEq(coin.balanceOf(developer), revenue * 10 ** (decimals - 6));
    }
}
