// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Endpoint} from "../types/Endpoint.sol";
import {KeySet} from "../types/KeySet.sol";
import {Roles} from "../types/Roles.sol";
import {IStaking} from "./IStaking.sol";
import {IWalletSigned} from "./IWalletSigned.sol";

/// @notice What a node charges (white paper, *Setup Basic Price*). Zero is free.
struct Prices {
    /// Pico-dollars (10^-12 USD) for each megabyte (10^6 bytes) sent out: forwarded, pushed or served.
    uint64 bandwidth;
    /// Pico-dollars for each megabyte kept for one hour.
    uint64 storage_;
    /// Pico-dollars for each virtual processor rented for one hour.
    uint64 vcpu;
    /// Pico-dollars for each megabyte of memory rented for one hour.
    uint64 memory_;
    /// Micro-dollars (10^-6 USD): the smallest payment authorization that the node works for.
    uint64 minimumAuthorization;
}

/// @notice What a node's computer has, as its owner says: nothing on chain can measure it. Zero is not said.
struct Specs {
    /// Virtual processors.
    uint16 vcpus;
    /// Megabytes (10^6 bytes) of memory.
    uint32 memory_;
    /// Megabytes of storage.
    uint32 storage_;
    /// Kilobits (10^3 bits) that it can send in one second.
    uint32 outbound;
}

/// @notice All that an owner says about its node.
struct NodeConfig {
    /// The node's own wallet: its address on the network. Not the owner, and fixed for the node's life.
    address wallet;
    /// The wallet's OpenPGP keys.
    KeySet keys;
    /// X25519 public key of the node's sealed transport. Never zero.
    bytes32 transportKey;
    /// Where the node listens, in order of preference. 1 to `MAX_ENDPOINTS`. The contract checks only that the
    /// port is not zero: readers refuse private, loopback and unspecified addresses outside of development.
    Endpoint[] endpoints;
    /// What the node offers. At least one role, none that is reserved.
    Roles roles;
    /// What the node charges.
    Prices prices;
    /// What the node's computer has.
    Specs specs;
}

/// @notice The wallet's signature over its keys, kept so that any reader can check it again without trusting
///         whoever served the record.
struct Consent {
    /// The owner that the wallet named when it signed. It differs from the node's owner after a transfer.
    address owner;
    /// The wallet's nonce that the signature carried.
    uint256 nonce;
    /// The signature's deadline, unix seconds. It bounded the submission; the claim outlives it.
    uint256 deadline;
    /// 65 bytes: r, s (low), v (27 or 28), by the node's wallet over the EIP-712 type `NodeKeys`.
    bytes signature;
}

/// @notice A live node as the registry knows it.
struct NodeRecord {
    /// The token id. Never used again after the node retired.
    uint256 id;
    /// Who holds the token.
    address owner;
    /// 1 at registration, then one more with every change of this record, a change of owner included.
    uint64 serial;
    /// Block time of the last change, unix seconds.
    uint64 updatedAt;
    /// Whether the node says that it works now (white paper, *Online*). Nothing proves it: a node that died still says
    /// so. Not so at registration.
    bool online;
    /// What the owner says about the node.
    NodeConfig config;
    /// What the wallet signed.
    Consent consent;
}

/// @title INodeRegistry
/// @notice Nodes as ERC-721 tokens: who runs them, the keys of their wallets, where they listen, what they offer
///         and charge.
/// @dev EIP-712 domain: name "CoNET NodeRegistry", version "1", the chain's id, this contract. Type:
///
///      NodeKeys(address wallet,address owner,bytes32 certificateHash,bytes32 certificateV4Hash,bytes32 handle,
///               bytes20 handleV4,bytes32 transportKey,uint256 nonce,uint256 deadline)
///
///      (without the line break and its spaces). The hashes are keccak256 of the certificates' bytes, of the
///      empty string when there is no v4 certificate.
///
///      Two parties agree on a node: the wallet signs for its keys and names the owner, the owner submits. After
///      that the owner alone changes endpoints, roles, prices and specs, and cannot change keys without the wallet.
///      Owner and wallet both may switch the node on- and offline.
///
///      A transfer moves those powers and nothing else. The keys are still the wallet's, so the stored consent
///      stays as it was signed and stays verifiable; it names the owner of that time. A reader that wants the
///      wallet's word on the present owner compares `consent.owner` with `owner`; a new owner gets them equal
///      with `updateKeys`.
///
///      Every event carries all that changed, so that a reader of logs needs no calls. A change of owner has no event
///      but the token's `Transfer` between two owners: each one counts the serial up by one. Certificates live in the
///      code of small data contracts, which costs a fraction of storage: on a chain that restricts who may
///      deploy contracts, whoever registers nodes must be allowed to.
///
///      Being barred (see `IStaking`) does not keep a wallet from registering again: its node can never stake, and so
///      never hold a duty that stake secures.
interface INodeRegistry is IWalletSigned {
    /// @notice A node was registered.
    /// @param id The new node.
    /// @param wallet The node's wallet.
    /// @param handle The fingerprint of its v6 encryption subkey.
    /// @param serial The record's serial: 1.
    /// @param owner Who holds the token.
    /// @param config All that was registered.
    /// @param consent What the wallet signed.
    event NodeRegistered(
        uint256 indexed id,
        address indexed wallet,
        bytes32 indexed handle,
        uint64 serial,
        address owner,
        NodeConfig config,
        Consent consent
    );

