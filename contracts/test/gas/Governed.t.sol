// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters} from "../../src/interfaces/IParameters.sol";
import {Governed} from "../integration/governance/Governed.sol";

/// @dev What prices, parameters and votes cost. Written to `snapshots/Governed.json`.
/// forge-config: default.isolate = true
contract GovernedGasTest is Governed {
    string internal constant GROUP = "Governed";

    function test_price() public {
        priceFeed.price();
        vm.snapshotGasLastCall(GROUP, "price");
        skip(1 hours);
        priceSource.set(0.101e8);
        priceFeed.update();
        vm.snapshotGasLastCall(GROUP, "update of the price");
    }

    function test_parameters() public {
        vm.startPrank(all.timelock);
        parameters.setTransferFeeRate(60);
        vm.snapshotGasLastCall(GROUP, "setTransferFeeRate");
        parameters.listAsset("eip155:1/erc20:0x6b175474e89094c44da98b954eedeac495271d0f");
        vm.snapshotGasLastCall(GROUP, "listAsset");
        vm.stopPrank();
        parameters.snapshot();
        vm.snapshotGasLastCall(GROUP, "snapshot");
    }

    function test_proposal() public {
        uint256 id = propose(address(parameters), abi.encodeCall(IParameters.setTransferFeeRate, (80)));
        vm.snapshotGasLastCall(GROUP, "propose");
        skip(1 days + 1);
        vote(alice, id, FOR);
        vm.snapshotGasLastCall(GROUP, "castVote, brings the quorum");
        vote(bob, id, AGAINST);
        vm.snapshotGasLastCall(GROUP, "castVote");
        skip(5 days);
        governor.queue(id);
        vm.snapshotGasLastCall(GROUP, "queue");
        skip(2 days);
        governor.execute(id);
        vm.snapshotGasLastCall(GROUP, "execute");
    }
}
