// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, INodeRegistry, NodeRecord, RELAY} from "../../Base.sol";

contract SetOnlineTest is Base {
    uint256 internal id;
    NodeRecord internal before;

    function setUp() public override {
        super.setUp();
        id = registerNode("node", RELAY);
        before = registry.node(id);
        skip(1 hours);
    }

    function test_refusesAnUnknownNode() public {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, 7));
        vm.prank(owner);
        registry.setOnline(7, true);
    }

    function test_refusesARetiredNode() public {
        vm.startPrank(owner);
        registry.retire(id);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, id));
        registry.setOnline(id, true);
    }

    function test_refusesAStrangerAndAnApprovedAddress() public {
        bytes memory refusal =
            abi.encodeWithSelector(INodeRegistry.NotNodeOwnerNorWallet.selector, id, stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.setOnline(id, true);
        vm.prank(owner);
        registry.approve(stranger, id);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        registry.setOnline(id, true);
    }

    function test_refusesTheOldOwner() public {
        vm.startPrank(owner);
        registry.transferFrom(owner, stranger, id);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NotNodeOwnerNorWallet.selector, id, owner));
        registry.setOnline(id, true);
    }

    function testFuzz_ownerAndWalletSwitchIt(bool on, bool off) public {
        expectSwitch(on ? owner : before.config.wallet, true, 2);
        skip(1 hours);
        expectSwitch(off ? owner : before.config.wallet, false, 3);
    }

    /// @dev The node that starts again after a crash says so once more: that costs little and changes nothing.
    function test_sayingTheSameAgainChangesNothing() public {
        vm.prank(owner);
        registry.setOnline(id, false);
        assertEq(keccak256(abi.encode(registry.node(id))), keccak256(abi.encode(before)));
    }

    function test_staysOnlineThroughATransfer() public {
        vm.startPrank(owner);
        registry.setOnline(id, true);
        registry.transferFrom(owner, stranger, id);
        assertTrue(registry.node(id).online);
    }

    function expectSwitch(address caller, bool online, uint64 serial) private {
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeOnlineUpdated(id, serial, online);
        vm.prank(caller);
        registry.setOnline(id, online);

        NodeRecord memory expected = before;
        expected.serial = serial;
        expected.updatedAt = uint64(block.timestamp);
        expected.online = online;
        assertEq(keccak256(abi.encode(registry.node(id))), keccak256(abi.encode(expected)));
    }
}
