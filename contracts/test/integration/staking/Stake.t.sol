// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking, RELAY, Roles, StakingBase, VALIDATOR, WITNESS} from "./StakingBase.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

contract StakeTest is StakingBase {
    bytes32 internal constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function test_refusesAStranger() public {
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, stranger, owner));
        vm.prank(stranger);
        staking.stake(node, WITNESS, SEAT);
    }

    function test_refusesTheNodesWallet() public {
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, makeAddr("node"), owner));
        vm.prank(makeAddr("node"));
        staking.stake(node, WITNESS, SEAT);
    }

    function test_refusesAnOperatorOfTheToken() public {
        vm.prank(owner);
        (bool done,) =
            all.nodeRegistry.call(abi.encodeWithSignature("approve(address,uint256)", stranger, node));
        assertTrue(done);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, stranger, owner));
        vm.prank(stranger);
        staking.stake(node, WITNESS, SEAT);
    }

    function test_refusesAnUnknownNode() public {
        vm.expectRevert();
        vm.prank(owner);
        staking.stake(node + 1, WITNESS, SEAT);
    }

    function testFuzz_refusesAnythingButOneRole(uint16 mask) public {
        vm.assume(mask == 0 || mask & (mask - 1) != 0 || mask >> 7 != 0);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotSingle.selector, mask));
        vm.prank(owner);
        staking.stake(node, Roles.wrap(mask), SEAT);
    }

    function test_refusesARoleThatTheNodeDoesNotOffer() public {
        vm.expectRevert(
            abi.encodeWithSelector(IStaking.RoleNotOffered.selector, node, RELAY, registry.rolesOf(node))
        );
        vm.prank(owner);
        staking.stake(node, RELAY, SEAT);
    }

    function test_refusesABarredNode() public {
        bar(node);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NodeBarred.selector, node));
        vm.prank(owner);
        staking.stake(node, WITNESS, SEAT);
    }

    function test_refusesABarredNodeThatHasStaked() public {
        stake(SEAT);
        bar(node);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NodeBarred.selector, node));
        stake(SEAT);
    }

    function test_refusesALaterNodeOfABarredWallet() public {
        bar(node);
        vm.prank(owner);
        registry.retire(node);
        uint256 later = registerFor(stranger, "node", WITNESS);
        assertTrue(staking.isBarred(later));

        vm.expectRevert(abi.encodeWithSelector(IStaking.NodeBarred.selector, later));
        vm.prank(stranger);
        staking.stake(later, WITNESS, SEAT);
    }

    function test_refusesNothing() public {
        vm.expectRevert(IStaking.AmountZero.selector);
        stake(0);
    }

    function test_refusesWithoutAllowance() public {
        vm.startPrank(owner);
        token.approve(all.staking, SEAT - 1);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        staking.stake(node, WITNESS, SEAT);
    }

    function test_refusesMoreThanThereCanBe() public {
        vm.expectRevert();
        stake(uint256(type(uint96).max) + 1);
        stake(SEAT);
        vm.expectRevert();
        stake(type(uint256).max);
    }

    function test_stakes() public {
        uint256 before = token.balanceOf(owner);
        vm.expectEmit(all.staking);
        emit IStaking.Staked(node, WITNESS, 3 * SEAT, 3 * SEAT);
        stake(3 * SEAT);
        vm.expectEmit(all.staking);
        emit IStaking.Staked(node, WITNESS, SEAT / 2, 7 * SEAT / 2);
        stake(SEAT / 2);

        assertPosition(7 * SEAT / 2, 0, 0);
        assertEq(staking.capacity(node, WITNESS), 3);
        assertEq(staking.seats(node, WITNESS), 0);
        assertEq(token.balanceOf(owner), before - 7 * SEAT / 2);
    }

    function test_keepsRolesApart() public {
        stake(SEAT);
        vm.prank(owner);
        staking.stake(node, VALIDATOR, 2 * SEAT);
        assertEq(staking.bonded(node, WITNESS), SEAT);
        assertEq(staking.bonded(node, VALIDATOR), 2 * SEAT);
    }

    function test_keepsWhatIsStakedForARoleThatTheNodeGivesUp() public {
        stake(SEAT);
        vm.prank(owner);
        registry.updateRoles(node, RELAY);
        assertPosition(SEAT, 0, 0);
        unbond(SEAT);
        vm.expectRevert(abi.encodeWithSelector(IStaking.RoleNotOffered.selector, node, WITNESS, RELAY));
        stake(SEAT);
    }

    function test_thePositionGoesWithTheNode() public {
        stake(SEAT);
        transferNode(stranger);
        vm.expectRevert(abi.encodeWithSelector(IStaking.NotOwner.selector, node, owner, stranger));
        unbond(SEAT);

        vm.startPrank(stranger);
        staking.unbond(node, WITNESS, SEAT);
        skip(UNBONDING);
        assertEq(staking.withdraw(node, WITNESS), SEAT);
        assertEq(token.balanceOf(stranger), SEAT);
    }

    function test_aNodeWithStakeCannotRetire() public {
        stake(SEAT);
        vm.expectRevert();
        vm.prank(owner);
        registry.retire(node);
    }

    function testFuzz_capacityFollowsTheMinimum(uint256 amount, uint256 minimum) public {
        amount = bound(amount, 1, 1_000_000 ether);
        minimum = bound(minimum, 1 ether, 1_000_000 ether);
        stake(amount);
        setMinimum(WITNESS, minimum);
        uint256 capacity = staking.capacity(node, WITNESS);
        assertLe(capacity * minimum, amount);
        assertGt((capacity + 1) * minimum, amount);
    }

    // --- with a permit ---

    function test_permitStakes() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        transferNode(holder);
        assertTrue(token.transfer(holder, SEAT));
        (uint8 v, bytes32 r, bytes32 s) = signPermit(key, holder, SEAT);
        vm.prank(holder);
        staking.stakeWithPermit(node, WITNESS, SEAT, block.timestamp, v, r, s);
        assertPosition(SEAT, 0, 0);
    }

    function test_permitThatSomeoneElseSubmittedDoesNoHarm() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        transferNode(holder);
        assertTrue(token.transfer(holder, SEAT));
        (uint8 v, bytes32 r, bytes32 s) = signPermit(key, holder, SEAT);
        vm.prank(stranger);
        token.permit(holder, all.staking, SEAT, block.timestamp, v, r, s);
        vm.prank(holder);
        staking.stakeWithPermit(node, WITNESS, SEAT, block.timestamp, v, r, s);
        assertPosition(SEAT, 0, 0);
    }

    function test_permitOfAnotherIsRefused() public {
        (address holder, uint256 key) = makeAddrAndKey("holder");
        assertTrue(token.transfer(holder, SEAT));
        (uint8 v, bytes32 r, bytes32 s) = signPermit(key, holder, SEAT);
        vm.startPrank(owner);
        token.approve(all.staking, 0);
        vm.expectRevert(SafeTransferLib.TransferFromFailed.selector);
        staking.stakeWithPermit(node, WITNESS, SEAT, block.timestamp, v, r, s);
    }

    function signPermit(uint256 key, address holder, uint256 amount)
        private
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        bytes32 structHash = keccak256(
            abi.encode(PERMIT, holder, all.staking, amount, token.nonces(holder), block.timestamp)
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }
}
