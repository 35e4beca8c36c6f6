// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DrawState, ICashOrders, Order, OrderStatus, OrdersBase, Permit} from "./OrdersBase.sol";

contract RefundTest is OrdersBase {
    function setUp() public override {
        super.setUp();
        newIssuers(4, 1000 ether);
    }

    function expectState(uint256 id, DrawState state) internal {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DrawStateWrong.selector, id, state));
    }

    function test_refusesAnUnknownOrder() public {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, 9, OrderStatus.None));
        orders.refund(9);
    }

    function test_refusesTheBuyerBeforeTheTime() public {
        uint256 id = orderNew(DOLLAR);
        expectState(id, DrawState.Waiting);
        vm.prank(buyer);
        orders.refund(id);
        skip(24 hours);
        expectState(id, DrawState.Waiting);
        orders.refund(id);
    }

    function test_refusesWhileAnIssuerIsDrawn() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        expectState(id, DrawState.Drawn);
        orders.refund(id);
        skip(3 hours - 1);
        expectState(id, DrawState.Drawn);
        orders.refund(id);
    }

    function test_refusesAMintedOrder() public {
        uint256 id = mintedOrder(DOLLAR);
        skip(30 days);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Minted));
        orders.refund(id);
    }

    function test_afterThreeIssuers() public {
        uint256 id = orderNew(40 * DOLLAR);
        postSeed("seed");
        skip(3 hours);
        vm.expectEmit(address(orders));
        emit ICashOrders.OrderRefunded(id, buyer, address(usd6), 40 * DOLLAR);
        vm.prank(stranger);
        orders.refund(id);
        assertEq(usd6.balanceOf(buyer), 10_000e6);
        assertEq(usd6.balanceOf(address(orders)), 0);
        assertStatus(id, OrderStatus.Refunded);

        vm.expectRevert(
            abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Refunded)
        );
        orders.refund(id);
        vm.expectRevert(
            abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Refunded)
        );
        mintAs(archiveOwner, id);
    }

    function test_afterADayWithoutASeed() public {
        uint256 id = orderNew(DOLLAR);
        skip(24 hours + 1);
        orders.refund(id);
        assertEq(usd6.balanceOf(buyer), 10_000e6);
    }

    /// @dev A seed that comes after the day does not bring a lapsed order back: it stays refundable.
    function test_lateSeedDoesNotRevive() public {
        uint256 id = orderNew(DOLLAR);
        skip(24 hours + 1);
        assertState(id, DrawState.Lapsed);
        vm.roll(block.number + 2);
        seedNow(GROUP, "late");
        assertState(id, DrawState.Lapsed);
        expectState(id, DrawState.Lapsed);
        mintAs(archiveOwner, id);
        orders.refund(id);
    }

    /// @dev A seed in the day's last second counts, and gives each issuer its hour.
    function test_seedInTheLastSecondCounts() public {
        uint256 id = orderNew(DOLLAR);
        skip(24 hours);
        vm.roll(block.number + 2);
        seedNow(GROUP, "in time");
        skip(3 hours - 1);
        assertState(id, DrawState.Drawn);
        mintAs(archiveOwner, id);
    }

    /// @dev A coin that is no longer approved is still paid back, in its own units.
    function test_refundsACoinThatWasRemoved() public {
        vm.prank(buyer);
        uint256 id = orders.order(address(usd18), 7 * DOLLAR, account, 0);
        vm.prank(all.timelock);
        parameters.removeStablecoin(address(usd18));
        postSeed("seed");
        vm.expectRevert();
        mintAs(archiveOwner, id);
        skip(3 hours);
        orders.refund(id);
        assertEq(usd18.balanceOf(buyer), 10_000e18);
    }

    /// @dev The relayer keeps its fee; the buyer, not the account, gets the deposit.
    function test_refundsTheSigner() public {
        (address poor, uint256 key) = makeAddrAndKey("poor");
        fund(poor, 20);
        Order memory order_ = someOrder(10 * DOLLAR);
        order_.buyer = poor;
        order_.nonce = 0;
        Permit memory permit = signPermit(key, usd6, 11e6);
        bytes memory signature = signOrder(key, order_);
        vm.prank(relayer);
        uint256 id = orders.orderWithPermit(order_, signature, permit);
        skip(25 hours);
        orders.refund(id);
        assertEq(usd6.balanceOf(poor), 20e6 - 10_000);
        assertEq(usd6.balanceOf(relayer), 10_000);
    }

    /// @dev Whatever happens when: an order is either mintable or refundable or waits, and never two of them.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_oneStateAtATime(uint256 seedAfter, uint256 wait) public {
        seedAfter = bound(seedAfter, 12, 30 hours);
        wait = bound(wait, 0, 5 hours);
        uint256 id = orderNew(DOLLAR);
        vm.roll(block.number + 2);
        skip(seedAfter);
        seedNow(GROUP, "seed");
        skip(wait);
        bool lapsed = seedAfter > 24 hours || wait >= 3 hours;
        assertState(id, lapsed ? DrawState.Lapsed : DrawState.Drawn);
        uint256 snapshot = vm.snapshotState();
        if (lapsed) expectState(id, DrawState.Lapsed);
        mintAs(archiveOwner, id);
        vm.revertToState(snapshot);
        if (!lapsed) expectState(id, DrawState.Drawn);
        orders.refund(id);
    }
}
