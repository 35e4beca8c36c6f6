// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {Roles} from "../types/Roles.sol";
import {Vote} from "../types/Vote.sol";

/// @notice What a node did.
enum Offence {
    None,
    /// Two votes that exclude each other. Proven to this contract; takes everything of the role and bars.
    Equivocation,
    /// Silence. A small penalty; no appeal, no bar.
    Inactivity,
    /// Signed a root that re-execution does not give, or refused a right one.
    WrongRoot,
    /// Signed a trap without re-executing it (white paper, *Tragedy of Commons*).
    Trap,
    /// Cheated knowingly: worked with others on a false block, withheld what it had to keep. Bars.
    Fraud
}

/// @notice How far a case is.
enum CaseState {
    None,
    /// The owner may appeal until `finalAt`.
    Open,
    /// `judge` may overturn it until `finalAt`.
    Appealed,
    /// Holders may be compensated until `settleAt`.
    Final,
    /// Holders were compensated.
    Restituted,
    /// The stake went back.
    Overturned,
    /// Everything was paid out.
    Settled
}

/// @notice One slash. 96 bits hold 79 billion CoNET: there are half a billion.
struct Case {
    /// What was taken, in 10^-18 CoNET.
    uint96 amount;
    /// Unix seconds.
    uint64 openedAt;
    /// When it becomes, or became, final. Unix seconds.
    uint64 finalAt;
    Roles role;
    Offence offence;
    CaseState state;
    /// Who is to have the reporter's share: zero for nobody.
    address reporter;
    /// Of `amount`, what holders got.
    uint96 restitution;
    uint64 node;
    /// The block in which the reporter first showed, or committed to, the evidence.
    uint64 reportedIn;
    /// The archive group that `chain` was given to: its keeper certifies restitution. Zero when there is no chain.
    uint32 home;
    /// The archive group whose certificate opened the case; zero for equivocation.
    uint32 accuser;
    /// The archive group that the appeal was drawn to; zero when there is none but the accuser: the timelock decides.
    uint32 judge;
    /// How many draws the judge took, less one.
    uint8 draws;
    /// The chain that it happened on; zero when it was the archive group's own log.
    bytes32 chain;
}

/// @notice That a node's wallet signed a vote.
struct SignedVote {
    Vote vote;
    /// Whether the wallet signed the Merkle root of many votes, `Votes(bytes32 root)`, and not the vote itself.
    bool batched;
    /// From the vote's struct hash to that root; OpenZeppelin's tree of sorted pairs, at most `MAX_PROOF` steps. Empty
    /// when not batched, or when the batch is this one vote.
    bytes32[] proof;
    /// 65 bytes: r, s (low), v (27 or 28).
    bytes signature;
}

/// @notice An archive group's finding.
/// @dev EIP-712 type: Verdict(uint256 node,uint16 role,uint256 amount,bytes32 chain,uint64 height,uint8 kind,address
///      reporter,bytes32 evidence,uint32 group,uint64 epoch), without the line break.
struct Verdict {
    /// Who did it.
    uint256 node;
    /// The role whose stake pays.
    Roles role;
    /// At most so much, in 10^-18 CoNET.
    uint256 amount;
    /// Where. Zero for an archive node's failing in its group's own log.
    bytes32 chain;
    /// At which height.
    uint64 height;
    /// What. Not `Equivocation`, which needs no verdict.
    Offence kind;
    /// Who noticed; zero for nobody.
    address reporter;
    /// Hash of what the group judged by, kept in its log.
    bytes32 evidence;
}

/// @notice Another archive group's finding that a case is wrong.
/// @dev EIP-712 type: Overturn(uint256 caseId,uint32 group,uint64 epoch).
struct Overturn {
    uint256 caseId;
}

/// @notice What holders lost by it.
/// @dev EIP-712 type: Restitution(uint256 caseId,bytes32 root,uint256 total,uint32 group,uint64 epoch).
struct Restitution {
    uint256 caseId;
    /// Root of a distribution of CoNET; see `IRewards`. Its id, which the leaves name, is
    /// `rewards.distributionOf(slasher, bytes32(caseId))`.
    bytes32 root;
    /// What all leaves add up to, in 10^-18 CoNET.
    uint256 total;
}

