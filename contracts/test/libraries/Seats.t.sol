// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../../src/interfaces/IArchiveGroups.sol";
import {Seats} from "../../src/libraries/Seats.sol";
import {Test} from "forge-std/Test.sol";

contract SeatsHarness {
    function check(address pointer, uint256 seats, bytes32 digest, uint256 bitmap, bytes calldata signatures)
        external
        view
    {
        Seats.check(pointer, seats, digest, bitmap, signatures);
    }

    function write(uint256[] calldata nodes, address[] calldata signers) external returns (address) {
        return Seats.write(nodes, signers);
    }
}

contract SeatsTest is Test {
    bytes32 internal constant DIGEST = keccak256("digest");
    uint256 internal constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    SeatsHarness internal harness = new SeatsHarness();

    /// @dev An s just above n/2 still fits ERC-2098. Nobody meets one by chance, so the signers are those that such
    ///      signatures recover to.
    function test_highSIsRefused() public {
        bytes memory low = withS(HALF_ORDER);
        bytes memory high = withS(HALF_ORDER + 1);
        harness.check(seatsFor(low), 4, DIGEST, 7, low);
        address pointer = seatsFor(high);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        harness.check(pointer, 4, DIGEST, 7, high);
    }

    /// @dev A zero address in a seat signs nothing, not even with a signature that recovers nobody.
    function test_zeroNeverSigns() public {
        address pointer = harness.write(new uint256[](4), new address[](4));
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        harness.check(pointer, 4, DIGEST, 7, new bytes(192));
    }

    function test_idsBeyond64BitsAreRefused() public {
        uint256[] memory nodes = new uint256[](1);
        nodes[0] = uint256(type(uint64).max) + 1;
        vm.expectRevert();
        harness.write(nodes, new address[](1));
    }

    function testFuzz_readsWhatItWrote(uint64[31] memory nodes_, address[31] memory signers_, uint256 count)
        public
    {
        count = bound(count, 1, 31);
        uint256[] memory nodes = new uint256[](count);
        address[] memory signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            (nodes[i], signers[i]) = (nodes_[i], signers_[i]);
        }
        address pointer = Seats.write(nodes, signers);
        assertEq(Seats.readNodes(pointer, count), nodes);
        assertEq(Seats.readSigners(pointer, count), signers);
    }

    /// @dev More than two thirds of every number of seats there can be, with signers spread at random.
    function testFuzz_quorumOfAnySize(uint256 count, uint256 bitmap) public {
        count = bound(count, 1, 31);
        // forge-lint: disable-next-line(incorrect-shift)
        bitmap &= (1 << count) - 1;
        address[] memory signers = new address[](count);
        bytes memory signatures;
        uint256 signed;
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = vm.addr(i + 1);
            if ((bitmap >> i) & 1 == 0) continue;
            ++signed;
            (bytes32 r, bytes32 vs) = vm.signCompact(i + 1, DIGEST);
            signatures = abi.encodePacked(signatures, r, vs);
        }
        address pointer = harness.write(new uint256[](count), signers);
        if (signed * 3 <= count * 2) {
            vm.expectRevert(
                abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, signed, count * 2 / 3 + 1)
            );
        }
        harness.check(pointer, count, DIGEST, bitmap, signatures);
    }

    /// @dev Three signatures with different r that all have this s.
    function withS(uint256 s) private pure returns (bytes memory signatures) {
        uint256 r = 1;
        while (signatures.length < 192) {
            if (ecrecover(DIGEST, 27, bytes32(r), bytes32(s)) != address(0)) {
                signatures = abi.encodePacked(signatures, r, s);
            }
            ++r;
        }
    }

    /// @dev Four seats, three of which signed `signatures`.
    function seatsFor(bytes memory signatures) private returns (address) {
        address[] memory signers = new address[](4);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 r;
            bytes32 s;
            assembly ("memory-safe") {
                r := mload(add(signatures, add(32, mul(64, i))))
                s := mload(add(signatures, add(64, mul(64, i))))
            }
            signers[i] = ecrecover(DIGEST, 27, r, s);
        }
        return harness.write(new uint256[](4), signers);
    }
}
