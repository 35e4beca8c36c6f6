// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Signatures
/// @notice Keeps a 65-byte ECDSA signature in two storage words: r, and s with v in its top bit (ERC-2098).
///         A low s never uses that bit.
library Signatures {
    /// @notice A signature in two words.
    struct Compact {
        bytes32 r;
        bytes32 vs;
    }

    /// @notice Packs a signature.
    /// @param signature r, s, v: 65 bytes, s low, v 27 or 28. The caller has verified it, and with it its form.
    function pack(bytes calldata signature) internal pure returns (Compact memory) {
        uint256 parity = uint256(uint8(signature[64])) - 27;
        return Compact({
            r: bytes32(signature[:32]), vs: bytes32(uint256(bytes32(signature[32:64])) | (parity << 255))
        });
    }

    /// @notice The 65 bytes that were packed.
    function unpack(Compact memory self) internal pure returns (bytes memory) {
        uint256 vs = uint256(self.vs);
        // The top bit is 0 or 1, so the sum fits a byte.
        // forge-lint: disable-next-line(unsafe-typecast)
        return abi.encodePacked(self.r, (vs << 1) >> 1, uint8(27 + (vs >> 255)));
    }
}
