// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, RouteRecord} from "../Base.sol";
import {RouteTableHandler} from "./RouteTableHandler.sol";

contract RouteTableInvariants is Base {
    RouteTableHandler internal handler;

    function setUp() public override {
        super.setUp();
        handler = new RouteTableHandler(registry, table);
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = handler.setRoute.selector;
        selectors[1] = handler.cancelNonce.selector;
        selectors[2] = handler.intrude.selector;
        selectors[3] = handler.stepBack.selector;
        selectors[4] = handler.toggleAgent.selector;
        selectors[5] = handler.wait.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: selectors}));
    }

    /// @dev Serials grow and count nonces, epochs never fall, nobody sets another's route.
    function invariant_nothingForbiddenHappened() public view {
        assertEq(handler.violation(), "");
    }

    /// @dev Each route is as its wallet's last signature left it, whatever else went on.
    function invariant_onlyTheWalletsSignatureChangesARoute() public view {
        for (uint256 i = 0; i < handler.walletCount(); ++i) {
            address wallet_ = handler.wallets(i);
            assertEq(keccak256(abi.encode(table.route(wallet_))), handler.lastRecord(wallet_));
        }
    }

    /// @dev A serial counts the nonces consumed so far, and cancelling only widens the gap.
    function invariant_noncesCountWhatWasConsumed() public view {
        for (uint256 i = 0; i < handler.walletCount(); ++i) {
            address wallet_ = handler.wallets(i);
            assertEq(table.nonces(wallet_), handler.noncesUsed(wallet_));
            assertLe(table.route(wallet_).serial, table.nonces(wallet_));
        }
    }

    /// @dev Under each handle are exactly the wallets whose route names it, v6 or v4.
    function invariant_handleIndexIsConsistent() public view {
        bytes32[] memory handles = handler.handles();
        for (uint256 h = 0; h < handles.length; ++h) {
            uint256 expected;
            for (uint256 i = 0; i < handler.walletCount(); ++i) {
                if (names(handler.wallets(i), handles[h])) ++expected;
            }
            address[] memory wallets = table.claimsOfHandle(handles[h], 0, 100);
            assertEq(wallets.length, expected);
            for (uint256 i = 0; i < wallets.length; ++i) {
                assertTrue(names(wallets[i], handles[h]));
            }
        }
        assertEq(table.claimsOfHandle(bytes32(0), 0, 100).length, 0);
    }

    function names(address wallet_, bytes32 handle) private view returns (bool) {
        RouteRecord memory record = table.route(wallet_);
        return record.update.keys.handle == handle || bytes32(record.update.keys.handleV4) == handle;
    }
}
