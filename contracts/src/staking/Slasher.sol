// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups} from "../interfaces/IArchiveGroups.sol";
import {IChainAnchor} from "../interfaces/IChainAnchor.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {
    Case,
    CaseState,
    ISlasher,
    Offence,
    Overturn,
    Restitution,
    SignedVote,
    Verdict
} from "../interfaces/ISlasher.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {LedgerSigned} from "../signed/LedgerSigned.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {ARCHIVE, Roles} from "../types/Roles.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title Slasher
/// @notice Cases against nodes. See `ISlasher`.
contract Slasher is LedgerSigned {
    using SafeCast for uint256;
    using SafeTransferLib for address;

    /// @inheritdoc ISlasher
    uint64 public constant APPEAL_WINDOW = 7 days;

    /// @inheritdoc ISlasher
    uint64 public constant JUDGE_WINDOW = 7 days;

    /// @inheritdoc ISlasher
    uint64 public constant TIMELOCK_WINDOW = 28 days;

    /// @inheritdoc ISlasher
    uint64 public constant RESTITUTION_WINDOW = 14 days;

    /// @inheritdoc ISlasher
    uint64 public constant CLAIM_PERIOD = 365 days;

    /// @inheritdoc ISlasher
    uint64 public constant INACTIVITY_PERIOD = 1 days;

    /// @inheritdoc ISlasher
    uint256 public constant MAX_INACTIVITY_RATE = 100;

    /// @inheritdoc ISlasher
    uint256 public constant REPORTER_RATE = 10_000;

    /// @dev 100%, in units of 0.001%.
    uint256 private constant WHOLE = 100_000;

    /// @dev How often a judge is drawn before there is taken to be no other group. One that keeps a quarter of all
    ///      chains is missed once in 10,000 cases, and the timelock decides then.
    uint256 private constant MAX_DRAWS = 32;

    /// @inheritdoc ISlasher
    uint256 public caseCount;

    /// @inheritdoc ISlasher
    mapping(bytes32 commitment => uint256 blockNumber) public committedIn;

    /// @inheritdoc ISlasher
    mapping(uint256 node => mapping(Roles role => uint256)) public penalizedAt;

    address private immutable _TOKEN;
    address private immutable _TIMELOCK;
    IRewards private immutable _REWARDS;
    INodeRegistry private immutable _REGISTRY;
    IStaking private immutable _STAKING;
    IArchiveGroups private immutable _GROUPS;
    IChainAnchor private immutable _ANCHOR;

    mapping(uint256 caseId => Case) private _cases;

    /// @dev What verdicts were about.
    mapping(bytes32 offenceId => bool) private _judged;

    constructor(Contracts memory all) {
        _TOKEN = all.token;
        _TIMELOCK = all.timelock;
        _REWARDS = IRewards(all.rewards);
        _REGISTRY = INodeRegistry(all.nodeRegistry);
        _STAKING = IStaking(all.staking);
        _GROUPS = IArchiveGroups(all.archiveGroups);
        _ANCHOR = IChainAnchor(all.chainAnchor);
    }

    /// @inheritdoc ISlasher
    function commit(bytes32 commitment) external {
        if (committedIn[commitment] != 0) return;
        committedIn[commitment] = block.number;

        emit Committed(commitment);
    }

    /// @inheritdoc ISlasher
    function reportEquivocation(uint256 node, SignedVote calldata first, SignedVote calldata second)
        external
        returns (uint256 caseId)
    {
        Roles role = _checkEquivocation(node, first, second);
        bool barred = _STAKING.isBarred(node);
        uint256 amount = _STAKING.slash(node, role, type(uint256).max, false);
        if (amount == 0 && barred) revert NothingToSlash(node, role);
        _STAKING.bar(node);

        Case memory opened;
        opened.offence = Offence.Equivocation;
        opened.role = role;
        opened.reporter = _entitled(node, msg.sender);
        opened.chain = first.vote.chain;
        opened.home = _homeOf(first.vote.chain);
        bytes32 evidence = keccak256(abi.encode(node, first, second));
        return _open(opened, node, amount, first.vote.height, evidence);
    }

    /// @inheritdoc ISlasher
    function claimReport(uint256 caseId, SignedVote calldata first, SignedVote calldata second) external {
        Case storage opened = _cases[caseId];
        if (opened.offence != Offence.Equivocation) {
            revert OffenceDiffers(Offence.Equivocation, opened.offence);
        }
        if (opened.state == CaseState.Settled) {
            revert WrongState(caseId, CaseState.Final, CaseState.Settled);
        }
        uint256 node = opened.node;
        Roles role = _checkEquivocation(node, first, second);
        if (!(role == opened.role)) revert PhaseInvalid(first.vote.phase);
        if (_entitled(node, msg.sender) == address(0)) revert ReporterInvalid(msg.sender);
        bytes32 evidence = keccak256(abi.encode(node, first, second));
        uint256 committed = committedIn[keccak256(abi.encode(evidence, msg.sender))];
        if (committed == 0 || committed >= opened.reportedIn) {
            revert NotFirst(committed, opened.reportedIn);
        }
        opened.reporter = msg.sender;
        opened.reportedIn = committed.toUint64();

        emit ReporterChanged(caseId, msg.sender, committed.toUint64());
    }

    /// @inheritdoc ISlasher
    function submitVerdict(Verdict calldata verdict, Certificate calldata certificate)
        external
        returns (uint256 caseId)
    {
        if (verdict.kind <= Offence.Equivocation) revert OffenceInvalid(verdict.kind);
        _markJudged(verdict);

        Case memory opened;
        opened.offence = verdict.kind;
        opened.role = verdict.role;
        opened.reporter = _entitled(verdict.node, verdict.reporter);
        opened.chain = verdict.chain;
        opened.home = _homeOf(verdict.chain);
        opened.accuser = certificate.group;
        _verifyVerdict(verdict, opened.home, certificate);

        uint256 amount = verdict.amount;
        if (verdict.kind == Offence.Inactivity) {
            amount = Math.min(amount, _penalty(verdict.node, verdict.role));
        }
        amount = _STAKING.slash(verdict.node, verdict.role, amount, verdict.kind != Offence.Inactivity);
        if (amount == 0) revert NothingToSlash(verdict.node, verdict.role);
        return _open(opened, verdict.node, amount, verdict.height, verdict.evidence);
    }

    /// @inheritdoc ISlasher
    function appeal(uint256 caseId) external returns (uint32 judge) {
        Case storage accused = _cases[caseId];
        _checkState(caseId, CaseState.Open);
        address owner = IERC721(address(_REGISTRY)).ownerOf(accused.node);
        if (msg.sender != owner) revert NotAllowed(msg.sender, owner);
        if (block.timestamp > accused.finalAt) revert TooLate(accused.finalAt);

        uint8 draws;
        (judge, draws) = _drawJudge(caseId, accused.accuser);
        uint64 finalAt = block.timestamp.toUint64() + (judge == 0 ? TIMELOCK_WINDOW : JUDGE_WINDOW);
        accused.state = CaseState.Appealed;
        accused.judge = judge;
        accused.draws = draws;
        accused.finalAt = finalAt;

        emit Appealed(caseId, judge, finalAt);
    }

    /// @inheritdoc ISlasher
    function overturn(Overturn calldata finding, Certificate calldata certificate) external {
        Case storage appealed = _cases[finding.caseId];
        _checkAppealed(finding.caseId);
        uint32 judge = appealed.judge;
        if (judge == 0) revert WrongJudge(0);
        bytes32 digest = overturnDigest(finding, certificate.group, certificate.epoch);
        _GROUPS.verifyFor(_draw(finding.caseId, appealed.draws), judge, digest, certificate);
        _overturn(finding.caseId);
    }

    /// @inheritdoc ISlasher
    function overturnByTimelock(uint256 caseId) external {
        if (msg.sender != _TIMELOCK) revert NotAllowed(msg.sender, _TIMELOCK);
        _checkAppealed(caseId);
        uint32 judge = _cases[caseId].judge;
        if (judge != 0) revert WrongJudge(judge);
        _overturn(caseId);
    }

    /// @inheritdoc ISlasher
    function finalize(uint256 caseId) public {
        Case storage closing = _cases[caseId];
        if (closing.state != CaseState.Appealed) _checkState(caseId, CaseState.Open);
        if (block.timestamp <= closing.finalAt) revert TooEarly(uint256(closing.finalAt) + 1);
        closing.state = CaseState.Final;

        emit CaseFinal(caseId);
        _STAKING.forfeit(closing.node, closing.role, closing.amount);
        if (closing.offence == Offence.Fraud) _STAKING.bar(closing.node);
    }

    /// @inheritdoc ISlasher
    // Bringing a case to its end calls the staking and through it the token: neither calls anybody.
    // slither-disable-next-line reentrancy-no-eth
    function restitute(Restitution calldata restitution, Certificate calldata certificate)
        external
        returns (uint256 distribution)
    {
        uint256 caseId = restitution.caseId;
        Case storage closing = _cases[caseId];
        _bringToFinal(caseId);
        _checkState(caseId, CaseState.Final);
        if (closing.chain == bytes32(0)) revert ChainMissing();
        uint256 until = settleAt(caseId);
        if (closing.offence == Offence.Inactivity || block.timestamp > until) revert TooLate(until);
        if (restitution.total == 0 || restitution.total > closing.amount) {
            revert RestitutionTooHigh(restitution.total, closing.amount);
        }
        bytes32 digest = restitutionDigest(restitution, certificate.group, certificate.epoch);
        _GROUPS.verifyFor(closing.chain, closing.home, digest, certificate);

        closing.state = CaseState.Restituted;
        closing.restitution = restitution.total.toUint96();
        _TOKEN.safeApprove(address(_REWARDS), restitution.total);
        uint64 expiresAt = block.timestamp.toUint64() + CLAIM_PERIOD;
        distribution =
            _REWARDS.distribute(bytes32(caseId), _TOKEN, restitution.root, restitution.total, expiresAt);

        emit Restituted(caseId, distribution, restitution.root, restitution.total);
    }

    /// @inheritdoc ISlasher
    // As in `restitute`: the staking and the token call nobody.
    // slither-disable-next-line reentrancy-no-eth
    function settle(uint256 caseId) external {
        Case storage closing = _cases[caseId];
        _bringToFinal(caseId);
        if (closing.state != CaseState.Restituted) {
            _checkState(caseId, CaseState.Final);
            uint256 until = settleAt(caseId);
            if (block.timestamp <= until) revert TooEarly(until + 1);
        }
        uint256 left = uint256(closing.amount) - closing.restitution;
        address reporter = closing.reporter;
        uint256 share = reporter == address(0) ? 0 : left * REPORTER_RATE / WHOLE;
        closing.state = CaseState.Settled;

        emit Settled(caseId, reporter, share, left - share);
        if (share != 0) _TOKEN.safeTransfer(reporter, share);
        if (left != share) {
            _TOKEN.safeApprove(address(_REWARDS), left - share);
            _REWARDS.fund(_TOKEN, left - share);
        }
    }

    /// @inheritdoc ISlasher
    function caseOf(uint256 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    /// @inheritdoc ISlasher
    function settleAt(uint256 caseId) public view returns (uint256) {
        Case storage opened = _cases[caseId];
        return opened.finalAt + (opened.offence == Offence.Inactivity ? 0 : RESTITUTION_WINDOW);
    }

    /// @dev Files a case. Those that no appeal can change are final at once, and so is what took nothing settled.
    function _open(Case memory opened, uint256 node, uint256 amount, uint64 height, bytes32 evidence)
        private
        returns (uint256 caseId)
    {
        bool atOnce = opened.offence <= Offence.Inactivity;
        uint64 now_ = block.timestamp.toUint64();
        opened.amount = amount.toUint96();
        opened.openedAt = now_;
        opened.finalAt = atOnce ? now_ : now_ + APPEAL_WINDOW;
        opened.state = atOnce ? CaseState.Final : CaseState.Open;
        opened.node = node.toUint64();
        opened.reportedIn = block.number.toUint64();
        caseId = ++caseCount;
        _cases[caseId] = opened;

        emit CaseOpened(caseId, node, opened.role, opened, height, evidence);
    }

    function _overturn(uint256 caseId) private {
        Case storage appealed = _cases[caseId];
        appealed.state = CaseState.Overturned;

        emit CaseOverturned(caseId, appealed.amount);
        _TOKEN.safeApprove(address(_STAKING), appealed.amount);
        _STAKING.restore(appealed.node, appealed.role, appealed.amount);
    }

    function _bringToFinal(uint256 caseId) private {
        CaseState state = _cases[caseId].state;
        // States are compared, not amounts.
        // slither-disable-next-line incorrect-equality
        if (state == CaseState.Open || state == CaseState.Appealed) finalize(caseId);
    }

    /// @dev Amount, reporter and evidence are left out of the id: a second opinion on the same is no second case.
    function _markJudged(Verdict calldata verdict) private {
        bytes32 offenceId =
            keccak256(abi.encode(verdict.node, verdict.role, verdict.chain, verdict.height, verdict.kind));
        if (_judged[offenceId]) revert AlreadyJudged(offenceId);
        _judged[offenceId] = true;
    }

    /// @dev The highest penalty for inactivity now; notes that it is taken.
    function _penalty(uint256 node, Roles role) private returns (uint256) {
        uint256 last = penalizedAt[node][role];
        if (last != 0 && block.timestamp < last + INACTIVITY_PERIOD) {
            revert PenalizedToday(last + INACTIVITY_PERIOD);
        }
        penalizedAt[node][role] = block.timestamp;
        return _STAKING.bonded(node, role) * MAX_INACTIVITY_RATE / WHOLE;
    }

    function _verifyVerdict(Verdict calldata verdict, uint32 home, Certificate calldata certificate)
        private
        view
    {
        bytes32 digest = verdictDigest(verdict, certificate.group, certificate.epoch);
        if (verdict.chain != bytes32(0)) {
            _GROUPS.verifyFor(verdict.chain, home, digest, certificate);
            return;
        }
        if (!(verdict.role == ARCHIVE)) revert ChainMissing();
        _GROUPS.verify(digest, certificate);
    }

    /// @dev Reverts unless both votes are the node's and exclude each other. Returns the role they were given in.
    function _checkEquivocation(uint256 node, SignedVote calldata first, SignedVote calldata second)
        private
        view
        returns (Roles role)
    {
        if (!first.vote.conflicts(second.vote)) revert NoConflict();
        role = first.vote.role();
        if (!role.isSingle()) revert PhaseInvalid(first.vote.phase);
        address wallet = _REGISTRY.walletOf(node);
        _checkVote(wallet, first);
        _checkVote(wallet, second);
    }

    function _checkAppealed(uint256 caseId) private view {
        _checkState(caseId, CaseState.Appealed);
        uint64 until = _cases[caseId].finalAt;
        if (block.timestamp > until) revert TooLate(until);
    }

    function _checkState(uint256 caseId, CaseState expected) private view {
        CaseState found = _cases[caseId].state;
        if (found != expected) revert WrongState(caseId, expected, found);
    }

    /// @dev The reporter, or nobody when it would be paid for its own doing.
    function _entitled(uint256 node, address reporter) private view returns (address) {
        if (reporter == _REGISTRY.walletOf(node)) return address(0);
        return reporter == IERC721(address(_REGISTRY)).ownerOf(node) ? address(0) : reporter;
    }

    /// @dev The group that the chain was given to; the one it would fall to when it is not anchored; none for none.
    function _homeOf(bytes32 chain) private view returns (uint32 home) {
        if (chain == bytes32(0)) return 0;
        home = _ANCHOR.homeOf(chain);
        if (home == 0) home = _GROUPS.groupOf(chain);
    }

    /// @dev Groups keep chains by hash, so a hash of the case's number falls to each as often as it keeps chains.
    function _drawJudge(uint256 caseId, uint32 accuser) private view returns (uint32 judge, uint8 draws) {
        for (; draws < MAX_DRAWS; ++draws) {
            bytes32 drawn = _draw(caseId, draws);
            judge = _GROUPS.groupOf(drawn);
            if (judge != _GROUPS.keeperOf(drawn, accuser)) return (judge, draws);
        }
        return (0, draws);
    }

    function _draw(uint256 caseId, uint8 draws) private view returns (bytes32) {
        return keccak256(abi.encode(address(this), caseId, draws));
    }
}
