// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {CallingBack, FeeOnTransfer, Stablecoin} from "../../mocks/Stablecoins.sol";
import {DrawState, ICashOrders, OrderRecord, OrderStatus, OrdersBase, Quote} from "./OrdersBase.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract OrderTest is OrdersBase {
    function setUp() public override {
        super.setUp();
        newIssuer(1000 ether);
    }

    function approve(address coin) internal {
        vm.prank(all.timelock);
        parameters.approveStablecoin(coin);
    }

    // --- refused ---

    function test_refusesWhilePaused() public {
        vm.prank(guardian);
        parameters.pauseMinting();
        vm.expectRevert(ICashOrders.MintingPaused.selector);
        orderNew(DOLLAR);
    }

    function test_refusesACoinThatIsNotApproved() public {
        Stablecoin other = new Stablecoin("OTHER", 6);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.StablecoinNotApproved.selector, address(other)));
        vm.prank(buyer);
        orders.order(address(other), DOLLAR, account, 0);
    }

    function test_refusesAmountsOutOfBounds() public {
        uint64[4] memory amounts = [0, DOLLAR - 1, 100 * DOLLAR + 1, type(uint64).max];
        for (uint256 i = 0; i < amounts.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, amounts[i], DOLLAR, 100 * DOLLAR)
            );
            vm.prank(buyer);
            orders.order(address(usd6), amounts[i], account, 0);
        }
    }

    function test_refusesNoAccount() public {
        vm.expectRevert(ICashOrders.AccountMissing.selector);
        vm.prank(buyer);
        orders.order(address(usd6), DOLLAR, address(0), 0);
    }

    function test_refusesWhenNobodyCanIssue() public {
        withdrawFree(orders.issuers(0, 1)[0].node, 1000 ether);
        vm.expectRevert(ICashOrders.NoIssuers.selector);
        orderNew(DOLLAR);
    }

    function test_refusesWithoutMoney() public {
        vm.prank(stranger);
        vm.expectRevert();
        orders.order(address(usd6), DOLLAR, account, 0);
    }

    function test_refusesANoteThatIsNotInThePool() public {
        uint256 note = liveNote(2 * DOLLAR);
        takeOut(note, 2 * DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, DOLLAR, DOLLAR, 0));
        vm.prank(buyer);
        orders.order(address(usd6), DOLLAR, account, note);
    }

    function test_refusesANoteThatDoesNotExist() public {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, DOLLAR, DOLLAR, 0));
        vm.prank(buyer);
        orders.order(address(usd6), DOLLAR, account, 77);
    }

    // --- hostile coins ---

    function test_refusesAFeeOnTransfer() public {
        FeeOnTransfer coin = new FeeOnTransfer(6);
        approve(address(coin));
        coin.mint(buyer, 100e6);
        vm.startPrank(buyer);
        coin.approve(address(orders), type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DeliveryInexact.selector, 10e6, 9.9e6));
        orders.order(address(coin), 10 * DOLLAR, account, 0);
    }

    function test_coinCannotOrderWithinAnOrder() public {
        CallingBack coin = new CallingBack();
        approve(address(coin));
        coin.mint(buyer, 100e6);
        coin.mint(address(coin), 100e6);
        vm.prank(buyer);
        coin.approve(address(orders), type(uint256).max);
        vm.prank(address(coin));
        coin.approve(address(orders), type(uint256).max);
        bytes memory again = abi.encodeCall(orders.order, (address(coin), 5 * DOLLAR, account, 0));
        coin.arm(address(orders), again, false);
        vm.prank(buyer);
        orders.order(address(coin), 10 * DOLLAR, account, 0);
        assertFalse(coin.succeeded());
        assertEq(bytes4(coin.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        assertEq(orders.orderCount(), 1);
    }

    // --- accepted ---

    function test_takesTheDepositAtOnce() public {
        vm.expectEmit(address(orders));
        emit ICashOrders.OrderPlaced(1, buyer, 1, address(usd6), 25 * DOLLAR, account, GROUP);
        uint256 id = orderNew(25 * DOLLAR);

        assertEq(id, 1);
        assertEq(usd6.balanceOf(address(orders)), 25e6);
        assertEq(usd6.balanceOf(buyer), 10_000e6 - 25e6);
        OrderRecord memory record = orders.orderOf(id);
        assertEq(uint256(record.status), uint256(OrderStatus.Pending));
        assertEq(record.buyer, buyer);
        assertEq(record.stablecoin, address(usd6));
        assertEq(record.amount, 25 * DOLLAR);
        assertEq(record.account, account);
        assertEq(record.note, id);
        assertEq(record.group, GROUP);
        assertEq(record.placedIn, block.number);
        assertEq(record.placedAt, block.timestamp);
        assertEq(record.mintedAt, 0);
        assertEq(orders.lastOrderFor(id), id);
        assertState(id, DrawState.Waiting);
    }

    /// @dev 18 decimals: a micro-dollar is 10^12 units.
    function testFuzz_scalesByTheCoinsDecimals(uint64 amount) public {
        amount = uint64(bound(amount, DOLLAR, 100 * DOLLAR));
        vm.prank(buyer);
        orders.order(address(usd18), amount, account, 0);
        assertEq(usd18.balanceOf(address(orders)), uint256(amount) * 1e12);
        assertEq(usd18.balanceOf(buyer), 10_000e18 - uint256(amount) * 1e12);
    }

    function test_idsGrowByOne() public {
        for (uint256 i = 1; i <= 5; ++i) {
            assertEq(orderNew(DOLLAR), i);
        }
        assertEq(orders.orderCount(), 5);
        OrderRecord[] memory page = orders.orders(2, 3);
        assertEq(page.length, 3);
        assertEq(page[0].note, 2);
        assertEq(page[2].note, 4);
        assertEq(orders.orders(5, 100).length, 1);
        assertEq(orders.orders(6, 100).length, 0);
        assertEq(orders.orders(type(uint256).max, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        orders.orders(0, 101);
        assertStatus(0, OrderStatus.None);
        assertStatus(6, OrderStatus.None);
    }

    // --- quote ---

    /// @dev At $0.10 for one CoNET, 20% of $25 is 50 CoNET.
    function test_quote() public {
        Quote memory quote = orders.quote(address(usd18), 25 * DOLLAR, 0);
        assertEq(quote.deposit, 25e18);
        assertEq(quote.carried, 0);
        assertTrue(quote.priced);
        assertEq(quote.burn, 50 ether);
        assertEq(quote.totalWeight, 1000e5);
    }

    /// @dev Half of seven stakes of 200,000 CoNET is worth $70,000 at $0.10. Orders do not count before they are
    ///      minted.
    function test_quoteSaysWhatTheGroupMayHold() public {
        assertEq(orders.quote(address(usd6), DOLLAR, 0).groupRoom, 70_000 * DOLLAR);
        uint256 id = orderNew(100 * DOLLAR);
        assertEq(orders.quote(address(usd6), DOLLAR, 0).groupRoom, 70_000 * DOLLAR);
        postSeed("seed");
        mintAs(archiveOwner, id);
        assertEq(orders.quote(address(usd6), DOLLAR, 0).groupRoom, 69_900 * DOLLAR);
    }

    function test_quoteWithoutAPrice() public {
        priceSource.setUpdatedAt(1);
        Quote memory quote = orders.quote(address(usd6), DOLLAR, 0);
        assertFalse(quote.priced);
        assertEq(quote.burn, 0);
        assertEq(quote.groupRoom, 0);
    }

    function test_quoteRefusesWhatOrderWould() public {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.AmountInvalid.selector, 5, DOLLAR, 100 * DOLLAR));
        orders.quote(address(usd6), 5, 0);
    }
}
