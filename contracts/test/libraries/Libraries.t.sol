// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../../src/interfaces/IWalletSigned.sol";
import {KeySets} from "../../src/libraries/KeySets.sol";
import {Pages} from "../../src/libraries/Pages.sol";
import {Signatures} from "../../src/libraries/Signatures.sol";
import {KeySet} from "../../src/types/KeySet.sol";
import {Base} from "../Base.sol";

/// @dev The libraries, callable.
contract LibrariesCaller {
    using KeySets for KeySets.Stored;

    KeySets.Stored private _stored;

    function end(uint256 offset, uint256 limit) external pure returns (uint256) {
        return Pages.end(offset, limit);
    }

    function repack(bytes calldata signature) external pure returns (bytes memory) {
        return Signatures.unpack(Signatures.pack(signature));
    }

    function store(KeySet calldata keys) external {
        _stored.store(keys);
    }

    function load() external view returns (KeySet memory) {
        return _stored.load();
    }

    function pointers() external view returns (address, address) {
        return (_stored.certificate, _stored.certificateV4);
    }
}

contract LibrariesTest is Base {
    LibrariesCaller internal caller = new LibrariesCaller();

    function testFuzz_pageEndsWhereItShouldAndNeverOverflows(uint256 offset, uint256 limit) public {
        if (limit > Pages.MAX_PAGE) {
            vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, limit));
            caller.end(offset, limit);
        }
        limit = bound(limit, 0, Pages.MAX_PAGE);
        bool fits = offset <= type(uint256).max - limit;
        assertEq(caller.end(offset, limit), fits ? offset + limit : type(uint256).max);
    }

    function testFuzz_signatureUnpacksToWhatWasPacked(uint256 key, bytes32 digest) public view {
        key = bound(key, 1, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364140);
        bytes memory signature = sign(key, digest);
        assertEq(caller.repack(signature), signature);
    }

    function test_keySetIsEmptyAtFirst() public view {
        KeySet memory none;
        assertEq(caller.load(), none);
    }

    function testFuzz_keySetLoadsAsStored(uint256 length, uint256 lengthV4, uint256 seed) public {
        seed = bound(seed, 0, type(uint256).max - 1);
        KeySet memory keys = someKeys(seed);
        keys.certificate = filled(bound(length, 1, 4096), seed);
        keys.certificateV4 = filled(bound(lengthV4, 0, 4096), seed + 1);
        caller.store(keys);
        assertEq(caller.load(), keys);
    }

    function test_writesACertificateOnlyWhenItChanged() public {
        KeySet memory keys = someKeys(1);
        caller.store(keys);
        (address certificate, address certificateV4) = caller.pointers();

        keys.handle = keccak256("another handle");
        caller.store(keys);
        (address same, address sameV4) = caller.pointers();
        assertEq(same, certificate);
        assertEq(sameV4, certificateV4);

        keys.certificateV4[419] ^= 0x01;
        caller.store(keys);
        (same, sameV4) = caller.pointers();
        assertEq(same, certificate);
        assertNotEq(sameV4, certificateV4);
        assertEq(caller.load(), keys);
    }

    /// @dev A data contract must not be callable: its first opcode is STOP, whatever the certificate says.
    function test_certificateNeverRuns() public {
        KeySet memory keys = someKeys(1);
        keys.certificate = hex"60006000fd"; // revert(0, 0)
        caller.store(keys);
        (address certificate,) = caller.pointers();
        assertEq(certificate.code[0], bytes1(0));
        (bool ok, bytes memory result) = certificate.call("");
        assertTrue(ok);
        assertEq(result.length, 0);
    }
}
