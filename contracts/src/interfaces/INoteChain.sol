// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IMoneyContract} from "./IChainContract.sol";
import {Leaf, Voucher} from "./IForcedExits.sol";

/// @notice A transfer in `INoteChain.transferMany`.
struct Transfer {
    /// Who gets it.
    address to;
    /// Micro-dollars.
    uint64 amount;
}

/// @notice An account and what is on it.
struct AccountBalance {
    address account;
    /// Pico-dollars.
    uint64 balance;
}

/// @notice A payment authorization (white paper, *Payment Authorization for CoNETCash*).
struct Lock {
    /// Whose money it is. Zero when there is no such lock.
    address payer;
    /// Who may claim.
    address payee;
    /// Micro-dollars that the payee may claim in all.
    uint64 limit;
    /// Micro-dollars that the payee has claimed.
    uint64 claimed;
    /// The last second in which the payee takes vouchers. The contract does not ask.
    uint64 acceptUntil;
    /// The last second in which the payee can claim.
    uint64 claimUntil;
    /// The fee of its claims, fixed when it was opened: units of 0.001%.
    uint32 feeRate;
    /// Pico-dollars still locked: what the payee may still claim, its fee, and the deposit.
    uint64 amount;
}

/// @notice A withdrawal that the main chain has not paid, as far as the note's chain knows.
struct Withdrawal {
    /// Who gets the money on the main chain. Zero when there is no such withdrawal.
    address recipient;
    /// Micro-dollars. The fees of the exit come out of it.
    uint64 amount;
    /// Who gets the relayer fee: zero for whoever submits.
    address relayer;
    /// Micro-dollars for the relayer.
    uint64 relayerFee;
}

/// @notice A lock that came from an earlier series.
struct CarriedLock {
    bytes32 lockId;
    Lock lock;
}

/// @notice A withdrawal that came from an earlier series.
struct CarriedWithdrawal {
    uint64 id;
    Withdrawal withdrawal;
}

/// @notice All that a series leaves to the next. Nothing, in a note's first.
struct Carried {
    AccountBalance[] accounts;
    CarriedLock[] locks;
    CarriedWithdrawal[] withdrawals;
    /// The number of the next withdrawal.
    uint64 nextWithdrawal;
    /// Pico-dollars of fees that were not collected.
    uint64 fees;
    /// The same of gas.
    uint64 gas;
}

/// @notice What the genesis of a note's series defines: `initialize` takes it as `abi.encode` gives it.
struct NoteDefinitions {
    /// `Cash` on the main chain: vouchers are signed in its domain.
    address cash;
    /// Who gets fees and gas that were not collected, when the note is settled by force: `Rewards` on the main chain.
    address pot;
    /// 1 for the first.
    uint32 series;
    /// What transfers cost: units of 0.001%.
    uint32 feeRate;
    /// Pico-dollars with which a leaf begins, at least.
    uint64 leafMinimum;
    /// Who paid for the series.
    address buyer;
    /// Micro-dollars that the buyer paid.
    uint64 deposit;
    /// What the series before left.
    Carried carried;
}

/// @notice What there is on a note's chain. All of it adds up to `owed`.
struct Totals {
    /// Pico-dollars on accounts.
    uint64 accounts;
    /// Pico-dollars in locks.
    uint64 locks;
    /// Pico-dollars of withdrawals that wait.
    uint64 withdrawals;
    /// Pico-dollars of fees that were not collected.
    uint64 fees;
    /// The same of gas.
    uint64 gas;
    /// Pico-dollars that came in and did not leave: carried over and deposited, less settled and collected.
    uint64 owed;
}

/// @title INoteChain
/// @notice The contract on the chain of a CoNETCash note: accounts, payment authorizations, withdrawals (white paper,
///         *How CoNETCash working*).
/// @dev Money. What is kept is in pico-dollars, what is named in calls is in whole micro-dollars, fees are exact. The
///      sender pays them on top. They gather in one pot, whoever earns them: `FeeEarned` says by block what there is to
///      share, `collect` takes it out. Gas gathers in another. Nothing else comes in or goes out but by `initialize` and
///      `settle`: `totals` adds up to `owed` after every call.
///
///      Leaves. A note can be settled by force with at most `MAX_LEAVES` leaves (see `IForcedExits`), so there is room
///      for no more: accounts, locks, withdrawals, and one for the pots. Whoever fills a place leaves money in it, else
///      all could be filled with the same few cents, moved on and on:
///
///      - An account begins with `leafMinimum`, and keeps that much when it sends, locks or withdraws. It is the
///        holder's own, and goes with the last: `transferAll` and `withdrawAll` close the account. Gas may take it
///        below the minimum, for gas is spent.
///      - A lock holds a deposit of `leafMinimum` beside what can be claimed, and keeps a place for its payee's account,
///        also while nothing is on it: no claim fails for want of room, unless the payee closed its account since.
///        What is left of a lock, the deposit at least, goes back to the payer, whose account finds room where the lock
///        was.
///      - A withdrawal is of `leafMinimum` at least.
///      - Who closes an account gives its place to what takes the money: neither room nor minimum is asked for, so who
///        wants to leave always can.
///
///      Locks. The payer signs cumulative vouchers (`Voucher`, in the domain of `Cash`); the payee claims with the newest
///      when it likes. A lock's id is never used twice, so that no voucher counts twice.
interface INoteChain is IMoneyContract {
    /// @notice Somebody paid somebody. Micro-dollars.
    event Transferred(address indexed from, address indexed to, uint64 amount);

