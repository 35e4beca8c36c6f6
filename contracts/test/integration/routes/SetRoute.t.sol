// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AGENT,
    Base,
    IRouteTable,
    IWalletSigned,
    KeySet,
    RELAY,
    RouteRecord,
    RouteTable,
    RouteUpdate
} from "../../Base.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

contract SetRouteTest is Base {
    uint256 internal agent;
    RouteUpdate internal update;

    function setUp() public override {
        super.setUp();
        agent = registerNode("agent", RELAY | AGENT);
        update = someUpdate(wallet, 1);
        update.agent = agent;
    }

    /// @dev Not even the agent, or the owner of its node.
    function test_refusesAnybodyElsesSignature() public {
        expectInvalidSignature(signRoute(strangerKey, update, soon()));
        (, uint256 agentKey) = makeAddrAndKey("agent");
        expectInvalidSignature(signRoute(agentKey, update, soon()));
        (, uint256 ownerKey) = makeAddrAndKey("owner");
        expectInvalidSignature(signRoute(ownerKey, update, soon()));
    }

    /// @dev Being the sender proves nothing: only the signature does.
    function test_refusesTheWalletItselfWithoutItsSignature() public {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        vm.prank(wallet);
        table.setRoute(update, soon(), filled(65, 1));
    }

    function test_refusesASignatureUsedBefore() public {
        bytes memory signature = signRoute(walletKey, update, soon());
        submit(signature);
        expectInvalidSignature(signature);
    }

    function test_refusesACancelledSignature() public {
        bytes memory signature = signRoute(walletKey, update, soon());
        vm.prank(wallet);
        table.cancelNonce();
        expectInvalidSignature(signature);
    }

    function test_refusesASignatureForAnotherContractOrChain() public {
        expectInvalidSignature(sign(walletKey, new RouteTable(registry).routeDigest(update, soon())));

        bytes memory here = signRoute(walletKey, update, soon());
        vm.chainId(31_338);
        expectInvalidSignature(here);
    }

    function test_refusesASignatureForTheRegistry() public {
        expectInvalidSignature(
            sign(
                walletKey, registry.nodeKeysDigest(wallet, stranger, update.keys, update.keys.handle, soon())
            )
        );
    }

    function test_refusesASignatureOfTheWrongLength() public {
        bytes memory signature = signRoute(walletKey, update, soon());
        expectInvalidSignature("");
        expectInvalidSignature(abi.encodePacked(signature, uint8(0)));
    }

    function testFuzz_refusesAnyChangeOfWhatWasSigned(uint256 field) public {
        uint256 other = registerNode("other", AGENT);
        bytes memory signature = signRoute(walletKey, update, soon());
        field = bound(field, 0, 6);
        if (field == 0) update.keys.certificate[7] ^= 0x01;
        else if (field == 1) update.keys.certificateV4[7] ^= 0x01;
        else if (field == 2) update.keys.handle ^= bytes32(uint256(1));
        else if (field == 3) update.keys.handleV4 ^= bytes20(uint160(1));
        else if (field == 4) update.epoch += 1;
        else if (field == 5) update.agent = other;
        else update.expiry += 1;
        expectInvalidSignature(signature);
    }

    function test_refusesAnotherDeadlineThanTheSignedOne() public {
        bytes memory signature = signRoute(walletKey, update, soon());
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        table.setRoute(update, soon() + 1, signature);
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

    function testFuzz_refusesAPassedExpiry(uint64 ago) public {
        update.expiry = uint64(block.timestamp - bound(ago, 0, block.timestamp));
        expectRefusal(abi.encodeWithSelector(IRouteTable.ExpiryPassed.selector, update.expiry));
    }

    function testFuzz_refusesAFarExpiry(uint64 expiry) public {
        uint256 latest = block.timestamp + MAX_LIFETIME;
        update.expiry = uint64(bound(expiry, latest + 1, type(uint64).max));
        expectRefusal(abi.encodeWithSelector(IRouteTable.ExpiryTooFar.selector, update.expiry, latest));
    }

    function test_drawsTheLinesToTheSecond() public {
        uint64 latest = uint64(block.timestamp + 400 days);
        uint256 passed = block.timestamp - 1;
        expectRevertAt(passed, abi.encodeWithSelector(IWalletSigned.DeadlinePassed.selector, passed));
        expectRevertAt(
            latest + 1, abi.encodeWithSelector(IWalletSigned.DeadlineTooFar.selector, latest + 1, latest)
        );
        update.expiry = latest + 1;
        expectRefusal(abi.encodeWithSelector(IRouteTable.ExpiryTooFar.selector, latest + 1, latest));
        update.expiry = uint64(block.timestamp);
        expectRefusal(abi.encodeWithSelector(IRouteTable.ExpiryPassed.selector, block.timestamp));

        update.expiry = latest;
        table.setRoute(update, latest, signRoute(walletKey, update, latest));
        update.expiry = uint64(block.timestamp + 1);
        table.setRoute(update, block.timestamp, signRoute(walletKey, update, block.timestamp));
    }

    function testFuzz_refusesALowerEpoch(uint32 current, uint32 given) public {
        update.epoch = uint32(bound(current, 1, type(uint32).max));
        setRoute(update);
        current = update.epoch;
        update.epoch = uint32(bound(given, 0, current - 1));
        expectRefusal(abi.encodeWithSelector(IRouteTable.EpochDecreased.selector, current, update.epoch));
    }

    function test_refusesAnAgentThatIsNone() public {
        update.agent = registerNode("relay", RELAY);
        expectRefusal(abi.encodeWithSelector(IRouteTable.NotAnAgent.selector, update.agent));
        update.agent = 99;
        expectRefusal(abi.encodeWithSelector(IRouteTable.NotAnAgent.selector, 99));
        update.agent = type(uint256).max;
        expectRefusal(abi.encodeWithSelector(IRouteTable.NotAnAgent.selector, type(uint256).max));
    }

    function test_refusesARetiredAgent() public {
        vm.prank(owner);
        registry.retire(agent);
        expectRefusal(abi.encodeWithSelector(IRouteTable.NotAnAgent.selector, agent));
    }

    function test_refusesMalformedKeys() public {
        KeySet memory good = update.keys;

        update.keys.certificate = "";
        expectRefusal(abi.encodeWithSelector(IWalletSigned.CertificateMissing.selector));
        update.keys.certificate = filled(4097, 1);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.CertificateTooLong.selector, 4097));
        update.keys = good;
        update.keys.certificateV4 = "";
        expectRefusal(abi.encodeWithSelector(IWalletSigned.HandleV4Mismatch.selector));
        update.keys = good;
        update.keys.handle = bytes32(0);
        expectRefusal(abi.encodeWithSelector(IWalletSigned.HandleMissing.selector));
    }

    function test_setsARoute() public {
        bytes memory signature = signRoute(walletKey, update, soon());
        vm.expectEmit(address(table));
        emit IRouteTable.RouteSet(wallet, agent, update.keys.handle, 1, update, soon(), signature);
        submit(signature);

        RouteRecord memory record = table.route(wallet);
        assertEq(record.update, update);
        assertEq(record.serial, 1);
        assertEq(record.updatedAt, block.timestamp);
        assertEq(record.nonce, 0);
        assertEq(record.deadline, soon());
        assertEq(record.signature, signature);
        assertEq(table.nonces(wallet), 1);
    }

    /// @dev What is on chain suffices to check it again, whoever served it.
    function test_keepsWhatAReaderNeedsToVerify() public {
        bytes32 digest = table.routeDigest(update, soon());
        setRoute(update);
        skip(300 days);
        assertEq(ECDSA.recover(digest, table.route(wallet).signature), wallet);
    }

    function test_leavesItsAgent() public {
        setRoute(update);
        update.agent = 0;
        update.keys = someKeys(1);
        setRoute(update);
        assertEq(table.route(wallet).update.agent, 0);
        assertEq(table.route(wallet).serial, 2);
    }

    function test_outlivesItsAgentAndItsExpiry() public {
        setRoute(update);
        vm.prank(owner);
        registry.retire(agent);
        skip(MAX_LIFETIME);
        assertEq(table.route(wallet).update, update);
    }

    function test_rotates() public {
        setRoute(update);
        KeySet memory old = update.keys;
        update.keys = someKeys(2);
        update.epoch = 1;
        setRoute(update);

        assertEq(table.route(wallet).update, update);
        assertEq(table.claimsOfHandle(old.handle, 0, 100).length, 0);
        assertEq(table.claimsOfHandle(old.handleV4, 0, 100).length, 0);
        assertEq(table.claimsOfHandle(update.keys.handle, 0, 100)[0], wallet);
        assertEq(table.claimsOfHandle(update.keys.handleV4, 0, 100)[0], wallet);
    }

    /// @dev A wallet may call its v6 handle what it called its v4 handle before, and the reverse.
    function test_keepsClaimsWhenHandlesChangePlaces() public {
        bytes20 a = bytes20(keccak256("a"));
        bytes20 b = bytes20(keccak256("b"));
        (update.keys.handle, update.keys.handleV4) = (bytes32(a), b);
        setRoute(update);
        (update.keys.handle, update.keys.handleV4) = (bytes32(b), a);
        setRoute(update);
        assertEq(table.claimsOfHandle(a, 0, 100).length, 1);
        assertEq(table.claimsOfHandle(b, 0, 100).length, 1);

        (update.keys.handle, update.keys.handleV4) = (bytes32(a), a);
        setRoute(update);
        assertEq(table.claimsOfHandle(a, 0, 100).length, 1);
        assertEq(table.claimsOfHandle(b, 0, 100).length, 0);
        update.keys = someKeys(1);
        setRoute(update);
        assertEq(table.claimsOfHandle(a, 0, 100).length, 0);
    }

    function testFuzz_setsWhatItIsGiven(
        uint256 length,
        uint256 lengthV4,
        uint32 epoch,
        uint256 lifetime,
        uint256 wait
    ) public {
        lengthV4 = bound(lengthV4, 0, 4096);
        update.keys.certificate = filled(bound(length, 1, 4096), 1);
        update.keys.certificateV4 = filled(lengthV4, 2);
        if (lengthV4 == 0) update.keys.handleV4 = bytes20(0);
        update.epoch = epoch;
        update.expiry = uint64(block.timestamp + bound(lifetime, 1, MAX_LIFETIME));
        uint256 deadline = block.timestamp + bound(wait, 0, MAX_LIFETIME);
        bytes memory signature = signRoute(walletKey, update, deadline);
        table.setRoute(update, deadline, signature);

        RouteRecord memory record = table.route(wallet);
        assertEq(record.update, update);
        assertEq(record.deadline, deadline);
        assertEq(record.signature, signature);
    }

    function submit(bytes memory signature) private {
        vm.prank(stranger);
        table.setRoute(update, soon(), signature);
    }

    function expectInvalidSignature(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        submit(signature);
    }

    /// @dev The signature is good: what is refused is what it signs.
    function expectRefusal(bytes memory revertData) private {
        expectRevertAt(soon(), revertData);
    }

    function expectRevertAt(uint256 deadline, bytes memory revertData) private {
        bytes memory signature = signRoute(walletKey, update, deadline);
        vm.expectRevert(revertData);
        vm.prank(stranger);
        table.setRoute(update, deadline, signature);
    }
}
