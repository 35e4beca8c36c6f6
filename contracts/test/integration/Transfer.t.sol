// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, INodeRegistry, NodeRecord, Prices, RELAY} from "../Base.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract TransferTest is Base {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = registerNode("node", RELAY);
    }

    function test_refusesAStranger() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, stranger, id)
        );
        vm.prank(stranger);
        registry.transferFrom(owner, stranger, id);
    }

    function test_takesThePowersFromTheOldOwner() public {
        transfer();
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NotNodeOwner.selector, id, owner));
        vm.prank(owner);
        registry.updatePrices(id, Prices(1, 2, 3));
        vm.prank(stranger);
        registry.updatePrices(id, Prices(1, 2, 3));
    }

    function test_changesOwnerAndNothingElse() public {
        NodeRecord memory expected = registry.node(id);
        skip(1 hours);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeOwnerUpdated(id, 2, stranger);
        transfer();

        expected.owner = stranger;
        expected.serial = 2;
        expected.updatedAt = uint64(block.timestamp);
        assertEq(keccak256(abi.encode(registry.node(id))), keccak256(abi.encode(expected)));
        assertEq(registry.balanceOf(stranger), 1);
    }

    function transfer() private {
        vm.prank(owner);
        registry.transferFrom(owner, stranger, id);
    }
}
