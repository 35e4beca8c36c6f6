// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash, Note, NoteStatus} from "../interfaces/ICash.sol";
import {ICashOrders, OrderStatus} from "../interfaces/ICashOrders.sol";
import {ICashPool, PooledNote} from "../interfaces/ICashPool.sol";
import {Pages} from "../libraries/Pages.sol";
import {Contracts} from "../types/Contracts.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title CashPool
/// @notice Notes that wait for a new buyer. See `ICashPool`.
contract CashPool is ICashPool {
    using EnumerableSet for EnumerableSet.UintSet;

    ICash private immutable _CASH;
    ICashOrders private immutable _ORDERS;

    /// @dev May hold notes that left: `Cash` moves an NFT out without telling.
    mapping(address stablecoin => EnumerableSet.UintSet) private _notes;

    constructor(Contracts memory all) {
        _CASH = ICash(all.cash);
        _ORDERS = ICashOrders(all.cashOrders);
    }

    /// @inheritdoc ICashPool
    function take(uint256 id) external {
        Note memory note = _CASH.note(id);
        if (note.status != NoteStatus.Live) revert NoteNotLive(id);
        address holder = _CASH.ownerOf(id);
        if (holder == address(this)) revert NoteInPool(id);
        uint64 live = note.opened - note.left;
        if (live > note.opened / 2) revert NoteInUse(id, live, note.opened / 2);
        uint64 room = note.face - live;
        if (room < _ORDERS.MIN_ORDER()) revert RoomTooSmall(id, room);

        _notes[note.stablecoin].add(id);
        emit NoteTaken(id, note.stablecoin, holder, live);
        // The rules above are what takes a note, not its holder's leave.
        // slither-disable-next-line arbitrary-send-erc20
        _CASH.transferFrom(holder, address(this), id);
    }

    /// @inheritdoc ICashPool
    function drop(uint256 id) external {
        if (_isHere(id)) revert NoteInPool(id);
        address stablecoin = _CASH.note(id).stablecoin;
        if (!_notes[stablecoin].remove(id)) revert NoteNotListed(id);
        emit NoteDropped(id, stablecoin);
    }

    /// @inheritdoc ICashPool
    function roomOf(uint256 id) public view returns (address stablecoin, uint64 room) {
        Note memory note = _CASH.note(id);
        return (note.stablecoin, _room(id, note));
    }

    /// @inheritdoc ICashPool
    function noteCount(address stablecoin) external view returns (uint256) {
        return _notes[stablecoin].length();
    }

    /// @inheritdoc ICashPool
    function notes(address stablecoin, uint256 offset, uint256 limit)
        external
        view
        returns (PooledNote[] memory page)
    {
        uint256[] memory ids = _notes[stablecoin].values(offset, Pages.end(offset, limit));
        page = new PooledNote[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            Note memory note = _CASH.note(ids[i]);
            uint64 room = _room(ids[i], note);
            uint256 last = _ORDERS.lastOrderFor(ids[i]);
            if (_ORDERS.orderOf(last).status == OrderStatus.Pending) room = 0;
            page[i] = PooledNote({note: ids[i], face: note.face, live: note.opened - note.left, room: room});
        }
    }

    /// @dev What can be ordered as far as `Cash` is concerned.
    function _room(uint256 id, Note memory note) private view returns (uint64) {
        if (note.status != NoteStatus.Live || !_isHere(id) || _CASH.pendingSeries(id).deposit != 0) return 0;
        return note.face - (note.opened - note.left);
    }

    function _isHere(uint256 id) private view returns (bool) {
        return _CASH.note(id).status != NoteStatus.None && _CASH.ownerOf(id) == address(this);
    }
}
