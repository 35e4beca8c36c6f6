// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AGENT,
    Base,
    Endpoint,
    EndpointLibrary,
    INodeRegistry,
    NodeConfig,
    NodeRecord,
    Prices,
    RELAY,
    Roles,
    Specs
} from "../../Base.sol";

/// @dev What the owner changes alone: endpoints, roles, prices and specs.
contract UpdateNodeTest is Base {
    uint256 internal id;
    NodeRecord internal before;

    function setUp() public override {
        super.setUp();
        id = registerNode("node", RELAY | AGENT);
        before = registry.node(id);
        skip(1 hours);
    }

    function test_refusesAnUnknownNode() public {
        bytes memory refusal = abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, 7);
        vm.startPrank(owner);
        vm.expectRevert(refusal);
        registry.updateEndpoints(7, someEndpoints(1));
        vm.expectRevert(refusal);
        registry.updateRoles(7, RELAY);
        vm.expectRevert(refusal);
        registry.updatePrices(7, Prices(1, 2, 3, 4, 5));
        vm.expectRevert(refusal);
        registry.updateSpecs(7, Specs(1, 2, 3, 4));
    }

    function test_refusesAStrangerAndTheWallet() public {
        expectAllRefuse(stranger);
        expectAllRefuse(before.config.wallet);
    }

    function test_refusesAnApprovedAddress() public {
        vm.prank(owner);
        registry.approve(stranger, id);
        expectAllRefuse(stranger);
    }

    function test_refusesBadEndpoints() public {
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.EndpointCountInvalid.selector, 0));
        registry.updateEndpoints(id, someEndpoints(0));
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.EndpointCountInvalid.selector, 9));
        registry.updateEndpoints(id, someEndpoints(9));
        Endpoint[] memory endpoints = new Endpoint[](1);
        endpoints[0] = EndpointLibrary.from(bytes16(uint128(1)), 0);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.EndpointPortMissing.selector, endpoints[0]));
        registry.updateEndpoints(id, endpoints);
    }

    function testFuzz_refusesReservedAndEmptyRoles(uint16 mask) public {
        vm.assume(mask == 0 || mask > 127);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.RolesInvalid.selector, mask));
        vm.prank(owner);
        registry.updateRoles(id, Roles.wrap(mask));
    }

    function testFuzz_replacesEndpoints(uint256 count) public {
        Endpoint[] memory endpoints = someEndpoints(bound(count, 1, 8));
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeEndpointsUpdated(id, 2, endpoints);
        vm.prank(owner);
        registry.updateEndpoints(id, endpoints);

        before.config.endpoints = endpoints;
        expectOneChange();
    }

    function testFuzz_replacesRoles(uint16 mask) public {
        Roles roles = Roles.wrap(uint16(bound(mask, 1, 127)));
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRolesUpdated(id, 2, roles);
        vm.prank(owner);
        registry.updateRoles(id, roles);

        before.config.roles = roles;
        expectOneChange();
    }

    function testFuzz_replacesPrices(Prices calldata prices) public {
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodePricesUpdated(id, 2, prices);
        vm.prank(owner);
        registry.updatePrices(id, prices);

        before.config.prices = prices;
        expectOneChange();
    }

    function testFuzz_replacesSpecs(Specs calldata specs) public {
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeSpecsUpdated(id, 2, specs);
        vm.prank(owner);
        registry.updateSpecs(id, specs);

        before.config.specs = specs;
        expectOneChange();
    }

    function expectAllRefuse(address caller) private {
        bytes memory refusal = abi.encodeWithSelector(INodeRegistry.NotNodeOwner.selector, id, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        registry.updateEndpoints(id, someEndpoints(1));
        vm.expectRevert(refusal);
        registry.updateRoles(id, RELAY);
        vm.expectRevert(refusal);
        registry.updatePrices(id, Prices(1, 2, 3, 4, 5));
        vm.expectRevert(refusal);
        registry.updateSpecs(id, Specs(1, 2, 3, 4));
        vm.stopPrank();
    }

    /// @dev The record is as `before` says, one serial later, with the same consent.
    function expectOneChange() private view {
        NodeRecord memory expected = before;
        expected.serial = 2;
        expected.updatedAt = uint64(block.timestamp);
        assertEq(keccak256(abi.encode(registry.node(id))), keccak256(abi.encode(expected)));
    }
}