/// @title ISlasher
/// @notice Takes the stake of nodes that misbehaved, and gives it to whom they hurt (white paper, *Penalize cheating
///         nodes*, *Refuse To Sign*, *Signature Timeout*).
/// @dev EIP-712 domain: name "CoNET Ledger", version "1", the main chain's id, this contract. Members of DLE chains sign
///      `Vote` and `Votes(bytes32 root)` under it, so that what they sign every day is evidence here as it is.
///
///      Each slash is a case. The stake lies here from the first moment. Then:
///
///      | offence      | proof               | final                                | node   |
///      |--------------|---------------------|--------------------------------------|--------|
///      | Equivocation | two signed votes    | at once                              | barred |
///      | Inactivity   | archive certificate | at once; 0.1% of the bond, once a day | stays  |
///      | WrongRoot, Trap | archive certificate | after `APPEAL_WINDOW`, or the appeal | stays  |
///      | Fraud        | archive certificate | after `APPEAL_WINDOW`, or the appeal | barred |
///
///      For `RESTITUTION_WINDOW` after a case is final the archive group that keeps its chain may certify what holders
///      lost, up to everything. Of what is left the reporter gets 10% and the income pool the rest. No case pays out
///      more than it took.
///
///      An equivocator loses everything of the role that it voted in. Reporting oneself brings back a tenth at most,
///      and nothing under the name of the node's wallet or owner; that an accomplice reports cannot be prevented, and
///      still loses nine tenths.
///
///      A wallet's votes count against the node that it has now, also when that was registered after the vote.
interface ISlasher {
    /// @notice Stake was taken.
    /// @param opened The case as it was opened.
    /// @param height The height on `opened.chain`.
    /// @param evidence A verdict's; for equivocation keccak256(abi.encode(node, first, second)).
    event CaseOpened(
        uint256 indexed caseId,
        uint256 indexed node,
        Roles indexed role,
        Case opened,
        uint64 height,
        bytes32 evidence
    );

    /// @notice Someone knew something before others showed it.
    event Committed(bytes32 indexed commitment);

    /// @notice A case has another reporter: one who had committed to the evidence before.
    event ReporterChanged(uint256 indexed caseId, address reporter, uint64 reportedIn);

    /// @notice The accused appeals. The keepers of `judge` look at it until `finalAt`.
    event Appealed(uint256 indexed caseId, uint32 indexed judge, uint64 finalAt);

    /// @notice The stake went back.
    event CaseOverturned(uint256 indexed caseId, uint256 amount);

    /// @notice Nothing overturns it any more.
    event CaseFinal(uint256 indexed caseId);

    /// @notice Holders are compensated.
    event Restituted(uint256 indexed caseId, uint256 indexed distribution, bytes32 root, uint256 total);

    /// @notice A case is closed.
    event Settled(uint256 indexed caseId, address reporter, uint256 reporterShare, uint256 pooled);

    /// @notice The two votes do not exclude each other: they are about different things, or the same vote.
    error NoConflict();

    /// @notice The votes' phase names no role that votes.
    error PhaseInvalid(uint8 phase);

    /// @notice The signature is not that of the node's wallet over this vote.
    /// @param expected The wallet; zero when there is no such node.
    error VoteSignatureInvalid(address expected, address signer);

    /// @notice A proof with more than `MAX_PROOF` steps, or one for a vote that was signed itself.
    error ProofInvalid(uint256 length);

    /// @notice There is no stake in this role, and the node is barred already.
    error NothingToSlash(uint256 node, Roles role);

    /// @notice Not what a verdict can say.
    error OffenceInvalid(Offence offence);

    /// @notice Without a chain only archive nodes can be judged.
    error ChainMissing();

    /// @notice This was judged already.
    /// @param offenceId keccak256(abi.encode(node, role, chain, height, kind)).
    error AlreadyJudged(bytes32 offenceId);

    /// @notice The node was penalized for inactivity in this role less than a day ago.
    error PenalizedToday(uint256 next);

    /// @notice The case is not where it must be for this.
    error WrongState(uint256 caseId, CaseState expected, CaseState found);

    /// @notice Too early.
    error TooEarly(uint256 from);

    /// @notice Too late.
    error TooLate(uint256 until);

    /// @notice The case was opened on other grounds, or nothing is to be had by this.
    error OffenceDiffers(Offence expected, Offence found);

    /// @notice The node's owner and wallet get no share for reporting it.
    error ReporterInvalid(address reporter);

    /// @notice Only the node's owner may appeal, only the timelock may overturn without a judge.
    error NotAllowed(address caller, address expected);

    /// @notice The appeal was drawn to another judge: a group, or the timelock (zero).
    error WrongJudge(uint32 expected);

    /// @notice There are no holders, or not so much.
    error RestitutionTooHigh(uint256 total, uint256 available);

    /// @notice The caller had not committed to this evidence before the present reporter.
    error NotFirst(uint256 committedIn, uint256 reportedIn);

    /// @notice How long the accused may appeal: 7 days.
    function APPEAL_WINDOW() external view returns (uint64);

    /// @notice How long another archive group has to overturn: 7 days after the appeal.
    function JUDGE_WINDOW() external view returns (uint64);

    /// @notice How long the timelock has when there is no other archive group: 28 days, for a vote takes its time.
    function TIMELOCK_WINDOW() external view returns (uint64);

    /// @notice How long restitution may be certified after a case is final: 14 days.
    function RESTITUTION_WINDOW() external view returns (uint64);

    /// @notice How long holders may claim it: 365 days. What is left then joins the income pool.
    function CLAIM_PERIOD() external view returns (uint64);

