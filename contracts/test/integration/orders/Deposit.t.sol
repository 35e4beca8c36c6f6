// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {RELAY} from "../../../src/types/Roles.sol";
import {CREATOR, IIssuers, INodeRegistry, Issuer, OrdersBase, Permit, VALIDATOR} from "./OrdersBase.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

contract DepositTest is OrdersBase {
    uint256 internal node;

    function setUp() public override {
        super.setUp();
        node = newIssuer(0);
        token.transfer(archiveOwner, 1000 ether);
    }

    // --- deposit ---

    function test_refusesWhoDoesNotOwnTheNode() public {
        vm.expectRevert(abi.encodeWithSelector(IIssuers.NotIssuerOwner.selector, node, stranger));
        vm.prank(stranger);
        orders.deposit(node, 1 ether);
    }

    function test_refusesANodeThatIsNone() public {
        vm.expectRevert(abi.encodeWithSelector(IIssuers.NotIssuerOwner.selector, 999, address(this)));
        orders.deposit(999, 1 ether);
    }

    function test_refusesANodeThatIsNoCreator() public {
        uint256 other = newIssuer(0);
        vm.prank(archiveOwner);
        INodeRegistry(all.nodeRegistry).updateRoles(other, VALIDATOR);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, other));
        vm.prank(archiveOwner);
        orders.deposit(other, 1 ether);
    }

    function test_refusesANodeWithoutStake() public {
        uint256 other = newNode(CREATOR | VALIDATOR);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, other));
        vm.prank(archiveOwner);
        orders.deposit(other, 1 ether);
    }

    function test_refusesABarredNode() public {
        barNode(node);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.IssuerUnfit.selector, node));
        vm.prank(archiveOwner);
        orders.deposit(node, 1 ether);
    }

    function test_refusesWhatTheOwnerDoesNotHave() public {
        vm.expectRevert();
        vm.prank(archiveOwner);
        orders.deposit(node, 1001 ether);
    }

    function test_depositBecomesWeight() public {
        vm.expectEmit(address(orders));
        emit IIssuers.FreeDeposited(node, 5 ether, 5 ether);
        vm.expectEmit(address(orders));
        emit IIssuers.WeightSet(node, 0, 500_000);
        vm.prank(archiveOwner);
        orders.deposit(node, 5 ether);

        assertEq(orders.free(node), 5 ether);
        assertEq(orders.weightOf(node), 500_000);
        assertEq(orders.totalWeightAt(block.number), 500_000);
        assertEq(orders.totalWeightAt(block.number - 1), 0);
        assertEq(token.balanceOf(address(orders)), 5 ether);
        assertEq(orders.issuerCount(), 1);
    }

    function test_lessThanAUnitWeighsNothing() public {
        vm.startPrank(archiveOwner);
        orders.deposit(node, 1e13 - 1);
        assertEq(orders.weightOf(node), 0);
        assertEq(orders.issuerCount(), 0);
        orders.deposit(node, 1);
        assertEq(orders.weightOf(node), 1);
    }

    function test_depositWithPermit() public {
        (address owner_, uint256 key) = makeAddrAndKey("owner with a key");
        token.transfer(owner_, 10 ether);
        vm.prank(archiveOwner);
        IERC721(all.nodeRegistry).transferFrom(archiveOwner, owner_, node);
        Permit memory permit = signPermit(key, address(token), 10 ether);
        vm.prank(owner_);
        orders.depositWithPermit(node, 10 ether, permit);
        assertEq(orders.free(node), 10 ether);
    }

    function test_depositWithAPermitThatSomebodyElseUsed() public {
        (address owner_, uint256 key) = makeAddrAndKey("owner with a key");
        token.transfer(owner_, 10 ether);
        vm.prank(archiveOwner);
        IERC721(all.nodeRegistry).transferFrom(archiveOwner, owner_, node);
        Permit memory permit = signPermit(key, address(token), 10 ether);
        vm.prank(stranger);
        token.permit(owner_, address(orders), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(owner_);
        orders.depositWithPermit(node, 10 ether, permit);
        assertEq(orders.free(node), 10 ether);
    }

    // --- withdraw ---

    function test_withdrawRefusesStrangers() public {
        depositFree(node, 5 ether);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.NotIssuerOwner.selector, node, stranger));
        vm.prank(stranger);
        orders.withdraw(node, 1);
    }

    function test_withdrawRefusesMoreThanThereIs() public {
        depositFree(node, 5 ether);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.FreeTooLow.selector, node, 5 ether + 1, 5 ether));
        vm.prank(archiveOwner);
        orders.withdraw(node, 5 ether + 1);
    }

    function test_withdrawTakesWeight() public {
        depositFree(node, 5 ether);
        vm.expectEmit(address(orders));
        emit IIssuers.FreeWithdrawn(node, archiveOwner, 2 ether, 3 ether);
        withdrawFree(node, 2 ether);
        assertEq(orders.free(node), 3 ether);
        assertEq(orders.weightOf(node), 300_000);
        assertEq(token.balanceOf(address(orders)), 3 ether);
        withdrawFree(node, 3 ether);
        assertEq(orders.weightOf(node), 0);
        assertEq(orders.totalWeightAt(block.number), 0);
    }

    /// @dev The node is sold with its free CoNET.
    function test_newOwnerWithdraws() public {
        depositFree(node, 5 ether);
        vm.prank(archiveOwner);
        IERC721(all.nodeRegistry).transferFrom(archiveOwner, stranger, node);
        vm.expectRevert(abi.encodeWithSelector(IIssuers.NotIssuerOwner.selector, node, archiveOwner));
        vm.prank(archiveOwner);
        orders.withdraw(node, 1 ether);
        vm.prank(stranger);
        orders.withdraw(node, 5 ether);
        assertEq(token.balanceOf(stranger), 5 ether);
    }

    /// @dev What a retired node left here goes to whoever put it in last.
    function test_retiredNodeLosesNothing() public {
        depositFree(node, 5 ether);
        IStaking staking = IStaking(all.staking);
        uint256 bonded = staking.bonded(node, CREATOR);
        vm.startPrank(archiveOwner);
        staking.unbond(node, CREATOR, bonded);
        skip(22 days);
        staking.withdraw(node, CREATOR);
        INodeRegistry(all.nodeRegistry).retire(node);
        orders.sync(node);
        assertEq(orders.totalWeightAt(block.number), 0);
        orders.withdraw(node, 5 ether);
        assertEq(orders.free(node), 0);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IIssuers.NotIssuerOwner.selector, node, stranger));
        vm.prank(stranger);
        orders.withdraw(node, 0);
    }

    // --- sync ---

    function test_syncTakesTheWeightOfTheUnfit() public {
        depositFree(node, 5 ether);
        barNode(node);
        assertEq(orders.weightOf(node), 500_000);
        vm.expectEmit(address(orders));
        emit IIssuers.WeightSet(node, 0, 0);
        vm.prank(stranger);
        orders.sync(node);
        assertEq(orders.weightOf(node), 0);
        assertEq(orders.free(node), 5 ether);
        withdrawFree(node, 1 ether);
        assertEq(orders.weightOf(node), 0, "a withdrawal gave the weight back");
    }

    function test_syncGivesItBack() public {
        depositFree(node, 5 ether);
        vm.startPrank(archiveOwner);
        INodeRegistry(all.nodeRegistry).updateRoles(node, RELAY);
        orders.sync(node);
        assertEq(orders.weightOf(node), 0);
        INodeRegistry(all.nodeRegistry).updateRoles(node, CREATOR);
        orders.sync(node);
        assertEq(orders.weightOf(node), 500_000);
    }

    function test_syncOfTheFitChangesNothing() public {
        depositFree(node, 5 ether);
        vm.recordLogs();
        orders.sync(node);
        orders.sync(12_345);
        assertEq(vm.getRecordedLogs().length, 0);
    }

    // --- places ---

    /// @dev A place out of use goes to a new issuer only when no order can draw the old one any more.
    function test_placesRest() public {
        uint256 second = newIssuer(0);
        uint256 third = newIssuer(0);
        depositFree(node, 5 ether);
        withdrawFree(node, 5 ether);
        skip(27 hours - 1);
        depositFree(second, 1 ether);
        assertEq(orders.issuerCount(), 2);
        skip(1);
        depositFree(third, 1 ether);
        assertEq(orders.issuerCount(), 2);

        Issuer[] memory page = orders.issuers(0, 100);
        assertEq(page.length, 2);
        assertEq(page[0].node, third);
        assertEq(page[1].node, second);
    }

    function test_issuersInPages() public {
        uint256[] memory nodes = newIssuers(5, 2 ether);
        Issuer[] memory page = orders.issuers(1, 3);
        assertEq(page.length, 3);
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(page[i].node, nodes[i + 1]);
            assertEq(page[i].free, 2 ether);
            assertEq(page[i].weight, 200_000);
        }
        assertEq(orders.issuers(4, 100).length, 1);
        assertEq(orders.issuers(5, 100).length, 0);
        assertEq(orders.issuers(type(uint256).max, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        orders.issuers(0, 101);
    }

    /// @dev Whatever goes in and out: weights are the free CoNET in whole units, and their sum is the total.
    function testFuzz_weightsFollowFreeConet(uint256[12] memory steps) public {
        uint256[] memory nodes = newIssuers(3, 0);
        for (uint256 i = 0; i < steps.length; ++i) {
            uint256 node_ = nodes[steps[i] % 3];
            if (steps[i] % 5 < 3) depositFree(node_, (steps[i] >> 8) % 1_000_000 ether);
            else withdrawFree(node_, (steps[i] >> 8) % (orders.free(node_) + 1));
            step();
        }
        uint256 total;
        uint256 held;
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(orders.weightOf(nodes[i]), orders.free(nodes[i]) / 1e13);
            total += orders.weightOf(nodes[i]);
            held += orders.free(nodes[i]);
        }
        assertEq(orders.totalWeightAt(block.number), total);
        assertEq(token.balanceOf(address(orders)), held);
    }
}
