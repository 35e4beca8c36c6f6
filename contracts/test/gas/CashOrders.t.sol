// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Order, OrdersBase, Permit} from "../integration/orders/OrdersBase.sol";

/// @dev What orders cost as transactions of their own, with 20 issuers that all changed before and one archive group of
///      ten. Mints and refunds are of orders with a seed some blocks old.
/// forge-config: default.isolate = true
contract CashOrdersGas is OrdersBase {
    string internal constant ORDERS = "CashOrders";
    string internal constant POOL = "CashPool";

    uint256[] internal nodes;

    function setUp() public override {
        super.setUp();
        nodes = newIssuers(20, 10_000 ether);
        step();
        for (uint256 i = 0; i < 20; ++i) {
            depositFree(nodes[i], i * 1 ether + 1 ether);
            step();
        }
        mintedOrder(DOLLAR);
    }

    function test_deposits() public {
        uint256 node = newIssuer(0);
        token.transfer(archiveOwner, 100 ether);
        vm.startPrank(archiveOwner);
        orders.deposit(node, 1 ether);
        vm.snapshotGasLastCall(ORDERS, "deposit, first");
        step();
        orders.deposit(node, 1 ether);
        vm.snapshotGasLastCall(ORDERS, "deposit");
        step();
        orders.withdraw(node, 1 ether);
        vm.snapshotGasLastCall(ORDERS, "withdraw");
        orders.sync(node);
        vm.snapshotGasLastCall(ORDERS, "sync, nothing to do");
    }

    function test_orderAndMint() public {
        uint256 id = orderNew(25 * DOLLAR);
        vm.snapshotGasLastCall(ORDERS, "order");
        postSeed("seed");
        mintAs(archiveOwner, id);
        vm.snapshotGasLastCall(ORDERS, "mint, first drawn");
    }

    function test_mintByTheThird() public {
        uint256 id = orderNew(25 * DOLLAR);
        postSeed("seed");
        skip(2 hours);
        mintAs(archiveOwner, id);
        vm.snapshotGasLastCall(ORDERS, "mint, third drawn");
    }

    function test_orderWithPermit() public {
        (address poor, uint256 key) = makeAddrAndKey("poor");
        fund(poor, 200);
        Order memory order_ = someOrder(25 * DOLLAR);
        order_.buyer = poor;
        order_.nonce = 0;
        bytes memory signature = signOrder(key, order_);
        Permit memory permit = signPermit(key, usd6, 25.01e6);
        vm.prank(relayer);
        orders.orderWithPermit(order_, signature, permit);
        vm.snapshotGasLastCall(ORDERS, "orderWithPermit");
    }

    function test_refund() public {
        uint256 id = orderNew(25 * DOLLAR);
        postSeed("seed");
        skip(3 hours);
        orders.refund(id);
        vm.snapshotGasLastCall(ORDERS, "refund");
    }

    function test_cancel() public {
        uint256 id = mintedOrder(25 * DOLLAR);
        skip(25 hours);
        orders.cancel(id);
        vm.snapshotGasLastCall(ORDERS, "cancel");
    }

    function test_pool() public {
        uint256 note = liveNote(25 * DOLLAR);
        takeOut(note, 20 * DOLLAR);
        pool.take(note);
        vm.snapshotGasLastCall(POOL, "take");
        vm.prank(buyer);
        uint256 id = orders.order(address(usd6), 20 * DOLLAR, account, note);
        vm.snapshotGasLastCall(ORDERS, "order, of the pool");
        postSeed("resale");
        mintAs(archiveOwner, id);
        vm.snapshotGasLastCall(ORDERS, "mint, of the pool");
        open(note);
        pool.drop(note);
        vm.snapshotGasLastCall(POOL, "drop");
    }
}
