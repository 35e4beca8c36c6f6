// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INoteChain} from "../interfaces/INoteChain.sol";
import {Fees} from "../libraries/Fees.sol";
import {ChainContract} from "./ChainContract.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NoteLedger
/// @notice What a note's chain remembers, and how its accounts and pots change. See `INoteChain`.
abstract contract NoteLedger is INoteChain, ChainContract {
    using SafeCast for uint256;

    /// @dev One word.
    struct Account {
        /// Pico-dollars.
        uint64 balance;
        /// Where it is in `_holderAt`; zero when nowhere.
        uint16 place;
        /// How many open locks it is the payee of. They keep its place, unless it closes.
        uint16 payeeOf;
        /// Closes with the gas of this transaction.
        bool closing;
    }

    /// @dev Three words.
    struct LockRecord {
        address payer;
        uint64 amount;
        uint32 feeRate;
        address payee;
        uint64 limit;
        /// Where it is in `_lockAt`.
        uint16 place;
        /// All that stays when it is over: its vouchers must never count again.
        bool ended;
        uint64 claimed;
        uint64 acceptUntil;
        uint64 claimUntil;
    }

    /// @dev Two words.
    struct WithdrawalRecord {
        address recipient;
        uint64 amount;
        /// Where it is in `_withdrawalAt`.
        uint16 place;
        address relayer;
        uint64 relayerFee;
    }

    /// @dev What most transactions write: one word.
    struct Books {
        /// Pico-dollars of fees that were not collected.
        uint64 fees;
        /// The same of gas.
        uint64 gas;
        uint64 nextWithdrawal;
        /// How many places are taken in each list.
        uint16 holders;
        uint16 locks;
        uint16 withdrawals;
    }

    /// @inheritdoc INoteChain
    uint256 public constant MAX_LEAVES = 256;

    /// @inheritdoc INoteChain
    address public cash;

    /// @inheritdoc INoteChain
    uint32 public feeRate;

    /// @inheritdoc INoteChain
    uint64 public leafMinimum;

    /// @inheritdoc INoteChain
    address public pot;

    /// @inheritdoc INoteChain
    uint32 public series;

    /// @dev Pico-dollars that came in and did not leave.
    uint64 internal _owed;

    /// @inheritdoc INoteChain
    bytes32 public genesisHash;

    Books internal _books;

    mapping(address holder => Account) internal _accounts;
    mapping(bytes32 lockId => LockRecord) internal _locks;
    mapping(uint64 withdrawal => WithdrawalRecord) internal _withdrawals;

    /// @dev The lists, from place 1. The last takes the place of one that goes.
    mapping(uint256 place => address) internal _holderAt;
    mapping(uint256 place => bytes32 lockId) internal _lockAt;
    mapping(uint256 place => uint64 withdrawal) internal _withdrawalAt;

    // --- accounts ---

    /// @dev Takes from an account that stays.
    function _debit(address from, uint256 pico) internal {
        uint256 balance = _accounts[from].balance;
        uint256 expected = pico + leafMinimum;
        if (balance < expected) revert BalanceTooLow(expected, balance);
        _accounts[from].balance = (balance - pico).toUint64();
    }

    /// @dev Gives to an account. One that begins needs room and the minimum.
    function _credit(address to, uint256 pico) internal {
        Account storage account = _accounts[to];
        if (account.balance == 0) _requireMinimum(pico);
        if (account.place == 0) _requireRoom(1);
        _give(to, pico);
    }

    /// @dev Gives to an account whose room was another's before.
    function _give(address to, uint256 pico) internal {
        if (pico == 0) return;
        Account storage account = _accounts[to];
        if (account.place == 0) _enter(to);
        account.balance += pico.toUint64();
    }

    function _enter(address holder) internal {
        uint16 place = ++_books.holders;
        _accounts[holder].place = place;
        _holderAt[place] = holder;
    }

    function _vacate(address holder) internal {
        uint16 last = _books.holders--;
        uint16 place = _accounts[holder].place;
        _accounts[holder].place = 0;
        if (place != last) {
            address moved = _holderAt[last];
            _holderAt[place] = moved;
            _accounts[moved].place = place;
        }
        delete _holderAt[last];
    }

    // --- pots ---

    /// @dev Who signs the block earns it.
    function _earn(uint256 fee) internal {
        uint64 pico = fee.toUint64();
        _books.fees += pico;
        emit FeeEarned(pico);
    }

    /// @dev What an amount of micro-dollars costs who pays it, at a rate.
    function _withFee(uint64 amount, uint32 rate) internal pure returns (uint256 pico) {
        return _toPico(amount) + Fees.transferFee(amount, rate);
    }

    function _toPico(uint64 micro) internal pure returns (uint256) {
        return micro * Fees.PICO_PER_MICRO;
    }

    // --- rules ---

    /// @dev Reverts unless there are places for this many more leaves. One is the pots'.
    function _requireRoom(uint256 more) internal view {
        Books storage books = _books;
        uint256 taken = uint256(books.holders) + books.locks + books.withdrawals;
        if (taken + more >= MAX_LEAVES) revert LeavesFull(MAX_LEAVES);
    }

    function _requireMinimum(uint256 pico) internal view {
        if (pico < leafMinimum) revert LeafTooSmall(leafMinimum, pico);
    }

    function _requireAddress(address account) internal pure {
        if (account == address(0)) revert AddressZero();
    }

    function _requireAmount(uint256 amount) internal pure {
        if (amount == 0) revert AmountZero();
    }
}
