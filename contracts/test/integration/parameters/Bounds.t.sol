// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {ChainClass} from "../../../src/types/Chains.sol";
import {ROLE_COUNT, Roles} from "../../../src/types/Roles.sol";
import {Mainchain} from "../../Mainchain.sol";

/// @dev No vote takes a number out of its bounds, and each within is taken.
contract ParametersBoundsTest is Mainchain {
    function setUp() public override {
        super.setUp();
        vm.startPrank(all.timelock);
    }

    function testFuzz_transferFeeRate(uint32 rate) public {
        rate = narrow(rate, 500);
        uint32 previous = parameters.transferFeeRate();
        bool accepted = expectBounds(0, 500, rate);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.TransferFeeRateSet(previous, rate);
        }
        parameters.setTransferFeeRate(rate);
        assertEq(parameters.transferFeeRate(), accepted ? rate : previous);
    }

    function testFuzz_exitFeeRate(uint32 rate) public {
        rate = narrow(rate, 1000);
        uint32 previous = parameters.exitFeeRate();
        bool accepted = expectBounds(0, 1000, rate);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.ExitFeeRateSet(previous, rate);
        }
        parameters.setExitFeeRate(rate);
        assertEq(parameters.exitFeeRate(), accepted ? rate : previous);
    }

    function testFuzz_dleGasPrice(uint64 price) public {
        price = uint64(narrow(price, 10_000));
        uint64 previous = parameters.dleGasPrice();
        bool accepted = expectBounds(0, 10_000, price);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.DleGasPriceSet(previous, price);
        }
        parameters.setDleGasPrice(price);
        assertEq(parameters.dleGasPrice(), accepted ? price : previous);
    }

    function testFuzz_minimumStake(uint256 roleBit, uint256 stake) public {
        Roles role = Roles.wrap(uint16(1 << bound(roleBit, 0, ROLE_COUNT - 1)));
        if (stake % 2 == 0) stake = bound(stake, 1e18, 5_000_000e18);
        uint256 previous = parameters.minimumStake(role);
        bool accepted = expectBounds(1e18, 5_000_000e18, stake);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.MinimumStakeSet(role, previous, stake);
        }
        parameters.setMinimumStake(role, stake);
        assertEq(parameters.minimumStake(role), accepted ? stake : previous);
    }

    function testFuzz_minimumStakeRefusesWhatIsNotOneRole(uint16 mask) public {
        Roles roles = Roles.wrap(mask);
        if (roles.isSingle()) return;
        bytes memory problem = abi.encodeWithSelector(IParameters.NotOneRole.selector, roles);
        vm.expectRevert(problem);
        parameters.setMinimumStake(roles, 1e18);
        vm.expectRevert(problem);
        parameters.minimumStake(roles);
    }

    function testFuzz_rentPerDay(bool storage_, uint64 rent) public {
        rent = uint64(narrow(rent, 10_000));
        ChainClass class = storage_ ? ChainClass.Storage : ChainClass.Asset;
        uint64 previous = parameters.rentPerDay(class);
        bool accepted = expectBounds(0, 10_000, rent);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.RentPerDaySet(class, previous, rent);
        }
        parameters.setRentPerDay(class, rent);
        assertEq(parameters.rentPerDay(class), accepted ? rent : previous);
    }

    function testFuzz_nameFee(uint256 length, uint256 fee) public {
        length = bound(length, 1, 5);
        if (fee % 2 == 0) fee = bound(fee, 0.01e18, 100_000e18);
        uint256 previous = parameters.nameFee(length);
        bool accepted = expectBounds(0.01e18, 100_000e18, fee);
        if (accepted) {
            vm.expectEmit(address(parameters));
            emit IParameters.NameFeeSet(length, previous, fee);
        }
        parameters.setNameFee(length, fee);
        assertEq(parameters.nameFee(length), accepted ? fee : previous);
    }

    function testFuzz_nameFeeRefusesUnknownClasses(uint256 length) public {
        if (length != 0) length = bound(length, 6, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IParameters.UnknownNameLength.selector, length));
        parameters.setNameFee(length, 1e18);
    }

    function testFuzz_longNamesShareAFee(uint256 length) public {
        length = bound(length, 5, type(uint256).max);
        parameters.setNameFee(5, 7e18);
        assertEq(parameters.nameFee(length), 7e18);
    }

    function test_noNameIsEmpty() public {
        vm.expectRevert(abi.encodeWithSelector(IParameters.UnknownNameLength.selector, 0));
        parameters.nameFee(0);
    }

    function test_edges() public {
        parameters.setTransferFeeRate(500);
        parameters.setTransferFeeRate(0);
        expectBounds(0, 500, 501);
        parameters.setTransferFeeRate(501);
        parameters.setExitFeeRate(1000);
        expectBounds(0, 1000, 1001);
        parameters.setExitFeeRate(1001);
        parameters.setDleGasPrice(10_000);
        expectBounds(0, 10_000, 10_001);
        parameters.setDleGasPrice(10_001);
        expectBounds(1e18, 5_000_000e18, 0);
        parameters.setMinimumStake(Roles.wrap(1), 0);
        expectBounds(1e18, 5_000_000e18, 1e18 - 1);
        parameters.setMinimumStake(Roles.wrap(1), 1e18 - 1);
        expectBounds(1e18, 5_000_000e18, 5_000_000e18 + 1);
        parameters.setMinimumStake(Roles.wrap(1), 5_000_000e18 + 1);
        expectBounds(0, 10_000, 10_001);
        parameters.setRentPerDay(ChainClass.Asset, 10_001);
        expectBounds(0.01e18, 100_000e18, 0);
        parameters.setNameFee(1, 0);
        expectBounds(0.01e18, 100_000e18, 100_000e18 + 1);
        parameters.setNameFee(1, 100_000e18 + 1);
    }

    function test_nameFeesBurned() public {
        vm.expectEmit(address(parameters));
        emit IParameters.NameFeesBurnedSet(false, true);
        parameters.setNameFeesBurned(true);
        assertTrue(parameters.nameFeesBurned());
        parameters.setNameFeesBurned(false);
        assertFalse(parameters.nameFeesBurned());
    }

    function test_boundsAreReadable() public view {
        assertEq(parameters.MAX_TRANSFER_FEE_RATE(), 500);
        assertEq(parameters.MAX_EXIT_FEE_RATE(), 1000);
        assertEq(parameters.MAX_DLE_GAS_PRICE(), 10_000);
        assertEq(parameters.MIN_STAKE(), 1e18);
        assertEq(parameters.MAX_STAKE(), 5_000_000e18);
        assertEq(parameters.MAX_RENT_PER_DAY(), 10_000);
        assertEq(parameters.MIN_NAME_FEE(), 0.01e18);
        assertEq(parameters.MAX_NAME_FEE(), 100_000e18);
        assertEq(parameters.NAME_CLASSES(), 5);
        assertEq(parameters.MAX_STABLECOINS(), 32);
        assertEq(parameters.MAX_LISTED_ASSETS(), 1000);
    }

    /// @dev Half of the values within the bounds, the others as they come.
    function narrow(uint256 value, uint32 most) private pure returns (uint32) {
        return uint32(value % 2 == 0 ? value % (uint256(most) + 1) : value % type(uint32).max);
    }

    /// @dev Expects a revert for what is out of bounds; says whether it is within.
    function expectBounds(uint256 least, uint256 most, uint256 found) private returns (bool within) {
        within = found >= least && found <= most;
        if (!within) {
            vm.expectRevert(abi.encodeWithSelector(IParameters.OutOfBounds.selector, least, most, found));
        }
    }
}
