// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetGovernor, VotingSettings} from "../interfaces/IConetGovernor.sol";
import {Contracts} from "../types/Contracts.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {
    GovernorPreventLateQuorum
} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorStorage} from "@openzeppelin/contracts/governance/extensions/GovernorStorage.sol";
import {
    GovernorTimelockControl
} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {
    GovernorVotesQuorumFraction
} from "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

/// @title ConetGovernor
/// @notice Holders of CoNET vote on what the timelock does. See `IConetGovernor`.
/// @dev Proposals are stored, so that they can be listed, queued and executed by id alone.
contract ConetGovernor is
    IConetGovernor,
    Governor,
    GovernorSettings,
    GovernorCountingSimple,
    GovernorStorage,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorTimelockControl,
    GovernorPreventLateQuorum
{
    /// @inheritdoc IConetGovernor
    uint256 public constant MAX_VOTING_DELAY = 14 days;
    /// @inheritdoc IConetGovernor
    uint256 public constant MAX_VOTING_PERIOD = 30 days;
    /// @inheritdoc IConetGovernor
    uint256 public constant MAX_PROPOSAL_THRESHOLD = 5_000_000e18;
    /// @inheritdoc IConetGovernor
    uint256 public constant MIN_QUORUM_PERCENT = 1;
    /// @inheritdoc IConetGovernor
    uint256 public constant MAX_QUORUM_PERCENT = 20;

    /// @inheritdoc IConetGovernor
    uint256 public immutable MIN_VOTING_DELAY;
    /// @inheritdoc IConetGovernor
    uint256 public immutable MIN_VOTING_PERIOD;

    /// @dev The lower bounds are zero while the first settings are made, and follow from them.
    constructor(Contracts memory contracts, VotingSettings memory settings)
        Governor("CoNET Governor")
        GovernorSettings(settings.votingDelay, settings.votingPeriod, settings.proposalThreshold)
        GovernorVotes(IVotes(contracts.token))
        GovernorVotesQuorumFraction(settings.quorumPercent)
        GovernorTimelockControl(TimelockController(payable(contracts.timelock)))
        GovernorPreventLateQuorum(settings.lateQuorumExtension)
    {
        MIN_VOTING_DELAY = Math.min(settings.votingDelay, 1 days);
        MIN_VOTING_PERIOD = Math.min(settings.votingPeriod, 3 days);
    }

    /// @dev Always refused, by a vote too: a governor with another timelock would govern nothing.
    function updateTimelock(TimelockController) public pure override {
        revert TimelockIsFixed();
    }

    /// @dev The token's clock, without asking it.
    function clock() public view override(Governor, GovernorVotes) returns (uint48) {
        return Time.timestamp();
    }

    /// @dev The token's clock mode, without asking it.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override(Governor, GovernorVotes) returns (string memory) {
        return "mode=timestamp";
    }

    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    function _setVotingDelay(uint48 newVotingDelay) internal override {
        _checkBounds(MIN_VOTING_DELAY, MAX_VOTING_DELAY, newVotingDelay);
        super._setVotingDelay(newVotingDelay);
    }

    function _setVotingPeriod(uint32 newVotingPeriod) internal override {
        _checkBounds(MIN_VOTING_PERIOD, MAX_VOTING_PERIOD, newVotingPeriod);
        super._setVotingPeriod(newVotingPeriod);
    }

    function _setProposalThreshold(uint256 newProposalThreshold) internal override {
        _checkBounds(0, MAX_PROPOSAL_THRESHOLD, newProposalThreshold);
        super._setProposalThreshold(newProposalThreshold);
    }

    function _updateQuorumNumerator(uint256 newQuorumNumerator) internal override {
        _checkBounds(MIN_QUORUM_PERCENT, MAX_QUORUM_PERCENT, newQuorumNumerator);
        super._updateQuorumNumerator(newQuorumNumerator);
    }

    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override(Governor, GovernorStorage) returns (uint256) {
        return super._propose(targets, values, calldatas, description, proposer);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function _checkBounds(uint256 least, uint256 most, uint256 found) private pure {
        if (found < least || found > most) revert SettingOutOfBounds(least, most, found);
    }
}
