// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../interfaces/IArchiveGroups.sol";
import {ICash, Note} from "../interfaces/ICash.sol";
import {
    Consent,
    Header,
    IForcedExits,
    Leaf,
    LeafKind,
    Settlement,
    Voucher
} from "../interfaces/IForcedExits.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {CashTypedData} from "../libraries/CashTypedData.sol";
import {Fees} from "../libraries/Fees.sol";
import {Leaves} from "../libraries/Leaves.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ECDSA} from "solady/utils/ECDSA.sol";
import {EIP712} from "solady/utils/EIP712.sol";
import {LibBitmap} from "solady/utils/LibBitmap.sol";
import {MerkleProofLib} from "solady/utils/MerkleProofLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title ForcedExits
/// @notice Settles notes without their chains. See `IForcedExits`.
contract ForcedExits is IForcedExits, EIP712 {
    using LibBitmap for LibBitmap.Bitmap;
    using SafeCast for uint256;
    using SafeTransferLib for address;

    /// @inheritdoc IForcedExits
    uint256 public constant CHALLENGE_WINDOW = 7 days;

    /// @inheritdoc IForcedExits
    uint256 public constant VOUCHER_WINDOW = 7 days;

    /// @inheritdoc IForcedExits
    uint256 public constant MAX_LEAVES = 256;

    /// @inheritdoc IForcedExits
    uint64 public constant BOND = 5e6;

    ICash private immutable _CASH;
    IArchiveGroups private immutable _ARCHIVE_GROUPS;
    IRewards private immutable _REWARDS;

    mapping(uint256 note => Settlement) private _settlements;

    /// @dev Bit 2i: leaf i's account was paid. Bit 2i + 1: its payee was.
    mapping(uint256 note => LibBitmap.Bitmap) private _claimed;

    /// @inheritdoc IForcedExits
    mapping(uint256 note => mapping(uint256 index => uint64)) public shownTotal;

    constructor(Contracts memory all) {
        _CASH = ICash(all.cash);
        _ARCHIVE_GROUPS = IArchiveGroups(all.archiveGroups);
        _REWARDS = IRewards(all.rewards);
    }

    // --- which header ---

    /// @inheritdoc IForcedExits
    function open(Header calldata header, Certificate calldata certificate, Leaf[] calldata leaves) external {
        _open(header, certificate, leaves, msg.sender);
    }

    /// @inheritdoc IForcedExits
    function openFor(
        Header calldata header,
        Certificate calldata certificate,
        Leaf[] calldata leaves,
        Consent calldata consent
    ) external {
        if (block.timestamp > consent.deadline) revert TooLate(consent.deadline);
        bytes32 digest = consentDigest(header.note, header.series, consent.deadline);
        address signer = ECDSA.tryRecoverCalldata(digest, consent.signature);
        if (signer == address(0) || signer != consent.holder) revert ConsentInvalid(consent.holder);
        _open(header, certificate, leaves, consent.holder);
    }

    /// @inheritdoc IForcedExits
    function replace(Header calldata header, Certificate calldata certificate, Leaf[] calldata leaves)
        external
    {
        Settlement storage chosen = _opened(header.note);
        uint256 until = chosen.openedAt + CHALLENGE_WINDOW;
        if (block.timestamp >= until) revert TooLate(until);
        (uint64 dust, uint64 rank) = _check(header, certificate, leaves);
        if (rank < chosen.rank) revert NotNewer(chosen.rank, rank);
        if (rank == chosen.rank && header.height <= chosen.height) {
            revert NotHigher(chosen.height, header.height);
        }

        _choose(header, leaves.length, dust, rank);
        _CASH.settle(header.note, header.height);
    }

    /// @inheritdoc IForcedExits
    function returnBond(uint256 note) external {
        Settlement storage chosen = _final(note);
        address bonder = chosen.bonder;
        if (bonder == address(0)) revert NothingToPay(note, 0);
        uint256 units = BOND * _CASH.scaleOf(note);
        chosen.bonder = address(0);
        emit BondReturned(note, bonder, units);
        _CASH.note(note).stablecoin.safeTransfer(bonder, units);
    }

    // --- who gets what ---

    /// @inheritdoc IForcedExits
    function showVoucher(
        uint256 note,
        uint256 index,
        Leaf calldata leaf,
        bytes32[] calldata proof,
        Voucher calldata voucher,
        bytes calldata signature
    ) external {
        Settlement storage chosen = _final(note);
        uint256 until = _locksFrom(chosen);
        if (block.timestamp >= until) revert TooLate(until);
        _checkLeaf(chosen, note, index, leaf, proof);
        if (leaf.kind != LeafKind.Lock) revert LeafKindWrong(leaf.kind);
        bytes32 lockId = keccak256(abi.encode(voucher.genesisHash, voucher.series, voucher.authorization));
        if (lockId != leaf.lockId) revert LockDiffers(leaf.lockId, lockId);
        uint64 shown = shownTotal[note][index];
        if (voucher.total <= shown) revert VoucherNotHigher(shown, voucher.total);
        address signer = ECDSA.tryRecoverCalldata(voucherDigest(voucher), signature);
        if (signer == address(0) || signer != leaf.account) {
            revert VoucherSignatureInvalid(leaf.account);
        }

        shownTotal[note][index] = voucher.total;
        emit VoucherShown(note, index, voucher.total);
    }

    /// @inheritdoc IForcedExits
    function claim(uint256 note, uint256 index, Leaf calldata leaf, bytes32[] calldata proof) external {
        Settlement storage chosen = _final(note);
        _checkLeaf(chosen, note, index, leaf, proof);
        uint256 amount = Fees.toMicro(leaf.amount);
        if (leaf.kind == LeafKind.Lock) {
            _checkVouchersOver(chosen);
            amount -= _lockedFor(note, index, leaf);
        }
        _markPaid(note, index, 2 * index, leaf.account, amount);
        if (leaf.kind != LeafKind.Withdrawal) {
            _CASH.payout(note, leaf.account, amount.toUint64());
        } else if (!_CASH.payoutWithdrawal(note, leaf.withdrawal, leaf.account, amount.toUint64())) {
            revert AlreadyPaid(note, index);
        }
    }

    /// @inheritdoc IForcedExits
    function claimLocked(uint256 note, uint256 index, Leaf calldata leaf, bytes32[] calldata proof) external {
        Settlement storage chosen = _final(note);
        _checkLeaf(chosen, note, index, leaf, proof);
        if (leaf.kind != LeafKind.Lock) revert LeafKindWrong(leaf.kind);
        _checkVouchersOver(chosen);
        uint256 amount = _lockedFor(note, index, leaf);
        _markPaid(note, index, 2 * index + 1, leaf.payee, amount);
        _CASH.payout(note, leaf.payee, amount.toUint64());
    }

    /// @inheritdoc IForcedExits
    function payDust(uint256 note) external {
        Settlement storage chosen = _final(note);
        uint64 dust = chosen.dust;
        if (dust == 0) revert NothingToPay(note, 0);
        Note memory record = _CASH.note(note);
        // Rounding leaves less than a micro-dollar of each leaf.
        uint64 rounded = dust > chosen.leaves ? chosen.leaves : dust;
        chosen.dust = 0;
        emit DustPaid(note, record.issuer, rounded, dust - rounded);
        _CASH.payout(note, record.issuer, rounded);
        if (dust == rounded) return;
        _CASH.payout(note, address(_REWARDS), dust - rounded);
        _REWARDS.sync(record.stablecoin);
    }

    // --- views ---

    /// @inheritdoc IForcedExits
    function settlement(uint256 note) external view returns (Settlement memory) {
        return _settlements[note];
    }

    /// @inheritdoc IForcedExits
    function isClaimed(uint256 note, uint256 index) external view returns (bool account, bool payee) {
        return (_claimed[note].get(2 * index), _claimed[note].get(2 * index + 1));
    }

    /// @inheritdoc IForcedExits
    function rootOf(Leaf[] calldata leaves) external pure returns (bytes32) {
        return Leaves.root(leaves);
    }

    /// @inheritdoc IForcedExits
    function headerDigest(Header calldata header, uint32 group, uint64 epoch) public view returns (bytes32) {
        return _hashTypedData(CashTypedData.hashHeader(header, group, epoch));
    }

    /// @inheritdoc IForcedExits
    function voucherDigest(Voucher calldata voucher) public view returns (bytes32) {
        return CashTypedData.voucherDigest(address(_CASH), voucher);
    }

    /// @inheritdoc IForcedExits
    function consentDigest(uint256 note, uint32 series, uint256 deadline) public view returns (bytes32) {
        return _hashTypedData(CashTypedData.hashForcedExit(note, series, deadline));
    }

    // --- inside ---

    function _open(
        Header calldata header,
        Certificate calldata certificate,
        Leaf[] calldata leaves,
        address holder
    ) private {
        if (_settlements[header.note].openedAt != 0) revert AlreadyOpen(header.note);
        (uint64 dust, uint64 rank) = _check(header, certificate, leaves);
        _checkHolder(header.note, leaves, holder);

        _settlements[header.note].openedAt = uint64(block.timestamp);
        _choose(header, leaves.length, dust, rank);
        _CASH.settle(header.note, header.height);
        _pullBond(header.note);
    }

    /// @dev Only who has something in a note may end it.
    function _checkHolder(uint256 note, Leaf[] calldata leaves, address holder) private pure {
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (Fees.toMicro(leaves[i].amount) == 0) continue;
            if (leaves[i].account == holder || leaves[i].payee == holder) return;
        }
        revert NotHolder(note, holder);
    }

    /// @dev Reverts unless the header is final and these are its leaves; returns what of the note no leaf owns, and
    ///      how new the epoch is that says so.
    function _check(Header calldata header, Certificate calldata certificate, Leaf[] calldata leaves)
        private
        view
        returns (uint64 dust, uint64 rank)
    {
        Note memory note = _CASH.note(header.note);
        if (header.series != note.series) revert SeriesDiffers(header.note, note.series, header.series);
        if (leaves.length == 0 || leaves.length > MAX_LEAVES) {
            revert LeafCountWrong(MAX_LEAVES, leaves.length);
        }
        bytes32 root = Leaves.root(leaves);
        if (root != header.leavesRoot) revert RootDiffers(header.leavesRoot, root);
        rank = _ARCHIVE_GROUPS.verifyLateFor(
            _CASH.chainOf(header.note),
            // `note.home` follows splits as notes are recounted, and would cut off a parent that split lately.
            ROOT_GROUP,
            headerDigest(header, certificate.group, certificate.epoch),
            certificate
        );
        (uint256 pico, uint256 micro) = _sum(header.note, leaves);
        uint256 live = note.opened - note.left;
        if (pico > live * Fees.PICO_PER_MICRO) {
            revert LeavesExceedLive(live * Fees.PICO_PER_MICRO, pico);
        }
        dust = (live - micro).toUint64();
    }

    /// @dev All leaves, without withdrawals that were paid: as they are, and each rounded down.
    function _sum(uint256 note, Leaf[] calldata leaves) private view returns (uint256 pico, uint256 micro) {
        for (uint256 i = 0; i < leaves.length; ++i) {
            Leaf calldata leaf = leaves[i];
            if (leaf.kind == LeafKind.Withdrawal && _CASH.isPaid(note, leaf.withdrawal)) continue;
            pico += leaf.amount;
            micro += Fees.toMicro(leaf.amount);
        }
    }

    function _choose(Header calldata header, uint256 leaves, uint64 dust, uint64 rank) private {
        Settlement storage chosen = _settlements[header.note];
        chosen.leavesRoot = header.leavesRoot;
        chosen.height = header.height;
        // At most `MAX_LEAVES`.
        // forge-lint: disable-next-line(unsafe-typecast)
        chosen.leaves = uint16(leaves);
        chosen.dust = dust;
        chosen.rank = rank;
        chosen.bonder = msg.sender;
        emit HeaderChosen(header.note, header.height, msg.sender, header.blockHash, header.leavesRoot, leaves);
    }

    function _pullBond(uint256 note) private {
        address stablecoin = _CASH.note(note).stablecoin;
        uint256 units = BOND * _CASH.scaleOf(note);
        uint256 before = stablecoin.balanceOf(address(this));
        stablecoin.safeTransferFrom(msg.sender, address(this), units);
        uint256 delivered = stablecoin.balanceOf(address(this)) - before;
        if (delivered != units) revert BondInexact(units, delivered);
    }

    /// @dev Each side of a leaf is paid once. The caller pays.
    function _markPaid(uint256 note, uint256 index, uint256 bit, address account, uint256 amount) private {
        if (_claimed[note].get(bit)) revert AlreadyPaid(note, index);
        if (amount == 0) revert NothingToPay(note, index);
        _claimed[note].set(bit);
        emit LeafPaid(note, index, account, amount.toUint64());
    }

    /// @dev Micro-dollars of a lock that are the payee's.
    function _lockedFor(uint256 note, uint256 index, Leaf calldata leaf) private view returns (uint256) {
        uint256 asked = Math.saturatingSub(shownTotal[note][index], leaf.claimed);
        return Math.min(asked, Fees.toMicro(leaf.amount));
    }

    function _checkLeaf(
        Settlement storage chosen,
        uint256 note,
        uint256 index,
        Leaf calldata leaf,
        bytes32[] calldata proof
    ) private view {
        if (!MerkleProofLib.verifyCalldata(proof, chosen.leavesRoot, Leaves.hash(leaf, index))) {
            revert ProofInvalid(note, index);
        }
    }

    function _checkVouchersOver(Settlement storage chosen) private view {
        uint256 from = _locksFrom(chosen);
        if (block.timestamp < from) revert TooEarly(from);
    }

    function _locksFrom(Settlement storage chosen) private view returns (uint256) {
        return chosen.openedAt + CHALLENGE_WINDOW + VOUCHER_WINDOW;
    }

    function _opened(uint256 note) private view returns (Settlement storage chosen) {
        chosen = _settlements[note];
        if (chosen.openedAt == 0) revert NotOpen(note);
    }

    /// @dev A settlement whose header cannot be replaced any more.
    function _final(uint256 note) private view returns (Settlement storage chosen) {
        chosen = _opened(note);
        uint256 from = chosen.openedAt + CHALLENGE_WINDOW;
        if (block.timestamp < from) revert TooEarly(from);
    }

    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("CoNET ForcedExits", "1");
    }
}
