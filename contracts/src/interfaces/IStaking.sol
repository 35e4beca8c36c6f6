// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Roles} from "../types/Roles.sol";

/// @title IStaking
/// @notice CoNET that nodes stake, per node and role, and the seats that it carries (white paper, *Role of nodes*: "the
///         amount of pledge determines the number of chains it undertakes at the same time").
/// @dev A position belongs to the node (the NFT): its owner stakes, unbonds and withdraws, and who buys the node buys
///      the position. There is no delegation: who gains from a node is who loses when it cheats. A seat is one duty at
///      a time: a place in an archive group, a witness's or creator's place in one chain. `seats <= capacity` whenever
///      one is taken; `backedSeats` is what counts, and never exceeds the stake.
///
///      Unbonding takes `UNBONDING_PERIOD`, longer than every window in which misbehaviour can be proven, and stays
///      slashable. Stake that the slasher froze for a case that may be overturned lies with the slasher until the case
///      is closed; such a node cannot be retired, so that there is somewhere to bring it back to.
///
///      `token.balanceOf(this) == Σ (bonded + unbonding)`, over all positions, plus what was sent here by mistake,
///      which nobody can get.
interface IStaking {
    /// @notice Tokens were staked.
    /// @param amount 10^-18 CoNET.
    /// @param bonded What is bonded now.
    event Staked(uint256 indexed node, Roles indexed role, uint256 amount, uint256 bonded);

    /// @notice Tokens began to unbond.
    /// @param withdrawableAt From this second on they can be withdrawn.
    event Unbonding(uint256 indexed node, Roles indexed role, uint256 amount, uint256 withdrawableAt);

    /// @notice Unbonded tokens were paid out.
    event Withdrawn(uint256 indexed node, Roles indexed role, address indexed to, uint256 amount);

    /// @notice A seat was taken.
    /// @param seats How many the node holds now.
    event SeatTaken(uint256 indexed node, Roles indexed role, uint256 seats);

    /// @notice A seat was given up.
    /// @param seats How many the node holds now.
    event SeatReleased(uint256 indexed node, Roles indexed role, uint256 seats);

    /// @notice Stake was taken away.
    /// @param amount All that was taken.
    /// @param fromUnbonding How much of it had been unbonding.
    /// @param frozen Whether it may come back.
    event Slashed(
        uint256 indexed node, Roles indexed role, uint256 amount, uint256 fromUnbonding, bool frozen
    );

    /// @notice Frozen stake came back, as bonded: the case was overturned.
    event Restored(uint256 indexed node, Roles indexed role, uint256 amount);

    /// @notice Frozen stake will not come back: the case is final.
    event Forfeited(uint256 indexed node, Roles indexed role, uint256 amount);

    /// @notice A node was proven to cheat and never returns, under any role; nor does its wallet under another node.
    event Barred(uint256 indexed node, address indexed wallet);

    /// @notice A caller that is not the one contract which may.
    /// @param caller Who called.
    /// @param expected Who may.
    error NotAllowed(address caller, address expected);

    /// @notice Only the node's owner may.
    error NotOwner(uint256 node, address caller, address owner);

    /// @notice Not exactly one role.
    error RoleNotSingle(Roles role);

    /// @notice The node does not offer the role.
    error RoleNotOffered(uint256 node, Roles role, Roles offered);

    /// @notice The node, or its wallet under an earlier node, was proven to cheat.
    error NodeBarred(uint256 node);

    /// @notice Nothing was asked for.
    error AmountZero();

    /// @notice More than is bonded.
    error BondTooSmall(uint256 bonded, uint256 asked);

    /// @notice The stake would not carry the seats.
    /// @param seats Seats held, or wanted.
    /// @param capacity Seats that the stake would carry at today's minimum.
    error SeatsExceedCapacity(uint256 seats, uint256 capacity);

    /// @notice There is no seat to give back.
    error NoSeat(uint256 node, Roles role);

    /// @notice `MAX_UNBONDINGS` are under way. Withdraw, or wait for the oldest.
    /// @param oldest When the oldest can be withdrawn.
    error TooManyUnbondings(uint256 oldest);

    /// @notice Nothing can be withdrawn yet.
    /// @param next When the oldest unbonding can be: zero when there is none.
    error NothingToWithdraw(uint256 next);

    /// @notice More was to come back, or to be forfeited, than is frozen.
    error FrozenTooSmall(uint256 frozen, uint256 asked);

    /// @notice How long unbonding takes, in seconds: 21 days.
    function UNBONDING_PERIOD() external view returns (uint256);

    /// @notice The most unbondings of one position that are under way or not withdrawn yet.
    function MAX_UNBONDINGS() external view returns (uint256);

