// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Certificate, RatingsBase} from "../integration/ratings/RatingsBase.sol";

/// @dev What ratings cost as transactions of their own, with a certificate of 7 of 10 seats.
/// forge-config: default.isolate = true
contract NodeRatingsGasTest is RatingsBase {
    function test_rate() public {
        rateAs(customer, 3, DOLLAR);
        Certificate memory certificate = proof(paid(DOLLAR), stranger);
        vm.prank(stranger);
        ratings.rate(stars(5), paid(DOLLAR), certificate);
        vm.snapshotGasLastCall("NodeRatings", "rate, first of a customer");
        vm.prank(stranger);
        ratings.rate(stars(4), paid(DOLLAR), certificate);
        vm.snapshotGasLastCall("NodeRatings", "rate, again");
        bytes memory signature = signRating(customerKey, customer, stars(1), soon());
        certificate = proof(paid(DOLLAR), customer);
        ratings.rateFor(customer, stars(1), paid(DOLLAR), certificate, soon(), signature);
        vm.snapshotGasLastCall("NodeRatings", "rateFor, again");
    }
}
