// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CHAIN_CONTRACT, IMoneyContract, INoteChain, NoteBase, Voucher} from "./NoteBase.sol";

contract ClaimTest is NoteBase {
    bytes32 private lockId;
    uint64 private end;

    function setUp() public override {
        super.setUp();
        lockId = authorize(DOLLAR);
        end = uint64(block.timestamp + 2 hours);
    }

    function claimingBy(Voucher memory voucher, bytes memory signature) private pure returns (bytes memory) {
        return abi.encodeCall(INoteChain.claim, (voucher, signature));
    }

    function invalid() private view returns (bytes memory) {
        return abi.encodeWithSelector(INoteChain.VoucherSignatureInvalid.selector, alice);
    }

    // --- refused ---

    /// @dev Each field names the lock.
    function test_RevertWhen_thereIsNoSuchLock() public {
        Voucher[3] memory others = [
            Voucher("other", 1, "authorization", DOLLAR),
            Voucher(GENESIS, 2, "authorization", DOLLAR),
            Voucher(GENESIS, 1, "other", DOLLAR)
        ];
        for (uint256 i = 0; i < 3; ++i) {
            Voucher memory other = others[i];
            bytes32 id = keccak256(abi.encode(other.genesisHash, other.series, other.authorization));
            sendRefused(
                stranger,
                claimingBy(other, sign(aliceKey, other)),
                abi.encodeWithSelector(INoteChain.UnknownLock.selector, id)
            );
        }
    }

    function test_RevertWhen_tooLate() public {
        vm.warp(end + 1);
        sendRefused(stranger, claiming(DOLLAR), abi.encodeWithSelector(INoteChain.TooLate.selector, end));
    }

    function test_RevertWhen_payerDidNotSign() public {
        Voucher memory voucher = Voucher(GENESIS, 1, "authorization", DOLLAR);
        (, uint256 key) = makeAddrAndKey("bob");
        bytes memory signature = sign(key, voucher);
        sendRefused(bob, claimingBy(voucher, signature), invalid());
        sendRefused(bob, claimingBy(voucher, ""), invalid());
        sendRefused(bob, claimingBy(voucher, new bytes(65)), invalid());
        signature = sign(aliceKey, voucher);
        voucher.total += 1;
        sendRefused(bob, claimingBy(voucher, signature), invalid());
    }

    /// @dev Another main chain, or another `Cash`.
    function test_RevertWhen_signedInAnotherDomain() public {
        bytes memory call = claiming(DOLLAR);
        vm.chainId(1);
        sendRefused(stranger, call, invalid());
    }

    function test_RevertWhen_older() public {
        claim(50 * CENT);
        sendRefused(
            stranger,
            claiming(50 * CENT - 1),
            abi.encodeWithSelector(INoteChain.VoucherTooOld.selector, 50 * CENT, 50 * CENT - 1)
        );
    }

    function test_RevertWhen_newAccountIsTooSmall() public {
        sendRefused(stranger, claiming(CENT - 1), tooSmall((CENT - 1) * PICO));
        claim(CENT);
        claim(CENT + 1);
    }

    /// @dev Who closed its account gave up the place that was kept.
    function test_RevertWhen_payeeGaveUpItsPlace() public {
        claim(CENT);
        payAll(bob, carol);
        fillUpTo(0);
        sendRefused(stranger, claiming(DOLLAR), full());
        payAll(fillerAt(0), alice);
        claim(DOLLAR);
        assertBalance(bob, (DOLLAR - CENT) * PICO);
    }

    // --- done ---

    function test_paysThePayee() public {
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Claimed(lockId, bob, 50 * CENT, 50 * CENT);
        vm.expectEmit(CHAIN_CONTRACT);
        emit IMoneyContract.FeeEarned(feeOf(50 * CENT));
        claim(50 * CENT);
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Claimed(lockId, bob, 1, 50 * CENT + 1);
        claim(50 * CENT + 1);
        assertBalance(bob, (50 * CENT + 1) * PICO);
        assertEq(note.lockOf(lockId).claimed, 50 * CENT + 1);
        uint64 rest = 50 * CENT - 1;
        assertEq(note.lockOf(lockId).amount, rest * PICO + feeOf(rest) + MINIMUM);
        assertEq(note.totals().fees, feeOf(50 * CENT + 1));
    }

    function test_untilTheLastSecond() public {
        vm.warp(end);
        claim(DOLLAR);
        assertBalance(bob, DOLLAR * PICO);
    }

    function test_theSameTotalDoesNothing() public {
        claim(0);
        claim(50 * CENT);
        bytes32 before = keccak256(abi.encode(note.totals()));
        vm.recordLogs();
        claim(50 * CENT);
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(keccak256(abi.encode(note.totals())), before);
    }

    /// @dev A payer that signs too much pays the limit, and more when it raises it.
    function test_neverMoreThanTheLimit() public {
        claim(5 * DOLLAR);
        claim(6 * DOLLAR);
        assertBalance(bob, DOLLAR * PICO);
        assertEq(note.lockOf(lockId).claimed, DOLLAR);
        assertEq(note.lockOf(lockId).amount, MINIMUM);
        send(alice, abi.encodeCall(INoteChain.raise, (lockId, 2 * DOLLAR)));
        claim(5 * DOLLAR);
        assertBalance(bob, 2 * DOLLAR * PICO);
    }

    function test_shortSignature() public {
        Voucher memory voucher = Voucher(GENESIS, 1, "authorization", DOLLAR);
        (bytes32 r, bytes32 vs) = vm.signCompact(aliceKey, forcedExits.voucherDigest(voucher));
        send(stranger, claimingBy(voucher, abi.encodePacked(r, vs)));
        assertBalance(bob, DOLLAR * PICO);
    }

    /// @dev The gas comes out of what it claims.
    function test_byThePayeeItselfAsItsFirstTransaction() public {
        gasPrice = 1000;
        send(bob, claiming(DOLLAR));
        assertGt(gasPaid, 0);
        assertBalance(bob, DOLLAR * PICO - gasPaid);
    }

    function test_digestIsThatOfTheMainChain() public view {
        Voucher memory voucher = Voucher(GENESIS, 1, "authorization", DOLLAR);
        assertEq(note.voucherDigest(voucher), forcedExits.voucherDigest(voucher));
    }

    function testFuzz_inPartsAsAtOnce(uint64 limit, uint64 first) public {
        limit = uint64(bound(limit, CENT, 50 * DOLLAR));
        first = uint64(bound(first, CENT, limit));
        bytes32 id = abi.decode(send(alice, authorizing(bob, "other", limit)), (bytes32));
        Voucher memory voucher = Voucher(GENESIS, 1, "other", first);
        send(stranger, claimingBy(voucher, sign(aliceKey, voucher)));
        voucher.total = limit;
        send(stranger, claimingBy(voucher, sign(aliceKey, voucher)));
        assertBalance(bob, uint256(limit) * PICO);
        assertEq(note.lockOf(id).amount, MINIMUM);
        assertEq(note.totals().fees, feeOf(limit));
    }
}
