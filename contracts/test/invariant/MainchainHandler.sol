// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ROOT_GROUP} from "../../src/interfaces/IArchiveGroups.sol";
import {Exit, Note, NoteStatus} from "../../src/interfaces/ICash.sol";
import {Leaf, LeafKind, Settlement} from "../../src/interfaces/IForcedExits.sol";
import {ISlasher, Offence, Verdict} from "../../src/interfaces/ISlasher.sol";
import {IStaking} from "../../src/interfaces/IStaking.sol";
import {CREATOR, Roles, VALIDATOR, WITNESS} from "../../src/types/Roles.sol";
import {DrawState, OrderStatus} from "../integration/orders/OrdersBase.sol";
import {StoryBase} from "../integration/story/StoryBase.sol";

/// @dev The whole main chain, to which anything happens in any order. Every call goes in by a door that is open to its
///      caller, with certificates of archive groups that keep honest books of what they certified. A call that makes no
///      sense now does nothing; one that is made must succeed.
contract MainchainHandler is StoryBase {
    /// @dev What must not succeed, or must, did not.
    error Forbidden(string what);

    uint256 internal constant ISSUERS = 3;

    uint256[] public nodes;
    uint256[] public witnesses;

    /// @dev The next withdrawal's number on a note's chain, and its height.
    mapping(uint256 note => uint64) public nextId;

    /// @dev What holders were paid of a note, fees included, and what was deposited for it, in micro-dollars.
    mapping(uint256 note => uint256) public paidOut;
    mapping(uint256 note => uint256) public deposited;

    mapping(string what => uint256 times) public done;

    Exit[] internal _exits;
    mapping(uint256 note => Leaf[]) internal _leaves;

    constructor() {
        setUp();
        for (uint256 i = 0; i < ISSUERS; ++i) {
            nodes.push(newIssuer(20_000 ether));
            witnesses.push(newNode(WITNESS | VALIDATOR));
            stakeFor(witnesses[i], WITNESS, 20);
        }
        usd6.mint(buyer, 1_000_000e6);
        live(50 * DOLLAR);
    }

    function archiveMinSeats() internal pure override returns (uint256) {
        return 4;
    }

    function archiveSeats() internal pure override returns (uint256) {
        return 7;
    }

    // --- notes come in ---

    function order(uint256 amount) public {
        if (orders.totalWeightAt(block.number) == 0 || parameters.mintingPaused()) return;
        orderNew(uint64(_bound(amount, DOLLAR, 100 * DOLLAR)));
    }

    function orderPooled(uint256 which, uint256 amount) public {
        uint256 count = pool.noteCount(address(usd6));
        if (count == 0 || orders.totalWeightAt(block.number) == 0) return;
        uint256 note = pool.notes(address(usd6), which % count, 1)[0].note;
        uint64 room = pool.notes(address(usd6), which % count, 1)[0].room;
        if (room < DOLLAR) return;
        vm.prank(buyer);
        orders.order(address(usd6), uint64(_bound(amount, DOLLAR, room)), account, note);
        ++done["ordered from the pool"];
    }

    function seed(uint256 value) public {
        step();
        step();
        uint32 group = seedGroup();
        seedNow(group, keccak256(abi.encode(value, block.number)));
    }

    function mint(uint256 which) public {
        uint256 id = orderNear(which);
        if (orders.drawOf(id).state != DrawState.Drawn) return;
        uint256 node = orders.drawOf(id).node;
        uint256 note = orders.orderOf(id).note;
        (bool priced,) = priceFeed.price();
        if (!priced || !orders.isFit(node)) return;
        if (cash.note(note).status == NoteStatus.Settling) return;
        if (orders.free(node) < cash.burnFor(note, orders.orderOf(id).amount)) return;
        mintDrawn(id);
        ++done["minted"];
    }

    function openOne(uint256 which) public {
        uint256 note = orders.orderOf(orderNear(which)).note;
        if (cash.pendingSeries(note).deposit == 0) return;
        if (cash.note(note).status == NoteStatus.Settling) return;
        deposited[note] += cash.pendingSeries(note).deposit;
        openNote(note);
        ++done["opened"];
    }

    /// @dev From order to chain, as it mostly goes.
    function live(uint256 amount) public {
        order(amount);
        uint256 id = orders.orderCount();
        seed(amount);
        mint(id - 1);
        if (orders.orderOf(id).status == OrderStatus.Minted) openOne(id - 1);
    }

    function giveBack(uint256 which) public {
        uint256 id = orderNear(which);
        if (orders.drawOf(id).state == DrawState.Lapsed) {
            orders.refund(id);
            ++done["refunded"];
        } else if (orders.orderOf(id).status == OrderStatus.Minted) {
            uint256 note = orders.orderOf(id).note;
            if (orders.lastOrderFor(note) != id || cash.pendingSeries(note).deposit == 0) return;
            if (block.timestamp <= uint256(orders.orderOf(id).mintedAt) + 24 hours) return;
            orders.cancel(id);
            ++done["cancelled"];
        }
    }

    // --- money goes out ---

    function exit(uint256 which, uint256 amount) public {
        uint256 note = noteNear(which);
        if (cash.note(note).status != NoteStatus.Live || cash.live(note) == 0) return;
        amount = _bound(amount, 1, cash.live(note));
        Exit memory exit_ = exitOf(note, nextId[note]++, alice, uint64(amount));
        pay(exit_);
        paidOut[note] += amount;
        _exits.push(exit_);
        ++done["left"];
    }

    function leaveAndTake(uint256 which) public {
        uint256 note = noteNear(which);
        if (cash.note(note).status != NoteStatus.Live || cash.ownerOf(note) == address(pool)) return;
        uint64 opened = cash.note(note).opened;
        if (cash.note(note).face < 2 * DOLLAR) return;
        if (cash.live(note) > opened / 2) exit(which, cash.live(note) - opened / 2);
        if (cash.live(note) > opened / 2 || cash.note(note).face - cash.live(note) < DOLLAR) return;
        pool.take(note);
        ++done["taken"];
    }

    /// @dev An exit that was paid is shown again, certified anew: never paid.
    function exitAgain(uint256 which) public {
        if (_exits.length == 0) return;
        Exit memory exit_ = _exits[which % _exits.length];
        exit_.series = cash.note(exit_.note).series;
        uint256 before = usd6.balanceOf(address(cash));
        uint32 group = keeperOf(exit_.note);
        try cash.exit(exit_, certifyExit(exit_, group)) {
            revert Forbidden("paid twice");
        } catch {}
        assertEq(usd6.balanceOf(address(cash)), before);
    }

    /// @dev All that is live: Alice's account, a withdrawal that is not submitted, and a lock.
    function force(uint256 which, uint256 share) public {
        uint256 note = noteNear(which);
        if (cash.note(note).status != NoteStatus.Live || cash.live(note) < 3) return;
        uint64 part = uint64(_bound(share, 1, cash.live(note) / 3));
        Leaf[] storage leaves = _leaves[note];
        leaves.push(balanceLeaf(alice, part * PICO + 7));
        leaves.push(balanceLeaf(bob, part * PICO));
        leaves[1].kind = LeafKind.Withdrawal;
        leaves[1].withdrawal = nextId[note]++;
        leaves.push(balanceLeaf(peter, part * PICO - 7));
        leaves[2].kind = LeafKind.Lock;
        leaves[2].payee = bob;
        forceExit(alice, note, 10 + nextId[note], leaves);
        ++done["forced"];
    }

    /// @dev Every door of a settlement is tried; those that should be shut are.
    function settle(uint256 which, uint256 time) public {
        uint256 note = noteNear(which);
        Settlement memory chosen = forcedExits.settlement(note);
        for (uint256 i = 0; chosen.openedAt == 0; ++i) {
            if (i == orders.orderCount()) return;
            note = noteNear(which % 1e6 + i);
            chosen = forcedExits.settlement(note);
        }
        skip(_bound(time, 0, 15 days));
        bool final_ = block.timestamp >= uint256(chosen.openedAt) + 7 days;
        bool locksOver = block.timestamp >= uint256(chosen.openedAt) + 14 days;
        Leaf[] memory leaves = _leaves[note];
        for (uint256 i = 0; i < leaves.length; ++i) {
            (bool paid,) = forcedExits.isClaimed(note, i);
            uint64 amount = leaves[i].amount / PICO;
            bool due = final_ && !paid && amount != 0 && (i != 2 || locksOver);
            try forcedExits.claim(note, i, leaves[i], proofOf(leaves, i)) {
                if (!due) revert Forbidden("not due");
                paidOut[note] += amount;
                ++done["claimed"];
            } catch {
                if (due) revert Forbidden("due and refused");
            }
        }
        if (!final_) return;
        uint64 dust = forcedExits.settlement(note).dust;
        if (dust != 0) {
            forcedExits.payDust(note);
            paidOut[note] += dust;
        }
        if (chosen.bonder != address(0)) forcedExits.returnBond(note);
    }

    // --- issuers, prices, time, archive nodes ---

    function collect(uint256 which) public {
        uint256 note = noteNear(which);
        if (cash.note(note).status < NoteStatus.Live) return;
        cash.collectFees(list(note));
        (bool priced,) = priceFeed.price();
        if (!priced) return;
        try cash.reissue(note) {
            ++done["re-issued"];
        } catch {}
        for (uint32 series = 1; series < cash.note(note).series; ++series) {
            if (cash.closedSeries(note, series).feesOwed != 0) cash.collectClosedFees(note, series);
            if (cash.closedSeries(note, series).unreissued != 0) cash.reissueClosed(note, series);
        }
    }

    function priceMoves(uint256 to) public {
        priceSource.set(int256(_bound(to, 0.02e8, 0.5e8)));
        skip(1 hours);
        priceFeed.update();
    }

    function wait(uint256 time) public {
        skip(_bound(time, 1, 8 days));
    }

    function slash(uint256 which, uint256 amount) public {
        ISlasher slasher = ISlasher(all.slasher);
        uint256 node = witnesses[which % ISSUERS];
        if (IStaking(all.staking).bonded(node, WITNESS) == 0) return;
        Verdict memory verdict;
        (verdict.node, verdict.role, verdict.kind) = (node, WITNESS, Offence.WrongRoot);
        verdict.amount = _bound(amount, 1, 1000 ether);
        verdict.chain = keccak256(abi.encode("any chain", block.number, slasher.caseCount()));
        verdict.evidence = bytes32(slasher.caseCount());
        uint32 group = groups.groupOf(verdict.chain);
        bytes32 digest = slasher.verdictDigest(verdict, group, groups.epochOf(group));
        slasher.submitVerdict(verdict, certify(digest, group));
        ++done["slashed"];
    }

    function settleCase(uint256 which) public {
        ISlasher slasher = ISlasher(all.slasher);
        if (slasher.caseCount() == 0) return;
        if (which % 4 == 0) skip(22 days);
        uint256 id = 1 + which % slasher.caseCount();
        try slasher.settle(id) {
            ++done["cases settled"];
        } catch {}
    }

    /// @dev The same nodes begin another epoch.
    function handoverOne(uint256 which) public {
        uint32 group = uint32(1 + which % groups.groupCount());
        uint256[] memory seated = groups.members(group);
        if (seated.length != 0) handover(group, seated);
    }

    function splitOnce() public {
        if (groups.groupCount() != 1) return;
        uint256[] memory seated = groups.members(ROOT_GROUP);
        uint256[] memory grown = new uint256[](seated.length + 1);
        for (uint256 i = 0; i < seated.length; ++i) {
            grown[i] = seated[i];
        }
        grown[seated.length] = newArchiveNode(2);
        join(grown[seated.length]);
        step();
        step();
        seedNow(ROOT_GROUP, keccak256(abi.encode("split", block.number)));
        split(ROOT_GROUP, grown);
        ++done["split"];
    }

    // --- which ---

    function orderNear(uint256 which) internal view returns (uint256) {
        return 1 + which % orders.orderCount();
    }

    function noteNear(uint256 which) internal view returns (uint256) {
        return orders.orderOf(orderNear(which)).note;
    }

    /// @dev The group whose seeds new orders wait for, or the left child for those that waited when it split.
    function seedGroup() internal view returns (uint32 group) {
        uint256 id = orders.orderCount();
        group = id == 0 ? ROOT_GROUP : orders.orderOf(id).group;
        (uint32 left,) = groups.childrenOf(group);
        if (left != 0) group = left;
    }

    // --- for the invariants ---

    function check() external view {
        checkSums();
    }

    /// @dev What ever came into a note is in it or went out: nothing is paid that was not deposited.
    function checkNotes() external view {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            Note memory note = cash.note(id);
            if (note.status < NoteStatus.Live) continue;
            assertEq(cash.live(id) + paidOut[id], deposited[id], "conservation");
            assertLe(note.left, note.opened);
            assertLe(note.exited, note.left);
        }
    }

    /// @dev Never less than there is.
    function checkExposure() external view {
        uint256 counted;
        for (uint32 group = 1; group <= groups.groupCount(); ++group) {
            counted += cash.liveInGroup(group);
        }
        uint256 sum;
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            if (cash.note(id).status == NoteStatus.None) continue;
            sum += cash.live(id) + cash.pendingSeries(id).deposit;
        }
        assertLe(sum, counted, "exposure");
    }

    /// @dev The bonds of forced exits that are not over.
    function checkBonds() external view {
        uint256 bonds;
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            if (forcedExits.settlement(id).bonder != address(0)) bonds += forcedExits.BOND();
        }
        assertEq(usd6.balanceOf(address(forcedExits)), bonds, "bonds");
    }

    function checkSlasher() external view {
        ISlasher slasher = ISlasher(all.slasher);
        uint256 held;
        for (uint256 id = 1; id <= slasher.caseCount(); ++id) {
            // Open, and final but not paid out.
            if (uint256(slasher.caseOf(id).state) <= 3) held += slasher.caseOf(id).amount;
        }
        assertEq(token.balanceOf(address(slasher)), held, "slashed stake");
    }
}
