// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @notice A note in the pool. Money is in micro-dollars.
struct PooledNote {
    uint256 note;
    /// Most that may be deposited in it.
    uint64 face;
    /// What its holders still own.
    uint64 live;
    /// What can be ordered now: zero while an order or a new series is pending, or a forced exit is open.
    uint64 room;
}

/// @title ICashPool
/// @notice Notes that their holders left for the most part (white paper, *CoNETCash Transaction Pool*). It keeps their
///         NFTs, which carry no claim, and says what room they have for a new buyer. Nobody owns it, and it holds
///         nothing else.
/// @dev A note enters by `take` and leaves when its resale's series opens: then `Cash` moves the NFT to the buyer's
///      account. While an order is pending the old series goes on, and its holders notice nothing: what they own is
///      carried into the new series.
interface ICashPool {
    /// @notice A note entered the pool.
    /// @param note The note.
    /// @param stablecoin What it is made of.
    /// @param holder Who had its NFT.
    /// @param live What its holders still own, in micro-dollars.
    event NoteTaken(uint256 indexed note, address indexed stablecoin, address indexed holder, uint64 live);

    /// @notice A note that left the pool is listed no more.
    event NoteDropped(uint256 indexed note, address indexed stablecoin);

    /// @notice The note is not live: not opened yet, or under a forced exit.
    error NoteNotLive(uint256 note);

    /// @notice More than half of what the series opened with is still there.
    /// @param note The note.
    /// @param live What its holders own, in micro-dollars.
    /// @param most The most for a note to be taken.
    error NoteInUse(uint256 note, uint64 live, uint64 most);

    /// @notice The note has no room for the smallest order.
    /// @param note The note.
    /// @param room What it has, in micro-dollars.
    error RoomTooSmall(uint256 note, uint64 room);

    /// @notice The note is in the pool.
    error NoteInPool(uint256 note);

    /// @notice The note is not listed.
    error NoteNotListed(uint256 note);

    /// @notice Takes a note's NFT into the pool. Anyone may call once at most half of what its series opened with is
    ///         still live, and there is room for an order.
    /// @dev A call of its own, so that exits do not pay for it. Nobody is paid: whoever wants to buy the room, or to
    ///      issue for it, has reason enough. Emits `NoteTaken`. Reverts with `NoteNotLive`, `NoteInPool`, `NoteInUse`
    ///      or `RoomTooSmall`.
    function take(uint256 note) external;

    /// @notice Takes a note off the list after it left the pool. Anyone may call; `take` does it too.
    /// @dev Emits `NoteDropped`. Reverts with `NoteNotListed` or `NoteInPool`.
    function drop(uint256 note) external;

    /// @notice What a note is made of, and how many micro-dollars of it can be ordered now.
    /// @return stablecoin Zero when there is no such note.
    /// @return room Zero when it is not in the pool, not live, or already sold to somebody whose series is to open.
    function roomOf(uint256 note) external view returns (address stablecoin, uint64 room);

    /// @notice How many notes of a stablecoin are listed.
    function noteCount(address stablecoin) external view returns (uint256);

    /// @notice Listed notes of a stablecoin, from position `offset` on; fewer than `limit` only at the end.
    /// @dev The order changes when notes leave: read all pages at one block. A note that left and was not dropped yet
    ///      has room zero. Reverts with `PageTooLarge` above 100.
    function notes(address stablecoin, uint256 offset, uint256 limit)
        external
        view
        returns (PooledNote[] memory);
}
