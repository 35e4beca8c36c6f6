// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice How far a note is.
enum NoteStatus {
    /// There is no such note.
    None,
    /// Minted and paid for; its chain's genesis is not certified yet.
    Minted,
    /// Live: exits are possible.
    Live,
    /// A forced exit is open or settled: only it pays out.
    Settling
}

/// @notice A withdrawal that the note's archive group certifies: the debit on the note's chain is final.
/// @dev EIP-712 type: Exit(uint256 note,uint32 series,uint64 id,address recipient,uint64 amount,address relayer,uint64
///      relayerFee,uint64 height,bytes32 blockHash,uint32 group,uint64 epoch), without the line break.
struct Exit {
    /// The note.
    uint256 note;
    /// Its series at the debit. Exits of a series that is over are refused: what was pending is certified anew.
    uint32 series;
    /// The withdrawal's number on the note's chain, counted from 0 over all series. Each is paid once.
    uint64 id;
    /// Who gets the money.
    address recipient;
    /// Micro-dollars debited on the chain. Fees come out of it.
    uint64 amount;
    /// Who gets the relayer fee: zero for whoever submits.
    address relayer;
    /// Micro-dollars for the relayer.
    uint64 relayerFee;
    /// The block that the debit is in.
    uint64 height;
    /// That block's hash.
    bytes32 blockHash;
}

/// @notice A note. Money is in micro-dollars.
struct Note {
    NoteStatus status;
    /// What backs it.
    address stablecoin;
    /// Most that may be in it when a series opens: what was paid for its first. At most `MAX_FACE`.
    uint64 face;
    /// Counts resales. 1 is the first.
    uint32 series;
    /// The archive group that the chain was given to when the series opened.
    uint32 home;
    /// Who burned for this series, earns its exit fee and gets the re-issue: a node id, and the account to pay.
    uint256 issuerNode;
    address issuer;
    /// In the vault when the series opened.
    uint64 opened;
    /// Left the vault since.
    uint64 left;
    /// Of `left`, what was subject to the exit fee.
    uint64 exited;
    /// The highest block with a paid exit.
    uint64 height;
    /// The exit fee's rate, fixed when the series opened: units of 0.001%.
    uint32 exitFeeRate;
    /// 10^-18 CoNET burned for this series and not re-issued.
    uint128 burnOutstanding;
}

/// @notice What was paid for a series whose genesis is not certified yet.
struct PendingSeries {
    /// Micro-dollars deposited. Zero when nothing is pending.
    uint64 deposit;
    /// Whom the deposit is for.
    address account;
    /// Who burned for it.
    uint256 issuerNode;
    address issuer;
    /// 10^-18 CoNET burned for it.
    uint128 burn;
}

/// @notice What the issuer of a series that is over may still pull.
struct ClosedSeries {
    /// Who may.
    address issuer;
    /// Exit fees, in micro-dollars.
    uint64 feesOwed;
    /// What left since the last re-issue, all that was carried over included, in micro-dollars.
    uint64 unreissued;
    /// 10^-18 CoNET burned for the series and not re-issued.
    uint128 burnOutstanding;
}

/// @title ICash
/// @notice CoNETCash notes and the vault behind them (white paper, *How CoNETCash working*).
/// @dev EIP-712 domain: name "CoNET Cash", version "1", the chain's id, this contract. Types: `Exit` above, and
///
///      MemberFees(bytes32 notesHash,bytes32 amountsHash,address stablecoin,uint256 total,bytes32 root,uint64 period,
///                 uint32 group,uint64 epoch)
///
///      (without the line break and its spaces). The hashes are keccak256 of the elements, 32 bytes each.
///
///      The vault. Of every stablecoin this contract holds at least: what is live in the notes typed by it, what was
///      paid for series that are not open yet, and exit fees that issuers have not pulled, in micro-dollars, times the
///      coin's scale. No counter says so, because every exit would have to write it; `note`, `pendingSeries` and
///      `closedSeries` are the parts.
///
///      Exits read no parameter and no price, and nothing stops them: rate and scale are the note's own. A stablecoin
///      that refuses a recipient makes that exit revert, and no other; it can be tried again.
///
///      Exit fees. `Fees.exitFee` of all that left the series, rounded down; one exit pays what the total grows by.
///
///      The NFT carries no claim: the money is of whoever owns it on the note's chain. It moves only by the pool's
///      hand: to the pool when the users have left, and from there to the next buyer.
///
///      A coin that takes a fee on transfer is refused where money comes in. One that starts to later makes the
///      recipients bear it.
interface ICash is IERC721 {
    /// @notice A note was paid for, or a new series of one.
    event Issued(
        uint256 indexed note,
        address indexed stablecoin,
        address indexed account,
        uint64 deposit,
        uint256 issuerNode,
        address issuer,
        uint256 burn
    );

