// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TokenBase} from "./TokenBase.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

contract TokenVotesTest is TokenBase {
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant DELEGATION =
        keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");

    function test_noVotesWithoutDelegation() public view {
        for (uint256 i = 0; i < both.length; ++i) {
            assertEq(both[i].getVotes(alice), 0);
        }
    }

    function test_votesFollowTheTokens() public {
        for (uint256 i = 0; i < both.length; ++i) {
            vm.prank(alice);
            both[i].delegate(alice);
            vm.prank(bob);
            both[i].delegate(carol);
            vm.prank(alice);
            assertTrue(both[i].transfer(bob, 100));
            assertEq(both[i].getVotes(alice), MILLION - 100);
            assertEq(both[i].getVotes(bob), 0);
            assertEq(both[i].getVotes(carol), 100);

            vm.startPrank(alice);
            both[i].burn(50);
            both[i].burnForReissue(50);
            both[i].reissue(bob, 20);
            vm.stopPrank();
            assertEq(both[i].getVotes(alice), MILLION - 200);
            assertEq(both[i].getVotes(carol), 120);
        }
    }

    function test_votesOfThePastStay() public {
        uint256 start = block.timestamp;
        for (uint256 i = 0; i < both.length; ++i) {
            vm.warp(start);
            vm.prank(alice);
            both[i].delegate(alice);
            vm.warp(start + 10);
            vm.prank(alice);
            assertTrue(both[i].transfer(bob, MILLION));
            vm.prank(bob);
            both[i].delegate(bob);
            vm.warp(start + 20);
            assertEq(both[i].getPastVotes(alice, start + 9), MILLION);
            assertEq(both[i].getPastVotes(bob, start + 9), 0);
            assertEq(both[i].getPastVotes(alice, start + 10), 0);
            assertEq(both[i].getPastVotes(bob, start + 10), MILLION);
        }
    }

    function test_thePastTotalIsAllThatExisted() public {
        uint256 start = block.timestamp;
        for (uint256 i = 0; i < both.length; ++i) {
            vm.warp(start + 10);
            vm.startPrank(alice);
            both[i].burn(100);
            vm.warp(start + 20);
            both[i].burnForReissue(50);
            vm.warp(start + 30);
            both[i].reissue(alice, 20);
            vm.stopPrank();
            vm.warp(start + 40);
            assertEq(both[i].getPastTotalSupply(start), GENESIS);
            assertEq(both[i].getPastTotalSupply(start + 19), GENESIS - 100);
            assertEq(both[i].getPastTotalSupply(start + 20), GENESIS - 150);
            assertEq(both[i].getPastTotalSupply(start + 30), GENESIS - 130);
        }
    }

    function test_wrappingChangesNoTotal() public {
        vm.warp(block.timestamp + 1);
        native.deposit{value: MILLION}();
        native.withdraw(MILLION / 2);
        vm.warp(block.timestamp + 1);
        assertEq(native.getPastTotalSupply(block.timestamp - 1), GENESIS);
    }

    function test_refusesTheFuture() public {
        for (uint256 i = 0; i < both.length; ++i) {
            bytes memory problem = abi.encodeWithSelector(
                Votes.ERC5805FutureLookup.selector, block.timestamp, uint48(block.timestamp)
            );
            vm.expectRevert(problem);
            both[i].getPastTotalSupply(block.timestamp);
            vm.expectRevert(problem);
            both[i].getPastVotes(alice, block.timestamp);
        }
    }

    function test_wrappedCoinsVote() public {
        vm.startPrank(alice);
        native.delegate(alice);
        native.withdraw(100);
        assertEq(native.getVotes(alice), MILLION - 100);
        native.deposit{value: 60}();
        assertEq(native.getVotes(alice), MILLION - 40);
    }

    function test_permit() public {
        for (uint256 i = 0; i < both.length; ++i) {
            uint256 deadline = block.timestamp;
            bytes32 content = keccak256(abi.encode(PERMIT, alice, bob, 77, both[i].nonces(alice), deadline));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest(i, content));

            vm.expectRevert(); // another value gives another signer
            both[i].permit(alice, bob, 78, deadline, v, r, s);
            both[i].permit(alice, bob, 77, deadline, v, r, s);
            assertEq(both[i].allowance(alice, bob), 77);
            assertEq(both[i].nonces(alice), 1);
            vm.expectRevert(); // the nonce is used
            both[i].permit(alice, bob, 77, deadline, v, r, s);

            vm.expectRevert(
                abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, bob, 77, 78)
            );
            vm.prank(bob);
            both[i].transferFrom(alice, bob, 78);
            vm.prank(bob);
            assertTrue(both[i].transferFrom(alice, bob, 77));

            vm.warp(block.timestamp + 1);
            vm.expectRevert(abi.encodeWithSelector(ERC20Permit.ERC2612ExpiredSignature.selector, deadline));
            both[i].permit(alice, bob, 77, deadline, v, r, s);
        }
    }

    function test_delegateBySignature() public {
        for (uint256 i = 0; i < both.length; ++i) {
            bytes32 content = keccak256(abi.encode(DELEGATION, bob, 0, block.timestamp));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest(i, content));
            both[i].delegateBySig(bob, 0, block.timestamp, v, r, s);
            assertEq(both[i].delegates(alice), bob);
            assertEq(both[i].getVotes(bob), MILLION);
        }
    }

    function digest(uint256 i, bytes32 content) private view returns (bytes32) {
        return keccak256(bytes.concat("\x19\x01", both[i].DOMAIN_SEPARATOR(), content));
    }
}
