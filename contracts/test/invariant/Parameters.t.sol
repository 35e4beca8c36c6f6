// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ParametersSnapshot} from "../../src/interfaces/IParameters.sol";
import {ChainClass} from "../../src/types/Chains.sol";
import {ROLE_COUNT, Roles} from "../../src/types/Roles.sol";
import {Mainchain} from "../Mainchain.sol";

/// @dev Votes and strangers set numbers, within their bounds and far out of them. This contract is its own handler.
contract ParametersInvariants is Mainchain {
    /// @dev Hash of all numbers after the last call that the contract took.
    bytes32 internal last;

    /// @dev How often the timelock was obeyed, and how often somebody was refused.
    uint256 internal taken;
    uint256 internal refused;

    /// @dev Set when a call did what it must not.
    string internal violation;

    function setUp() public override {
        super.setUp();
        last = numbers();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](3);
        selectors[0] = this.setRates.selector;
        selectors[1] = this.setAmounts.selector;
        selectors[2] = this.intrude.selector;
        targetSelector(FuzzSelector({addr: address(this), selectors: selectors}));
    }

    function setRates(uint256 which, uint64 value, bool narrow) external {
        bytes memory call;
        if (which % 4 == 0) {
            call = abi.encodeCall(parameters.setTransferFeeRate, (uint32(narrow ? value % 1000 : value)));
        } else if (which % 4 == 1) {
            call = abi.encodeCall(parameters.setExitFeeRate, (uint32(narrow ? value % 2000 : value)));
        } else if (which % 4 == 2) {
            call = abi.encodeCall(parameters.setDleGasPrice, (narrow ? value % 20_000 : value));
        } else {
            ChainClass class = value % 2 == 0 ? ChainClass.Asset : ChainClass.Storage;
            call = abi.encodeCall(parameters.setRentPerDay, (class, narrow ? value % 20_000 : value));
        }
        tryAs(all.timelock, call);
    }

    function setAmounts(uint256 which, uint8 part, uint256 value, bool narrow) external {
        if (narrow) value = bound(value, 0, 10_000_000e18);
        bytes memory call;
        if (which % 2 == 0) {
            Roles role = Roles.wrap(uint16(1 << (part % ROLE_COUNT)));
            call = abi.encodeCall(parameters.setMinimumStake, (role, value));
        } else {
            call = abi.encodeCall(parameters.setNameFee, (uint256(part % 7), value));
        }
        tryAs(all.timelock, call);
    }

    /// @dev Whoever is not the timelock changes nothing, the guardian neither.
    function intrude(bool asGuardian, uint32 rate) external {
        address who = asGuardian ? guardian : address(uint160(uint256(keccak256(abi.encode(rate)))));
        if (tryAs(who, abi.encodeCall(parameters.setTransferFeeRate, (rate % 500)))) {
            violation = "somebody else set a rate";
        }
    }

    /// @dev White paper, *Governance*; every bound that `Parameters` promises.
    function invariant_everyNumberIsWithinItsBounds() public view {
        ParametersSnapshot memory now_ = parameters.snapshot();
        assertLe(now_.transferFeeRate, 500);
        assertLe(now_.exitFeeRate, 1000);
        assertLe(now_.dleGasPrice, 10_000);
        for (uint256 i = 0; i < now_.rentPerDay.length; ++i) {
            assertLe(now_.rentPerDay[i], 10_000);
        }
        for (uint256 i = 0; i < now_.minimumStake.length; ++i) {
            assertGe(now_.minimumStake[i], 1e18);
            assertLe(now_.minimumStake[i], 5_000_000e18);
        }
        for (uint256 i = 0; i < now_.nameFee.length; ++i) {
            assertGe(now_.nameFee[i], 0.01e18);
            assertLe(now_.nameFee[i], 100_000e18);
        }
    }

    /// @dev A call that was refused changed nothing.
    function invariant_onlyWhatWasTakenChanged() public view {
        assertEq(numbers(), last);
        assertEq(violation, "");
    }

    /// @dev The campaign meets both: a handler whose calls all fail would prove nothing.
    function afterInvariant() public view {
        assertGt(taken, 0, "nothing was taken");
        assertGt(refused, 0, "nothing was refused");
    }

    function tryAs(address who, bytes memory call) private returns (bool ok) {
        vm.prank(who);
        (ok,) = address(parameters).call(call);
        if (ok) {
            last = numbers();
            ++taken;
        } else {
            ++refused;
        }
    }

    function numbers() private view returns (bytes32) {
        return keccak256(abi.encode(parameters.snapshot()));
    }
}
