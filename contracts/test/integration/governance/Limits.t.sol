// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetGovernor} from "../../../src/governance/ConetGovernor.sol";
import {Timelock} from "../../../src/governance/Timelock.sol";
import {IConetGovernor, VotingSettings} from "../../../src/interfaces/IConetGovernor.sol";
import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {ITimelock} from "../../../src/interfaces/ITimelock.sol";
import {Governed} from "./Governed.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {
    GovernorPreventLateQuorum
} from "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";

/// @dev What no vote can do to voting itself, and who may touch the timelock.
contract GovernanceLimitsTest is Governed {
    function test_onlyVotesChangeHowVotesGo() public {
        address[4] memory callers = [stranger, guardian, alice, address(this)];
        bytes[] memory calls = new bytes[](6);
        calls[0] = abi.encodeCall(governor.setVotingDelay, (2 days));
        calls[1] = abi.encodeCall(governor.setVotingPeriod, (6 days));
        calls[2] = abi.encodeCall(governor.setProposalThreshold, (1));
        calls[3] = abi.encodeCall(governor.updateQuorumNumerator, (5));
        calls[4] = abi.encodeCall(governor.setLateQuorumVoteExtension, (1 days));
        calls[5] = abi.encodeCall(governor.relay, (address(token), 0, ""));
        for (uint256 c = 0; c < calls.length; ++c) {
            for (uint256 i = 0; i < callers.length; ++i) {
                vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, callers[i]));
                vm.prank(callers[i]);
                (bool success,) = address(governor).call(calls[c]);
                assertTrue(success); // of expectRevert
            }
        }
    }

    function test_votesChangeHowVotesGo() public {
        enact(address(governor), abi.encodeCall(governor.setVotingDelay, (2 days)));
        assertEq(governor.votingDelay(), 2 days);
        enact2(abi.encodeCall(governor.setVotingPeriod, (6 days)));
        assertEq(governor.votingPeriod(), 6 days);
    }

    function test_votesChangeThresholdAndQuorum() public {
        enact(address(governor), abi.encodeCall(governor.setProposalThreshold, (200_000e18)));
        assertEq(governor.proposalThreshold(), 200_000e18);
        enact(address(governor), abi.encodeCall(governor.updateQuorumNumerator, (5)));
        assertEq(governor.quorumNumerator(), 5);
    }

    function test_noVoteSetsVotingOutOfBounds() public {
        refuses(abi.encodeCall(governor.setVotingDelay, (1 days - 1)), 1 days, 14 days, 1 days - 1);
        refuses(abi.encodeCall(governor.setVotingDelay, (14 days + 1)), 1 days, 14 days, 14 days + 1);
        refuses(abi.encodeCall(governor.setVotingPeriod, (3 days - 1)), 3 days, 30 days, 3 days - 1);
        refuses(abi.encodeCall(governor.setVotingPeriod, (30 days + 1)), 3 days, 30 days, 30 days + 1);
        refuses(
            abi.encodeCall(governor.setProposalThreshold, (5_000_000e18 + 1)),
            0,
            5_000_000e18,
            5_000_000e18 + 1
        );
        refuses(abi.encodeCall(governor.updateQuorumNumerator, (0)), 1, 20, 0);
        refuses(abi.encodeCall(governor.updateQuorumNumerator, (21)), 1, 20, 21);
    }

    function test_theLateExtensionEndsAtAPeriod() public {
        enactRefused(
            address(governor),
            abi.encodeCall(governor.setLateQuorumVoteExtension, (5 days + 1)),
            abi.encodeWithSelector(
                GovernorPreventLateQuorum.GovernorPreventLateQuorumVoteExtensionTooLarge.selector,
                5 days + 1,
                5 days
            )
        );
    }

    function test_noVoteChangesTheTimelock() public {
        enactRefused(
            address(governor),
            abi.encodeCall(governor.updateTimelock, (TimelockController(payable(stranger)))),
            abi.encodeWithSelector(IConetGovernor.TimelockIsFixed.selector)
        );
        assertEq(governor.timelock(), address(timelock));
    }

    function test_constructionIsBounded() public {
        VotingSettings memory settings = someSettings();
        settings.votingDelay = 14 days + 1;
        refusesToStart(settings, 0, 14 days, 14 days + 1);
        settings = someSettings();
        settings.votingPeriod = 30 days + 1;
        refusesToStart(settings, 0, 30 days, 30 days + 1);
        settings = someSettings();
        settings.proposalThreshold = 5_000_000e18 + 1;
        refusesToStart(settings, 0, 5_000_000e18, 5_000_000e18 + 1);
        settings = someSettings();
        settings.quorumPercent = 0;
        refusesToStart(settings, 1, 20, 0);
        settings.quorumPercent = 21;
        refusesToStart(settings, 1, 20, 21);
        settings = someSettings();
        settings.votingPeriod = 0;
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidVotingPeriod.selector, 0));
        new ConetGovernor(all, settings);
    }

    function test_aDevelopmentNetworkVotesInSeconds() public {
        ConetGovernor quick = new ConetGovernor(
            all,
            VotingSettings({
                votingDelay: 0,
                votingPeriod: 2,
                lateQuorumExtension: 0,
                proposalThreshold: 0,
                quorumPercent: 1
            })
        );
        assertEq(quick.MIN_VOTING_DELAY(), 0);
        assertEq(quick.MIN_VOTING_PERIOD(), 2);
        assertEq(governor.MIN_VOTING_DELAY(), 1 days);
        assertEq(governor.MIN_VOTING_PERIOD(), 3 days);
        assertEq(new Timelock(all, 1).MIN_DELAY(), 1);
    }

    function test_saysWhatItIs() public view {
        assertEq(governor.name(), "CoNET Governor");
        assertEq(governor.version(), "1");
        assertEq(governor.CLOCK_MODE(), token.CLOCK_MODE());
        assertEq(governor.clock(), token.clock());
        assertEq(address(governor.token()), address(token));
        assertEq(governor.COUNTING_MODE(), "support=bravo&quorum=for,abstain");
    }

    // --- the timelock ---

    function test_onlyTheGovernorProposesAndCancels() public {
        address[5] memory callers = [stranger, guardian, alice, address(this), address(timelock)];
        bytes32 proposer = timelock.PROPOSER_ROLE();
        bytes32 canceller = timelock.CANCELLER_ROLE();
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.startPrank(callers[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAccessControl.AccessControlUnauthorizedAccount.selector, callers[i], proposer
                )
            );
            timelock.schedule(address(token), 0, "", 0, 0, 2 days);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IAccessControl.AccessControlUnauthorizedAccount.selector, callers[i], canceller
                )
            );
            timelock.cancel(0);
            vm.stopPrank();
        }
        assertTrue(timelock.hasRole(proposer, address(governor)));
        assertTrue(timelock.hasRole(canceller, address(governor)));
        assertTrue(timelock.hasRole(timelock.EXECUTOR_ROLE(), address(0)));
    }

    function test_nobodyIsAdministrator() public {
        bytes32 admin = timelock.DEFAULT_ADMIN_ROLE();
        address[5] memory accounts = [stranger, guardian, address(this), address(governor), address(deployer)];
        for (uint256 i = 0; i < accounts.length; ++i) {
            assertFalse(timelock.hasRole(admin, accounts[i]));
        }
        assertTrue(timelock.hasRole(admin, address(timelock)));
        bytes32 proposer = timelock.PROPOSER_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(
                IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), admin
            )
        );
        timelock.grantRole(proposer, address(this));
    }

    function test_theDelayIsBounded() public {
        assertEq(timelock.MIN_DELAY(), 2 days);
        enactRefused(
            address(timelock),
            abi.encodeCall(timelock.updateDelay, (2 days - 1)),
            abi.encodeWithSelector(ITimelock.DelayOutOfBounds.selector, 2 days, 30 days, 2 days - 1)
        );
        enactRefused(
            address(timelock),
            abi.encodeCall(timelock.updateDelay, (30 days + 1)),
            abi.encodeWithSelector(ITimelock.DelayOutOfBounds.selector, 2 days, 30 days, 30 days + 1)
        );
        enact(address(timelock), abi.encodeCall(timelock.updateDelay, (5 days)));
        assertEq(timelock.getMinDelay(), 5 days);
        vm.expectRevert(abi.encodeWithSelector(TimelockController.TimelockUnauthorizedCaller.selector, alice));
        vm.prank(alice);
        timelock.updateDelay(3 days);
        vm.expectRevert(abi.encodeWithSelector(ITimelock.DelayOutOfBounds.selector, 0, 30 days, 30 days + 1));
        new Timelock(all, 30 days + 1);
    }

    function test_theGuardianHasNoSayInVotes() public {
        uint256 id = propose(address(parameters), abi.encodeCall(IParameters.setTransferFeeRate, (80)));
        passAndQueue(id);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, guardian));
        vm.prank(guardian);
        governor.cancel(id);
    }

    /// @dev With the voting delay of two days that the vote before has set.
    function enact2(bytes memory data) private {
        uint256 id = propose(address(governor), data);
        skip(1 days);
        passAndQueue(id);
        skip(2 days);
        governor.execute(id);
    }

    function refuses(bytes memory data, uint256 least, uint256 most, uint256 found) private {
        enactRefused(address(governor), data, outOfBounds(least, most, found));
    }

    function refusesToStart(VotingSettings memory settings, uint256 least, uint256 most, uint256 found)
        private
    {
        vm.expectRevert(outOfBounds(least, most, found));
        new ConetGovernor(all, settings);
    }

    function outOfBounds(uint256 least, uint256 most, uint256 found) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConetGovernor.SettingOutOfBounds.selector, least, most, found);
    }
}
