// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AGENT,
    Base,
    Consent,
    EndpointLibrary,
    INodeRegistry,
    IWalletSigned,
    KeySet,
    NodeConfig,
    NodeRecord,
    NodeRegistry,
    Prices,
    RELAY,
    Roles,
    Specs
} from "../../Base.sol";

contract RegisterTest is Base {
    NodeConfig internal config;

    function setUp() public override {
        super.setUp();
        config = someConfig(wallet, 1);
    }

    function test_refusesAStrangersSignature() public {
        bytes memory signature = signNode(strangerKey, owner, config, soon());
        expectInvalidSignature(signature);
    }

    function test_refusesASignatureForAnotherOwner() public {
        bytes memory signature = signNode(walletKey, stranger, config, soon());
        expectInvalidSignature(signature);
    }

    function test_refusesASignatureUsedBefore() public {
        bytes memory signature = signNode(walletKey, owner, config, soon());
        uint256 id = register(signature);
        vm.prank(owner);
        registry.retire(id);
        expectInvalidSignature(signature);
    }

    function test_refusesACancelledSignature() public {
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.prank(wallet);
        registry.cancelNonce();
        expectInvalidSignature(signature);
    }

    function test_refusesASignatureForAnotherContractOrChain() public {
        bytes memory elsewhere = sign(
            walletKey,
            new NodeRegistry(all).nodeKeysDigest(wallet, owner, config.keys, config.transportKey, soon())
        );
        expectInvalidSignature(elsewhere);

        bytes memory here = signNode(walletKey, owner, config, soon());
        vm.chainId(31_338);
        expectInvalidSignature(here);
    }

    function test_refusesASignatureOfTheWrongLength() public {
        bytes memory signature = signNode(walletKey, owner, config, soon());
        expectInvalidSignature("");
        expectInvalidSignature(abi.encodePacked(signature, uint8(0)));
        expectInvalidSignature(filled(64, 1));
    }

    /// @dev The other s that the curve allows, with the other v: a second form of the same signature.
    function test_refusesAHighS() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            walletKey, registry.nodeKeysDigest(wallet, owner, config.keys, config.transportKey, soon())
        );
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        expectInvalidSignature(abi.encodePacked(r, order - uint256(s), v == 27 ? uint8(28) : uint8(27)));
    }

    function test_refusesAWalletOfZero() public {
        config.wallet = address(0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, address(0)));
        vm.prank(owner);
        registry.register(config, soon(), filled(65, 1));
    }

    function testFuzz_refusesAnyChangeOfWhatWasSigned(uint256 field) public {
        bytes memory signature = signNode(walletKey, owner, config, soon());
        field = bound(field, 0, 4);
        if (field == 0) config.keys.certificate[7] ^= 0x01;
        else if (field == 1) config.keys.certificateV4[7] ^= 0x01;
        else if (field == 2) config.keys.handle ^= bytes32(uint256(1));
        else if (field == 3) config.keys.handleV4 ^= bytes20(uint160(1));
        else config.transportKey ^= bytes32(uint256(1));
        expectInvalidSignature(signature);
    }

    function test_refusesASecondNodeOfOneWallet() public {
        uint256 id = register(signNode(walletKey, owner, config, soon()));
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.WalletHasNode.selector, wallet, id));
        register(signature);
    }

    function testFuzz_refusesAPassedDeadline(uint256 ago) public {
        uint256 deadline = block.timestamp - bound(ago, 1, block.timestamp);
        expectRevertAt(deadline, abi.encodeWithSelector(IWalletSigned.DeadlinePassed.selector, deadline));
    }

    function testFuzz_refusesAFarDeadline(uint256 deadline) public {
        uint256 latest = block.timestamp + MAX_LIFETIME;
        deadline = bound(deadline, latest + 1, type(uint256).max);
        expectRevertAt(
            deadline, abi.encodeWithSelector(IWalletSigned.DeadlineTooFar.selector, deadline, latest)
        );
    }

    function test_refusesMalformedKeys() public {
        KeySet memory good = config.keys;

        config.keys.certificate = "";
        expectRefusal(abi.encodeWithSelector(IWalletSigned.CertificateMissing.selector));
        config.keys.certificate = filled(4097, 1);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.CertificateTooLong.selector, 4097));
        config.keys = good;
        config.keys.certificateV4 = filled(4097, 1);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.CertificateTooLong.selector, 4097));
        config.keys.certificateV4 = "";
        expectRefusal(abi.encodeWithSelector(IWalletSigned.HandleV4Mismatch.selector));
        config.keys = good;
        config.keys.handleV4 = bytes20(0);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.HandleV4Mismatch.selector));
        config.keys = good;
        config.keys.handle = bytes32(0);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.HandleMissing.selector));
    }

    function test_refusesATransportKeyOfZero() public {
        config.transportKey = bytes32(0);
        expectRefusal(abi.encodeWithSelector(INodeRegistry.TransportKeyMissing.selector));
    }

    function test_refusesBadEndpoints() public {
        config.endpoints = someEndpoints(0);
        expectRefusal(abi.encodeWithSelector(INodeRegistry.EndpointCountInvalid.selector, 0));
        config.endpoints = someEndpoints(9);
        expectRefusal(abi.encodeWithSelector(INodeRegistry.EndpointCountInvalid.selector, 9));
        config.endpoints = someEndpoints(8);
        config.endpoints[7] = EndpointLibrary.from(config.endpoints[7].ip(), 0);
        expectRefusal(abi.encodeWithSelector(INodeRegistry.EndpointPortMissing.selector, config.endpoints[7]));
    }

    function testFuzz_refusesReservedAndEmptyRoles(uint16 mask) public {
        vm.assume(mask == 0 || mask > 127);
        config.roles = Roles.wrap(mask);
        expectRefusal(abi.encodeWithSelector(INodeRegistry.RolesInvalid.selector, mask));
    }

    function test_registers() public {
        bytes memory signature = signNode(walletKey, owner, config, soon());
        Consent memory consent = Consent({owner: owner, nonce: 0, deadline: soon(), signature: signature});
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRegistered(1, wallet, config.keys.handle, 1, owner, config, consent);

        uint256 id = register(signature);

        assertEq(id, 1);
        assertEq(registry.ownerOf(id), owner);
        assertEq(registry.nonces(wallet), 1);
        assertEq(registry.nodeOfWallet(wallet), id);
        assertEq(registry.nodeCount(), 1);
        assertEq(Roles.unwrap(registry.rolesOf(id)), 3);
        assertEq(registry.walletOf(id), wallet);
        NodeRecord memory record = registry.node(id);
        assertEq(record.id, id);
        assertEq(record.owner, owner);
        assertEq(record.serial, 1);
        assertEq(record.updatedAt, block.timestamp);
        assertFalse(record.online);
        assertEq(record.config, config);
        assertEq(keccak256(abi.encode(record.consent)), keccak256(abi.encode(consent)));
    }

    function test_registersWithoutV4() public {
        config.keys.certificateV4 = "";
        config.keys.handleV4 = bytes20(0);
        uint256 id = register(signNode(walletKey, owner, config, soon()));
        assertEq(registry.node(id).config, config);
        assertEq(registry.nodesOfHandle(bytes32(0), 0, 100).length, 0);
    }

    function testFuzz_registersWhatItIsGiven(
        uint256 length,
        uint256 lengthV4,
        uint256 endpoints,
        Prices calldata prices,
        Specs calldata specs,
        uint256 lifetime
    ) public {
        config.keys.certificate = filled(bound(length, 1, 4096), 1);
        config.keys.certificateV4 = filled(bound(lengthV4, 1, 4096), 2);
        config.endpoints = someEndpoints(bound(endpoints, 1, 8));
        config.prices = prices;
        config.specs = specs;
        uint256 deadline = block.timestamp + bound(lifetime, 0, MAX_LIFETIME);
        bytes memory signature = signNode(walletKey, owner, config, deadline);

        vm.prank(owner);
        uint256 id = registry.register(config, deadline, signature);

        NodeRecord memory record = registry.node(id);
        assertEq(record.config, config);
        assertEq(record.consent.deadline, deadline);
        assertEq(record.consent.signature, signature);
    }

    function register(bytes memory signature) private returns (uint256) {
        vm.prank(owner);
        return registry.register(config, soon(), signature);
    }

    function expectInvalidSignature(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        register(signature);
    }

    /// @dev The signature is good: what is refused is what it signs.
    function expectRefusal(bytes memory revertData) private {
        expectRevertAt(soon(), revertData);
    }

    function expectRevertAt(uint256 deadline, bytes memory revertData) private {
        bytes memory signature = signNode(walletKey, owner, config, deadline);
        vm.expectRevert(revertData);
        vm.prank(owner);
        registry.register(config, deadline, signature);
    }
}
