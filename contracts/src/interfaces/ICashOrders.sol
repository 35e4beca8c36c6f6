// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Permit} from "../types/Permit.sol";
import {IIssuers} from "./IIssuers.sol";

/// @notice What a buyer signs so that anybody may place its order.
/// @dev EIP-712 type: Order(address buyer,address stablecoin,uint64 amount,uint64 relayerFee,address account,uint256
///      note,uint256 nonce,uint256 deadline), without the line break.
struct Order {
    /// Who pays, and gets refunds.
    address buyer;
    /// What it pays in.
    address stablecoin;
    /// Micro-dollars for the note.
    uint64 amount;
    /// Micro-dollars on top for whoever submits.
    uint64 relayerFee;
    /// The account on the note's chain that the deposit is for. It also gets the note's NFT.
    address account;
    /// 0 for a new note, else a note in the pool whose room is bought.
    uint256 note;
    /// The buyer's nonce.
    uint256 nonce;
    /// The last second in which the signature counts.
    uint256 deadline;
}

/// @notice How far an order is.
enum OrderStatus {
    /// There is no such order.
    None,
    /// Paid for: waits for the seed, then for the issuers drawn; or its time is over, and it can be refunded.
    Pending,
    /// An issuer minted: the deposit is in `Cash`. The order is done unless the genesis fails to come.
    Minted,
    /// No genesis came: the deposit is back here, for the buyer to take.
    Cancelled,
    /// The buyer has its deposit back.
    Refunded
}

/// @notice An order as placed.
struct OrderRecord {
    OrderStatus status;
    address buyer;
    address stablecoin;
    /// Micro-dollars.
    uint64 amount;
    address account;
    /// The note: for a new one, the order's own id.
    uint256 note;
    /// The archive group whose seed draws the issuer.
    uint32 group;
    /// The block that the order is in, and its time.
    uint64 placedIn;
    uint64 placedAt;
    /// When an issuer minted; else zero.
    uint64 mintedAt;
}

/// @notice Who may mint an order now.
enum DrawState {
    /// The order is not pending.
    Closed,
    /// The archive group has posted no seed that was made after the order's block.
    Waiting,
    /// The node drawn may mint.
    Drawn,
    /// Nobody may mint any more: the order can be refunded.
    Lapsed
}

/// @notice The draw of an order's issuer, as it is now.
struct Draw {
    DrawState state;
    /// The node that may mint. Zero unless `state` is Drawn.
    uint256 node;
    /// 0 for the first node drawn, up to `ATTEMPTS - 1`.
    uint256 attempt;
    /// When this state ends at the latest, unix seconds. Zero when it does not.
    uint256 until;
}

/// @notice What an order would cost now.
struct Quote {
    /// In the stablecoin's smallest units.
    uint256 deposit;
    /// Micro-dollars of earlier holders that a resale's issuer burns for, too.
    uint64 carried;
    /// Whether there is a valid price for CoNET. Without one nobody can mint.
    bool priced;
    /// What the issuer would burn, in 10^-18 CoNET. Zero when not priced.
    uint256 burn;
    /// Micro-dollars that may still be issued in the archive group that the note would fall to. Less than the amount
    /// means that nobody can mint. Zero when not priced.
    uint256 groupRoom;
    /// The weight of all issuers, in units of `WEIGHT_UNIT`.
    uint256 totalWeight;
}

/// @title ICashOrders
/// @notice Orders for notes, and the issuers that mint them (white paper, *Issue CoNETCash*): order, draw, burn, mint.
/// @dev An order pays its deposit at once. Its issuer is drawn by the first seed that the archive group of the note's
///      chain makes after the order's block, weighted by free CoNET at the end of that block. Who does not mint within
///      `ISSUE_WINDOW` is skipped, for whatever reason: silence, too little CoNET, no stake, no valid price. That takes
///      no transaction, since it follows from the time alone. After `ATTEMPTS` different issuers, or when no seed comes
///      within `SEED_WINDOW`, anybody may send the buyer its deposit back. A buyer cannot take an order back before:
///      else it could draw again until it likes the issuer.
///
///      What this contract holds: the deposits of orders that are Pending or Cancelled, and all free CoNET.
interface ICashOrders is IIssuers {
    /// @notice An order was placed and paid for.
    /// @param order The order.
    /// @param buyer Who paid.
    /// @param note The note: the order's own id for a new one.
    /// @param stablecoin What was paid in.
    /// @param amount Micro-dollars.
    /// @param account The account on the note's chain that the deposit is for.
    /// @param group The archive group whose seed draws the issuer.
    event OrderPlaced(
        uint256 indexed order,
        address indexed buyer,
        uint256 indexed note,
        address stablecoin,
        uint64 amount,
        address account,
        uint32 group
    );

