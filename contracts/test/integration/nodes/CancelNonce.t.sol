// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, IWalletSigned, RouteUpdate} from "../../Base.sol";

/// @dev What cancelling does to a signature is tested where the signature is used.
contract CancelNonceTest is Base {
    function test_consumesTheCallersNonceAlone() public {
        IWalletSigned[2] memory contracts = [IWalletSigned(registry), IWalletSigned(table)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(address(contracts[i]));
            emit IWalletSigned.NonceCancelled(wallet, 0);
            vm.prank(wallet);
            contracts[i].cancelNonce();
            assertEq(contracts[i].nonces(wallet), 1);
            assertEq(contracts[i].nonces(stranger), 0);
        }
    }

    function test_countsApartInEachContract() public {
        vm.prank(wallet);
        registry.cancelNonce();
        assertEq(registry.nonces(wallet), 1);
        assertEq(table.nonces(wallet), 0);
    }

    function test_leavesTheRouteAndSkipsASerial() public {
        RouteUpdate memory update = someUpdate(wallet, 1);
        setRoute(update);
        vm.prank(wallet);
        table.cancelNonce();
        assertEq(table.route(wallet).serial, 1);
        assertEq(table.nonces(wallet), 2);

        setRoute(update);
        assertEq(table.route(wallet).serial, 3);
        assertEq(table.route(wallet).nonce, 2);
    }
}