    /// @notice Stakes for a node of the caller. Needs an allowance (or `stakeWithPermit`).
    /// @dev Emits `Staked`. Reverts with `NotOwner`, `RoleNotSingle`, `RoleNotOffered`, `NodeBarred` or `AmountZero`.
    /// @param node The node. The caller must own it; it must offer `role` and not be barred.
    /// @param role Exactly one role.
    /// @param amount 10^-18 CoNET.
    function stake(uint256 node, Roles role, uint256 amount) external;

    /// @notice As `stake`, with the allowance given by an ERC-2612 permit of the caller for this contract.
    /// @dev A permit that someone else submitted first does no harm: the allowance is what counts.
    /// @param deadline The permit's last second.
    function stakeWithPermit(
        uint256 node,
        Roles role,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Starts to unbond. What remains must carry, at today's minimum, the seats that the node holds; a barred
    ///         node's seats count for nothing and hold nothing back.
    /// @dev Only the node's owner. Emits `Unbonding`. Reverts with `NotOwner`, `RoleNotSingle`, `AmountZero`,
    ///      `BondTooSmall`, `SeatsExceedCapacity` or `TooManyUnbondings`.
    function unbond(uint256 node, Roles role, uint256 amount) external;

    /// @notice Pays out everything of a position whose 21 days are over, to the node's owner.
    /// @dev Only the node's owner. Emits `Withdrawn`. Reverts with `NotOwner`, `RoleNotSingle` or `NothingToWithdraw`.
    function withdraw(uint256 node, Roles role) external returns (uint256 amount);

    /// @notice Staked and not unbonding, in 10^-18 CoNET.
    function bonded(uint256 node, Roles role) external view returns (uint256);

    /// @notice Unbonding and not withdrawn, in 10^-18 CoNET.
    function unbonding(uint256 node, Roles role) external view returns (uint256);

    /// @notice With the slasher, for cases that may be overturned, in 10^-18 CoNET.
    function frozen(uint256 node, Roles role) external view returns (uint256);

    /// @notice The unbondings of a position, oldest first; at most `MAX_UNBONDINGS`.
    /// @return amounts 10^-18 CoNET each.
    /// @return withdrawableAt When, unix seconds.
    function unbondings(uint256 node, Roles role)
        external
        view
        returns (uint256[] memory amounts, uint256[] memory withdrawableAt);

    /// @notice How many seats the stake carries at today's minimum: zero when barred.
    function capacity(uint256 node, Roles role) external view returns (uint256);

    /// @notice How many seats the node holds.
    function seats(uint256 node, Roles role) external view returns (uint256);

    /// @notice Seats that count: the smaller of `seats` and `capacity`.
    function backedSeats(uint256 node, Roles role) external view returns (uint256);

    /// @notice Whether any token of the node is staked, unbonding or frozen. Such a node cannot be retired.
    function hasStake(uint256 node) external view returns (bool);

    /// @notice Whether a node, or its wallet under another node, was proven to cheat.
    function isBarred(uint256 node) external view returns (bool);

    /// @notice Whether a wallet was proven to cheat.
    function isWalletBarred(address wallet) external view returns (bool);

    /// @notice Takes a seat. Only `archiveGroups` (role ARCHIVE) and `chainAnchor` (the others).
    /// @dev Emits `SeatTaken`. Reverts with `NotAllowed`, `RoleNotSingle` or `SeatsExceedCapacity`.
    function takeSeat(uint256 node, Roles role) external;

    /// @notice Gives a seat back. Only who may take it.
    /// @dev Emits `SeatReleased`. Reverts with `NotAllowed`, `RoleNotSingle` or `NoSeat`.
    function releaseSeat(uint256 node, Roles role) external;

    /// @notice Moves up to `amount` of a position, bonded first and then unbonding from the newest, to the slasher,
    ///         which asks. Seats stay as they are: `backedSeats` falls, and who gave a seat takes it back.
    /// @dev Emits `Slashed` unless there was nothing. Reverts with `NotAllowed` or `RoleNotSingle`.
    /// @param freeze Whether it may come back: then `restore` or `forfeit` must follow.
    /// @return slashed What there was to take.
    function slash(uint256 node, Roles role, uint256 amount, bool freeze) external returns (uint256 slashed);

    /// @notice Takes frozen stake back from the slasher, which asks and has approved it. It is bonded then, also what
    ///         had been unbonding.
    /// @dev Emits `Restored`. Reverts with `NotAllowed` or `FrozenTooSmall`.
    function restore(uint256 node, Roles role, uint256 amount) external;

    /// @notice Says that frozen stake will not come back. Only the slasher.
    /// @dev Emits `Forfeited`. Reverts with `NotAllowed` or `FrozenTooSmall`.
    function forfeit(uint256 node, Roles role, uint256 amount) external;

    /// @notice Bars a node and its wallet for good. Only the slasher. Does nothing when both are barred already.
    /// @dev Emits `Barred`. Reverts with `NotAllowed`.
    function bar(uint256 node) external;
}
