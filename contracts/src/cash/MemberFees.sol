// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash, NoteStatus} from "../interfaces/ICash.sol";
import {CashTypedData} from "../libraries/CashTypedData.sol";
import {Certificate} from "../types/Certificate.sol";
import {NoteBooks} from "./NoteBooks.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title MemberFees
/// @notice How an archive group collects what its notes' members earned. See `ICash`.
abstract contract MemberFees is NoteBooks {
    using SafeTransferLib for address;

    /// @inheritdoc ICash
    uint64 public constant MEMBER_FEES_LIFETIME = 180 days;

    mapping(bytes32 memberFeesSalt => bool) private _collected;

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
        _requireNonZero(notes.length);
        (, Terms memory terms) = _load(notes[0]);
        bytes32 salt = memberFeesSalt(terms.stablecoin, period, certificate.group);
        if (_collected[salt]) revert PeriodCollected(terms.stablecoin, period, certificate.group);
        _ARCHIVE_GROUPS.verify(
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
        terms.stablecoin.safeApproveWithRetry(address(_REWARDS), units);
        _REWARDS.distribute(
            salt, terms.stablecoin, root, units, uint64(block.timestamp) + MEMBER_FEES_LIFETIME
        );
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

    function _takeMemberFee(uint256 id, uint64 amount, address stablecoin, uint32 group) private {
        (Record storage record, Terms memory terms) = _load(id);
        _requireStatus(id, terms, NoteStatus.Live);
        if (terms.stablecoin != stablecoin) revert StablecoinDiffers(stablecoin, terms.stablecoin);
        uint32 keeper = _ARCHIVE_GROUPS.keeperOf(chainOf(id), terms.home);
        if (keeper != group) revert KeeperDiffers(id, keeper, group);
        uint64 live_ = live(id);
        if (amount > live_) revert ExceedsLive(id, live_, amount);
        record.hot.left += amount;
        _count(record, id, keeper);
    }
}
