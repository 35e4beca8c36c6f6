// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry, NodeConfig} from "../../../src/interfaces/INodeRegistry.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {Staking} from "../../../src/staking/Staking.sol";
import {Endpoint, EndpointLibrary} from "../../../src/types/Endpoint.sol";
import {AGENT, ARCHIVE, CREATOR, RELAY, Roles, VALIDATOR, WITNESS} from "../../../src/types/Roles.sol";
import {Mainchain} from "../../Mainchain.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @dev The staking, a node of `owner` that offers all that has seats, and tokens that the staking may take.
abstract contract StakingBase is Mainchain {
    /// @dev What a witness's seat takes in these tests.
    uint256 internal constant SEAT = 1000 ether;

    uint256 internal constant UNBONDING = 21 days;

    Staking internal staking;
    INodeRegistry internal registry;

    address internal owner = makeAddr("owner");
    address internal stranger = makeAddr("stranger");
    uint256 internal node;

    function setUp() public virtual override {
        super.setUp();
        staking = Staking(all.staking);
        registry = INodeRegistry(all.nodeRegistry);
        node = registerNode("node", ARCHIVE | WITNESS | VALIDATOR | CREATOR);
        setMinimum(WITNESS, SEAT);
        assertTrue(token.transfer(owner, 1_000_000 ether));
        vm.prank(owner);
        token.approve(all.staking, type(uint256).max);
    }

    /// @dev Registers a node of `owner` with a wallet made from `name`.
    function registerNode(string memory name, Roles roles) internal returns (uint256) {
        return registerFor(owner, name, roles);
    }

    function registerFor(address owner_, string memory name, Roles roles) internal returns (uint256) {
        (address wallet, uint256 key) = makeAddrAndKey(name);
        NodeConfig memory config;
        config.wallet = wallet;
        config.keys.certificate = abi.encodePacked(wallet);
        config.keys.handle = keccak256(abi.encode(wallet));
        config.transportKey = keccak256(abi.encode("transport", wallet));
        config.endpoints = new Endpoint[](1);
        config.endpoints[0] = EndpointLibrary.from(bytes16(uint128(0x20010db8 << 96 | 1)), 443);
        config.roles = roles;
        uint256 deadline = block.timestamp + 10 minutes;
        bytes32 digest = registry.nodeKeysDigest(wallet, owner_, config.keys, config.transportKey, deadline);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        vm.prank(owner_);
        return registry.register(config, deadline, abi.encodePacked(r, s, v));
    }

    function setMinimum(Roles role, uint256 amount) internal {
        vm.prank(all.timelock);
        parameters.setMinimumStake(role, amount);
    }

    function transferNode(address to) internal {
        vm.prank(owner);
        IERC721(all.nodeRegistry).transferFrom(owner, to, node);
    }

    // --- as who may ---

    function stake(uint256 amount) internal {
        vm.prank(owner);
        staking.stake(node, WITNESS, amount);
    }

    function unbond(uint256 amount) internal {
        vm.prank(owner);
        staking.unbond(node, WITNESS, amount);
    }

    function withdraw() internal returns (uint256) {
        vm.prank(owner);
        return staking.withdraw(node, WITNESS);
    }

    function takeSeats(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            vm.prank(all.chainAnchor);
            staking.takeSeat(node, WITNESS);
        }
    }

    function releaseSeat() internal {
        vm.prank(all.chainAnchor);
        staking.releaseSeat(node, WITNESS);
    }

    function slash(uint256 amount, bool freeze) internal returns (uint256) {
        vm.prank(all.slasher);
        return staking.slash(node, WITNESS, amount, freeze);
    }

    function bar(uint256 node_) internal {
        vm.prank(all.slasher);
        staking.bar(node_);
    }

    /// @dev What the position is, and that the staking holds it.
    function assertPosition(uint256 bonded, uint256 unbonding, uint256 frozen) internal view {
        assertEq(staking.bonded(node, WITNESS), bonded, "bonded");
        assertEq(staking.unbonding(node, WITNESS), unbonding, "unbonding");
        assertEq(staking.frozen(node, WITNESS), frozen, "frozen");
        assertEq(token.balanceOf(all.staking), bonded + unbonding, "balance");
        (uint256[] memory amounts,) = staking.unbondings(node, WITNESS);
        uint256 sum;
        for (uint256 i = 0; i < amounts.length; ++i) {
            sum += amounts[i];
        }
        assertEq(sum, unbonding, "sum of unbondings");
        assertEq(staking.hasStake(node), bonded + unbonding + frozen != 0, "hasStake");
    }
}
