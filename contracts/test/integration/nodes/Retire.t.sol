// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {AGENT, Base, INodeRegistry, NodeConfig, NodeRecord, Prices, RELAY, Roles} from "../../Base.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC721} from "solady/tokens/ERC721.sol";

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

    function test_refusesWhileThereIsStakeUntilTheLastTokenIsOut() public {
        IStaking staking = IStaking(all.staking);
        assertTrue(token.transfer(owner, 1 ether));
        bytes memory refusal = abi.encodeWithSelector(INodeRegistry.NodeHasStake.selector, id);
        vm.startPrank(owner);
        token.approve(all.staking, 1 ether);
        staking.stake(id, RELAY, 1 ether);
        vm.expectRevert(refusal);
        registry.retire(id);
        staking.unbond(id, RELAY, 1 ether);
        vm.expectRevert(refusal);
        registry.retire(id);
        skip(21 days);
        staking.withdraw(id, RELAY);

        registry.retire(id);
        assertEq(registry.nodeCount(), 0);
    }

    /// @dev A network that only carries messages needs no staking.
    function test_asksNobodyWhereThereIsNoStaking() public {
        vm.etch(all.staking, "");
        vm.prank(owner);
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
