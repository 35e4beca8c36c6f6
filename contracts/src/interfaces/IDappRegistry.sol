// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IWalletSigned} from "./IWalletSigned.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice A published bundle.
struct Version {
    /// Hash of the manifest, which names every file of the bundle with its hash.
    bytes32 manifestHash;
    /// Block time at which it was published, unix seconds.
    uint64 publishedAt;
    /// Where the manifest is. What is found there counts only if it has that hash. 1 to `MAX_URI_BYTES`.
    string uri;
}

/// @notice Ratings of one kind. Their mean is `stars / count`.
struct Tally {
    uint64 count;
    uint64 stars;
}

/// @notice A dApp.
struct Dapp {
    uint256 id;
    /// Who publishes, sets the price and is paid.
    address owner;
    /// What people call it. Not unique, and no proof of anything. 1 to `MAX_NAME_BYTES`.
    string name;
    /// What a licence costs, in micro-dollars. Zero is free.
    uint64 price;
    /// Whether it is sold and updated no more. Licences stay.
    bool retired;
    /// The number of the newest version; the first is 1.
    uint32 version;
    /// The newest version.
    Version newest;
    /// Licences that were paid for.
    uint64 sales;
    /// What was paid for them, in micro-dollars.
    uint128 revenue;
    /// Ratings by those who paid.
    Tally paidRatings;
    /// Ratings by those who did not: anybody can make any number of them.
    Tally freeRatings;
}

/// @notice Somebody's right to use a dApp, all later versions included.
struct Licence {
    /// When it was acquired, unix seconds. Zero when there is none.
    uint64 boughtAt;
    /// The newest version then.
    uint32 version;
    /// What was paid, in micro-dollars.
    uint64 paid;
    /// The holder's rating: 1 to 5, or zero for none.
    uint8 stars;
}

/// @title IDappRegistry
/// @notice dApps as ERC-721 tokens: their versions, price, sales, and what buyers think of them, for everybody to read
///         (white paper, *Developer registers dAPP as NFT*).
/// @dev Buyers pay the token's owner directly, in any stablecoin that `Parameters` approves; this contract never holds
///      money and takes no fee. The token carries all later sales, so it can be put into a vault that is owned in
///      fractions; no such vault is part of this.
///
///      A rating counts as paid when its author's licence was. That makes false praise cost gas and working capital,
///      not money: an owner who buys from itself is paid by itself. Readers should weigh authors, not only stars.
///
///      Whatever a buyer may do here it may also sign, as EIP-712 (domain: name "CoNET DappRegistry", version "1", the
///      chain's id, this contract) of one of these types, with its nonce and a deadline (see `IWalletSigned`):
///
///      Buy(uint256 dapp,address stablecoin,uint64 maxPrice,uint256 nonce,uint256 deadline)
///      Rate(uint256 dapp,uint8 stars,bytes32 commentHash,uint256 nonce,uint256 deadline)
///
///      Allowances can be given by `permit`, in one transaction with the purchase by `multicall`.
interface IDappRegistry is IERC721, IWalletSigned {
    /// @notice A dApp was registered. Its first version is announced by `VersionPublished`.
    event DappRegistered(uint256 indexed dapp, address indexed owner, string name, uint64 price);

    /// @notice A version was published. Clients that hold a licence fetch it.
    event VersionPublished(uint256 indexed dapp, uint32 indexed version, bytes32 manifestHash, string uri);

    /// @notice The price for new licences changed.
    event PriceSet(uint256 indexed dapp, uint64 price);

    /// @notice A dApp is sold and updated no more.
    event DappRetired(uint256 indexed dapp);

    /// @notice A licence was acquired.
    /// @param dapp The dApp.
    /// @param licensee Who may use it.
    /// @param seller Its owner, who was paid.
    /// @param payer Who paid.
    /// @param stablecoin What in; zero when it was free.
    /// @param price Micro-dollars.
    /// @param version The newest version.
    event Bought(
        uint256 indexed dapp,
        address indexed licensee,
        address indexed seller,
        address payer,
        address stablecoin,
        uint64 price,
        uint32 version
    );

    /// @notice A holder of a licence rated a dApp, in place of its earlier rating if there was one.
    /// @param commentHash Hash of a text kept elsewhere; zero for none.
    /// @param paid Whether the licence was paid for.
    event Rated(uint256 indexed dapp, address indexed licensee, uint8 stars, bytes32 commentHash, bool paid);

    /// @notice Only the dApp's owner may do this.
    error NotDappOwner(address caller, address owner);

    /// @notice The dApp is retired.
    error Retired(uint256 dapp);

    /// @notice A name has 1 to `MAX_NAME_BYTES` bytes.
    error NameLengthInvalid(uint256 length);

    /// @notice A URI has 1 to `MAX_URI_BYTES` bytes.
    error UriLengthInvalid(uint256 length);

    /// @notice A version needs the hash of its manifest.
    error ManifestHashMissing();

    /// @notice The stablecoin is not approved.
    error StablecoinNotApproved(address stablecoin);

    /// @notice The price is more than the buyer agreed to.
    error PriceTooHigh(uint64 price, uint64 maxPrice);

    /// @notice There is a licence, and it was paid for or the dApp is free.
    error AlreadyLicensed(uint256 dapp, address licensee);

