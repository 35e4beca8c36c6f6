// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClosedSeries, ICash, NoteStatus} from "../interfaces/ICash.sol";
import {Fees} from "../libraries/Fees.sol";
import {NoteBooks} from "./NoteBooks.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title IssuerClaims
/// @notice What issuers pull, exit fees and re-issues, and counting anew. See `ICash`.
abstract contract IssuerClaims is NoteBooks {
    using SafeCast for uint256;

    /// @inheritdoc ICash
    function collectFees(uint256[] calldata notes) external {
        _checkBatch(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            uint64 owed = feesOwed(notes[i]);
            if (owed == 0) continue;
            (Record storage record, Terms memory terms) = _load(notes[i]);
            record.books.feesTaken += owed;
            _count(record, notes[i], terms.home);
            emit FeesCollected(notes[i], terms.series, record.books.issuer, owed);
            _send(terms, record.books.issuer, owed);
        }
    }

    /// @inheritdoc ICash
    function collectClosedFees(uint256 id, uint32 series) external {
        ClosedSeries storage closed = _closed[id][series];
        uint64 owed = closed.feesOwed;
        _requireNonZero(owed);
        closed.feesOwed = 0;
        emit FeesCollected(id, series, closed.issuer, owed);
        (, Terms memory terms) = _load(id);
        _send(terms, closed.issuer, owed);
    }

    /// @inheritdoc ICash
    function reissue(uint256 id) external returns (uint256 amount) {
        Record storage record = _records[id];
        Hot memory hot = _hot(id);
        Books memory books = _books(record);
        uint64 left = hot.left - books.leftReissued;
        _requireNonZero(left);
        amount = _reissuable(books.burnOutstanding, left, hot.opened - books.leftReissued);

        record.books.leftReissued = hot.left;
        record.books.burnOutstanding = books.burnOutstanding - amount.toUint128();
        _count(record, id, record.terms.home);
        emit Reissued(id, record.terms.series, books.issuer, left, amount);
        _TOKEN.reissue(books.issuer, amount);
    }

    /// @inheritdoc ICash
    function reissueClosed(uint256 id, uint32 series) external returns (uint256 amount) {
        ClosedSeries memory closed = _closed[id][series];
        _requireNonZero(closed.unreissued);
        amount = _reissuable(closed.burnOutstanding, closed.unreissued, closed.unreissued);

        _closed[id][series].unreissued = 0;
        _closed[id][series].burnOutstanding = closed.burnOutstanding - amount.toUint128();
        emit Reissued(id, series, closed.issuer, closed.unreissued, amount);
        _TOKEN.reissue(closed.issuer, amount);
    }

    /// @inheritdoc ICash
    function recount(uint256[] calldata notes) external {
        _checkBatch(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            Record storage record = _records[notes[i]];
            if (record.terms.status == NoteStatus.None) _refuse(notes[i], NoteStatus.None);
            _count(record, notes[i], _ARCHIVE_GROUPS.keeperOf(chainOf(notes[i]), record.terms.home));
        }
    }

    function _reissuable(uint128 burnOutstanding, uint64 left, uint64 vaultBefore)
        private
        view
        returns (uint256)
    {
        return Math.min(Fees.reissueFor(left, _price()), Fees.reissueCap(burnOutstanding, left, vaultBefore));
    }
}
