// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Exit, Note, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {Genesis, IChainAnchor} from "../../../src/interfaces/IChainAnchor.sol";
import {Header, Leaf, LeafKind, Voucher} from "../../../src/interfaces/IForcedExits.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {ChainClass, Visibility} from "../../../src/types/Chains.sol";
import {ROLE_COUNT, Roles} from "../../../src/types/Roles.sol";
import {Merkle} from "../../Merkle.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {DrawState, OrderRecord, OrderStatus, OrdersBase} from "../orders/OrdersBase.sol";

/// @dev Everything as deployed, and nobody speaks for a contract: what a contract is to do, its real caller makes it
///      do. Archive nodes, issuers, buyers and holders sign with keys of their own.
abstract contract StoryBase is OrdersBase {
    uint64 internal constant PICO = 1e6;
    uint256 internal constant SUPPLY = 500_000_000 ether;

    IChainAnchor internal anchors;
    INodeRegistry internal registry;

    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal peter;
    uint256 internal peterKey;

    function setUp() public virtual override {
        super.setUp();
        anchors = IChainAnchor(all.chainAnchor);
        registry = INodeRegistry(all.nodeRegistry);
        (peter, peterKey) = makeAddrAndKey("peter");
    }

    // --- notes come in ---

    function keeperOf(uint256 note) internal view returns (uint32) {
        return groups.groupOf(cash.chainOf(note));
    }

    /// @dev The node drawn for an order mints, by its wallet.
    function mintDrawn(uint256 id) internal returns (uint256 node) {
        node = orders.drawOf(id).node;
        mintAs(registry.walletOf(node), id);
    }

    /// @dev The seed that an order waits for.
    function seedFor(uint256 id) internal {
        step();
        step();
        seedNow(orders.orderOf(id).group, keccak256(abi.encode("seed", id, block.number)));
    }

    function genesisOf(uint256 note) internal view returns (Genesis memory genesis) {
        genesis.chain = cash.chainOf(note);
        genesis.note = note;
        genesis.series = cash.note(note).series + 1;
        genesis.genesisHash = keccak256(abi.encode("genesis", note, genesis.series));
        genesis.class = ChainClass.Asset;
        genesis.visibility = Visibility.Members;
        genesis.wallet = cash.pendingSeries(note).account;
        genesis.membersHash = keccak256(abi.encode(new uint256[](0)));
        genesis.deposit = cash.pendingSeries(note).deposit;
        genesis.carried = cash.live(note);
    }

    function certifyGenesis(Genesis memory genesis) internal view returns (Certificate memory) {
        uint32 group = groups.groupOf(genesis.chain);
        return certify(anchors.genesisDigest(genesis, group, groups.epochOf(group)), group);
    }

    function openNote(uint256 note) internal {
        Genesis memory genesis = genesisOf(note);
        anchors.anchor(genesis, certifyGenesis(genesis));
    }

    /// @dev From the order to the open chain.
    function newNote(uint64 amount) internal returns (uint256 note) {
        note = orderNew(amount);
        seedFor(note);
        mintDrawn(note);
        openNote(note);
    }

    /// @dev Step by step, as the feed lets it.
    function movePrice(int256 to) internal {
        priceSource.set(to);
        (bool valid,) = priceFeed.price();
        while (!valid) {
            skip(5 hours);
            priceFeed.update();
            (valid,) = priceFeed.price();
        }
    }

    // --- money goes out ---

    function exitOf(uint256 note, uint64 id, address recipient, uint64 amount)
        internal
        view
        returns (Exit memory exit_)
    {
        exit_.note = note;
        exit_.series = cash.note(note).series;
        exit_.id = id;
        exit_.recipient = recipient;
        exit_.amount = amount;
        exit_.height = 10 + id;
        exit_.blockHash = keccak256(abi.encode("block", note, id));
    }

    function certifyExit(Exit memory exit_, uint32 group) internal view returns (Certificate memory) {
        return certify(cash.exitDigest(exit_, group, groups.epochOf(group)), group);
    }

    function pay(Exit memory exit_) internal {
        Certificate memory certificate = certifyExit(exit_, keeperOf(exit_.note));
        vm.prank(relayer);
        cash.exit(exit_, certificate);
    }

    /// @dev What is expected of `pay`, certified before so that only the payment itself can fail.
    function payRefused(Exit memory exit_, bytes memory problem) internal {
        Certificate memory certificate = certifyExit(exit_, keeperOf(exit_.note));
        vm.expectRevert(problem);
        cash.exit(exit_, certificate);
    }

    function withdraw(uint256 note, uint64 id, address recipient, uint64 amount) internal {
        pay(exitOf(note, id, recipient, amount));
    }

    function list(uint256 item) internal pure returns (uint256[] memory items) {
        items = new uint256[](1);
        items[0] = item;
    }

    // --- forced exits ---

    function balanceLeaf(address whose, uint64 pico) internal pure returns (Leaf memory leaf) {
        (leaf.account, leaf.amount) = (whose, pico);
    }

    function headerOf(uint256 note, uint64 height, Leaf[] memory leaves)
        internal
        view
        returns (Header memory)
    {
        return Header({
            note: note,
            series: cash.note(note).series,
            height: height,
            blockHash: keccak256(abi.encode("block", note, height)),
            leavesRoot: forcedExits.rootOf(leaves)
        });
    }

    function certifyHeader(Header memory header, uint32 group) internal view returns (Certificate memory) {
        return certify(forcedExits.headerDigest(header, group, groups.epochOf(group)), group);
    }

    function forceExit(address by, uint256 note, uint64 height, Leaf[] memory leaves) internal {
        Header memory header = headerOf(note, height, leaves);
        Certificate memory certificate = certifyHeader(header, keeperOf(note));
        approveBond(by, note);
        vm.prank(by);
        forcedExits.open(header, certificate, leaves);
    }

    function approveBond(address who, uint256 note) internal {
        Stablecoin coin = Stablecoin(cash.note(note).stablecoin);
        uint256 bond = forcedExits.BOND() * cash.scaleOf(note);
        coin.mint(who, bond);
        vm.prank(who);
        coin.approve(address(forcedExits), bond);
    }

    function proofOf(Leaf[] memory leaves, uint256 index) internal pure returns (bytes32[] memory) {
        bytes32[] memory nodes = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            nodes[i] = keccak256(bytes.concat(keccak256(abi.encode(i, leaves[i]))));
        }
        return Merkle.proof(nodes, index);
    }

    function claimLeaf(uint256 note, Leaf[] memory leaves, uint256 index) internal {
        forcedExits.claim(note, index, leaves[index], proofOf(leaves, index));
    }

    // --- what must hold at every step ---

    function checkSums() internal view {
        assertEq(token.totalSupply() + token.totalBurned(), SUPPLY, "supply");
        assertCoin(usd6);
        assertCoin(usd18);
        assertEq(token.balanceOf(address(orders)), freeConet(), "free CoNET");
        assertEq(token.balanceOf(all.staking), stakes(), "stakes");
        assertEq(token.balanceOf(address(cash)), 0, "Cash keeps no CoNET");
        assertEq(token.reissuable(address(cash)), burnOutstanding(), "burn outstanding");
    }

    function assertCoin(Stablecoin coin) internal view {
        uint256 scale = 10 ** (coin.decimals() - 6);
        uint256 vault;
        uint256 waiting;
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            OrderRecord memory order_ = orders.orderOf(id);
            bool here = order_.status == OrderStatus.Pending || order_.status == OrderStatus.Cancelled;
            if (here && order_.stablecoin == address(coin)) waiting += order_.amount;
            // A note has the id of its first order.
            Note memory note = cash.note(id);
            if (note.status == NoteStatus.None || note.stablecoin != address(coin)) continue;
            vault += cash.live(id) + cash.feesOwed(id) + cash.pendingSeries(id).deposit;
            for (uint32 series = 1; series < note.series; ++series) {
                vault += cash.closedSeries(id, series).feesOwed;
            }
        }
        assertEq(coin.balanceOf(address(cash)), vault * scale, "vault");
        assertEq(coin.balanceOf(address(orders)), waiting * scale, "waiting deposits");
    }

    /// @dev All that was burned for notes and can come back.
    function burnOutstanding() internal view returns (uint256 sum) {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            Note memory note = cash.note(id);
            if (note.status == NoteStatus.None) continue;
            sum += note.burnOutstanding + cash.pendingSeries(id).burn;
            for (uint32 series = 1; series < note.series; ++series) {
                sum += cash.closedSeries(id, series).burnOutstanding;
            }
        }
    }

    function freeConet() internal view returns (uint256 sum) {
        for (uint256 node = 1; node <= registry.nodeCount(); ++node) {
            sum += orders.free(node);
        }
    }

    function stakes() internal view returns (uint256 sum) {
        IStaking staking_ = IStaking(all.staking);
        for (uint256 node = 1; node <= registry.nodeCount(); ++node) {
            for (uint256 i = 0; i < ROLE_COUNT; ++i) {
                // forge-lint: disable-next-line(unsafe-typecast, incorrect-shift)
                Roles role = Roles.wrap(uint16(1 << i));
                sum += staking_.bonded(node, role) + staking_.unbonding(node, role);
            }
        }
    }
}
