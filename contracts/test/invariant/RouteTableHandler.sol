// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AGENT,
    Base,
    KeySet,
    NodeRegistry,
    RELAY,
    Roles,
    RouteRecord,
    RouteTable,
    RouteUpdate
} from "../Base.sol";

/// @dev Does to the route table what anybody may do, in any order, and remembers what must hold after. A call that
///      makes no sense now does nothing; one that is made must succeed.
contract RouteTableHandler is Base {
    uint256 internal constant WALLETS = 5;

    /// @dev Few, so that claims meet.
    uint256 internal constant KEY_SETS = 4;

    address[] public wallets;
    mapping(address wallet => bytes32 recordHash) public lastRecord;
    mapping(address wallet => uint64 serial) public lastSerial;
    mapping(address wallet => uint32 epoch) public lastEpoch;
    mapping(address wallet => uint256 nonce) public noncesUsed;

    /// @dev Set when a call changed something that it must not.
    string public violation;

    mapping(address wallet => uint256 key) private _keys;
    uint256[] private _agents;

    constructor(NodeRegistry registry_, RouteTable table_) {
        (registry, table) = (registry_, table_);
        (, strangerKey) = makeAddrAndKey("strangerKey");
        RouteRecord memory none;
        for (uint256 i = 0; i < WALLETS; ++i) {
            (address wallet_, uint256 key) = makeAddrAndKey(string.concat("wallet", vm.toString(i)));
            _keys[wallet_] = key;
            wallets.push(wallet_);
            lastRecord[wallet_] = keccak256(abi.encode(none));
        }
        for (uint256 i = 0; i < 3; ++i) {
            _agents.push(registerNode(string.concat("node", vm.toString(i)), AGENT | RELAY));
        }
    }

    function setRoute(uint256 walletSeed, uint256 keySeed, uint32 epoch, uint256 agentSeed, bool v4)
        external
    {
        address wallet_ = wallets[walletSeed % WALLETS];
        RouteUpdate memory update = someUpdate(wallet_, 0);
        update.keys = pickKeys(keySeed, v4);
        update.epoch = uint32(bound(epoch, lastEpoch[wallet_], uint256(lastEpoch[wallet_]) + 3));
        update.agent = pickAgent(agentSeed);
        submit(update, signRoute(_keys[wallet_], update, soon()));
        noncesUsed[wallet_]++;

        RouteRecord memory record = table.route(wallet_);
        if (record.serial <= lastSerial[wallet_]) violation = "a serial did not grow";
        if (record.serial != noncesUsed[wallet_]) {
            violation = "a serial is not the number of nonces consumed";
        }
        if (record.update.epoch < lastEpoch[wallet_]) violation = "an epoch fell";
        if (record.updatedAt != block.timestamp) violation = "a change was not dated";
        lastSerial[wallet_] = record.serial;
        lastEpoch[wallet_] = record.update.epoch;
        lastRecord[wallet_] = keccak256(abi.encode(record));
    }

    function cancelNonce(uint256 walletSeed) external {
        address wallet_ = wallets[walletSeed % WALLETS];
        vm.prank(wallet_);
        table.cancelNonce();
        noncesUsed[wallet_]++;
    }

    /// @dev Somebody tries to set another's route: with a signature of its own, with the one on chain, with one
    ///      for another nonce, or with the wallet's good one over other fields. None may succeed.
    function intrude(uint256 walletSeed, uint256 keySeed, uint256 action) external {
        address wallet_ = wallets[walletSeed % WALLETS];
        RouteUpdate memory update = someUpdate(wallet_, 0);
        update.keys = pickKeys(keySeed, true);
        update.epoch = lastEpoch[wallet_];
        uint256 deadline = soon();
        bytes memory signature;
        if (action % 4 == 0) {
            signature = signRoute(strangerKey, update, soon());
        } else if (action % 4 == 1) {
            RouteRecord memory record = table.route(wallet_);
            if (record.serial == 0) return;
            (update, signature, deadline) = (record.update, record.signature, record.deadline);
        } else if (action % 4 == 2) {
            address other = wallets[(walletSeed % WALLETS + 1) % WALLETS];
            signature = signRoute(_keys[other], update, soon());
        } else {
            signature = signRoute(_keys[wallet_], update, soon());
            update.expiry += 1;
        }
        vm.prank(stranger);
        (bool ok,) = address(table).call(abi.encodeCall(table.setRoute, (update, deadline, signature)));
        if (ok) violation = "a stranger set a route";
    }

    /// @dev A wallet that steps back an epoch is refused, though it signed.
    function stepBack(uint256 walletSeed, uint32 epoch) external {
        address wallet_ = wallets[walletSeed % WALLETS];
        if (lastEpoch[wallet_] == 0) return;
        RouteUpdate memory update = someUpdate(wallet_, 0);
        update.epoch = uint32(bound(epoch, 0, lastEpoch[wallet_] - 1));
        bytes memory signature = signRoute(_keys[wallet_], update, soon());
        (bool ok,) = address(table).call(abi.encodeCall(table.setRoute, (update, soon(), signature)));
        if (ok) violation = "an epoch fell";
    }

    /// @dev A node stops being an agent, or becomes one again. Routes must not care.
    function toggleAgent(uint256 agentSeed) external {
        uint256 agent = _agents[agentSeed % _agents.length];
        Roles roles = registry.rolesOf(agent).contains(AGENT) ? RELAY : RELAY | AGENT;
        vm.prank(owner);
        registry.updateRoles(agent, roles);
    }

    /// @dev Time passes.
    function wait(uint256 time) external {
        skip(bound(time, 1, 30 days));
    }

    function walletCount() external view returns (uint256) {
        return wallets.length;
    }

    /// @dev Every handle that a route can have named, v6 and v4.
    function handles() external pure returns (bytes32[] memory all) {
        all = new bytes32[](2 * KEY_SETS);
        for (uint256 i = 0; i < KEY_SETS; ++i) {
            all[2 * i] = someKeys(i).handle;
            all[2 * i + 1] = someKeys(i).handleV4;
        }
    }

    function submit(RouteUpdate memory update, bytes memory signature) private {
        vm.prank(stranger);
        table.setRoute(update, soon(), signature);
    }

    /// @dev A node that is an agent now, or none.
    function pickAgent(uint256 seed) private view returns (uint256) {
        uint256 choice = seed % (_agents.length + 1);
        if (choice == _agents.length || !registry.rolesOf(_agents[choice]).contains(AGENT)) return 0;
        return _agents[choice];
    }

    /// @dev Also key sets whose v6 handle is another's v4 handle.
    function pickKeys(uint256 seed, bool v4) private pure returns (KeySet memory keys) {
        keys = someKeys(seed % KEY_SETS);
        keys.certificate = filled(40, seed % KEY_SETS);
        keys.certificateV4 = filled(33, seed % KEY_SETS);
        if (seed % 7 == 0) keys.handle = bytes32(someKeys((seed / 7) % KEY_SETS).handleV4);
        if (!v4) (keys.certificateV4, keys.handleV4) = ("", bytes20(0));
    }
}
