// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "../../../src/governance/Parameters.sol";
import {IParameters, ParametersGenesis, ParametersSnapshot} from "../../../src/interfaces/IParameters.sol";
import {IPriceFeed} from "../../../src/interfaces/IPriceFeed.sol";
import {ChainClass} from "../../../src/types/Chains.sol";
import {AGENT, ARCHIVE, COMPUTE, CREATOR, RELAY, VALIDATOR, WITNESS} from "../../../src/types/Roles.sol";
import {Mainchain} from "../../Mainchain.sol";

contract ParametersGenesisTest is Mainchain {
    function test_refusesWhatAVoteCouldNotSet() public {
        ParametersGenesis memory genesis = start();
        genesis.stablecoins[0] = address(this);
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotAStablecoin.selector, address(this)));
        new Parameters(all, genesis);

        genesis = start();
        genesis.priceFeed = IPriceFeed(address(usd6));
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotAPriceFeed.selector, address(usd6)));
        new Parameters(all, genesis);
    }

    function test_startsWithThePapersNumbers() public view {
        assertEq(parameters.transferFeeRate(), 50); // 0.05%
        assertEq(parameters.exitFeeRate(), 200); // 0.2%
        assertEq(parameters.dleGasPrice(), 1);
        assertFalse(parameters.mintingPaused());
        assertFalse(parameters.nameFeesBurned());
        assertEq(parameters.guardian(), guardian);
        assertEq(address(parameters.priceFeed()), address(priceFeed));
        assertEq(parameters.stablecoinScale(address(usd6)), 1);
        assertEq(parameters.stablecoinScale(address(usd18)), 1e12);
        assertEq(parameters.stablecoinScale(address(token)), 0);
        assertEq(parameters.minimumStake(RELAY), 10_000e18);
        assertEq(parameters.minimumStake(AGENT), 10_000e18);
        assertEq(parameters.minimumStake(ARCHIVE), 100_000e18);
        assertEq(parameters.minimumStake(WITNESS), 1000e18);
        assertEq(parameters.minimumStake(VALIDATOR), 1000e18);
        assertEq(parameters.minimumStake(CREATOR), 2000e18);
        assertEq(parameters.minimumStake(COMPUTE), 10_000e18);
    }

    function test_snapshotSaysAll() public {
        vm.startPrank(all.timelock);
        parameters.listAsset("eip155:1/slip44:60");
        parameters.setNameFeesBurned(true);
        parameters.pauseMinting();
        parameters.setTransferFeeRate(60);
        parameters.setExitFeeRate(210);
        parameters.setDleGasPrice(2);
        parameters.setMinimumStake(COMPUTE, 3e18);
        parameters.setNameFee(2, 4e18);
        parameters.setRentPerDay(ChainClass.Storage, 5);

        ParametersSnapshot memory now_ = parameters.snapshot();
        assertEq(now_.guardian, guardian);
        assertEq(address(now_.priceFeed), address(priceFeed));
        assertTrue(now_.mintingPaused);
        assertTrue(now_.nameFeesBurned);
        assertEq(now_.transferFeeRate, 60);
        assertEq(now_.exitFeeRate, 210);
        assertEq(now_.dleGasPrice, 2);
        assertEq(now_.rentPerDay[0], 30);
        assertEq(now_.rentPerDay[1], 5);
        assertEq(now_.minimumStake[0], 10_000e18);
        assertEq(now_.minimumStake[2], 100_000e18);
        assertEq(now_.minimumStake[6], 3e18);
        for (uint256 i = 0; i < 5; ++i) {
            assertEq(now_.nameFee[i], parameters.nameFee(i + 1));
        }
        assertEq(now_.nameFee[1], 4e18);
        assertEq(now_.stablecoins.length, 2);
        assertEq(now_.stablecoins[0], address(usd6));
        assertEq(now_.listedAssetCount, 1);
    }

    function test_priceFeedMustAnswer() public {
        address[4] memory wrong =
            [makeAddr("nobody"), address(0), address(priceSource), address(new HalfAFeed())];
        vm.startPrank(all.timelock);
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IParameters.NotAPriceFeed.selector, wrong[i]));
            parameters.setPriceFeed(IPriceFeed(wrong[i]));
        }
        IPriceFeed notABool = IPriceFeed(address(new NotABool()));
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotAPriceFeed.selector, address(notABool)));
        parameters.setPriceFeed(notABool);
    }

    /// @dev "No price now" is an answer: a feed may be set before its source has begun.
    function test_priceFeedMayHaveNoPrice() public {
        IPriceFeed none = new NoPrice();
        vm.expectEmit(address(parameters));
        emit IParameters.PriceFeedSet(priceFeed, none);
        vm.prank(all.timelock);
        parameters.setPriceFeed(none);
        assertEq(address(parameters.priceFeed()), address(none));
    }

    function start() private view returns (ParametersGenesis memory genesis) {
        genesis.guardian = guardian;
        genesis.priceFeed = priceFeed;
        genesis.stablecoins = new address[](1);
        genesis.stablecoins[0] = address(usd6);
    }
}

contract NoPrice is IPriceFeed {
    function price() external pure returns (bool, uint256) {
        return (false, 0);
    }
}

contract NotABool {
    function price() external pure returns (uint256, uint256) {
        return (2, 1);
    }
}

contract HalfAFeed {
    function price() external pure returns (bool) {
        return true;
    }
}
