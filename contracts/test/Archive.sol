// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArchiveGroups} from "../src/archive/ArchiveGroups.sol";
import {ROOT_GROUP} from "../src/interfaces/IArchiveGroups.sol";
import {INodeRegistry, NodeConfig} from "../src/interfaces/INodeRegistry.sol";
import {IStaking} from "../src/interfaces/IStaking.sol";
import {Certificate} from "../src/types/Certificate.sol";
import {Endpoint, EndpointLibrary} from "../src/types/Endpoint.sol";
import {ARCHIVE, Roles, VALIDATOR} from "../src/types/Roles.sol";
import {Mainchain} from "./Mainchain.sol";

/// @dev A main chain with one archive group, whose keys the test knows: it signs whatever is to be certified.
///
///      certify(digest, group)            the smallest quorum of the current epoch, from seat 0 on
///      certifyAs(digest, group, epoch, bitmap)    any epoch that the group had, any seats
///      seedNow(group, value)             posts the group's next seed, made after the last block
///      newArchiveNode(stakes)            one more node, which has not asked for a seat
///      join(node), handover(group, nodes), split(group, nodes)
abstract contract Archive is Mainchain {
    ArchiveGroups internal groups;

    /// @dev Owns all archive nodes.
    address internal archiveOwner = makeAddr("archiveOwner");

    /// @dev The key of a wallet that the helper made.
    mapping(address wallet => uint256 key) internal keyOf;

    /// @dev Who signs for an epoch, by seat.
    mapping(uint32 group => mapping(uint64 epoch => address[])) private _signers;

    uint256 private _wallets;

    function setUp() public virtual override {
        super.setUp();
        groups = ArchiveGroups(all.archiveGroups);
        uint256[] memory nodes = new uint256[](archiveSeats());
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodes[i] = newArchiveNode(2);
            join(nodes[i]);
        }
        groups.bootstrap(nodes);
        remember(ROOT_GROUP);
        step();
    }

    /// @dev How many nodes the first group has.
    function archiveSeats() internal pure virtual returns (uint256) {
        return archiveMinSeats();
    }

    // --- certificates ---

    /// @dev More than two thirds.
    function quorumOf(uint256 seats) internal pure returns (uint256) {
        return 2 * seats / 3 + 1;
    }

    /// @dev A certificate by the smallest quorum, in the current epoch.
    function certify(bytes32 digest, uint32 group) internal view returns (Certificate memory) {
        uint64 epoch = groups.epochOf(group);
        // forge-lint: disable-next-line(incorrect-shift)
        return certifyAs(digest, group, epoch, uint32((1 << quorumOf(_signers[group][epoch].length)) - 1));
    }

    /// @dev A certificate by the seats in `bitmap`, of any epoch that the group has had.
    function certifyAs(bytes32 digest, uint32 group, uint64 epoch, uint32 bitmap)
        internal
        view
        returns (Certificate memory certificate)
    {
        certificate.group = group;
        certificate.epoch = epoch;
        certificate.seats = bitmap;
        for (uint256 seat = 0; seat < 32; ++seat) {
            if ((bitmap >> seat) & 1 == 0) continue;
            certificate.signatures = bytes.concat(
                certificate.signatures, signCompact(keyOf[_signers[group][epoch][seat]], digest)
            );
        }
    }

    /// @dev 64 bytes: r, then s with v in its top bit.
    function signCompact(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return abi.encodePacked(r, vs);
    }

    // --- nodes ---

    /// @dev Registers a node that offers ARCHIVE and stakes for `stakes` seats.
    function newArchiveNode(uint256 stakes) internal returns (uint256 node) {
        node = newNode(ARCHIVE | VALIDATOR);
        if (stakes != 0) stakeFor(node, ARCHIVE, stakes);
    }

    /// @dev Registers a node of `archiveOwner` with a wallet whose key is known.
    function newNode(Roles roles) internal returns (uint256 node) {
        uint256 key = uint256(keccak256(abi.encode("archive wallet", _wallets++)));
        address wallet_ = vm.addr(key);
        keyOf[wallet_] = key;
        INodeRegistry registry_ = INodeRegistry(all.nodeRegistry);
        NodeConfig memory config;
        config.wallet = wallet_;
        config.keys.certificate = abi.encodePacked(wallet_);
        config.keys.handle = keccak256(abi.encode(wallet_));
        config.transportKey = keccak256(abi.encode("transport", wallet_));
        config.endpoints = new Endpoint[](1);
        config.endpoints[0] = EndpointLibrary.from(bytes16(uint128(0x20010db8 << 96 | 1)), 443);
        config.roles = roles;
        uint256 deadline = block.timestamp + 10 minutes;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            key, registry_.nodeKeysDigest(wallet_, archiveOwner, config.keys, config.transportKey, deadline)
        );
        vm.prank(archiveOwner);
        node = registry_.register(config, deadline, abi.encodePacked(r, s, v));
    }

    /// @dev Stakes what `stakes` seats take.
    function stakeFor(uint256 node, Roles role, uint256 stakes) internal virtual {
        uint256 amount = stakes * parameters.minimumStake(role);
        assertTrue(token.transfer(archiveOwner, amount));
        vm.startPrank(archiveOwner);
        token.approve(all.staking, amount);
        IStaking(all.staking).stake(node, role, amount);
        vm.stopPrank();
    }

    /// @dev Bars a node as the slasher would.
    function barNode(uint256 node) internal {
        vm.prank(all.slasher);
        IStaking(all.staking).bar(node);
    }

    // --- groups ---

    function join(uint256 node) internal {
        vm.prank(archiveOwner);
        groups.join(node);
    }

    /// @dev One block and 12 seconds pass.
    function step() internal {
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 12);
    }

    /// @dev Posts the group's next seed, made after the last block.
    function seedNow(uint32 group, bytes32 value) internal {
        uint64 index = groups.seedCount(group);
        uint64 afterBlock = uint64(block.number - 1);
        bytes32 digest = groups.seedDigest(index, value, afterBlock, group, groups.epochOf(group));
        groups.postSeed(index, value, afterBlock, certify(digest, group));
    }

    /// @dev Begins the group's next epoch with `nodes`, which ascend.
    function handover(uint32 group, uint256[] memory nodes) internal {
        bytes32 digest = groups.handoverDigest(nodes, "state", group, groups.epochOf(group));
        groups.handover(nodes, "state", certify(digest, group));
        remember(group);
    }

    /// @dev Splits the group by its newest seed.
    function split(uint32 group, uint256[] memory nodes) internal returns (uint32 left, uint32 right) {
        uint64 index = groups.seedCount(group) - 1;
        bytes32 digest = groups.splitDigest(nodes, index, "state", group, groups.epochOf(group));
        groups.split(nodes, index, "state", certify(digest, group));
        (left, right) = groups.childrenOf(group);
        remember(left);
        remember(right);
    }

    /// @dev Keeps the signers of an epoch, for certificates after it is over.
    function remember(uint32 group) internal {
        _signers[group][groups.epochOf(group)] = groups.signersOf(group);
    }
}
