// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Base,
    Endpoint,
    KeySet,
    NodeConfig,
    NodeRecord,
    NodeRegistry,
    Prices,
    Roles,
    Specs
} from "../Base.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @dev Does to the registry what its users may do, in any order, and remembers what must hold after. A call that
///      makes no sense now does nothing; one that is made must succeed.
contract NodeRegistryHandler is Base {
    using EnumerableSet for EnumerableSet.UintSet;

    uint256 internal constant WALLETS = 6;
    uint256 internal constant OWNERS = 3;

    /// @dev Few, so that claims meet.
    uint256 internal constant KEY_SETS = 4;

    EnumerableSet.UintSet private _live;

    /// @dev The highest serial seen of each node, and its last known record.
    mapping(uint256 id => bytes32 recordHash) public lastRecord;
    mapping(uint256 id => uint64 serial) public lastSerial;
    mapping(address wallet => uint256 nonce) public noncesUsed;
    uint256 public lastId;

    address[] public wallets;

    mapping(address wallet => uint256 key) private _keys;
    address[] private _owners;

    /// @dev Set when a call changed something that it must not.
    string public violation;

    constructor(NodeRegistry registry_) {
        registry = registry_;
        (, strangerKey) = makeAddrAndKey("strangerKey");
        for (uint256 i = 0; i < WALLETS; ++i) {
            (address wallet_, uint256 key) = makeAddrAndKey(string.concat("wallet", vm.toString(i)));
            _keys[wallet_] = key;
            wallets.push(wallet_);
        }
        for (uint256 i = 0; i < OWNERS; ++i) {
            _owners.push(makeAddr(string.concat("owner", vm.toString(i))));
        }
    }

    function register(uint256 walletSeed, uint256 ownerSeed, uint256 keySeed, uint256 endpoints, bool v4)
        external
    {
        address wallet_ = wallets[walletSeed % WALLETS];
        if (registry.nodeOfWallet(wallet_) != 0) return;
        address owner_ = ownerAt(ownerSeed);
        NodeConfig memory config = someConfig(wallet_, 0);
        config.keys = pickKeys(keySeed, v4);
        config.endpoints = someEndpoints(bound(endpoints, 1, 8));
        bytes memory signature = signNode(_keys[wallet_], owner_, config, soon());
        vm.prank(owner_);
        uint256 id = registry.register(config, soon(), signature);
        if (id != ++lastId) violation = "ids do not grow by one";
        noncesUsed[wallet_]++;
        _live.add(id);
        expectNext(id);
    }

    function updateKeys(uint256 idSeed, uint256 keySeed, bool v4) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        record.config.keys = pickKeys(keySeed, v4);
        bytes memory signature = signNode(_keys[record.config.wallet], record.owner, record.config, soon());
        vm.prank(record.owner);
        registry.updateKeys(id, record.config.keys, record.config.transportKey, soon(), signature);
        noncesUsed[record.config.wallet]++;
        expectNext(id);
    }

    function updateEndpoints(uint256 idSeed, uint256 count) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        Endpoint[] memory endpoints = someEndpoints(bound(count, 1, 8));
        vm.prank(record.owner);
        registry.updateEndpoints(id, endpoints);
        expectNext(id);
    }

    function updateRoles(uint256 idSeed, uint16 mask) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(record.owner);
        registry.updateRoles(id, Roles.wrap(uint16(bound(mask, 1, 127))));
        expectNext(id);
    }

    function updatePrices(uint256 idSeed, Prices calldata prices) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(record.owner);
        registry.updatePrices(id, prices);
        expectNext(id);
    }

    function updateSpecs(uint256 idSeed, Specs calldata specs) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(record.owner);
        registry.updateSpecs(id, specs);
        expectNext(id);
    }

    function setOnline(uint256 idSeed, bool byWallet) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(byWallet ? record.config.wallet : record.owner);
        registry.setOnline(id, !record.online);
        expectNext(id);
    }

    function transfer(uint256 idSeed, uint256 ownerSeed) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(record.owner);
        registry.transferFrom(record.owner, ownerAt(ownerSeed), id);
        expectNext(id);
    }

    function retire(uint256 idSeed) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        vm.prank(record.owner);
        registry.retire(id);
        _live.remove(id);
    }

    function cancelNonce(uint256 walletSeed) external {
        address wallet_ = wallets[walletSeed % WALLETS];
        vm.prank(wallet_);
        registry.cancelNonce();
        noncesUsed[wallet_]++;
    }

    /// @dev Somebody who owns nothing tries everything. None of it may succeed.
    function intrude(uint256 idSeed, uint256 action) external {
        (bool any, uint256 id, NodeRecord memory record) = pick(idSeed);
        if (!any) return;
        bytes memory signature = signNode(strangerKey, stranger, record.config, soon());
        bytes[7] memory calls = [
            abi.encodeCall(
                registry.updateKeys, (id, record.config.keys, record.config.transportKey, soon(), signature)
            ),
            abi.encodeCall(registry.updateEndpoints, (id, someEndpoints(1))),
            abi.encodeCall(registry.updateRoles, (id, Roles.wrap(1))),
            abi.encodeCall(registry.updateSpecs, (id, record.config.specs)),
            abi.encodeCall(registry.setOnline, (id, !record.online)),
            abi.encodeCall(registry.retire, (id)),
            abi.encodeCall(registry.transferFrom, (record.owner, stranger, id))
        ];
        vm.prank(stranger);
        (bool ok,) = address(registry).call(calls[action % calls.length]);
        if (ok) violation = "a stranger changed a node";
    }

    /// @dev Time passes.
    function wait(uint256 time) external {
        skip(bound(time, 1, 30 days));
    }

    function live() external view returns (uint256[] memory) {
        return _live.values();
    }

    function walletCount() external view returns (uint256) {
        return wallets.length;
    }

    /// @dev Every handle that a node can have named, v6 and v4.
    function handles() external pure returns (bytes32[] memory listed) {
        listed = new bytes32[](2 * KEY_SETS);
        for (uint256 i = 0; i < KEY_SETS; ++i) {
            listed[2 * i] = someKeys(i).handle;
            listed[2 * i + 1] = someKeys(i).handleV4;
        }
    }

    /// @dev Notes a change that the registry was asked for.
    function expectNext(uint256 id) private {
        NodeRecord memory record = registry.node(id);
        if (record.serial != lastSerial[id] + 1) violation = "a serial did not grow by one";
        if (record.updatedAt != block.timestamp) violation = "a change was not dated";
        lastSerial[id] = record.serial;
        lastRecord[id] = keccak256(abi.encode(record));
    }

    function pick(uint256 seed) private view returns (bool any, uint256 id, NodeRecord memory record) {
        if (_live.length() == 0) return (false, id, record);
        id = _live.at(seed % _live.length());
        return (true, id, registry.node(id));
    }

    /// @dev Also key sets whose v6 handle is another's v4 handle.
    function pickKeys(uint256 seed, bool v4) private pure returns (KeySet memory keys) {
        keys = someKeys(seed % KEY_SETS);
        keys.certificate = filled(40, seed % KEY_SETS);
        keys.certificateV4 = filled(33, seed % KEY_SETS);
        if (seed % 7 == 0) keys.handle = bytes32(someKeys((seed / 7) % KEY_SETS).handleV4);
        if (!v4) (keys.certificateV4, keys.handleV4) = ("", bytes20(0));
    }

    function ownerAt(uint256 seed) private view returns (address) {
        return _owners[seed % OWNERS];
    }
}