    /// @notice No genesis came in time: the deposit went back to `CashOrders`, the burn to the issuer.
    event Cancelled(uint256 indexed note, uint64 deposit, address issuer, uint256 burn);

    /// @notice A series opened.
    event SeriesOpened(
        uint256 indexed note, uint32 series, uint64 deposit, uint64 carried, uint32 home, uint32 exitFeeRate
    );

    /// @notice A withdrawal was paid: `amount - fee - relayerFee` to the recipient.
    event Exited(
        uint256 indexed note,
        uint64 indexed withdrawal,
        address indexed recipient,
        uint64 amount,
        uint64 fee,
        uint64 relayerFee
    );

    /// @notice A part of a note under settlement was paid: `amount - fee` to the recipient.
    event PaidOut(uint256 indexed note, address indexed recipient, uint64 amount, uint64 fee);

    /// @notice A note is under settlement: exits above `height` are refused.
    event SettlementStarted(uint256 indexed note, uint64 height);

    /// @notice An issuer got exit fees.
    event FeesCollected(uint256 indexed note, uint32 indexed series, address indexed issuer, uint64 amount);

    /// @notice CoNET was re-issued for what left a note.
    /// @param left Micro-dollars that it was for.
    event Reissued(
        uint256 indexed note, uint32 indexed series, address indexed issuer, uint64 left, uint256 amount
    );

    /// @notice Fees of a group's members left the vault for `Rewards`.
    event MemberFeesCollected(
        uint32 indexed group, uint64 indexed period, address indexed stablecoin, uint256 total, bytes32 root
    );

    /// @notice A note's chain is counted in another group from now on: its own was split.
    event Rehomed(uint256 indexed note, uint32 indexed from, uint32 indexed to);

    /// @notice The caller may not.
    error Unauthorized(address expected, address found);

    /// @notice The note's status forbids it.
    error StatusWrong(uint256 note, NoteStatus found);

    /// @notice The series is not the one expected.
    error SeriesWrong(uint256 note, uint32 expected, uint32 found);

    /// @notice The withdrawal was paid before.
    error AlreadyPaid(uint256 note, uint64 withdrawal);

    /// @notice The note is under settlement up to a lower height.
    error HeightTooHigh(uint256 note, uint64 highest, uint64 found);

    /// @notice The settlement's height is below an exit that was paid.
    error HeightTooLow(uint256 note, uint64 lowest, uint64 found);

    /// @notice More was asked for than is live in the note.
    error ExceedsLive(uint256 note, uint64 live, uint64 asked);

    /// @notice The relayer fee exceeds what the exit fee leaves.
    error RelayerFeeTooHigh(uint64 highest, uint64 found);

    /// @notice An amount that must not be zero is.
    error AmountZero();

    /// @notice No new notes for now.
    error MintingPaused();

    /// @notice There is no valid price for now.
    error PriceInvalid();

    /// @notice The stablecoin is not approved for new notes, or its scale is no power of ten.
    error StablecoinNotApproved(address stablecoin);

    /// @notice The note is of another stablecoin.
    error StablecoinDiffers(address expected, address found);

    /// @notice The stablecoin delivered something else than was sent.
    error DeliveryInexact(uint256 expected, uint256 found);

    /// @notice More would be in the note than its face allows.
    error FaceExceeded(uint64 highest, uint256 found);

    /// @notice The issuer must burn more.
    error BurnTooSmall(uint256 lowest, uint256 found);

    /// @notice More would be live in the group than its stake is worth. Micro-dollars.
    error ExposureExceeded(uint32 group, uint256 highest, uint256 found);

    /// @notice The note is not in the pool.
    error NotInPool(uint256 note);

    /// @notice A new series of the note was paid for already.
    error SeriesPending(uint256 note);

    /// @notice No new series of the note was paid for.
    error NoSeriesPending(uint256 note);

