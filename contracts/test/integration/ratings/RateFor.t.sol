// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {Certificate, INodeRatings, Payment, Rating, RatingsBase} from "./RatingsBase.sol";

/// @dev The payer signs, and somebody else submits and pays for the gas: the node itself, for one.
contract RateForTest is RatingsBase {
    Certificate internal certificate;

    function setUp() public override {
        super.setUp();
        certificate = proof(paid(DOLLAR), customer);
    }

    function test_refusesAStrangersSignature() public {
        (, uint256 key) = makeAddrAndKey("stranger");
        expectInvalid(stars(5), signRating(key, customer, stars(5), soon()));
    }

    /// @dev The node changes one star into five.
    function testFuzz_refusesAnyChangeOfWhatWasSigned(uint256 field) public {
        Rating memory rating = stars(1);
        bytes memory signature = signRating(customerKey, customer, rating, soon());
        field = bound(field, 0, 2);
        if (field == 0) rating.stars = 5;
        else if (field == 1) rating.comment = keccak256("slow");
        else rating.node = 1;
        expectInvalid(rating, signature);
    }

    function test_refusesASecondUse() public {
        bytes memory signature = signRating(customerKey, customer, stars(1), soon());
        submit(stars(1), soon(), signature);
        // The customer has changed its mind; who has the old words cannot bring them back.
        rateAs(customer, 5, DOLLAR);
        expectInvalid(stars(1), signature);
        assertSummary(1, 5, DOLLAR, 5 * DOLLAR);
    }

    function test_refusesACancelledSignature() public {
        bytes memory signature = signRating(customerKey, customer, stars(1), soon());
        vm.prank(customer);
        ratings.cancelNonce();
        expectInvalid(stars(1), signature);
    }

    function test_refusesASignatureForAnotherChain() public {
        bytes memory signature = signRating(customerKey, customer, stars(1), soon());
        vm.chainId(31_338);
        expectInvalid(stars(1), signature);
    }

    function testFuzz_refusesDeadlinesThatPassedOrAreFar(uint256 deadline) public {
        uint256 latest = block.timestamp + 400 days;
        deadline = deadline % 2 == 0
            ? bound(deadline, 0, block.timestamp - 1)
            : bound(deadline, latest + 1, type(uint256).max);
        bytes memory signature = signRating(customerKey, customer, stars(5), deadline);
        vm.expectRevert(
            deadline < block.timestamp
                ? abi.encodeWithSelector(IWalletSigned.DeadlinePassed.selector, deadline)
                : abi.encodeWithSelector(IWalletSigned.DeadlineTooFar.selector, deadline, latest)
        );
        submit(stars(5), deadline, signature);
    }

    function test_countsAsThePayersOwnCall() public {
        bytes memory signature = signRating(customerKey, customer, stars(4), soon());
        submit(stars(4), soon(), signature);
        assertEq(ratings.ratingOf(node, customer).stars, 4);
        assertEq(ratings.ratingOf(node, stranger).stars, 0);
        assertEq(ratings.nonces(customer), 1);
        assertSummary(1, 4, DOLLAR, 4 * DOLLAR);
    }

    /// @dev The struct hashes as EIP-712 says, made here a second time.
    function test_signsWhatTheInterfaceSays() public view {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET NodeRatings"),
                keccak256("1"),
                block.chainid,
                address(ratings)
            )
        );
        bytes32 rating = keccak256(
            abi.encode(
                keccak256("Rating(uint256 node,uint8 stars,bytes32 comment,uint256 nonce,uint256 deadline)"),
                node,
                uint256(3),
                keccak256("swift"),
                uint256(0),
                uint256(5)
            )
        );
        assertEq(
            ratings.ratingDigest(customer, stars(3), 5),
            keccak256(abi.encodePacked(hex"1901", domain, rating))
        );
        bytes32 payment = keccak256(
            abi.encode(
                keccak256(
                    "Payment(bytes32 chain,uint64 height,address payer,address payee,uint64 amount,uint32 group,uint64 epoch)"
                ),
                CHAIN,
                uint256(7),
                customer,
                payee,
                uint256(DOLLAR),
                uint256(1),
                uint256(2)
            )
        );
        assertEq(
            ratings.paymentDigest(paid(DOLLAR), customer, payee, 1, 2),
            keccak256(abi.encodePacked(hex"1901", domain, payment))
        );
    }

    function submit(Rating memory rating, uint256 deadline, bytes memory signature) private {
        vm.prank(stranger);
        ratings.rateFor(customer, rating, paid(DOLLAR), certificate, deadline, signature);
    }

    function expectInvalid(Rating memory rating, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, customer));
        submit(rating, soon(), signature);
    }
}