    /// @notice A payer authorized a payee.
    event Authorized(
        bytes32 indexed lockId,
        address indexed payer,
        address indexed payee,
        bytes32 authorization,
        uint64 limit,
        uint64 acceptUntil,
        uint64 claimUntil
    );

    /// @notice The payee may claim more, in all. Micro-dollars.
    event LimitRaised(bytes32 indexed lockId, uint64 limit);

    /// @notice The payee may claim for longer.
    event Prolonged(bytes32 indexed lockId, uint64 acceptUntil, uint64 claimUntil);

    /// @notice The payee got `amount`, and `total` in all. Micro-dollars.
    event Claimed(bytes32 indexed lockId, address indexed payee, uint64 amount, uint64 total);

    /// @notice A lock is over: the payer got back what was left. Pico-dollars.
    event Released(bytes32 indexed lockId, address indexed payer, uint64 pico);

    /// @notice A withdrawal waits for the main chain. Micro-dollars.
    event Withdrawn(
        uint64 indexed withdrawal,
        address indexed account,
        address indexed recipient,
        uint64 amount,
        address relayer,
        uint64 relayerFee
    );

    /// @notice A series is initialized once, and begins once.
    error AlreadyDone();

    /// @notice The series has not begun.
    error NotBegun();

    /// @notice An address that must not be zero is.
    error AddressZero();

    /// @notice An amount that must not be zero is.
    error AmountZero();

    /// @notice There is too little on the account, or in the pot. Pico-dollars; `expected` includes what must stay.
    error BalanceTooLow(uint256 expected, uint256 found);

    /// @notice An account, or a withdrawal, would begin with less than `leafMinimum`. Pico-dollars.
    error LeafTooSmall(uint256 expected, uint256 found);

    /// @notice There is no room for more leaves.
    error LeavesFull(uint256 highest);

    /// @notice Who closes its account cannot send to it.
    error RecipientIsSender(address account);

    /// @notice More transfers than `MAX_TRANSFERS` in one call, or none.
    error TransferCountWrong(uint256 highest, uint256 found);

    /// @notice The authorization was used before, in this series.
    error AuthorizationUsed(bytes32 lockId);

    /// @notice There is no such lock.
    error UnknownLock(bytes32 lockId);

    /// @notice Only the payer may.
    error NotPayer(address expected, address found);

    /// @notice Vouchers are accepted from now on, and at most for as long as can be claimed.
    error TimesInvalid(uint64 acceptUntil, uint64 claimUntil);

    /// @notice A limit only rises, and a time only grows.
    error NotHigher(uint64 present, uint64 found);

    /// @notice Not after `until`.
    error TooLate(uint64 until);

    /// @notice Not until after `until`, but for the payee.
    error TooEarly(uint64 until);

    /// @notice The voucher is not signed by the lock's payer.
    error VoucherSignatureInvalid(address payer);

    /// @notice More was claimed already than the voucher is for. Micro-dollars.
    error VoucherTooOld(uint64 claimed, uint64 found);

    /// @notice The relayer fee exceeds what the highest exit fee leaves. Micro-dollars.
    error RelayerFeeTooHigh(uint64 highest, uint64 found);

    /// @notice There is no such withdrawal; or, in definitions, there cannot be.
    error UnknownWithdrawal(uint64 withdrawal);

    /// @notice The period was collected before.
    error PeriodCollected(uint64 period);

    /// @notice Most leaves, as `IForcedExits.MAX_LEAVES`: 256.
    function MAX_LEAVES() external view returns (uint256);

    /// @notice Most transfers in one call: 64.
    function MAX_TRANSFERS() external view returns (uint256);

    /// @notice The highest rate of the main chain's exit fee, as `IParameters.MAX_EXIT_FEE_RATE`: 1%.
    function MAX_EXIT_FEE_RATE() external view returns (uint256);

    // --- paying ---

    /// @notice Pays. Costs the sender `amount` and the fee.
    /// @param amount Micro-dollars. To who has no account, at least `leafMinimum`.
    function transfer(address to, uint64 amount) external;

    /// @notice Pays several at once, each as `transfer` does.
    function transferMany(Transfer[] calldata transfers) external;

    /// @notice Sends all there is, in whole micro-dollars after the fee, and closes the sender's account. The rest, the
    ///         reserve included, goes for the gas.
    /// @param reserve Pico-dollars to keep for the gas of this transaction. Gas takes it whole.
    function transferAll(address to, uint64 reserve) external;

