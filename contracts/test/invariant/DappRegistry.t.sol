// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DappRegistry} from "../../src/directory/DappRegistry.sol";
import {Dapp, Licence, Tally} from "../../src/interfaces/IDappRegistry.sol";
import {Mainchain} from "../Mainchain.sol";
import {DappRegistryHandler} from "./DappRegistryHandler.sol";

contract DappRegistryInvariants is Mainchain {
    DappRegistryHandler internal handler;
    DappRegistry internal dapps;

    function setUp() public override {
        super.setUp();
        dapps = DappRegistry(addressOf("DappRegistry"));
        handler = new DappRegistryHandler(dapps, usd6, usd18);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = handler.register.selector;
        selectors[1] = handler.publish.selector;
        selectors[2] = handler.setPrice.selector;
        selectors[3] = handler.retire.selector;
        selectors[4] = handler.transfer.selector;
        selectors[5] = handler.buy.selector;
        selectors[6] = handler.rate.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev What was paid is with the sellers, to the last unit, and nothing is here.
    function invariant_sellersHaveWhatWasPaid() public view {
        for (uint256 i = 0; i < 2; ++i) {
            address seller = handler.seller(i);
            assertEq(usd6.balanceOf(seller) + usd18.balanceOf(seller) / 1e12, handler.earned(seller));
        }
        assertEq(usd6.balanceOf(address(dapps)), 0);
        assertEq(usd18.balanceOf(address(dapps)), 0);
    }

    /// @dev Sums are those of the licences that there are.
    function invariant_sumsAreThoseOfTheLicences() public view {
        for (uint256 id = 1; id <= dapps.dappCount(); ++id) {
            Tally memory paid;
            Tally memory gratis;
            uint256 sales;
            for (uint256 i = 0; i < handler.BUYERS(); ++i) {
                Licence memory licence = dapps.licenceOf(id, handler.buyer(i));
                if (licence.paid != 0) ++sales;
                if (licence.stars == 0) continue;
                Tally memory tally = licence.paid != 0 ? paid : gratis;
                tally.count += 1;
                tally.stars += licence.stars;
            }
            Dapp memory dapp = dapps.dappOf(id);
            assertEq(dapp.sales, sales);
            assertEq(dapp.revenue, handler.revenue(id));
            assertEq(
                keccak256(abi.encode(dapp.paidRatings, dapp.freeRatings)), keccak256(abi.encode(paid, gratis))
            );
        }
    }

    /// @dev What was published stays.
    function invariant_versionsNeverChange() public view {
        for (uint256 id = 1; id <= dapps.dappCount(); ++id) {
            assertEq(keccak256(abi.encode(dapps.versions(id, 0, 1)[0])), handler.firstVersion(id));
        }
    }
}
