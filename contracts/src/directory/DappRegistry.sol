// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Dapp, IDappRegistry, Licence, Tally, Version} from "../interfaces/IDappRegistry.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {Pages} from "../libraries/Pages.sol";
import {WalletSigned} from "../signed/WalletSigned.sol";
import {Contracts} from "../types/Contracts.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title DappRegistry
/// @notice dApps, their versions, licences and ratings. See `IDappRegistry`.
contract DappRegistry is IDappRegistry, WalletSigned, ERC721, Multicall {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct StoredDapp {
        string name;
        Version[] versions;
        uint64 price;
        bool retired;
        uint64 sales;
        uint128 revenue;
        Tally paidRatings;
        Tally freeRatings;
    }

    bytes32 internal constant BUY_TYPEHASH =
        keccak256("Buy(uint256 dapp,address stablecoin,uint64 maxPrice,uint256 nonce,uint256 deadline)");

    bytes32 internal constant RATE_TYPEHASH =
        keccak256("Rate(uint256 dapp,uint8 stars,bytes32 commentHash,uint256 nonce,uint256 deadline)");

    /// @inheritdoc IDappRegistry
    uint256 public constant MAX_NAME_BYTES = 64;

    /// @inheritdoc IDappRegistry
    uint256 public constant MAX_URI_BYTES = 256;

    /// @dev Which stablecoins are approved.
    IParameters private immutable _PARAMETERS;

    /// @inheritdoc IDappRegistry
    uint256 public dappCount;

    mapping(uint256 dapp => StoredDapp) private _dapps;

    mapping(uint256 dapp => mapping(address licensee => Licence)) private _licences;

    /// @dev Passes only for the owner of a dApp that is not retired.
    modifier onlyDappOwner(uint256 dapp) {
        _checkDappOwner(dapp);
        _;
    }

    constructor(Contracts memory all) ERC721("CoNET dApp", "CDAPP") EIP712("CoNET DappRegistry", "1") {
        _PARAMETERS = IParameters(all.parameters);
    }

    /// @inheritdoc IDappRegistry
    function register(string calldata name, uint64 price, bytes32 manifestHash, string calldata uri)
        external
        returns (uint256 dapp)
    {
        if (bytes(name).length == 0 || bytes(name).length > MAX_NAME_BYTES) {
            revert NameLengthInvalid(bytes(name).length);
        }
        dapp = ++dappCount;
        StoredDapp storage stored = _dapps[dapp];
        (stored.name, stored.price) = (name, price);
        _mint(msg.sender, dapp);

        emit DappRegistered(dapp, msg.sender, name, price);
        _publish(dapp, manifestHash, uri);
    }

    /// @inheritdoc IDappRegistry
    function publish(uint256 dapp, bytes32 manifestHash, string calldata uri)
        external
        onlyDappOwner(dapp)
        returns (uint32 version)
    {
        return _publish(dapp, manifestHash, uri);
    }

    /// @inheritdoc IDappRegistry
    function setPrice(uint256 dapp, uint64 price) external onlyDappOwner(dapp) {
        _dapps[dapp].price = price;
        emit PriceSet(dapp, price);
    }

    /// @inheritdoc IDappRegistry
    function retire(uint256 dapp) external onlyDappOwner(dapp) {
        _dapps[dapp].retired = true;
        emit DappRetired(dapp);
    }

    /// @inheritdoc IDappRegistry
    function buy(uint256 dapp, address licensee, address stablecoin, uint64 maxPrice) external {
        _buy(dapp, licensee, msg.sender, stablecoin, maxPrice);
    }

    /// @inheritdoc IDappRegistry
    function buySigned(
        uint256 dapp,
        address licensee,
        address stablecoin,
        uint64 maxPrice,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 structHash = _hashBuy(dapp, licensee, stablecoin, maxPrice, deadline);
        _checkSignature(licensee, structHash, deadline, signature);
        _useNonce(licensee);
        _buy(dapp, licensee, licensee, stablecoin, maxPrice);
    }

    /// @inheritdoc IDappRegistry
    function rate(uint256 dapp, uint8 stars, bytes32 commentHash) external {
        _rate(dapp, msg.sender, stars, commentHash);
    }

    /// @inheritdoc IDappRegistry
    function rateSigned(
        uint256 dapp,
        address licensee,
        uint8 stars,
        bytes32 commentHash,
        uint256 deadline,
        bytes calldata signature
    ) external {
        bytes32 structHash = _hashRate(dapp, licensee, stars, commentHash, deadline);
        _checkSignature(licensee, structHash, deadline, signature);
        _useNonce(licensee);
        _rate(dapp, licensee, stars, commentHash);
    }

    /// @inheritdoc IDappRegistry
    function permit(
        address stablecoin,
        address owner,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (_PARAMETERS.stablecoinScale(stablecoin) == 0) revert StablecoinNotApproved(stablecoin);
        try IERC20Permit(stablecoin).permit(owner, address(this), value, deadline, v, r, s) {} catch {}
    }

    /// @inheritdoc IDappRegistry
    function dapps(uint256 offset, uint256 limit) external view returns (Dapp[] memory page) {
        uint256 end = Math.min(Pages.end(offset, limit), dappCount);
        page = new Dapp[](Math.saturatingSub(end, offset));
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = dappOf(offset + i + 1);
        }
    }

    /// @inheritdoc IDappRegistry
    function versions(uint256 dapp, uint256 offset, uint256 limit)
        external
        view
        returns (Version[] memory page)
    {
        _requireOwned(dapp);
        Version[] storage all = _dapps[dapp].versions;
        uint256 end = Math.min(Pages.end(offset, limit), all.length);
        page = new Version[](Math.saturatingSub(end, offset));
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = all[offset + i];
        }
    }

    /// @inheritdoc IDappRegistry
    function licenceOf(uint256 dapp, address licensee) external view returns (Licence memory) {
        return _licences[dapp][licensee];
    }

    /// @inheritdoc IDappRegistry
    function buyDigest(uint256 dapp, address licensee, address stablecoin, uint64 maxPrice, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashBuy(dapp, licensee, stablecoin, maxPrice, deadline));
    }

    /// @inheritdoc IDappRegistry
    function rateDigest(uint256 dapp, address licensee, uint8 stars, bytes32 commentHash, uint256 deadline)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(_hashRate(dapp, licensee, stars, commentHash, deadline));
    }

    /// @inheritdoc IDappRegistry
    function dappOf(uint256 id) public view returns (Dapp memory) {
        address owner = _requireOwned(id);
        StoredDapp storage stored = _dapps[id];
        return Dapp({
            id: id,
            owner: owner,
            name: stored.name,
            price: stored.price,
            retired: stored.retired,
            version: stored.versions.length.toUint32(),
            newest: stored.versions[stored.versions.length - 1],
            sales: stored.sales,
            revenue: stored.revenue,
            paidRatings: stored.paidRatings,
            freeRatings: stored.freeRatings
        });
    }

    /// @notice Where the newest version's manifest is.
    function tokenURI(uint256 id) public view override returns (string memory) {
        return dappOf(id).newest.uri;
    }

    function _publish(uint256 dapp, bytes32 manifestHash, string calldata uri)
        private
        returns (uint32 version)
    {
        if (manifestHash == bytes32(0)) revert ManifestHashMissing();
        if (bytes(uri).length == 0 || bytes(uri).length > MAX_URI_BYTES) {
            revert UriLengthInvalid(bytes(uri).length);
        }
        Version[] storage all = _dapps[dapp].versions;
        all.push(Version({manifestHash: manifestHash, publishedAt: block.timestamp.toUint64(), uri: uri}));
        version = all.length.toUint32();
        emit VersionPublished(dapp, version, manifestHash, uri);
    }

    function _buy(uint256 dapp, address licensee, address payer, address stablecoin, uint64 maxPrice)
        private
    {
        address seller = _requireOwned(dapp);
        StoredDapp storage stored = _dapps[dapp];
        if (stored.retired) revert Retired(dapp);
        if (licensee == address(0)) revert LicenseeMissing();
        if (licensee == seller || payer == seller) revert OwnDapp(dapp, seller);
        uint64 price = stored.price;
        if (price > maxPrice) revert PriceTooHigh(price, maxPrice);
        Licence storage licence = _licences[dapp][licensee];
        if (licence.boughtAt != 0 && (licence.paid != 0 || price == 0)) {
            revert AlreadyLicensed(dapp, licensee);
        }

        _moveRating(stored, licence);
        uint32 version = stored.versions.length.toUint32();
        (licence.boughtAt, licence.version, licence.paid) = (block.timestamp.toUint64(), version, price);
        if (price == 0) {
            emit Bought(dapp, licensee, seller, payer, address(0), 0, version);
            return;
        }
        stored.sales += 1;
        stored.revenue += price;
        emit Bought(dapp, licensee, seller, payer, stablecoin, price, version);
        _pay(stablecoin, payer, seller, price);
    }

    /// @dev Who paid for a licence that was free becomes one of those whose rating was paid for.
    function _moveRating(StoredDapp storage stored, Licence storage licence) private {
        uint8 stars = licence.stars;
        if (stars == 0) return;
        _subtract(stored.freeRatings, stars);
        _add(stored.paidRatings, stars);
    }

    function _pay(address stablecoin, address payer, address seller, uint64 price) private {
        uint256 scale = _PARAMETERS.stablecoinScale(stablecoin);
        if (scale == 0) revert StablecoinNotApproved(stablecoin);
        uint256 amount = price * scale;
        uint256 before = IERC20(stablecoin).balanceOf(seller);
        IERC20(stablecoin).safeTransferFrom(payer, seller, amount);
        uint256 received = IERC20(stablecoin).balanceOf(seller) - before;
        if (received != amount) revert TransferMismatch(stablecoin, amount, received);
    }

    function _rate(uint256 dapp, address licensee, uint8 stars, bytes32 commentHash) private {
        Licence storage licence = _licences[dapp][licensee];
        if (licence.boughtAt == 0) revert NotLicensed(dapp, licensee);
        if (stars == 0 || stars > 5) revert StarsInvalid(stars);

        bool paid = licence.paid != 0;
        Tally storage tally = paid ? _dapps[dapp].paidRatings : _dapps[dapp].freeRatings;
        if (licence.stars != 0) _subtract(tally, licence.stars);
        _add(tally, stars);
        licence.stars = stars;

        emit Rated(dapp, licensee, stars, commentHash, paid);
    }

    function _add(Tally storage tally, uint8 stars) private {
        tally.count += 1;
        tally.stars += stars;
    }

    function _subtract(Tally storage tally, uint8 stars) private {
        tally.count -= 1;
        tally.stars -= stars;
    }

    function _checkDappOwner(uint256 dapp) private view {
        address owner = _requireOwned(dapp);
        if (msg.sender != owner) revert NotDappOwner(msg.sender, owner);
        if (_dapps[dapp].retired) revert Retired(dapp);
    }

    function _hashBuy(uint256 dapp, address licensee, address stablecoin, uint64 maxPrice, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(BUY_TYPEHASH, dapp, stablecoin, maxPrice, nonces[licensee], deadline));
    }

    function _hashRate(uint256 dapp, address licensee, uint8 stars, bytes32 commentHash, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(RATE_TYPEHASH, dapp, stars, commentHash, nonces[licensee], deadline));
    }
}
