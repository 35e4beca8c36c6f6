// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AGENT,
    Base,
    INodeRegistry,
    IWalletSigned,
    NodeConfig,
    NodeRecord,
    RELAY,
    Roles
} from "../../Base.sol";

contract NodeViewsTest is Base {
    function test_refusesAnUnknownNode() public {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, 0));
        registry.node(0);
    }

    function testFuzz_refusesALargePage(uint256 offset, uint256 limit) public {
        limit = bound(limit, 101, type(uint256).max);
        bytes memory refusal = abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, limit);
        vm.expectRevert(refusal);
        registry.nodes(offset, limit);
        vm.expectRevert(refusal);
        registry.nodesOfHandle(bytes32(0), offset, limit);
    }

    function test_knowsNothingAtFirst() public view {
        assertEq(registry.nodeCount(), 0);
        assertEq(registry.nodes(0, 100).length, 0);
        assertEq(registry.nodeOfWallet(wallet), 0);
        assertEq(Roles.unwrap(registry.rolesOf(1)), 0);
        assertEq(registry.walletOf(1), address(0));
        assertEq(registry.nonces(wallet), 0);
    }

    function test_isAnErc721() public view {
        assertEq(registry.name(), "CoNET Node");
        assertEq(registry.symbol(), "CNODE");
        assertTrue(registry.supportsInterface(0x80ac58cd));
    }

    function test_statesItsLimits() public view {
        assertEq(registry.MAX_ENDPOINTS(), 8);
        assertEq(registry.MAX_PAGE(), 100);
        assertEq(registry.MAX_CERTIFICATE_BYTES(), 4096);
        assertEq(registry.MAX_LIFETIME(), MAX_LIFETIME);
    }

    function testFuzz_pagesThroughAllNodes(uint256 offset, uint256 limit) public {
        for (uint256 i = 0; i < 5; ++i) {
            registerNode(string.concat("node", vm.toString(i)), RELAY);
        }
        limit = bound(limit, 0, 100);
        NodeRecord[] memory page = registry.nodes(offset, limit);
        uint256 rest = offset < 5 ? 5 - offset : 0;
        assertEq(page.length, limit < rest ? limit : rest);
        for (uint256 i = 0; i < page.length; ++i) {
            assertEq(page[i].id, offset + i + 1);
            assertEq(keccak256(abi.encode(page[i])), keccak256(abi.encode(registry.node(page[i].id))));
        }
    }

    function test_movesTheLastNodeIntoAGap() public {
        for (uint256 i = 0; i < 3; ++i) {
            registerNode(string.concat("node", vm.toString(i)), RELAY);
        }
        vm.prank(owner);
        registry.retire(1);
        NodeRecord[] memory listed = registry.nodes(0, 100);
        assertEq(listed.length, 2);
        assertEq(listed[0].id, 3);
        assertEq(listed[1].id, 2);
    }

    function test_listsEveryClaimOnAHandle() public {
        NodeConfig memory config = someConfig(wallet, 1);
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.prank(owner);
        registry.register(config, soon(), signature);

        (address thief, uint256 thiefKey) = makeAddrAndKey("thief");
        NodeConfig memory copy = someConfig(thief, 1);
        signature = signNode(thiefKey, stranger, copy, soon());
        vm.prank(stranger);
        registry.register(copy, soon(), signature);

        uint256[] memory claims = registry.nodesOfHandle(config.keys.handle, 0, 100);
        assertEq(claims.length, 2);
        assertEq(claims[0], 1);
        assertEq(claims[1], 2);
        assertEq(registry.nodesOfHandle(bytes32(config.keys.handleV4), 1, 100)[0], 2);
    }

    /// @dev A page of the largest nodes must fit what RPC servers allow a call.
    function test_readsAFullPageOfLargeNodes() public {
        for (uint256 i = 0; i < 100; ++i) {
            (address wallet_, uint256 key) = makeAddrAndKey(vm.toString(i));
            NodeConfig memory config = someConfig(wallet_, i);
            config.keys.certificate = filled(4096, i);
            config.keys.certificateV4 = filled(4096, i + 1);
            config.endpoints = someEndpoints(8);
            bytes memory signature = signNode(key, owner, config, soon());
            vm.prank(owner);
            registry.register(config, soon(), signature);
        }
        uint256 gas = gasleft();
        (bool ok,) = address(registry).staticcall(abi.encodeCall(registry.nodes, (0, 100)));
        gas -= gasleft();
        assertTrue(ok);
        assertLt(gas, 50_000_000, "a node's usual eth_call limit");
    }
}
