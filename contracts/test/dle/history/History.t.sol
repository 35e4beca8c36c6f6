// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {History, HistoryDefinitions, Record} from "../../../src/dle/examples/History.sol";
import {CHAIN_CONTRACT, IChainContract, SYSTEM} from "../../../src/interfaces/IChainContract.sol";
import {ChainTest} from "../ChainTest.sol";

contract HistoryTest is ChainTest {
    History internal history = History(CHAIN_CONTRACT);
    address internal owner = makeAddr("owner");
    address internal garage = makeAddr("garage");

    function setUp() public {
        vm.warp(1_800_000_000);
        found("History", abi.encode(HistoryDefinitions(owner, "a car", "My car")));
    }

    function append(bytes32 hash) private pure returns (bytes memory) {
        return abi.encodeCall(History.append, (hash, "ipfs://..."));
    }

    function notAllowed(address who) private pure returns (bytes memory) {
        return abi.encodeWithSelector(History.NotAllowed.selector, who);
    }

    // --- refused ---

    function test_RevertWhen_initializedByOthersOrAgain() public {
        bytes memory again = abi.encode(HistoryDefinitions(garage, "", ""));
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, address(this)));
        history.initialize(again);
        vm.prank(SYSTEM);
        vm.expectRevert(History.AlreadyInitialized.selector);
        history.initialize(again);
    }

    function test_RevertWhen_thereIsNoOwner() public {
        bytes memory none = abi.encodeCall(History.setOwner, (address(0)));
        sendRefused(owner, none, abi.encodeWithSelector(History.OwnerMissing.selector));
        vm.store(CHAIN_CONTRACT, 0, 0);
        assertEq(history.owner(), address(0));
        vm.prank(SYSTEM);
        vm.expectRevert(History.OwnerMissing.selector);
        history.initialize(abi.encode(HistoryDefinitions(address(0), "", "")));
    }

    function test_RevertWhen_aStrangerWritesOrRules() public {
        sendRefused(garage, append("one"), notAllowed(garage));
        sendRefused(garage, abi.encodeCall(History.setWriter, (garage, true)), notAllowed(garage));
        sendRefused(garage, abi.encodeCall(History.setOwner, (garage)), notAllowed(garage));
    }

    function test_RevertWhen_aWriterRules() public {
        send(owner, abi.encodeCall(History.setWriter, (garage, true)));
        sendRefused(garage, abi.encodeCall(History.setWriter, (garage, true)), notAllowed(garage));
        send(owner, abi.encodeCall(History.setWriter, (garage, false)));
        sendRefused(garage, append("one"), notAllowed(garage));
    }

    function test_RevertWhen_recordedTwice() public {
        send(owner, append("one"));
        send(owner, append("two"));
        sendRefused(owner, append("two"), abi.encodeWithSelector(History.AlreadyRecorded.selector, 1));
    }

    function test_RevertWhen_textIsTooLong() public {
        bytes memory call = abi.encodeCall(History.append, ("one", string(new bytes(257))));
        sendRefused(owner, call, abi.encodeWithSelector(History.TextTooLong.selector, 256, 257));
        send(owner, abi.encodeCall(History.append, ("one", string(new bytes(256)))));
    }

    // --- done ---

    function test_definitionsAreEncodedAsTaken() public view {
        HistoryDefinitions memory given = HistoryDefinitions(owner, "a car", "My car");
        assertEq(history.encodeDefinitions(given), abi.encode(given));
    }

    function test_begins() public view {
        assertEq(history.owner(), owner);
        assertEq(history.asset(), bytes32("a car"));
        assertEq(history.title(), "My car");
        assertEq(history.recordCount(), 0);
    }

    function test_growsAndIsFound() public {
        send(owner, abi.encodeCall(History.setWriter, (garage, true)));
        send(owner, append("bought"));
        vm.warp(block.timestamp + 365 days);
        vm.expectEmit(CHAIN_CONTRACT);
        emit History.Recorded(1, "serviced", garage);
        send(garage, append("serviced"));

        Record[] memory all = history.records(0, 100);
        assertEq(all.length, 2);
        assertEq(all[0].author, owner);
        assertEq(all[1].hash, bytes32("serviced"));
        assertEq(all[1].author, garage);
        assertEq(all[1].time, block.timestamp);
        assertEq(all[1].text, "ipfs://...");
        (bool found_, uint256 index) = history.find("serviced");
        assertTrue(found_);
        assertEq(index, 1);
        (found_,) = history.find("sold");
        assertFalse(found_);
    }

    function test_isHandedOver() public {
        address next = makeAddr("next");
        send(owner, abi.encodeCall(History.setOwner, (next)));
        sendRefused(owner, append("one"), notAllowed(owner));
        send(next, append("one"));
    }

    function test_pages() public {
        for (uint256 i = 0; i < 103; ++i) {
            send(owner, append(bytes32(i + 1)));
        }
        assertEq(history.records(0, 1000).length, 100);
        assertEq(history.records(101, 100).length, 2);
        assertEq(history.records(102, 1)[0].hash, bytes32(uint256(103)));
        assertEq(history.records(103, 1).length, 0);
        assertEq(history.records(type(uint256).max, type(uint256).max).length, 0);
    }
}
