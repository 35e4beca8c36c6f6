// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetTokenBase} from "../../../src/token/ConetTokenBase.sol";
import {NativeConetToken} from "../../../src/token/NativeConetToken.sol";
import {Mainchain} from "../../Mainchain.sol";

/// @dev Both forms of the token, each with a million in Alice's hands. What both do is tested on both.
abstract contract TokenBase is Mainchain {
    uint256 internal constant GENESIS = 500_000_000e18;
    uint256 internal constant MILLION = 1_000_000e18;

    NativeConetToken internal native;
    ConetTokenBase[2] internal both;

    address internal alice;
    uint256 internal aliceKey;
    address internal bob = makeAddr("bob");
    address internal carol = makeAddr("carol");

    function setUp() public virtual override {
        super.setUp();
        (alice, aliceKey) = makeAddrAndKey("alice");
        native = new NativeConetToken();
        both = [ConetTokenBase(token), ConetTokenBase(native)];
        assertTrue(token.transfer(alice, MILLION));
        vm.deal(address(this), GENESIS);
        native.depositTo{value: MILLION}(alice);
    }

    function assertSupply(ConetTokenBase of_) internal view {
        uint256 unwrapped = address(of_) == address(native) ? native.unwrapped() : 0;
        assertEq(of_.totalSupply() + of_.totalBurned() + unwrapped, GENESIS);
    }

    receive() external payable {}
}
