// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Voucher} from "../interfaces/IForcedExits.sol";
import {INoteChain, Lock} from "../interfaces/INoteChain.sol";
import {CashTypedData} from "../libraries/CashTypedData.sol";
import {Fees} from "../libraries/Fees.sol";
import {NoteLedger} from "./NoteLedger.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ECDSA} from "solady/utils/ECDSA.sol";

/// @title NoteLocks
/// @notice Payment authorizations, and what payees claim of them. See `INoteChain`.
abstract contract NoteLocks is NoteLedger {
    using SafeCast for uint256;

    /// @inheritdoc INoteChain
    function authorize(
        address payee,
        bytes32 authorization,
        uint64 limit,
        uint64 acceptUntil,
        uint64 claimUntil
    ) external returns (bytes32 lockId) {
        _requireAddress(payee);
        _requireAmount(limit);
        if (acceptUntil < block.timestamp || claimUntil < acceptUntil) {
            revert TimesInvalid(acceptUntil, claimUntil);
        }
        if (genesisHash == 0) revert NotBegun();
        lockId = lockIdOf(authorization);
        uint256 locked = _withFee(limit, feeRate) + leafMinimum;
        _debit(msg.sender, locked);
        Lock memory lock = Lock({
            payer: msg.sender,
            payee: payee,
            limit: limit,
            claimed: 0,
            acceptUntil: acceptUntil,
            claimUntil: claimUntil,
            feeRate: feeRate,
            amount: locked.toUint64()
        });
        bool isNew = _accounts[payee].place == 0;
        _requireRoom(isNew ? 2 : 1);
        if (isNew) _enter(payee);
        _addLock(lockId, lock);
        emit Authorized(lockId, msg.sender, payee, authorization, limit, acceptUntil, claimUntil);
    }

    /// @inheritdoc INoteChain
    function raise(bytes32 lockId, uint64 limit) external {
        LockRecord storage lock = _lockOfSender(lockId);
        uint64 present = lock.limit;
        if (limit <= present) revert NotHigher(present, limit);
        uint256 more = _withFee(limit - present, lock.feeRate);
        _debit(msg.sender, more);
        lock.limit = limit;
        lock.amount += more.toUint64();
        emit LimitRaised(lockId, limit);
    }

    /// @inheritdoc INoteChain
    function prolong(bytes32 lockId, uint64 acceptUntil, uint64 claimUntil) external {
        LockRecord storage lock = _lockOfSender(lockId);
        (uint64 accept, uint64 claim_) = (lock.acceptUntil, lock.claimUntil);
        if (acceptUntil < accept) revert NotHigher(accept, acceptUntil);
        if (claimUntil < claim_ || (claimUntil == claim_ && acceptUntil == accept)) {
            revert NotHigher(claim_, claimUntil);
        }
        if (claimUntil < acceptUntil) revert TimesInvalid(acceptUntil, claimUntil);
        (lock.acceptUntil, lock.claimUntil) = (acceptUntil, claimUntil);
        emit Prolonged(lockId, acceptUntil, claimUntil);
    }

    /// @inheritdoc INoteChain
    function claim(Voucher calldata voucher, bytes calldata signature) external {
        bytes32 lockId = _lockId(voucher.genesisHash, voucher.series, voucher.authorization);
        LockRecord storage lock = _existing(lockId);
        if (block.timestamp > lock.claimUntil) revert TooLate(lock.claimUntil);
        if (ECDSA.tryRecoverCalldata(voucherDigest(voucher), signature) != lock.payer) {
            revert VoucherSignatureInvalid(lock.payer);
        }
        (uint64 claimed, uint64 limit) = (lock.claimed, lock.limit);
        if (voucher.total < claimed) revert VoucherTooOld(claimed, voucher.total);
        uint64 total = voucher.total < limit ? voucher.total : limit;
        if (total == claimed) return;

        uint64 amount = total - claimed;
        uint256 fee = Fees.transferFee(amount, lock.feeRate);
        lock.claimed = total;
        lock.amount -= (_toPico(amount) + fee).toUint64();
        _credit(lock.payee, _toPico(amount));
        emit Claimed(lockId, lock.payee, amount, total);
        _earn(fee);
    }

    /// @inheritdoc INoteChain
    function release(bytes32 lockId) external {
        LockRecord storage lock = _existing(lockId);
        (address payer, address payee, uint64 amount) = (lock.payer, lock.payee, lock.amount);
        if (block.timestamp <= lock.claimUntil && msg.sender != payee) revert TooEarly(lock.claimUntil);
        _removeLock(lockId);
        _give(payer, amount);
        emit Released(lockId, payer, amount);
    }

    /// @inheritdoc INoteChain
    function lockIdOf(bytes32 authorization) public view returns (bytes32) {
        return _lockId(genesisHash, series, authorization);
    }

    /// @inheritdoc INoteChain
    function lockOf(bytes32 lockId) public view returns (Lock memory) {
        LockRecord storage record = _locks[lockId];
        return Lock({
            payer: record.payer,
            payee: record.payee,
            limit: record.limit,
            claimed: record.claimed,
            acceptUntil: record.acceptUntil,
            claimUntil: record.claimUntil,
            feeRate: record.feeRate,
            amount: record.amount
        });
    }

    /// @inheritdoc INoteChain
    function voucherDigest(Voucher calldata voucher) public view returns (bytes32) {
        return CashTypedData.voucherDigest(cash, voucher);
    }

    /// @dev The caller has found room for it, and has its money.
    function _addLock(bytes32 lockId, Lock memory lock) internal {
        LockRecord storage record = _locks[lockId];
        if (record.payer != address(0) || record.ended) revert AuthorizationUsed(lockId);
        uint16 place = ++_books.locks;
        _lockAt[place] = lockId;
        (record.payer, record.amount, record.feeRate) = (lock.payer, lock.amount, lock.feeRate);
        (record.payee, record.limit, record.place) = (lock.payee, lock.limit, place);
        record.claimed = lock.claimed;
        (record.acceptUntil, record.claimUntil) = (lock.acceptUntil, lock.claimUntil);
        ++_accounts[lock.payee].payeeOf;
    }

    /// @dev The caller takes its money.
    function _removeLock(bytes32 lockId) private {
        LockRecord storage record = _locks[lockId];
        (address payee, uint16 place) = (record.payee, record.place);
        delete _locks[lockId];
        record.ended = true;

        uint16 last = _books.locks--;
        if (place != last) {
            bytes32 moved = _lockAt[last];
            _lockAt[place] = moved;
            _locks[moved].place = place;
        }
        delete _lockAt[last];

        Account storage account = _accounts[payee];
        if (--account.payeeOf == 0 && account.balance == 0 && account.place != 0) _vacate(payee);
    }

    function _existing(bytes32 lockId) private view returns (LockRecord storage lock) {
        lock = _locks[lockId];
        if (lock.payer == address(0)) revert UnknownLock(lockId);
    }

    function _lockOfSender(bytes32 lockId) private view returns (LockRecord storage lock) {
        lock = _existing(lockId);
        if (lock.payer != msg.sender) revert NotPayer(lock.payer, msg.sender);
    }

    function _lockId(bytes32 genesisHash_, uint32 series_, bytes32 authorization)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(genesisHash_, series_, authorization));
    }
}
