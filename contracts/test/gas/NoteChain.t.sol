// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INoteChain, NoteBase, Transfer} from "../dle/note/NoteBase.sol";

/// @dev What transactions on a note's chain cost: 21,000 and calldata included.
/// forge-config: default.isolate = true
contract NoteChainGas is NoteBase {
    string internal constant NAME = "NoteChain";

    function setUp() public override {
        super.setUp();
        pay(alice, carol, DOLLAR);
    }

    function measure(string memory name, address sender, bytes memory call) private {
        vm.prank(sender);
        (bool success,) = address(note).call(call);
        assertTrue(success);
        vm.snapshotGasLastCall(NAME, name);
        chargeGas(sender, 1);
    }

    function test_transfers() public {
        measure("transfer, to a new account", alice, abi.encodeCall(INoteChain.transfer, (bob, DOLLAR)));
        measure("transfer", alice, abi.encodeCall(INoteChain.transfer, (bob, DOLLAR)));
        Transfer[] memory list = new Transfer[](10);
        for (uint256 i = 0; i < 10; ++i) {
            list[i] = Transfer(fillerAt(i), DOLLAR);
        }
        measure("transferMany, 10 new accounts", alice, abi.encodeCall(INoteChain.transferMany, (list)));
        measure("transferMany, 10", alice, abi.encodeCall(INoteChain.transferMany, (list)));
        measure("transferAll", bob, abi.encodeCall(INoteChain.transferAll, (alice, PICO)));
    }

    function test_locks() public {
        measure("authorize, a new payee", alice, authorizing(DOLLAR));
        measure("authorize", alice, authorizing(carol, "other", DOLLAR));
        bytes32 lockId = note.lockIdOf("authorization");
        measure("raise", alice, abi.encodeCall(INoteChain.raise, (lockId, 2 * DOLLAR)));
        uint64 later = uint64(block.timestamp + 3 hours);
        measure("prolong", alice, abi.encodeCall(INoteChain.prolong, (lockId, later, later)));
        measure("claim, first", carol, claiming(CENT));
        measure("claim", carol, claiming(2 * CENT));
        measure("claim, the same again", carol, claiming(2 * CENT));
        measure("release", bob, abi.encodeCall(INoteChain.release, (lockId)));
    }

    function test_withdrawals() public {
        measure("withdraw", alice, withdrawing(DOLLAR));
        measure("withdrawAll", carol, abi.encodeCall(INoteChain.withdrawAll, (carol, address(0), 0, PICO)));
    }
}
