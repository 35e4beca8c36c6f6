// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {ChainClass, Visibility} from "../types/Chains.sol";
import {Roles} from "../types/Roles.sol";

/// @notice What a chain's first block fixes, as its archive group certifies it.
/// @dev EIP-712 type: Genesis(bytes32 chain,uint256 note,uint32 series,bytes32 genesisHash,uint8 class,uint8
///      visibility,address wallet,uint8 quorum,bytes32 membersHash,uint64 deposit,uint64 carried,uint32 group,uint64
///      epoch), without the line breaks.
struct Genesis {
    /// The chain's id. For a note, `Cash.chainOf(note)`.
    bytes32 chain;
    /// The note whose chain it is; zero when it is none's.
    uint256 note;
    /// 1 for the first, one more each time that the pool resells a note.
    uint32 series;
    /// Hash of the genesis block. Never zero.
    bytes32 genesisHash;
    /// What the chain is for.
    ChainClass class;
    /// Who may read it.
    Visibility visibility;
    /// The bound wallet: pays for storage. Never zero.
    address wallet;
    /// How many of the chain's group must sign a block; 0 means all of them.
    uint8 quorum;
    /// keccak256(abi.encode(uint256[] members)): the nodes of the chain's group, the creator first.
    bytes32 membersHash;
    /// Notes: micro-dollars that the new series' buyer paid. Else zero.
    uint64 deposit;
    /// Notes: micro-dollars carried over from the series before. Else zero.
    uint64 carried;
}

/// @notice A chain gets other members, as its archive group certifies it.
/// @dev EIP-712 type: GroupChange(bytes32 chain,uint32 series,uint64 change,uint64 height,bytes32 membersHash,uint32
///      group,uint64 epoch), without the line break.
struct GroupChange {
    /// The chain.
    bytes32 chain;
    /// Its series.
    uint32 series;
    /// 1 for the first change in a series, then one more each: none counts twice, none is left out.
    uint64 change;
    /// The first block that the new members make. Never decreases within a series.
    uint64 height;
    /// keccak256(abi.encode(uint256[] members)): the creator first. Of an empty list when the chain is at rest.
    bytes32 membersHash;
}

/// @notice A chain that the main chain knows.
struct Anchor {
    /// Zero when the main chain does not know the chain.
    bytes32 genesisHash;
    bytes32 membersHash;
    address wallet;
    ChainClass class;
    Visibility visibility;
    uint8 quorum;
    uint32 series;
    uint32 home;
    /// Storage is paid for until this second. Nothing on the main chain asks for it but `anchor`, once.
    uint64 paidThrough;
    uint64 groupChanges;
    /// The first block of the present members.
    uint64 groupHeight;
}

/// @title IChainAnchor
/// @notice The DLE chains that the main chain knows: their genesis, their members and their rent (white paper, *How
///         CoNET-DLE working*, *Ownership of the chain*).
/// @dev EIP-712 domain: name "CoNET ChainAnchor", version "1", the chain's id, this contract. Besides the types above:
///
///      WalletChange(bytes32 chain,address wallet,address next,uint256 nonce,uint256 deadline)
///
///      Members' seats in `Staking` (CREATOR for the first member, WITNESS for the others) are taken lazily: a
///      certificate carries only the hash of the list, and whoever cares for the stake behind a chain reveals it.
///
///      Rent says how long archive nodes keep making blocks. An unpaid chain makes none but for claims and
///      withdrawals, and none of the contracts holds anybody's money back for it.
interface IChainAnchor {
    /// @notice A genesis was certified.
    /// @param home The archive group that the chain was given to.
    event ChainAnchored(bytes32 indexed chain, uint32 indexed series, uint32 indexed home, Genesis genesis);

    /// @notice A chain has other members from a block on.
    event GroupChanged(
        bytes32 indexed chain, uint32 indexed series, uint64 change, uint64 height, bytes32 membersHash
    );

    /// @notice Members were revealed and those with stake took their seats.
    /// @param seated Bit i: member i has its seat.
    event MembersSeated(
        bytes32 indexed chain, bytes32 indexed membersHash, uint256[] members, uint256 seated
    );

    /// @notice Members that a chain has no more gave up their seats.
    event MembersReleased(bytes32 indexed chain, bytes32 indexed membersHash);

    /// @notice Another wallet pays for a chain.
    event WalletSet(bytes32 indexed chain, address indexed wallet);

    /// @notice Rent was paid.
    /// @param microDollars Of `stablecoin`, which went to the income pool.
    /// @param paidThrough Until when the chain's storage is paid for now, unix seconds.
    event RentPaid(
        bytes32 indexed chain,
        address indexed payer,
        address stablecoin,
        uint64 microDollars,
        uint64 paidThrough
    );

    /// @notice There is no such chain.
    error UnknownChain(bytes32 chain);

    /// @notice The series is not the next one, or not the chain's.
    error SeriesInvalid(bytes32 chain, uint32 given, uint32 expected);

    /// @notice Only notes are resold: any other chain has one genesis.
    error AlreadyAnchored(bytes32 chain);

    /// @notice A genesis has a hash.
    error GenesisHashMissing(bytes32 chain);

    /// @notice A chain has a bound wallet.
    error WalletMissing(bytes32 chain);

    /// @notice Only an asset chain may be a note's.
    error NotAnAsset(bytes32 chain);

    /// @notice The note's chain has another id.
    error ChainDiffers(bytes32 chain, bytes32 expected);

    /// @notice Money is on notes only.
    error MoneyWithoutNote(bytes32 chain, uint64 deposit, uint64 carried);

    /// @notice The quorum rule is that of the first genesis, for good.
    error QuorumDiffers(bytes32 chain, uint8 given, uint8 expected);

