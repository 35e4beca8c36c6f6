// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IWalletSigned} from "./IWalletSigned.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice What somebody wants to register. Its hash is committed to first.
struct Registration {
    /// The name without `.conet`: 3 to 32 characters of a-z, 0-9 and hyphens; no hyphen at either end, nor both third
    /// and fourth.
    string label;
    /// Who will own it.
    address owner;
    /// What it will resolve to. May be zero.
    address wallet;
    /// Years paid for: 1 to `MAX_TERM`.
    uint32 term;
    /// 32 random bytes, so that nobody can guess the label from the commitment.
    bytes32 secret;
}

/// @notice A name.
struct NameRecord {
    /// The token.
    uint256 id;
    /// The name without `.conet`.
    string label;
    /// Who owns it; zero when it has expired.
    address owner;
    /// What it resolves to; zero when it has expired.
    address wallet;
    /// The last second that is paid for, unix seconds. Zero when it was never registered.
    uint64 expiresAt;
}

/// @title INames
/// @notice Readable names for wallets (shown as `bobo.conet`), as ERC-721 tokens that are paid by the year. They stand
///         in for the domain name system (white paper, *CoNET-SI*; decentralized domain name resolution).
/// @dev A token's id is its label's bytes, followed by zeros. So labels and ids can be told from each other without a
///      look-up, and nothing but the id is stored.
///
///      A name goes through these:
///      - *live* until `expiresAt`: it resolves, and its owner transfers it and sets its wallet;
///      - *lapsed* for `GRACE` seconds more: it resolves to nothing, `ownerOf` reverts and nothing can be done with it,
///        but anyone may renew it, and then it is its owner's as before;
///      - *free* after that, and before its first registration: who registers it starts anew.
///      `balanceOf` and `namesOf` go on counting a name that ran out until somebody registers it again.
///
///      Registering takes two steps, so that nobody who watches transactions can be faster: `commit` to a hash, then,
///      `MIN_COMMITMENT_AGE` to `MAX_COMMITMENT_AGE` later, show what was hashed. The hash binds the owner, so anybody
///      may submit both.
///
///      A wallet needs no gas: an agent submits for it. Whatever an owner or a wallet may do here it may also sign, as
///      EIP-712 (domain: name "CoNET Names", version "1", the chain's id, this contract) of one of these types, with
///      its nonce and a deadline (see `IWalletSigned`):
///
///      Register(bytes32 commitment,uint256 maxFee,uint256 nonce,uint256 deadline)
///      SetWallet(string label,address wallet,uint256 nonce,uint256 deadline)
///      SetPrimaryName(string label,uint256 nonce,uint256 deadline)
///
///      Fees are CoNET, `Parameters.nameFee` for each year, and are burned or go to the income pool, as
///      `Parameters.nameFeesBurned` says. Who pays them from its own tokens needs an allowance; `permitFee` and the
///      call that it is for fit one transaction by `multicall`.
interface INames is IERC721, IWalletSigned {
    /// @notice Somebody committed to a registration.
    event Committed(bytes32 indexed commitment);

    /// @notice A name was registered.
    /// @param id The token.
    /// @param owner Who owns it.
    /// @param wallet What it resolves to.
    /// @param label The name without `.conet`.
    /// @param expiresAt The last second that is paid for.
    /// @param payer Who paid.
    /// @param fee What, in 10^-18 CoNET.
    event NameRegistered(
        uint256 indexed id,
        address indexed owner,
        address indexed wallet,
        string label,
        uint64 expiresAt,
        address payer,
        uint256 fee
    );

    /// @notice More years were paid for.
    event NameRenewed(uint256 indexed id, uint64 expiresAt, address payer, uint256 fee);

    /// @notice What a name resolves to changed. Zero also when it changed hands.
    event WalletSet(uint256 indexed id, address indexed wallet);

    /// @notice A wallet said which name is its own. Zero for none.
    event PrimaryNameSet(address indexed wallet, uint256 indexed id);

    /// @notice Not a label: see `Registration.label`.
    /// @param position The first character that is wrong; the length when that is.
    error LabelInvalid(string label, uint256 position);

    /// @notice The term is not 1 to `MAX_TERM` years.
    error TermInvalid(uint32 term, uint32 longest);

    /// @notice Names are paid for at most `MAX_TERM` years from now.
    error TermTooLong(uint256 expiresAt, uint256 latest);

    /// @notice The commitment is there already, and not too old.
    error CommitmentExists(bytes32 commitment, uint256 usableUntil);

    /// @notice Nobody committed to this registration, or it was used.
    error CommitmentUnknown(bytes32 commitment);

    /// @notice The commitment must be older.
    error CommitmentTooNew(bytes32 commitment, uint256 usableFrom);

    /// @notice The commitment is too old.
    error CommitmentTooOld(bytes32 commitment, uint256 usableUntil);

    /// @notice The name is somebody's.
    /// @param freeAt From when on it can be registered, if nobody renews it.
    error NameTaken(uint256 id, uint256 freeAt);

    /// @notice The name is free: it can be registered, and not renewed.
    error NameFree(uint256 id);

    /// @notice Only the owner of a live name may do this.
    error NotNameOwner(address caller, address owner);

    /// @notice The fee is more than the payer agreed to.
    error FeeTooHigh(uint256 fee, uint256 maxFee);

