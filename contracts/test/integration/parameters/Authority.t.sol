// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {ChainClass} from "../../../src/types/Chains.sol";
import {RELAY} from "../../../src/types/Roles.sol";
import {Mainchain} from "../../Mainchain.sol";

/// @dev Who may do what. Every setter there is stands in `setters`.
contract ParametersAuthorityTest is Mainchain {
    address internal stranger = makeAddr("stranger");

    function test_onlyTheTimelockSets() public {
        address[5] memory callers = [stranger, guardian, address(this), all.governor, address(parameters)];
        bytes[] memory calls = setters();
        for (uint256 c = 0; c < calls.length; ++c) {
            for (uint256 i = 0; i < callers.length; ++i) {
                vm.expectRevert(abi.encodeWithSelector(IParameters.NotTimelock.selector, callers[i]));
                vm.prank(callers[i]);
                (bool success,) = address(parameters).call(calls[c]);
                assertTrue(success); // of expectRevert
            }
        }
    }

    function test_theTimelockSetsAll() public {
        bytes[] memory calls = setters();
        vm.prank(guardian);
        parameters.pauseMinting();
        for (uint256 c = 0; c < calls.length; ++c) {
            vm.prank(all.timelock);
            (bool success,) = address(parameters).call(calls[c]);
            assertTrue(success, vm.toString(c));
        }
        assertEq(parameters.TIMELOCK(), all.timelock);
    }

    function testFuzz_nobodyElsePauses(address caller) public {
        vm.assume(caller != guardian && caller != all.timelock);
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotGuardian.selector, caller));
        vm.prank(caller);
        parameters.pauseMinting();
    }

    function test_guardianPausesAndOnlyTheTimelockUnpauses() public {
        vm.expectEmit(address(parameters));
        emit IParameters.MintingPaused(guardian);
        vm.startPrank(guardian);
        parameters.pauseMinting();
        assertTrue(parameters.mintingPaused());
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotTimelock.selector, guardian));
        parameters.unpauseMinting();
        vm.stopPrank();

        vm.expectEmit(address(parameters));
        emit IParameters.MintingUnpaused();
        vm.prank(all.timelock);
        parameters.unpauseMinting();
        assertFalse(parameters.mintingPaused());
    }

    function test_theTimelockPausesToo() public {
        vm.startPrank(all.timelock);
        parameters.pauseMinting();
        assertTrue(parameters.mintingPaused());
        vm.recordLogs();
        parameters.pauseMinting();
        assertEq(vm.getRecordedLogs().length, 0);
    }

    function test_unpauseRefusesWhatIsNotPaused() public {
        vm.expectRevert(IParameters.NotPaused.selector);
        vm.prank(all.timelock);
        parameters.unpauseMinting();
    }

    function test_aFormerGuardianPausesNoMore() public {
        vm.expectEmit(address(parameters));
        emit IParameters.GuardianSet(guardian, stranger);
        vm.prank(all.timelock);
        parameters.setGuardian(stranger);
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotGuardian.selector, guardian));
        vm.prank(guardian);
        parameters.pauseMinting();
        vm.prank(stranger);
        parameters.pauseMinting();
    }

    function test_thereMayBeNoGuardian() public {
        vm.prank(all.timelock);
        parameters.setGuardian(address(0));
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotGuardian.selector, guardian));
        vm.prank(guardian);
        parameters.pauseMinting();
    }

    /// @dev A valid call of each setter, in an order in which all succeed.
    function setters() private view returns (bytes[] memory calls) {
        calls = new bytes[](14);
        calls[0] = abi.encodeCall(IParameters.setTransferFeeRate, (1));
        calls[1] = abi.encodeCall(IParameters.setExitFeeRate, (1));
        calls[2] = abi.encodeCall(IParameters.setDleGasPrice, (1));
        calls[3] = abi.encodeCall(IParameters.setMinimumStake, (RELAY, 1e18));
        calls[4] = abi.encodeCall(IParameters.setRentPerDay, (ChainClass.Asset, 1));
        calls[5] = abi.encodeCall(IParameters.setNameFee, (1, 1e18));
        calls[6] = abi.encodeCall(IParameters.setNameFeesBurned, (true));
        calls[7] = abi.encodeCall(IParameters.removeStablecoin, (address(usd6)));
        calls[8] = abi.encodeCall(IParameters.approveStablecoin, (address(usd6)));
        calls[9] = abi.encodeCall(IParameters.setPriceFeed, (priceFeed));
        calls[10] = abi.encodeCall(IParameters.setGuardian, (guardian));
        calls[11] =
            abi.encodeCall(IParameters.listAsset, ("bip122:000000000019d6689c085ae165831e93/slip44:0"));
        calls[12] = abi.encodeCall(
            IParameters.delistAsset, (keccak256("bip122:000000000019d6689c085ae165831e93/slip44:0"))
        );
        calls[13] = abi.encodeCall(IParameters.unpauseMinting, ());
    }
}
