// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AGENT, Base, KeySet, NodeConfig, RELAY, RouteUpdate, Specs} from "../Base.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @dev What a transfer costs where a token is nothing but a token.
contract PlainToken is ERC721("Plain", "PLAIN") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

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
        registry.updatePrices(id, somePrices());
        vm.snapshotGasLastCall(REGISTRY, "updatePrices");
        registry.updateSpecs(id, Specs(1, 2, 3, 4));
        vm.snapshotGasLastCall(REGISTRY, "updateSpecs");
        registry.setOnline(id, true);
        vm.snapshotGasLastCall(REGISTRY, "setOnline");
    }

    /// @dev A node's transfer costs at most 5% more than that of OpenZeppelin's plain token.
    function test_transferFrom() public {
        PlainToken plain = new PlainToken();
        plain.mint(owner, 1);
        plain.mint(owner, 2);
        registerNode("other", RELAY);
        uint256 id = registerNode("node", RELAY);
        vm.startPrank(owner);
        plain.transferFrom(owner, stranger, 2);
        uint256 floor = vm.snapshotGasLastCall(REGISTRY, "transferFrom, OpenZeppelin's plain ERC-721");
        registry.transferFrom(owner, stranger, id);
        assertLe(vm.snapshotGasLastCall(REGISTRY, "transferFrom"), floor * 105 / 100);
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
