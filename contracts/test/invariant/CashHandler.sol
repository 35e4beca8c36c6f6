// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit, ICash, Note, NoteStatus} from "../../src/interfaces/ICash.sol";
import {Header, IForcedExits, Leaf, LeafKind} from "../../src/interfaces/IForcedExits.sol";
import {IPriceFeed} from "../../src/interfaces/IPriceFeed.sol";
import {Certificate} from "../../src/types/Certificate.sol";
import {Merkle} from "../Merkle.sol";
import {CashBase, Stablecoin} from "../integration/cash/CashBase.sol";

/// @dev A price that jumps.
contract JumpingPrice is IPriceFeed {
    uint256 private _price = 0.1e8;

    function set(uint256 price_) external {
        _price = price_;
    }

    function price() external view returns (bool, uint256) {
        return (true, _price);
    }
}

/// @dev Does to notes what their people may do, in any order, and keeps its own books. A call that makes no sense now
///      does nothing; one that is made must succeed, or be refused for the reason expected.
abstract contract CashHandler is CashBase {
    uint256 internal constant MAX_NOTES = 6;
    uint64 internal constant WITHDRAWALS = 24;

    Stablecoin[] public coins;
    uint256[] public ids;
    mapping(uint256 id => uint64 micro) public deposited;
    mapping(uint256 id => uint64 micro) public paidOut;
    mapping(uint256 id => uint256 amount) public burned;
    mapping(uint256 id => uint256 amount) public reissued;
    mapping(uint256 id => mapping(uint64 withdrawal => bool)) public seen;
    mapping(uint256 id => bytes) private _leaves;
    mapping(uint256 id => uint256 mask) private _claimed;
    string public violation;

    /// @dev How often something succeeded, so that a test can see that all of it does.
    mapping(bytes32 what => uint256 times) public done;

    JumpingPrice private _feed = new JumpingPrice();
    uint64 private _period;

    function setUp() public virtual override {
        super.setUp();
        coins = [usd6, new Stablecoin("USD8", 8), usd18];
        vm.startPrank(all.timelock);
        parameters.approveStablecoin(address(coins[1]));
        parameters.setPriceFeed(_feed);
        vm.stopPrank();
    }

    function doIssue(uint256 coin, uint64 deposit) public {
        if (ids.length == MAX_NOTES) return;
        uint256 id = ids.length + 1;
        deposit = uint64(bound(deposit, 1, 100 * DOLLAR));
        if (issueWithin(id, coins[coin % coins.length], deposit)) ids.push(id);
    }

    function doOpen(uint256 seed) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || cash.note(id).status == NoteStatus.Settling) return;
        uint64 deposit = cash.pendingSeries(id).deposit;
        if (deposit == 0) return;
        burned[id] += cash.pendingSeries(id).burn;
        deposited[id] += deposit;
        open(id, cash.note(id).series + 1, deposit, cash.live(id));
        ++done[cash.note(id).series > 1 ? bytes32("open next series") : bytes32("open")];
    }

    function doCancel(uint256 seed) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || cash.pendingSeries(id).deposit == 0 || (seed >> 100) % 4 != 0) return;
        vm.prank(all.cashOrders);
        cash.cancel(id);
        ++done["cancel"];
    }

    function doExit(uint256 seed, uint64 withdrawal, uint64 amount, uint64 height) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || cash.note(id).status < NoteStatus.Live) return;
        Exit memory exit_ = exitOf(id, withdrawal % WITHDRAWALS, uint64(bound(amount, 0, 110 * DOLLAR)));
        exit_.height = uint64(bound(height, 1, 30));
        bytes4 refusal = refusalOf(exit_);
        Certificate memory certificate = certify(exit_);
        if (refusal != 0) vm.expectPartialRevert(refusal);
        cash.exit(exit_, certificate);
        ++done[bytes32(refusal)];
        if (refusal == 0) left(id, exit_.id, exit_.amount);
    }

    /// @dev More of what is most common, and small.
    function doExit2(uint256 seed, uint64 withdrawal, uint64 amount) public {
        doExit(seed, withdrawal, amount % (5 * DOLLAR), uint64(seed >> 128));
    }

    function doPull(uint256 seed) public {
        (bool found, uint256 id) = pick(seed);
        if (!found) return;
        Note memory note = cash.note(id);
        // Other bits than those that picked the note.
        uint256 what = (seed >> 100) % 3;
        if (what == 0) cash.collectFees(one(id));
        if (what == 1) {
            (bool success, bytes memory answer) = address(cash).call(abi.encodeCall(cash.reissue, (id)));
            if (success) reissued[id] += abi.decode(answer, (uint256));
            if (success) ++done["reissue"];
        }
        if (what == 2 && note.series > 1) {
            uint32 series = uint32(1 + (seed >> 110) % (note.series - 1));
            if (cash.closedSeries(id, series).feesOwed != 0) cash.collectClosedFees(id, series);
            if (cash.closedSeries(id, series).unreissued != 0) {
                reissued[id] += cash.reissueClosed(id, series);
            }
            ++done["pull closed"];
        }
    }

    function doResell(uint256 seed, uint64 deposit) public {
        (bool found, uint256 id) = pick(seed);
        if (!found) return;
        Note memory note = cash.note(id);
        uint64 room = note.face - cash.live(id);
        if (note.status != NoteStatus.Live || room == 0 || cash.pendingSeries(id).deposit != 0) return;
        if (cash.ownerOf(id) != all.cashPool) pool(id);
        issueWithin(id, Stablecoin(note.stablecoin), uint64(bound(deposit, 1, room)));
    }

    function doMemberFees(uint256 seed, uint64 amount) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || cash.note(id).status != NoteStatus.Live || cash.live(id) == 0) return;
        uint64[] memory amounts = new uint64[](1);
        amounts[0] = uint64(bound(amount, 1, cash.live(id) / 10 + 1));
        address coin = cash.note(id).stablecoin;
        bytes32 digest = cash.memberFeesDigest(one(id), amounts, coin, "root", ++_period, 1, 1);
        cash.collectMemberFees(one(id), amounts, "root", _period, certify(digest, 1));
        paidOut[id] += amounts[0];
        ++done["member fees"];
    }

    /// @dev A forced exit with two accounts, a lock and a withdrawal.
    function doForce(uint256 seed) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || cash.note(id).status != NoteStatus.Live || cash.live(id) < 8 || (seed >> 100) % 3 != 0) return;
        Leaf[] memory list = new Leaf[](4);
        uint64 part = cash.live(id) * 1e6 / 4;
        for (uint256 i = 0; i < 4; ++i) {
            (list[i].account, list[i].amount) = (alice, part);
        }
        (list[2].kind, list[2].payee) = (LeafKind.Lock, buyer);
        (list[3].kind, list[3].withdrawal) = (LeafKind.Withdrawal, uint64((seed >> 110) % WITHDRAWALS));
        Header memory header =
            Header(id, cash.note(id).series, 15 + uint64((seed >> 120) % 20), "b", root(list));
        if (header.height < cash.note(id).height) return;
        Stablecoin coin = Stablecoin(cash.note(id).stablecoin);
        coin.mint(alice, forcedExits.BOND() * scaleOf(coin));
        Certificate memory certificate = certify(forcedExits.headerDigest(header, 1, 1), 1);
        vm.startPrank(alice);
        coin.approve(address(forcedExits), type(uint256).max);
        forcedExits.open(header, certificate, list);
        vm.stopPrank();
        _leaves[id] = abi.encode(list);
        ++done["forced exit"];
    }

    function doClaim(uint256 seed, uint256 index) public {
        (bool found, uint256 id) = pick(seed);
        if (!found || _leaves[id].length == 0) return;
        uint256 until = forcedExits.settlement(id).openedAt + 14 days;
        if (block.timestamp < until) vm.warp(until);
        Leaf[] memory list = abi.decode(_leaves[id], (Leaf[]));
        index %= 4;
        uint64 amount = list[index].amount / 1e6;
        bool paid = index == 3 && cash.isPaid(id, list[3].withdrawal);
        // Exits of withdrawals that no leaf knows can leave too little: the archive group certified both.
        if (amount == 0 || (!paid && amount > cash.live(id)) || (_claimed[id] >> index) & 1 == 1) return;
        bytes32[] memory path = Merkle.proof(hashes(list), index);
        if (paid) vm.expectPartialRevert(IForcedExits.AlreadyPaid.selector);
        forcedExits.claim(id, index, list[index], path);
        ++done[paid ? bytes32("claim refused") : index == 3 ? bytes32("claim withdrawal") : bytes32("claim")];
        if (paid) return;
        _claimed[id] |= 1 << index;
        if (index == 3) left(id, list[3].withdrawal, amount);
        else paidOut[id] += amount;
    }

    function doPrice(uint256 price) public {
        _feed.set(bound(price, 0.001e8, 10e8));
    }

    // --- inside ---

    function issueWithin(uint256 id, Stablecoin coin, uint64 deposit) private returns (bool) {
        uint256 burn = cash.burnFor(id, deposit);
        if (burn > token.balanceOf(address(this))) return false;
        cash.recount(one_(id));
        (, uint256 price) = _feed.price();
        uint256 most = groups.exposureStake(1) * price / 1e20;
        if (cash.liveInGroup(1) + deposit > most) return false;
        issue(id, coin, deposit);
        return true;
    }

    /// @dev Nothing when there is no such note.
    function one_(uint256 id) private view returns (uint256[] memory) {
        return cash.note(id).status == NoteStatus.None ? new uint256[](0) : one(id);
    }

    function left(uint256 id, uint64 withdrawal, uint64 amount) private {
        if (seen[id][withdrawal]) violation = "paid twice";
        seen[id][withdrawal] = true;
        paidOut[id] += amount;
    }

    function refusalOf(Exit memory exit_) private view returns (bytes4) {
        Note memory note = cash.note(exit_.note);
        if (cash.isPaid(exit_.note, exit_.id)) return ICash.AlreadyPaid.selector;
        if (note.status == NoteStatus.Settling && exit_.height > forcedExits.settlement(exit_.note).height) {
            return ICash.HeightTooHigh.selector;
        }
        if (exit_.amount == 0) return ICash.AmountZero.selector;
        if (exit_.amount > cash.live(exit_.note)) return ICash.ExceedsLive.selector;
        return 0;
    }

    function pick(uint256 seed) private view returns (bool found, uint256 id) {
        if (ids.length == 0) return (false, 0);
        id = ids[seed % ids.length];
        found = cash.note(id).status != NoteStatus.None;
    }

    function hashes(Leaf[] memory list) private pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            nodes[i] = keccak256(bytes.concat(keccak256(abi.encode(i, list[i]))));
        }
    }

    function root(Leaf[] memory list) private pure returns (bytes32) {
        return Merkle.root(hashes(list));
    }
}
