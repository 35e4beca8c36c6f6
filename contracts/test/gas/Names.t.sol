// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NamesBase, Registration} from "../integration/names/NamesBase.sol";

/// @dev What the main calls cost as transactions of their own.
/// forge-config: default.isolate = true
contract NamesGasTest is NamesBase {
    string internal constant NAME = "Names";

    function test_register() public {
        Registration memory registration = someRegistration(LABEL);
        names.commit(names.commitmentOf(registration));
        vm.snapshotGasLastCall(NAME, "commit");
        skip(60);
        vm.prank(agent);
        names.register(registration, FEE);
        vm.snapshotGasLastCall(NAME, "register, fee burned");
    }

    function test_registerForThePool() public {
        burnFees(false);
        register(LABEL);
        vm.snapshotGasLastCall(NAME, "register, fee to the pool");
    }

    function test_registerSigned() public {
        Registration memory registration = someRegistration("abcdefghijklmnopqrstuvwxyz012345");
        give(owner, FEE);
        commit(registration);
        (uint8 v, bytes32 r, bytes32 s) = signPermit(ownerKey, FEE, soon());
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, soon()));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(names.permitFee, (owner, FEE, soon(), v, r, s));
        calls[1] = abi.encodeCall(names.registerSigned, (registration, FEE, soon(), signature));
        names.multicall(calls);
        vm.snapshotGasLastCall(NAME, "registerSigned with permit, 32 characters");
    }

    function test_live() public {
        uint256 id = register(LABEL);
        vm.prank(agent);
        names.renew(LABEL, 1, FEE);
        vm.snapshotGasLastCall(NAME, "renew");
        vm.prank(wallet);
        names.setPrimaryName(LABEL);
        vm.snapshotGasLastCall(NAME, "setPrimaryName");
        vm.prank(owner);
        names.setWallet(LABEL, agent);
        vm.snapshotGasLastCall(NAME, "setWallet");
        vm.prank(owner);
        names.transferFrom(owner, stranger, id);
        vm.snapshotGasLastCall(NAME, "transferFrom");
    }

    function test_registerAnew() public {
        register(LABEL);
        skip(YEAR + GRACE + 1);
        Registration memory registration = someRegistration(LABEL);
        registration.owner = stranger;
        register(registration);
        vm.snapshotGasLastCall(NAME, "register, expired before");
    }
}
