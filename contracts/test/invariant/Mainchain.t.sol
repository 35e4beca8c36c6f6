// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {MainchainHandler} from "./MainchainHandler.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The sums of the whole system, after anything in any order.
/// forge-config: default.invariant.runs = 12
/// forge-config: default.invariant.depth = 200
contract MainchainInvariants is Test {
    MainchainHandler internal handler;

    function setUp() public {
        handler = new MainchainHandler();
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](19);
        selectors[0] = handler.order.selector;
        selectors[1] = handler.orderPooled.selector;
        selectors[2] = handler.seed.selector;
        selectors[3] = handler.mint.selector;
        selectors[4] = handler.openOne.selector;
        selectors[5] = handler.live.selector;
        selectors[6] = handler.giveBack.selector;
        selectors[7] = handler.exit.selector;
        selectors[8] = handler.leaveAndTake.selector;
        selectors[9] = handler.exitAgain.selector;
        selectors[10] = handler.force.selector;
        selectors[11] = handler.settle.selector;
        selectors[12] = handler.collect.selector;
        selectors[13] = handler.priceMoves.selector;
        selectors[14] = handler.wait.selector;
        selectors[15] = handler.slash.selector;
        selectors[16] = handler.settleCase.selector;
        selectors[17] = handler.handoverOne.selector;
        selectors[18] = handler.splitOnce.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function afterInvariant() public {
        string[11] memory what = [
            "minted",
            "opened",
            "ordered from the pool",
            "refunded",
            "cancelled",
            "left",
            "taken",
            "forced",
            "claimed",
            "re-issued",
            "cases settled"
        ];
        for (uint256 i = 0; i < what.length; ++i) {
            emit log_named_uint(what[i], handler.done(what[i]));
        }
    }

    /// @dev Supply, vault, waiting deposits, stakes, free CoNET, burns, bonds, slashed stake: each is the sum of its
    ///      parts, to the unit. Nothing is paid that was not deposited, and exposure is never counted too low. One
    ///      function, so that one long campaign checks all.
    function invariant_everythingAddsUp() public view {
        handler.check();
        handler.checkNotes();
        handler.checkExposure();
        handler.checkBonds();
        handler.checkSlasher();
    }
}
