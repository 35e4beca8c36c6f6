// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, Seed} from "../interfaces/IArchiveGroups.sol";
import {ICash} from "../interfaces/ICash.sol";
import {
    Draw,
    DrawState,
    ICashOrders,
    Order,
    OrderRecord,
    OrderStatus,
    Quote
} from "../interfaces/ICashOrders.sol";
import {ICashPool} from "../interfaces/ICashPool.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {Fees} from "../libraries/Fees.sol";
import {Pages} from "../libraries/Pages.sol";
import {Permits} from "../libraries/Permits.sol";
import {Contracts} from "../types/Contracts.sol";
import {Permit} from "../types/Permit.sol";
import {Issuers} from "./Issuers.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title CashOrders
/// @notice Orders for notes. See `ICashOrders`.
contract CashOrders is ICashOrders, Issuers, EIP712, Nonces, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    /// @dev An order in three words. An amount is at most 10^8, a scale a power of ten.
    struct StoredOrder {
        address buyer;
        uint32 amount;
        OrderStatus status;
        uint40 mintedAt;
        uint8 scaleExponent;
        address stablecoin;
        uint40 placedAt;
        uint40 placedIn;
        address account;
        uint32 group;
        uint64 note;
    }

    bytes32 private constant ORDER_TYPEHASH = keccak256(
        "Order(address buyer,address stablecoin,uint64 amount,uint64 relayerFee,address account,uint256 note,uint256 nonce,uint256 deadline)"
    );

    /// @inheritdoc ICashOrders
    uint64 public constant MIN_ORDER = 1e6;

    /// @inheritdoc ICashOrders
    uint64 public constant MAX_ORDER = 100e6;

    /// @inheritdoc ICashOrders
    uint256 public constant SEED_WINDOW = 24 hours;

    /// @inheritdoc ICashOrders
    uint256 public constant ISSUE_WINDOW = 1 hours;

    /// @inheritdoc ICashOrders
    uint256 public constant ATTEMPTS = 3;

    /// @inheritdoc ICashOrders
    uint256 public constant GENESIS_WINDOW = 24 hours;

    IParameters private immutable _PARAMETERS;
    IArchiveGroups private immutable _GROUPS;
    ICash private immutable _CASH;
    ICashPool private immutable _POOL;

    /// @inheritdoc ICashOrders
    uint256 public orderCount;

    /// @inheritdoc ICashOrders
    mapping(uint256 note => uint256 id) public lastOrderFor;

    mapping(uint256 id => StoredOrder) private _orders;

    constructor(Contracts memory all)
        Issuers(all, SEED_WINDOW + ATTEMPTS * ISSUE_WINDOW)
        EIP712("CoNET CashOrders", "1")
    {
        _PARAMETERS = IParameters(all.parameters);
        _GROUPS = IArchiveGroups(all.archiveGroups);
        _CASH = ICash(all.cash);
        _POOL = ICashPool(all.cashPool);
    }

    /// @inheritdoc ICashOrders
    function order(address stablecoin, uint64 amount, address account, uint256 note)
        external
        nonReentrant
        returns (uint256 id)
    {
        id = _place(msg.sender, stablecoin, amount, account, note);
    }

    /// @inheritdoc ICashOrders
    function orderWithPermit(Order calldata order_, bytes calldata signature, Permit calldata permit)
        external
        nonReentrant
        returns (uint256 id)
    {
        address buyer = order_.buyer;
        if (block.timestamp > order_.deadline) revert OrderExpired(order_.deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(buyer, orderDigest(order_), signature)) {
            revert OrderSignatureInvalid(buyer);
        }
        _useCheckedNonce(buyer, order_.nonce);
        uint256 scale = _scale(order_.stablecoin);

        Permits.use(permit, order_.stablecoin, buyer);
        id = _place(buyer, order_.stablecoin, order_.amount, order_.account, order_.note);
        if (order_.relayerFee == 0) return id;
        emit RelayerPaid(id, msg.sender, order_.relayerFee);
        // The buyer signed this fee, with the order.
        // slither-disable-next-line arbitrary-send-erc20
        IERC20(order_.stablecoin).safeTransferFrom(buyer, msg.sender, order_.relayerFee * scale);
    }

    /// @inheritdoc ICashOrders
    function mint(uint256 id) external nonReentrant {
        StoredOrder storage stored = _orders[id];
        StoredOrder memory placed = stored;
        if (placed.status != OrderStatus.Pending) revert OrderStatusWrong(id, placed.status);
        Draw memory draw = _draw(id, placed);
        if (draw.state != DrawState.Drawn) revert DrawStateWrong(id, draw.state);
        uint256 node = draw.node;
        address owner = _ownerOf(node);
        if (owner != msg.sender && _NODES.nodeOfWallet(msg.sender) != node) {
            revert NotIssuer(id, node, msg.sender);
        }
        if (!isFit(node)) revert IssuerUnfit(node);

        uint256 burn = _CASH.burnFor(placed.note, placed.amount);
        _takeFree(node, burn);
        stored.status = OrderStatus.Minted;
        stored.mintedAt = block.timestamp.toUint40();
        emit OrderMinted(id, placed.note, node, owner, draw.attempt, burn);

        IERC20(address(_TOKEN)).safeTransfer(address(_CASH), burn);
        IERC20(placed.stablecoin).forceApprove(address(_CASH), placed.amount * 10 ** placed.scaleExponent);
        _CASH.issue(placed.note, placed.stablecoin, placed.amount, placed.account, node, owner, burn);
    }

    /// @inheritdoc ICashOrders
    function cancel(uint256 id) external nonReentrant {
        StoredOrder storage stored = _orders[id];
        if (stored.status != OrderStatus.Minted) revert OrderStatusWrong(id, stored.status);
        uint256 note = stored.note;
        // `Cash` knows the note, not the order: what is pending there may be of a newer one.
        if (lastOrderFor[note] != id) revert OrderSuperseded(id, lastOrderFor[note]);
        uint256 until = stored.mintedAt + GENESIS_WINDOW;
        if (block.timestamp <= until) revert GenesisWindowOpen(id, until);

        stored.status = OrderStatus.Cancelled;
        emit OrderCancelled(id, note);

        _CASH.cancel(note);
        uint256 units = stored.amount * 10 ** stored.scaleExponent;
        if (IERC20(stored.stablecoin).trySafeTransfer(stored.buyer, units)) _setRefunded(id, stored);
    }

    /// @inheritdoc ICashOrders
    function refund(uint256 id) external nonReentrant {
        StoredOrder storage stored = _orders[id];
        if (stored.status == OrderStatus.Pending) {
            DrawState state = _draw(id, stored).state;
            if (state != DrawState.Lapsed) revert DrawStateWrong(id, state);
        } else if (stored.status != OrderStatus.Cancelled) {
            revert OrderStatusWrong(id, stored.status);
        }

        _setRefunded(id, stored);
        IERC20(stored.stablecoin).safeTransfer(stored.buyer, stored.amount * 10 ** stored.scaleExponent);
    }

    /// @inheritdoc ICashOrders
    function cancelNonce() external {
        emit NonceCancelled(msg.sender, _useNonce(msg.sender));
    }

    /// @inheritdoc ICashOrders
    function nonces(address buyer) public view override(ICashOrders, Nonces) returns (uint256) {
        return super.nonces(buyer);
    }

    /// @inheritdoc ICashOrders
    function orderOf(uint256 id) public view returns (OrderRecord memory) {
        StoredOrder memory stored = _orders[id];
        return OrderRecord({
            status: stored.status,
            buyer: stored.buyer,
            stablecoin: stored.stablecoin,
            amount: stored.amount,
            account: stored.account,
            note: stored.note,
            group: stored.group,
            placedIn: stored.placedIn,
            placedAt: stored.placedAt,
            mintedAt: stored.mintedAt
        });
    }

    /// @inheritdoc ICashOrders
    function orders(uint256 first, uint256 limit) external view returns (OrderRecord[] memory page) {
        uint256 end = Math.min(Pages.end(first, limit), orderCount + 1);
        page = new OrderRecord[](Math.saturatingSub(end, first));
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = orderOf(first + i);
        }
    }

    /// @inheritdoc ICashOrders
    function drawOf(uint256 id) external view returns (Draw memory draw) {
        if (_orders[id].status == OrderStatus.Pending) draw = _draw(id, _orders[id]);
    }

    /// @inheritdoc ICashOrders
    function quote(address stablecoin, uint64 amount, uint256 note) external view returns (Quote memory) {
        uint256 scale = _check(stablecoin, amount, note);
        uint64 carried = note == 0 ? 0 : _CASH.live(note);
        (bool priced, uint256 price) = _PARAMETERS.priceFeed().price();
        uint32 group = _GROUPS.groupOf(_CASH.chainOf(note == 0 ? orderCount + 1 : note));
        uint256 most = Fees.worth(_GROUPS.exposureStake(group), price);
        return Quote({
            deposit: amount * scale,
            carried: carried,
            priced: priced,
            burn: priced ? Fees.burnFor(carried + amount, price) : 0,
            groupRoom: Math.saturatingSub(most, _CASH.exposureOf(group)),
            totalWeight: totalWeightAt(block.number)
        });
    }

    /// @inheritdoc ICashOrders
    function orderDigest(Order calldata order_) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ORDER_TYPEHASH, order_)));
    }

    /// @dev Stores an order and takes its deposit from `buyer`.
    function _place(address buyer, address stablecoin, uint64 amount, address account, uint256 note)
        private
        returns (uint256 id)
    {
        if (account == address(0)) revert AccountMissing();
        uint256 scale = _check(stablecoin, amount, note);

        id = ++orderCount;
        if (note == 0) note = id;
        lastOrderFor[note] = id;
        StoredOrder storage stored = _orders[id];
        stored.buyer = buyer;
        // At most `MAX_ORDER`.
        // forge-lint: disable-next-line(unsafe-typecast)
        stored.amount = uint32(amount);
        stored.status = OrderStatus.Pending;
        stored.scaleExponent = uint8(Math.log10(scale));
        stored.stablecoin = stablecoin;
        stored.placedAt = block.timestamp.toUint40();
        stored.placedIn = block.number.toUint40();
        stored.account = account;
        uint32 group = _GROUPS.groupOf(_CASH.chainOf(note));
        stored.group = group;
        stored.note = note.toUint64();
        emit OrderPlaced(id, buyer, note, stablecoin, amount, account, group);

        _pull(stablecoin, buyer, amount * scale);
    }

    /// @dev Reverts unless such an order can be placed now. Returns the stablecoin's scale.
    function _check(address stablecoin, uint64 amount, uint256 note) private view returns (uint256 scale) {
        if (_PARAMETERS.mintingPaused()) revert MintingPaused();
        scale = _scale(stablecoin);
        uint64 most = MAX_ORDER;
        if (note != 0) {
            uint256 last = lastOrderFor[note];
            if (_orders[last].status == OrderStatus.Pending) revert NoteOrdered(note, last);
            address coin;
            (coin, most) = _POOL.roomOf(note);
            if (most != 0 && coin != stablecoin) revert StablecoinDiffers(note, coin);
        }
        if (amount < MIN_ORDER || amount > most) revert AmountInvalid(amount, MIN_ORDER, most);
        if (totalWeightAt(block.number) == 0) revert NoIssuers();
    }

    function _scale(address stablecoin) private view returns (uint256 scale) {
        scale = _PARAMETERS.stablecoinScale(stablecoin);
        if (scale == 0) revert StablecoinNotApproved(stablecoin);
    }

    /// @dev Reverts unless the coin delivers exactly what was sent.
    function _pull(address stablecoin, address from, uint256 units) private {
        uint256 before = IERC20(stablecoin).balanceOf(address(this));
        // Every caller passes the sender, or the buyer who signed.
        // slither-disable-next-line arbitrary-send-erc20
        IERC20(stablecoin).safeTransferFrom(from, address(this), units);
        uint256 delivered = IERC20(stablecoin).balanceOf(address(this)) - before;
        if (delivered != units) revert DeliveryInexact(units, delivered);
    }

    function _setRefunded(uint256 id, StoredOrder storage stored) private {
        stored.status = OrderStatus.Refunded;
        emit OrderRefunded(id, stored.buyer, stored.stablecoin, stored.amount);
    }

    /// @dev The draw of a pending order. Follows from the seed and the time alone.
    function _draw(uint256 id, StoredOrder memory placed) private view returns (Draw memory draw) {
        uint256 late = placed.placedAt + SEED_WINDOW;
        (bool found, Seed memory seed) = _GROUPS.firstSeedAfter(placed.group, placed.placedIn);
        draw.state = DrawState.Lapsed;
        if (found ? seed.acceptedAt > late : block.timestamp > late) return draw;
        if (!found) return Draw({state: DrawState.Waiting, node: 0, attempt: 0, until: late});

        uint256 attempt = (block.timestamp - seed.acceptedAt) / ISSUE_WINDOW;
        if (attempt >= ATTEMPTS) return draw;
        bytes32 value = keccak256(abi.encode(seed.value, address(this), id));
        uint256 node = _drawIssuer(placed.placedIn, value, attempt);
        if (node == 0) return draw;
        uint256 until = seed.acceptedAt + (attempt + 1) * ISSUE_WINDOW;
        return Draw({state: DrawState.Drawn, node: node, attempt: attempt, until: until});
    }
}
