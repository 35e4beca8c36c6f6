// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TypedData} from "../../src/libraries/TypedData.sol";
import {AGENT, Base, KeySet, NodeConfig, NodeRegistry, RELAY, RouteTable, RouteUpdate} from "../Base.sol";

/// @dev The hashes of calldata structs, callable.
contract TypedDataCaller {
    function hashNodeKeys(
        address wallet,
        address owner,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 nonce,
        uint256 deadline
    ) external pure returns (bytes32) {
        return TypedData.hashNodeKeys(wallet, owner, keys, transportKey, nonce, deadline);
    }

    function hashRoute(RouteUpdate calldata update, uint256 nonce, uint256 deadline)
        external
        pure
        returns (bytes32)
    {
        return TypedData.hashRoute(update, nonce, deadline);
    }
}

/// @dev The contracts agree with `test/vectors/eip712.json`, and accept its signatures.
contract TypedDataTest is Base {
    string internal vectors = vm.readFile("test/vectors/eip712.json");
    TypedDataCaller internal caller = new TypedDataCaller();

    /// @dev Puts the contracts at the addresses that the vectors name.
    function setUp() public override {
        super.setUp();
        vm.chainId(vm.parseJsonUint(vectors, ".chainId"));
        registry = NodeRegistry(vm.parseJsonAddress(vectors, ".nodeRegistry"));
        table = RouteTable(vm.parseJsonAddress(vectors, ".routeTable"));
        deployCodeTo("NodeRegistry.sol:NodeRegistry", abi.encode(all), address(registry));
        deployCodeTo("RouteTable.sol:RouteTable", abi.encode(registry), address(table));
    }

    function test_nodeKeys() public {
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = string.concat(".nodeKeys[", vm.toString(i), "]");
            address owner_ = readAddress(path, ".owner");
            NodeConfig memory config = someConfig(readAddress(path, ".wallet"), i);
            config.keys = readKeys(path);
            config.transportKey = readBytes32(path, ".transportKey");
            uint256 nonce = readUint(path, ".nonce");
            uint256 deadline = readUint(path, ".deadline");
            vm.warp(deadline - 1 days);
            bytes memory signature = readBytes(path, ".signature");

            assertEq(vm.addr(readUint(path, ".privateKey")), config.wallet);
            assertEq(
                caller.hashNodeKeys(config.wallet, owner_, config.keys, config.transportKey, nonce, deadline),
                readBytes32(path, ".structHash")
            );
            consumeNonces(config.wallet, nonce);
            bytes32 digest =
                registry.nodeKeysDigest(config.wallet, owner_, config.keys, config.transportKey, deadline);
            assertEq(digest, readBytes32(path, ".digest"));
            assertEq(sign(readUint(path, ".privateKey"), digest), signature);
            vm.prank(owner_);
            registry.register(config, deadline, signature);
        }
    }

    function test_routes() public {
        assertEq(registerNode("agent", AGENT | RELAY), 1);
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = string.concat(".routes[", vm.toString(i), "]");
            RouteUpdate memory update = RouteUpdate({
                wallet: readAddress(path, ".wallet"),
                keys: readKeys(path),
                epoch: uint32(readUint(path, ".epoch")),
                agent: readUint(path, ".agent"),
                expiry: uint64(readUint(path, ".expiry"))
            });
            uint256 nonce = readUint(path, ".nonce");
            uint256 deadline = readUint(path, ".deadline");
            vm.warp(deadline - 1 days);

            assertEq(caller.hashRoute(update, nonce, deadline), readBytes32(path, ".structHash"));
            consumeNonces(update.wallet, nonce);
            assertEq(table.routeDigest(update, deadline), readBytes32(path, ".digest"));
            table.setRoute(update, deadline, readBytes(path, ".signature"));
            assertEq(table.route(update.wallet).serial, nonce + 1);
        }
    }

    function consumeNonces(address wallet_, uint256 count) private {
        vm.startPrank(wallet_);
        for (uint256 i = 0; i < count; ++i) {
            registry.cancelNonce();
            table.cancelNonce();
        }
        vm.stopPrank();
    }

    function readKeys(string memory path) private view returns (KeySet memory) {
        return KeySet({
            certificate: readBytes(path, ".certificate"),
            certificateV4: readBytes(path, ".certificateV4"),
            handle: readBytes32(path, ".handle"),
            handleV4: bytes20(readBytes(path, ".handleV4"))
        });
    }

    function readAddress(string memory path, string memory field) private view returns (address) {
        return vm.parseJsonAddress(vectors, string.concat(path, field));
    }

    function readBytes(string memory path, string memory field) private view returns (bytes memory) {
        return vm.parseJsonBytes(vectors, string.concat(path, field));
    }

    function readBytes32(string memory path, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(vectors, string.concat(path, field));
    }

    function readUint(string memory path, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(vectors, string.concat(path, field));
    }
}
