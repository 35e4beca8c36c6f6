// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetToken} from "../interfaces/IConetToken.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {IERC6372} from "@openzeppelin/contracts/interfaces/IERC6372.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

/// @title ConetTokenBase
/// @notice What both forms of CoNET share: burning, re-issuing and voting. See `IConetToken`.
abstract contract ConetTokenBase is ERC20, ERC20Permit, ERC20Votes, IConetToken {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;

    /// @inheritdoc IConetToken
    uint256 public constant GENESIS_SUPPLY = 500_000_000e18;

    /// @inheritdoc IConetToken
    mapping(address burner => uint256) public reissuable;

    /// @dev What was burned and not re-issued, over time. Gives the total and its past alike.
    Checkpoints.Trace208 private _burned;

    constructor() ERC20("CoNET", "CoNET") ERC20Permit("CoNET") {}

    /// @inheritdoc IConetToken
    function burn(uint256 amount) external {
        _burnAs(amount, false);
    }

    /// @inheritdoc IConetToken
    function burnForReissue(uint256 amount) external {
        reissuable[msg.sender] += amount;
        _burnAs(amount, true);
    }

    /// @inheritdoc IConetToken
    function reissue(address to, uint256 amount) external {
        uint256 outstanding = reissuable[msg.sender];
        if (amount > outstanding) revert ReissueExceedsBurn(msg.sender, amount, outstanding);
        reissuable[msg.sender] = outstanding - amount;
        _setBurned(totalBurned() - amount);
        _mint(to, amount);
        emit Reissued(msg.sender, to, amount);
    }

    /// @inheritdoc IConetToken
    function totalBurned() public view returns (uint256) {
        return _burned.latest();
    }

    /// @inheritdoc IERC6372
    function clock() public view override(IERC6372, Votes) returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc IERC6372
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override(IERC6372, Votes) returns (string memory) {
        return "mode=timestamp";
    }

    /// @dev All CoNET that existed, whether or not it was delegated or, on a chain of its own, wrapped.
    function getPastTotalSupply(uint256 timepoint) public view override(IVotes, Votes) returns (uint256) {
        return GENESIS_SUPPLY - _burned.upperLookupRecent(_validateTimepoint(timepoint));
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }

    function _burnAs(uint256 amount, bool mayReissue) private {
        _setBurned(totalBurned() + amount);
        _burn(msg.sender, amount);
        emit Burned(msg.sender, amount, mayReissue);
    }

    function _setBurned(uint256 burned) private {
        _burned.push(clock(), burned.toUint208());
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }

    /// @dev Without the trace of the total supply that OpenZeppelin keeps: `_burned` says the same.
    function _transferVotingUnits(address from, address to, uint256 amount) internal override {
        _moveDelegateVotes(delegates(from), delegates(to), amount);
    }

    function _getTotalSupply() internal view override returns (uint256) {
        return GENESIS_SUPPLY - totalBurned();
    }
}
