// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Caip19
/// @notice The syntax of CAIP-19 names, such as `eip155:1/erc20:0x6b17...` or `bip122:000000000019d6.../slip44:0`.
/// @dev asset type = chain namespace [-a-z0-9]{3,8} ":" chain reference [-_a-zA-Z0-9]{1,32}
///                   "/" asset namespace [-a-z0-9]{3,8} ":" asset reference [-.%a-zA-Z0-9]{1,128}
///      asset id   = asset type "/" token id [-.%a-zA-Z0-9]{1,78}
library Caip19 {
    /// @dev The longest name: 8 + 1 + 32 + 1 + 8 + 1 + 128 + 1 + 78.
    uint256 internal constant MAX_BYTES = 258;

    /// @dev Sets of ASCII characters: bit c is set when the character c is in.
    uint256 private constant DIGITS = 0x3ff << 0x30;
    uint256 private constant LOWER = 0x3ffffff << 0x61;
    uint256 private constant UPPER = 0x3ffffff << 0x41;
    uint256 private constant DASH = 1 << 0x2d;
    uint256 private constant NAMESPACE = LOWER | DIGITS | DASH;
    uint256 private constant CHAIN = NAMESPACE | UPPER | (1 << 0x5f);
    uint256 private constant ASSET = NAMESPACE | UPPER | (1 << 0x2e) | (1 << 0x25);

    /// @notice Whether `name` is an asset type or an asset id.
    function isValid(string calldata name) internal pure returns (bool) {
        bytes calldata text = bytes(name);
        if (text.length > MAX_BYTES) return false;
        uint256 next = 0;
        bool ok;
        (ok, next) = _part(text, next, NAMESPACE, 3, 8, ":");
        if (!ok) return false;
        (ok, next) = _part(text, next, CHAIN, 1, 32, "/");
        if (!ok) return false;
        (ok, next) = _part(text, next, NAMESPACE, 3, 8, ":");
        if (!ok) return false;
        (ok, next) = _part(text, next, ASSET, 1, 128, "/");
        if (!ok || next > text.length) return ok; // ended without "/": an asset type
        (ok, next) = _part(text, next, ASSET, 1, 78, 0);
        return ok && next > text.length;
    }

    /// @dev Reads `least` to `most` characters of `set` and the separator behind them. Only a part that "/" or nothing
    ///      may follow can end the text; `next` is then beyond its end.
    function _part(
        bytes calldata text,
        uint256 start,
        uint256 set,
        uint256 least,
        uint256 most,
        bytes1 separator
    ) private pure returns (bool ok, uint256 next) {
        uint256 end = start;
        while (end < text.length && end - start < most && (set >> uint8(text[end])) & 1 == 1) ++end;
        if (end - start < least) return (false, 0);
        if (end == text.length) return (set == ASSET, end + 1);
        return (text[end] == separator, end + 1);
    }
}
