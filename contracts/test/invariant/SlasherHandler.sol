// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    CREATOR,
    Case,
    CaseState,
    Offence,
    Roles,
    SignedVote,
    SlasherBase,
    VALIDATOR,
    Verdict,
    Vote,
    WITNESS
} from "../integration/slasher/SlasherBase.sol";

/// @dev A main chain of its own, on which nodes stake, cheat, are judged, appeal and are settled, in any order. A call
///      that makes no sense now does nothing; one that is made must succeed.
contract SlasherHandler is SlasherBase {
    uint256 internal constant NODES = 5;

    uint256[] public nodes;
    Roles[2] public roles = [WITNESS, VALIDATOR];

    /// @dev What went back to positions.
    uint256 public returned;

    /// @dev What reporters got. They start with nothing.
    uint256 public reported;

    /// @dev Nodes that were proven to cheat.
    mapping(uint256 node => bool) public cheated;

    /// @dev Set when a case paid something else than it must.
    string public violation;

    uint64 private _height;

    constructor() {
        SlasherBase.setUp();
        for (uint256 i = 0; i < NODES; ++i) {
            nodes.push(newNode(WITNESS | VALIDATOR | CREATOR));
            stakeFor(nodes[i], WITNESS, 20);
            stakeFor(nodes[i], VALIDATOR, 20);
        }
    }

    function top(uint256 nodeSeed, uint256 roleSeed, uint256 seats) external {
        uint256 id = nodes[nodeSeed % NODES];
        if (staking.isBarred(id)) return;
        stakeFor(id, roles[roleSeed % 2], bound(seats, 1, 10));
    }

    function unbond(uint256 nodeSeed, uint256 roleSeed, uint256 amount) external {
        (uint256 id, Roles role) = (nodes[nodeSeed % NODES], roles[roleSeed % 2]);
        uint256 bonded = staking.bonded(id, role);
        (uint256[] memory under,) = staking.unbondings(id, role);
        if (bonded == 0 || under.length == 16) return;
        vm.prank(archiveOwner);
        staking.unbond(id, role, bound(amount, 1, bonded));
    }

    /// @dev Rarely, or soon all are barred.
    function cheat(uint256 nodeSeed, uint256 roleSeed, uint256 luck, bool self) external {
        uint256 id = nodes[nodeSeed % NODES];
        Roles role = roles[roleSeed % 2];
        uint256 held = staking.bonded(id, role) + staking.unbonding(id, role);
        if (luck % 4 != 0 || (held == 0 && staking.isBarred(id))) return;
        uint256 key = keyOf[registry.walletOf(id)];
        (Vote memory a, Vote memory b) = (someVote("a"), someVote("b"));
        (a.phase, b.phase) = role == WITNESS ? (0x30, 0x30) : (0x40, 0x40);
        SignedVote memory first = signVote(key, a);
        SignedVote memory second = signBatch(key, b, 3, 1);
        vm.prank(self ? archiveOwner : reporter);
        slasher.reportEquivocation(id, first, second);
        cheated[id] = true;
    }

    function pass(uint256 nodeSeed, uint256 roleSeed, uint256 kind, uint256 amount, bool self) external {
        Verdict memory verdict = someVerdict(Offence(bound(kind, 2, 5)), bound(amount, 1000, 25_000 ether));
        verdict.node = nodes[nodeSeed % NODES];
        verdict.role = roles[roleSeed % 2];
        verdict.height = ++_height;
        if (self) verdict.reporter = registry.walletOf(verdict.node);
        uint256 held = staking.bonded(verdict.node, verdict.role);
        if (verdict.kind == Offence.Inactivity) {
            uint256 last = slasher.penalizedAt(verdict.node, verdict.role);
            if (held < 1000 || (last != 0 && block.timestamp < last + 1 days)) return;
        }
        if (held + staking.unbonding(verdict.node, verdict.role) == 0) return;
        judge(verdict);
    }

    function appealOne(uint256 seed) external {
        uint256 caseId = pick(seed);
        Case memory accused = slasher.caseOf(caseId);
        if (accused.state != CaseState.Open || block.timestamp > accused.finalAt) return;
        appeal(caseId);
    }

    function overturn(uint256 seed) external {
        uint256 caseId = pick(seed);
        Case memory accused = slasher.caseOf(caseId);
        if (accused.state != CaseState.Appealed || block.timestamp > accused.finalAt) return;
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
        returned += accused.amount;
    }

    function finalize(uint256 seed) external {
        uint256 caseId = pick(seed);
        if (!isRipe(caseId)) return;
        slasher.finalize(caseId);
        note(caseId);
    }

    function compensate(uint256 seed, uint256 total) external {
        uint256 caseId = pick(seed);
        Case memory closing = slasher.caseOf(caseId);
        if (closing.state != CaseState.Final && !isRipe(caseId)) return;
        if (closing.amount == 0 || closing.offence == Offence.Inactivity) return;
        if (block.timestamp > slasher.settleAt(caseId)) return;
        restitute(caseId, "root", bound(total, 1, closing.amount));
        note(caseId);
    }

    function settle(uint256 seed) external {
        uint256 caseId = pick(seed);
        Case memory closing = slasher.caseOf(caseId);
        bool late = block.timestamp > slasher.settleAt(caseId);
        bool due = closing.state == CaseState.Restituted
            || (late && (closing.state == CaseState.Final || isRipe(caseId)));
        if (!due) return;
        uint256 before = token.balanceOf(reporter);
        uint256 pooled = rewards.pool(all.token);
        slasher.settle(caseId);
        note(caseId);
        uint256 share = token.balanceOf(reporter) - before;
        reported += share;
        uint256 left = closing.amount - closing.restitution;
        if (share > left / 10) violation = "a reporter got more than a tenth";
        if (share != 0 && closing.reporter == address(0)) violation = "somebody was paid for its own doing";
        if (rewards.pool(all.token) != pooled + left - share) violation = "the pool got something else";
    }

    function wait(uint256 seconds_) external {
        skip(bound(seconds_, 1 hours, 9 days));
    }

    // --- for the invariants ---

    function caseCount() external view returns (uint256) {
        return slasher.caseCount();
    }

    function caseAt(uint256 caseId) external view returns (Case memory) {
        return slasher.caseOf(caseId);
    }

    function balance() external view returns (uint256) {
        return token.balanceOf(all.slasher);
    }

    function inRewards() external view returns (uint256) {
        return rewards.pool(all.token) + rewards.unclaimed(all.token);
    }

    function frozen(uint256 id, Roles role) external view returns (uint256) {
        return staking.frozen(id, role);
    }

    function isBarred(uint256 id) external view returns (bool) {
        return staking.isBarred(id);
    }

    /// @dev Fraud that became final is proven.
    function note(uint256 caseId) private {
        Case memory closing = slasher.caseOf(caseId);
        if (closing.offence == Offence.Fraud) cheated[closing.node] = true;
    }

    function isRipe(uint256 caseId) private view returns (bool) {
        Case memory closing = slasher.caseOf(caseId);
        return (closing.state == CaseState.Open || closing.state == CaseState.Appealed)
            && block.timestamp > closing.finalAt;
    }

    /// @dev A case, or number 0, which is none.
    function pick(uint256 seed) private view returns (uint256) {
        uint256 count = slasher.caseCount();
        return count == 0 ? 0 : seed % count + 1;
    }
}
