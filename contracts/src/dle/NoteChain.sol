// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IChainContract, IMoneyContract} from "../interfaces/IChainContract.sol";
import {Leaf, LeafKind} from "../interfaces/IForcedExits.sol";
import {
    AccountBalance,
    Carried,
    CarriedLock,
    CarriedWithdrawal,
    INoteChain,
    NoteDefinitions,
    Totals
} from "../interfaces/INoteChain.sol";
import {Pages} from "../libraries/Pages.sol";
import {NoteLocks} from "./NoteLocks.sol";
import {NoteWithdrawals} from "./NoteWithdrawals.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {LibBitmap} from "solady/utils/LibBitmap.sol";

/// @title NoteChain
/// @notice The contract on a note's chain: what the chain itself does to it, and what can be read of it. See
///         `INoteChain`.
contract NoteChain is NoteWithdrawals, NoteLocks {
    using LibBitmap for LibBitmap.Bitmap;
    using SafeCast for uint256;

    LibBitmap.Bitmap private _collected;

    // --- genesis ---

    /// @inheritdoc IChainContract
    function initialize(bytes calldata definitions) external onlySystem {
        NoteDefinitions memory given = abi.decode(definitions, (NoteDefinitions));
        if (cash != address(0)) revert AlreadyDone();
        _requireAddress(given.cash);
        _requireAddress(given.pot);
        (cash, feeRate, leafMinimum) = (given.cash, given.feeRate, given.leafMinimum);
        (pot, series) = (given.pot, given.series);

        _carry(given.carried);
        _requireAddress(given.buyer);
        _requireAmount(given.deposit);
        _give(given.buyer, _toPico(given.deposit));
        _requireRoom(0);
        _owed = _sum();
    }

    /// @inheritdoc IMoneyContract
    function begin(bytes32 genesisHash_) external onlySystem {
        if (genesisHash != 0) revert AlreadyDone();
        genesisHash = genesisHash_;
    }

    // --- the chain's own ---

    /// @inheritdoc IMoneyContract
    function chargeGas(address sender, uint64 pico) external onlySystem {
        Account storage account = _accounts[sender];
        uint64 balance = account.balance;
        if (balance < pico) revert BalanceTooLow(pico, balance);
        bool closing = account.closing;
        uint64 left = closing ? 0 : balance - pico;
        if (left != balance) {
            account.balance = left;
            _books.gas += balance - left;
        }
        if (closing) account.closing = false;
        if (closing || (left == 0 && account.place != 0 && account.payeeOf == 0)) _vacate(sender);
    }

    /// @inheritdoc IMoneyContract
    function collect(uint64 period, uint64 fees, uint64 gas) external onlySystem {
        if (_collected.get(period)) revert PeriodCollected(period);
        (uint256 feesPico, uint256 gasPico) = (_toPico(fees), _toPico(gas));
        if (feesPico > _books.fees) revert BalanceTooLow(feesPico, _books.fees);
        if (gasPico > _books.gas) revert BalanceTooLow(gasPico, _books.gas);
        _collected.set(period);
        _books.fees -= feesPico.toUint64();
        _books.gas -= gasPico.toUint64();
        _owed -= (feesPico + gasPico).toUint64();
    }

    // --- views ---

    /// @inheritdoc INoteChain
    function balanceOf(address account) external view returns (uint64) {
        return _accounts[account].balance;
    }

    /// @inheritdoc INoteChain
    function isCollected(uint64 period) external view returns (bool) {
        return _collected.get(period);
    }

    /// @inheritdoc INoteChain
    function accounts(uint256 offset, uint256 limit) external view returns (AccountBalance[] memory) {
        return _accountsBetween(offset, Pages.end(offset, limit));
    }

    /// @inheritdoc INoteChain
    function totals() public view returns (Totals memory all) {
        for (uint256 place = 1; place <= _books.holders; ++place) {
            all.accounts += _accounts[_holderAt[place]].balance;
        }
        for (uint256 place = 1; place <= _books.locks; ++place) {
            all.locks += _locks[_lockAt[place]].amount;
        }
        for (uint256 place = 1; place <= _books.withdrawals; ++place) {
            all.withdrawals += _toPico(_withdrawals[_withdrawalAt[place]].amount).toUint64();
        }
        (all.fees, all.gas, all.owed) = (_books.fees, _books.gas, _owed);
    }

    /// @inheritdoc INoteChain
    function leaves() external view returns (Leaf[] memory list) {
        uint256 holders = _books.holders;
        uint256 locks = _books.locks;
        uint256 withdrawals = _books.withdrawals;
        list = new Leaf[](1 + holders + locks + withdrawals);
        (list[0].account, list[0].amount) = (pot, _books.fees + _books.gas);
        uint256 next = 1;
        for (uint256 place = 1; place <= holders; ++place) {
            address holder = _holderAt[place];
            Leaf memory leaf = list[next++];
            (leaf.account, leaf.amount) = (holder, _accounts[holder].balance);
        }
        for (uint256 place = 1; place <= locks; ++place) {
            _fillLock(list[next++], _lockAt[place]);
        }
        for (uint256 place = 1; place <= withdrawals; ++place) {
            _fillWithdrawal(list[next++], _withdrawalAt[place]);
        }
    }

    /// @inheritdoc INoteChain
    function carried() external view returns (Carried memory all) {
        all.accounts = _accountsBetween(0, _books.holders);
        all.locks = new CarriedLock[](_books.locks);
        for (uint256 i = 0; i < all.locks.length; ++i) {
            bytes32 lockId = _lockAt[i + 1];
            all.locks[i] = CarriedLock(lockId, lockOf(lockId));
        }
        all.withdrawals = new CarriedWithdrawal[](_books.withdrawals);
        for (uint256 i = 0; i < all.withdrawals.length; ++i) {
            uint64 id = _withdrawalAt[i + 1];
            all.withdrawals[i] = CarriedWithdrawal(id, withdrawalOf(id));
        }
        (all.nextWithdrawal, all.fees, all.gas) = (_books.nextWithdrawal, _books.fees, _books.gas);
    }

    /// @inheritdoc INoteChain
    function encodeDefinitions(NoteDefinitions calldata definitions) external pure returns (bytes memory) {
        return abi.encode(definitions);
    }

    // --- inside ---

    /// @dev What the series before left. It is not asked whether it kept the rules: its owners own it.
    function _carry(Carried memory all) private {
        (_books.nextWithdrawal, _books.fees, _books.gas) = (all.nextWithdrawal, all.fees, all.gas);
        for (uint256 i = 0; i < all.accounts.length; ++i) {
            address account = all.accounts[i].account;
            _requireAddress(account);
            if (_accounts[account].place != 0) revert AlreadyDone();
            _enter(account);
            _accounts[account].balance = all.accounts[i].balance;
        }
        for (uint256 i = 0; i < all.locks.length; ++i) {
            _requireAddress(all.locks[i].lock.payer);
            _requireAddress(all.locks[i].lock.payee);
            _addLock(all.locks[i].lockId, all.locks[i].lock);
        }
        for (uint256 i = 0; i < all.withdrawals.length; ++i) {
            CarriedWithdrawal memory given = all.withdrawals[i];
            _requireAddress(given.withdrawal.recipient);
            bool known = _withdrawals[given.id].recipient != address(0);
            if (known || given.id >= all.nextWithdrawal) revert UnknownWithdrawal(given.id);
            _addWithdrawal(given.id, given.withdrawal);
        }
    }

    function _sum() private view returns (uint64) {
        Totals memory all = totals();
        return all.accounts + all.locks + all.withdrawals + all.fees + all.gas;
    }

    function _accountsBetween(uint256 from, uint256 to) private view returns (AccountBalance[] memory page) {
        uint256 end = to < _books.holders ? to : _books.holders;
        page = new AccountBalance[](from < end ? end - from : 0);
        for (uint256 i = 0; i < page.length; ++i) {
            address holder = _holderAt[from + i + 1];
            page[i] = AccountBalance(holder, _accounts[holder].balance);
        }
    }

    function _fillLock(Leaf memory leaf, bytes32 lockId) private view {
        LockRecord storage lock = _locks[lockId];
        leaf.kind = LeafKind.Lock;
        (leaf.account, leaf.payee, leaf.lockId) = (lock.payer, lock.payee, lockId);
        (leaf.amount, leaf.claimed) = (lock.amount, lock.claimed);
    }

    function _fillWithdrawal(Leaf memory leaf, uint64 id) private view {
        WithdrawalRecord storage record = _withdrawals[id];
        leaf.kind = LeafKind.Withdrawal;
        (leaf.account, leaf.withdrawal) = (record.recipient, id);
        leaf.amount = _toPico(record.amount).toUint64();
    }
}
