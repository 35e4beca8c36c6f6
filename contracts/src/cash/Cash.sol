// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../interfaces/IArchiveGroups.sol";
import {ClosedSeries, Exit, ICash, Note, NoteStatus, PendingSeries} from "../interfaces/ICash.sol";
import {IConetToken} from "../interfaces/IConetToken.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {CashTypedData} from "../libraries/CashTypedData.sol";
import {Fees} from "../libraries/Fees.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {LibBitmap} from "solady/utils/LibBitmap.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title Cash
/// @notice Notes and their vault. See `ICash`.
contract Cash is ICash, ERC721, EIP712, ReentrancyGuardTransient {
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
    uint64 public constant MAX_FACE = 100e6;

    /// @inheritdoc ICash
    uint256 public constant MAX_BATCH = 256;

    /// @inheritdoc ICash
    uint64 public constant MEMBER_FEES_LIFETIME = 180 days;

    IConetToken private immutable TOKEN;
    IParameters private immutable PARAMETERS;
    IRewards private immutable REWARDS;
    IArchiveGroups private immutable ARCHIVE_GROUPS;
    address private immutable CHAIN_ANCHOR;
    address private immutable CASH_ORDERS;
    address private immutable CASH_POOL;
    address private immutable FORCED_EXITS;

    /// @inheritdoc ICash
    mapping(uint32 home => uint256 micro) public liveInGroup;

    mapping(uint256 id => Record) private _records;
    mapping(uint256 id => LibBitmap.Bitmap) private _paid;
    mapping(uint256 id => PendingSeries) private _pending;
    mapping(uint256 id => mapping(uint32 series => ClosedSeries)) private _closed;
    mapping(bytes32 memberFeesSalt => bool) private _collected;

    modifier only(address expected) {
        _only(expected);
        _;
    }

    constructor(Contracts memory all) ERC721("CoNETCash", "CoNETCash") {
        TOKEN = IConetToken(all.token);
        PARAMETERS = IParameters(all.parameters);
        REWARDS = IRewards(all.rewards);
        ARCHIVE_GROUPS = IArchiveGroups(all.archiveGroups);
        CHAIN_ANCHOR = all.chainAnchor;
        CASH_ORDERS = all.cashOrders;
        CASH_POOL = all.cashPool;
        FORCED_EXITS = all.forcedExits;
    }

    // --- leaving ---

    /// @inheritdoc ICash
    function exit(Exit calldata exit_, Certificate calldata certificate) external {
        (Record storage record, Terms memory terms) = _load(exit_.note);
        if (terms.status < NoteStatus.Live) revert StatusWrong(exit_.note, terms.status);
        if (exit_.series != terms.series) revert SeriesWrong(exit_.note, terms.series, exit_.series);
        if (isPaid(exit_.note, exit_.id)) revert AlreadyPaid(exit_.note, exit_.id);
        if (terms.status == NoteStatus.Settling && exit_.height > record.books.settleHeight) {
            revert HeightTooHigh(exit_.note, record.books.settleHeight, exit_.height);
        }
        ARCHIVE_GROUPS.verifyFor(
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
    function settle(uint256 id, uint64 height) external only(FORCED_EXITS) {
        Record storage record = _records[id];
        NoteStatus status = record.terms.status;
        if (status < NoteStatus.Live) revert StatusWrong(id, status);
        if (height < record.hot.height) revert HeightTooLow(id, record.hot.height, height);

        record.terms.status = NoteStatus.Settling;
        record.books.settleHeight = height;
        emit SettlementStarted(id, height);
    }

    /// @inheritdoc ICash
    function payout(uint256 id, address recipient, uint64 amount) external only(FORCED_EXITS) {
        _payout(id, recipient, amount);
    }

    /// @inheritdoc ICash
    function payoutWithdrawal(uint256 id, uint64 withdrawal, address recipient, uint64 amount)
        external
        only(FORCED_EXITS)
        returns (bool)
    {
        if (isPaid(id, withdrawal)) return false;
        _paid[id].set(withdrawal);
        _payout(id, recipient, amount);
        return true;
    }

    /// @inheritdoc ICash
    function collectMemberFees(
        uint256[] calldata notes,
        uint64[] calldata amounts,
        bytes32 root,
        uint64 period,
        Certificate calldata certificate
    ) external {
        _checkBatch(notes.length);
        if (amounts.length != notes.length) revert BatchWrong(notes.length, amounts.length);
        if (notes.length == 0) revert AmountZero();
        (, Terms memory terms) = _load(notes[0]);
        bytes32 salt = memberFeesSalt(terms.stablecoin, period, certificate.group);
        if (_collected[salt]) revert PeriodCollected(terms.stablecoin, period, certificate.group);
        ARCHIVE_GROUPS.verify(
            memberFeesDigest(
                notes, amounts, terms.stablecoin, root, period, certificate.group, certificate.epoch
            ),
            certificate
        );

        _collected[salt] = true;
        uint256 total;
        for (uint256 i = 0; i < notes.length; ++i) {
            _takeMemberFee(notes[i], amounts[i], terms.stablecoin, certificate.group);
            total += amounts[i];
        }
        emit MemberFeesCollected(certificate.group, period, terms.stablecoin, total, root);

        uint256 units = total * _scale(terms);
        terms.stablecoin.safeApproveWithRetry(address(REWARDS), units);
        REWARDS.distribute(
            salt, terms.stablecoin, root, units, uint64(block.timestamp) + MEMBER_FEES_LIFETIME
        );
    }

    // --- what issuers pull ---

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
        if (owed == 0) revert AmountZero();
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
        if (left == 0) revert AmountZero();
        amount = _reissuable(books.burnOutstanding, left, hot.opened - books.leftReissued);

        record.books.leftReissued = hot.left;
        record.books.burnOutstanding = books.burnOutstanding - amount.toUint128();
        _count(record, id, record.terms.home);
        emit Reissued(id, record.terms.series, books.issuer, left, amount);
        TOKEN.reissue(books.issuer, amount);
    }

    /// @inheritdoc ICash
    function reissueClosed(uint256 id, uint32 series) external returns (uint256 amount) {
        ClosedSeries memory closed = _closed[id][series];
        if (closed.unreissued == 0) revert AmountZero();
        amount = _reissuable(closed.burnOutstanding, closed.unreissued, closed.unreissued);

        _closed[id][series].unreissued = 0;
        _closed[id][series].burnOutstanding = closed.burnOutstanding - amount.toUint128();
        emit Reissued(id, series, closed.issuer, closed.unreissued, amount);
        TOKEN.reissue(closed.issuer, amount);
    }

    /// @inheritdoc ICash
    function recount(uint256[] calldata notes) external {
        _checkBatch(notes.length);
        for (uint256 i = 0; i < notes.length; ++i) {
            Record storage record = _records[notes[i]];
            if (record.terms.status == NoteStatus.None) {
                revert StatusWrong(notes[i], NoteStatus.None);
            }
            _count(record, notes[i], ARCHIVE_GROUPS.keeperOf(chainOf(notes[i]), record.terms.home));
        }
    }

    // --- coming in ---

    /// @inheritdoc ICash
    function issue(
        uint256 id,
        address stablecoin,
        uint64 deposit,
        address account,
        uint256 issuerNode,
        address issuer,
        uint256 burn
    ) external only(CASH_ORDERS) nonReentrant returns (uint256) {
        if (deposit == 0) revert AmountZero();
        if (PARAMETERS.mintingPaused()) revert MintingPaused();
        uint256 scale = PARAMETERS.stablecoinScale(stablecoin);
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
        TOKEN.burnForReissue(burn);
        _pull(stablecoin, deposit * scale);
        return id;
    }

    /// @inheritdoc ICash
    function cancel(uint256 id) external only(CASH_ORDERS) {
        PendingSeries memory pending = _pendingOf(id);
        (Record storage record, Terms memory terms) = _load(id);

        delete _pending[id];
        _count(record, id, terms.home);
        if (terms.status == NoteStatus.Minted) {
            delete _records[id];
            _update(address(0), id, address(0));
        }
        emit Cancelled(id, pending.deposit, pending.issuer, pending.burn);

        TOKEN.reissue(pending.issuer, pending.burn);
        _send(terms, CASH_ORDERS, pending.deposit);
    }

    /// @inheritdoc ICash
    function open(uint256 id, uint32 series, uint64 deposit, uint64 carried, uint32 home)
        external
        only(CHAIN_ANCHOR)
    {
        PendingSeries memory pending = _pendingOf(id);
        (Record storage record, Terms memory terms) = _load(id);
        if (terms.status == NoteStatus.Settling) revert StatusWrong(id, terms.status);
        if (series != terms.series + 1) revert SeriesWrong(id, terms.series + 1, series);
        if (deposit != pending.deposit) revert DepositDiffers(id, pending.deposit, deposit);
        if (carried != live(id)) revert CarriedDiffers(id, live(id), carried);

        if (terms.series != 0) _close(record, id, terms.series);
        delete _pending[id];
        record.terms.status = NoteStatus.Live;
        record.terms.series = series;
        record.terms.exitFeeRate = uint256(PARAMETERS.exitFeeRate()).toUint16();
        record.hot = Hot({opened: carried + deposit, left: 0, height: 0, exited: 0});
        record.books.issuer = pending.issuer;
        record.books.leftReissued = 0;
        record.books.burnOutstanding = pending.burn;
        record.books.feesTaken = 0;
        record.books.issuerNode = pending.issuerNode.toUint128();
        _count(record, id, home);
        emit SeriesOpened(id, series, deposit, carried, home, record.terms.exitFeeRate);

        if (_ownerOf(id) == CASH_POOL) _update(pending.account, id, address(0));
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
        for (; group != 0; group = ARCHIVE_GROUPS.parentOf(group)) {
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

    /// @inheritdoc ICash
    function exitDigest(Exit calldata exit_, uint32 group, uint64 epoch) public view returns (bytes32) {
        return _hashTypedData(CashTypedData.hashExit(exit_, group, epoch));
    }

    /// @inheritdoc ICash
    function memberFeesDigest(
        uint256[] calldata notes,
        uint64[] calldata amounts,
        address stablecoin,
        bytes32 root,
        uint64 period,
        uint32 group,
        uint64 epoch
    ) public view returns (bytes32) {
        uint256 total;
        for (uint256 i = 0; i < amounts.length; ++i) {
            total += amounts[i];
        }
        return _hashTypedData(
            CashTypedData.hashMemberFees(notes, amounts, stablecoin, total, root, period, group, epoch)
        );
    }

    /// @inheritdoc ICash
    function memberFeesSalt(address stablecoin, uint64 period, uint32 group) public pure returns (bytes32) {
        return keccak256(abi.encode(stablecoin, period, group));
    }

    // --- inside ---

    function _send(Terms memory terms, address to, uint256 micro) private {
        terms.stablecoin.safeTransfer(to, micro * _scale(terms));
    }

    function _load(uint256 id) private view returns (Record storage record, Terms memory terms) {
        record = _records[id];
        terms = record.terms;
    }

    function _books(Record storage record) private view returns (Books memory) {
        return record.books;
    }

    function _hot(uint256 id) private view returns (Hot memory) {
        return _records[id].hot;
    }

    function _requireStatus(uint256 id, Terms memory terms, NoteStatus expected) private pure {
        if (terms.status != expected) revert StatusWrong(id, terms.status);
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

    function _takeMemberFee(uint256 id, uint64 amount, address stablecoin, uint32 group) private {
        (Record storage record, Terms memory terms) = _load(id);
        _requireStatus(id, terms, NoteStatus.Live);
        if (terms.stablecoin != stablecoin) revert StablecoinDiffers(stablecoin, terms.stablecoin);
        uint32 keeper = ARCHIVE_GROUPS.keeperOf(chainOf(id), terms.home);
        if (keeper != group) revert KeeperDiffers(id, keeper, group);
        uint64 live_ = live(id);
        if (amount > live_) revert ExceedsLive(id, live_, amount);
        record.hot.left += amount;
        _count(record, id, keeper);
    }

    function _create(uint256 id, address stablecoin, uint8 exponent, uint64 face) private {
        if (face > MAX_FACE) revert FaceExceeded(MAX_FACE, face);
        Record storage record = _records[id];
        record.terms.stablecoin = stablecoin;
        record.terms.status = NoteStatus.Minted;
        record.terms.scaleExponent = exponent;
        record.terms.home = ARCHIVE_GROUPS.groupOf(chainOf(id));
        record.books.face = face;
    }

    function _checkResale(uint256 id, address stablecoin, uint64 deposit) private view {
        (Record storage record, Terms memory terms) = _load(id);
        _requireStatus(id, terms, NoteStatus.Live);
        if (terms.stablecoin != stablecoin) revert StablecoinDiffers(terms.stablecoin, stablecoin);
        if (_ownerOf(id) != CASH_POOL) revert NotInPool(id);
        if (_pending[id].deposit != 0) revert SeriesPending(id);
        uint64 face = record.books.face;
        if (uint256(live(id)) + deposit > face) revert FaceExceeded(face, uint256(live(id)) + deposit);
    }

    /// @dev Counts a note in the group that keeps it now, and reverts when that group has more than it may.
    function _expose(uint256 id) private {
        Record storage record = _records[id];
        uint32 group = ARCHIVE_GROUPS.keeperOf(chainOf(id), record.terms.home);
        _count(record, id, group);
        uint256 most = Fees.worth(ARCHIVE_GROUPS.exposureStake(group), _price());
        uint256 exposed = exposureOf(group);
        if (exposed > most) revert ExposureExceeded(group, most, exposed);
    }

    /// @dev Makes `liveInGroup` exact for a note, and moves it to `home`.
    function _count(Record storage record, uint256 id, uint32 home) private {
        uint32 from = record.terms.home;
        uint64 amount = live(id) + _pending[id].deposit;
        liveInGroup[from] -= record.books.counted;
        liveInGroup[home] += amount;
        record.books.counted = amount;
        if (from == home) return;
        record.terms.home = home;
        emit Rehomed(id, from, home);
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

    function _reissuable(uint128 burnOutstanding, uint64 left, uint64 vaultBefore)
        private
        view
        returns (uint256)
    {
        return Math.min(Fees.reissueFor(left, _price()), Fees.reissueCap(burnOutstanding, left, vaultBefore));
    }

    function _price() private view returns (uint256) {
        (bool valid, uint256 price) = PARAMETERS.priceFeed().price();
        if (!valid || price == 0) revert PriceInvalid();
        return price;
    }

    function _pendingOf(uint256 id) private view returns (PendingSeries memory pending) {
        pending = _pending[id];
        if (pending.deposit == 0) revert NoSeriesPending(id);
    }

    function _scale(Terms memory terms) private pure returns (uint256) {
        return 10 ** terms.scaleExponent;
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("CoNET Cash", "1");
    }

    function _checkBatch(uint256 length) private pure {
        if (length > MAX_BATCH) revert BatchWrong(MAX_BATCH, length);
    }

    function _only(address expected) private view {
        if (msg.sender != expected) revert Unauthorized(expected, msg.sender);
    }

    /// @dev The pool moves any note, and nobody else does. This contract's own moves come without `auth`.
    function _update(address to, uint256 id, address auth) internal override returns (address) {
        if (auth != address(0) && auth != CASH_POOL) revert Unauthorized(CASH_POOL, auth);
        return super._update(to, id, auth);
    }

    /// @dev There is nothing to show: what a note is worth is said on its own chain.
    function tokenURI(uint256 id) public view override returns (string memory) {
        _requireOwned(id);
        return "";
    }

    /// @dev The pool moves notes by `transferFrom`. There is no other way, and nobody can be allowed to.
    function approve(address, uint256) public view override(ERC721, IERC721) {
        revert Unauthorized(CASH_POOL, msg.sender);
    }

    function safeTransferFrom(address, address, uint256, bytes memory) public view override(ERC721, IERC721) {
        revert Unauthorized(CASH_POOL, msg.sender);
    }

    function setApprovalForAll(address, bool) public view override(ERC721, IERC721) {
        revert Unauthorized(CASH_POOL, msg.sender);
    }

    function _isAuthorized(address, address spender, uint256) internal view override returns (bool) {
        return spender == CASH_POOL;
    }
}