    /// @notice Who submitted a signed order got its fee.
    event RelayerPaid(uint256 indexed order, address indexed relayer, uint64 amount);

    /// @notice An issuer minted an order.
    /// @param order The order.
    /// @param note The note.
    /// @param issuerNode The node drawn.
    /// @param issuer Its owner.
    /// @param attempt Which of the nodes drawn it is, from 0.
    /// @param burn What it burned, in 10^-18 CoNET.
    event OrderMinted(
        uint256 indexed order,
        uint256 indexed note,
        uint256 indexed issuerNode,
        address issuer,
        uint256 attempt,
        uint256 burn
    );

    /// @notice An order was undone, because no genesis followed.
    event OrderCancelled(uint256 indexed order, uint256 indexed note);

    /// @notice A buyer has its deposit back.
    event OrderRefunded(uint256 indexed order, address indexed buyer, address stablecoin, uint64 amount);

    /// @notice A buyer made its unsubmitted signature worthless.
    event NonceCancelled(address indexed buyer, uint256 nonce);

    /// @notice No new notes now.
    error MintingPaused();

    /// @notice Not a stablecoin that notes are made of.
    error StablecoinNotApproved(address stablecoin);

    /// @notice The amount is out of bounds.
    /// @param amount Micro-dollars asked for.
    /// @param least The least.
    /// @param most The most.
    error AmountInvalid(uint64 amount, uint64 least, uint64 most);

    /// @notice An order needs an account.
    error AccountMissing();

    /// @notice No issuer has any weight.
    error NoIssuers();

    /// @notice The note is made of something else.
    /// @param note The note.
    /// @param stablecoin What it is made of.
    error StablecoinDiffers(uint256 note, address stablecoin);

    /// @notice The note's room is ordered already.
    /// @param note The note.
    /// @param order The order that waits.
    error NoteOrdered(uint256 note, uint256 order);

    /// @notice The stablecoin delivered something else than what was sent.
    /// @param expected What was sent, in its smallest units.
    /// @param found What arrived.
    error DeliveryInexact(uint256 expected, uint256 found);

    /// @notice The signature is not the buyer's over this order.
    error OrderSignatureInvalid(address buyer);

    /// @notice The order's deadline has passed.
    error OrderExpired(uint256 deadline);

    /// @notice The order is in another state.
    error OrderStatusWrong(uint256 order, OrderStatus status);

    /// @notice The draw is in another state.
    error DrawStateWrong(uint256 order, DrawState state);

    /// @notice The caller is neither the owner nor the wallet of the node drawn.
    error NotIssuer(uint256 order, uint256 node, address caller);

    /// @notice The genesis may still come.
    /// @param order The order.
    /// @param until The last second in which it may.
    error GenesisWindowOpen(uint256 order, uint256 until);

    /// @notice The note has a newer order.
    error OrderSuperseded(uint256 order, uint256 newer);

    /// @notice The smallest order for a new note: one dollar, in micro-dollars. Below it a chain costs its group more
    ///         than it brings.
    function MIN_ORDER() external view returns (uint64);

    /// @notice The largest order: 100 dollars.
    function MAX_ORDER() external view returns (uint64);

    /// @notice How long an order waits for a seed: 24 hours.
    function SEED_WINDOW() external view returns (uint256);

    /// @notice How long each issuer drawn has to mint, from the seed on: 1 hour.
    function ISSUE_WINDOW() external view returns (uint256);

    /// @notice How many different issuers are drawn for an order: 3.
    function ATTEMPTS() external view returns (uint256);

    /// @notice How long after the mint the genesis may come: 24 hours.
    function GENESIS_WINDOW() external view returns (uint256);

