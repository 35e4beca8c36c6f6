// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NoteBooks} from "./NoteBooks.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @title NoteToken
/// @notice Notes as NFTs that only the pool moves, by `transferFrom`. See `ICash`.
abstract contract NoteToken is NoteBooks, ERC721 {
    constructor() ERC721("", "") {}

    function name() public pure override returns (string memory) {
        return "CoNETCash";
    }

    function symbol() public pure override returns (string memory) {
        return "CoNETCash";
    }

    /// @dev There is nothing to show: what a note is worth is said on its own chain.
    function tokenURI(uint256 id) public view override returns (string memory) {
        _requireOwned(id);
        return "";
    }

    /// @dev There is no other way than `transferFrom`, and nobody can be allowed to.
    function approve(address, uint256) public view override(ERC721, IERC721) {
        _refuseMove();
    }

    function safeTransferFrom(address, address, uint256, bytes memory) public view override(ERC721, IERC721) {
        _refuseMove();
    }

    function setApprovalForAll(address, bool) public view override(ERC721, IERC721) {
        _refuseMove();
    }

    /// @dev Of who calls `transferFrom`. This contract's own moves are not checked.
    function _checkAuthorized(address, address, uint256) internal view override {
        _only(_CASH_POOL);
    }

    /// @dev Nobody is ever approved, so a move has nothing to clear.
    function _approve(address, uint256, address, bool) internal pure override {}

    function _refuseMove() private view {
        revert Unauthorized(_CASH_POOL, msg.sender);
    }
}
