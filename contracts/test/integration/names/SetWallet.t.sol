// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, IWalletSigned, NameRecord, NamesBase} from "./NamesBase.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev What a name resolves to, and that it forgets it when it changes hands.
contract SetWalletTest is NamesBase {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = register(LABEL);
    }

    function testFuzz_onlyTheOwnerSets(address caller) public {
        vm.assume(caller != owner);
        vm.expectRevert(abi.encodeWithSelector(INames.NotNameOwner.selector, caller, owner));
        vm.prank(caller);
        names.setWallet(LABEL, caller);
    }

    function test_refusesTheWalletItself() public {
        vm.expectRevert(abi.encodeWithSelector(INames.NotNameOwner.selector, wallet, owner));
        vm.prank(wallet);
        names.setWallet(LABEL, stranger);
    }

    function test_refusesAnUnknownName() public {
        vm.expectRevert(nonexistent(idOf("nobody")));
        vm.prank(owner);
        names.setWallet("nobody", wallet);
        vm.expectRevert(abi.encodeWithSelector(INames.LabelInvalid.selector, "no", 2));
        vm.prank(owner);
        names.setWallet("no", wallet);
    }

    function testFuzz_sets(address wallet_) public {
        vm.expectEmit(address(names));
        emit INames.WalletSet(id, wallet_);
        vm.prank(owner);
        names.setWallet(LABEL, wallet_);
        assertEq(names.resolve(LABEL), wallet_);
        assertEq(names.recordOf(LABEL).wallet, wallet_);
    }

    function test_refusesSignaturesOfOthers() public {
        register("other");
        bytes32 digest = names.setWalletDigest(LABEL, stranger, soon());
        expectInvalid(LABEL, stranger, sign(walletKey, digest));
        bytes memory signature = sign(ownerKey, digest);
        expectInvalid(LABEL, agent, signature);
        expectInvalid("other", stranger, signature);
        names.setWalletSigned(LABEL, stranger, soon(), signature);
        expectInvalid(LABEL, stranger, signature);
    }

    /// @dev Who sold a name has no say in it any more, though it signed before.
    function test_refusesTheSignatureOfTheLastOwner() public {
        bytes memory signature = sign(ownerKey, names.setWalletDigest(LABEL, wallet, soon()));
        vm.prank(owner);
        names.transferFrom(owner, stranger, id);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, stranger));
        names.setWalletSigned(LABEL, wallet, soon(), signature);
    }

    function test_setsWhatTheOwnerSigned() public {
        bytes32 typeHash = keccak256("SetWallet(string label,address wallet,uint256 nonce,uint256 deadline)");
        bytes32 digest = digestOf(keccak256(abi.encode(typeHash, keccak256("bobo"), stranger, 0, soon())));
        assertEq(names.setWalletDigest(LABEL, stranger, soon()), digest);
        vm.prank(agent);
        names.setWalletSigned(LABEL, stranger, soon(), sign(ownerKey, digest));
        assertEq(names.resolve(LABEL), stranger);
        assertEq(names.nonces(owner), 1);
    }

    function test_aTransferForgetsTheWallet() public {
        vm.expectEmit(address(names));
        emit INames.WalletSet(id, address(0));
        vm.prank(owner);
        names.transferFrom(owner, stranger, id);
        assertEq(names.resolve(LABEL), address(0));
        assertEq(names.ownerOf(id), stranger);
        assertEq(names.namesOf(owner, 0, 100).length, 0);
        assertEq(names.namesOf(stranger, 0, 100)[0].label, LABEL);
        vm.prank(stranger);
        names.setWallet(LABEL, agent);
        assertEq(names.resolve(LABEL), agent);
    }

    function test_aTransferToItselfForgetsNothing() public {
        vm.prank(owner);
        names.transferFrom(owner, owner, id);
        assertEq(names.resolve(LABEL), wallet);
        assertEq(names.namesOf(owner, 0, 100).length, 1);
    }

    function test_onlyWhoMayTransfers() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, stranger, id)
        );
        vm.prank(stranger);
        names.transferFrom(owner, stranger, id);
        assertEq(names.resolve(LABEL), wallet);
        vm.prank(owner);
        names.approve(stranger, id);
        vm.prank(stranger);
        names.transferFrom(owner, stranger, id);
        assertEq(names.ownerOf(id), stranger);
    }

    function expectInvalid(string memory label, address wallet_, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, owner));
        names.setWalletSigned(label, wallet_, soon(), signature);
    }
}
