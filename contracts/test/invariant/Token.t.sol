// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Allocation} from "../../src/interfaces/IConetToken.sol";
import {ConetToken} from "../../src/token/ConetToken.sol";
import {ConetTokenBase} from "../../src/token/ConetTokenBase.sol";
import {NativeConetToken} from "../../src/token/NativeConetToken.sol";
import {TokenHandler} from "./TokenHandler.sol";
import {Test} from "forge-std/Test.sol";

abstract contract TokenInvariants is Test {
    uint256 internal constant GENESIS = 500_000_000e18;

    ConetTokenBase internal token;
    TokenHandler internal handler;
    uint256 internal start;

    function target(bytes4[] memory selectors) internal {
        start = block.timestamp;
        targetContract(address(handler));
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function common(uint256 more) internal view returns (bytes4[] memory selectors) {
        selectors = new bytes4[](8 + more);
        selectors[0] = handler.transfer.selector;
        selectors[1] = handler.permit.selector;
        selectors[2] = handler.delegate.selector;
        selectors[3] = handler.burn.selector;
        selectors[4] = handler.burnForReissue.selector;
        selectors[5] = handler.reissue.selector;
        selectors[6] = handler.reissueTooMuch.selector;
        selectors[7] = handler.wait.selector;
    }

    /// @dev What holders have adds up to the total supply.
    function invariant_balancesAddUp() public view {
        uint256 sum;
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            sum += token.balanceOf(handler.holders(i));
        }
        assertEq(sum, token.totalSupply());
    }

    /// @dev What is burned is what was burned for good and what may come back.
    function invariant_burnedAddsUp() public view {
        uint256 sum = handler.burned();
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            address holder = handler.holders(i);
            assertEq(token.reissuable(holder), handler.backed(holder));
            sum += token.reissuable(holder);
        }
        assertEq(sum, token.totalBurned());
    }

    /// @dev Votes are tokens that someone delegated, each once.
    function invariant_votesAreDelegatedTokens() public view {
        uint256 votes;
        uint256 delegated;
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            address holder = handler.holders(i);
            votes += token.getVotes(holder);
            if (token.delegates(holder) != address(0)) delegated += token.balanceOf(holder);
        }
        assertEq(votes, delegated);
    }

    /// @dev The quorum's base of the past second is all that was not burned.
    function invariant_thePastTotalNeverExceedsGenesis() public {
        vm.warp(block.timestamp + 1);
        assertEq(token.getPastTotalSupply(block.timestamp - 1), GENESIS - token.totalBurned());
        assertEq(token.getPastTotalSupply(start - 1), GENESIS);
    }
}

contract ConetTokenInvariants is TokenInvariants {
    function setUp() public {
        vm.warp(1_800_000_000);
        Allocation[] memory genesis = new Allocation[](1);
        genesis[0] = Allocation({account: address(this), amount: GENESIS});
        ConetToken plain = new ConetToken(genesis);
        token = plain;
        handler = new TokenHandler(token, false);
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            assertTrue(plain.transfer(handler.holders(i), GENESIS / 5));
        }
        target(common(0));
    }

    /// @dev Nothing is made, nothing is lost.
    function invariant_supplyIsGenesis() public view {
        assertEq(token.totalSupply() + token.totalBurned(), GENESIS);
    }
}

contract NativeConetTokenInvariants is TokenInvariants {
    NativeConetToken internal native;

    function setUp() public {
        vm.warp(1_800_000_000);
        native = new NativeConetToken();
        token = native;
        handler = new TokenHandler(token, true);
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            vm.deal(handler.holders(i), GENESIS / 5);
        }
        bytes4[] memory selectors = common(4);
        selectors[8] = handler.deposit.selector;
        selectors[9] = handler.withdraw.selector;
        selectors[10] = handler.force.selector;
        selectors[11] = handler.deposit.selector; // twice as often: all else needs wrapped coins
        target(selectors);
    }

    /// @dev One supply: wrapped, burned and unwrapped coins are the 500 million.
    function invariant_supplyIsGenesis() public view {
        assertEq(token.totalSupply() + token.totalBurned() + native.unwrapped(), GENESIS);
    }

    /// @dev What is not in here is in the holders' hands: no coin is lost or made on the way.
    function invariant_unwrappedIsWhatHoldersHave() public view {
        uint256 sum;
        for (uint256 i = 0; i < handler.holderCount(); ++i) {
            sum += handler.holders(i).balance;
        }
        assertEq(native.unwrapped(), sum);
    }

    /// @dev Every token, and every one that may come back, has its coin.
    function invariant_everyTokenIsBacked() public view {
        assertEq(address(token).balance, token.totalSupply() + token.totalBurned() + handler.forced());
    }
}
