// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {
    Anchor,
    AnchorBase,
    Certificate,
    ChainClass,
    Genesis,
    ICash,
    IChainAnchor,
    Visibility
} from "./AnchorBase.sol";

contract AnchorTest is AnchorBase {
    bytes32 internal constant CHAIN = keccak256("chain");

    function test_refusesAGenesisWithoutHash() public {
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.genesisHash = 0;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.GenesisHashMissing.selector, CHAIN));
    }

    function test_refusesAGenesisWithoutWallet() public {
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.wallet = address(0);
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.WalletMissing.selector, CHAIN));
    }

    function test_refusesAStorageChainWithoutRent() public {
        refuse(someGenesis(CHAIN), abi.encodeWithSelector(IChainAnchor.RentMissing.selector, CHAIN, 0));
        pay(address(this), CHAIN, STORAGE_RENT);
        uint64 paidThrough = anchors.anchorOf(CHAIN).paidThrough;
        vm.warp(paidThrough);
        refuse(
            someGenesis(CHAIN), abi.encodeWithSelector(IChainAnchor.RentMissing.selector, CHAIN, paidThrough)
        );
        vm.warp(paidThrough - 1);
        anchorIt(someGenesis(CHAIN));
    }

    function test_refusesASeriesThatIsNotTheFirst() public {
        Genesis memory genesis = noteGenesis(1);
        uint32[3] memory wrong = [0, 2, type(uint32).max];
        for (uint256 i = 0; i < wrong.length; ++i) {
            genesis.series = wrong[i];
            refuse(
                genesis,
                abi.encodeWithSelector(IChainAnchor.SeriesInvalid.selector, genesis.chain, wrong[i], 1)
            );
        }
    }

    function test_refusesASecondGenesis() public {
        anchorChain(CHAIN, new uint256[](0));
        Genesis memory genesis = someGenesis(CHAIN);
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.AlreadyAnchored.selector, CHAIN));
        genesis.series = 2;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.AlreadyAnchored.selector, CHAIN));
    }

    function test_refusesANoteThatIsNoAsset() public {
        Genesis memory genesis = noteGenesis(1);
        genesis.class = ChainClass.Storage;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.NotAnAsset.selector, genesis.chain));
    }

    function test_refusesTheChainOfAnotherNote() public {
        bytes32 other = noteGenesis(2).chain;
        Genesis memory genesis = noteGenesis(1);
        bytes32 right = genesis.chain;
        genesis.chain = other;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.ChainDiffers.selector, other, right));
    }

    function test_refusesMoneyWithoutANote() public {
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.class = ChainClass.Asset;
        genesis.deposit = 1;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.MoneyWithoutNote.selector, CHAIN, 1, 0));
        (genesis.deposit, genesis.carried) = (0, 1);
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.MoneyWithoutNote.selector, CHAIN, 0, 1));
    }

    function test_refusesAResaleWithAnotherQuorum() public {
        anchorIt(noteGenesis(1));
        Genesis memory genesis = noteGenesis(1);
        genesis.series = 2;
        genesis.quorum = 5;
        refuse(genesis, abi.encodeWithSelector(IChainAnchor.QuorumDiffers.selector, genesis.chain, 5, 0));
    }

    function test_refusesAReplay() public {
        Genesis memory genesis = noteGenesis(1);
        Certificate memory certificate = certifyGenesis(genesis);
        anchors.anchor(genesis, certificate);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.SeriesInvalid.selector, genesis.chain, 1, 2));
        anchors.anchor(genesis, certificate);
    }

    /// @dev Each field is under the certificate.
    function test_refusesAGenesisThatWasNotCertified() public {
        for (uint256 field = 0; field < 8; ++field) {
            Genesis memory genesis = noteGenesis(1);
            Certificate memory certificate = certifyGenesis(genesis);
            if (field == 0) genesis.genesisHash = "other";
            if (field == 1) genesis.visibility = Visibility.Public;
            if (field == 2) genesis.wallet = address(1);
            if (field == 3) genesis.quorum = 1;
            if (field == 4) genesis.membersHash = "other";
            if (field == 5) genesis.deposit += 1;
            if (field == 6) genesis.carried += 1;
            if (field == 7) (genesis.note, genesis.deposit) = (0, 0);
            vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
            anchors.anchor(genesis, certificate);
        }
    }

    /// @dev The same signatures on a chain with another id, or for another contract, are worth nothing.
    function test_refusesACertificateOfAnotherChainId() public {
        pay(address(this), CHAIN, STORAGE_RENT);
        Genesis memory genesis = someGenesis(CHAIN);
        Certificate memory certificate = certifyGenesis(genesis);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        anchors.anchor(genesis, certificate);
    }

    function test_anchorsAHistory() public {
        pay(address(this), CHAIN, STORAGE_RENT);
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.quorum = 4;
        Certificate memory certificate = certifyGenesis(genesis);
        vm.expectEmit(address(anchors));
        emit IChainAnchor.ChainAnchored(CHAIN, 1, ROOT_GROUP, genesis);
        vm.prank(makeAddr("anyone"));
        anchors.anchor(genesis, certificate);

        Anchor memory stored = anchors.anchorOf(CHAIN);
        assertEq(stored.genesisHash, genesis.genesisHash);
        assertEq(stored.membersHash, genesis.membersHash);
        assertEq(stored.wallet, boundWallet);
        assertEq(uint8(stored.class), uint8(ChainClass.Storage));
        assertEq(uint8(stored.visibility), uint8(Visibility.Public));
        assertEq(stored.quorum, 4);
        assertEq(stored.series, 1);
        assertEq(stored.home, ROOT_GROUP);
        assertEq(stored.paidThrough, block.timestamp + 1 days);
        assertEq(anchors.homeOf(CHAIN), ROOT_GROUP);
    }

    function test_anchorsAnAssetThatIsNoNote() public {
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.class = ChainClass.Asset;
        anchorIt(genesis);
        assertEq(anchors.homeOf(CHAIN), ROOT_GROUP);
    }

    function test_opensANote() public {
        Genesis memory genesis = noteGenesis(7);
        genesis.carried = 3;
        vm.expectCall(all.cash, abi.encodeCall(ICash.open, (7, 1, 100e6, 3, ROOT_GROUP)));
        anchorIt(genesis);
    }

    function test_opensTheNextSeries() public {
        anchorIt(noteGenesis(1));
        Genesis memory genesis = noteGenesis(1);
        changeTo(genesis.chain, new uint256[](1));
        genesis.series = 2;
        genesis.genesisHash = "second";
        genesis.wallet = address(2);
        (genesis.deposit, genesis.carried) = (40e6, 60e6);
        vm.expectCall(all.cash, abi.encodeCall(ICash.open, (1, 2, 40e6, 60e6, ROOT_GROUP)));
        anchorIt(genesis);
        Anchor memory stored = anchors.anchorOf(genesis.chain);
        assertEq(stored.series, 2);
        assertEq(stored.genesisHash, "second");
        assertEq(stored.wallet, address(2));
        assertEq(stored.groupChanges, 0);
        assertEq(stored.groupHeight, 0);
    }

    function refuse(Genesis memory genesis, bytes memory reason) private {
        Certificate memory certificate = certifyGenesis(genesis);
        vm.expectRevert(reason);
        anchors.anchor(genesis, certificate);
    }
}
