// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base, KeySet} from "../Base.sol";
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
        (address[] memory wallets, KeySet[] memory keys) = routed();
        bytes32[] memory handles = handler.handles();
        for (uint256 h = 0; h < handles.length; ++h) {
            address[] memory claims = table.claimsOfHandle(handles[h], 0, 100);
            uint256 expected;
            for (uint256 i = 0; i < wallets.length; ++i) {
                if (!names(keys[i], handles[h])) continue;
                ++expected;
                assertTrue(isIn(claims, wallets[i]));
            }
            assertEq(claims.length, expected);
        }
        assertEq(table.claimsOfHandle(bytes32(0), 0, 100).length, 0);
    }

    /// @dev Every wallet and its route's keys, each read once: key sets are large.
    function routed() private view returns (address[] memory wallets, KeySet[] memory keys) {
        wallets = new address[](handler.walletCount());
        keys = new KeySet[](wallets.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            wallets[i] = handler.wallets(i);
            keys[i] = table.route(wallets[i]).update.keys;
        }
    }

    function names(KeySet memory keys, bytes32 handle) private pure returns (bool) {
        return keys.handle == handle || bytes32(keys.handleV4) == handle;
    }

    function isIn(address[] memory list, address wanted) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == wanted) return true;
        }
        return false;
    }
}
