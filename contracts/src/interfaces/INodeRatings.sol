// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {IArchiveGroups} from "./IArchiveGroups.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IWalletSigned} from "./IWalletSigned.sol";

/// @notice What a customer says about a node.
struct Rating {
    /// The node. It must be live.
    uint256 node;
    /// 1 (bad) to `MAX_STARS` (good; the white paper's *like*).
    uint8 stars;
    /// keccak256 of a text that is kept elsewhere; zero for none. Only the event carries it.
    bytes32 comment;
}

/// @notice What a customer paid to a node's wallet on one chain of the ledger expansion.
struct Payment {
    /// The note chain.
    bytes32 chain;
    /// The final block that shows the total.
    uint64 height;
    /// Micro-dollars (10^-6 USD) paid on that chain up to that block, all together.
    uint64 amount;
}

/// @notice A customer's rating as it counts now.
struct RatingRecord {
    /// Zero when there is none.
    uint8 stars;
    /// Micro-dollars: the most that was ever proven with a rating of this node by this payer, on one chain.
    uint64 paid;
    /// The block at which the newest proof was made, on its own chain.
    uint64 height;
    /// Block time, unix seconds.
    uint64 ratedAt;
}

/// @notice What all of a node's customers say. The mean is `stars / count`; weighted by payment, `weighted / paid`.
struct RatingSummary {
    /// How many wallets rated.
    uint32 count;
    /// The sum of their stars.
    uint40 stars;
    /// Micro-dollars: the sum of what they proved to have paid.
    uint72 paid;
    /// The sum of stars times micro-dollars.
    uint80 weighted;
}

/// @title INodeRatings
/// @notice Ratings of nodes by those who paid them (white paper, *Cloud Computing*: consumers can rate and like the
///         service of the supplier).
/// @dev EIP-712 domain: name "CoNET NodeRatings", version "1", the chain's id, this contract. Types:
///
///      Rating(uint256 node,uint8 stars,bytes32 comment,uint256 nonce,uint256 deadline)
///      Payment(bytes32 chain,uint64 height,address payer,address payee,uint64 amount,uint32 group,uint64 epoch)
///
///      Payments happen on note chains, which this contract cannot read: the archive group that keeps the chain
///      certifies `Payment`, where `payee` is the node's wallet. `Rating` is the payer's word, its own call or its
///      signature: a certificate alone would let a node rate itself with its customers' payments.
///
///      What this cannot do:
///      - Tell a customer from the node's own second wallet. Money that goes in a circle costs only the fees of its
///        transfers (0.05% at first): `MIN_PAYMENT` makes one false rating cost 1/2,000 of it, and a node's own wallet and
///        owner are refused only because that is free. Readers weigh by payers they know, or by `paid`.
///      - Keep a node from a fresh start: who retires a node and registers its wallet again has a new id without
///        ratings, good or bad. Ratings follow the id through sales.
///      - Keep a secret: a rating tells everybody that this wallet paid this node.
interface INodeRatings is IWalletSigned {
    /// @notice A customer rated a node, for the first time or again.
    /// @param node The node.
    /// @param payer The customer's wallet.
    /// @param stars Its stars.
    /// @param comment The hash of its text, or zero.
    /// @param payment What it proved now.
    /// @param record How it counts now.
    event NodeRated(
        uint256 indexed node,
        address indexed payer,
        uint8 stars,
        bytes32 comment,
        Payment payment,
        RatingRecord record
    );

    /// @notice Stars go from 1 to `most`.
    /// @param stars The number given.
    /// @param most `MAX_STARS`.
    error StarsInvalid(uint256 stars, uint256 most);

    /// @notice Too little was paid for a rating.
    /// @param amount What was paid, in micro-dollars.
    /// @param least `MIN_PAYMENT`.
    error PaymentTooSmall(uint256 amount, uint256 least);

    /// @notice A node's wallet and owner cannot rate it.
    /// @param node The node.
    /// @param payer Who tried.
    error OwnRating(uint256 node, address payer);

    /// @notice The most stars.
    function MAX_STARS() external view returns (uint8);

    /// @notice Micro-dollars that a payer must have paid a node, on one chain, to rate it: $1, what the white paper
    ///         lets a customer authorize to begin with.
    function MIN_PAYMENT() external view returns (uint64);

    /// @notice The nodes.
    function REGISTRY() external view returns (INodeRegistry);

    /// @notice Whose certificates count.
    function ARCHIVE_GROUPS() external view returns (IArchiveGroups);

    /// @notice Rates a node that the caller paid, or replaces the caller's rating of it.
    /// @dev Emits `NodeRated`. Reverts with `INodeRegistry.UnknownNode`, `StarsInvalid`, `PaymentTooSmall`, `OwnRating`
    ///      or as `IArchiveGroups.verifyFor`.
    /// @param rating What the caller says.
    /// @param payment What the caller paid the node's wallet.
    /// @param certificate Over `Payment`, by the group that keeps `payment.chain`.
    function rate(Rating calldata rating, Payment calldata payment, Certificate calldata certificate) external;

    /// @notice As `rate`, for a payer that signed and needs no gas. Anyone may submit it.
    /// @dev Consumes the payer's nonce. Reverts also with the errors of `IWalletSigned`.
    /// @param payer The customer's wallet.
    /// @param deadline The last second in which the signature counts.
    /// @param signature 65 bytes, by `payer` over `Rating` with its current nonce.
    function rateFor(
        address payer,
        Rating calldata rating,
        Payment calldata payment,
        Certificate calldata certificate,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice How `payer` rated a node. All zero when it did not.
    function ratingOf(uint256 node, address payer) external view returns (RatingRecord memory);

    /// @notice What all say about a node. All zero when nobody rated it.
    function summaryOf(uint256 node) external view returns (RatingSummary memory);

    /// @notice What a payer signs for `rateFor`, with its current nonce.
    function ratingDigest(address payer, Rating calldata rating, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice What an archive group's seats sign.
    /// @param payment The payment.
    /// @param payer Who paid.
    /// @param payee Who was paid: the node's wallet.
    /// @param group The group that signs.
    /// @param epoch Its epoch.
    function paymentDigest(Payment calldata payment, address payer, address payee, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);
}