    /// @notice A storage chain's rent is paid before its genesis (`payRent`).
    error RentMissing(bytes32 chain, uint64 paidThrough);

    /// @notice The change is not the next one.
    error ChangeInvalid(bytes32 chain, uint64 given, uint64 expected);

    /// @notice The change begins before the one before it.
    error HeightInvalid(bytes32 chain, uint64 given, uint64 least);

    /// @notice The list is not the one that the hash stands for.
    error MembersDiffer(bytes32 chain, bytes32 given, bytes32 expected);

    /// @notice A list of more than `MAX_MEMBERS`.
    error TooManyMembers(uint256 given, uint256 most);

    /// @notice A node is in the list twice.
    error MemberTwice(uint256 node);

    /// @notice The members before still have their seats: `releaseMembers` first.
    error StillSeated(bytes32 chain, bytes32 membersHash);

    /// @notice The members are the chain's present ones, and keep their seats.
    error StillMembers(bytes32 chain, bytes32 membersHash);

    /// @notice Only the bound wallet may.
    error NotWallet(bytes32 chain, address caller, address wallet);

    /// @notice The signature is not the bound wallet's over this change with the chain's current nonce.
    error WalletSignatureInvalid(bytes32 chain, address wallet);

    /// @notice The signature's deadline has passed.
    error DeadlinePassed(uint256 deadline);

    /// @notice The stablecoin is not approved.
    error StablecoinUnknown(address stablecoin);

    /// @notice The class costs no rent at the moment.
    error RentFree(ChainClass class);

    /// @notice Not enough for one second.
    error RentTooSmall(uint64 microDollars, uint64 perDay);

    /// @notice More than `MAX_PREPAID` ahead.
    error RentTooFar(uint256 paidThrough, uint256 latest);

    /// @notice The token did not move what it was told to.
    error TransferMismatch(address stablecoin, uint256 expected, uint256 found);

    /// @notice The most members of a chain's group whose seats can be taken: 32.
    function MAX_MEMBERS() external view returns (uint256);

    /// @notice How far ahead rent can be paid, in seconds: 3653 days.
    function MAX_PREPAID() external view returns (uint256);

    /// @notice Anchors a chain's genesis on its archive group's certificate. Anyone may submit it. For a note this
    ///         opens the series in `Cash`; a storage chain needs rent paid ahead.
    /// @dev A chain falls to the group that keeps its id when this is called. A certificate of the group that split
    ///      into it less than 24 hours ago counts.
    function anchor(Genesis calldata genesis, Certificate calldata certificate) external;

    /// @notice Gives a chain other members, on its archive group's certificate. Anyone may submit it.
    function changeGroup(GroupChange calldata change, Certificate calldata certificate) external;

    /// @notice Reveals a chain's members, and takes seats for all whose stake carries one more. Anyone may call, again
    ///         when those without stake may have some now.
    /// @dev The barred and those without stake are left out: one bad member does not keep the stakes of the others
    ///      from backing the chain. A list that names a node twice takes no seats.
    /// @param members The list behind the anchor's `membersHash`.
    function seatMembers(bytes32 chain, uint256[] calldata members) external;

    /// @notice Gives back the seats of members that a chain has no more. Anyone may call.
    /// @param members The list that was revealed last.
    function releaseMembers(bytes32 chain, uint256[] calldata members) external;

    /// @notice Binds another wallet. Only the bound one.
    function setWallet(bytes32 chain, address wallet) external;

    /// @notice As `setWallet`, for a bound wallet without gas: anyone submits its signature.
    /// @param deadline The last second in which the signature counts.
    /// @param signature 65 bytes, by the bound wallet over `WalletChange` with the chain's current nonce.
    function setWalletSigned(bytes32 chain, address wallet, uint256 deadline, bytes calldata signature)
        external;

    /// @notice Pays rent for a chain, out of the caller's approved stablecoins. Anyone may, for any chain; before the
    ///         genesis it counts as a storage chain's. The money goes to the income pool and never comes back.
    /// @dev Time that nobody paid for is not owed: payment counts from now, or from `paidThrough` when that is later.
    /// @param microDollars Buys microDollars * 1 day / `Parameters.rentPerDay`, rounded down to seconds.
    function payRent(bytes32 chain, address stablecoin, uint64 microDollars) external;

    /// @notice As `payRent`, with the allowance given by an ERC-2612 permit of the caller for this contract.
    function payRentWithPermit(
        bytes32 chain,
        address stablecoin,
        uint64 microDollars,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice A chain. `genesisHash` is zero when the main chain does not know it.
    function anchorOf(bytes32 chain) external view returns (Anchor memory);

    /// @notice The home group that a chain was given to; zero when unknown.
    function homeOf(bytes32 chain) external view returns (uint32);

    /// @notice Whose seats a chain holds: the hash of the list that was revealed last, and bit i for each member of it
    ///         that has its seat.
    function seatedOf(bytes32 chain) external view returns (bytes32 membersHash, uint256 seated);

    /// @notice The role in which member `index` of a chain's group has its seat.
    function roleOf(uint256 index) external pure returns (Roles);

    /// @notice The nonce that the bound wallet's next signature must carry.
    function nonceOf(bytes32 chain) external view returns (uint256);

    /// @notice What seats sign for `anchor`.
    function genesisDigest(Genesis calldata genesis, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice What seats sign for `changeGroup`.
    function groupChangeDigest(GroupChange calldata change, uint32 group, uint64 epoch)
        external
        view
        returns (bytes32);

    /// @notice What the bound wallet signs for `setWalletSigned`, with the chain's current nonce.
    function walletChangeDigest(bytes32 chain, address wallet, uint256 deadline)
        external
        view
        returns (bytes32);
}
