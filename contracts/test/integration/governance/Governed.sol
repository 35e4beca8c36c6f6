// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetGovernor} from "../../../src/governance/ConetGovernor.sol";
import {Timelock} from "../../../src/governance/Timelock.sol";
import {VotingSettings} from "../../../src/interfaces/IConetGovernor.sol";
import {Mainchain} from "../../Mainchain.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {
    GovernorCountingSimple
} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";

/// @dev The main chain with its governor and timelock, and holders who have delegated to themselves: Alice 30 million,
///      Bob 12 million, Carol 1 million. The quorum of 4% is 20 million.
abstract contract Governed is Mainchain {
    uint8 internal constant AGAINST = uint8(GovernorCountingSimple.VoteType.Against);
    uint8 internal constant FOR = uint8(GovernorCountingSimple.VoteType.For);
    uint8 internal constant ABSTAIN = uint8(GovernorCountingSimple.VoteType.Abstain);

    ConetGovernor internal governor;
    Timelock internal timelock;

    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal carol = makeAddr("carol");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual override {
        super.setUp();
        timelock = Timelock(payable(deploy("Timelock", abi.encode(all, uint256(2 days)))));
        governor = ConetGovernor(payable(deploy("ConetGovernor", abi.encode(all, someSettings()))));
        give(alice, 30_000_000e18);
        give(bob, 12_000_000e18);
        give(carol, 1_000_000e18);
        skip(1);
    }

    function someSettings() internal pure returns (VotingSettings memory) {
        return VotingSettings({
            votingDelay: 1 days,
            votingPeriod: 5 days,
            lateQuorumExtension: 2 days,
            proposalThreshold: 100_000e18,
            quorumPercent: 4
        });
    }

    function give(address holder, uint256 amount) internal {
        assertTrue(token.transfer(holder, amount));
        vm.prank(holder);
        token.delegate(holder);
    }

    function propose(address target, bytes memory data) internal returns (uint256) {
        return propose(one(target), oneCall(data), "because");
    }

    function propose(address[] memory targets, bytes[] memory calls, string memory why)
        internal
        returns (uint256)
    {
        vm.prank(carol);
        return governor.propose(targets, new uint256[](targets.length), calls, why);
    }

    function vote(address voter, uint256 id, uint8 support) internal {
        vm.prank(voter);
        governor.castVote(id, support);
    }

    /// @dev From a fresh proposal to a queued one, with Alice's votes.
    function passAndQueue(uint256 id) internal {
        skip(1 days + 1);
        vote(alice, id, FOR);
        skip(5 days);
        governor.queue(id);
    }

    /// @dev The whole way of a proposal.
    function enact(address target, bytes memory data) internal {
        uint256 id = propose(target, data);
        passAndQueue(id);
        skip(2 days);
        governor.execute(id);
    }

    /// @dev The whole way, to be refused at the end with `problem`.
    function enactRefused(address target, bytes memory data, bytes memory problem) internal {
        uint256 id = propose(target, data);
        passAndQueue(id);
        skip(2 days);
        vm.expectRevert(problem);
        governor.execute(id);
    }

    function assertState(uint256 id, IGovernor.ProposalState expected) internal view {
        assertEq(uint256(governor.state(id)), uint256(expected));
    }

    function one(address target) internal pure returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = target;
    }

    function oneCall(bytes memory data) internal pure returns (bytes[] memory calls) {
        calls = new bytes[](1);
        calls[0] = data;
    }
}
