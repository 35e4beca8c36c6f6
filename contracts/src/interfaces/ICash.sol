// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Certificate} from "../types/Certificate.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @notice How far a note is.
enum NoteStatus {
    /// There is no such note.
    None,
    /// Minted and paid for; its chain's genesis is not certified yet.
    Minted,
    /// Live: exits are possible.
    Live,
    /// A forced exit is open or settled: only it pays out.
    Settling
}

/// @notice A withdrawal that the note's archive group certifies: the debit on the note's chain is final.
/// @dev EIP-712 type: Exit(uint256 note,uint32 series,uint64 id,address recipient,uint64 amount,address relayer,uint64
///      relayerFee,uint64 height,bytes32 blockHash,uint32 group,uint64 epoch), without the line break.
struct Exit {
    /// The note.
    uint256 note;
    /// Its series at the debit. Exits of a series that is over are refused: what was pending is certified anew.
    uint32 series;
    /// The withdrawal's number on the note's chain, counted from 0 over all series. Each is paid once.
    uint64 id;
    /// Who gets the money.
    address recipient;
    /// Micro-dollars debited on the chain. Fees come out of it.
    uint64 amount;
    /// Who gets the relayer fee: zero for whoever submits.
    address relayer;
    /// Micro-dollars for the relayer.
    uint64 relayerFee;
    /// The block that the debit is in.
    uint64 height;
    /// That block's hash.
    bytes32 blockHash;
}

/// @notice A note. Money is in micro-dollars.
struct Note {
    NoteStatus status;
    /// What backs it.
    address stablecoin;
    /// Most that may be deposited in it: at most `MAX_FACE`.
    uint64 face;
    /// Counts resales. 1 is the first.
    uint32 series;
    /// The archive group that the chain was given to when the series opened.
    uint32 home;
    /// Who burned for this series, earns its exit fee and gets the re-issue: a node id, and the account to pay.
    uint256 issuerNode;
    address issuer;
    /// In the vault when the series opened.
    uint64 opened;
    /// Left the vault since.
    uint64 left;
    /// Of `left`, what was subject to the exit fee.
    uint64 exited;
    /// The highest block with a paid exit.
    uint64 height;
    /// The exit fee's rate, fixed when the series opened: units of 0.001%.
    uint32 exitFeeRate;
    /// 10^-18 CoNET burned for this series and not re-issued.
    uint128 burnOutstanding;
}

/// @title ICash
/// @notice CoNETCash notes and the vault behind them.
/// @dev `vault == Σ (opened - left)` over notes, per stablecoin; fees that issuers have not pulled are counted apart.
interface ICash is IERC721 {
    /// @notice Highest face of a note: 100 dollars.
    function MAX_FACE() external view returns (uint64);

    /// @notice A note; `status` is None when there is none.
    function note(uint256 id) external view returns (Note memory);

    /// @notice Micro-dollars that a note's holders own on its chain: `opened - left`.
    function live(uint256 id) external view returns (uint64);

    /// @notice Micro-dollars live in an archive group's notes (by `home`).
    function liveInGroup(uint32 home) external view returns (uint256);

    /// @notice The id of a note's chain: keccak256(abi.encode(chain id, this contract, note)).
    function chainOf(uint256 id) external view returns (bytes32);

    /// @notice Whether a withdrawal was paid.
    function isPaid(uint256 id, uint64 withdrawal) external view returns (bool);

    /// @notice Pays a certified withdrawal. Anyone may submit it.
    function exit(Exit calldata exit_, Certificate calldata certificate) external;

    /// @notice Pulls the exit fees of notes to their issuers.
    function collectFees(uint256[] calldata notes) external;

    /// @notice Re-issues to a note's issuer what left since the last time, at today's price. Anyone may call. Without a
    ///         valid price it reverts, and nothing is lost.
    function reissue(uint256 id) external;

    // --- for `CashOrders` only ---

    /// @notice Takes the deposit (already transferred here) and the burn (already transferred here) for a new note or
    ///         a new series of a pooled one. Returns the note.
    /// @dev A new note has the id of the order that pays for it, and order ids are never used twice: so the note's
    ///      chain, hence the archive group whose seed draws the issuer, is known when the order is placed. A pooled
    ///      note stays Live in its old series, and `note(id).series` as it is, until `open`.
    /// @param id The order's id for a new note (`status` is None), else a note in the pool.
    /// @param account The account on the note's chain that the deposit is for, and who gets the NFT of a new note.
    function issue(
        uint256 id,
        address stablecoin,
        uint64 deposit,
        address account,
        uint256 issuerNode,
        address issuer,
        uint256 burn
    ) external returns (uint256 note);

    /// @notice Undoes `issue` when no genesis followed in time: the deposit goes back to `CashOrders`, the burn to the
    ///         issuer.
    function cancel(uint256 id) external;

    // --- for `ChainAnchor` only ---

    /// @notice Opens a series: its genesis is certified.
    function open(uint256 id, uint32 series, uint64 deposit, uint64 carried, uint32 home) external;

    // --- for `ForcedExits` only ---

    /// @notice Stops exits above `height` and starts the settlement of a whole note; or lets it go on again.
    function settle(uint256 id, uint64 height) external;

    /// @notice Pays out of a note under settlement, exit fee included; marks the withdrawal as paid when it is one.
    function payout(uint256 id, address recipient, uint64 amount) external;

    /// @notice As `payout` for a pending withdrawal: does nothing and returns false when it was paid already.
    function payoutWithdrawal(uint256 id, uint64 withdrawal, address recipient, uint64 amount)
        external
        returns (bool);
}