    /// @notice A node's keys were replaced.
    /// @param id The node.
    /// @param handle The fingerprint of the new v6 encryption subkey.
    /// @param serial The record's new serial.
    /// @param keys The new keys.
    /// @param transportKey The new X25519 public key.
    /// @param consent What the wallet signed.
    event NodeKeysUpdated(
        uint256 indexed id,
        bytes32 indexed handle,
        uint64 serial,
        KeySet keys,
        bytes32 transportKey,
        Consent consent
    );

    /// @notice A node listens elsewhere.
    /// @param id The node.
    /// @param serial The record's new serial.
    /// @param endpoints The new endpoints.
    event NodeEndpointsUpdated(uint256 indexed id, uint64 serial, Endpoint[] endpoints);

    /// @notice A node offers something else.
    /// @param id The node.
    /// @param serial The record's new serial.
    /// @param roles The new roles.
    event NodeRolesUpdated(uint256 indexed id, uint64 serial, Roles roles);

    /// @notice A node charges something else.
    /// @param id The node.
    /// @param serial The record's new serial.
    /// @param prices The new prices.
    event NodePricesUpdated(uint256 indexed id, uint64 serial, Prices prices);

    /// @notice A node's computer has something else.
    /// @param id The node.
    /// @param serial The record's new serial.
    /// @param specs The new specs.
    event NodeSpecsUpdated(uint256 indexed id, uint64 serial, Specs specs);

    /// @notice A node went on- or offline.
    /// @param id The node.
    /// @param serial The record's new serial.
    /// @param online Whether it works now.
    event NodeOnlineUpdated(uint256 indexed id, uint64 serial, bool online);

    /// @notice A node is gone for good.
    /// @param id The node.
    /// @param wallet Its wallet, free now to be registered again under another id.
    /// @param serial One more than the record's last serial.
    event NodeRetired(uint256 indexed id, address indexed wallet, uint64 serial);

    /// @notice There is no live node with this id.
    /// @param id The id asked for.
    error UnknownNode(uint256 id);

    /// @notice The caller does not own the node.
    /// @param id The node.
    /// @param caller Who called.
    error NotNodeOwner(uint256 id, address caller);

    /// @notice The caller is neither the node's owner nor its wallet.
    /// @param id The node.
    /// @param caller Who called.
    error NotNodeOwnerNorWallet(uint256 id, address caller);

    /// @notice Tokens are staked for the node, or still unbonding.
    /// @param id The node.
    error NodeHasStake(uint256 id);

    /// @notice Coins came with a call that has no use for them.
    /// @param value How many, in wei.
    error ValueNotAccepted(uint256 value);

    /// @notice The wallet already has a live node.
    /// @param wallet The wallet.
    /// @param id Its node.
    error WalletHasNode(address wallet, uint256 id);

    /// @notice A node needs a transport key.
    error TransportKeyMissing();

    /// @notice A node needs 1 to `MAX_ENDPOINTS` endpoints.
    /// @param count The number given.
    error EndpointCountInvalid(uint256 count);

    /// @notice An endpoint's port is zero.
    /// @param endpoint The endpoint.
    error EndpointPortMissing(Endpoint endpoint);

    /// @notice The mask names no role, or a reserved one.
    /// @param roles The mask given.
    error RolesInvalid(Roles roles);

    /// @notice What keeps nodes from retiring: the staking contract.
    function STAKING() external view returns (IStaking);

    /// @notice The most endpoints of one node.
    function MAX_ENDPOINTS() external view returns (uint256);

    /// @notice Registers a node and gives its token to the caller.
    /// @dev Consumes the wallet's nonce. Emits `Transfer`, then `NodeRegistered`. Reverts with `WalletHasNode`,
    ///      with an error named after the field that is wrong, or with one of `IWalletSigned`.
    /// @param config The node. Its keys must be the wallet's.
    /// @param deadline The last second in which the signature counts, at most `MAX_LIFETIME` ahead.
    /// @param signature 65 bytes, by `config.wallet` over `NodeKeys` with `owner` = the caller.
    /// @return id The new node's id. Ids start at 1 and grow by one.
    function register(NodeConfig calldata config, uint256 deadline, bytes calldata signature)
        external
        returns (uint256 id);

