// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INoteChain, Transfer} from "../interfaces/INoteChain.sol";
import {Fees} from "../libraries/Fees.sol";
import {NoteLedger} from "./NoteLedger.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NoteTransfers
/// @notice How holders pay each other. See `INoteChain`.
abstract contract NoteTransfers is NoteLedger {
    using SafeCast for uint256;

    /// @inheritdoc INoteChain
    uint256 public constant MAX_TRANSFERS = 64;

    /// @inheritdoc INoteChain
    function transfer(address to, uint64 amount) external {
        uint256 fee = Fees.transferFee(amount, feeRate);
        _debit(msg.sender, _toPico(amount) + fee);
        _deliver(to, amount);
        _earn(fee);
    }

    /// @inheritdoc INoteChain
    function transferMany(Transfer[] calldata transfers) external {
        uint256 count = transfers.length;
        if (count == 0 || count > MAX_TRANSFERS) revert TransferCountWrong(MAX_TRANSFERS, count);
        uint256 cost;
        uint256 fees;
        uint32 rate = feeRate;
        for (uint256 i = 0; i < count; ++i) {
            cost += _toPico(transfers[i].amount);
            fees += Fees.transferFee(transfers[i].amount, rate);
        }
        _debit(msg.sender, cost + fees);
        for (uint256 i = 0; i < count; ++i) {
            _deliver(transfers[i].to, transfers[i].amount);
        }
        _earn(fees);
    }

    /// @inheritdoc INoteChain
    function transferAll(address to, uint64 reserve) external {
        if (to == msg.sender) revert RecipientIsSender(to);
        _requireAddress(to);
        uint32 rate = feeRate;
        // Fees are proportional, so this is the most that can be sent.
        uint64 amount = _close(reserve, _withFee(1, rate));
        uint256 fee = Fees.transferFee(amount, rate);
        _accounts[msg.sender].balance -= (_toPico(amount) + fee).toUint64();
        _give(to, _toPico(amount));
        emit Transferred(msg.sender, to, amount);
        _earn(fee);
    }

    /// @dev Closes the sender's account. The most micro-dollars that it can send, when each costs so much.
    function _close(uint64 reserve, uint256 each) internal returns (uint64 amount) {
        Account storage account = _accounts[msg.sender];
        uint256 balance = account.balance;
        if (balance < reserve) revert BalanceTooLow(reserve, balance);
        account.closing = true;
        uint256 spendable = balance - reserve;
        amount = (spendable / each).toUint64();
        _requireAmount(amount);
    }

    function _deliver(address to, uint64 amount) private {
        _requireAddress(to);
        _requireAmount(amount);
        _credit(to, _toPico(amount));
        emit Transferred(msg.sender, to, amount);
    }
}
