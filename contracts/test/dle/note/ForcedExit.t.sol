// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NoteChain} from "../../../src/dle/NoteChain.sol";
import {CHAIN_CONTRACT, SYSTEM} from "../../../src/interfaces/IChainContract.sol";
import {Header, Leaf, Voucher} from "../../../src/interfaces/IForcedExits.sol";
import {INoteChain, NoteDefinitions, Totals} from "../../../src/interfaces/INoteChain.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Merkle} from "../../Merkle.sol";
import {CashBase, Exit} from "../../integration/cash/CashBase.sol";
import {ChainTest} from "../ChainTest.sol";

/// @dev A note lives on its chain, money leaves by every way there is, and then the real main chain settles it by force,
///      by nothing but its leaves: to the last micro-dollar.
contract NoteForcedExitTest is CashBase, ChainTest {
    NoteChain private note = NoteChain(CHAIN_CONTRACT);
    address private peter;
    uint256 private peterKey;
    address private bob = makeAddr("bob");
    address private carol = makeAddr("carol");
    address private hans = makeAddr("hans");

    function setUp() public override {
        super.setUp();
        (peter, peterKey) = makeAddrAndKey("peter");
        live(1, usd6, 100 * DOLLAR);
        NoteDefinitions memory given;
        (given.cash, given.pot, given.series) = (address(cash), all.rewards, 1);
        (given.feeRate, given.leafMinimum) = (50, 1e10);
        (given.buyer, given.deposit) = (peter, 100 * DOLLAR);
        found("NoteChain", abi.encode(given));
        begin("genesis");
        gasPrice = 777;
    }

    function holdsMoney() internal pure override returns (bool) {
        return true;
    }

    function test_everybodyIsPaid() public {
        bytes32 lockId = livesOnItsChain();
        someLeavesTheNote();
        assertEq(note.totals().owed, cash.live(1) * 1e6);

        // 9 dollars are still debited here, and paid there: the note's chain stops before it hears of it.
        send(hans, abi.encodeCall(INoteChain.withdraw, (carol, 9 * DOLLAR, address(0), 0)));
        pay(exitTo(1, 9 * DOLLAR));
        send(hans, abi.encodeCall(INoteChain.withdraw, (carol, 4 * DOLLAR, address(0), 0)));

        Leaf[] memory leaves = note.leaves();
        settleByForce(leaves);
        claimAll(leaves, lockId);
        cash.collectFees(one(1));
        forcedExits.payDust(1);
        forcedExits.returnBond(1);
        assertEq(cash.live(1), 0);
        assertEq(usd6.balanceOf(address(cash)), cash.feesOwed(1));
    }

    /// @dev Peter pays Bob and Hans, authorizes Bob to claim 20, and Bob claims 3.
    function livesOnItsChain() private returns (bytes32 lockId) {
        send(peter, abi.encodeCall(INoteChain.transfer, (bob, 10 * DOLLAR + 1)));
        send(peter, abi.encodeCall(INoteChain.transfer, (hans, 20 * DOLLAR)));
        uint64 until = uint64(block.timestamp + 30 days);
        bytes memory call = abi.encodeCall(INoteChain.authorize, (bob, "shop", 20 * DOLLAR, until, until));
        lockId = abi.decode(send(peter, call), (bytes32));
        (Voucher memory voucher, bytes memory signature) = voucherOf(3 * DOLLAR);
        send(bob, abi.encodeCall(INoteChain.claim, (voucher, signature)));
    }

    /// @dev A withdrawal and fees, all the way to the main chain.
    function someLeavesTheNote() private {
        send(hans, abi.encodeCall(INoteChain.withdraw, (carol, 5 * DOLLAR, address(0), 0)));
        pay(exitTo(0, 5 * DOLLAR));
        vm.prank(SYSTEM);
        note.settle(0);

        Totals memory totals = note.totals();
        uint64[] memory amounts = new uint64[](1);
        amounts[0] = totals.fees / 1e6 + totals.gas / 1e6;
        assertGt(amounts[0], 0);
        vm.prank(SYSTEM);
        note.collect(1, totals.fees / 1e6, totals.gas / 1e6);
        bytes32 digest =
            cash.memberFeesDigest(one(1), amounts, address(usd6), "root", 1, 1, groups.epochOf(1));
        cash.collectMemberFees(one(1), amounts, "root", 1, certify(digest, 1));
    }

    function settleByForce(Leaf[] memory leaves) private {
        Header memory header = Header(1, 1, 20, "block", Merkle.root(hashes(leaves)));
        Certificate memory certificate = certify(forcedExits.headerDigest(header, 1, groups.epochOf(1)), 1);
        usd6.mint(bob, 5 * DOLLAR);
        vm.startPrank(bob);
        usd6.approve(address(forcedExits), 5 * DOLLAR);
        forcedExits.open(header, certificate, leaves);
        vm.stopPrank();
    }

    function claimAll(Leaf[] memory leaves, bytes32 lockId) private {
        vm.warp(block.timestamp + 7 days);
        (Voucher memory voucher, bytes memory signature) = voucherOf(18 * DOLLAR);
        uint256 lock;
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (leaves[i].lockId == lockId) lock = i;
        }
        forcedExits.showVoucher(1, lock, leaves[lock], proof(leaves, lock), voucher, signature);
        vm.warp(block.timestamp + 7 days);
        forcedExits.claimLocked(1, lock, leaves[lock], proof(leaves, lock));
        for (uint256 i = 0; i < leaves.length; ++i) {
            // Of a withdrawal that was paid before there is nothing to pay.
            if (leaves[i].withdrawal == 1) continue;
            forcedExits.claim(1, i, leaves[i], proof(leaves, i));
        }
        // 0.2% of everything is the issuer's.
        assertApproxEqAbs(usd6.balanceOf(carol), 18 * DOLLAR * 998 / 1000, 3);
        assertApproxEqAbs(
            usd6.balanceOf(bob), uint256(note.balanceOf(bob)) / 1e6 * 998 / 1000 + 15 * DOLLAR * 998 / 1000, 3
        );
        assertGt(usd6.balanceOf(peter), 0);
        assertGt(usd6.balanceOf(hans), 0);
    }

    function voucherOf(uint64 total) private view returns (Voucher memory voucher, bytes memory signature) {
        voucher = Voucher("genesis", 1, "shop", total);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(peterKey, forcedExits.voucherDigest(voucher));
        signature = abi.encodePacked(r, s, v);
    }

    function exitTo(uint64 withdrawal, uint64 amount) private view returns (Exit memory exit_) {
        exit_ = exitOf(1, withdrawal, amount);
        exit_.recipient = carol;
    }

    function hashes(Leaf[] memory leaves) private pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            nodes[i] = keccak256(bytes.concat(keccak256(abi.encode(i, leaves[i]))));
        }
    }

    function proof(Leaf[] memory leaves, uint256 index) private pure returns (bytes32[] memory) {
        return Merkle.proof(hashes(leaves), index);
    }
}
