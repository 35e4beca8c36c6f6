// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Archive} from "../../Archive.sol";

contract VerifyTest is Archive {
    bytes32 internal constant DIGEST = keccak256("what is certified");

    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    function test_refusesUnknownGroups() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        uint32[3] memory unknown = [0, 2, type(uint32).max];
        for (uint256 i = 0; i < unknown.length; ++i) {
            certificate.group = unknown[i];
            for (uint64 epoch = 0; epoch < 2; ++epoch) {
                certificate.epoch = epoch;
                vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.UnknownGroup.selector, unknown[i]));
                groups.verify(DIGEST, certificate);
            }
        }
    }

    function test_refusesOtherEpochs() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        uint64[4] memory wrong = [0, 2, 3, type(uint64).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            certificate.epoch = wrong[i];
            vm.expectRevert(
                abi.encodeWithSelector(IArchiveGroups.EpochNotCurrent.selector, ROOT_GROUP, wrong[i], 1)
            );
            groups.verify(DIGEST, certificate);
        }
    }

    function test_refusesTwoThirdsAndFewer() public {
        // 6 of 10 are fewer than two thirds; 7 are more.
        for (uint32 signers = 0; signers < 7; ++signers) {
            Certificate memory certificate = certifyAs(DIGEST, ROOT_GROUP, 1, (uint32(1) << signers) - 1);
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, signers, 7));
            groups.verify(DIGEST, certificate);
        }
    }

    function test_refusesSeatsBeyondTheLast() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        uint32 bit = 1;
        for (uint256 seat = 10; seat < 32; ++seat) {
            // forge-lint: disable-next-line(unsafe-typecast)
            certificate.seats = 0x7f | (bit << uint32(seat));
            vm.expectRevert(
                abi.encodeWithSelector(IArchiveGroups.SeatUnknown.selector, certificate.seats, 10)
            );
            groups.verify(DIGEST, certificate);
        }
    }

    function test_refusesOtherLengths() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        bytes memory right = certificate.signatures;
        bytes[4] memory wrong =
            [bytes(""), bytes.concat(right, hex"00"), bytes.concat(right, right), new bytes(7 * 65)];
        for (uint256 i = 0; i < wrong.length; ++i) {
            certificate.signatures = wrong[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IArchiveGroups.SignaturesLengthInvalid.selector, wrong[i].length, 7 * 64
                )
            );
            groups.verify(DIGEST, certificate);
        }
        assembly ("memory-safe") {
            mstore(right, sub(mload(right), 1))
        }
        certificate.signatures = right;
        vm.expectRevert(
            abi.encodeWithSelector(IArchiveGroups.SignaturesLengthInvalid.selector, 7 * 64 - 1, 7 * 64)
        );
        groups.verify(DIGEST, certificate);
    }

    /// @dev Every seat of the quorum, the last included, is really compared.
    function test_refusesASignatureByAnother() public {
        for (uint256 seat = 0; seat < 7; ++seat) {
            Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
            put(certificate.signatures, seat, signCompact(uint256(keccak256("stranger")), DIGEST));
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, seat));
            groups.verify(DIGEST, certificate);
        }
    }

    function test_refusesAnotherDigest() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        groups.verify(keccak256("something else"), certificate);
    }

    function test_refusesASignatureCountedTwice() public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        bytes memory first = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            first[i] = certificate.signatures[i];
        }
        put(certificate.signatures, 1, first);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 1));
        groups.verify(DIGEST, certificate);
    }

    /// @dev What ecrecover cannot recover gives the zero address, which is nobody's.
    function test_refusesWhatRecoversNobody() public {
        bytes32[4] memory r = [bytes32(0), bytes32(ORDER), bytes32(type(uint256).max), bytes32(uint256(5))];
        for (uint256 i = 0; i < r.length; ++i) {
            Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
            put(certificate.signatures, 6, abi.encodePacked(r[i], uint256(i == 3 ? 0 : 1)));
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 6));
            groups.verify(DIGEST, certificate);
        }
    }

    function test_acceptsTheSmallestQuorumAndMore() public view {
        for (uint256 signers = 7; signers <= 10; ++signers) {
            // forge-lint: disable-next-line(incorrect-shift)
            groups.verify(DIGEST, certifyAs(DIGEST, ROOT_GROUP, 1, uint32((1 << signers) - 1)));
        }
    }

    function testFuzz_acceptsExactlyQuorums(bytes32 digest, uint32 bitmap) public {
        bitmap &= 0x3ff;
        Certificate memory certificate = certifyAs(digest, ROOT_GROUP, 1, bitmap);
        uint256 signers = certificate.signatures.length / 64;
        if (signers < 7) {
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, signers, 7));
        }
        groups.verify(digest, certificate);
    }

    function testFuzz_refusesAnyFlippedBit(uint256 bit) public {
        Certificate memory certificate = certify(DIGEST, ROOT_GROUP);
        bit = bound(bit, 0, 7 * 512 - 1);
        // forge-lint: disable-next-line(incorrect-shift)
        certificate.signatures[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, bit / 512));
        groups.verify(DIGEST, certificate);
    }

    function put(bytes memory signatures, uint256 index, bytes memory signature) private pure {
        for (uint256 i = 0; i < 64; ++i) {
            signatures[64 * index + i] = signature[i];
        }
    }
}
