// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Roles, StakingBase, VALIDATOR, WITNESS} from "../integration/staking/StakingBase.sol";
import {StakingHandler} from "./StakingHandler.sol";

contract StakingInvariants is StakingBase {
    StakingHandler internal handler;

    function setUp() public override {
        super.setUp();
        assertTrue(token.transfer(stranger, 1_000_000 ether));
        vm.prank(stranger);
        token.approve(all.staking, type(uint256).max);
        uint256[] memory nodes = new uint256[](3);
        nodes[0] = node;
        nodes[1] = registerFor(stranger, "second", WITNESS | VALIDATOR);
        nodes[2] = registerNode("third", WITNESS | VALIDATOR);
        handler = new StakingHandler(all, nodes, [owner, stranger]);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = handler.stake.selector;
        selectors[1] = handler.unbond.selector;
        selectors[2] = handler.withdraw.selector;
        selectors[3] = handler.takeSeat.selector;
        selectors[4] = handler.releaseSeat.selector;
        selectors[5] = handler.slash.selector;
        selectors[6] = handler.restore.selector;
        selectors[7] = handler.forfeit.selector;
        selectors[8] = handler.bar.selector;
        selectors[9] = handler.setMinimum.selector;
        selectors[10] = handler.transfer.selector;
        selectors[11] = handler.wait.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev Never before 21 days, never a seat beyond the stake, never another amount than said.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev What positions say is here, and what is here is what positions say.
    function invariant_theBooksBalance() public view {
        uint256 held;
        for (uint256 i = 0; i < handler.nodeCount(); ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                held += staking.bonded(handler.nodes(i), handler.roles(j));
                held += staking.unbonding(handler.nodes(i), handler.roles(j));
            }
        }
        assertEq(token.balanceOf(all.staking), held);
        assertEq(handler.staked() + handler.restored(), held + handler.withdrawn() + handler.slashed());
    }

    /// @dev `unbonding` is the sum of a bounded number of entries, in order of time.
    function invariant_unbondingsAddUp() public view {
        for (uint256 i = 0; i < handler.nodeCount(); ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                (uint256[] memory amounts, uint256[] memory times) =
                    staking.unbondings(handler.nodes(i), handler.roles(j));
                assertLe(amounts.length, 16);
                uint256 sum;
                for (uint256 k = 0; k < amounts.length; ++k) {
                    assertGt(amounts[k], 0);
                    if (k != 0) assertGe(times[k], times[k - 1]);
                    sum += amounts[k];
                }
                assertEq(sum, staking.unbonding(handler.nodes(i), handler.roles(j)));
            }
        }
    }

    /// @dev Seats that count are paid for, at today's minimum; a barred node's do not count.
    function invariant_countedSeatsAreBacked() public view {
        for (uint256 i = 0; i < handler.nodeCount(); ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                (uint256 id, Roles role) = (handler.nodes(i), handler.roles(j));
                uint256 backed = staking.backedSeats(id, role);
                assertLe(backed * parameters.minimumStake(role), staking.bonded(id, role));
                assertLe(backed, staking.seats(id, role));
                if (staking.isBarred(id)) assertEq(backed, 0);
            }
        }
    }
}
