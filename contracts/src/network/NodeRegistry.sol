// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Consent, INodeRegistry, NodeConfig, NodeRecord, Prices, Specs} from "../interfaces/INodeRegistry.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {KeySets} from "../libraries/KeySets.sol";
import {Pages} from "../libraries/Pages.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {TypedData} from "../libraries/TypedData.sol";
import {WalletSigned} from "../signed/WalletSigned.sol";
import {Contracts} from "../types/Contracts.sol";
import {Endpoint} from "../types/Endpoint.sol";
import {KeySet} from "../types/KeySet.sol";
import {Roles} from "../types/Roles.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {ERC721} from "solady/tokens/ERC721.sol";

/// @title NodeRegistry
/// @notice All nodes. See `INodeRegistry`.
/// @dev Serial and time of the last change lie beside the owner, in the 96 bits that Solady's ERC-721 leaves free: a
///      transfer counts the serial up in the slot that it writes anyway.
contract NodeRegistry is INodeRegistry, WalletSigned, ERC721 {
    using EnumerableSet for EnumerableSet.UintSet;
    using KeySets for KeySet;
    using KeySets for KeySets.Stored;
    using SafeCast for uint256;
    using Signatures for bytes;
    using Signatures for Signatures.Compact;

    /// @dev `wallet` is zero exactly when there is no such node. Four prices fill a word, and the last one lies
    ///      beside the wallet. Times and counts are narrower than in the interface, to fill a word.
    struct StoredNode {
        KeySets.Stored keys;
        bytes32 transportKey;
        Endpoint[] endpoints;
        uint64 bandwidthPrice;
        uint64 storagePrice;
        uint64 vcpuPrice;
        uint64 memoryPrice;
        address wallet;
        Roles roles;
        bool online;
        uint64 minimumAuthorization;
        Specs specs;
        address consentOwner;
        uint48 consentNonce;
        uint48 consentDeadline;
        Signatures.Compact signature;
    }

    /// @inheritdoc INodeRegistry
    uint256 public constant MAX_ENDPOINTS = 8;

    /// @inheritdoc INodeRegistry
    IStaking public immutable STAKING;

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

    constructor(Contracts memory contracts) EIP712("CoNET NodeRegistry", "1") {
        STAKING = IStaking(contracts.staking);
    }

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
        stored.specs = config.specs;
        _storePrices(stored, config.prices);
        _storeKeys(id, config.keys, config.transportKey, deadline, signature);
        nodeOfWallet[config.wallet] = id;
        _live.add(id);
        _mintAndSetExtraDataUnchecked(msg.sender, id, _stamp(1));

        emit NodeRegistered(id, config.wallet, config.keys.handle, 1, msg.sender, config, consent);
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

        emit NodeKeysUpdated(id, keys.handle, _touch(id), keys, transportKey, consent);
    }

    /// @inheritdoc INodeRegistry
    function updateEndpoints(uint256 id, Endpoint[] calldata endpoints) external onlyNodeOwner(id) {
        _checkEndpoints(endpoints);

        _nodes[id].endpoints = endpoints;

        emit NodeEndpointsUpdated(id, _touch(id), endpoints);
    }

    /// @inheritdoc INodeRegistry
    function updateRoles(uint256 id, Roles roles) external onlyNodeOwner(id) {
        _checkRoles(roles);

        _nodes[id].roles = roles;

        emit NodeRolesUpdated(id, _touch(id), roles);
    }

    /// @inheritdoc INodeRegistry
    function updatePrices(uint256 id, Prices calldata prices) external onlyNodeOwner(id) {
        _storePrices(_nodes[id], prices);

        emit NodePricesUpdated(id, _touch(id), prices);
    }

    /// @inheritdoc INodeRegistry
    function updateSpecs(uint256 id, Specs calldata specs) external onlyNodeOwner(id) {
        _nodes[id].specs = specs;

        emit NodeSpecsUpdated(id, _touch(id), specs);
    }

    /// @inheritdoc INodeRegistry
    function setOnline(uint256 id, bool online) external {
        StoredNode storage stored = _nodes[id];
        address wallet = stored.wallet;
        if (wallet == address(0)) revert UnknownNode(id);
        if (msg.sender != wallet && msg.sender != _ownerOf(id)) revert NotNodeOwnerNorWallet(id, msg.sender);
        if (stored.online == online) return;

        stored.online = online;

        emit NodeOnlineUpdated(id, _touch(id), online);
    }

    /// @inheritdoc INodeRegistry
    function retire(uint256 id) external onlyNodeOwner(id) {
        // Where the staking contract is not deployed yet, nothing is staked.
        if (address(STAKING).code.length != 0 && STAKING.hasStake(id)) revert NodeHasStake(id);

        StoredNode storage stored = _nodes[id];
        address wallet = stored.wallet;
        uint32 serial = _touch(id);

        _claims[stored.keys.handle].remove(id);
        _claims[stored.keys.handleV4].remove(id);
        _live.remove(id);
        delete nodeOfWallet[wallet];
        delete _nodes[id];
        _burn(id);
        _setExtraData(id, 0);

        emit NodeRetired(id, wallet, serial);
    }

    /// @inheritdoc INodeRegistry
    function node(uint256 id) external view returns (NodeRecord memory) {
        if (!_live.contains(id)) revert UnknownNode(id);
        return _record(id);
    }

    /// @inheritdoc INodeRegistry
    function walletOf(uint256 id) external view returns (address) {
        return _nodes[id].wallet;
    }

    /// @inheritdoc INodeRegistry
    function rolesOf(uint256 id) external view returns (Roles) {
        return _nodes[id].roles;
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

    /// @inheritdoc ERC721
    /// @dev As all of ERC-721 that is payable by its standard, it refuses coins: nobody could ever take them out.
    function approve(address account, uint256 id) public payable override {
        _checkNoValue();
        super.approve(account, id);
    }

    /// @inheritdoc INodeRegistry
    function ownerOf(uint256 id) public view override(INodeRegistry, ERC721) returns (address) {
        return super.ownerOf(id);
    }

    /// @notice The collection's name.
    function name() public pure override returns (string memory) {
        return "CoNET Node";
    }

    /// @notice The collection's symbol.
    function symbol() public pure override returns (string memory) {
        return "CNODE";
    }

    /// @notice Empty: all that there is to know of a node is on chain.
    function tokenURI(uint256 id) public view override returns (string memory) {
        if (!_exists(id)) revert TokenDoesNotExist();
        return "";
    }

    function _beforeTokenTransfer(address, address, uint256) internal view override {
        _checkNoValue();
    }

    /// @dev Counts a change of owner as a change of the record. Minting and burning count on their own.
    function _afterTokenTransfer(address from, address to, uint256 id) internal override {
        if (from != address(0) && to != address(0)) _touch(id);
    }

    /// @dev Notes a change of the record, and returns its new serial.
    function _touch(uint256 id) private returns (uint32 serial) {
        (serial,) = _unstamp(_getExtraData(id));
        _setExtraData(id, _stamp(++serial));
    }

    /// @dev A serial with the present time, as they lie beside the owner. 32 bits of serial outlast any owner.
    function _stamp(uint32 serial) private view returns (uint96) {
        return uint96(serial) << 48 | block.timestamp.toUint48();
    }

    function _unstamp(uint96 stamp) private pure returns (uint32 serial, uint48 updatedAt) {
        // Each cast keeps the bits of its field.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint32(stamp >> 48), uint48(stamp));
    }

    function _storePrices(StoredNode storage stored, Prices calldata prices) private {
        stored.bandwidthPrice = prices.bandwidth;
        stored.storagePrice = prices.storage_;
        stored.vcpuPrice = prices.vcpu;
        stored.memoryPrice = prices.memory_;
        stored.minimumAuthorization = prices.minimumAuthorization;
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
        (uint32 serial, uint48 updatedAt) = _unstamp(_getExtraData(id));
        return NodeRecord({
            id: id,
            owner: _ownerOf(id),
            serial: serial,
            updatedAt: updatedAt,
            online: stored.online,
            config: NodeConfig({
                wallet: stored.wallet,
                keys: stored.keys.load(),
                transportKey: stored.transportKey,
                endpoints: stored.endpoints,
                roles: stored.roles,
                prices: Prices({
                    bandwidth: stored.bandwidthPrice,
                    storage_: stored.storagePrice,
                    vcpu: stored.vcpuPrice,
                    memory_: stored.memoryPrice,
                    minimumAuthorization: stored.minimumAuthorization
                }),
                specs: stored.specs
            }),
            consent: Consent({
                owner: stored.consentOwner,
                nonce: stored.consentNonce,
                deadline: stored.consentDeadline,
                signature: stored.signature.unpack()
            })
        });
    }

    function _checkNoValue() private view {
        if (msg.value != 0) revert ValueNotAccepted(msg.value);
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
