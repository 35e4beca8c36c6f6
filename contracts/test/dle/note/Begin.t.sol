// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IChainContract, INoteChain, NoteBase, SYSTEM} from "./NoteBase.sol";

contract BeginTest is NoteBase {
    function test_RevertWhen_callerIsNotTheSystem() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, alice));
        note.begin("other");
    }

    function test_RevertWhen_begunAgain() public {
        vm.prank(SYSTEM);
        vm.expectRevert(INoteChain.AlreadyDone.selector);
        note.begin("other");
        assertEq(note.genesisHash(), GENESIS);
    }

    function test_RevertWhen_authorizedBeforeTheBeginning() public {
        vm.store(address(note), bytes32(uint256(2)), 0);
        assertEq(note.genesisHash(), 0);
        sendRefused(alice, authorizing(DOLLAR), abi.encodeWithSelector(INoteChain.NotBegun.selector));
        begin("later");
        assertEq(note.lockIdOf("x"), keccak256(abi.encode(bytes32("later"), uint256(1), bytes32("x"))));
        authorize(DOLLAR);
    }
}
