// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetToken} from "../interfaces/IConetToken.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {Contracts} from "../types/Contracts.sol";
import {ARCHIVE, ROLE_COUNT, Roles} from "../types/Roles.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @dev See `IStaking.MAX_UNBONDINGS`.
uint256 constant RING = 16;

/// @title Staking
/// @notice What nodes have at stake. See `IStaking`.
contract Staking is IStaking {
    using SafeCast for uint256;
    using SafeTransferLib for address;

    /// @dev 96 bits hold 79 billion CoNET: there are half a billion.
    struct Unbond {
        uint96 amount;
        uint64 withdrawableAt;
    }

    /// @dev All but `frozen` and the unbondings lies in one word. `unbonds` is a ring: `count` entries from `first` on,
    ///      oldest first. Entries that are over are left as they are, so that the next one costs less.
    struct Position {
        uint96 bonded;
        uint96 unbonding;
        uint32 seats;
        uint16 first;
        uint16 count;
        uint96 frozen;
        Unbond[RING] unbonds;
    }

    /// @inheritdoc IStaking
    uint256 public constant UNBONDING_PERIOD = 21 days;

    /// @inheritdoc IStaking
    uint256 public constant MAX_UNBONDINGS = RING;

    /// @inheritdoc IStaking
    mapping(address wallet => bool) public isWalletBarred;

    address private immutable _TOKEN;
    IParameters private immutable _PARAMETERS;
    INodeRegistry private immutable _REGISTRY;
    address private immutable _SLASHER;
    address private immutable _ARCHIVE_GROUPS;
    address private immutable _CHAIN_ANCHOR;

    mapping(uint256 node => mapping(Roles role => Position)) private _positions;

    mapping(uint256 node => bool) private _barred;

    modifier onlySlasher() {
        _checkCaller(_SLASHER);
        _;
    }

    /// @dev Passes for the contract that hands out the seats of `role`.
    modifier onlySeater(Roles role) {
        _checkRole(role);
        _checkCaller(role == ARCHIVE ? _ARCHIVE_GROUPS : _CHAIN_ANCHOR);
        _;
    }

    constructor(Contracts memory all) {
        _TOKEN = all.token;
        _PARAMETERS = IParameters(all.parameters);
        _REGISTRY = INodeRegistry(all.nodeRegistry);
        _SLASHER = all.slasher;
        _ARCHIVE_GROUPS = all.archiveGroups;
        _CHAIN_ANCHOR = all.chainAnchor;
    }

    /// @inheritdoc IStaking
    function stake(uint256 node, Roles role, uint256 amount) public {
        _checkRole(role);
        _checkOwner(node);
        Roles offered = _REGISTRY.rolesOf(node);
        if (!offered.contains(role)) revert RoleNotOffered(node, role, offered);
        if (amount == 0) revert AmountZero();
        Position storage position = _positions[node][role];
        uint256 before = position.bonded;
        // Whoever has staked already was not under a barred wallet then, and a wallet is barred with its node.
        if (before == 0 ? isBarred(node) : _barred[node]) revert NodeBarred(node);

        uint256 total = before + amount;
        position.bonded = total.toUint96();

        emit Staked(node, role, amount, total);
        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IStaking
    function stakeWithPermit(
        uint256 node,
        Roles role,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        try IConetToken(_TOKEN).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        stake(node, role, amount);
    }

    /// @inheritdoc IStaking
    function unbond(uint256 node, Roles role, uint256 amount) external {
        _checkRole(role);
        _checkOwner(node);
        if (amount == 0) revert AmountZero();
        Position storage position = _positions[node][role];
        uint256 left = position.bonded;
        if (amount > left) revert BondTooSmall(left, amount);
        left -= amount;
        uint256 held = position.seats;
        if (held != 0 && !_barred[node]) {
            uint256 carried = left / _PARAMETERS.minimumStake(role);
            if (held > carried) revert SeatsExceedCapacity(held, carried);
        }
        uint256 count = position.count;
        if (count == MAX_UNBONDINGS) {
            revert TooManyUnbondings(position.unbonds[position.first].withdrawableAt);
        }

        uint256 withdrawableAt = block.timestamp + UNBONDING_PERIOD;
        position.unbonds[_at(position.first, count)] =
            Unbond({amount: amount.toUint96(), withdrawableAt: withdrawableAt.toUint64()});
        position.count = (count + 1).toUint16();
        position.bonded = left.toUint96();
        position.unbonding = (position.unbonding + amount).toUint96();

        emit Unbonding(node, role, amount, withdrawableAt);
    }

    /// @inheritdoc IStaking
    function withdraw(uint256 node, Roles role) external returns (uint256 amount) {
        _checkRole(role);
        _checkOwner(node);
        Position storage position = _positions[node][role];
        uint256 count = position.count;
        uint256 first = position.first;
        uint256 over;
        uint256 next;
        for (; over < count; ++over) {
            Unbond memory oldest = position.unbonds[_at(first, over)];
            next = oldest.withdrawableAt;
            if (next > block.timestamp) break;
            amount += oldest.amount;
        }
        if (over == 0) revert NothingToWithdraw(next);

        position.first = _at(first, over).toUint16();
        position.count = (count - over).toUint16();
        position.unbonding = (position.unbonding - amount).toUint96();

        emit Withdrawn(node, role, msg.sender, amount);
        _TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IStaking
    function takeSeat(uint256 node, Roles role) external onlySeater(role) {
        Position storage position = _positions[node][role];
        uint256 wanted = uint256(position.seats) + 1;
        uint256 carried = capacity(node, role);
        if (wanted > carried) revert SeatsExceedCapacity(wanted, carried);
        position.seats = wanted.toUint32();

        emit SeatTaken(node, role, wanted);
    }

    /// @inheritdoc IStaking
    function releaseSeat(uint256 node, Roles role) external onlySeater(role) {
        Position storage position = _positions[node][role];
        uint256 held = position.seats;
        if (held == 0) revert NoSeat(node, role);
        position.seats = (held - 1).toUint32();

        emit SeatReleased(node, role, held - 1);
    }

    /// @inheritdoc IStaking
    function slash(uint256 node, Roles role, uint256 amount, bool freeze)
        external
        onlySlasher
        returns (uint256 slashed)
    {
        _checkRole(role);
        Position storage position = _positions[node][role];
        uint256 fromBonded = Math.min(amount, position.bonded);
        uint256 fromUnbonding = Math.min(amount - fromBonded, position.unbonding);
        slashed = fromBonded + fromUnbonding;
        if (slashed == 0) return 0;

        position.bonded -= fromBonded.toUint96();
        if (fromUnbonding != 0) _slashUnbonding(position, fromUnbonding);
        if (freeze) position.frozen += slashed.toUint96();

        emit Slashed(node, role, slashed, fromUnbonding, freeze);
        _TOKEN.safeTransfer(msg.sender, slashed);
    }

    /// @inheritdoc IStaking
    function restore(uint256 node, Roles role, uint256 amount) external onlySlasher {
        _thaw(node, role, amount);
        _positions[node][role].bonded += amount.toUint96();

        emit Restored(node, role, amount);
        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IStaking
    function forfeit(uint256 node, Roles role, uint256 amount) external onlySlasher {
        _thaw(node, role, amount);

        emit Forfeited(node, role, amount);
    }

    /// @inheritdoc IStaking
    function bar(uint256 node) external onlySlasher {
        address wallet = _REGISTRY.walletOf(node);
        if (_barred[node] && (wallet == address(0) || isWalletBarred[wallet])) return;
        _barred[node] = true;
        if (wallet != address(0)) isWalletBarred[wallet] = true;

        emit Barred(node, wallet);
    }

    /// @inheritdoc IStaking
    function bonded(uint256 node, Roles role) external view returns (uint256) {
        return _positions[node][role].bonded;
    }

    /// @inheritdoc IStaking
    function unbonding(uint256 node, Roles role) external view returns (uint256) {
        return _positions[node][role].unbonding;
    }

    /// @inheritdoc IStaking
    function frozen(uint256 node, Roles role) external view returns (uint256) {
        return _positions[node][role].frozen;
    }

    /// @inheritdoc IStaking
    function unbondings(uint256 node, Roles role)
        external
        view
        returns (uint256[] memory amounts, uint256[] memory withdrawableAt)
    {
        Position storage position = _positions[node][role];
        uint256 count = position.count;
        amounts = new uint256[](count);
        withdrawableAt = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            Unbond memory entry = position.unbonds[_at(position.first, i)];
            (amounts[i], withdrawableAt[i]) = (entry.amount, entry.withdrawableAt);
        }
    }

    /// @inheritdoc IStaking
    function seats(uint256 node, Roles role) external view returns (uint256) {
        return _positions[node][role].seats;
    }

    /// @inheritdoc IStaking
    function backedSeats(uint256 node, Roles role) external view returns (uint256) {
        return Math.min(_positions[node][role].seats, capacity(node, role));
    }

    /// @inheritdoc IStaking
    function hasStake(uint256 node) external view returns (bool) {
        for (uint256 i = 0; i < ROLE_COUNT; ++i) {
            // One of seven bits.
            // forge-lint: disable-next-line(unsafe-typecast, incorrect-shift)
            Position storage position = _positions[node][Roles.wrap(uint16(1 << i))];
            if (position.bonded != 0 || position.unbonding != 0 || position.frozen != 0) return true;
        }
        return false;
    }

    /// @inheritdoc IStaking
    /// @dev The node's own bar is enough here: under a barred wallet no other node could ever stake.
    function capacity(uint256 node, Roles role) public view returns (uint256) {
        if (_barred[node]) return 0;
        uint256 amount = _positions[node][role].bonded;
        return amount == 0 ? 0 : amount / _PARAMETERS.minimumStake(role);
    }

    /// @inheritdoc IStaking
    function isBarred(uint256 node) public view returns (bool) {
        return _barred[node] || isWalletBarred[_REGISTRY.walletOf(node)];
    }

    /// @dev Takes `amount` from the newest unbondings on. They hold at least that much.
    function _slashUnbonding(Position storage position, uint256 amount) private {
        position.unbonding -= amount.toUint96();
        uint256 count = position.count;
        while (amount != 0) {
            Unbond storage newest = position.unbonds[_at(position.first, count - 1)];
            uint256 held = newest.amount;
            if (held > amount) {
                newest.amount = (held - amount).toUint96();
                break;
            }
            amount -= held;
            --count;
        }
        position.count = count.toUint16();
    }

    function _thaw(uint256 node, Roles role, uint256 amount) private {
        Position storage position = _positions[node][role];
        uint256 held = position.frozen;
        if (amount > held) revert FrozenTooSmall(held, amount);
        position.frozen = (held - amount).toUint96();
    }

    function _checkOwner(uint256 node) private view {
        address owner = IERC721(address(_REGISTRY)).ownerOf(node);
        if (owner != msg.sender) revert NotOwner(node, msg.sender, owner);
    }

    function _checkCaller(address expected) private view {
        if (msg.sender != expected) revert NotAllowed(msg.sender, expected);
    }

    function _checkRole(Roles role) private pure {
        if (!role.isSingle()) revert RoleNotSingle(role);
    }

    /// @dev Where entry `index`, counted from the oldest, lies in the ring.
    function _at(uint256 first, uint256 index) private pure returns (uint256) {
        return (first + index) % RING;
    }
}
