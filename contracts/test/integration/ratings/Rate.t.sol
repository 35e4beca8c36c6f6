// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {
    Certificate,
    INodeRatings,
    INodeRegistry,
    Payment,
    RELAY,
    Rating,
    RatingRecord,
    RatingsBase
} from "./RatingsBase.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

contract RateTest is RatingsBase {
    function testFuzz_refusesStarsThatThereAreNot(uint8 count) public {
        vm.assume(count == 0 || count > 5);
        Certificate memory certificate = proof(paid(DOLLAR), customer);
        vm.expectRevert(abi.encodeWithSelector(INodeRatings.StarsInvalid.selector, count, 5));
        vm.prank(customer);
        ratings.rate(stars(count), paid(DOLLAR), certificate);
    }

    function testFuzz_refusesLessThanTheLeast(uint64 amount) public {
        amount = uint64(bound(amount, 0, DOLLAR - 1));
        Certificate memory certificate = proof(paid(amount), customer);
        vm.expectRevert(abi.encodeWithSelector(INodeRatings.PaymentTooSmall.selector, amount, DOLLAR));
        vm.prank(customer);
        ratings.rate(stars(5), paid(amount), certificate);
    }

    function test_refusesAnUnknownOrRetiredNode() public {
        Rating memory rating = stars(5);
        rating.node = 99;
        expectRefusal(rating, abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, 99));
        vm.prank(archiveOwner);
        registry.retire(node);
        expectRefusal(stars(5), abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, node));
    }

    function test_refusesTheNodesWalletAndOwner() public {
        address[2] memory own = [payee, archiveOwner];
        for (uint256 i = 0; i < own.length; ++i) {
            Certificate memory certificate = proof(paid(DOLLAR), own[i]);
            vm.expectRevert(abi.encodeWithSelector(INodeRatings.OwnRating.selector, node, own[i]));
            vm.prank(own[i]);
            ratings.rate(stars(5), paid(DOLLAR), certificate);
        }
    }

    /// @dev A payment to another node, by another customer, of another total, at another height, on another chain.
    function testFuzz_refusesACertificateOfAnotherPayment(uint256 field) public {
        Payment memory payment = paid(DOLLAR);
        Certificate memory certificate = proof(payment, customer);
        field = bound(field, 0, 4);
        if (field == 0) certificate = proofTo(payment, customer, stranger);
        else if (field == 1) certificate = proof(payment, stranger);
        else if (field == 2) payment.amount += 1;
        else if (field == 3) payment.height += 1;
        else payment.chain = keccak256("another note chain");
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        vm.prank(customer);
        ratings.rate(stars(5), payment, certificate);
    }

    /// @dev The customer's own certificate, but the caller is somebody else: nobody rates with another's payments.
    function test_refusesAnotherCustomersCertificate() public {
        Certificate memory certificate = proof(paid(DOLLAR), customer);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        vm.prank(stranger);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
    }

    function test_refusesACertificateForAnotherContractOrChain() public {
        Certificate memory certificate = proof(paid(DOLLAR), customer);
        vm.chainId(31_338);
        vm.expectPartialRevert(IArchiveGroups.SignatureInvalid.selector);
        vm.prank(customer);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
    }

    function test_refusesTooFewSigners() public {
        bytes32 digest = ratings.paymentDigest(paid(DOLLAR), customer, payee, ROOT_GROUP, 1);
        Certificate memory certificate = certifyAs(digest, ROOT_GROUP, 1, 0x3f);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.QuorumMissing.selector, 6, 7));
        vm.prank(customer);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
    }

    function test_refusesAnOldEpoch() public {
        Certificate memory certificate = proof(paid(DOLLAR), customer);
        handover(ROOT_GROUP, groups.members(ROOT_GROUP));
        skip(1 days + 1);
        vm.expectPartialRevert(IArchiveGroups.EpochNotCurrent.selector);
        vm.prank(customer);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
    }

    function testFuzz_counts(uint8 count, uint64 amount) public {
        count = uint8(bound(count, 1, 5));
        amount = uint64(bound(amount, DOLLAR, type(uint64).max));
        RatingRecord memory record =
            RatingRecord({stars: count, paid: amount, height: 7, ratedAt: uint64(block.timestamp)});
        Certificate memory certificate = proof(paid(amount), customer);
        vm.expectEmit(address(ratings));
        emit INodeRatings.NodeRated(node, customer, count, keccak256("swift"), paid(amount), record);
        vm.prank(customer);
        ratings.rate(stars(count), paid(amount), certificate);

        assertEq(abi.encode(ratings.ratingOf(node, customer)), abi.encode(record));
        assertSummary(1, count, amount, uint256(count) * amount);
    }

    function test_addsUpCustomers() public {
        rateAs(customer, 5, 3 * DOLLAR);
        rateAs(stranger, 2, DOLLAR);
        assertSummary(2, 7, 4 * DOLLAR, 17 * DOLLAR);
        assertEq(ratings.summaryOf(1).count, 0);
        assertEq(ratings.ratingOf(1, customer).stars, 0);
    }

    function testFuzz_replacesARating(uint8 first, uint8 second, uint64 less, uint64 more) public {
        first = uint8(bound(first, 1, 5));
        second = uint8(bound(second, 1, 5));
        less = uint64(bound(less, DOLLAR, type(uint64).max));
        more = uint64(bound(more, less, type(uint64).max));
        rateAs(stranger, 3, DOLLAR);
        rateAs(customer, first, less);
        skip(1 days);
        rateAs(customer, second, more);

        assertEq(ratings.ratingOf(node, customer).ratedAt, block.timestamp);
        assertSummary(
            2, 3 + uint256(second), uint256(DOLLAR) + more, 3 * uint256(DOLLAR) + uint256(second) * more
        );
    }

    /// @dev An older or smaller proof changes the stars, and takes nothing from what was proven before.
    function test_keepsTheLargestProof() public {
        rateAs(customer, 5, 9 * DOLLAR);
        rateAs(customer, 1, DOLLAR);
        assertSummary(1, 1, 9 * DOLLAR, 9 * DOLLAR);
    }

    function test_staysWithTheNodeThatIsSold() public {
        rateAs(customer, 4, DOLLAR);
        vm.prank(archiveOwner);
        IERC721(all.nodeRegistry).transferFrom(archiveOwner, stranger, node);
        assertSummary(1, 4, DOLLAR, 4 * DOLLAR);
    }

    function test_countsCertificatesOfTheGroupThatASplitGaveTheChain() public {
        uint256[] memory nodes = new uint256[](20);
        uint256[] memory seated = groups.members(ROOT_GROUP);
        for (uint256 i = 0; i < 20; ++i) {
            if (i < seated.length) {
                nodes[i] = seated[i];
                continue;
            }
            nodes[i] = newArchiveNode(2);
            join(nodes[i]);
        }
        step();
        seedNow(ROOT_GROUP, "seed");
        (uint32 left, uint32 right) = split(ROOT_GROUP, nodes);
        uint32 keeper = groups.groupOf(CHAIN);
        uint32 other = keeper == left ? right : left;
        skip(1 days + 1);

        bytes32 digest = ratings.paymentDigest(paid(DOLLAR), customer, payee, other, 1);
        Certificate memory certificate = certify(digest, other);
        vm.expectPartialRevert(IArchiveGroups.NotKeeper.selector);
        vm.prank(customer);
        ratings.rate(stars(5), paid(DOLLAR), certificate);

        digest = ratings.paymentDigest(paid(DOLLAR), customer, payee, keeper, 1);
        certificate = certify(digest, keeper);
        vm.prank(customer);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
        assertSummary(1, 5, DOLLAR, 5 * DOLLAR);
    }

    function test_statesItsLimits() public view {
        assertEq(ratings.MAX_STARS(), 5);
        assertEq(ratings.MIN_PAYMENT(), DOLLAR);
        assertEq(address(ratings.REGISTRY()), all.nodeRegistry);
        assertEq(address(ratings.ARCHIVE_GROUPS()), all.archiveGroups);
    }

    function expectRefusal(Rating memory rating, bytes memory refusal) private {
        Certificate memory certificate = proof(paid(DOLLAR), customer);
        vm.expectRevert(refusal);
        vm.prank(customer);
        ratings.rate(rating, paid(DOLLAR), certificate);
    }
}
