// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../interfaces/IArchiveGroups.sol";
import {ClosedSeries, ICash, Note, NoteStatus, PendingSeries} from "../interfaces/ICash.sol";
import {IConetToken} from "../interfaces/IConetToken.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {Fees} from "../libraries/Fees.sol";
import {Contracts} from "../types/Contracts.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {LibBitmap} from "solady/utils/LibBitmap.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title NoteBooks
/// @notice What is written about each note, and how it is read. See `ICash`.
abstract contract NoteBooks is ICash, EIP712 {
    using LibBitmap for LibBitmap.Bitmap;
    using SafeCast for uint256;
    using SafeTransferLib for address;

    /// @dev What an exit reads: one word, full.
    struct Terms {
        address stablecoin;
        NoteStatus status;
        /// The coin's decimals beyond six.
        uint8 scaleExponent;
        uint16 exitFeeRate;
        uint32 series;
        uint32 home;
    }

    /// @dev What an exit writes: one word.
    struct Hot {
        uint64 opened;
        uint64 left;
        uint64 height;
        uint64 exited;
    }

    /// @dev What everything else needs: three words.
    struct Books {
        address issuer;
        /// `left` at the last re-issue.
        uint64 leftReissued;
        uint128 burnOutstanding;
        /// Of the exit fees so far, what the issuer pulled.
        uint64 feesTaken;
        /// What `_liveInGroup[home]` holds for this note.
        uint64 counted;
        uint128 issuerNode;
        uint64 face;
        /// Under settlement: the highest block whose exits are paid.
        uint64 settleHeight;
    }

    struct Record {
        Terms terms;
        Hot hot;
        Books books;
    }

    /// @inheritdoc ICash
    uint256 public constant MAX_BATCH = 256;

    IConetToken internal immutable _TOKEN;
    IParameters internal immutable _PARAMETERS;
    IRewards internal immutable _REWARDS;
    IArchiveGroups internal immutable _ARCHIVE_GROUPS;
    address internal immutable _CHAIN_ANCHOR;
    address internal immutable _CASH_ORDERS;
    address internal immutable _CASH_POOL;
    address internal immutable _FORCED_EXITS;

    /// @inheritdoc ICash
    mapping(uint32 home => uint256 micro) public liveInGroup;

    mapping(uint256 id => Record) internal _records;
    mapping(uint256 id => LibBitmap.Bitmap) internal _paid;
    mapping(uint256 id => PendingSeries) internal _pending;
    mapping(uint256 id => mapping(uint32 series => ClosedSeries)) internal _closed;

    modifier only(address expected) {
        _only(expected);
        _;
    }

    constructor(Contracts memory all) {
        _TOKEN = IConetToken(all.token);
        _PARAMETERS = IParameters(all.parameters);
        _REWARDS = IRewards(all.rewards);
        _ARCHIVE_GROUPS = IArchiveGroups(all.archiveGroups);
        _CHAIN_ANCHOR = all.chainAnchor;
        _CASH_ORDERS = all.cashOrders;
        _CASH_POOL = all.cashPool;
        _FORCED_EXITS = all.forcedExits;
    }

    // --- views ---

    /// @inheritdoc ICash
    function note(uint256 id) external view returns (Note memory) {
        (Record storage record, Terms memory terms) = _load(id);
        Hot memory hot = _hot(id);
        Books memory books = _books(record);
        return Note({
            status: terms.status,
            stablecoin: terms.stablecoin,
            face: books.face,
            series: terms.series,
            home: terms.home,
            issuerNode: books.issuerNode,
            issuer: books.issuer,
            opened: hot.opened,
            left: hot.left,
            exited: hot.exited,
            height: hot.height,
            exitFeeRate: terms.exitFeeRate,
            burnOutstanding: books.burnOutstanding
        });
    }

    /// @inheritdoc ICash
    function pendingSeries(uint256 id) external view returns (PendingSeries memory) {
        return _pending[id];
    }

    /// @inheritdoc ICash
    function closedSeries(uint256 id, uint32 series) external view returns (ClosedSeries memory) {
        return _closed[id][series];
    }

    /// @inheritdoc ICash
    function live(uint256 id) public view returns (uint64) {
        Hot memory hot = _hot(id);
        return hot.opened - hot.left;
    }

    /// @inheritdoc ICash
    function feesOwed(uint256 id) public view returns (uint64) {
        Record storage record = _records[id];
        uint256 total = Fees.exitFee(record.hot.exited, record.terms.exitFeeRate);
        return (total - record.books.feesTaken).toUint64();
    }

    /// @inheritdoc ICash
    function scaleOf(uint256 id) public view returns (uint256) {
        (, Terms memory terms) = _load(id);
        return _scale(terms);
    }

    /// @inheritdoc ICash
    function exposureOf(uint32 group) public view returns (uint256 micro) {
        // At most `ArchiveGroups.MAX_DEPTH` above it.
        for (; group != 0; group = _ARCHIVE_GROUPS.parentOf(group)) {
            micro += liveInGroup[group];
        }
    }

    /// @inheritdoc ICash
    function burnFor(uint256 id, uint64 deposit) public view returns (uint256) {
        return Fees.burnFor(live(id) + deposit, _price());
    }

    /// @inheritdoc ICash
    function chainOf(uint256 id) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), id));
    }

    /// @inheritdoc ICash
    function isPaid(uint256 id, uint64 withdrawal) public view returns (bool) {
        return _paid[id].get(withdrawal);
    }

    // --- inside ---

    function _load(uint256 id) internal view returns (Record storage record, Terms memory terms) {
        record = _records[id];
        terms = record.terms;
    }

    function _books(Record storage record) internal view returns (Books memory) {
        return record.books;
    }

    function _hot(uint256 id) internal view returns (Hot memory) {
        return _records[id].hot;
    }

    function _refuse(uint256 id, NoteStatus status) internal pure {
        revert StatusWrong(id, status);
    }

    function _requireNonZero(uint256 amount) internal pure {
        if (amount == 0) revert AmountZero();
    }

    function _requireStatus(uint256 id, Terms memory terms, NoteStatus expected) internal pure {
        if (terms.status != expected) _refuse(id, terms.status);
    }

    /// @dev Makes `liveInGroup` exact for a note, and moves it to `home`.
    function _count(Record storage record, uint256 id, uint32 home) internal {
        uint32 from = record.terms.home;
        uint64 amount = live(id) + _pending[id].deposit;
        liveInGroup[from] -= record.books.counted;
        liveInGroup[home] += amount;
        record.books.counted = amount;
        if (from == home) return;
        record.terms.home = home;
        emit Rehomed(id, from, home);
    }

    function _send(Terms memory terms, address to, uint256 micro) internal {
        terms.stablecoin.safeTransfer(to, micro * _scale(terms));
    }

    function _scale(Terms memory terms) internal pure returns (uint256) {
        return 10 ** terms.scaleExponent;
    }

    function _price() internal view returns (uint256) {
        (bool valid, uint256 price) = _PARAMETERS.priceFeed().price();
        if (!valid || price == 0) revert PriceInvalid();
        return price;
    }

    function _checkBatch(uint256 length) internal pure {
        if (length > MAX_BATCH) revert BatchWrong(MAX_BATCH, length);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("CoNET Cash", "1");
    }

    function _only(address expected) internal view {
        if (msg.sender != expected) revert Unauthorized(expected, msg.sender);
    }
}
