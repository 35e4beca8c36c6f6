// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, Consent, INodeRegistry, IWalletSigned, KeySet, NodeConfig, NodeRecord} from "../../Base.sol";

contract UpdateKeysTest is Base {
    uint256 internal id;
    NodeConfig internal config;

    /// @dev What the node changes to.
    KeySet internal keys;
    bytes32 internal transportKey = keccak256("new transport key");

    function setUp() public override {
        super.setUp();
        config = someConfig(wallet, 1);
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.prank(owner);
        id = registry.register(config, soon(), signature);
        keys = someKeys(2);
    }

    function test_refusesAnUnknownNode() public {
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, id + 1));
        vm.prank(owner);
        registry.updateKeys(id + 1, keys, transportKey, soon(), "");
    }

    function test_refusesAStranger() public {
        bytes memory signature = signKeys(walletKey, stranger);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NotNodeOwner.selector, id, stranger));
        vm.prank(stranger);
        registry.updateKeys(id, keys, transportKey, soon(), signature);
    }

    /// @dev An operator may move the token. It may not speak for the owner.
    function test_refusesAnOperator() public {
        vm.prank(owner);
        registry.setApprovalForAll(stranger, true);
        test_refusesAStranger();
    }

    function test_refusesTheOwnerWithoutTheWallet() public {
        expectInvalidSignature(signKeys(strangerKey, owner));
    }

    function test_refusesASignatureForAnotherOwner() public {
        expectInvalidSignature(signKeys(walletKey, stranger));
    }

    function test_refusesASignatureUsedBefore() public {
        bytes memory signature = signKeys(walletKey, owner);
        update(signature);
        expectInvalidSignature(signature);
    }

    function test_refusesMalformedKeysAndTransportKey() public {
        transportKey = bytes32(0);
        bytes memory signature = signKeys(walletKey, owner);
        vm.expectRevert(INodeRegistry.TransportKeyMissing.selector);
        update(signature);

        keys.handle = bytes32(0);
        signature = signKeys(walletKey, owner);
        vm.expectRevert(IWalletSigned.HandleMissing.selector);
        update(signature);
    }

    function test_replacesKeysAndNothingElse() public {
        skip(1 hours);
        bytes memory signature = signKeys(walletKey, owner);
        Consent memory consent = Consent({owner: owner, nonce: 1, deadline: soon(), signature: signature});
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeKeysUpdated(id, keys.handle, 2, keys, transportKey, consent);

        update(signature);

        config.keys = keys;
        config.transportKey = transportKey;
        NodeRecord memory record = registry.node(id);
        assertEq(record.config, config);
        assertEq(record.serial, 2);
        assertEq(record.updatedAt, block.timestamp);
        assertEq(keccak256(abi.encode(record.consent)), keccak256(abi.encode(consent)));
    }

    function test_movesTheClaims() public {
        update(signKeys(walletKey, owner));
        assertEq(registry.nodesOfHandle(config.keys.handle, 0, 1).length, 0);
        assertEq(registry.nodesOfHandle(config.keys.handleV4, 0, 1).length, 0);
        assertEq(registry.nodesOfHandle(keys.handle, 0, 1)[0], id);
        assertEq(registry.nodesOfHandle(keys.handleV4, 0, 1)[0], id);
    }

    function test_dropsV4() public {
        keys.certificateV4 = "";
        keys.handleV4 = bytes20(0);
        update(signKeys(walletKey, owner));
        assertEq(registry.node(id).config.keys, keys);
        assertEq(registry.nodesOfHandle(config.keys.handleV4, 0, 1).length, 0);
        assertEq(registry.nodesOfHandle(bytes32(0), 0, 1).length, 0);
    }

    function test_showsANewOwnerInTheConsent() public {
        vm.prank(owner);
        registry.transferFrom(owner, stranger, id);
        assertEq(registry.node(id).consent.owner, owner);

        bytes memory signature = signKeys(walletKey, stranger);
        vm.prank(stranger);
        registry.updateKeys(id, keys, transportKey, soon(), signature);
        assertEq(registry.node(id).consent.owner, stranger);
    }

    function update(bytes memory signature) private {
        vm.prank(owner);
        registry.updateKeys(id, keys, transportKey, soon(), signature);
    }

    function expectInvalidSignature(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        update(signature);
    }

    function signKeys(uint256 key, address owner_) private view returns (bytes memory) {
        return sign(key, registry.nodeKeysDigest(wallet, owner_, keys, transportKey, soon()));
    }
}
