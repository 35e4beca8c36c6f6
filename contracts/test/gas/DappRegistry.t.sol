// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DappsBase} from "../integration/dapps/DappsBase.sol";

/// @dev What the main calls cost as transactions of their own.
/// forge-config: default.isolate = true
contract DappRegistryGasTest is DappsBase {
    string internal constant CONTRACT = "DappRegistry";

    function test_main() public {
        uint256 dapp = register(PRICE);
        vm.snapshotGasLastCall(CONTRACT, "register");
        vm.startPrank(developer);
        dapps.publish(dapp, "second", URI);
        vm.snapshotGasLastCall(CONTRACT, "publish");
        dapps.setPrice(dapp, 1);
        vm.snapshotGasLastCall(CONTRACT, "setPrice");
        vm.stopPrank();
        buy(dapp, usd6);
        vm.snapshotGasLastCall(CONTRACT, "buy");
        vm.startPrank(buyer);
        dapps.rate(dapp, 4, "comment");
        vm.snapshotGasLastCall(CONTRACT, "rate, first");
        dapps.rate(dapp, 5, "comment");
        vm.snapshotGasLastCall(CONTRACT, "rate, again");
        vm.stopPrank();
        vm.prank(developer);
        dapps.retire(dapp);
        vm.snapshotGasLastCall(CONTRACT, "retire");
    }

    function test_free() public {
        uint256 dapp = register(0);
        buy(dapp, usd6);
        vm.snapshotGasLastCall(CONTRACT, "buy, free");
    }
}
