// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PriceStatus} from "../../src/interfaces/IGuardedPriceFeed.sol";
import {Mainchain} from "../Mainchain.sol";

/// @dev A source that says anything, at any pace, and anyone who updates. This contract is its own handler.
contract PriceFeedInvariants is Mainchain {
    /// @dev Units of 0.001%.
    uint256 internal constant WHOLE = 100_000;

    /// @dev Set when a call did what it must not.
    string internal violation;

    uint256 internal updates;

    function setUp() public override {
        super.setUp();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = this.report.selector;
        selectors[1] = this.wait.selector;
        selectors[2] = this.update.selector;
        targetSelector(FuzzSelector({addr: address(this), selectors: selectors}));
    }

    function report(uint256 way, int256 answer, uint256 age) external {
        if (way % 3 != 0) answer = int256(bound(uint256(answer), 1e4, 1e12));
        priceSource.set(answer);
        priceSource.setUpdatedAt(way % 5 == 0 ? block.timestamp - bound(age, 0, 2 hours) : 0);
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 3 hours));
    }

    function update() external {
        (uint256 before, uint64 since) = priceFeed.accepted();
        (bool ok,) = address(priceFeed).call(abi.encodeCall(priceFeed.update, ()));
        (uint256 later, uint64 time) = priceFeed.accepted();
        if (!ok) {
            if (later != before || time != since) violation = "a refused update changed the price";
            return;
        }
        ++updates;
        if (block.timestamp < since + priceFeed.INTERVAL()) violation = "two updates in one interval";
        (uint256 lowest, uint256 highest) = widest(before);
        if (later < lowest || later > highest) violation = "a price left the widest band";
    }

    /// @dev `price` answers with a price in the band, or with none: it never reverts, whatever the source says.
    function invariant_aValidPriceIsInTheBand() public view {
        (bool valid, uint256 price) = priceFeed.price();
        (PriceStatus status,,) = priceFeed.check();
        (uint256 lowest, uint256 highest) = priceFeed.band();
        assertEq(valid, status == PriceStatus.Valid);
        if (valid) {
            assertGe(price, lowest);
            assertLe(price, highest);
        } else {
            assertEq(price, 0);
        }
    }

    /// @dev No answer moves the accepted price further than five steps, nor to zero, nor more than once per interval.
    function invariant_theAcceptedPriceMovesInSteps() public view {
        (uint256 price,) = priceFeed.accepted();
        assertGt(price, 0);
        assertLe(price, priceFeed.MAX_PRICE());
        assertEq(violation, "");
    }

    /// @dev A handler that never updates would prove nothing.
    function afterInvariant() public view {
        assertGt(updates, 0, "no update was taken");
    }

    /// @dev Five steps up and down, with room for rounding.
    function widest(uint256 price) private view returns (uint256 lowest, uint256 highest) {
        (lowest, highest) = (price, price);
        for (uint256 i = 0; i < priceFeed.MAX_STEPS(); ++i) {
            highest = highest * (WHOLE + priceFeed.STEP()) / WHOLE + 1;
            lowest = lowest * WHOLE / (WHOLE + priceFeed.STEP());
        }
        lowest = lowest < 5 ? 0 : lowest - 5;
    }
}
