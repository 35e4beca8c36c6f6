// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ForcedExits} from "../../../src/cash/ForcedExits.sol";
import {NoteChain} from "../../../src/dle/NoteChain.sol";
import {
    CHAIN_CONTRACT,
    IChainContract,
    IMoneyContract,
    SYSTEM
} from "../../../src/interfaces/IChainContract.sol";
import {Leaf, LeafKind, Voucher} from "../../../src/interfaces/IForcedExits.sol";
import {
    AccountBalance,
    Carried,
    CarriedLock,
    CarriedWithdrawal,
    INoteChain,
    Lock,
    NoteDefinitions,
    Totals,
    Transfer,
    Withdrawal
} from "../../../src/interfaces/INoteChain.sol";
import {Contracts} from "../../../src/types/Contracts.sol";
import {ChainTest} from "../ChainTest.sol";

/// @dev A note of 100 dollars, all Alice's, in its first series. Gas is free until a test sets its price. After every
///      transaction the books are checked.
abstract contract NoteBase is ChainTest {
    uint64 internal constant DOLLAR = 1e6;
    uint64 internal constant CENT = 1e4;
    uint64 internal constant PICO = 1e6;

    /// @dev A cent.
    uint64 internal constant MINIMUM = CENT * PICO;
    uint32 internal constant RATE = 50;
    bytes32 internal constant GENESIS = "genesis";

    NoteChain internal note = NoteChain(CHAIN_CONTRACT);

    /// @dev Of the main chain: what is signed and what is owned here must hold there.
    ForcedExits internal forcedExits;

    address internal cash = makeAddr("Cash");
    address internal pot = makeAddr("Rewards");
    address internal alice;
    uint256 internal aliceKey;
    address internal bob = makeAddr("bob");
    address internal carol = makeAddr("carol");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.chainId(43_114);
        (alice, aliceKey) = makeAddrAndKey("alice");
        Contracts memory all;
        all.cash = cash;
        forcedExits = new ForcedExits(all);
        found("NoteChain", abi.encode(definitions()));
        begin(GENESIS);
    }

    function definitions() internal view virtual returns (NoteDefinitions memory given) {
        (given.cash, given.pot, given.series) = (cash, pot, 1);
        (given.feeRate, given.leafMinimum) = (RATE, MINIMUM);
        (given.buyer, given.deposit) = (alice, 100 * DOLLAR);
    }

    function holdsMoney() internal pure override returns (bool) {
        return true;
    }

    function run(address sender, bytes memory call) internal override returns (bool, bytes memory) {
        (bool success, bytes memory output) = super.run(sender, call);
        checkBooks();
        return (success, output);
    }

    function checkBooks() internal view {
        Totals memory all = note.totals();
        assertEq(all.accounts + all.locks + all.withdrawals + all.fees + all.gas, all.owed, "books");
        Leaf[] memory list = note.leaves();
        assertLe(list.length, 256, "leaves");
        uint256 sum;
        for (uint256 i = 0; i < list.length; ++i) {
            sum += list[i].amount;
        }
        assertEq(sum, all.owed, "what is in leaves");
    }

    // --- transactions ---

    function pay(address from, address to, uint64 amount) internal {
        send(from, abi.encodeCall(INoteChain.transfer, (to, amount)));
    }

    function payAll(address from, address to) internal {
        send(from, abi.encodeCall(INoteChain.transferAll, (to, 0)));
    }

    /// @dev Alice authorizes Bob: vouchers for an hour, claims for two.
    function authorizing(uint64 limit) internal view returns (bytes memory) {
        return authorizing(bob, "authorization", limit);
    }

    function authorizing(address payee, bytes32 authorization, uint64 limit)
        internal
        view
        returns (bytes memory)
    {
        uint64 now_ = uint64(block.timestamp);
        return
            abi.encodeCall(
                INoteChain.authorize, (payee, authorization, limit, now_ + 1 hours, now_ + 2 hours)
            );
    }

    function authorize(uint64 limit) internal returns (bytes32 lockId) {
        return abi.decode(send(alice, authorizing(limit)), (bytes32));
    }

    /// @dev A claim, by a voucher of Alice.
    function claiming(uint64 total) internal view returns (bytes memory) {
        Voucher memory voucher = Voucher(GENESIS, 1, "authorization", total);
        return abi.encodeCall(INoteChain.claim, (voucher, sign(aliceKey, voucher)));
    }

    function claim(uint64 total) internal {
        send(stranger, claiming(total));
    }

    function sign(uint256 key, Voucher memory voucher) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, forcedExits.voucherDigest(voucher));
        return abi.encodePacked(r, s, v);
    }

    function withdrawing(uint64 amount) internal view returns (bytes memory) {
        return abi.encodeCall(INoteChain.withdraw, (carol, amount, address(0), 0));
    }

    /// @dev Alice withdraws to Carol.
    function withdraw(uint64 amount) internal returns (uint64) {
        return abi.decode(send(alice, withdrawing(amount)), (uint64));
    }

    // --- the chain's own ---

    function settle(uint64 withdrawal) internal {
        vm.prank(SYSTEM);
        note.settle(withdrawal);
        checkBooks();
    }

    function collect(uint64 period, uint64 fees, uint64 gas) internal {
        vm.prank(SYSTEM);
        note.collect(period, fees, gas);
        checkBooks();
    }

    // --- places ---

    function fillerAt(uint256 i) internal pure returns (address) {
        return address(uint160(0xF111_0000 + i));
    }

    /// @dev Takes places until only so many are left, with a cent each of Alice's.
    function fillUpTo(uint256 free) internal {
        uint256 count = 256 - free - note.leaves().length;
        for (uint256 done = 0; done < count;) {
            uint256 length = count - done < 64 ? count - done : 64;
            Transfer[] memory batch = new Transfer[](length);
            for (uint256 i = 0; i < length; ++i) {
                batch[i] = Transfer(fillerAt(done++), CENT);
            }
            send(alice, abi.encodeCall(INoteChain.transferMany, (batch)));
        }
        assertEq(note.leaves().length, 256 - free);
    }

    function full() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(INoteChain.LeavesFull.selector, 256);
    }

    // --- money ---

    function feeOf(uint64 amount) internal pure returns (uint64) {
        return amount * 500;
    }

    function assertBalance(address account, uint256 pico) internal view {
        assertEq(note.balanceOf(account), pico, "balance");
    }

    function tooLow(uint256 expected, uint256 found_) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(INoteChain.BalanceTooLow.selector, expected, found_);
    }

    function tooSmall(uint256 pico) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(INoteChain.LeafTooSmall.selector, MINIMUM, pico);
    }
}
