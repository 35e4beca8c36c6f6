// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AGENT, Base, KeySet, NodeConfig, Prices, RELAY, RouteUpdate} from "./Base.sol";

/// @dev What the main calls cost as transactions of their own, 21,000 and calldata included, with certificates of
///      realistic size (v6 618 bytes, v4 420 bytes). Written to `snapshots/`:
///      `FORGE_SNAPSHOT_CHECK=true forge test --mc Gas` fails when a figure changed.
/// forge-config: default.isolate = true
contract GasTest is Base {
    string internal constant REGISTRY = "NodeRegistry";
    string internal constant TABLE = "RouteTable";

    function test_registerAndRetire() public {
        registerNode("first", RELAY);
        NodeConfig memory config = someConfig(wallet, 1);
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.startPrank(owner);
        uint256 id = registry.register(config, soon(), signature);
        vm.snapshotGasLastCall(REGISTRY, "register");
        registry.retire(id);
        vm.snapshotGasLastCall(REGISTRY, "retire");
    }

    function test_registerWithoutV4() public {
        registerNode("first", RELAY);
        NodeConfig memory config = someConfig(wallet, 1);
        config.keys = withoutV4(config.keys);
        bytes memory signature = signNode(walletKey, owner, config, soon());
        vm.prank(owner);
        registry.register(config, soon(), signature);
        vm.snapshotGasLastCall(REGISTRY, "register, no v4");
    }

    function test_updates() public {
        uint256 id = registerNode("node", RELAY);
        (address wallet_, uint256 key) = makeAddrAndKey("node");
        KeySet memory keys = someKeys(2);
        bytes memory signature = sign(key, registry.nodeKeysDigest(wallet_, owner, keys, "key", soon()));
        vm.startPrank(owner);
        registry.updateKeys(id, keys, "key", soon(), signature);
        vm.snapshotGasLastCall(REGISTRY, "updateKeys");
        registry.updateEndpoints(id, someEndpoints(2));
        vm.snapshotGasLastCall(REGISTRY, "updateEndpoints, 2");
        registry.updateRoles(id, AGENT);
        vm.snapshotGasLastCall(REGISTRY, "updateRoles");
        registry.updatePrices(id, Prices(1, 2, 3));
        vm.snapshotGasLastCall(REGISTRY, "updatePrices");
        registry.transferFrom(owner, stranger, id);
        vm.snapshotGasLastCall(REGISTRY, "transferFrom");
    }

    function test_setRoute() public {
        RouteUpdate memory update = someUpdate(wallet, 1);
        update.agent = registerNode("agent", AGENT);
        setRoute(update);
        vm.snapshotGasLastCall(TABLE, "setRoute, first");
        update.expiry += 1 days;
        setRoute(update);
        vm.snapshotGasLastCall(TABLE, "setRoute, renewed");
        update.keys = someKeys(2);
        update.epoch = 1;
        setRoute(update);
        vm.snapshotGasLastCall(TABLE, "setRoute, rotated");
    }

    function test_setRouteWithoutV4() public {
        RouteUpdate memory update = someUpdate(wallet, 1);
        update.agent = registerNode("agent", AGENT);
        update.keys = withoutV4(update.keys);
        setRoute(update);
        vm.snapshotGasLastCall(TABLE, "setRoute, first, no v4");
    }

    function test_cancelNonce() public {
        table.cancelNonce();
        vm.snapshotGasLastCall(TABLE, "cancelNonce");
    }

    function withoutV4(KeySet memory keys) private pure returns (KeySet memory) {
        keys.certificateV4 = "";
        keys.handleV4 = bytes20(0);
        return keys;
    }
}
