// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AGENT, Base, INodeRegistry, NodeConfig, NodeRecord, Prices, RELAY, Roles} from "../Base.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721} from "solady/tokens/ERC721.sol";

/// @dev Says that one node has stake.
contract StakingStandIn {
    uint256 public staked;

    function setStaked(uint256 id) external {
        staked = id;
    }

    function hasStake(uint256 id) external view returns (bool) {
        return id == staked;
    }
}

contract RetireTest is Base {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = registerNode("node", RELAY | AGENT);
    }

    function test_refusesAStrangerAndTheWallet() public {
        address[2] memory callers = [stranger, registry.node(id).config.wallet];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NotNodeOwner.selector, id, callers[i]));
            vm.prank(callers[i]);
            registry.retire(id);
        }
    }

    function test_refusesTheSecondTime() public {
        vm.startPrank(owner);
        registry.retire(id);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, id));
        registry.retire(id);
    }

    function test_refusesWhileThereIsStake() public {
        vm.etch(all.staking, type(StakingStandIn).runtimeCode);
        StakingStandIn(all.staking).setStaked(id);
        vm.startPrank(owner);
        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.NodeHasStake.selector, id));
        registry.retire(id);

        StakingStandIn(all.staking).setStaked(0);
        registry.retire(id);
        assertEq(registry.nodeCount(), 0);
    }

    function test_leavesNothingBehind() public {
        NodeRecord memory gone = registry.node(id);
        vm.prank(owner);
        registry.updatePrices(id, Prices(1, 2, 3, 4, 5));
        vm.expectEmit(address(registry));
        emit IERC721.Transfer(owner, address(0), id);
        vm.expectEmit(address(registry));
        emit INodeRegistry.NodeRetired(id, gone.config.wallet, 3);
        vm.prank(owner);
        registry.retire(id);

        vm.expectRevert(abi.encodeWithSelector(INodeRegistry.UnknownNode.selector, id));
        registry.node(id);
        vm.expectRevert(ERC721.TokenDoesNotExist.selector);
        registry.ownerOf(id);
        assertEq(Roles.unwrap(registry.rolesOf(id)), 0);
        assertEq(registry.walletOf(id), address(0));
        assertEq(registry.nodeOfWallet(gone.config.wallet), 0);
        assertEq(registry.nodeCount(), 0);
        assertEq(registry.nodes(0, 100).length, 0);
        assertEq(registry.nodesOfHandle(gone.config.keys.handle, 0, 100).length, 0);
        assertEq(registry.nodesOfHandle(gone.config.keys.handleV4, 0, 100).length, 0);
    }

    function test_freesTheWalletButNotTheId() public {
        vm.prank(owner);
        registry.retire(id);
        assertEq(registerNode("node", RELAY), id + 1);
        assertEq(registry.node(id + 1).serial, 1);
        assertEq(registry.node(id + 1).consent.nonce, 1);
    }
}
