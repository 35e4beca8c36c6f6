// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {Governed} from "./Governed.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

contract VoteTest is Governed {
    /// @dev White paper, *Governance*: modify the transfer fee, and add a stablecoin. In one proposal.
    function test_raisesTheFeeAndApprovesAStablecoin() public {
        Stablecoin third = new Stablecoin("USD", 6);
        address[] memory targets = new address[](2);
        bytes[] memory calls = new bytes[](2);
        (targets[0], targets[1]) = (address(parameters), address(parameters));
        calls[0] = abi.encodeCall(IParameters.setTransferFeeRate, (80));
        calls[1] = abi.encodeCall(IParameters.approveStablecoin, (address(third)));
        uint256 id = propose(targets, calls, "Raise the fee and take a third stablecoin");
        assertState(id, IGovernor.ProposalState.Pending);
        assertTrue(governor.proposalNeedsQueuing(id));

        skip(1 days + 1);
        assertState(id, IGovernor.ProposalState.Active);
        vote(alice, id, FOR);
        vote(bob, id, AGAINST);
        vote(carol, id, ABSTAIN);
        (uint256 against, uint256 for_, uint256 abstain) = governor.proposalVotes(id);
        assertEq(against, 12_000_000e18);
        assertEq(for_, 30_000_000e18);
        assertEq(abstain, 1_000_000e18);

        skip(5 days);
        assertState(id, IGovernor.ProposalState.Succeeded);
        governor.queue(id);
        assertState(id, IGovernor.ProposalState.Queued);
        assertEq(governor.proposalEta(id), block.timestamp + 2 days);
        vm.expectRevert();
        governor.execute(id);

        skip(2 days);
        assertEq(parameters.transferFeeRate(), 50);
        vm.prank(stranger); // anybody executes
        governor.execute(id);
        assertState(id, IGovernor.ProposalState.Executed);
        assertEq(parameters.transferFeeRate(), 80);
        assertEq(parameters.stablecoinScale(address(third)), 1);
        assertEq(parameters.stablecoins().length, 3);
    }

    function test_noVoteLeavesTheBounds() public {
        enactRefused(
            address(parameters),
            abi.encodeCall(IParameters.setTransferFeeRate, (501)),
            abi.encodeWithSelector(IParameters.OutOfBounds.selector, 0, 500, 501)
        );
        assertEq(parameters.transferFeeRate(), 50);
    }

    function test_proposingTakesTheThreshold() public {
        bytes[] memory calls = oneCall(abi.encodeCall(IParameters.setTransferFeeRate, (80)));
        give(stranger, 100_000e18 - 1);
        skip(1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, stranger, 100_000e18 - 1, 100_000e18
            )
        );
        vm.prank(stranger);
        governor.propose(one(address(parameters)), new uint256[](1), calls, "");
        give(stranger, 1);
        skip(1);
        vm.prank(stranger);
        governor.propose(one(address(parameters)), new uint256[](1), calls, "");
    }

    function test_withoutTheQuorumItFails() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vote(bob, id, FOR);
        vote(carol, id, FOR);
        skip(5 days);
        assertEq(governor.quorum(block.timestamp - 1), 20_000_000e18);
        assertState(id, IGovernor.ProposalState.Defeated);
        vm.expectRevert();
        governor.queue(id);
    }

    function test_againstTheMajorityItFails() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vote(alice, id, AGAINST);
        vote(bob, id, FOR);
        vote(carol, id, FOR);
        skip(5 days);
        assertState(id, IGovernor.ProposalState.Defeated);
    }

    function test_nobodyVotesTwice() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vote(alice, id, FOR);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, alice));
        vm.prank(alice);
        governor.castVote(id, FOR);
    }

    /// @dev Votes are those at the end of the delay: tokens that move afterwards do not vote again.
    function test_movingTokensGivesNoSecondVote() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vote(bob, id, FOR);
        vm.prank(bob);
        assertTrue(token.transfer(stranger, 12_000_000e18));
        vm.prank(stranger);
        token.delegate(stranger);
        skip(1);
        vote(stranger, id, FOR);
        (, uint256 for_,) = governor.proposalVotes(id);
        assertEq(for_, 12_000_000e18);
    }

    function test_delegatingAnewGivesNoSecondVote() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vote(bob, id, FOR);
        vm.prank(bob);
        token.delegate(stranger);
        skip(1);
        vote(stranger, id, FOR);
        (, uint256 for_,) = governor.proposalVotes(id);
        assertEq(for_, 12_000_000e18);
    }

    /// @dev Tokens bought after the proposal's delay do not vote at all.
    function test_lateTokensDoNotVote() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        give(stranger, 100_000_000e18);
        skip(1);
        vote(stranger, id, AGAINST);
        (uint256 against,,) = governor.proposalVotes(id);
        assertEq(against, 0);
    }

    function testFuzz_votesNeverExceedTheTokens(uint256 seed) public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        address[4] memory holders = [alice, bob, carol, stranger];
        for (uint256 i = 0; i < 16; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            address from = holders[seed % 4];
            address to = holders[(seed >> 8) % 4];
            uint256 amount = bound(seed >> 16, 0, token.balanceOf(from));
            vm.prank(from);
            assertTrue(token.transfer(to, amount));
            vm.prank(to);
            token.delegate(holders[(seed >> 12) % 4]);
            if (!governor.hasVoted(id, to)) vote(to, id, uint8(seed % 3));
            skip(1 minutes);
        }
        (uint256 against, uint256 for_, uint256 abstain) = governor.proposalVotes(id);
        assertLe(against + for_ + abstain, 43_000_000e18);
    }

    /// @dev Who brings the quorum in the last second gives the others two days to answer.
    function test_aLateQuorumExtendsTheVote() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        skip(5 days - 1);
        uint256 deadline = governor.proposalDeadline(id);
        assertEq(deadline, block.timestamp);
        vote(alice, id, FOR);
        assertEq(governor.proposalDeadline(id), block.timestamp + 2 days);
        skip(2 days);
        assertState(id, IGovernor.ProposalState.Active);
        vote(bob, id, AGAINST);
        skip(1);
        assertState(id, IGovernor.ProposalState.Succeeded);
    }

    function test_theProposerCancelsBeforeTheVote() public {
        uint256 id = proposeAFee();
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, stranger));
        vm.prank(stranger);
        governor.cancel(id);
        vm.prank(carol);
        governor.cancel(id);
        assertState(id, IGovernor.ProposalState.Canceled);
    }

    function test_theProposerDoesNotCancelAfterwards() public {
        uint256 id = proposeAFee();
        skip(1 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, carol));
        vm.prank(carol);
        governor.cancel(id);
    }

    function test_proposalsAreListed() public {
        uint256 first = proposeAFee();
        bytes memory data = abi.encodeCall(IParameters.setExitFeeRate, (300));
        uint256 second = propose(one(address(parameters)), oneCall(data), "the exit fee");
        assertEq(governor.proposalCount(), 2);
        (uint256 id,,,,) = governor.proposalDetailsAt(0);
        assertEq(id, first);
        (address[] memory targets, uint256[] memory values, bytes[] memory calls, bytes32 why) =
            governor.proposalDetails(second);
        assertEq(targets[0], address(parameters));
        assertEq(values[0], 0);
        assertEq(calls[0], data);
        assertEq(why, keccak256("the exit fee"));
        assertEq(governor.proposalProposer(second), carol);
    }

    function test_theTimelocksTreasuryIsSpentByVote() public {
        assertTrue(token.transfer(address(timelock), 5_000_000e18));
        enact(address(token), abi.encodeCall(token.transfer, (stranger, 2_000_000e18)));
        assertEq(token.balanceOf(stranger), 2_000_000e18);
        assertEq(token.balanceOf(address(timelock)), 3_000_000e18);
    }

    function test_theGuardiansPauseIsEndedByVote() public {
        vm.startPrank(guardian);
        parameters.pauseMinting();
        priceFeed.pause();
        vm.stopPrank();
        enact(address(parameters), abi.encodeCall(IParameters.unpauseMinting, ()));
        assertFalse(parameters.mintingPaused());
        enact(address(priceFeed), abi.encodeCall(priceFeed.unpause, ()));
        assertFalse(priceFeed.paused());
    }

    /// @dev A vote that fails on its way changes nothing, not even its first half.
    function test_aProposalIsAllOrNothing() public {
        address[] memory targets = new address[](2);
        bytes[] memory calls = new bytes[](2);
        (targets[0], targets[1]) = (address(parameters), address(parameters));
        calls[0] = abi.encodeCall(IParameters.setTransferFeeRate, (80));
        calls[1] = abi.encodeCall(IParameters.setExitFeeRate, (1001));
        uint256 id = propose(targets, calls, "");
        passAndQueue(id);
        skip(2 days);
        vm.expectRevert(abi.encodeWithSelector(IParameters.OutOfBounds.selector, 0, 1000, 1001));
        governor.execute(id);
        assertEq(parameters.transferFeeRate(), 50);
    }

    function test_executedOnTheTimelockCountsAsExecuted() public {
        bytes memory data = abi.encodeCall(IParameters.setTransferFeeRate, (80));
        uint256 id = propose(address(parameters), data);
        passAndQueue(id);
        skip(2 days);
        bytes32 salt = bytes20(address(governor)) ^ keccak256("because");
        TimelockController(payable(timelock))
            .executeBatch(one(address(parameters)), new uint256[](1), oneCall(data), 0, salt);
        assertState(id, IGovernor.ProposalState.Executed);
    }

    function proposeAFee() private returns (uint256) {
        return propose(address(parameters), abi.encodeCall(IParameters.setTransferFeeRate, (80)));
    }
}
