// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash} from "../../../src/interfaces/ICash.sol";
import {PendingSeries} from "../../../src/interfaces/ICash.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {CallingBack} from "../../mocks/Stablecoins.sol";
import {
    CREATOR,
    Draw,
    DrawState,
    ICashOrders,
    IIssuers,
    INodeRegistry,
    NoteStatus,
    OrderStatus,
    OrdersBase,
    VALIDATOR
} from "./OrdersBase.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

contract MintTest is OrdersBase {
    uint256 internal node;

    function setUp() public override {
        super.setUp();
        node = newIssuer(1000 ether);
    }

    // --- refused ---

    function test_refusesAnUnknownOrder() public {
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, 1, OrderStatus.None));
        orders.mint(1);
    }

    function test_refusesBeforeTheSeed() public {
        uint256 id = orderNew(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DrawStateWrong.selector, id, DrawState.Waiting));
        mintAs(archiveOwner, id);
    }

    /// @dev A seed that was made before the order's block was final does not count.
    function test_refusesAnEarlierSeed() public {
        step();
        seedNow(GROUP, "before");
        uint256 id = orderNew(DOLLAR);
        assertState(id, DrawState.Waiting);
        seedNow(GROUP, "same block");
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DrawStateWrong.selector, id, DrawState.Waiting));
        mintAs(archiveOwner, id);
        step();
        seedNow(GROUP, "next block");
        assertState(id, DrawState.Drawn);
    }

    function test_refusesWhoWasNotDrawn() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.NotIssuer.selector, id, node, stranger));
        mintAs(stranger, id);
    }

    function test_refusesTheWalletOfAnotherNode() public {
        uint256 other = newNode(CREATOR);
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        address wallet_ = INodeRegistry(all.nodeRegistry).node(other).config.wallet;
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.NotIssuer.selector, id, node, wallet_));
        mintAs(wallet_, id);
    }

    function test_refusesTwice() public {
        uint256 id = mintedOrder(DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderStatusWrong.selector, id, OrderStatus.Minted));
        mintAs(archiveOwner, id);
    }

    function test_refusesWhoBecameUnfit() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        barNode(node);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, node));
        mintAs(archiveOwner, id);
    }

    function test_refusesWhoGaveUpTheRole() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        vm.prank(archiveOwner);
        INodeRegistry(all.nodeRegistry).updateRoles(node, VALIDATOR);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, node));
        mintAs(archiveOwner, id);
    }

    /// @dev Its stake carries ten chains, and it has ten.
    function test_refusesWhoHasNoSeatLeft() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        for (uint256 i = 0; i < 10; ++i) {
            vm.prank(all.chainAnchor);
            IStaking(all.staking).takeSeat(node, CREATOR);
        }
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, node));
        mintAs(archiveOwner, id);
    }

    function test_refusesWithTooLittleFreeConet() public {
        uint256 id = orderNew(100 * DOLLAR);
        postSeed("seed");
        withdrawFree(node, 800 ether + 1);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.FreeTooLow.selector, node, 200 ether, 200 ether - 1));
        mintAs(archiveOwner, id);
        depositFree(node, 1);
        mintAs(archiveOwner, id);
        assertEq(orders.free(node), 0);
    }

    function test_refusesWithoutAPrice() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        priceSource.setUpdatedAt(1);
        vm.expectRevert(ICash.PriceInvalid.selector);
        mintAs(archiveOwner, id);
    }

    function test_refusesWhilePaused() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        vm.prank(guardian);
        parameters.pauseMinting();
        vm.expectRevert(ICash.MintingPaused.selector);
        mintAs(archiveOwner, id);
        assertEq(orders.free(node), 1000 ether);
    }

    // --- accepted ---

    /// @dev At $0.10 for one CoNET, 20% of $25 is 50 CoNET.
    function test_ownerMints() public {
        uint256 id = orderNew(25 * DOLLAR);
        postSeed("seed");
        vm.expectEmit(address(orders));
        emit ICashOrders.OrderMinted(id, id, node, archiveOwner, 0, 50 ether);
        mintAs(archiveOwner, id);

        assertStatus(id, OrderStatus.Minted);
        assertState(id, DrawState.Closed);
        assertEq(orders.orderOf(id).mintedAt, block.timestamp);
        assertEq(orders.free(node), 950 ether);
        assertEq(orders.weightOf(node), 950e5);
        assertEq(token.balanceOf(address(orders)), 950 ether);
        assertEq(token.reissuable(address(cash)), 50 ether);
        assertEq(usd6.balanceOf(address(orders)), 0);
        assertEq(usd6.balanceOf(address(cash)), 25e6);
        assertEq(usd6.allowance(address(orders), address(cash)), 0);
        assertEq(cash.ownerOf(id), account);
        assertEq(uint256(cash.note(id).status), uint256(NoteStatus.Minted));
        PendingSeries memory pending = cash.pendingSeries(id);
        assertEq(pending.deposit, 25 * DOLLAR);
        assertEq(pending.account, account);
        assertEq(pending.issuerNode, node);
        assertEq(pending.issuer, archiveOwner);
        assertEq(pending.burn, 50 ether);
    }

    /// @dev The node's wallet is a hot key: fees and re-issue still go to the owner.
    function test_walletMintsForTheOwner() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        mintAs(INodeRegistry(all.nodeRegistry).node(node).config.wallet, id);
        assertEq(cash.pendingSeries(id).issuer, archiveOwner);
    }

    function test_mintsAllThatIsFree() public {
        withdrawFree(node, 800 ether);
        uint256 id = orderNew(100 * DOLLAR);
        postSeed("seed");
        mintAs(archiveOwner, id);
        assertEq(orders.free(node), 0);
        assertEq(orders.weightOf(node), 0);
        assertEq(orders.totalWeightAt(block.number), 0);
    }

    /// @dev The price is that of the mint, not of the order.
    function test_burnsAtThePriceOfTheMint() public {
        uint256 id = orderNew(25 * DOLLAR);
        priceSource.set(0.105e8);
        postSeed("seed");
        uint256 burn = cash.burnFor(id, 25 * DOLLAR);
        mintAs(archiveOwner, id);
        assertEq(orders.free(node), 1000 ether - burn);
    }

    /// @dev In a coin of 18 decimals, for any amount: nothing stays behind.
    function testFuzz_nothingStaysBehind(uint64 amount) public {
        amount = uint64(bound(amount, DOLLAR, 100 * DOLLAR));
        vm.prank(buyer);
        uint256 id = orders.order(address(usd18), amount, account, 0);
        postSeed("seed");
        mintAs(archiveOwner, id);
        assertEq(usd18.balanceOf(address(orders)), 0);
        assertEq(usd18.balanceOf(address(cash)), uint256(amount) * 1e12);
        assertEq(token.balanceOf(address(orders)), orders.free(node));
        assertEq(orders.free(node), 1000 ether - uint256(amount) * 2e12);
    }

    /// @dev A coin that calls back while it moves can neither mint nor refund again.
    function test_coinCannotCallBack() public {
        CallingBack coin = new CallingBack();
        vm.prank(all.timelock);
        parameters.approveStablecoin(address(coin));
        coin.mint(buyer, 100e6);
        vm.startPrank(buyer);
        coin.approve(address(orders), type(uint256).max);
        uint256 id = orders.order(address(coin), 10 * DOLLAR, account, 0);
        vm.stopPrank();
        postSeed("seed");
        coin.arm(address(orders), abi.encodeCall(orders.refund, (id)), true);
        mintAs(archiveOwner, id);
        assertFalse(coin.succeeded());
        assertEq(bytes4(coin.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }

    // --- the next in line ---

    /// @dev Each drawn issuer has an hour to the second, then the next one has it, and no transaction is needed.
    function test_eachHasItsHour() public {
        newIssuers(3, 1000 ether);
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        uint256 start = block.timestamp;
        uint256[3] memory drawn;
        for (uint256 attempt = 0; attempt < 3; ++attempt) {
            vm.warp(start + attempt * 1 hours);
            Draw memory first = orders.drawOf(id);
            vm.warp(start + (attempt + 1) * 1 hours - 1);
            Draw memory last = orders.drawOf(id);
            assertEq(uint256(first.state), uint256(DrawState.Drawn));
            assertEq(first.attempt, attempt);
            assertEq(first.until, start + (attempt + 1) * 1 hours);
            assertEq(keccak256(abi.encode(first)), keccak256(abi.encode(last)));
            drawn[attempt] = first.node;
        }
        assertTrue(drawn[0] != drawn[1] && drawn[1] != drawn[2] && drawn[0] != drawn[2]);
        vm.warp(start + 3 hours);
        assertState(id, DrawState.Lapsed);
    }

    function test_secondMintsInItsHourAndTheFirstDoesNot() public {
        newIssuers(3, 1000 ether);
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        uint256 first = orders.drawOf(id).node;
        skip(1 hours);
        uint256 second = orders.drawOf(id).node;
        address late = INodeRegistry(all.nodeRegistry).node(first).config.wallet;
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.NotIssuer.selector, id, second, late));
        mintAs(late, id);
        mintAs(INodeRegistry(all.nodeRegistry).node(second).config.wallet, id);
        assertEq(orders.free(second), 998 ether);
        assertEq(orders.free(first), 1000 ether);
    }

    /// @dev After a split the order keeps to the seeds of the group that it was given to.
    function test_nobodyMintsAfterThreeHours() public {
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        skip(3 hours);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DrawStateWrong.selector, id, DrawState.Lapsed));
        mintAs(archiveOwner, id);
    }
}
