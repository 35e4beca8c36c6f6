// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ClosedSeries, ICash, NoteStatus, PendingSeries} from "../interfaces/ICash.sol";
import {Fees} from "../libraries/Fees.sol";
import {NoteToken} from "./NoteToken.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title Issuance
/// @notice How money comes into notes: paid for, cancelled, and opened as a series. See `ICash`.
abstract contract Issuance is NoteToken, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeTransferLib for address;

    /// @inheritdoc ICash
    uint64 public constant MAX_FACE = 100e6;

    /// @inheritdoc ICash
    function issue(
        uint256 id,
        address stablecoin,
        uint64 deposit,
        address account,
        uint256 issuerNode,
        address issuer,
        uint256 burn
    ) external only(_CASH_ORDERS) nonReentrant returns (uint256) {
        _requireNonZero(deposit);
        if (_PARAMETERS.mintingPaused()) revert MintingPaused();
        uint256 scale = _PARAMETERS.stablecoinScale(stablecoin);
        // At most 77.
        // forge-lint: disable-next-line(unsafe-typecast)
        uint8 exponent = uint8(Math.log10(scale));
        if (scale != 10 ** exponent) revert StablecoinNotApproved(stablecoin);
        uint256 least = burnFor(id, deposit);
        if (burn < least) revert BurnTooSmall(least, burn);

        bool isNew = _records[id].terms.status == NoteStatus.None;
        if (isNew) _create(id, stablecoin, exponent, deposit);
        else _checkResale(id, stablecoin, deposit);
        _pending[id] = PendingSeries(deposit, account, issuerNode, issuer, burn.toUint128());
        _expose(id);
        emit Issued(id, stablecoin, account, deposit, issuerNode, issuer, burn);

        if (isNew) _mint(account, id);
        _TOKEN.burnForReissue(burn);
        _pull(stablecoin, deposit * scale);
        return id;
    }

    /// @inheritdoc ICash
    function cancel(uint256 id) external only(_CASH_ORDERS) {
        PendingSeries memory pending = _pendingOf(id);
        (Record storage record, Terms memory terms) = _load(id);

        delete _pending[id];
        _count(record, id, terms.home);
        if (terms.status == NoteStatus.Minted) {
            delete _records[id];
            _update(address(0), id, address(0));
        }
        emit Cancelled(id, pending.deposit, pending.issuer, pending.burn);

        _TOKEN.reissue(pending.issuer, pending.burn);
        _send(terms, _CASH_ORDERS, pending.deposit);
    }

    /// @inheritdoc ICash
    function open(uint256 id, uint32 series, uint64 deposit, uint64 carried, uint32 home)
        external
        only(_CHAIN_ANCHOR)
    {
        PendingSeries memory pending = _pendingOf(id);
        (Record storage record, Terms memory terms) = _load(id);
        if (terms.status == NoteStatus.Settling) _refuse(id, terms.status);
        if (series != terms.series + 1) revert SeriesWrong(id, terms.series + 1, series);
        if (deposit != pending.deposit) revert DepositDiffers(id, pending.deposit, deposit);
        if (carried != live(id)) revert CarriedDiffers(id, live(id), carried);

        if (terms.series != 0) _close(record, id, terms.series);
        delete _pending[id];
        record.terms.status = NoteStatus.Live;
        record.terms.series = series;
        record.terms.exitFeeRate = uint256(_PARAMETERS.exitFeeRate()).toUint16();
        record.hot = Hot({opened: carried + deposit, left: 0, height: 0, exited: 0});
        record.books.issuer = pending.issuer;
        record.books.leftReissued = 0;
        record.books.burnOutstanding = pending.burn;
        record.books.feesTaken = 0;
        record.books.issuerNode = pending.issuerNode.toUint128();
        _count(record, id, home);
        emit SeriesOpened(id, series, deposit, carried, home, record.terms.exitFeeRate);

        if (_ownerOf(id) == _CASH_POOL) _update(pending.account, id, address(0));
    }

    // --- inside ---

    function _create(uint256 id, address stablecoin, uint8 exponent, uint64 face) private {
        if (face > MAX_FACE) revert FaceExceeded(MAX_FACE, face);
        Record storage record = _records[id];
        record.terms.stablecoin = stablecoin;
        record.terms.status = NoteStatus.Minted;
        record.terms.scaleExponent = exponent;
        record.terms.home = _ARCHIVE_GROUPS.groupOf(chainOf(id));
        record.books.face = face;
    }

    function _checkResale(uint256 id, address stablecoin, uint64 deposit) private view {
        (Record storage record, Terms memory terms) = _load(id);
        _requireStatus(id, terms, NoteStatus.Live);
        if (terms.stablecoin != stablecoin) revert StablecoinDiffers(terms.stablecoin, stablecoin);
        if (_ownerOf(id) != _CASH_POOL) revert NotInPool(id);
        if (_pending[id].deposit != 0) revert SeriesPending(id);
        uint64 face = record.books.face;
        if (uint256(live(id)) + deposit > face) revert FaceExceeded(face, uint256(live(id)) + deposit);
    }

    /// @dev Counts a note in the group that keeps it now, and reverts when that group has more than it may.
    function _expose(uint256 id) private {
        Record storage record = _records[id];
        uint32 group = _ARCHIVE_GROUPS.keeperOf(chainOf(id), record.terms.home);
        _count(record, id, group);
        uint256 most = Fees.worth(_ARCHIVE_GROUPS.exposureStake(group), _price());
        uint256 exposed = exposureOf(group);
        if (exposed > most) revert ExposureExceeded(group, most, exposed);
    }

    /// @dev Keeps what the issuer of a series that ends may still pull.
    function _close(Record storage record, uint256 id, uint32 series) private {
        Books memory books = _books(record);
        _closed[id][series] = ClosedSeries({
            issuer: books.issuer,
            feesOwed: feesOwed(id),
            unreissued: record.hot.opened - books.leftReissued,
            burnOutstanding: books.burnOutstanding
        });
    }

    /// @dev Reverts unless the coin delivers exactly what was sent.
    function _pull(address stablecoin, uint256 units) private {
        uint256 before = stablecoin.balanceOf(address(this));
        stablecoin.safeTransferFrom(msg.sender, address(this), units);
        uint256 delivered = stablecoin.balanceOf(address(this)) - before;
        if (delivered != units) revert DeliveryInexact(units, delivered);
    }

    function _pendingOf(uint256 id) private view returns (PendingSeries memory pending) {
        pending = _pending[id];
        if (pending.deposit == 0) revert NoSeriesPending(id);
    }
}
