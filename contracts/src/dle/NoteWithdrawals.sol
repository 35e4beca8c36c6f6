// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IMoneyContract} from "../interfaces/IChainContract.sol";
import {INoteChain, Withdrawal} from "../interfaces/INoteChain.sol";
import {Fees} from "../libraries/Fees.sol";
import {NoteTransfers} from "./NoteTransfers.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NoteWithdrawals
/// @notice How money leaves for the main chain. See `INoteChain`.
abstract contract NoteWithdrawals is NoteTransfers {
    using SafeCast for uint256;

    /// @inheritdoc INoteChain
    uint256 public constant MAX_EXIT_FEE_RATE = 1000;

    /// @inheritdoc INoteChain
    function withdraw(address recipient, uint64 amount, address relayer, uint64 relayerFee)
        external
        returns (uint64 withdrawal)
    {
        _requireAmount(amount);
        _requireMinimum(_toPico(amount));
        _requireRoom(1);
        _debit(msg.sender, _toPico(amount));
        return _withdraw(Withdrawal(recipient, amount, relayer, relayerFee));
    }

    /// @inheritdoc INoteChain
    function withdrawAll(address recipient, address relayer, uint64 relayerFee, uint64 reserve)
        external
        returns (uint64 withdrawal)
    {
        uint64 amount = _close(reserve, Fees.PICO_PER_MICRO);
        _accounts[msg.sender].balance -= _toPico(amount).toUint64();
        return _withdraw(Withdrawal(recipient, amount, relayer, relayerFee));
    }

    /// @inheritdoc IMoneyContract
    function settle(uint64 withdrawal) external onlySystem {
        WithdrawalRecord storage record = _withdrawals[withdrawal];
        if (record.recipient == address(0)) revert UnknownWithdrawal(withdrawal);
        _owed -= _toPico(record.amount).toUint64();
        uint16 place = record.place;
        delete _withdrawals[withdrawal];

        uint16 last = _books.withdrawals--;
        if (place != last) {
            uint64 moved = _withdrawalAt[last];
            _withdrawalAt[place] = moved;
            _withdrawals[moved].place = place;
        }
        delete _withdrawalAt[last];
    }

    /// @inheritdoc INoteChain
    function withdrawalOf(uint64 withdrawal) public view returns (Withdrawal memory) {
        WithdrawalRecord storage record = _withdrawals[withdrawal];
        return Withdrawal(record.recipient, record.amount, record.relayer, record.relayerFee);
    }

    /// @inheritdoc INoteChain
    function nextWithdrawal() external view returns (uint64) {
        return _books.nextWithdrawal;
    }

    /// @dev The caller has found room for it, and has its money.
    function _addWithdrawal(uint64 id, Withdrawal memory withdrawal) internal {
        WithdrawalRecord storage record = _withdrawals[id];
        uint16 place = ++_books.withdrawals;
        _withdrawalAt[place] = id;
        (record.recipient, record.amount, record.place) = (withdrawal.recipient, withdrawal.amount, place);
        (record.relayer, record.relayerFee) = (withdrawal.relayer, withdrawal.relayerFee);
    }

    function _withdraw(Withdrawal memory withdrawal) private returns (uint64 id) {
        _requireAddress(withdrawal.recipient);
        uint64 amount = withdrawal.amount;
        // The main chain refuses an exit whose fees exceed it. It rounds the exit fee of all that left, so one exit may
        // pay a micro-dollar more than its share.
        uint256 most = amount - Fees.exitFee(amount, MAX_EXIT_FEE_RATE) - 1;
        if (withdrawal.relayerFee > most) {
            revert RelayerFeeTooHigh(most.toUint64(), withdrawal.relayerFee);
        }
        id = _books.nextWithdrawal++;
        _addWithdrawal(id, withdrawal);
        emit Withdrawn(
            id, msg.sender, withdrawal.recipient, amount, withdrawal.relayer, withdrawal.relayerFee
        );
    }
}
