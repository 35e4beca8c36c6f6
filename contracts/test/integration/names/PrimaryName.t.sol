// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, IWalletSigned, NamesBase, Registration} from "./NamesBase.sol";

contract PrimaryNameTest is NamesBase {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = register(LABEL);
    }

    function test_refusesAnothersName() public {
        vm.expectRevert(abi.encodeWithSelector(INames.NameResolvesElsewhere.selector, id, wallet, stranger));
        vm.prank(stranger);
        names.setPrimaryName(LABEL);
        vm.expectRevert(abi.encodeWithSelector(INames.NameResolvesElsewhere.selector, id, wallet, owner));
        vm.prank(owner);
        names.setPrimaryName(LABEL);
    }

    function test_refusesAnUnknownName() public {
        vm.expectRevert(
            abi.encodeWithSelector(INames.NameResolvesElsewhere.selector, idOf("nobody"), address(0), wallet)
        );
        vm.prank(wallet);
        names.setPrimaryName("nobody");
        vm.expectRevert(abi.encodeWithSelector(INames.LabelInvalid.selector, "BOBO", 0));
        vm.prank(wallet);
        names.setPrimaryName("BOBO");
    }

    function test_refusesAStrangersSignature() public {
        bytes memory signature = sign(ownerKey, names.setPrimaryNameDigest(wallet, LABEL, soon()));
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        names.setPrimaryNameSigned(wallet, LABEL, soon(), signature);
    }

    function test_refusesASignatureTwice() public {
        bytes memory signature = sign(walletKey, names.setPrimaryNameDigest(wallet, LABEL, soon()));
        names.setPrimaryNameSigned(wallet, LABEL, soon(), signature);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, wallet));
        names.setPrimaryNameSigned(wallet, LABEL, soon(), signature);
    }

    /// @dev That a name resolves to a wallet is its owner's word only: the wallet must say it, too.
    function test_isEmptyUntilTheWalletSpeaks() public view {
        assertEq(names.primaryNameOf(wallet), "");
        assertEq(names.primaryNameOf(address(0)), "");
    }

    function test_sets() public {
        vm.expectEmit(address(names));
        emit INames.PrimaryNameSet(wallet, id);
        vm.prank(wallet);
        names.setPrimaryName(LABEL);
        assertEq(names.primaryNameOf(wallet), LABEL);
    }

    function test_setsWhatTheWalletSigned() public {
        bytes32 typeHash = keccak256("SetPrimaryName(string label,uint256 nonce,uint256 deadline)");
        bytes32 digest = digestOf(keccak256(abi.encode(typeHash, keccak256("bobo"), 0, soon())));
        assertEq(names.setPrimaryNameDigest(wallet, LABEL, soon()), digest);
        vm.prank(agent);
        names.setPrimaryNameSigned(wallet, LABEL, soon(), sign(walletKey, digest));
        assertEq(names.primaryNameOf(wallet), LABEL);
    }

    function test_takesItBack() public {
        vm.startPrank(wallet);
        names.setPrimaryName(LABEL);
        vm.expectEmit(address(names));
        emit INames.PrimaryNameSet(wallet, 0);
        names.setPrimaryName("");
        assertEq(names.primaryNameOf(wallet), "");
    }

    /// @dev Counts only while the name leads back, for whatever reason it does not.
    function test_endsWithTheName() public {
        vm.prank(wallet);
        names.setPrimaryName(LABEL);
        uint256 snapshot = vm.snapshotState();

        vm.prank(owner);
        names.setWallet(LABEL, stranger);
        assertEq(names.primaryNameOf(wallet), "");
        assertEq(names.primaryNameOf(stranger), "");
        vm.prank(owner);
        names.setWallet(LABEL, wallet);
        assertEq(names.primaryNameOf(wallet), LABEL);

        vm.revertToState(snapshot);
        vm.prank(owner);
        names.transferFrom(owner, stranger, id);
        assertEq(names.primaryNameOf(wallet), "");

        vm.revertToState(snapshot);
        skip(YEAR + 1);
        assertEq(names.primaryNameOf(wallet), "");
        vm.prank(agent);
        names.renew(LABEL, 1, FEE);
        assertEq(names.primaryNameOf(wallet), LABEL);

        vm.revertToState(snapshot);
        skip(YEAR + GRACE + 1);
        Registration memory registration = someRegistration(LABEL);
        registration.wallet = stranger;
        register(registration);
        assertEq(names.primaryNameOf(wallet), "");
    }
}
