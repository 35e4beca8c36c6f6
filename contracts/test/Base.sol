// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Consent,
    INodeRegistry,
    NodeConfig,
    NodeRecord,
    Prices,
    Specs
} from "../src/interfaces/INodeRegistry.sol";
import {IRouteTable, RouteRecord, RouteUpdate} from "../src/interfaces/IRouteTable.sol";
import {IWalletSigned} from "../src/interfaces/IWalletSigned.sol";
import {NodeRegistry} from "../src/network/NodeRegistry.sol";
import {RouteTable} from "../src/network/RouteTable.sol";
import {Endpoint, EndpointLibrary} from "../src/types/Endpoint.sol";
import {KeySet} from "../src/types/KeySet.sol";
import {AGENT, RELAY, Roles} from "../src/types/Roles.sol";
import {Mainchain} from "./Mainchain.sol";

/// @dev Both contracts, some people, and what they sign when nothing is wrong with it.
abstract contract Base is Mainchain {
    uint256 internal constant MAX_LIFETIME = 400 days;

    NodeRegistry internal registry;
    RouteTable internal table;

    /// @dev Owns nodes.
    address internal owner = makeAddr("owner");

    /// @dev Owns nothing, may submit anything.
    address internal stranger = makeAddr("stranger");

    address internal wallet;
    uint256 internal walletKey;
    uint256 internal strangerKey;

    function setUp() public virtual override {
        super.setUp();
        registry = NodeRegistry(all.nodeRegistry);
        table = new RouteTable(registry);
        (wallet, walletKey) = makeAddrAndKey("wallet");
        (, strangerKey) = makeAddrAndKey("strangerKey");
    }

    /// @dev A key set of realistic size. `seed` tells key sets apart.
    function someKeys(uint256 seed) internal pure returns (KeySet memory) {
        return KeySet({
            certificate: filled(618, seed),
            certificateV4: filled(420, seed + 1),
            handle: keccak256(abi.encode("handle", seed)),
            handleV4: bytes20(keccak256(abi.encode("handleV4", seed)))
        });
    }

    function someConfig(address wallet_, uint256 seed) internal pure returns (NodeConfig memory) {
        return NodeConfig({
            wallet: wallet_,
            keys: someKeys(seed),
            transportKey: keccak256(abi.encode("transport", seed)),
            endpoints: someEndpoints(2),
            roles: RELAY | AGENT,
            prices: somePrices(),
            specs: Specs({vcpus: 8, memory_: 32_000, storage_: 1_000_000, outbound: 100_000})
        });
    }

    function somePrices() internal pure returns (Prices memory) {
        return Prices({
            bandwidth: 10_000_000,
            storage_: 14_000,
            vcpu: 20_000_000_000,
            memory_: 3_000_000,
            minimumAuthorization: 1_000_000
        });
    }

    function someEndpoints(uint256 count) internal pure returns (Endpoint[] memory endpoints) {
        endpoints = new Endpoint[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes16 ip = bytes16(uint128(0x20010db8 << 96 | (i + 1)));
            // Ports of tests are small.
            // forge-lint: disable-next-line(unsafe-typecast)
            endpoints[i] = EndpointLibrary.from(ip, uint16(8000 + i));
        }
    }

    /// @dev A route without an agent.
    function someUpdate(address wallet_, uint256 seed) internal view returns (RouteUpdate memory) {
        return RouteUpdate({
            wallet: wallet_,
            keys: someKeys(seed),
            epoch: 0,
            agent: 0,
            expiry: uint64(block.timestamp + 30 days)
        });
    }

    function soon() internal view returns (uint256) {
        return block.timestamp + 10 minutes;
    }

    /// @dev `length` bytes that look random.
    function filled(uint256 length, uint256 seed) internal pure returns (bytes memory data) {
        data = new bytes((length + 31) / 32 * 32);
        for (uint256 i = 0; i < length; i += 32) {
            bytes32 word = keccak256(abi.encode(seed, i));
            assembly ("memory-safe") {
                mstore(add(add(data, 32), i), word)
            }
        }
        assembly ("memory-safe") {
            mstore(data, length)
        }
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev `key` signs `config` for `owner_`, with the current nonce of `config.wallet`.
    function signNode(uint256 key, address owner_, NodeConfig memory config, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        return sign(
            key, registry.nodeKeysDigest(config.wallet, owner_, config.keys, config.transportKey, deadline)
        );
    }

    function signRoute(uint256 key, RouteUpdate memory update, uint256 deadline)
        internal
        view
        returns (bytes memory)
    {
        return sign(key, table.routeDigest(update, deadline));
    }

    /// @dev Registers a node of `owner` with a wallet made from `name`.
    function registerNode(string memory name, Roles roles) internal returns (uint256) {
        (address wallet_, uint256 key) = makeAddrAndKey(name);
        NodeConfig memory config = someConfig(wallet_, uint256(uint160(wallet_)));
        config.roles = roles;
        bytes memory signature = signNode(key, owner, config, soon());
        vm.prank(owner);
        return registry.register(config, soon(), signature);
    }

    /// @dev Sets a route signed by `walletKey`, submitted by `stranger`.
    function setRoute(RouteUpdate memory update) internal {
        bytes memory signature = signRoute(walletKey, update, soon());
        vm.prank(stranger);
        table.setRoute(update, soon(), signature);
    }

    function assertEq(KeySet memory a, KeySet memory b) internal pure {
        assertEq(keccak256(abi.encode(a)), keccak256(abi.encode(b)), "key sets differ");
    }

    function assertEq(NodeConfig memory a, NodeConfig memory b) internal pure {
        assertEq(keccak256(abi.encode(a)), keccak256(abi.encode(b)), "configs differ");
    }

    function assertEq(RouteUpdate memory a, RouteUpdate memory b) internal pure {
        assertEq(keccak256(abi.encode(a)), keccak256(abi.encode(b)), "routes differ");
    }
}
