// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {KeySet} from "../types/KeySet.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IWalletSigned} from "./IWalletSigned.sol";

/// @notice What a wallet says about itself.
struct RouteUpdate {
    /// The wallet.
    address wallet;
    /// Its OpenPGP keys.
    KeySet keys;
    /// Which of its encryption subkeys this is: 0 for the first, more after each rotation. Never decreases.
    uint32 epoch;
    /// The node that keeps its mailbox, or 0: it has left, and has no agent.
    uint256 agent;
    /// Until when readers should believe this, unix seconds: in the future, at most `MAX_LIFETIME` ahead.
    uint64 expiry;
}

/// @notice A wallet's route, with the signature that makes it one, so that any reader can check it again
///         without trusting whoever served the record.
struct RouteRecord {
    /// What the wallet said.
    RouteUpdate update;
    /// `nonce` + 1. A reader that has seen a higher serial of this wallet is being shown an old route.
    uint64 serial;
    /// Block time at which the route was set, unix seconds.
    uint64 updatedAt;
    /// The wallet's nonce that the signature carried.
    uint256 nonce;
    /// The signature's deadline, unix seconds. It bounded the submission; `update.expiry` bounds the route.
    uint256 deadline;
    /// 65 bytes: r, s (low), v (27 or 28), by the wallet over the EIP-712 type `Route`.
    bytes signature;
}

/// @title IRouteTable
/// @notice Which keys a wallet has, and which node keeps its mailbox: said by the wallet itself, submitted by
///         anybody, so that a wallet needs no gas.
/// @dev EIP-712 domain: name "CoNET RouteTable", version "1", the chain's id, this contract. Type:
///
///      Route(address wallet,bytes32 certificateHash,bytes32 certificateV4Hash,bytes32 handle,bytes20 handleV4,
///            uint32 epoch,uint256 agent,uint64 expiry,uint256 nonce,uint256 deadline)
///
///      (without the line break and its spaces). The hashes are keccak256 of the certificates' bytes, of the
///      empty string when there is no v4 certificate.
///
///      Serials. A route's serial is the number of nonces that its wallet had consumed when the route was set:
///      1 for the first route, and more with each later one. `cancelNonce` consumes a nonce without setting a
///      route, so serials may skip, but they never repeat and never fall. Signatures prove who spoke, not how
///      lately: a reader keeps the highest serial that it has seen of each wallet and refuses lower ones.
///
///      Routes do not disappear. One past its `expiry`, or one whose agent has retired or is no longer an agent,
///      stays readable; the reader decides.
///
///      Certificates live in the code of small data contracts, which costs a fraction of storage, and one that
///      did not change is not written again: on a chain that restricts who may deploy contracts, whoever submits
///      routes must be allowed to.
interface IRouteTable is IWalletSigned {
    /// @notice A wallet set its route. Carries all that was said, so that a reader of logs needs no calls.
    /// @param wallet The wallet.
    /// @param agent Its agent node, or 0.
    /// @param handle The fingerprint of its v6 encryption subkey.
    /// @param serial The route's serial; the nonce that the signature carried is one less.
    /// @param update What the wallet said.
    /// @param deadline The signature's deadline, unix seconds.
    /// @param signature The wallet's signature, 65 bytes.
    event RouteSet(
        address indexed wallet,
        uint256 indexed agent,
        bytes32 indexed handle,
        uint64 serial,
        RouteUpdate update,
        uint256 deadline,
        bytes signature
    );

    /// @notice The epoch is lower than the one on chain.
    /// @param current The epoch on chain.
    /// @param given The epoch given.
    error EpochDecreased(uint32 current, uint32 given);

    /// @notice The route would expire now or in the past.
    /// @param expiry The expiry given.
    error ExpiryPassed(uint64 expiry);

    /// @notice The expiry is further away than `MAX_LIFETIME`.
    /// @param expiry The expiry given.
    /// @param latest The latest one accepted now.
    error ExpiryTooFar(uint64 expiry, uint256 latest);

    /// @notice The agent is not a live node with the role AGENT.
    /// @param agent The id given.
    error NotAnAgent(uint256 agent);

    /// @notice The registry in which agents are looked up.
    function REGISTRY() external view returns (INodeRegistry);

    /// @notice Sets a wallet's route. Anybody may submit it; only the wallet can have signed it.
    /// @dev Consumes the wallet's nonce. Emits `RouteSet`. Reverts with `NotAnAgent`, `EpochDecreased`,
    ///      `ExpiryPassed`, `ExpiryTooFar` or one of `IWalletSigned`.
    /// @param update What the wallet says.
    /// @param deadline The last second in which the signature counts, at most `MAX_LIFETIME` ahead.
    /// @param signature 65 bytes, by `update.wallet` over `Route`.
    function setRoute(RouteUpdate calldata update, uint256 deadline, bytes calldata signature) external;

    /// @notice A wallet's route. All fields are zero, the serial too, when it never set one.
    function route(address wallet) external view returns (RouteRecord memory);

    /// @notice The routes of several wallets, in the order asked for, each as `route` returns it.
    /// @dev Reverts with `PageTooLarge` for more than `MAX_PAGE` wallets.
    function routes(address[] calldata wallets) external view returns (RouteRecord[] memory);

    /// @notice Wallets whose present route claims a handle, in no particular order.
    /// @dev Several may, and more than one may verify: OpenPGP does not ask an encryption subkey to agree to
    ///      its binding, so a stranger can bind a copy of it. He cannot decrypt. Reverts with `PageTooLarge`
    ///      when `limit` is above `MAX_PAGE`. Read all pages at one block.
    /// @param handle A v6 handle, or a v4 handle followed by 12 zero bytes.
    /// @param offset The first position, from 0.
    /// @param limit The most entries to return.
    function claimsOfHandle(bytes32 handle, uint256 offset, uint256 limit)
        external
        view
        returns (address[] memory wallets);

    /// @notice The EIP-712 digest that `update.wallet` has to sign, with its current nonce.
    /// @param update What the wallet says.
    /// @param deadline The last second in which the signature counts.
    function routeDigest(RouteUpdate calldata update, uint256 deadline) external view returns (bytes32);
}
