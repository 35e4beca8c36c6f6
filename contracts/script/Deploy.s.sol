// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NodeRegistry} from "../src/NodeRegistry.sol";
import {RouteTable} from "../src/RouteTable.sol";
import {Script, console} from "forge-std/Script.sol";

/// @title Deploy
/// @notice Deploys both contracts, from the account that forge is told to use:
///         `forge script script/Deploy.s.sol --broadcast --rpc-url URL --private-key KEY`
contract Deploy is Script {
    function run() external returns (NodeRegistry registry, RouteTable table) {
        vm.startBroadcast();
        registry = new NodeRegistry();
        table = new RouteTable(registry);
        vm.stopBroadcast();
        console.log("NodeRegistry", address(registry));
        console.log("RouteTable", address(table));
    }
}
