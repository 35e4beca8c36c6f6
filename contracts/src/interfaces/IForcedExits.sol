// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";

/// @notice A final block of a note's chain.
/// @dev EIP-712 type: Header(uint256 note,uint32 series,uint64 height,bytes32 blockHash,bytes32 leavesRoot,uint32
///      group,uint64 epoch), without the line break.
struct Header {
    /// The note.
    uint256 note;
    /// Its series.
    uint32 series;
    /// The block's height.
    uint64 height;
    /// Its hash.
    bytes32 blockHash;
    /// Merkle root over all that the note's holders own after the block. See `IForcedExits`.
    bytes32 leavesRoot;
}

/// @notice What a leaf is.
enum LeafKind {
    /// Somebody's balance. Fees that members earned and that were not collected are balances, too.
    Account,
    /// An amount locked for a payee: a payment authorization.
    Lock,
    /// A withdrawal that is debited; it may have been paid since.
    Withdrawal
}

/// @notice One thing that a holder owns on a note's chain. Fields that a kind does not use are zero.
struct Leaf {
    LeafKind kind;
    /// Whose it is. Of a lock: the payer's. Of a withdrawal: the recipient's.
    address account;
    /// Locks: who may claim.
    address payee;
    /// Locks: keccak256(abi.encode(bytes32 genesisHash, uint32 series, bytes32 authorization)), the three as vouchers
    /// for it name them: those of the series that it was opened in.
    bytes32 lockId;
    /// Withdrawals: the number.
    uint64 withdrawal;
    /// Pico-dollars. Of a lock: what is still locked, fee and deposit included.
    uint64 amount;
    /// Locks: micro-dollars that the payee has claimed, by the voucher with this total.
    uint64 claimed;
}

/// @notice What a payer signs for a payee.
/// @dev EIP-712 type: Voucher(bytes32 genesisHash,uint32 series,bytes32 authorization,uint64 total), in the domain of
///      `Cash`: name "CoNET Cash", version "1", the main chain's id, the address of `Cash`.
struct Voucher {
    /// Genesis of the series that the authorization was opened in.
    bytes32 genesisHash;
    /// That series.
    uint32 series;
    /// The authorization.
    bytes32 authorization;
    /// Micro-dollars that the payee may have claimed in all.
    uint64 total;
}

/// @notice A holder's wish that its note be paid out, for somebody else to submit.
/// @dev EIP-712 type: ForcedExit(uint256 note,uint32 series,uint256 deadline). Note and series are the header's.
struct Consent {
    /// Who wishes it.
    address holder;
    /// The last second in which the signature counts.
    uint256 deadline;
    /// 65 bytes by the holder's key, or 64 (ERC-2098).
    bytes signature;
}

/// @notice A forced exit.
struct Settlement {
    /// The chosen header's.
    bytes32 leavesRoot;
    uint64 height;
    /// When it was opened, unix seconds. Zero when there is none.
    uint64 openedAt;
    /// How many leaves there are.
    uint16 leaves;
    /// Micro-dollars in the note that no leaf owns.
    uint64 dust;
    /// Who gets the bond back; zero when it was.
    address bonder;
    /// How new the epoch is that certified the header: see `IArchiveGroups.verifyLateFor`.
    uint64 rank;
}

