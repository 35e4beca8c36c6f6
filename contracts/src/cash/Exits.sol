// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit, ICash, NoteStatus} from "../interfaces/ICash.sol";
import {CashTypedData} from "../libraries/CashTypedData.sol";
import {Fees} from "../libraries/Fees.sol";
import {Certificate} from "../types/Certificate.sol";
import {NoteBooks} from "./NoteBooks.sol";
import {LibBitmap} from "solady/utils/LibBitmap.sol";

/// @title Exits
/// @notice How money leaves notes: by certified withdrawals, and under settlement by forced exits. See `ICash`.
abstract contract Exits is NoteBooks {
    using LibBitmap for LibBitmap.Bitmap;

    /// @inheritdoc ICash
    function exit(Exit calldata exit_, Certificate calldata certificate) external {
        (Record storage record, Terms memory terms) = _load(exit_.note);
        if (terms.status < NoteStatus.Live) _refuse(exit_.note, terms.status);
        if (exit_.series != terms.series) revert SeriesWrong(exit_.note, terms.series, exit_.series);
        if (isPaid(exit_.note, exit_.id)) revert AlreadyPaid(exit_.note, exit_.id);
        if (terms.status == NoteStatus.Settling && exit_.height > record.books.settleHeight) {
            revert HeightTooHigh(exit_.note, record.books.settleHeight, exit_.height);
        }
        _ARCHIVE_GROUPS.verifyFor(
            chainOf(exit_.note),
            terms.home,
            exitDigest(exit_, certificate.group, certificate.epoch),
            certificate
        );

        uint64 fee = _leave(record, exit_.note, exit_.amount, exit_.height, terms.exitFeeRate);
        if (exit_.relayerFee > exit_.amount - fee) {
            revert RelayerFeeTooHigh(exit_.amount - fee, exit_.relayerFee);
        }
        _paid[exit_.note].set(exit_.id);

        emit Exited(exit_.note, exit_.id, exit_.recipient, exit_.amount, fee, exit_.relayerFee);

        _send(terms, exit_.recipient, exit_.amount - fee - exit_.relayerFee);
        if (exit_.relayerFee != 0) {
            _send(terms, exit_.relayer == address(0) ? msg.sender : exit_.relayer, exit_.relayerFee);
        }
    }

    /// @inheritdoc ICash
    function settle(uint256 id, uint64 height) external only(_FORCED_EXITS) {
        Record storage record = _records[id];
        NoteStatus status = record.terms.status;
        if (status < NoteStatus.Live) _refuse(id, status);
        if (height < record.hot.height) revert HeightTooLow(id, record.hot.height, height);

        record.terms.status = NoteStatus.Settling;
        record.books.settleHeight = height;
        emit SettlementStarted(id, height);
    }

    /// @inheritdoc ICash
    function payout(uint256 id, address recipient, uint64 amount) external only(_FORCED_EXITS) {
        _payout(id, recipient, amount);
    }

    /// @inheritdoc ICash
    function payoutWithdrawal(uint256 id, uint64 withdrawal, address recipient, uint64 amount)
        external
        only(_FORCED_EXITS)
        returns (bool)
    {
        if (isPaid(id, withdrawal)) return false;
        _paid[id].set(withdrawal);
        _payout(id, recipient, amount);
        return true;
    }

    /// @inheritdoc ICash
    function exitDigest(Exit calldata exit_, uint32 group, uint64 epoch) public view returns (bytes32) {
        return _hashTypedData(CashTypedData.hashExit(exit_, group, epoch));
    }

    /// @dev Books an exit and returns its fee.
    function _leave(Record storage record, uint256 id, uint64 amount, uint64 height, uint256 rate)
        private
        returns (uint64 fee)
    {
        Hot memory hot = _hot(id);
        if (amount == 0) revert AmountZero();
        if (amount > hot.opened - hot.left) revert ExceedsLive(id, hot.opened - hot.left, amount);
        // What left never exceeds what was opened, and a fee never exceeds what left: all of it fits 64 bits.
        unchecked {
            // forge-lint: disable-next-line(unsafe-typecast)
            fee = uint64(Fees.exitFee(hot.exited + amount, rate) - Fees.exitFee(hot.exited, rate));
            hot.left += amount;
            hot.exited += amount;
        }
        if (height > hot.height) hot.height = height;
        record.hot = hot;
    }

    function _payout(uint256 id, address recipient, uint64 amount) private {
        (Record storage record, Terms memory terms) = _load(id);
        _requireStatus(id, terms, NoteStatus.Settling);
        uint64 fee = _leave(record, id, amount, 0, terms.exitFeeRate);
        emit PaidOut(id, recipient, amount, fee);
        _send(terms, recipient, amount - fee);
    }
}
