// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {WalletSigned} from "./WalletSigned.sol";
import {Consent, INodeRegistry, NodeConfig, NodeRecord, Prices} from "./interfaces/INodeRegistry.sol";
import {KeySets} from "./libraries/KeySets.sol";
import {Pages} from "./libraries/Pages.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {TypedData} from "./libraries/TypedData.sol";
import {Endpoint} from "./types/Endpoint.sol";
import {KeySet} from "./types/KeySet.sol";
import {Roles} from "./types/Roles.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title NodeRegistry
/// @notice All nodes. See `INodeRegistry`.
contract NodeRegistry is INodeRegistry, WalletSigned, ERC721 {
    using EnumerableSet for EnumerableSet.UintSet;
    using KeySets for KeySet;
    using KeySets for KeySets.Stored;
    using SafeCast for uint256;
    using Signatures for bytes;
    using Signatures for Signatures.Compact;

    /// @dev `wallet` is zero exactly when there is no such node. Times and counts are narrower than in the
    ///      interface, to fill two words; 32 bits of serial outlast any owner.
    struct StoredNode {
        KeySets.Stored keys;
        bytes32 transportKey;
        Endpoint[] endpoints;
        Prices prices;
        address wallet;
        Roles roles;
        uint32 serial;
        uint48 updatedAt;
        address consentOwner;
        uint48 consentNonce;
        uint48 consentDeadline;
        Signatures.Compact signature;
    }

    /// @inheritdoc INodeRegistry
    uint256 public constant MAX_ENDPOINTS = 8;

    /// @inheritdoc INodeRegistry
    mapping(address wallet => uint256 id) public nodeOfWallet;

    uint256 private _lastId;

    mapping(uint256 id => StoredNode) private _nodes;

    /// @dev The ids of live nodes.
    EnumerableSet.UintSet private _live;

    /// @dev Under each handle, v6 and left-aligned v4, the live nodes that name it.
    mapping(bytes32 handle => EnumerableSet.UintSet) private _claims;

    /// @dev Passes only for the owner of a live node.
    modifier onlyNodeOwner(uint256 id) {
        _checkNodeOwner(id);
        _;
    }

    constructor() ERC721("CoNET Node", "CNODE") EIP712("CoNET NodeRegistry", "1") {}

    /// @inheritdoc INodeRegistry
    function register(NodeConfig calldata config, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 id)
    {
        if (nodeOfWallet[config.wallet] != 0) {
            revert WalletHasNode(config.wallet, nodeOfWallet[config.wallet]);
        }
        _checkEndpoints(config.endpoints);
        _checkRoles(config.roles);
        Consent memory consent =
            _checkConsent(config.wallet, config.keys, config.transportKey, deadline, signature);

        id = ++_lastId;
        StoredNode storage stored = _nodes[id];
        stored.wallet = config.wallet;
        stored.endpoints = config.endpoints;
        stored.roles = config.roles;
        stored.prices = config.prices;
        _storeKeys(id, config.keys, config.transportKey, deadline, signature);
        uint32 serial = _touch(stored);
        nodeOfWallet[config.wallet] = id;
        _live.add(id);
        _mint(msg.sender, id);

        emit NodeRegistered(id, config.wallet, config.keys.handle, serial, msg.sender, config, consent);
    }

    /// @inheritdoc INodeRegistry
    function updateKeys(
        uint256 id,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline,
        bytes calldata signature
    ) external onlyNodeOwner(id) {
        StoredNode storage stored = _nodes[id];
        Consent memory consent = _checkConsent(stored.wallet, keys, transportKey, deadline, signature);

        _storeKeys(id, keys, transportKey, deadline, signature);

        emit NodeKeysUpdated(id, keys.handle, _touch(stored), keys, transportKey, consent);
    }

    /// @inheritdoc INodeRegistry
    function updateEndpoints(uint256 id, Endpoint[] calldata endpoints) external onlyNodeOwner(id) {
        _checkEndpoints(endpoints);

        StoredNode storage stored = _nodes[id];
        stored.endpoints = endpoints;

        emit NodeEndpointsUpdated(id, _touch(stored), endpoints);
    }

    /// @inheritdoc INodeRegistry
    function updateRoles(uint256 id, Roles roles) external onlyNodeOwner(id) {
        _checkRoles(roles);

        StoredNode storage stored = _nodes[id];
        stored.roles = roles;

        emit NodeRolesUpdated(id, _touch(stored), roles);
    }

    /// @inheritdoc INodeRegistry
    function updatePrices(uint256 id, Prices calldata prices) external onlyNodeOwner(id) {
        StoredNode storage stored = _nodes[id];
        stored.prices = prices;

        emit NodePricesUpdated(id, _touch(stored), prices);
    }

    /// @inheritdoc INodeRegistry
    function retire(uint256 id) external onlyNodeOwner(id) {
        StoredNode storage stored = _nodes[id];
        address wallet = stored.wallet;
        uint32 serial = stored.serial + 1;

        _claims[stored.keys.handle].remove(id);
        _claims[stored.keys.handleV4].remove(id);
        _live.remove(id);
        delete nodeOfWallet[wallet];
        delete _nodes[id];
        _burn(id);

        emit NodeRetired(id, wallet, serial);
    }

    /// @inheritdoc INodeRegistry
    function node(uint256 id) external view returns (NodeRecord memory) {
        if (!_live.contains(id)) revert UnknownNode(id);
        return _record(id);
    }

    /// @inheritdoc INodeRegistry
    function rolesOf(uint256 id) external view returns (Roles) {
        return _nodes[id].roles;
    }

    /// @inheritdoc INodeRegistry
    function walletOf(uint256 id) external view returns (address wallet) {
        return _nodes[id].wallet;
    }

    /// @inheritdoc INodeRegistry
    function nodeCount() external view returns (uint256) {
        return _live.length();
    }

    /// @inheritdoc INodeRegistry
    function nodes(uint256 offset, uint256 limit) external view returns (NodeRecord[] memory records) {
        uint256[] memory ids = _live.values(offset, Pages.end(offset, limit));
        records = new NodeRecord[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            records[i] = _record(ids[i]);
        }
    }

    /// @inheritdoc INodeRegistry
    function nodesOfHandle(bytes32 handle, uint256 offset, uint256 limit)
        external
        view
        returns (uint256[] memory ids)
    {
        return _claims[handle].values(offset, Pages.end(offset, limit));
    }

    /// @inheritdoc INodeRegistry
    function nodeKeysDigest(
        address wallet,
        address owner,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline
    ) external view returns (bytes32) {
        return _hashTypedDataV4(
            TypedData.hashNodeKeys(wallet, owner, keys, transportKey, nonces[wallet], deadline)
        );
    }

    /// @dev Counts a change of owner as a change of the record. Minting and burning count on their own.
    function _update(address to, uint256 id, address auth) internal override returns (address from) {
        from = super._update(to, id, auth);
        if (from != address(0) && to != address(0)) emit NodeOwnerUpdated(id, _touch(_nodes[id]), to);
    }

    /// @dev Notes a change of the record, and returns its new serial.
    function _touch(StoredNode storage stored) private returns (uint32 serial) {
        serial = stored.serial + 1;
        stored.serial = serial;
        stored.updatedAt = block.timestamp.toUint48();
    }

    /// @dev Consumes the wallet's nonce and replaces keys, claims and consent.
    function _storeKeys(
        uint256 id,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline,
        bytes calldata signature
    ) private {
        StoredNode storage stored = _nodes[id];
        _moveClaims(id, stored.keys, keys);
        stored.keys.store(keys);
        stored.transportKey = transportKey;
        stored.consentOwner = msg.sender;
        stored.consentNonce = _useNonce(stored.wallet).toUint48();
        stored.consentDeadline = deadline.toUint48();
        stored.signature = signature.pack();
    }

    /// @dev Removes what is no longer claimed before it adds what is: the v6 handle of one key set may be the v4
    ///      handle of the next, whatever a wallet invents.
    function _moveClaims(uint256 id, KeySets.Stored storage old, KeySet calldata keys) private {
        if (old.handle != keys.handle) _claims[old.handle].remove(id);
        if (old.handleV4 != keys.handleV4) _claims[old.handleV4].remove(id);
        _claims[keys.handle].add(id);
        if (keys.handleV4 != bytes20(0)) _claims[keys.handleV4].add(id);
    }

    function _checkNodeOwner(uint256 id) private view {
        address owner = _ownerOf(id);
        if (owner == address(0)) revert UnknownNode(id);
        if (owner != msg.sender) revert NotNodeOwner(id, msg.sender);
    }

    /// @dev Reverts unless the keys are well formed and `wallet` signed them for the caller.
    function _checkConsent(
        address wallet,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline,
        bytes calldata signature
    ) private view returns (Consent memory) {
        keys.check();
        if (transportKey == bytes32(0)) revert TransportKeyMissing();
        uint256 nonce = nonces[wallet];
        _checkSignature(
            wallet,
            TypedData.hashNodeKeys(wallet, msg.sender, keys, transportKey, nonce, deadline),
            deadline,
            signature
        );
        return Consent({owner: msg.sender, nonce: nonce, deadline: deadline, signature: signature});
    }

    function _record(uint256 id) private view returns (NodeRecord memory) {
        StoredNode storage stored = _nodes[id];
        return NodeRecord({
            id: id,
            owner: _ownerOf(id),
            serial: stored.serial,
            updatedAt: stored.updatedAt,
            config: NodeConfig({
                wallet: stored.wallet,
                keys: stored.keys.load(),
                transportKey: stored.transportKey,
                endpoints: stored.endpoints,
                roles: stored.roles,
                prices: stored.prices
            }),
            consent: Consent({
                owner: stored.consentOwner,
                nonce: stored.consentNonce,
                deadline: stored.consentDeadline,
                signature: stored.signature.unpack()
            })
        });
    }

    function _checkEndpoints(Endpoint[] calldata endpoints) private pure {
        if (endpoints.length == 0 || endpoints.length > MAX_ENDPOINTS) {
            revert EndpointCountInvalid(endpoints.length);
        }
        for (uint256 i = 0; i < endpoints.length; ++i) {
            if (endpoints[i].port() == 0) revert EndpointPortMissing(endpoints[i]);
        }
    }

    function _checkRoles(Roles roles) private pure {
        if (!roles.isValid()) revert RolesInvalid(roles);
    }
}