    /// @notice Replaces a node's keys.
    /// @dev Only the owner, and only with a fresh signature of the node's wallet. Consumes the wallet's nonce.
    ///      Emits `NodeKeysUpdated`. Reverts with `UnknownNode`, `NotNodeOwner`, `TransportKeyMissing` or one of
    ///      `IWalletSigned`.
    /// @param id The node.
    /// @param keys The wallet's new keys.
    /// @param transportKey The new X25519 public key.
    /// @param deadline The last second in which the signature counts.
    /// @param signature 65 bytes, by the node's wallet over `NodeKeys` with `owner` = the caller.
    function updateKeys(
        uint256 id,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Says where a node listens now.
    /// @dev Only the owner. Emits `NodeEndpointsUpdated`. Reverts with `UnknownNode`, `NotNodeOwner`,
    ///      `EndpointCountInvalid` or `EndpointPortMissing`.
    /// @param id The node.
    /// @param endpoints All endpoints, in order of preference.
    function updateEndpoints(uint256 id, Endpoint[] calldata endpoints) external;

    /// @notice Says what a node offers now.
    /// @dev Only the owner. Emits `NodeRolesUpdated`. Reverts with `UnknownNode`, `NotNodeOwner` or
    ///      `RolesInvalid`. Routes that name a node which is no longer an agent stay as they are.
    /// @param id The node.
    /// @param roles All roles.
    function updateRoles(uint256 id, Roles roles) external;

    /// @notice Says what a node charges now.
    /// @dev Only the owner. Emits `NodePricesUpdated`. Reverts with `UnknownNode` or `NotNodeOwner`.
    /// @param id The node.
    /// @param prices All prices.
    function updatePrices(uint256 id, Prices calldata prices) external;

    /// @notice Says what a node's computer has now.
    /// @dev Only the owner. Emits `NodeSpecsUpdated`. Reverts with `UnknownNode` or `NotNodeOwner`.
    /// @param id The node.
    /// @param specs All specs.
    function updateSpecs(uint256 id, Specs calldata specs) external;

    /// @notice Says whether a node works now.
    /// @dev Only the owner or the node's own wallet, so that its process can switch itself. Emits `NodeOnlineUpdated`;
    ///      does nothing when nothing changes. Reverts with `UnknownNode` or `NotNodeOwnerNorWallet`.
    /// @param id The node.
    /// @param online Whether it works now.
    function setOnline(uint256 id, bool online) external;

    /// @notice Burns a node's token and removes it from every listing, for good.
    /// @dev Only the owner. Emits `Transfer`, then `NodeRetired`. Reverts with `UnknownNode`, `NotNodeOwner`, or
    ///      `NodeHasStake`: a slasher needs the node as long as it has something to lose. Routes that name the node
    ///      stay as they are.
    /// @param id The node.
    function retire(uint256 id) external;

    /// @notice A live node. Reverts with `UnknownNode` for any other id.
    function node(uint256 id) external view returns (NodeRecord memory);

    /// @notice Who holds a node's token. Reverts with ERC-721's `TokenDoesNotExist` when there is no such live node.
    function ownerOf(uint256 id) external view returns (address);

    /// @notice A node's wallet, which signs for it: zero when there is no live node with this id.
    function walletOf(uint256 id) external view returns (address);

    /// @notice What a node offers: no role (zero) when there is no live node with this id.
    function rolesOf(uint256 id) external view returns (Roles);

    /// @notice The number of live nodes.
    function nodeCount() external view returns (uint256);

    /// @notice Live nodes, from position `offset` on; fewer than `limit` only at the end of the list.
    /// @dev The order is stable until a node retires: then the last one takes its place. Read all pages at one
    ///      block. Reverts with `PageTooLarge` when `limit` is above `MAX_PAGE`.
    /// @param offset The first position, from 0.
    /// @param limit The most entries to return.
    function nodes(uint256 offset, uint256 limit) external view returns (NodeRecord[] memory);

    /// @notice The live node of a wallet, or 0 when it has none.
    function nodeOfWallet(address wallet) external view returns (uint256 id);

    /// @notice Live nodes that claim a handle, in no particular order.
    /// @dev Several may, and more than one may verify: OpenPGP does not ask an encryption subkey to agree to
    ///      its binding, so a stranger can bind a copy of it. He cannot decrypt. Reverts with `PageTooLarge`.
    /// @param handle A v6 handle, or a v4 handle followed by 12 zero bytes.
    /// @param offset The first position, from 0.
    /// @param limit The most entries to return.
    /// @return ids The nodes.
    function nodesOfHandle(bytes32 handle, uint256 offset, uint256 limit)
        external
        view
        returns (uint256[] memory ids);

    /// @notice The EIP-712 digest that `wallet` has to sign, with its current nonce.
    /// @param wallet The node's wallet.
    /// @param owner Who will submit the signature.
    /// @param keys The wallet's keys.
    /// @param transportKey The node's X25519 public key.
    /// @param deadline The last second in which the signature counts.
    function nodeKeysDigest(
        address wallet,
        address owner,
        KeySet calldata keys,
        bytes32 transportKey,
        uint256 deadline
    ) external view returns (bytes32);
}