    /// @notice A wallet's primary name must resolve to it.
    error NameResolvesElsewhere(uint256 id, address resolved, address wallet);

    /// @notice How old a commitment must be. 60 seconds.
    function MIN_COMMITMENT_AGE() external view returns (uint256);

    /// @notice How old a commitment may be. 1 day.
    function MAX_COMMITMENT_AGE() external view returns (uint256);

    /// @notice The most years that a name can be paid ahead. 10.
    function MAX_TERM() external view returns (uint32);

    /// @notice A year: 365 days, in seconds.
    function YEAR() external view returns (uint64);

    /// @notice How long a name waits for its owner after its last paid second. 30 days.
    function GRACE() external view returns (uint64);

    /// @notice First step: commits to `commitmentOf(registration)`. Anyone may submit it.
    /// @dev Emits `Committed`. Reverts with `CommitmentExists`.
    function commit(bytes32 commitment) external;

    /// @notice Second step, paid by the caller, who need not be the owner.
    /// @dev Emits `NameRegistered`. Reverts with `LabelInvalid`, `TermInvalid`, `NameTaken`, `CommitmentUnknown`,
    ///      `CommitmentTooNew`, `CommitmentTooOld`, `FeeTooHigh`, or as the token does.
    /// @param registration What was committed to.
    /// @param maxFee The most that the caller pays, in 10^-18 CoNET.
    /// @return id The token.
    function register(Registration calldata registration, uint256 maxFee) external returns (uint256 id);

    /// @notice Second step, paid by the owner, who signed `Register`. Anyone may submit it.
    /// @dev As `register`, and one of `IWalletSigned`. The signature is what makes the owner pay: an allowance alone
    ///      would let strangers buy it names that it does not want.
    function registerSigned(
        Registration calldata registration,
        uint256 maxFee,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint256 id);

    /// @notice Adds years to a name that is live or lapsed. Anyone may, and the caller pays.
    /// @dev Emits `NameRenewed`. Reverts with `LabelInvalid`, `TermInvalid`, `TermTooLong`, `NameFree`, `FeeTooHigh`.
    function renew(string calldata label, uint32 term, uint256 maxFee) external;

    /// @notice Sets what a live name resolves to; zero for nothing. Only its owner. A transfer sets it to zero: a name
    ///         never vouches for a wallet that its present owner did not choose.
    /// @dev Emits `WalletSet`. Reverts with `LabelInvalid`, `NotNameOwner`, or `ERC721NonexistentToken` when not live.
    function setWallet(string calldata label, address wallet) external;

    /// @notice As `setWallet`, signed by the owner (`SetWallet`). Anyone may submit it.
    function setWalletSigned(
        string calldata label,
        address wallet,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice The caller, a wallet, says which name is its own. It must resolve to the caller now, and counts only
    ///         while it does. An empty label takes the word back.
    /// @dev Emits `PrimaryNameSet`. Reverts with `LabelInvalid`, `NameResolvesElsewhere`.
    function setPrimaryName(string calldata label) external;

    /// @notice As `setPrimaryName`, signed by the wallet (`SetPrimaryName`). Anyone may submit it.
    function setPrimaryNameSigned(
        address wallet,
        string calldata label,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Hands an ERC-2612 permit for this contract to the token. One that was used before, by whoever saw it
    ///         first, is no error: what counts is the allowance.
    function permitFee(address owner, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice What a name resolves to: zero unless it is live and has a wallet. Never reverts.
    function resolve(string calldata label) external view returns (address wallet);

    /// @notice The label that a wallet chose, if it resolves to that wallet now; else empty.
    function primaryNameOf(address wallet) external view returns (string memory label);

    /// @notice All about a name, registered or not. Reverts with `LabelInvalid`.
    function recordOf(string calldata label) external view returns (NameRecord memory);

    /// @notice The names of an owner, those that ran out included, in no particular order.
    /// @dev Reverts with `PageTooLarge`. Read all pages at one block.
    function namesOf(address owner, uint256 offset, uint256 limit)
        external
        view
        returns (NameRecord[] memory names);

    /// @notice Whether a name can be registered now. Reverts with `LabelInvalid`.
    function isFree(string calldata label) external view returns (bool);

    /// @notice What `term` years of a name cost now, in 10^-18 CoNET. Reverts with `LabelInvalid`.
    function feeOf(string calldata label, uint32 term) external view returns (uint256);

    /// @notice The token of a label. Reverts with `LabelInvalid`.
    function idOf(string calldata label) external view returns (uint256 id);

    /// @notice keccak256(abi.encode(chain id, this contract, label, owner, wallet, term, secret)).
    function commitmentOf(Registration calldata registration) external view returns (bytes32);

    /// @notice When a commitment was made, unix seconds; zero when it was not, or was used.
    function committedAt(bytes32 commitment) external view returns (uint256);

    /// @notice The EIP-712 digest that `registration.owner` signs, with its current nonce.
    function registerDigest(Registration calldata registration, uint256 maxFee, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice The EIP-712 digest that the name's owner signs, with its current nonce.
    function setWalletDigest(string calldata label, address wallet, uint256 deadline)
        external
        view
        returns (bytes32);

    /// @notice The EIP-712 digest that `wallet` signs, with its current nonce.
    function setPrimaryNameDigest(address wallet, string calldata label, uint256 deadline)
        external
        view
        returns (bytes32);
}
