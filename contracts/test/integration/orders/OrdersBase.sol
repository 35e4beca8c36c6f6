// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CashOrders} from "../../../src/cash/CashOrders.sol";
import {CashPool} from "../../../src/cash/CashPool.sol";
import {Exit, Note, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {
    Draw,
    DrawState,
    ICashOrders,
    Order,
    OrderRecord,
    OrderStatus,
    Quote
} from "../../../src/interfaces/ICashOrders.sol";
import {ICashPool, PooledNote} from "../../../src/interfaces/ICashPool.sol";
import {Genesis, IChainAnchor} from "../../../src/interfaces/IChainAnchor.sol";
import {IIssuers, Issuer} from "../../../src/interfaces/IIssuers.sol";
import {INodeRegistry} from "../../../src/interfaces/INodeRegistry.sol";
import {ChainClass, Visibility} from "../../../src/types/Chains.sol";
import {Permit} from "../../../src/types/Permit.sol";
import {CREATOR, VALIDATOR} from "../../../src/types/Roles.sol";
import {Archive} from "../../Archive.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";

/// @dev Orders, notes and pool as they are deployed, an archive group that posts seeds, a buyer with money, and issuers
///      when a test makes some.
abstract contract OrdersBase is Archive {
    uint64 internal constant DOLLAR = 1e6;
    uint32 internal constant GROUP = 1;

    CashOrders internal orders;
    CashPool internal pool;

    address internal buyer;
    uint256 internal buyerKey;
    address internal account = makeAddr("account");
    address internal relayer = makeAddr("relayer");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual override {
        super.setUp();
        orders = CashOrders(all.cashOrders);
        pool = CashPool(all.cashPool);
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        fund(buyer, 10_000);
        vm.startPrank(buyer);
        usd6.approve(address(orders), type(uint256).max);
        usd18.approve(address(orders), type(uint256).max);
        vm.stopPrank();
        vm.prank(archiveOwner);
        token.approve(address(orders), type(uint256).max);
    }

    function fund(address who, uint256 dollars) internal {
        usd6.mint(who, dollars * 1e6);
        usd18.mint(who, dollars * 1e18);
    }

    // --- issuers ---

    /// @dev A node of `archiveOwner` with stake for 10 notes and `free` CoNET.
    function newIssuer(uint256 free) internal returns (uint256 node) {
        node = newNode(CREATOR | VALIDATOR);
        stakeFor(node, CREATOR, 10);
        if (free != 0) depositFree(node, free);
    }

    function newIssuers(uint256 count, uint256 free) internal returns (uint256[] memory nodes) {
        nodes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            nodes[i] = newIssuer(free);
        }
    }

    function depositFree(uint256 node, uint256 amount) internal {
        token.transfer(archiveOwner, amount);
        vm.prank(archiveOwner);
        orders.deposit(node, amount);
    }

    function withdrawFree(uint256 node, uint256 amount) internal {
        vm.prank(archiveOwner);
        orders.withdraw(node, amount);
    }

    // --- orders ---

    /// @dev The buyer orders a new note in `usd6`.
    function orderNew(uint64 amount) internal returns (uint256 id) {
        vm.prank(buyer);
        id = orders.order(address(usd6), amount, account, 0);
    }

    /// @dev A block passes and the group posts a seed made after it.
    function postSeed(bytes32 value) internal {
        step();
        step();
        seedNow(GROUP, value);
    }

    function mintAs(address who, uint256 id) internal {
        vm.prank(who);
        orders.mint(id);
    }

    /// @dev An order whose drawn issuer minted.
    function mintedOrder(uint64 amount) internal returns (uint256 id) {
        id = orderNew(amount);
        postSeed(keccak256(abi.encode("seed", id)));
        mintAs(archiveOwner, id);
    }

    /// @dev The pending series of a note opens: its archive group certifies a genesis.
    function open(uint256 note) internal {
        Genesis memory genesis;
        genesis.chain = cash.chainOf(note);
        genesis.note = note;
        genesis.series = cash.note(note).series + 1;
        genesis.genesisHash = keccak256(abi.encode("genesis", note, genesis.series));
        genesis.class = ChainClass.Asset;
        genesis.visibility = Visibility.Members;
        genesis.wallet = account;
        genesis.membersHash = keccak256(abi.encode(new uint256[](0)));
        genesis.deposit = cash.pendingSeries(note).deposit;
        genesis.carried = cash.live(note);
        IChainAnchor anchors = IChainAnchor(all.chainAnchor);
        bytes32 digest = anchors.genesisDigest(genesis, GROUP, groups.epochOf(GROUP));
        anchors.anchor(genesis, certify(digest, GROUP));
    }

    /// @dev A live note with `amount` in it.
    function liveNote(uint64 amount) internal returns (uint256 note) {
        note = orders.orderOf(mintedOrder(amount)).note;
        open(note);
    }

    /// @dev Money leaves a note, as its archive group certifies.
    function takeOut(uint256 note, uint64 amount) internal {
        Exit memory exit_;
        exit_.note = note;
        exit_.series = cash.note(note).series;
        exit_.id = uint64(uint256(keccak256(abi.encode(note, amount, cash.live(note)))));
        exit_.recipient = account;
        exit_.amount = amount;
        exit_.height = cash.note(note).height + 1;
        exit_.blockHash = "block";
        cash.exit(exit_, certify(cash.exitDigest(exit_, GROUP, groups.epochOf(GROUP)), GROUP));
    }

    /// @dev A note that its holders left but for `rest`, in the pool.
    function pooledNote(uint64 amount, uint64 rest) internal returns (uint256 note) {
        note = liveNote(amount);
        takeOut(note, amount - rest);
        pool.take(note);
    }

    // --- signatures ---

    function someOrder(uint64 amount) internal view returns (Order memory) {
        return Order({
            buyer: buyer,
            stablecoin: address(usd6),
            amount: amount,
            relayerFee: 10_000,
            account: account,
            note: 0,
            nonce: orders.nonces(buyer),
            deadline: block.timestamp + 10 minutes
        });
    }

    function signOrder(uint256 key, Order memory order_) internal view returns (bytes memory) {
        return sign(key, orders.orderDigest(order_));
    }

    /// @dev The buyer's permit for `value` of `coin`, for the orders.
    function signPermit(uint256 key, Stablecoin coin, uint256 value)
        internal
        view
        returns (Permit memory permit)
    {
        return signPermit(key, address(coin), value);
    }

    function signPermit(uint256 key, address coin, uint256 value)
        internal
        view
        returns (Permit memory permit)
    {
        permit.value = value;
        permit.deadline = block.timestamp + 10 minutes;
        bytes32 hash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                vm.addr(key),
                address(orders),
                value,
                Stablecoin(coin).nonces(vm.addr(key)),
                permit.deadline
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", Stablecoin(coin).DOMAIN_SEPARATOR(), hash));
        (permit.v, permit.r, permit.s) = vm.sign(key, digest);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // --- what must hold ---

    function assertStatus(uint256 id, OrderStatus status) internal view {
        assertEq(uint256(orders.orderOf(id).status), uint256(status), "order status");
    }

    function assertState(uint256 id, DrawState state) internal view {
        assertEq(uint256(orders.drawOf(id).state), uint256(state), "draw state");
    }
}