    /// @notice The genesis names another deposit than was paid.
    error DepositDiffers(uint256 note, uint64 expected, uint64 found);

    /// @notice The genesis carries over something else than is live. An exit that was paid since the group looked is
    ///         the honest reason: it certifies again.
    error CarriedDiffers(uint256 note, uint64 expected, uint64 found);

    /// @notice The list is longer than `MAX_BATCH`, or two lists that belong together differ in length.
    error BatchWrong(uint256 expected, uint256 found);

    /// @notice The amounts do not add up to the total.
    error TotalDiffers(uint256 expected, uint256 found);

    /// @notice Another group keeps the note's chain.
    error KeeperDiffers(uint256 note, uint32 expected, uint32 found);

    /// @notice The group's member fees of that period were collected before, in this stablecoin.
    error PeriodCollected(address stablecoin, uint64 period, uint32 group);

    /// @notice Highest face of a note: 100 dollars, in micro-dollars.
    function MAX_FACE() external view returns (uint64);

    /// @notice Most notes in one call.
    function MAX_BATCH() external view returns (uint256);

    /// @notice How long members may claim their fees from `Rewards`, in seconds.
    function MEMBER_FEES_LIFETIME() external view returns (uint64);

    /// @notice A note; `status` is None when there is none.
    function note(uint256 id) external view returns (Note memory);

    /// @notice What was paid for the note's next series; `deposit` is zero when nothing.
    function pendingSeries(uint256 id) external view returns (PendingSeries memory);

    /// @notice What the issuer of a series that is over may still pull.
    function closedSeries(uint256 id, uint32 series) external view returns (ClosedSeries memory);

    /// @notice Micro-dollars that a note's holders own on its chain: `opened - left`.
    function live(uint256 id) external view returns (uint64);

    /// @notice Exit fees of the note's present series that its issuer has not pulled, in micro-dollars.
    function feesOwed(uint256 id) external view returns (uint64);

    /// @notice Smallest units of the note's stablecoin in one micro-dollar.
    function scaleOf(uint256 id) external view returns (uint256);

    /// @notice Micro-dollars live in an archive group's notes (by `home`), and paid for but not open, as last counted:
    ///         never less than there is. Exits do not write it; `recount` and every other call on a note do.
    function liveInGroup(uint32 home) external view returns (uint256);

    /// @notice The most that may be live in a group's notes: `liveInGroup`, and all that is still counted in the groups
    ///         it was split from, whichever half it fell to. After a split that is too much until somebody has called
    ///         `recount`, never too little.
    function exposureOf(uint32 group) external view returns (uint256);

    /// @notice What must be burned at today's price for a deposit into a note, new or not, in 10^-18 CoNET: 20% of
    ///         all that would be in it. Reverts with `PriceInvalid`.
    function burnFor(uint256 id, uint64 deposit) external view returns (uint256);

    /// @notice The id of a note's chain: keccak256(abi.encode(chain id, this contract, note)).
    function chainOf(uint256 id) external view returns (bytes32);

    /// @notice Whether a withdrawal was paid.
    function isPaid(uint256 id, uint64 withdrawal) external view returns (bool);

    /// @notice The EIP-712 digest that archive nodes sign for a withdrawal.
    function exitDigest(Exit calldata exit_, uint32 group, uint64 epoch) external view returns (bytes32);

    /// @notice The EIP-712 digest that archive nodes sign for `collectMemberFees`.
    function memberFeesDigest(
        uint256[] calldata notes,
        uint64[] calldata amounts,
        address stablecoin,
        bytes32 root,
        uint64 period,
        uint32 group,
        uint64 epoch
    ) external view returns (bytes32);

    /// @notice The salt of a distribution of member fees: keccak256(abi.encode(stablecoin, period, group)).
    function memberFeesSalt(address stablecoin, uint64 period, uint32 group) external pure returns (bytes32);

    /// @notice Pays a certified withdrawal. Anyone may submit it.
    function exit(Exit calldata exit_, Certificate calldata certificate) external;

    /// @notice Pulls the exit fees of notes to their issuers. Anyone may call. At most `MAX_BATCH` notes.
    function collectFees(uint256[] calldata notes) external;

    /// @notice Pulls the exit fees of a series that is over to its issuer. Anyone may call.
    function collectClosedFees(uint256 id, uint32 series) external;