    // --- authorizing ---

    /// @notice Locks `limit`, its fee and a deposit of `leafMinimum`, for a payee to claim from.
    /// @param authorization Any number that the series has not seen: better a random one.
    /// @param limit Micro-dollars that the payee may claim in all.
    /// @param acceptUntil The last second in which the payee is to take vouchers. Not over yet.
    /// @param claimUntil The last second in which it can claim. Not before `acceptUntil`.
    /// @return lockId See `lockIdOf`.
    function authorize(
        address payee,
        bytes32 authorization,
        uint64 limit,
        uint64 acceptUntil,
        uint64 claimUntil
    ) external returns (bytes32 lockId);

    /// @notice Lets the payee claim more, and locks it. Only the payer.
    /// @param limit Micro-dollars in all. Higher than before.
    function raise(bytes32 lockId, uint64 limit) external;

    /// @notice Lets the payee claim for longer. Only the payer. Neither time shrinks, and one of them grows.
    function prolong(bytes32 lockId, uint64 acceptUntil, uint64 claimUntil) external;

    /// @notice Pays a payee what a voucher is for and it has not claimed, at most the limit. Anyone may call. The fee is
    ///         the payer's. A voucher for just what was claimed does nothing.
    /// @param voucher Names its lock. Who has nothing yet gets `leafMinimum` at least, or must wait.
    /// @param signature The payer's, 65 bytes or 64 (ERC-2098).
    function claim(Voucher calldata voucher, bytes calldata signature) external;

    /// @notice Ends a lock, and returns what is left of it to the payer. Anyone may call after `claimUntil`, the payee at
    ///         any time.
    function release(bytes32 lockId) external;

    // --- leaving ---

    /// @notice Withdraws to the main chain. There are no fees for it here.
    /// @param recipient Who gets the money there.
    /// @param amount Micro-dollars. At least `leafMinimum`.
    /// @param relayer Who gets the relayer fee: zero for whoever submits.
    /// @param relayerFee Micro-dollars out of the amount. At most what the highest exit fee leaves.
    /// @return withdrawal Its number, for `Exit.id`.
    function withdraw(address recipient, uint64 amount, address relayer, uint64 relayerFee)
        external
        returns (uint64 withdrawal);

    /// @notice Withdraws all there is, in whole micro-dollars, and closes the sender's account. The rest, the reserve
    ///         included, goes for the gas.
    /// @param reserve Pico-dollars to keep for the gas of this transaction. Gas takes it whole.
    function withdrawAll(address recipient, address relayer, uint64 relayerFee, uint64 reserve)
        external
        returns (uint64 withdrawal);

    // --- views ---

    /// @notice `Cash` on the main chain.
    function cash() external view returns (address);

    /// @notice The account of the leaf of what was not collected.
    function pot() external view returns (address);

    /// @notice The series.
    function series() external view returns (uint32);

    /// @notice Hash of the series' genesis. Zero until its first block.
    function genesisHash() external view returns (bytes32);

    /// @notice What transfers cost: units of 0.001%.
    function feeRate() external view returns (uint32);

    /// @notice Pico-dollars with which a leaf begins, at least.
    function leafMinimum() external view returns (uint64);

    /// @notice Pico-dollars on an account.
    function balanceOf(address account) external view returns (uint64);

    /// @notice A page of the accounts that there are, at most 100: also of payees who have nothing yet. Their order
    ///         changes as accounts close.
    function accounts(uint256 offset, uint256 limit) external view returns (AccountBalance[] memory);

    /// @notice The id of a lock of this series: keccak256(abi.encode(genesisHash, series, authorization)).
    function lockIdOf(bytes32 authorization) external view returns (bytes32);

    /// @notice A lock; `payer` is zero when there is none.
    function lockOf(bytes32 lockId) external view returns (Lock memory);

    /// @notice A withdrawal; `recipient` is zero when there is none, or it was settled.
    function withdrawalOf(uint64 withdrawal) external view returns (Withdrawal memory);

    /// @notice The number of the next withdrawal.
    function nextWithdrawal() external view returns (uint64);

    /// @notice Whether a period was collected in this series.
    function isCollected(uint64 period) external view returns (bool);

    /// @notice What there is.
    function totals() external view returns (Totals memory);

    /// @notice All that anybody owns, for `IForcedExits`: first the pots, as an account of `pot`, also when they are empty;
    ///         then accounts, locks and withdrawals, each in the order that the chain keeps them in.
    function leaves() external view returns (Leaf[] memory);

    /// @notice What the next series starts from, in the same order.
    function carried() external view returns (Carried memory);

    /// @notice What `initialize` takes. Also says in the ABI what definitions look like.
    function encodeDefinitions(NoteDefinitions calldata definitions) external pure returns (bytes memory);

    /// @notice The EIP-712 digest that a payer signs.
    function voucherDigest(Voucher calldata voucher) external view returns (bytes32);
}
