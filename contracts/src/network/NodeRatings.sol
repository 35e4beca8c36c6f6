// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../interfaces/IArchiveGroups.sol";
import {INodeRatings, Payment, Rating, RatingRecord, RatingSummary} from "../interfaces/INodeRatings.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {WalletSigned} from "../signed/WalletSigned.sol";
import {Certificate} from "../types/Certificate.sol";
import {Contracts} from "../types/Contracts.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title NodeRatings
/// @notice What customers say about nodes that they paid. See `INodeRatings`.
contract NodeRatings is INodeRatings, WalletSigned {
    using SafeCast for uint256;

    bytes32 private constant RATING_TYPEHASH =
        keccak256("Rating(uint256 node,uint8 stars,bytes32 comment,uint256 nonce,uint256 deadline)");

    bytes32 private constant PAYMENT_TYPEHASH = keccak256(
        "Payment(bytes32 chain,uint64 height,address payer,address payee,uint64 amount,uint32 group,uint64 epoch)"
    );

    /// @inheritdoc INodeRatings
    uint8 public constant MAX_STARS = 5;

    /// @inheritdoc INodeRatings
    uint64 public constant MIN_PAYMENT = 1_000_000;

    /// @inheritdoc INodeRatings
    INodeRegistry public immutable REGISTRY;

    /// @inheritdoc INodeRatings
    IArchiveGroups public immutable ARCHIVE_GROUPS;

    mapping(uint256 node => mapping(address payer => RatingRecord)) private _ratings;

    mapping(uint256 node => RatingSummary) private _summaries;

    constructor(Contracts memory contracts) EIP712("CoNET NodeRatings", "1") {
        REGISTRY = INodeRegistry(contracts.nodeRegistry);
        ARCHIVE_GROUPS = IArchiveGroups(contracts.archiveGroups);
    }

    /// @inheritdoc INodeRatings
    function rate(Rating calldata rating, Payment calldata payment, Certificate calldata certificate)
        external
    {
        _rate(msg.sender, rating, payment, certificate);
    }

    /// @inheritdoc INodeRatings
    function rateFor(
        address payer,
        Rating calldata rating,
        Payment calldata payment,
        Certificate calldata certificate,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _checkSignature(payer, _hashRating(rating, nonces[payer], deadline), deadline, signature);
        _useNonce(payer);
        _rate(payer, rating, payment, certificate);
    }

    /// @inheritdoc INodeRatings
    function ratingOf(uint256 node, address payer) external view returns (RatingRecord memory) {
        return _ratings[node][payer];
    }

    /// @inheritdoc INodeRatings
    function summaryOf(uint256 node) external view returns (RatingSummary memory) {
        return _summaries[node];
    }

    /// @inheritdoc INodeRatings
    function ratingDigest(address payer, Rating calldata rating, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashRating(rating, nonces[payer], deadline));
    }

    /// @inheritdoc INodeRatings
    function paymentDigest(Payment calldata payment, address payer, address payee, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    PAYMENT_TYPEHASH,
                    payment.chain,
                    payment.height,
                    payer,
                    payee,
                    payment.amount,
                    group,
                    epoch
                )
            )
        );
    }

    function _rate(
        address payer,
        Rating calldata rating,
        Payment calldata payment,
        Certificate calldata certificate
    ) private {
        if (rating.stars == 0 || rating.stars > MAX_STARS) {
            revert StarsInvalid(rating.stars, MAX_STARS);
        }
        if (payment.amount < MIN_PAYMENT) revert PaymentTooSmall(payment.amount, MIN_PAYMENT);
        _checkPaid(payer, rating.node, payment, certificate);

        RatingRecord memory before = _ratings[rating.node][payer];
        RatingRecord memory record = RatingRecord({
            stars: rating.stars,
            // Totals of several chains cannot be added up: the same money may have been on each of them.
            paid: payment.amount > before.paid ? payment.amount : before.paid,
            height: payment.height,
            ratedAt: block.timestamp.toUint64()
        });
        _ratings[rating.node][payer] = record;
        _replace(_summaries[rating.node], before, record);

        emit NodeRated(rating.node, payer, rating.stars, rating.comment, payment, record);
    }

    /// @dev Takes the old record out of the sums (nothing, at first) and adds the new one.
    function _replace(RatingSummary storage summary, RatingRecord memory before, RatingRecord memory record)
        private
    {
        if (before.stars == 0) ++summary.count;
        summary.stars = summary.stars - before.stars + record.stars;
        summary.paid = summary.paid - before.paid + record.paid;
        summary.weighted = summary.weighted - _weight(before) + _weight(record);
    }

    /// @dev Reverts unless the group that keeps the chain says that `payer` paid the node's wallet.
    function _checkPaid(
        address payer,
        uint256 node,
        Payment calldata payment,
        Certificate calldata certificate
    ) private view {
        address payee = REGISTRY.walletOf(node);
        if (payee == address(0)) revert INodeRegistry.UnknownNode(node);
        if (payer == payee || payer == REGISTRY.ownerOf(node)) revert OwnRating(node, payer);
        bytes32 digest = paymentDigest(payment, payer, payee, certificate.group, certificate.epoch);
        // Every chain was given to the root group or to what it split into.
        ARCHIVE_GROUPS.verifyFor(payment.chain, ROOT_GROUP, digest, certificate);
    }

    function _weight(RatingRecord memory record) private pure returns (uint80) {
        return uint80(record.stars) * record.paid;
    }

    function _hashRating(Rating calldata rating, uint256 nonce, uint256 deadline)
        private
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(RATING_TYPEHASH, rating.node, rating.stars, rating.comment, nonce, deadline)
        );
    }
}
