// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ChainAnchor} from "../../../src/archive/ChainAnchor.sol";
import {ROOT_GROUP} from "../../../src/interfaces/IArchiveGroups.sol";
import {ICash} from "../../../src/interfaces/ICash.sol";
import {Anchor, Genesis, GroupChange, IChainAnchor} from "../../../src/interfaces/IChainAnchor.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ChainClass, Visibility} from "../../../src/types/Chains.sol";
import {Archive} from "../../Archive.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";

/// @dev Chains, notes and stablecoins to anchor and to pay with.
abstract contract AnchorBase is Archive {
    uint64 internal constant STORAGE_RENT = 1000;
    uint64 internal constant ASSET_RENT = 10;

    ChainAnchor internal anchors;

    Stablecoin internal coin;

    address internal boundWallet;
    uint256 internal boundKey;

    function setUp() public virtual override {
        super.setUp();
        anchors = ChainAnchor(all.chainAnchor);
        coin = usd6;
        (boundWallet, boundKey) = makeAddrAndKey("bound wallet");
        setRent(ChainClass.Storage, STORAGE_RENT);
        setRent(ChainClass.Asset, ASSET_RENT);
    }

    function setRent(ChainClass class, uint64 perDay) internal {
        vm.prank(all.timelock);
        parameters.setRentPerDay(class, perDay);
    }

    /// @dev `payer` gets the money and pays.
    function pay(address payer, bytes32 chain, uint64 microDollars) internal {
        coin.mint(payer, microDollars);
        vm.startPrank(payer);
        coin.approve(address(anchors), microDollars);
        anchors.payRent(chain, address(coin), microDollars);
        vm.stopPrank();
    }

    function listHash(uint256[] memory members) internal pure returns (bytes32) {
        return keccak256(abi.encode(members));
    }

    /// @dev A public history without money.
    function someGenesis(bytes32 chain) internal view returns (Genesis memory genesis) {
        genesis.chain = chain;
        genesis.series = 1;
        genesis.genesisHash = keccak256(abi.encode("genesis", chain));
        genesis.class = ChainClass.Storage;
        genesis.visibility = Visibility.Public;
        genesis.wallet = boundWallet;
        genesis.membersHash = listHash(new uint256[](0));
    }

    /// @dev The first series of a note.
    function noteGenesis(uint256 note) internal returns (Genesis memory genesis) {
        bytes32 chain = keccak256(abi.encode(block.chainid, all.cash, note));
        vm.mockCall(all.cash, abi.encodeCall(ICash.chainOf, (note)), abi.encode(chain));
        vm.mockCall(all.cash, abi.encodePacked(ICash.open.selector), "");
        genesis = someGenesis(chain);
        genesis.note = note;
        genesis.class = ChainClass.Asset;
        genesis.visibility = Visibility.Members;
        genesis.deposit = 100e6;
    }

    function certifyGenesis(Genesis memory genesis) internal view returns (Certificate memory) {
        uint32 group = groups.groupOf(genesis.chain);
        return certify(anchors.genesisDigest(genesis, group, groups.epochOf(group)), group);
    }

    function anchorIt(Genesis memory genesis) internal {
        anchors.anchor(genesis, certifyGenesis(genesis));
    }

    /// @dev A storage chain with a day of rent, and these members.
    function anchorChain(bytes32 chain, uint256[] memory members) internal {
        pay(address(this), chain, STORAGE_RENT);
        Genesis memory genesis = someGenesis(chain);
        genesis.membersHash = listHash(members);
        anchorIt(genesis);
    }

    function certifyChange(GroupChange memory change) internal view returns (Certificate memory) {
        uint32 group = groups.groupOf(change.chain);
        return certify(anchors.groupChangeDigest(change, group, groups.epochOf(group)), group);
    }

    /// @dev The chain's next change.
    function nextChange(bytes32 chain, uint256[] memory members) internal view returns (GroupChange memory) {
        Anchor memory stored = anchors.anchorOf(chain);
        return GroupChange({
            chain: chain,
            series: stored.series,
            change: stored.groupChanges + 1,
            height: stored.groupHeight + 1,
            membersHash: listHash(members)
        });
    }

    function changeTo(bytes32 chain, uint256[] memory members) internal {
        GroupChange memory change = nextChange(chain, members);
        anchors.changeGroup(change, certifyChange(change));
    }
}
