// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IConetToken} from "../interfaces/IConetToken.sol";
import {INames, NameRecord, Registration} from "../interfaces/INames.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {Labels} from "../libraries/Labels.sol";
import {Pages} from "../libraries/Pages.sol";
import {WalletSigned} from "../signed/WalletSigned.sol";
import {Contracts} from "../types/Contracts.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title Names
/// @notice Readable names for wallets. See `INames`.
contract Names is INames, WalletSigned, ERC721, Multicall {
    using EnumerableSet for EnumerableSet.UintSet;
    using Labels for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IConetToken;

    /// @dev `expiresAt` is zero exactly when the name was never registered.
    struct StoredName {
        address wallet;
        uint64 expiresAt;
    }

    bytes32 internal constant REGISTER_TYPEHASH =
        keccak256("Register(bytes32 commitment,uint256 maxFee,uint256 nonce,uint256 deadline)");

    bytes32 internal constant SET_WALLET_TYPEHASH =
        keccak256("SetWallet(string label,address wallet,uint256 nonce,uint256 deadline)");

    bytes32 internal constant SET_PRIMARY_NAME_TYPEHASH =
        keccak256("SetPrimaryName(string label,uint256 nonce,uint256 deadline)");

    /// @inheritdoc INames
    uint256 public constant MIN_COMMITMENT_AGE = 60;

    /// @inheritdoc INames
    uint256 public constant MAX_COMMITMENT_AGE = 1 days;

    /// @inheritdoc INames
    uint32 public constant MAX_TERM = 10;

    /// @inheritdoc INames
    uint64 public constant YEAR = 365 days;

    /// @inheritdoc INames
    uint64 public constant GRACE = 30 days;

    /// @dev CoNET, in which fees are paid.
    IConetToken private immutable _TOKEN;

    /// @dev What a year costs.
    IParameters private immutable _PARAMETERS;

    /// @dev The income pool.
    IRewards private immutable _REWARDS;

    /// @inheritdoc INames
    mapping(bytes32 commitment => uint256 time) public committedAt;

    mapping(uint256 id => StoredName) private _names;

    /// @dev The tokens that `balanceOf` counts.
    mapping(address owner => EnumerableSet.UintSet) private _namesOf;

    /// @dev What each wallet said; believed only while the name resolves to the wallet.
    mapping(address wallet => uint256 id) private _primaryNames;

    constructor(Contracts memory all) ERC721("CoNET Name", "CNAME") EIP712("CoNET Names", "1") {
        _TOKEN = IConetToken(all.token);
        _PARAMETERS = IParameters(all.parameters);
        _REWARDS = IRewards(all.rewards);
    }

    /// @inheritdoc INames
    function commit(bytes32 commitment) external {
        uint256 time = committedAt[commitment];
        if (time != 0 && block.timestamp <= time + MAX_COMMITMENT_AGE) {
            revert CommitmentExists(commitment, time + MAX_COMMITMENT_AGE);
        }
        committedAt[commitment] = block.timestamp;
        emit Committed(commitment);
    }

    /// @inheritdoc INames
    function register(Registration calldata registration, uint256 maxFee) external returns (uint256 id) {
        return _register(registration, maxFee, msg.sender);
    }

    /// @inheritdoc INames
    function registerSigned(
        Registration calldata registration,
        uint256 maxFee,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id) {
        address owner = registration.owner;
        _checkSignature(owner, _hashRegister(registration, maxFee, deadline), deadline, signature);
        _useNonce(owner);
        return _register(registration, maxFee, owner);
    }

    /// @inheritdoc INames
    function renew(string calldata label, uint32 term, uint256 maxFee) external {
        uint256 id = idOf(label);
        _checkTerm(term);
        uint256 fee = _fee(id, term, maxFee);
        if (_isFree(id)) revert NameFree(id);
        uint64 expiresAt = _names[id].expiresAt + term * YEAR;
        uint256 latest = block.timestamp + MAX_TERM * YEAR;
        if (expiresAt > latest) revert TermTooLong(expiresAt, latest);

        _names[id].expiresAt = expiresAt;

        emit NameRenewed(id, expiresAt, msg.sender, fee);
        _collect(msg.sender, fee);
    }

    /// @inheritdoc INames
    function setWallet(string calldata label, address wallet) external {
        uint256 id = idOf(label);
        address owner = ownerOf(id);
        if (msg.sender != owner) revert NotNameOwner(msg.sender, owner);
        _setWallet(id, wallet);
    }

    /// @inheritdoc INames
    function setWalletSigned(
        string calldata label,
        address wallet,
        uint256 deadline,
        bytes calldata signature
    ) external {
        uint256 id = idOf(label);
        address owner = ownerOf(id);
        _checkSignature(owner, _hashSetWallet(owner, label, wallet, deadline), deadline, signature);
        _useNonce(owner);
        _setWallet(id, wallet);
    }

    /// @inheritdoc INames
    function setPrimaryName(string calldata label) external {
        _setPrimaryName(msg.sender, label);
    }

    /// @inheritdoc INames
    function setPrimaryNameSigned(
        address wallet,
        string calldata label,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _checkSignature(wallet, _hashSetPrimaryName(wallet, label, deadline), deadline, signature);
        _useNonce(wallet);
        _setPrimaryName(wallet, label);
    }

    /// @inheritdoc INames
    function permitFee(address owner, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        try _TOKEN.permit(owner, address(this), value, deadline, v, r, s) {} catch {}
    }

    /// @inheritdoc INames
    function resolve(string calldata label) external view returns (address wallet) {
        (uint256 id,) = Labels.parse(label);
        return _resolve(id);
    }

    /// @inheritdoc INames
    function primaryNameOf(address wallet) external view returns (string memory label) {
        uint256 id = _primaryNames[wallet];
        if (id != 0 && _resolve(id) == wallet) return id.text();
    }

    /// @inheritdoc INames
    function recordOf(string calldata label) external view returns (NameRecord memory) {
        return _record(idOf(label));
    }

    /// @inheritdoc INames
    function namesOf(address owner, uint256 offset, uint256 limit)
        external
        view
        returns (NameRecord[] memory names)
    {
        uint256[] memory ids = _namesOf[owner].values(offset, Pages.end(offset, limit));
        names = new NameRecord[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            names[i] = _record(ids[i]);
        }
    }

    /// @inheritdoc INames
    function isFree(string calldata label) external view returns (bool) {
        return _isFree(idOf(label));
    }

    /// @inheritdoc INames
    function feeOf(string calldata label, uint32 term) external view returns (uint256) {
        return _fee(idOf(label), term, type(uint256).max);
    }

    /// @inheritdoc INames
    function registerDigest(Registration calldata registration, uint256 maxFee, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashRegister(registration, maxFee, deadline));
    }

    /// @inheritdoc INames
    function setWalletDigest(string calldata label, address wallet, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashSetWallet(ownerOf(idOf(label)), label, wallet, deadline));
    }

    /// @inheritdoc INames
    function setPrimaryNameDigest(address wallet, string calldata label, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashSetPrimaryName(wallet, label, deadline));
    }

    /// @notice The token's name in ERC-721's JSON. A label needs no escaping.
    function tokenURI(uint256 id) public view override returns (string memory) {
        _requireOwned(id);
        return string.concat('data:application/json,{"name":"', id.text(), '.conet"}');
    }

    /// @inheritdoc INames
    function commitmentOf(Registration calldata registration) public view returns (bytes32) {
        return keccak256(
            abi.encode(
                block.chainid,
                address(this),
                registration.label,
                registration.owner,
                registration.wallet,
                registration.term,
                registration.secret
            )
        );
    }

    /// @inheritdoc INames
    function idOf(string calldata label) public pure returns (uint256 id) {
        uint256 position;
        (id, position) = Labels.parse(label);
        if (id == 0) revert LabelInvalid(label, position);
    }

    /// @dev Keeps the list of each owner's names, and lets a name forget its wallet when it changes hands.
    function _update(address to, uint256 id, address auth) internal override returns (address from) {
        from = super._update(to, id, auth);
        if (from == to) return from;
        if (from != address(0)) {
            _namesOf[from].remove(id);
            _setWallet(id, address(0));
        }
        if (to != address(0)) _namesOf[to].add(id);
    }

    /// @dev A name that ran out has no owner: all of ERC-721 goes through here.
    function _ownerOf(uint256 id) internal view override returns (address) {
        return block.timestamp > _names[id].expiresAt ? address(0) : super._ownerOf(id);
    }

    function _register(Registration calldata registration, uint256 maxFee, address payer)
        private
        returns (uint256 id)
    {
        id = idOf(registration.label);
        _checkTerm(registration.term);
        uint256 fee = _fee(id, registration.term, maxFee);
        if (!_isFree(id)) revert NameTaken(id, uint256(_names[id].expiresAt) + GRACE + 1);
        _useCommitment(commitmentOf(registration));

        uint64 expiresAt = block.timestamp.toUint64() + registration.term * YEAR;
        // Only a live token has an owner that `_burn` can find.
        _names[id].expiresAt = expiresAt;
        if (_ownerOf(id) != address(0)) _burn(id);
        _mint(registration.owner, id);
        _names[id].wallet = registration.wallet;

        emit NameRegistered(
            id, registration.owner, registration.wallet, registration.label, expiresAt, payer, fee
        );
        _collect(payer, fee);
    }

    function _useCommitment(bytes32 commitment) private {
        uint256 time = committedAt[commitment];
        // Zero is what was never written.
        // slither-disable-next-line incorrect-equality
        if (time == 0) revert CommitmentUnknown(commitment);
        if (block.timestamp < time + MIN_COMMITMENT_AGE) {
            revert CommitmentTooNew(commitment, time + MIN_COMMITMENT_AGE);
        }
        if (block.timestamp > time + MAX_COMMITMENT_AGE) {
            revert CommitmentTooOld(commitment, time + MAX_COMMITMENT_AGE);
        }
        delete committedAt[commitment];
    }

    /// @dev Takes the fee to where governance wants fees to go.
    function _collect(address payer, uint256 fee) private {
        _TOKEN.safeTransferFrom(payer, address(this), fee);
        if (_PARAMETERS.nameFeesBurned()) {
            _TOKEN.burn(fee);
        } else {
            _TOKEN.forceApprove(address(_REWARDS), fee);
            _REWARDS.fund(address(_TOKEN), fee);
        }
    }

    function _setWallet(uint256 id, address wallet) private {
        _names[id].wallet = wallet;
        emit WalletSet(id, wallet);
    }

    function _setPrimaryName(address wallet, string calldata label) private {
        uint256 id = bytes(label).length == 0 ? 0 : idOf(label);
        address resolved = _resolve(id);
        if (id != 0 && resolved != wallet) revert NameResolvesElsewhere(id, resolved, wallet);
        _primaryNames[wallet] = id;
        emit PrimaryNameSet(wallet, id);
    }

    function _fee(uint256 id, uint32 term, uint256 maxFee) private view returns (uint256 fee) {
        fee = _PARAMETERS.nameFee(id.length()) * term;
        if (fee > maxFee) revert FeeTooHigh(fee, maxFee);
    }

    function _isFree(uint256 id) private view returns (bool) {
        return block.timestamp > uint256(_names[id].expiresAt) + GRACE;
    }

    function _resolve(uint256 id) private view returns (address) {
        return block.timestamp > _names[id].expiresAt ? address(0) : _names[id].wallet;
    }

    function _record(uint256 id) private view returns (NameRecord memory) {
        return NameRecord({
            id: id,
            label: id.text(),
            owner: _ownerOf(id),
            wallet: _resolve(id),
            expiresAt: _names[id].expiresAt
        });
    }

    function _hashRegister(Registration calldata registration, uint256 maxFee, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 commitment = commitmentOf(registration);
        return
            keccak256(abi.encode(REGISTER_TYPEHASH, commitment, maxFee, nonces[registration.owner], deadline));
    }

    function _hashSetWallet(address owner, string calldata label, address wallet, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(SET_WALLET_TYPEHASH, keccak256(bytes(label)), wallet, nonces[owner], deadline)
        );
    }

    function _hashSetPrimaryName(address wallet, string calldata label, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(SET_PRIMARY_NAME_TYPEHASH, keccak256(bytes(label)), nonces[wallet], deadline)
        );
    }

    function _checkTerm(uint32 term) private pure {
        if (term == 0 || term > MAX_TERM) revert TermInvalid(term, MAX_TERM);
    }
}
