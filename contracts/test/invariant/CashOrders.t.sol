// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Cash} from "../../src/cash/Cash.sol";
import {CashOrders} from "../../src/cash/CashOrders.sol";
import {CashPool} from "../../src/cash/CashPool.sol";
import {Note, NoteStatus} from "../../src/interfaces/ICash.sol";
import {PooledNote} from "../../src/interfaces/ICashPool.sol";
import {Issuer} from "../../src/interfaces/IIssuers.sol";
import {Stablecoin} from "../mocks/Stablecoins.sol";
import {CashOrdersHandler} from "./CashOrdersHandler.sol";
import {Test} from "forge-std/Test.sol";

/// forge-config: default.invariant.runs = 6
/// forge-config: default.invariant.depth = 96
contract CashOrdersInvariants is Test {
    CashOrdersHandler internal handler;
    CashOrders internal orders;
    CashPool internal pool;
    Cash internal cash;
    Stablecoin internal token;
    Stablecoin[2] internal coins;

    function setUp() public {
        handler = new CashOrdersHandler();
        (address orders_, address pool_, address cash_, address token_, address usd6, address usd18) =
            handler.parts();
        (orders, pool, cash) = (CashOrders(orders_), CashPool(pool_), Cash(cash_));
        (token, coins[0], coins[1]) = (Stablecoin(token_), Stablecoin(usd6), Stablecoin(usd18));
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = handler.deposit.selector;
        selectors[1] = handler.withdraw.selector;
        selectors[2] = handler.barOrSync.selector;
        selectors[3] = handler.order.selector;
        selectors[4] = handler.orderPooled.selector;
        selectors[5] = handler.seed.selector;
        selectors[6] = handler.mint.selector;
        selectors[7] = handler.refund.selector;
        selectors[8] = handler.cancel.selector;
        selectors[9] = handler.openOne.selector;
        selectors[10] = handler.leaveAndTake.selector;
        selectors[11] = handler.intrude.selector;
        selectors[12] = handler.wait.selector;
        selectors[13] = handler.orderAndMint.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function afterInvariant() public {
        string[6] memory what = ["minted", "minted from the pool", "opened", "cancelled", "refunded", "taken"];
        for (uint256 i = 0; i < what.length; ++i) {
            emit log_named_uint(what[i], handler.done(what[i]));
        }
    }

    /// @dev Draws never change, nobody is drawn twice for an order, strangers get nothing.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev What is here is what waits: no more, no less, to the smallest unit.
    function invariant_depositsAreThoseOfWaitingOrders() public view {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 scale = 10 ** (coins[i].decimals() - 6);
            assertEq(coins[i].balanceOf(address(orders)), handler.waiting(address(coins[i])) * scale);
        }
    }

    /// @dev Everything that the buyer paid and did not get back is in orders, in notes, or left them.
    function invariant_buyerLosesNothing() public view {
        (address buyer, address relayer) = handler.buyerAndRelayer();
        for (uint256 i = 0; i < 2; ++i) {
            address coin = address(coins[i]);
            uint256 scale = 10 ** (coins[i].decimals() - 6);
            uint256 spent = handler.paid(coin) - handler.refunded(coin) + handler.feesPaid(coin);
            assertEq(coins[i].balanceOf(buyer), (10_000e6 - spent) * scale);
            assertEq(coins[i].balanceOf(relayer), handler.feesPaid(coin) * scale);
        }
    }

    /// @dev The CoNET here is all issuers' free CoNET, as their moves left it.
    function invariant_conetIsFreeConet() public view {
        uint256 sum;
        for (uint256 i = 0; i < 5; ++i) {
            uint256 node = handler.nodes(i);
            assertEq(orders.free(node), handler.expectedFree(node));
            sum += orders.free(node);
        }
        assertEq(token.balanceOf(address(orders)), sum);
    }

    /// @dev A weight is the free CoNET in whole units, or zero after `sync` found the node unfit; the tree's total is
    ///      the sum; each node has one place.
    function invariant_weightsAddUp() public view {
        uint256 sum;
        for (uint256 i = 0; i < 5; ++i) {
            uint256 node = handler.nodes(i);
            uint256 weight = orders.weightOf(node);
            if (weight != 0 || orders.isFit(node)) assertEq(weight, orders.free(node) / 1e13);
            sum += weight;
        }
        assertEq(orders.totalWeightAt(block.number), sum);
        uint256 listed;
        Issuer[] memory page = orders.issuers(0, 100);
        for (uint256 i = 0; i < page.length; ++i) {
            listed += page[i].weight;
            if (page[i].weight != 0) assertEq(page[i].weight, orders.weightOf(page[i].node));
        }
        assertEq(listed, sum);
    }

    /// @dev At most one order holds a note's room, and none is fuller than its face.
    function invariant_roomIsSoldOnce() public view {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            Note memory note = cash.note(id);
            if (note.status == NoteStatus.None) continue;
            assertLe(handler.holdersOf(id), 1);
            assertLe(cash.live(id) + cash.pendingSeries(id).deposit, note.face);
        }
    }

    /// @dev A note lists room exactly while it is in the pool and nobody has ordered it.
    function invariant_poolListsWhatItHolds() public view {
        for (uint256 i = 0; i < 2; ++i) {
            PooledNote[] memory page = pool.notes(address(coins[i]), 0, 100);
            for (uint256 j = 0; j < page.length; ++j) {
                uint256 id = page[j].note;
                bool here = cash.ownerOf(id) == address(pool);
                uint64 room = here && handler.holdersOf(id) == 0 ? page[j].face - page[j].live : 0;
                assertEq(page[j].room, room);
            }
        }
    }
}
