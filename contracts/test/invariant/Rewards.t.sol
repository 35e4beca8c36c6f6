// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Distribution} from "../../src/interfaces/IRewards.sol";
import {Mainchain} from "../Mainchain.sol";
import {RewardsHandler} from "./RewardsHandler.sol";

contract RewardsInvariants is Mainchain {
    RewardsHandler internal handler;
    address[2] internal assets;

    function setUp() public override {
        super.setUp();
        assets = [address(usd6), address(usd18)];
        handler = new RewardsHandler(rewards, all.timelock, usd6, usd18);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](8);
        selectors[0] = handler.fund.selector;
        selectors[1] = handler.donate.selector;
        selectors[2] = handler.distribute.selector;
        selectors[3] = handler.allocate.selector;
        selectors[4] = handler.claim.selector;
        selectors[5] = handler.cheat.selector;
        selectors[6] = handler.close.selector;
        selectors[7] = handler.wait.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev What is owed is paid, once; nothing else is.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev Nothing appears and nothing is lost: what came in is there or was paid to accounts.
    function invariant_nothingIsLost() public view {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 expected = handler.sent(assets[i]) - handler.paid(assets[i]);
            (bool ok, bytes memory balance) =
                assets[i].staticcall(abi.encodeWithSignature("balanceOf(address)", address(rewards)));
            assertTrue(ok);
            assertEq(abi.decode(balance, (uint256)), expected);
            assertLe(rewards.pool(assets[i]) + rewards.unclaimed(assets[i]), expected);
        }
    }

    /// @dev The sum over open distributions is what the contract says, and no distribution paid more than its own.
    function invariant_eachDistributionPaysItsOwn() public view {
        uint256[2] memory open;
        for (uint256 i = 0; i < handler.distributionCount(); ++i) {
            uint256 id = handler.distributions(i);
            Distribution memory found = rewards.distributionAt(id);
            assertEq(found.claimed, handler.paidBy(id));
            assertLe(found.claimed, found.total);
            if (!found.closed) open[found.asset == assets[0] ? 0 : 1] += found.total - found.claimed;
        }
        assertEq(rewards.unclaimed(assets[0]), open[0]);
        assertEq(rewards.unclaimed(assets[1]), open[1]);
    }
}