/// @title IForcedExits
/// @notice Pays out a whole note without its chain (white paper, *No Byzantine Generals Attack*): when its group or its
///         archive group serves its holders no more, one of them is enough.
/// @dev EIP-712 domain: name "CoNET ForcedExits", version "1", the chain's id, this contract. Types: `Header` and
///      `ForcedExit` (at `Consent`) above.
///
///      The course:
///
///      1. `open`: a holder shows a final header and the full list of its leaves, and leaves a bond. From now on exits
///         above its height are refused; others are still paid. There is no way back. Only a holder may: else anyone
///         could close any note at the price of gas and of a bond that comes back.
///      2. For `CHALLENGE_WINDOW`, `replace`: anyone shows a header that a newer epoch certified, or a higher one of the
///         same. The bond becomes its own. Epochs and heights only grow and each header is final, so an honest watcher
///         shows its highest at once and is done; no replacement extends the window.
///      3. Then accounts and withdrawals are paid, and for `VOUCHER_WINDOW` payees show vouchers for locks.
///      4. Then locks are paid: to the payee the highest voucher's total less what was claimed, at most what is locked;
///         to the payer the rest.
///
///      Leaves. The hash of leaf i is keccak256(bytes.concat(keccak256(abi.encode(i, kind, account, payee, lockId,
///      withdrawal, amount, claimed)))), each value in a word of 32 bytes, i a uint256. An inner node is keccak256 of its
///      two children, the smaller first; a lone node moves up unchanged. `test/vectors/cash.json` has an example.
///
///      Money. Leaves are in pico-dollars and paid in whole micro-dollars, each rounded down; the exit fee is taken as
///      from any exit. Vouchers cost no transfer fee here: nobody transfers. What no leaf owns
///      is `dust`: of rounding, less than a micro-dollar for each leaf, which goes to the note's issuer. What there is
///      beyond that nobody can explain, and it joins the income pool: an issuer gains nothing by leaves that are
///      missing. What nobody claims stays claimable for ever.
///
///      Certificates count for `IArchiveGroups.LATE_GRACE` after their epoch, longer than elsewhere: a group that dies
///      right after a handover would strand its notes. Who left at the end of that epoch can still be slashed for a
///      week, in which a newer epoch's header takes the place of theirs, whatever its height. Later their stake may be
///      gone, and they could sign anything. So archive nodes certify the last header of a chain anew in each epoch, for
///      everyone who holds a part of it.
interface IForcedExits {
    /// @notice A forced exit began, or a higher header took the place of another.
    event HeaderChosen(
        uint256 indexed note,
        uint64 indexed height,
        address indexed by,
        bytes32 blockHash,
        bytes32 leavesRoot,
        uint256 leaves
    );

    /// @notice A voucher counts.
    event VoucherShown(uint256 indexed note, uint256 indexed index, uint64 total);

    /// @notice A leaf, or one side of a lock, was paid. `amount` includes the exit fee.
    event LeafPaid(uint256 indexed note, uint256 indexed index, address indexed account, uint64 amount);

    /// @notice The bond went back.
    event BondReturned(uint256 indexed note, address indexed bonder, uint256 units);

    /// @notice What no leaf owns was paid: `amount` to the note's issuer, `pooled` to the income pool.
    event DustPaid(uint256 indexed note, address indexed issuer, uint64 amount, uint64 pooled);

    /// @notice There is a forced exit of this note already: `replace` its header.
    error AlreadyOpen(uint256 note);

    /// @notice There is no forced exit of this note.
    error NotOpen(uint256 note);

    /// @notice The note's series is another.
    error SeriesDiffers(uint256 note, uint32 expected, uint32 found);

    /// @notice Who opens owns nothing in the note.
    error NotHolder(uint256 note, address account);

    /// @notice The wish is not signed by the holder.
    error ConsentInvalid(address holder);

    /// @notice The header is of an older epoch than the one chosen.
    error NotNewer(uint64 chosen, uint64 found);

    /// @notice The header is not higher than the one chosen.
    error NotHigher(uint64 chosen, uint64 found);

    /// @notice There must be 1 to `MAX_LEAVES` leaves.
    error LeafCountWrong(uint256 highest, uint256 found);

    /// @notice The leaves do not have the header's root.
    error RootDiffers(bytes32 expected, bytes32 found);

    /// @notice The leaves add up to more than is live. Pico-dollars.
    error LeavesExceedLive(uint256 live, uint256 found);

    /// @notice The bond did not arrive in full.
    error BondInexact(uint256 expected, uint256 found);

    /// @notice Not before `from`.
    error TooEarly(uint256 from);

    /// @notice Not after `until`.
    error TooLate(uint256 until);

    /// @notice The proof does not lead from the leaf to the chosen root.
    error ProofInvalid(uint256 note, uint256 index);

    /// @notice The leaf is of a kind that cannot do this.
    error LeafKindWrong(LeafKind found);

    /// @notice The voucher is for another lock.
    error LockDiffers(bytes32 expected, bytes32 found);

