// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash} from "../../../src/interfaces/ICash.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {ICashOrders, NoteStatus, OrderStatus, OrdersBase} from "./OrdersBase.sol";

/// @dev Pays nobody on its list.
contract BlockingStablecoin is Stablecoin {
    mapping(address => bool) public blocked;

    constructor() Stablecoin("BLOCK", 6) {}

    function block_(address who, bool on) external {
        blocked[who] = on;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(!blocked[to], "blocked");
        super._update(from, to, amount);
    }
}

contract CancelTest is OrdersBase {
    uint256 internal node;

    function setUp() public override {
        super.setUp();
        node = newIssuer(1000 ether);
    }

    function test_refusesAPendingOrder() public {
        uint256 id = orderNew(DOLLAR);
        skip(30 days);
        vm.expectRevert(
            abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Pending)
        );
        orders.cancel(id);
    }

    function test_refusesWithinTheWindow() public {
        uint256 id = mintedOrder(DOLLAR);
        uint256 until = block.timestamp + 24 hours;
        skip(24 hours);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.GenesisWindowOpen.selector, id, until));
        orders.cancel(id);
        skip(1);
        orders.cancel(id);
    }

    function test_refusesAfterTheGenesis() public {
        uint256 id = mintedOrder(DOLLAR);
        skip(20 hours);
        open(id);
        skip(30 days);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, id));
        orders.cancel(id);
    }

    function test_undoesEverything() public {
        uint256 id = mintedOrder(25 * DOLLAR);
        skip(24 hours + 1);
        uint256 before = token.balanceOf(archiveOwner);
        vm.expectEmit(address(orders));
        emit ICashOrders.OrderCancelled(id, id);
        vm.expectEmit(address(orders));
        emit ICashOrders.OrderRefunded(id, buyer, address(usd6), 25 * DOLLAR);
        vm.prank(stranger);
        orders.cancel(id);

        assertEq(usd6.balanceOf(buyer), 10_000e6);
        assertEq(usd6.balanceOf(address(orders)), 0);
        assertEq(usd6.balanceOf(address(cash)), 0);
        assertEq(token.balanceOf(archiveOwner), before + 50 ether);
        assertEq(token.totalBurned(), 0);
        assertEq(uint256(cash.note(id).status), uint256(NoteStatus.None));
        assertStatus(id, OrderStatus.Refunded);
        vm.expectRevert(
            abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Refunded)
        );
        orders.cancel(id);
    }

    /// @dev A genesis that comes late finds nothing to open.
    function test_lateGenesisIsTooLate() public {
        uint256 id = mintedOrder(DOLLAR);
        skip(24 hours + 1);
        orders.cancel(id);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, id));
        vm.prank(all.chainAnchor);
        cash.open(id, 1, DOLLAR, 0, GROUP);
    }

    /// @dev Between the end of the window and `cancel`, a genesis may still come.
    function test_genesisAfterTheWindowIsWelcome() public {
        uint256 id = mintedOrder(DOLLAR);
        skip(48 hours);
        open(id);
        assertEq(uint256(cash.note(id).status), uint256(NoteStatus.Live));
    }

    /// @dev The coin refuses to pay the buyer: the issuer has its CoNET at once, the buyer its money when it can.
    function test_issuerDoesNotWaitForTheBuyer() public {
        BlockingStablecoin coin = new BlockingStablecoin();
        vm.prank(all.timelock);
        parameters.approveStablecoin(address(coin));
        coin.mint(buyer, 25e6);
        vm.startPrank(buyer);
        coin.approve(address(orders), type(uint256).max);
        uint256 id = orders.order(address(coin), 25 * DOLLAR, account, 0);
        vm.stopPrank();
        postSeed("seed");
        mintAs(archiveOwner, id);
        coin.block_(buyer, true);
        skip(24 hours + 1);
        uint256 before = token.balanceOf(archiveOwner);
        orders.cancel(id);

        assertEq(token.balanceOf(archiveOwner), before + 50 ether);
        assertStatus(id, OrderStatus.Cancelled);
        assertEq(coin.balanceOf(address(orders)), 25e6);
        vm.expectRevert();
        orders.refund(id);
        coin.block_(buyer, false);
        orders.refund(id);
        assertEq(coin.balanceOf(buyer), 25e6);
        assertStatus(id, OrderStatus.Refunded);
    }
}
