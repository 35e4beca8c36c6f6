// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRouteTable, RouteRecord, RouteUpdate} from "../interfaces/IRouteTable.sol";
import {KeySets} from "../libraries/KeySets.sol";
import {Pages} from "../libraries/Pages.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {TypedData} from "../libraries/TypedData.sol";
import {WalletSigned} from "../signed/WalletSigned.sol";
import {KeySet} from "../types/KeySet.sol";
import {AGENT} from "../types/Roles.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title RouteTable
/// @notice The routes of all wallets. See `IRouteTable`.
contract RouteTable is IRouteTable, WalletSigned {
    using EnumerableSet for EnumerableSet.AddressSet;
    using KeySets for KeySet;
    using KeySets for KeySets.Stored;
    using SafeCast for uint256;
    using Signatures for bytes;
    using Signatures for Signatures.Compact;

    /// @dev `serial` is 0 exactly when the wallet never set a route.
    struct StoredRoute {
        KeySets.Stored keys;
        Signatures.Compact signature;
        uint64 serial;
        uint64 updatedAt;
        uint64 expiry;
        uint64 deadline;
        uint32 epoch;
        uint224 agent;
    }

    /// @inheritdoc IRouteTable
    INodeRegistry public immutable REGISTRY;

    mapping(address wallet => StoredRoute) private _routes;

    /// @dev Under each handle, v6 and left-aligned v4, the wallets whose present route names it.
    mapping(bytes32 handle => EnumerableSet.AddressSet) private _claims;

    constructor(INodeRegistry registry) EIP712("CoNET RouteTable", "1") {
        REGISTRY = registry;
    }

    /// @inheritdoc IRouteTable
    function setRoute(RouteUpdate calldata update, uint256 deadline, bytes calldata signature) external {
        StoredRoute storage stored = _routes[update.wallet];
        update.keys.check();
        _checkExpiry(update.expiry);
        if (update.epoch < stored.epoch) revert EpochDecreased(stored.epoch, update.epoch);
        if (update.agent != 0 && !REGISTRY.rolesOf(update.agent).contains(AGENT)) {
            revert NotAnAgent(update.agent);
        }
        uint256 nonce = nonces[update.wallet];
        _checkSignature(update.wallet, TypedData.hashRoute(update, nonce, deadline), deadline, signature);

        _useNonce(update.wallet);
        _moveClaims(update.wallet, stored.keys, update.keys);
        stored.keys.store(update.keys);
        stored.signature = signature.pack();
        stored.serial = (nonce + 1).toUint64();
        stored.updatedAt = block.timestamp.toUint64();
        stored.expiry = update.expiry;
        stored.deadline = deadline.toUint64();
        stored.epoch = update.epoch;
        stored.agent = update.agent.toUint224();

        emit RouteSet(
            update.wallet, update.agent, update.keys.handle, stored.serial, update, deadline, signature
        );
    }

    /// @inheritdoc IRouteTable
    function routes(address[] calldata wallets) external view returns (RouteRecord[] memory records) {
        Pages.check(wallets.length);
        records = new RouteRecord[](wallets.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            records[i] = route(wallets[i]);
        }
    }

    /// @inheritdoc IRouteTable
    function claimsOfHandle(bytes32 handle, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory wallets)
    {
        return _claims[handle].values(offset, Pages.end(offset, limit));
    }

    /// @inheritdoc IRouteTable
    function routeDigest(RouteUpdate calldata update, uint256 deadline) external view returns (bytes32) {
        return _hashTypedDataV4(TypedData.hashRoute(update, nonces[update.wallet], deadline));
    }

    /// @inheritdoc IRouteTable
    function route(address wallet) public view returns (RouteRecord memory record) {
        StoredRoute storage stored = _routes[wallet];
        if (stored.serial == 0) return record;
        return RouteRecord({
            update: RouteUpdate({
                wallet: wallet,
                keys: stored.keys.load(),
                epoch: stored.epoch,
                agent: stored.agent,
                expiry: stored.expiry
            }),
            serial: stored.serial,
            updatedAt: stored.updatedAt,
            nonce: stored.serial - 1,
            deadline: stored.deadline,
            signature: stored.signature.unpack()
        });
    }

    function _checkExpiry(uint64 expiry) private view {
        if (expiry <= block.timestamp) revert ExpiryPassed(expiry);
        uint256 latest = block.timestamp + MAX_LIFETIME;
        if (expiry > latest) revert ExpiryTooFar(expiry, latest);
    }

    /// @dev Removes what is no longer claimed before it adds what is: the v6 handle of one key set may be the v4
    ///      handle of the next, whatever a wallet invents.
    function _moveClaims(address wallet, KeySets.Stored storage old, KeySet calldata keys) private {
        if (old.handle != keys.handle) _claims[old.handle].remove(wallet);
        if (old.handleV4 != keys.handleV4) _claims[old.handleV4].remove(wallet);
        _claims[keys.handle].add(wallet);
        if (keys.handleV4 != bytes20(0)) _claims[keys.handleV4].add(wallet);
    }
}