    /// @notice The voucher is not signed by the lock's payer.
    error VoucherSignatureInvalid(address payer);

    /// @notice A voucher with this total or a higher one was shown.
    error VoucherNotHigher(uint64 shown, uint64 found);

    /// @notice The leaf, or this side of the lock, was paid, or the withdrawal in it.
    error AlreadyPaid(uint256 note, uint256 index);

    /// @notice There is less than a micro-dollar to pay.
    error NothingToPay(uint256 note, uint256 index);

    /// @notice Seconds in which a higher header may replace the chosen one: 7 days.
    function CHALLENGE_WINDOW() external view returns (uint256);

    /// @notice Seconds after these in which payees show vouchers: 7 days.
    function VOUCHER_WINDOW() external view returns (uint256);

    /// @notice Most leaves of a note: 256.
    function MAX_LEAVES() external view returns (uint256);

    /// @notice The bond, in micro-dollars of the note's stablecoin: 5 dollars.
    function BOND() external view returns (uint64);

    /// @notice Begins the forced exit of a live note. Only who owns a leaf of at least a micro-dollar, as its account or
    ///         payee, and has approved the bond.
    /// @param header A final one, not below any exit that was paid.
    /// @param certificate Over `Header`, by the group that keeps the note's chain.
    /// @param leaves All leaves. Together, without withdrawals that were paid since, at most what is live.
    function open(Header calldata header, Certificate calldata certificate, Leaf[] calldata leaves) external;

    /// @notice As `open`, for a holder who signed: the caller leaves the bond, and gets it back.
    function openFor(
        Header calldata header,
        Certificate calldata certificate,
        Leaf[] calldata leaves,
        Consent calldata consent
    ) external;

    /// @notice Puts a header in the place of the chosen one: of a newer epoch, or strictly higher. The bond becomes the
    ///         caller's.
    function replace(Header calldata header, Certificate calldata certificate, Leaf[] calldata leaves)
        external;

    /// @notice Shows a voucher for a lock. Anyone may call; the highest total counts.
    /// @param index The leaf's number, from 0.
    /// @param proof Siblings from the leaf up.
    /// @param signature The payer's, 65 bytes or 64 (ERC-2098).
    function showVoucher(
        uint256 note,
        uint256 index,
        Leaf calldata leaf,
        bytes32[] calldata proof,
        Voucher calldata voucher,
        bytes calldata signature
    ) external;

    /// @notice Pays a leaf to its account. Of a lock: the payer's rest. Anyone may call.
    function claim(uint256 note, uint256 index, Leaf calldata leaf, bytes32[] calldata proof) external;

    /// @notice Pays a lock's payee. Anyone may call.
    function claimLocked(uint256 note, uint256 index, Leaf calldata leaf, bytes32[] calldata proof) external;

    /// @notice Gives the bond back, once the header is final. Anyone may call.
    function returnBond(uint256 note) external;

    /// @notice Pays what no leaf owns to the note's issuer and the income pool, once the header is final. Anyone may
    ///         call.
    function payDust(uint256 note) external;

    /// @notice A note's forced exit; `openedAt` is zero when there is none.
    function settlement(uint256 note) external view returns (Settlement memory);

    /// @notice Whether a leaf's account was paid, and, of a lock, its payee.
    function isClaimed(uint256 note, uint256 index) external view returns (bool account, bool payee);

    /// @notice The highest total of the vouchers shown for a lock, in micro-dollars.
    function shownTotal(uint256 note, uint256 index) external view returns (uint64);

    /// @notice The EIP-712 digest that archive nodes sign for a header.
    function headerDigest(Header calldata header, uint32 group, uint64 epoch) external view returns (bytes32);

    /// @notice The EIP-712 digest that a holder signs for `openFor`.
    function consentDigest(uint256 note, uint32 series, uint256 deadline) external view returns (bytes32);

    /// @notice The EIP-712 digest that a payer signs.
    function voucherDigest(Voucher calldata voucher) external view returns (bytes32);

    /// @notice The Merkle root of a full list of leaves.
    function rootOf(Leaf[] calldata leaves) external pure returns (bytes32);
}
