// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {RatingRecord, RatingSummary, RatingsBase} from "../integration/ratings/RatingsBase.sol";

/// @dev A few customers rate, by call and by signature, first and again, with larger and smaller proofs. This contract
///      is its own handler: it holds the keys.
contract NodeRatingsInvariants is RatingsBase {
    uint256 internal constant CUSTOMERS = 4;

    /// @dev What each said last, and the most that it ever proved.
    mapping(address payer => uint8) internal lastStars;
    mapping(address payer => uint64) internal mostPaid;

    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](2);
        selectors[0] = this.rate.selector;
        selectors[1] = this.rateBySignature.selector;
        targetSelector(FuzzSelector({addr: address(this), selectors: selectors}));
    }

    function rate(uint256 who, uint8 count, uint64 amount) external {
        (address payer,) = customerAt(who);
        (count, amount) = inBounds(count, amount);
        rateAs(payer, count, amount);
        remember(payer, count, amount);
    }

    function rateBySignature(uint256 who, uint8 count, uint64 amount) external {
        (address payer, uint256 key) = customerAt(who);
        (count, amount) = inBounds(count, amount);
        bytes memory signature = signRating(key, payer, stars(count), soon());
        ratings.rateFor(payer, stars(count), paid(amount), proof(paid(amount), payer), soon(), signature);
        remember(payer, count, amount);
    }

    /// @dev The sums are those of the ratings that count: nothing is counted twice, nothing is lost.
    function invariant_sumsAreThoseOfTheRatings() public view {
        uint256 count;
        uint256 sum;
        uint256 amount;
        uint256 weighted;
        for (uint256 i = 0; i < CUSTOMERS; ++i) {
            (address payer,) = customerAt(i);
            RatingRecord memory record = ratings.ratingOf(node, payer);
            assertEq(record.stars, lastStars[payer]);
            assertEq(record.paid, mostPaid[payer]);
            if (record.stars != 0) ++count;
            sum += record.stars;
            amount += record.paid;
            weighted += uint256(record.stars) * record.paid;
        }
        assertSummary(count, sum, amount, weighted);
        RatingSummary memory summary = ratings.summaryOf(node);
        assertLe(summary.weighted, uint256(summary.paid) * ratings.MAX_STARS());
    }

    function customerAt(uint256 who) private pure returns (address payer, uint256 key) {
        key = uint256(keccak256("customer")) + who % CUSTOMERS;
        payer = vm.addr(key);
    }

    function inBounds(uint8 count, uint64 amount) private pure returns (uint8, uint64) {
        return (uint8(bound(count, 1, 5)), uint64(bound(amount, DOLLAR, type(uint64).max)));
    }

    function remember(address payer, uint8 count, uint64 amount) private {
        lastStars[payer] = count;
        if (amount > mostPaid[payer]) mostPaid[payer] = amount;
    }
}
