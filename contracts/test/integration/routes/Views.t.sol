// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, IWalletSigned, RouteRecord, RouteUpdate} from "../../Base.sol";

contract RouteViewsTest is Base {
    function testFuzz_refusesALargePage(uint256 offset, uint256 limit) public {
        limit = bound(limit, 101, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, limit));
        table.claimsOfHandle(bytes32(0), offset, limit);
    }

    function test_refusesTooManyWallets() public {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        table.routes(new address[](101));
    }

    function testFuzz_returnsZeroForAnUnknownWallet(address unknown) public view {
        RouteRecord memory none;
        assertEq(keccak256(abi.encode(table.route(unknown))), keccak256(abi.encode(none)));
    }

    /// @dev Consuming a nonce is not setting a route.
    function test_returnsZeroAfterACancelledNonce() public {
        vm.prank(wallet);
        table.cancelNonce();
        assertEq(table.route(wallet).serial, 0);
        assertEq(table.route(wallet).signature.length, 0);
    }

    function test_namesItsRegistry() public view {
        assertEq(address(table.REGISTRY()), address(registry));
    }

    function test_returnsRoutesInTheOrderAskedFor() public {
        setRoute(someUpdate(wallet, 1));
        address[] memory wallets = new address[](3);
        (wallets[0], wallets[1], wallets[2]) = (stranger, wallet, wallet);
        RouteRecord[] memory records = table.routes(wallets);
        assertEq(records.length, 3);
        assertEq(records[0].serial, 0);
        assertEq(records[1].update, someUpdate(wallet, 1));
        assertEq(keccak256(abi.encode(records[1])), keccak256(abi.encode(records[2])));
    }

    function testFuzz_pagesThroughClaims(uint256 offset, uint256 limit) public {
        address[5] memory claimants;
        for (uint256 i = 0; i < 5; ++i) {
            uint256 key;
            (claimants[i], key) = makeAddrAndKey(vm.toString(i));
            RouteUpdate memory update = someUpdate(claimants[i], 1);
            table.setRoute(update, soon(), signRoute(key, update, soon()));
        }
        limit = bound(limit, 0, 100);
        uint256 rest = offset < 5 ? 5 - offset : 0;
        bytes32[2] memory handles = [someKeys(1).handle, bytes32(someKeys(1).handleV4)];
        for (uint256 h = 0; h < 2; ++h) {
            address[] memory page = table.claimsOfHandle(handles[h], offset, limit);
            assertEq(page.length, limit < rest ? limit : rest);
            for (uint256 i = 0; i < page.length; ++i) {
                assertEq(page[i], claimants[offset + i]);
            }
        }
    }
}
