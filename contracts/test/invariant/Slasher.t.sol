// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Case, CaseState, Roles} from "../integration/slasher/SlasherBase.sol";
import {SlasherHandler} from "./SlasherHandler.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Fewer runs than elsewhere: each call signs a certificate.
/// forge-config: default.invariant.runs = 16
contract SlasherInvariants is Test {
    SlasherHandler internal handler;

    function setUp() public {
        handler = new SlasherHandler();
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = handler.top.selector;
        selectors[1] = handler.unbond.selector;
        selectors[2] = handler.cheat.selector;
        selectors[3] = handler.pass.selector;
        selectors[4] = handler.appealOne.selector;
        selectors[5] = handler.overturn.selector;
        selectors[6] = handler.finalize.selector;
        selectors[7] = handler.compensate.selector;
        selectors[8] = handler.settle.selector;
        selectors[9] = handler.wait.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev Each token that was taken is here, or where its case says it went.
    function invariant_noCasePaysMoreThanItTook() public view {
        uint256 taken;
        uint256 held;
        for (uint256 i = 1; i <= handler.caseCount(); ++i) {
            Case memory one = handler.caseAt(i);
            assertLe(one.restitution, one.amount);
            taken += one.amount;
            if (one.state != CaseState.Overturned && one.state != CaseState.Settled) {
                held += one.amount - one.restitution;
            }
        }
        assertEq(handler.balance(), held);
        assertEq(taken, held + handler.returned() + handler.reported() + handler.inRewards());
    }

    /// @dev What is frozen is what open cases hold.
    function invariant_frozenStakeIsThatOfOpenCases() public view {
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 2; ++j) {
                (uint256 id, Roles role) = (handler.nodes(i), handler.roles(j));
                uint256 open;
                for (uint256 k = 1; k <= handler.caseCount(); ++k) {
                    Case memory one = handler.caseAt(k);
                    if (one.node != id || !(one.role == role)) continue;
                    if (one.state == CaseState.Open || one.state == CaseState.Appealed) open += one.amount;
                }
                assertEq(handler.frozen(id, role), open);
            }
        }
    }

    /// @dev Exactly the proven cheats are barred.
    function invariant_cheatsAreBarred() public view {
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(handler.isBarred(handler.nodes(i)), handler.cheated(handler.nodes(i)));
        }
    }
}