    /// @notice Orders a note for the caller. Takes the deposit at once: needs an allowance.
    /// @dev Emits `OrderPlaced`. Reverts with `MintingPaused`, `StablecoinNotApproved`, `AmountInvalid`,
    ///      `AccountMissing`, `NoIssuers`, `StablecoinDiffers`, `NoteOrdered` or `DeliveryInexact`.
    /// @param stablecoin An approved stablecoin.
    /// @param amount Micro-dollars: `MIN_ORDER` to `MAX_ORDER`. For a pooled note, at most its room.
    /// @param account The account on the note's chain that the deposit is for, and that gets the NFT. Not zero.
    /// @param note 0 for a new note, else a note in the pool.
    /// @return id The order. Ids start at 1 and grow by one.
    function order(address stablecoin, uint64 amount, address account, uint256 note)
        external
        returns (uint256 id);

    /// @notice Places an order that its buyer signed. Anyone may submit it, and gets the relayer fee.
    /// @dev As `order`, and emits `RelayerPaid`; reverts with `OrderExpired`, `OrderSignatureInvalid` or
    ///      `InvalidAccountNonce`, too. The permit may be one that somebody used already, or worthless when there is an
    ///      allowance: it counts for nothing by itself.
    /// @param order_ What the buyer signed.
    /// @param signature 65 bytes by the buyer's key, or what a contract accepts by ERC-1271.
    /// @param permit The buyer's ERC-2612 permit of the stablecoin for this contract, over amount and fee.
    function orderWithPermit(Order calldata order_, bytes calldata signature, Permit calldata permit)
        external
        returns (uint256 id);

    /// @notice Mints an order. Only the owner or the wallet of the node drawn now.
    /// @dev Burns 20% of the deposit, and of what a resale carries, from the node's free CoNET. Emits `OrderMinted`.
    ///      Reverts with `OrderStatusWrong`, `DrawStateWrong`, `NotIssuer`, `IssuerUnfit`, `FreeTooLow`, or with what
    ///      `ICash.issue` reverts with: no valid price, minting paused, too much at stake in the archive group.
    function mint(uint256 id) external;

    /// @notice Undoes a mint that no genesis followed within `GENESIS_WINDOW`: the burn goes back to the issuer, the
    ///         deposit to the buyer. Anyone may call.
    /// @dev Nobody is punished: who of a chain's group was silent is for the archive group's log to say. Emits
    ///      `OrderCancelled`, and `OrderRefunded` unless the stablecoin refuses to pay the buyer: then `refund` tries
    ///      again, and the issuer does not wait for it.
    function cancel(uint256 id) external;

    /// @notice Sends a lapsed or cancelled order's deposit back to its buyer. Anyone may call.
    /// @dev Emits `OrderRefunded`. Reverts with `OrderStatusWrong` or `DrawStateWrong`.
    function refund(uint256 id) external;

    /// @notice Consumes the caller's nonce, so that an order which it signed can no longer be placed.
    function cancelNonce() external;

    /// @notice The nonce that `buyer`'s next order must carry.
    function nonces(address buyer) external view returns (uint256);

    /// @notice How many orders were placed: the newest order's id.
    function orderCount() external view returns (uint256);

    /// @notice An order; `status` is None when there is none.
    function orderOf(uint256 id) external view returns (OrderRecord memory);

    /// @notice Orders from id `first` on; fewer than `limit` only at the end. Reverts with `PageTooLarge` above 100.
    /// @dev An order that is pending for more than `SEED_WINDOW` and `ATTEMPTS` times `ISSUE_WINDOW` has lapsed: who
    ///      looks for work reads back from the newest only so far.
    function orders(uint256 first, uint256 limit) external view returns (OrderRecord[] memory);

    /// @notice The last order for a note, or 0.
    function lastOrderFor(uint256 note) external view returns (uint256);

    /// @notice Who may mint an order now.
    function drawOf(uint256 id) external view returns (Draw memory);

    /// @notice What an order would cost now. Reverts as `order` would.
    function quote(address stablecoin, uint64 amount, uint256 note) external view returns (Quote memory);

    /// @notice The EIP-712 digest that the buyer has to sign.
    function orderDigest(Order calldata order_) external view returns (bytes32);
}
