// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INativeConetToken} from "../interfaces/INativeConetToken.sol";
import {ConetTokenBase} from "./ConetTokenBase.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title NativeConetToken
/// @notice CoNET on a chain whose gas is paid in CoNET. See `INativeConetToken`.
contract NativeConetToken is ConetTokenBase, INativeConetToken {
    using Address for address payable;

    /// @inheritdoc INativeConetToken
    function deposit() external payable {
        _deposit(msg.sender);
    }

    /// @inheritdoc INativeConetToken
    function depositTo(address account) external payable {
        _deposit(account);
    }

    /// @inheritdoc INativeConetToken
    function withdraw(uint256 amount) external {
        _withdraw(payable(msg.sender), amount);
    }

    /// @inheritdoc INativeConetToken
    function withdrawTo(address payable to, uint256 amount) external {
        _withdraw(to, amount);
    }

    receive() external payable {
        _deposit(msg.sender);
    }

    /// @inheritdoc INativeConetToken
    function unwrapped() public view returns (uint256) {
        return GENESIS_SUPPLY - totalSupply() - totalBurned();
    }

    function _deposit(address account) private {
        uint256 most = unwrapped();
        if (msg.value > most) revert DepositExceedsGenesis(most, msg.value);
        _mint(account, msg.value);
        emit Deposit(account, msg.value);
    }

    function _withdraw(address payable to, uint256 amount) private {
        _burn(msg.sender, amount);
        emit Withdrawal(msg.sender, to, amount);
        to.sendValue(amount);
    }
}
