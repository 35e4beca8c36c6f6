// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Names} from "../../src/directory/Names.sol";
import {NameRecord} from "../../src/interfaces/INames.sol";
import {Mainchain} from "../Mainchain.sol";
import {NamesHandler} from "./NamesHandler.sol";

contract NamesInvariants is Mainchain {
    NamesHandler internal handler;
    Names internal names;

    function setUp() public override {
        super.setUp();
        names = Names(addressOf("Names"));
        handler = new NamesHandler(names, token, parameters, all.timelock);
        token.transfer(address(handler), 400_000_000e18);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.register.selector;
        selectors[1] = handler.renew.selector;
        selectors[2] = handler.transfer.selector;
        selectors[3] = handler.setWallet.selector;
        selectors[4] = handler.setPrimaryName.selector;
        selectors[5] = handler.setNameFeesBurned.selector;
        selectors[6] = handler.wait.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev Each name is as the model has it; what ran out resolves to nothing and is nobody's.
    function invariant_namesAreAsTheModelHasThem() public view {
        for (uint256 i = 0; i < 4; ++i) {
            (address owner, address wallet, uint256 expiresAt) = handler.models(i);
            bool live = handler.isLive(i);
            NameRecord memory record = names.recordOf(handler.labels(i));
            assertEq(record.expiresAt, expiresAt);
            assertEq(record.owner, live ? owner : address(0));
            assertEq(names.resolve(handler.labels(i)), live ? wallet : address(0));
            assertEq(names.isFree(handler.labels(i)), handler.isFree(i));
        }
    }

    /// @dev Lists and balances count each name once, with its last owner.
    function invariant_listsAndBalancesAgree() public view {
        for (uint256 p = 0; p < 4; ++p) {
            address person = handler.person(p);
            uint256 expected;
            for (uint256 i = 0; i < 4; ++i) {
                (address owner,,) = handler.models(i);
                if (owner == person) ++expected;
            }
            assertEq(names.balanceOf(person), expected);
            assertEq(names.namesOf(person, 0, 100).length, expected);
        }
    }

    /// @dev A wallet's name always leads back to it.
    function invariant_primaryNamesLeadBack() public view {
        for (uint256 p = 0; p < 4; ++p) {
            string memory label = names.primaryNameOf(handler.person(p));
            if (bytes(label).length != 0) assertEq(names.resolve(label), handler.person(p));
        }
    }

    /// @dev Every fee was burned or is in the pool; nothing stays here.
    function invariant_feesGoWhereTheyShould() public view {
        assertEq(token.balanceOf(address(names)), 0);
        assertEq(token.totalBurned() + rewards.pool(address(token)), handler.fees());
        assertEq(token.allowance(address(names), address(rewards)), 0);
    }
}