    /// @notice Re-issues to a note's issuer for what left since the last time, at today's price, but never a larger
    ///         share of the burn outstanding than left of the vault. Anyone may call. Without a valid price it reverts,
    ///         and nothing is lost.
    /// @return amount 10^-18 CoNET.
    function reissue(uint256 id) external returns (uint256 amount);

    /// @notice As `reissue`, for a series that is over, as if all that was carried over had left. Once.
    function reissueClosed(uint256 id, uint32 series) external returns (uint256 amount);

    /// @notice Moves fees that a group's members earned on notes' chains to `Rewards`, where each member pulls its own.
    ///         They are debited on the notes' chains, and pay no exit fee. Each period of a group is collected once in
    ///         each stablecoin.
    /// @param notes Live notes of one stablecoin, kept by `certificate.group`. At most `MAX_BATCH`.
    /// @param amounts Micro-dollars that leave each.
    /// @param root See `IRewards`; its leaves are in the stablecoin's smallest units. The distribution's source is this
    ///             contract, its salt `memberFeesSalt`.
    /// @param period The group's number for it.
    /// @param certificate Over `MemberFees`.
    function collectMemberFees(
        uint256[] calldata notes,
        uint64[] calldata amounts,
        bytes32 root,
        uint64 period,
        Certificate calldata certificate
    ) external;

    /// @notice Counts again what is live in notes, in the groups that keep them now. Anyone may call. At most
    ///         `MAX_BATCH` notes.
    function recount(uint256[] calldata notes) external;

    // --- for `CashOrders` only ---

    /// @notice Takes the deposit and the burn for a new note or a new series of a pooled one. Returns the note. The
    ///         deposit (`deposit` times the coin's scale) is pulled from the caller, which must have approved it; the
    ///         burn must have been transferred here before the call.
    /// @dev A new note has the id of the order that pays for it, and order ids are never used twice: so the note's
    ///      chain, hence the archive group whose seed draws the issuer, is known when the order is placed. A pooled
    ///      note stays Live in its old series, and `note(id).series` as it is, until `open`.
    ///
    ///      Reverts unless minting is not paused, the price is valid, the stablecoin approved, the burn at least
    ///      `burnFor(id, deposit)`, and the group's `exposureOf`, the deposit included, at most what
    ///      `ArchiveGroups.exposureStake` is worth. A pooled note's NFT stays in the pool until the series opens.
    /// @param id The order's id for a new note (`status` is None), else a note that is live, in the pool, and has no
    ///           other series pending.
    /// @param deposit Micro-dollars. With what is live, at most the note's face; for a new note, its face.
    /// @param account The account on the note's chain that the deposit is for, and who gets the NFT.
    /// @param issuer Who gets exit fees and re-issues.
    /// @param burn 10^-18 CoNET.
    function issue(
        uint256 id,
        address stablecoin,
        uint64 deposit,
        address account,
        uint256 issuerNode,
        address issuer,
        uint256 burn
    ) external returns (uint256 note);

    /// @notice Undoes `issue` when no genesis followed in time: the deposit goes back to `CashOrders`, the burn to the
    ///         issuer. A new note is gone for good.
    function cancel(uint256 id) external;

    // --- for `ChainAnchor` only ---

    /// @notice Opens a series: its genesis is certified. The exit fee's rate is fixed here. A pooled note's NFT goes to
    ///         the buyer. Exits of the series before are refused from now on; what its issuer may still pull is kept in
    ///         `closedSeries`.
    /// @param series One more than the note's; 1 for a new note.
    /// @param deposit What was paid in `issue`.
    /// @param carried What is live; zero for a new note.
    /// @param home The archive group that keeps the chain.
    function open(uint256 id, uint32 series, uint64 deposit, uint64 carried, uint32 home) external;

    // --- for `ForcedExits` only ---

    /// @notice Starts the settlement of a whole live note, or sets its height anew: exits above `height` are refused.
    ///         There is no way back.
    /// @param height At least that of the highest exit paid.
    function settle(uint256 id, uint64 height) external;

    /// @notice Pays out of a note under settlement, exit fee included.
    function payout(uint256 id, address recipient, uint64 amount) external;

    /// @notice As `payout` for a pending withdrawal, which it marks as paid: does nothing and returns false when it was
    ///         paid already.
    function payoutWithdrawal(uint256 id, uint64 withdrawal, address recipient, uint64 amount)
        external
        returns (bool);
}
