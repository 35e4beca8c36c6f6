// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, INodeRegistry, NodeRecord, Prices, RELAY} from "../../Base.sol";
import {ERC721} from "solady/tokens/ERC721.sol";

contract TransferTest is Base {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = registerNode("node", RELAY);
    }

    function test_refusesAStranger() public {
        vm.expectRevert(ERC721.NotOwnerNorApproved.selector);
        vm.prank(stranger);
        registry.transferFrom(owner, stranger, id);
    }

    function test_takesThePowersFromTheOldOwner() public {
        transfer();
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NotNodeOwner.selector, id, owner));
        vm.prank(owner);
        registry.updatePrices(id, Prices(1, 2, 3, 4, 5));
        vm.prank(stranger);
        registry.updatePrices(id, Prices(1, 2, 3, 4, 5));
    }

    function test_changesOwnerAndNothingElse() public {
        NodeRecord memory expected = registry.node(id);
        skip(1 hours);
        vm.expectEmit(address(registry));
        emit ERC721.Transfer(owner, stranger, id);
        transfer();

        expected.owner = stranger;
        expected.serial = 2;
        expected.updatedAt = uint64(block.timestamp);
        assertEq(keccak256(abi.encode(registry.node(id))), keccak256(abi.encode(expected)));
        assertEq(registry.balanceOf(stranger), 1);
    }

    function testFuzz_countsEveryTransfer(uint8 times) public {
        for (uint256 i = 0; i < times; ++i) {
            address from = registry.ownerOf(id);
            address to = makeAddr(vm.toString(i));
            skip(1);
            vm.prank(from);
            if (i % 2 == 0) registry.transferFrom(from, to, id);
            else registry.safeTransferFrom(from, to, id);
        }
        assertEq(registry.node(id).serial, 1 + uint64(times));
        assertEq(registry.node(id).updatedAt, block.timestamp);
    }

    function test_refusesCoins() public {
        vm.deal(owner, 3);
        bytes memory refusal = abi.encodeWithSelector(INodeRegistry.ValueNotAccepted.selector, 1);
        vm.startPrank(owner);
        vm.expectRevert(refusal);
        registry.transferFrom{value: 1}(owner, stranger, id);
        vm.expectRevert(refusal);
        registry.safeTransferFrom{value: 1}(owner, stranger, id);
        vm.expectRevert(refusal);
        registry.approve{value: 1}(stranger, id);
    }

    function transfer() private {
        vm.prank(owner);
        registry.transferFrom(owner, stranger, id);
    }
}
