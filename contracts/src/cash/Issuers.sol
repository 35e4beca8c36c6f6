// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetToken} from "../interfaces/IConetToken.sol";
import {IIssuers, Issuer} from "../interfaces/IIssuers.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {Pages} from "../libraries/Pages.sol";
import {Permits} from "../libraries/Permits.sol";
import {WeightTree} from "../libraries/WeightTree.sol";
import {Contracts} from "../types/Contracts.sol";
import {Permit} from "../types/Permit.sol";
import {CREATOR} from "../types/Roles.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DoubleEndedQueue} from "@openzeppelin/contracts/utils/structs/DoubleEndedQueue.sol";

/// @title Issuers
/// @notice Issuers' free CoNET and their weights. See `IIssuers`.
abstract contract Issuers is IIssuers {
    using DoubleEndedQueue for DoubleEndedQueue.Bytes32Deque;
    using SafeCast for uint256;
    using SafeERC20 for IConetToken;
    using WeightTree for WeightTree.Tree;

    /// @dev `leaf` is the place in the tree plus one; zero exactly when the weight is zero.
    struct StoredIssuer {
        uint128 free;
        uint16 leaf;
        address depositor;
    }

    /// @dev `vacatedAt` is zero while in use.
    struct Leaf {
        uint192 node;
        uint64 vacatedAt;
    }

    /// @inheritdoc IIssuers
    uint256 public constant WEIGHT_UNIT = 1e13;

    /// @inheritdoc IIssuers
    uint256 public constant MAX_ISSUERS = WeightTree.MAX_LEAVES;

    /// @dev A place may get a new tenant only when no order can draw the old one any more.
    uint256 private immutable _LEAF_REST;

    IConetToken internal immutable _TOKEN;
    INodeRegistry internal immutable _NODES;
    IStaking internal immutable _STAKING;

    /// @inheritdoc IIssuers
    uint256 public issuerCount;

    mapping(uint256 node => StoredIssuer) private _issuers;

    WeightTree.Tree private _weights;

    mapping(uint256 leaf => Leaf) private _leaves;

    /// @dev Places out of use, the longest first.
    DoubleEndedQueue.Bytes32Deque private _vacant;

    constructor(Contracts memory all, uint256 leafRest) {
        _TOKEN = IConetToken(all.token);
        _NODES = INodeRegistry(all.nodeRegistry);
        _STAKING = IStaking(all.staking);
        _LEAF_REST = leafRest;
    }

    /// @inheritdoc IIssuers
    function deposit(uint256 node, uint256 amount) public {
        if (_ownerOf(node) != msg.sender) revert NotIssuerOwner(node, msg.sender);
        if (!isFit(node)) revert IssuerUnfit(node);

        StoredIssuer storage issuer = _issuers[node];
        uint256 free_ = issuer.free + amount;
        issuer.free = free_.toUint128();
        issuer.depositor = msg.sender;
        emit FreeDeposited(node, amount, free_);
        _setWeight(node, issuer, free_);

        _TOKEN.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IIssuers
    function depositWithPermit(uint256 node, uint256 amount, Permit calldata permit) external {
        Permits.use(permit, address(_TOKEN), msg.sender);
        deposit(node, amount);
    }

    /// @inheritdoc IIssuers
    function withdraw(uint256 node, uint256 amount) external {
        address owner = _ownerOf(node);
        if (owner == address(0)) owner = _issuers[node].depositor;
        if (owner != msg.sender) revert NotIssuerOwner(node, msg.sender);

        uint256 left = _takeFree(node, amount);
        emit FreeWithdrawn(node, msg.sender, amount, left);

        _TOKEN.safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IIssuers
    function sync(uint256 node) external {
        StoredIssuer storage issuer = _issuers[node];
        _setWeight(node, issuer, isFit(node) ? issuer.free : 0);
    }

    /// @inheritdoc IIssuers
    function free(uint256 node) external view returns (uint256) {
        return _issuers[node].free;
    }

    /// @inheritdoc IIssuers
    function weightOf(uint256 node) public view returns (uint256) {
        uint256 leaf = _issuers[node].leaf;
        return leaf == 0 ? 0 : _weights.get(leaf - 1);
    }

    /// @inheritdoc IIssuers
    function totalWeightAt(uint256 blockNumber) public view returns (uint256) {
        return _weights.total(blockNumber);
    }

    /// @inheritdoc IIssuers
    function isFit(uint256 node) public view returns (bool) {
        return _NODES.rolesOf(node).contains(CREATOR)
            && _STAKING.seats(node, CREATOR) < _STAKING.capacity(node, CREATOR);
    }

    /// @inheritdoc IIssuers
    function issuers(uint256 offset, uint256 limit) external view returns (Issuer[] memory page) {
        uint256 end = Math.min(Pages.end(offset, limit), issuerCount);
        page = new Issuer[](Math.saturatingSub(end, offset));
        for (uint256 i = 0; i < page.length; ++i) {
            uint256 node = _leaves[offset + i].node;
            page[i] = Issuer({node: node, free: _issuers[node].free, weight: _weights.get(offset + i)});
        }
    }

    /// @dev Takes from a node's free CoNET and returns what is left. A node without weight gets none back.
    function _takeFree(uint256 node, uint256 amount) internal returns (uint256 left) {
        StoredIssuer storage issuer = _issuers[node];
        if (issuer.free < amount) revert FreeTooLow(node, amount, issuer.free);
        left = issuer.free - amount;
        issuer.free = left.toUint128();
        if (issuer.leaf != 0) _setWeight(node, issuer, left);
    }

    /// @dev The node that `seed` draws as number `k` for an order of block `blockNumber`; zero when none is left.
    function _drawIssuer(uint256 blockNumber, bytes32 seed, uint256 k) internal view returns (uint256) {
        (bool found, uint256 leaf) = _weights.draw(blockNumber, seed, k);
        return found ? _leaves[leaf].node : 0;
    }

    /// @dev A node's owner; zero when there is no such node.
    function _ownerOf(uint256 node) internal view returns (address) {
        if (!_NODES.rolesOf(node).isValid()) return address(0);
        return IERC721(address(_NODES)).ownerOf(node);
    }

    /// @dev Makes `amount` of free CoNET count, in a place of the node's own.
    function _setWeight(uint256 node, StoredIssuer storage issuer, uint256 amount) private {
        uint256 weight = amount / WEIGHT_UNIT;
        if (weight == weightOf(node)) return;
        if (issuer.leaf == 0) issuer.leaf = (_takeLeaf(node) + 1).toUint16();
        uint256 leaf = issuer.leaf - 1;
        _weights.set(leaf, weight);
        if (weight == 0) {
            issuer.leaf = 0;
            _leaves[leaf].vacatedAt = block.timestamp.toUint64();
            _vacant.pushBack(bytes32(leaf));
        }
        emit WeightSet(node, leaf, weight);
    }

    /// @dev The place that is longest out of use when that is long enough, else a new one.
    function _takeLeaf(uint256 node) private returns (uint256 leaf) {
        if (!_vacant.empty()) {
            leaf = uint256(_vacant.front());
            if (block.timestamp >= _leaves[leaf].vacatedAt + _LEAF_REST) {
                _vacant.popFront();
                _leaves[leaf] = Leaf({node: node.toUint192(), vacatedAt: 0});
                return leaf;
            }
        }
        leaf = issuerCount;
        if (leaf == MAX_ISSUERS) revert IssuersFull();
        issuerCount = leaf + 1;
        _leaves[leaf].node = node.toUint192();
    }
}
