// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {
    INodeRatings,
    Payment,
    Rating,
    RatingRecord,
    RatingSummary
} from "../../../src/interfaces/INodeRatings.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {NodeRatings} from "../../../src/network/NodeRatings.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {RELAY} from "../../../src/types/Roles.sol";
import {Archive} from "../../Archive.sol";

/// @dev Ratings of one relay, whose customers' payments a real archive group certifies.
abstract contract RatingsBase is Archive {
    uint64 internal constant DOLLAR = 1_000_000;
    bytes32 internal constant CHAIN = keccak256("a note chain");

    NodeRatings internal ratings;
    INodeRegistry internal registry;

    /// @dev The rated node, and its wallet.
    uint256 internal node;
    address internal payee;

    address internal customer;
    uint256 internal customerKey;
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual override {
        super.setUp();
        ratings = NodeRatings(addressOf("NodeRatings"));
        registry = INodeRegistry(all.nodeRegistry);
        node = newNode(RELAY);
        payee = registry.walletOf(node);
        (customer, customerKey) = makeAddrAndKey("customer");
    }

    function paid(uint64 amount) internal pure returns (Payment memory) {
        return Payment({chain: CHAIN, height: 7, amount: amount});
    }

    function stars(uint8 count) internal view returns (Rating memory) {
        return Rating({node: node, stars: count, comment: keccak256("swift")});
    }

    /// @dev What the archive group signs when it is true.
    function proof(Payment memory payment, address payer) internal view returns (Certificate memory) {
        return proofTo(payment, payer, payee);
    }

    function proofTo(Payment memory payment, address payer, address to)
        internal
        view
        returns (Certificate memory)
    {
        uint64 epoch = groups.epochOf(ROOT_GROUP);
        return certify(ratings.paymentDigest(payment, payer, to, ROOT_GROUP, epoch), ROOT_GROUP);
    }

    function rateAs(address payer, uint8 count, uint64 amount) internal {
        Certificate memory certificate = proof(paid(amount), payer);
        vm.prank(payer);
        ratings.rate(stars(count), paid(amount), certificate);
    }

    function signRating(uint256 key, address payer, Rating memory rating, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, ratings.ratingDigest(payer, rating, deadline));
        return abi.encodePacked(r, s, v);
    }

    function soon() internal view returns (uint256) {
        return block.timestamp + 10 minutes;
    }

    function assertSummary(uint256 count, uint256 sum, uint256 amount, uint256 weighted) internal view {
        RatingSummary memory summary = ratings.summaryOf(node);
        assertEq(summary.count, count, "count");
        assertEq(summary.stars, sum, "stars");
        assertEq(summary.paid, amount, "paid");
        assertEq(summary.weighted, weighted, "weighted");
    }
}
