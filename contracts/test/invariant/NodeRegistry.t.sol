// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, NodeRecord, Roles} from "../Base.sol";
import {NodeRegistryHandler} from "./NodeRegistryHandler.sol";

contract NodeRegistryInvariants is Base {
    NodeRegistryHandler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new NodeRegistryHandler(registry);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = handler.register.selector;
        selectors[1] = handler.updateKeys.selector;
        selectors[2] = handler.updateEndpoints.selector;
        selectors[3] = handler.updateRoles.selector;
        selectors[4] = handler.updatePrices.selector;
        selectors[5] = handler.transfer.selector;
        selectors[6] = handler.retire.selector;
        selectors[7] = handler.cancelNonce.selector;
        selectors[8] = handler.intrude.selector;
        selectors[9] = handler.wait.selector;
        selectors[10] = handler.updateSpecs.selector;
        selectors[11] = handler.setOnline.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev Ids and serials grow by one, changes are dated, strangers change nothing.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev The listing is exactly the live tokens, and each record is as its last change left it.
    function invariant_listingIsTheLiveNodes() public view {
        uint256[] memory live = handler.live();
        NodeRecord[] memory listed = registry.nodes(0, 100);
        assertEq(registry.nodeCount(), live.length);
        assertEq(listed.length, live.length);
        for (uint256 i = 0; i < listed.length; ++i) {
            NodeRecord memory record = listed[i];
            assertEq(registry.ownerOf(record.id), record.owner);
            assertEq(keccak256(abi.encode(record)), handler.lastRecord(record.id));
            for (uint256 j = 0; j < i; ++j) {
                assertNotEq(listed[j].id, record.id);
            }
        }
    }

    /// @dev A wallet has its live node, and at most one.
    function invariant_walletsAndNodesPointAtEachOther() public view {
        NodeRecord[] memory listed = registry.nodes(0, 100);
        for (uint256 i = 0; i < listed.length; ++i) {
            assertEq(registry.nodeOfWallet(listed[i].config.wallet), listed[i].id);
        }
        uint256 found;
        for (uint256 i = 0; i < handler.walletCount(); ++i) {
            address wallet_ = handler.wallets(i);
            if (registry.nodeOfWallet(wallet_) != 0) ++found;
            assertEq(registry.nonces(wallet_), handler.noncesUsed(wallet_));
        }
        assertEq(found, listed.length);
    }

    /// @dev Under each handle are exactly the live nodes that name it, v6 or v4.
    function invariant_handleIndexIsConsistent() public view {
        NodeRecord[] memory listed = registry.nodes(0, 100);
        bytes32[] memory handles = handler.handles();
        for (uint256 h = 0; h < handles.length; ++h) {
            uint256 expected;
            for (uint256 i = 0; i < listed.length; ++i) {
                if (names(listed[i], handles[h])) ++expected;
            }
            uint256[] memory ids = registry.nodesOfHandle(handles[h], 0, 100);
            assertEq(ids.length, expected);
            for (uint256 i = 0; i < ids.length; ++i) {
                assertTrue(names(registry.node(ids[i]), handles[h]));
            }
        }
        assertEq(registry.nodesOfHandle(bytes32(0), 0, 100).length, 0);
    }

    /// @dev What a retired node leaves is nothing.
    function invariant_retiredNodesAreGone() public view {
        for (uint256 id = 1; id <= handler.lastId(); ++id) {
            (bool alive,) = address(registry).staticcall(abi.encodeCall(registry.ownerOf, (id)));
            assertEq(Roles.unwrap(registry.rolesOf(id)) != 0, alive);
            assertEq(registry.walletOf(id) != address(0), alive);
        }
    }

    function names(NodeRecord memory record, bytes32 handle) private pure returns (bool) {
        return record.config.keys.handle == handle || bytes32(record.config.keys.handleV4) == handle;
    }
}
