// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AnchorBase, Genesis, IChainAnchor} from "./AnchorBase.sol";

contract WalletTest is AnchorBase {
    bytes32 internal constant CHAIN = keccak256("chain");

    address internal next = makeAddr("next");
    uint256 internal deadline;

    function setUp() public override {
        super.setUp();
        anchorChain(CHAIN, new uint256[](0));
        deadline = block.timestamp + 10 minutes;
    }

    function test_refusesUnknownChains() public {
        // forge-lint: disable-next-line(unsafe-typecast)
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.UnknownChain.selector, bytes32("unknown")));
        anchors.setWallet("unknown", next);
        // forge-lint: disable-next-line(unsafe-typecast)
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.UnknownChain.selector, bytes32("unknown")));
        anchors.setWalletSigned("unknown", next, deadline, "");
    }

    function test_onlyTheBoundWallet() public {
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.NotWallet.selector, CHAIN, next, boundWallet));
        vm.prank(next);
        anchors.setWallet(CHAIN, next);
    }

    function test_refusesNoWallet() public {
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.WalletMissing.selector, CHAIN));
        vm.prank(boundWallet);
        anchors.setWallet(CHAIN, address(0));
        bytes memory signature = signed(boundKey, address(0));
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.WalletMissing.selector, CHAIN));
        anchors.setWalletSigned(CHAIN, address(0), deadline, signature);
    }

    function test_refusesASignatureOfAnother() public {
        (, uint256 key) = makeAddrAndKey("stranger");
        refuseSigned(signed(key, next));
        refuseSigned("");
        refuseSigned(new bytes(65));
    }

    function test_refusesAnotherWalletChainOrDeadline() public {
        refuseSigned(signed(boundKey, address(1)));
        anchorChain("other", new uint256[](0));
        bytes memory signature = signed(boundKey, next);
        vm.expectRevert(
            abi.encodeWithSelector(
                // forge-lint: disable-next-line(unsafe-typecast)
                IChainAnchor.WalletSignatureInvalid.selector,
                // forge-lint: disable-next-line(unsafe-typecast)
                bytes32("other"),
                boundWallet
            )
        );
        anchors.setWalletSigned("other", next, deadline, signature);
        deadline += 1;
        refuseSigned(signature);
    }

    function test_refusesAfterTheDeadline() public {
        bytes memory signature = signed(boundKey, next);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.DeadlinePassed.selector, deadline));
        anchors.setWalletSigned(CHAIN, next, deadline, signature);
        vm.warp(deadline);
        anchors.setWalletSigned(CHAIN, next, deadline, signature);
    }

    /// @dev Back to the first wallet: what it signed before is worth nothing.
    function test_refusesAReplay() public {
        bytes memory signature = signed(boundKey, next);
        anchors.setWalletSigned(CHAIN, next, deadline, signature);
        vm.prank(next);
        anchors.setWallet(CHAIN, boundWallet);
        refuseSigned(signature);
        assertEq(anchors.nonceOf(CHAIN), 2);
    }

    /// @dev A new series binds its buyer's wallet: a signature of the seller's is worth nothing for it.
    function test_aNewSeriesBindsItsOwnWallet() public {
        Genesis memory genesis = noteGenesis(1);
        anchorIt(genesis);
        bytes32 digest = anchors.walletChangeDigest(genesis.chain, next, deadline);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(boundKey, digest);
        genesis.series = 2;
        genesis.wallet = makeAddr("buyer");
        anchorIt(genesis);
        vm.expectRevert(
            abi.encodeWithSelector(
                IChainAnchor.WalletSignatureInvalid.selector, genesis.chain, genesis.wallet
            )
        );
        anchors.setWalletSigned(genesis.chain, next, deadline, abi.encodePacked(r, s, v));
    }

    function test_setsTheWallet() public {
        vm.expectEmit(address(anchors));
        emit IChainAnchor.WalletSet(CHAIN, next);
        vm.prank(boundWallet);
        anchors.setWallet(CHAIN, next);
        assertEq(anchors.anchorOf(CHAIN).wallet, next);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.NotWallet.selector, CHAIN, boundWallet, next));
        vm.prank(boundWallet);
        anchors.setWallet(CHAIN, boundWallet);
    }

    function test_setsTheWalletBySignature() public {
        bytes memory signature = signed(boundKey, next);
        vm.prank(makeAddr("anyone"));
        anchors.setWalletSigned(CHAIN, next, deadline, signature);
        assertEq(anchors.anchorOf(CHAIN).wallet, next);
    }

    function signed(uint256 key, address wallet) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, anchors.walletChangeDigest(CHAIN, wallet, deadline));
        return abi.encodePacked(r, s, v);
    }

    function refuseSigned(bytes memory signature) private {
        vm.expectRevert(
            abi.encodeWithSelector(IChainAnchor.WalletSignatureInvalid.selector, CHAIN, boundWallet)
        );
        anchors.setWalletSigned(CHAIN, next, deadline, signature);
    }
}