    /// @notice Between two penalties for inactivity of a node in a role: 1 day.
    function INACTIVITY_PERIOD() external view returns (uint64);

    /// @notice The highest penalty for inactivity: in units of 0.001% of the bond. 100 is 0.1%.
    function MAX_INACTIVITY_RATE() external view returns (uint256);

    /// @notice The reporter's share of what holders leave: in units of 0.001%. 10,000 is 10%.
    function REPORTER_RATE() external view returns (uint256);

    /// @notice The most steps of a proof.
    function MAX_PROOF() external view returns (uint256);

    /// @notice Notes, in this block, a commitment: keccak256(abi.encode(keccak256(abi.encode(node, first, second)),
    ///         reporter)). Does nothing when it is noted already.
    function commit(bytes32 commitment) external;

    /// @notice Proves equivocation. Anyone may; the caller is the reporter, unless it is the node's owner or wallet.
    /// @dev Emits `CaseOpened`. The case is final at once. The same evidence counts again as long as there is something
    ///      to slash: stake that came back from another case is no way out. Evidence is public before it is mined: who
    ///      fears to be overtaken commits first, a block earlier, and then takes the case over with `claimReport`.
    ///      Reverts with `NoConflict`, `PhaseInvalid`, `VoteSignatureInvalid`, `ProofInvalid` or `NothingToSlash`.
    function reportEquivocation(uint256 node, SignedVote calldata first, SignedVote calldata second)
        external
        returns (uint256 caseId);

    /// @notice Makes the caller the reporter of an equivocation, who had committed to evidence of it in an earlier block
    ///         than the present reporter. Until the case is settled.
    /// @dev Emits `ReporterChanged`. The evidence may be another pair of votes than the one reported, in the same role.
    function claimReport(uint256 caseId, SignedVote calldata first, SignedVote calldata second) external;

    /// @notice Opens a case on an archive group's word: the keeper of the chain, or any when there is none.
    /// @dev Emits `CaseOpened`. A chain that is not anchored is judged by the group that it would fall to. Reverts with
    ///      `OffenceInvalid`, `ChainMissing`, `AlreadyJudged`, `PenalizedToday`, `NothingToSlash` or as
    ///      `IArchiveGroups.verifyFor` does.
    function submitVerdict(Verdict calldata verdict, Certificate calldata certificate)
        external
        returns (uint256 caseId);

    /// @notice Asks another archive group, drawn here, to look at a case. Only the node's owner, until `finalAt`.
    /// @dev Emits `Appealed`. The group follows from the case's number, so nobody shops for one. It is neither the
    ///      accuser nor one of those that the accuser has split into since.
    function appeal(uint256 caseId) external returns (uint32 judge);

    /// @notice Overturns a case on the judge's word, until `finalAt`: the stake goes back.
    /// @dev Emits `CaseOverturned`.
    function overturn(Overturn calldata finding, Certificate calldata certificate) external;

    /// @notice As `overturn`, by the timelock, when there was no other group to ask.
    function overturnByTimelock(uint256 caseId) external;

    /// @notice Makes a case final whose time to appeal or to be overturned is over: fraud bars now. Anyone may.
    /// @dev `restitute` and `settle` do it, too. Emits `CaseFinal`.
    function finalize(uint256 caseId) external;

    /// @notice Compensates holders on the word of the archive group that keeps the chain, once, until the restitution
    ///         window ends. Not for inactivity.
    /// @dev Emits `Restituted`.
    function restitute(Restitution calldata restitution, Certificate calldata certificate)
        external
        returns (uint256 distribution);

    /// @notice Pays the reporter and the income pool: after restitution, or when the time for it is over.
    /// @dev Emits `Settled`.
    function settle(uint256 caseId) external;

    /// @notice A case; `state` is None when there is none. Ids start at 1 and have no gaps.
    function caseOf(uint256 caseId) external view returns (Case memory);

    /// @notice How many cases there are: the last one's id.
    function caseCount() external view returns (uint256);

    /// @notice When `settle` is possible at the latest: the end of the restitution window, unix seconds.
    function settleAt(uint256 caseId) external view returns (uint256);

    /// @notice Where `commitment` was noted: zero when it was not.
    function committedIn(bytes32 commitment) external view returns (uint256 blockNumber);

    /// @notice When a node was last penalized for inactivity in a role, unix seconds.
    function penalizedAt(uint256 node, Roles role) external view returns (uint256);

    /// @notice The digest that a wallet signs for one vote.
    function voteDigest(Vote calldata vote) external view returns (bytes32);

    /// @notice The digest that a wallet signs for many.
    function votesDigest(bytes32 root) external view returns (bytes32);

    /// @notice The digest that the seats of the group that judges sign.
    function verdictDigest(Verdict calldata verdict, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice The digest that the judge's seats sign.
    function overturnDigest(Overturn calldata finding, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice The digest that the keeper's seats sign.
    function restitutionDigest(Restitution calldata restitution, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);
}
