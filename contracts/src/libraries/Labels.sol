// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title Labels
/// @notice Names as one word. A label has 3 to 32 characters of a-z, 0-9 and the hyphen, so its bytes, followed by
///         zeros, fit one word that also says where they end: the id of its token.
/// @dev A hyphen neither begins nor ends a label, and two do not stand in third and fourth place: browsers show
///      `xn--…` as other letters than were registered (RFC 5891, section 4.2.3.1).
library Labels {
    /// @dev The shortest label.
    uint256 internal constant MIN_LENGTH = 3;

    /// @dev The longest label.
    uint256 internal constant MAX_LENGTH = 32;

    /// @notice The id of a label, or where it is wrong.
    /// @return id Zero when the label is not one.
    /// @return position The first character that may not stand where it stands; the length when that is wrong.
    function parse(string memory label) internal pure returns (uint256 id, uint256 position) {
        bytes memory characters = bytes(label);
        uint256 count = characters.length;
        if (count < MIN_LENGTH || count > MAX_LENGTH) return (0, count);
        for (uint256 i = 0; i < count; ++i) {
            if (!_fits(characters, i)) return (0, i);
        }
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint256(bytes32(characters)), 0);
    }

    /// @notice The label of an id that `parse` gave.
    function text(uint256 id) internal pure returns (string memory) {
        bytes memory label = new bytes(length(id));
        for (uint256 i = 0; i < label.length; ++i) {
            label[i] = bytes32(id)[i];
        }
        return string(label);
    }

    /// @notice How many characters the label of an id has.
    function length(uint256 id) internal pure returns (uint256 count) {
        while (count < MAX_LENGTH && bytes32(id)[count] != 0) {
            ++count;
        }
    }

    function _fits(bytes memory characters, uint256 i) private pure returns (bool) {
        bytes1 c = characters[i];
        if ((c >= "a" && c <= "z") || (c >= "0" && c <= "9")) return true;
        if (c != "-" || i == 0 || i == characters.length - 1) return false;
        return i != 3 || characters[2] != "-";
    }
}