    /// @notice Owners need no licence for what is theirs, and do not pay themselves.
    error OwnDapp(uint256 dapp, address owner);

    /// @notice A licence is somebody's.
    error LicenseeMissing();

    /// @notice Only holders of a licence rate.
    error NotLicensed(uint256 dapp, address account);

    /// @notice Stars are 1 to 5.
    error StarsInvalid(uint8 stars);

    /// @notice The token did not deliver what was sent.
    error TransferMismatch(address stablecoin, uint256 expected, uint256 received);

    /// @notice The longest name, in bytes. 64.
    function MAX_NAME_BYTES() external view returns (uint256);

    /// @notice The longest URI, in bytes. 256.
    function MAX_URI_BYTES() external view returns (uint256);

    /// @notice Registers a dApp of the caller, with its first version.
    /// @dev Emits `DappRegistered` and `VersionPublished`. Reverts with `NameLengthInvalid`, `UriLengthInvalid`,
    ///      `ManifestHashMissing`.
    /// @param name What people call it.
    /// @param price Of a licence, in micro-dollars. Zero is free.
    /// @param manifestHash See `Version`.
    /// @param uri See `Version`.
    function register(string calldata name, uint64 price, bytes32 manifestHash, string calldata uri)
        external
        returns (uint256 dapp);

    /// @notice Publishes a version. Versions are never changed or taken back. Only the owner.
    /// @dev Emits `VersionPublished`. Reverts with `NotDappOwner`, `Retired`, `UriLengthInvalid`,
    ///      `ManifestHashMissing`.
    function publish(uint256 dapp, bytes32 manifestHash, string calldata uri)
        external
        returns (uint32 version);

    /// @notice Sets what new licences cost, in micro-dollars. Only the owner.
    /// @dev Emits `PriceSet`. Reverts with `NotDappOwner`, `Retired`.
    function setPrice(uint256 dapp, uint64 price) external;

    /// @notice Ends sales and updates, for good. Only the owner.
    /// @dev Emits `DappRetired`. Reverts with `NotDappOwner`, `Retired`.
    function retire(uint256 dapp) external;

    /// @notice Acquires a licence for `licensee`, paid by the caller to the dApp's owner. Needs an allowance, unless
    ///         the dApp is free.
    /// @dev Somebody whose licence was free may pay later, and its rating moves to the paid ones. Emits `Bought`.
    ///      Reverts with `ERC721NonexistentToken`, `Retired`, `LicenseeMissing`, `OwnDapp`, `AlreadyLicensed`,
    ///      `PriceTooHigh`, `StablecoinNotApproved`, `TransferMismatch`.
    /// @param dapp The dApp.
    /// @param licensee Who may use it.
    /// @param stablecoin What to pay in. Not looked at when the dApp is free.
    /// @param maxPrice The most that the caller pays, in micro-dollars.
    function buy(uint256 dapp, address licensee, address stablecoin, uint64 maxPrice) external;

    /// @notice As `buy`, paid by the licensee, who signed `Buy`. Anyone may submit it.
    /// @dev As `buy`, and one of `IWalletSigned`.
    function buySigned(
        uint256 dapp,
        address licensee,
        address stablecoin,
        uint64 maxPrice,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Rates a dApp that the caller has a licence for, in place of its earlier rating. Retired ones, too.
    /// @dev Emits `Rated`. Reverts with `NotLicensed`, `StarsInvalid`.
    /// @param dapp The dApp.
    /// @param stars 1 to 5.
    /// @param commentHash keccak256 of a text kept elsewhere; zero for none.
    function rate(uint256 dapp, uint8 stars, bytes32 commentHash) external;

    /// @notice As `rate`, signed by the licensee (`Rate`). Anyone may submit it.
    function rateSigned(
        uint256 dapp,
        address licensee,
        uint8 stars,
        bytes32 commentHash,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Hands an ERC-2612 permit for this contract to a stablecoin. One that was used before, by whoever saw it
    ///         first, is no error: what counts is the allowance. Reverts with `StablecoinNotApproved`.
    function permit(
        address stablecoin,
        address owner,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice A dApp. Reverts with `ERC721NonexistentToken`.
    function dappOf(uint256 id) external view returns (Dapp memory);

    /// @notice All dApps, oldest first: position `offset` from 0 has id `offset + 1`. Reverts with `PageTooLarge`.
    function dapps(uint256 offset, uint256 limit) external view returns (Dapp[] memory);

    /// @notice How many dApps there are.
    function dappCount() external view returns (uint256);

    /// @notice A dApp's versions, oldest first: position `offset` from 0 has number `offset + 1`.
    /// @dev Reverts with `PageTooLarge`, `ERC721NonexistentToken`.
    function versions(uint256 dapp, uint256 offset, uint256 limit) external view returns (Version[] memory);

    /// @notice Somebody's licence; all zero when there is none.
    function licenceOf(uint256 dapp, address licensee) external view returns (Licence memory);

    /// @notice The EIP-712 digest that `licensee` signs, with its current nonce.
    function buyDigest(uint256 dapp, address licensee, address stablecoin, uint64 maxPrice, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice The EIP-712 digest that `licensee` signs, with its current nonce.
    function rateDigest(uint256 dapp, address licensee, uint8 stars, bytes32 commentHash, uint256 deadline)
        external
        view
        returns (bytes32);
}
