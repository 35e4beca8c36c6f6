// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArchiveGroups} from "../src/ArchiveGroups.sol";
import {Deployer} from "../src/Deployer.sol";
import {NodeRegistry} from "../src/NodeRegistry.sol";
import {Contracts} from "../src/types/Contracts.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The whole main chain as it is deployed for real: each contract under its name, told where all others are.
abstract contract Mainchain is Test {
    Deployer internal deployer;

    /// @dev Where every contract is or will be.
    Contracts internal all;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000_000);
        deployer = new Deployer();
        all = Contracts({
            token: addressOf("ConetToken"),
            timelock: addressOf("Timelock"),
            governor: addressOf("ConetGovernor"),
            parameters: addressOf("Parameters"),
            rewards: addressOf("Rewards"),
            nodeRegistry: addressOf("NodeRegistry"),
            staking: addressOf("Staking"),
            slasher: addressOf("Slasher"),
            archiveGroups: addressOf("ArchiveGroups"),
            chainAnchor: addressOf("ChainAnchor"),
            cash: addressOf("Cash"),
            cashOrders: addressOf("CashOrders"),
            cashPool: addressOf("CashPool"),
            forcedExits: addressOf("ForcedExits")
        });
        deploy("NodeRegistry", type(NodeRegistry).creationCode);
        deployer.deploy(
            "ArchiveGroups",
            bytes.concat(type(ArchiveGroups).creationCode, abi.encode(all, archiveMinSeats(), address(this)))
        );
    }

    /// @dev Deploys a contract whose constructor takes `Contracts` and nothing else.
    function deploy(bytes32 name, bytes memory creationCode) internal returns (address) {
        return deployer.deploy(name, bytes.concat(creationCode, abi.encode(all)));
    }

    /// @dev The fewest seats of an archive group. This contract is the groups' founder.
    function archiveMinSeats() internal pure virtual returns (uint256) {
        return 10;
    }

    function addressOf(bytes32 name) internal view returns (address) {
        return deployer.addressOf(address(this), name);
    }
}
