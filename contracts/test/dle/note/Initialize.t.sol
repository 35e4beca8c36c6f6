// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccountBalance,
    CHAIN_CONTRACT,
    CarriedLock,
    CarriedWithdrawal,
    IChainContract,
    INoteChain,
    Lock,
    NoteBase,
    NoteChain,
    NoteDefinitions,
    SYSTEM,
    Withdrawal
} from "./NoteBase.sol";

contract InitializeTest is NoteBase {
    function setUp() public override {
        super.setUp();
        restart();
    }

    /// @dev A chain that has not begun: the next series.
    function restart() private {
        vm.etch(CHAIN_CONTRACT, "");
        vm.etch(address(0xDEAD), vm.getDeployedCode("NoteChain.sol:NoteChain"));
        note = NoteChain(address(0xDEAD));
    }

    function initialize(NoteDefinitions memory given) private {
        vm.prank(SYSTEM);
        note.initialize(abi.encode(given));
    }

    function expectRefused(NoteDefinitions memory given, bytes memory refusal) private {
        vm.prank(SYSTEM);
        vm.expectRevert(refusal);
        note.initialize(abi.encode(given));
    }

    function lockOf(address payer, address payee) private pure returns (Lock memory) {
        return Lock(payer, payee, DOLLAR, 0, 1, 2, RATE, DOLLAR * PICO + MINIMUM);
    }

    // --- refused ---

    function test_RevertWhen_callerIsNotTheSystem() public {
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IChainContract.NotSystem.selector, alice));
        note.initialize(abi.encode(definitions()));
    }

    function test_RevertWhen_initializedTwice() public {
        initialize(definitions());
        expectRefused(definitions(), abi.encodeWithSelector(INoteChain.AlreadyDone.selector));
    }

    function test_RevertWhen_somethingIsMissing() public {
        bytes memory none = abi.encodeWithSelector(INoteChain.AddressZero.selector);
        NoteDefinitions memory given = definitions();
        given.cash = address(0);
        expectRefused(given, none);
        given = definitions();
        given.pot = address(0);
        expectRefused(given, none);
        given = definitions();
        given.buyer = address(0);
        expectRefused(given, none);
        given = definitions();
        given.deposit = 0;
        expectRefused(given, abi.encodeWithSelector(INoteChain.AmountZero.selector));
    }

    function test_RevertWhen_definitionsAreNotThese() public {
        vm.prank(SYSTEM);
        vm.expectRevert();
        note.initialize("definitions");
    }

    function test_RevertWhen_carriedTwice() public {
        NoteDefinitions memory given = definitions();
        given.carried.accounts = new AccountBalance[](2);
        given.carried.accounts[0] = AccountBalance(bob, 1);
        given.carried.accounts[1] = AccountBalance(bob, 2);
        expectRefused(given, abi.encodeWithSelector(INoteChain.AlreadyDone.selector));

        given = definitions();
        given.carried.locks = new CarriedLock[](2);
        given.carried.locks[0] = CarriedLock("lock", lockOf(alice, bob));
        given.carried.locks[1] = CarriedLock("lock", lockOf(bob, carol));
        expectRefused(given, abi.encodeWithSelector(INoteChain.AuthorizationUsed.selector, bytes32("lock")));

        given = definitions();
        given.carried.nextWithdrawal = 8;
        given.carried.withdrawals = new CarriedWithdrawal[](2);
        given.carried.withdrawals[0] = CarriedWithdrawal(7, Withdrawal(carol, DOLLAR, address(0), 0));
        given.carried.withdrawals[1] = CarriedWithdrawal(7, Withdrawal(bob, DOLLAR, address(0), 0));
        expectRefused(given, abi.encodeWithSelector(INoteChain.UnknownWithdrawal.selector, 7));
    }

    function test_RevertWhen_carriedFromNobody() public {
        bytes memory none = abi.encodeWithSelector(INoteChain.AddressZero.selector);
        NoteDefinitions memory given = definitions();
        given.carried.accounts = new AccountBalance[](1);
        given.carried.accounts[0].balance = 1;
        expectRefused(given, none);

        given = definitions();
        given.carried.locks = new CarriedLock[](1);
        given.carried.locks[0] = CarriedLock("lock", lockOf(address(0), bob));
        expectRefused(given, none);
        given.carried.locks[0] = CarriedLock("lock", lockOf(bob, address(0)));
        expectRefused(given, none);

        given = definitions();
        given.carried.nextWithdrawal = 8;
        given.carried.withdrawals = new CarriedWithdrawal[](1);
        expectRefused(given, none);
    }

    /// @dev The next one would have the same number.
    function test_RevertWhen_withdrawalIsYetToCome() public {
        NoteDefinitions memory given = definitions();
        given.carried.nextWithdrawal = 7;
        given.carried.withdrawals = new CarriedWithdrawal[](1);
        given.carried.withdrawals[0] = CarriedWithdrawal(7, Withdrawal(carol, DOLLAR, address(0), 0));
        expectRefused(given, abi.encodeWithSelector(INoteChain.UnknownWithdrawal.selector, 7));
    }

    function test_RevertWhen_thereIsNoRoomForTheBuyer() public {
        NoteDefinitions memory given = definitions();
        given.carried.accounts = new AccountBalance[](255);
        for (uint256 i = 0; i < 255; ++i) {
            given.carried.accounts[i] = AccountBalance(fillerAt(i), MINIMUM);
        }
        expectRefused(given, full());
        given.carried.accounts[17].account = alice;
        initialize(given);
        assertBalance(alice, 100 * DOLLAR * PICO + MINIMUM);
        assertEq(note.leaves().length, 256);
    }

    // --- done ---

    function test_begins() public {
        initialize(definitions());
        assertEq(note.cash(), cash);
        assertEq(note.pot(), pot);
        assertEq(note.series(), 1);
        assertEq(note.feeRate(), RATE);
        assertEq(note.leafMinimum(), MINIMUM);
        assertEq(note.genesisHash(), 0);
        assertEq(note.totals().owed, 100 * DOLLAR * PICO);
        assertEq(note.leaves().length, 2);
        assertBalance(alice, 100 * DOLLAR * PICO);
    }
}
