// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {CHAIN_CONTRACT, IMoneyContract, INoteChain, NoteBase, Transfer} from "./NoteBase.sol";

contract TransferManyTest is NoteBase {
    function paying(Transfer[] memory transfers) private pure returns (bytes memory) {
        return abi.encodeCall(INoteChain.transferMany, (transfers));
    }

    function two(Transfer memory a, Transfer memory b) private pure returns (Transfer[] memory list) {
        list = new Transfer[](2);
        (list[0], list[1]) = (a, b);
    }

    function counted(uint256 count) private pure returns (Transfer[] memory list) {
        list = new Transfer[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = Transfer(fillerAt(i), CENT);
        }
    }

    // --- refused ---

    function test_RevertWhen_noneOrTooMany() public {
        bytes4 selector = INoteChain.TransferCountWrong.selector;
        sendRefused(alice, paying(counted(0)), abi.encodeWithSelector(selector, 64, 0));
        sendRefused(alice, paying(counted(65)), abi.encodeWithSelector(selector, 64, 65));
    }

    function test_RevertWhen_oneOfThemIsWrong() public {
        Transfer memory good = Transfer(bob, DOLLAR);
        sendRefused(
            alice,
            paying(two(good, Transfer(address(0), 1))),
            abi.encodeWithSelector(INoteChain.AddressZero.selector)
        );
        sendRefused(
            alice, paying(two(good, Transfer(bob, 0))), abi.encodeWithSelector(INoteChain.AmountZero.selector)
        );
        sendRefused(alice, paying(two(good, Transfer(carol, CENT - 1))), tooSmall((CENT - 1) * PICO));
        fillUpTo(1);
        sendRefused(alice, paying(two(good, Transfer(carol, DOLLAR))), full());
        assertBalance(bob, 0);
    }

    function test_RevertWhen_togetherTheyAreTooMuch() public {
        Transfer[] memory both = two(Transfer(bob, 50 * DOLLAR), Transfer(carol, 50 * DOLLAR));
        sendRefused(
            alice,
            paying(both),
            tooLow(100 * DOLLAR * PICO + feeOf(100 * DOLLAR) + MINIMUM, 100 * DOLLAR * PICO)
        );
    }

    function test_RevertWhen_sumsOverflow() public {
        uint64 most = type(uint64).max;
        uint256 cost = 2 * uint256(most) * (1e6 + 500);
        sendRefused(
            alice,
            paying(two(Transfer(bob, most), Transfer(bob, most))),
            tooLow(cost + MINIMUM, 100 * DOLLAR * PICO)
        );
    }

    // --- done ---

    function test_paysAllAndTellsTheFeeOnce() public {
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Transferred(alice, bob, DOLLAR);
        vm.expectEmit(CHAIN_CONTRACT);
        emit INoteChain.Transferred(alice, carol, 2 * DOLLAR);
        vm.expectEmit(CHAIN_CONTRACT);
        emit IMoneyContract.FeeEarned(feeOf(3 * DOLLAR));
        send(alice, paying(two(Transfer(bob, DOLLAR), Transfer(carol, 2 * DOLLAR))));
        assertBalance(bob, DOLLAR * PICO);
        assertBalance(carol, 2 * DOLLAR * PICO);
        assertBalance(alice, 97 * DOLLAR * PICO - feeOf(3 * DOLLAR));
    }

    function test_theSameTwiceAndOneself() public {
        send(alice, paying(two(Transfer(bob, CENT), Transfer(bob, 1))));
        assertBalance(bob, (CENT + 1) * PICO);
        send(alice, paying(two(Transfer(alice, DOLLAR), Transfer(bob, 1))));
        assertBalance(alice, (100 * DOLLAR - CENT - 2) * PICO - feeOf(DOLLAR + CENT + 2));
    }

    function test_asManyAsThereMayBe() public {
        send(alice, paying(counted(64)));
        assertEq(note.leaves().length, 66);
    }

    function test_pagesOfAccounts() public {
        fillUpTo(0);
        assertEq(note.accounts(0, 100).length, 100);
        assertEq(note.accounts(100, 100)[0].account, fillerAt(99));
        assertEq(note.accounts(200, 100).length, 55);
        assertEq(note.accounts(255, 100).length, 0);
        assertEq(note.accounts(type(uint256).max, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        note.accounts(0, 101);
    }
}
