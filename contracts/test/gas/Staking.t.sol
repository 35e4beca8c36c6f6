// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking, StakingBase, WITNESS} from "../integration/staking/StakingBase.sol";

/// @dev What stakers pay, as transactions of their own, 21,000 and calldata included.
/// forge-config: default.isolate = true
contract StakingGasTest is StakingBase {
    string internal constant STAKING = "Staking";

    function test_stakeToWithdraw() public {
        vm.startPrank(owner);
        staking.stake(node, WITNESS, 10 * SEAT);
        vm.snapshotGasLastCall(STAKING, "stake, first");
        staking.stake(node, WITNESS, SEAT);
        vm.snapshotGasLastCall(STAKING, "stake, more");
        staking.unbond(node, WITNESS, SEAT);
        vm.snapshotGasLastCall(STAKING, "unbond, first");
        skip(UNBONDING);
        staking.withdraw(node, WITNESS);
        vm.snapshotGasLastCall(STAKING, "withdraw, 1");
        for (uint256 i = 0; i < 16; ++i) {
            staking.unbond(node, WITNESS, SEAT / 2);
        }
        vm.snapshotGasLastCall(STAKING, "unbond, used entry");
        skip(UNBONDING);
        staking.withdraw(node, WITNESS);
        vm.snapshotGasLastCall(STAKING, "withdraw, 16");
    }

    function test_seats() public {
        stake(10 * SEAT);
        vm.startPrank(all.chainAnchor);
        staking.takeSeat(node, WITNESS);
        vm.snapshotGasLastCall(STAKING, "takeSeat");
        vm.stopPrank();
        unbond(SEAT);
        vm.snapshotGasLastCall(STAKING, "unbond, with seats");
        vm.startPrank(all.chainAnchor);
        staking.releaseSeat(node, WITNESS);
        vm.snapshotGasLastCall(STAKING, "releaseSeat");
        vm.stopPrank();
    }

    function test_slash() public {
        stake(10 * SEAT);
        for (uint256 i = 0; i < 16; ++i) {
            unbond(SEAT / 2);
        }
        slash(SEAT, false);
        vm.snapshotGasLastCall(STAKING, "slash, bonded");
        slash(SEAT / 2, true);
        vm.snapshotGasLastCall(STAKING, "slash, bonded, frozen");
        slash(type(uint256).max, false);
        vm.snapshotGasLastCall(STAKING, "slash, bonded and 16 unbonding");
        bar(node);
        vm.snapshotGasLastCall(STAKING, "bar");
    }
}
