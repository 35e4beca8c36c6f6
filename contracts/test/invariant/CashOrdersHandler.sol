// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Draw,
    DrawState,
    NoteStatus,
    Order,
    OrderRecord,
    OrderStatus,
    OrdersBase,
    Permit
} from "../integration/orders/OrdersBase.sol";

/// @dev Does to orders, issuers and the pool what anybody may do, in any order, on a main chain of its own, and
///      remembers what must hold after. A call that makes no sense now does nothing; one that is made must succeed.
contract CashOrdersHandler is OrdersBase {
    enum Want {
        Any,
        Drawn,
        Lapsed,
        Unopened,
        Live
    }

    uint256 internal constant ISSUERS = 5;

    uint256[] public nodes;

    /// @dev The free CoNET that each issuer should have.
    mapping(uint256 node => uint256) public expectedFree;

    /// @dev Who was drawn, by order and attempt: it never changes.
    mapping(uint256 id => mapping(uint256 attempt => uint256 node)) public drawn;

    /// @dev What the buyer paid, and got back, in micro-dollars by coin.
    mapping(address coin => uint256 micro) public paid;
    mapping(address coin => uint256 micro) public refunded;
    mapping(address coin => uint256 micro) public feesPaid;

    /// @dev What runs came to, so that the log shows whether they were worth it.
    mapping(string what => uint256 times) public done;

    string public violation;

    constructor() {
        setUp();
        for (uint256 i = 0; i < ISSUERS; ++i) {
            nodes.push(newIssuer(0));
            if (i < 2) deposit(i, 500 ether);
        }
        // Two notes in the pool to begin with.
        for (uint256 i = 0; i < 2; ++i) {
            orderAndMint(50 * DOLLAR, i == 1, i);
            openOne(i);
            leaveAndTake(i, 40 * DOLLAR + 1);
        }
    }

    // --- issuers ---

    function deposit(uint256 which, uint256 amount) public {
        uint256 node = nodes[which % ISSUERS];
        if (!orders.isFit(node)) return;
        amount = bound(amount, 0, 1000 ether);
        depositFree(node, amount);
        expectedFree[node] += amount;
    }

    function withdraw(uint256 which, uint256 amount) external {
        uint256 node = nodes[which % ISSUERS];
        amount = bound(amount, 0, expectedFree[node]);
        withdrawFree(node, amount);
        expectedFree[node] -= amount;
    }

    function barOrSync(uint256 which, uint256 action) external {
        // Seldom, and never the first two: else a run soon has nobody left.
        uint256 node = nodes[2 + which % (ISSUERS - 2)];
        if (action % 8 == 0) barNode(node);
        orders.sync(node);
        if (!orders.isFit(node) && orders.weightOf(node) != 0) violation = "the unfit kept its weight";
    }

    // --- orders ---

    function order(uint256 amount, bool coin18, bool signed) external {
        if (orders.totalWeightAt(block.number) == 0) return;
        place(uint64(bound(amount, DOLLAR, 100 * DOLLAR)), 0, address(coin18 ? usd18 : usd6), signed);
    }

    function orderPooled(uint256 which, uint256 amount, bool signed) external {
        address coin = which % 2 == 0 ? address(usd6) : address(usd18);
        uint256 count = pool.noteCount(coin);
        if (count == 0 || orders.totalWeightAt(block.number) == 0) return;
        uint256 note = pool.notes(coin, (which >> 1) % count, 1)[0].note;
        uint64 room = pool.notes(coin, (which >> 1) % count, 1)[0].room;
        if (room < DOLLAR) return;
        place(uint64(bound(amount, DOLLAR, room)), note, coin, signed);
    }

    /// @dev An order as it mostly goes.
    function orderAndMint(uint256 amount, bool coin18, uint256 value) public {
        if (orders.totalWeightAt(block.number) == 0) return;
        place(uint64(bound(amount, DOLLAR, 100 * DOLLAR)), 0, address(coin18 ? usd18 : usd6), false);
        postSeed(keccak256(abi.encode(value)));
        look();
        mint(orders.orderCount() - 1);
    }

    function seed(uint256 value) external {
        postSeed(keccak256(abi.encode(value)));
        look();
    }

    function mint(uint256 which) public {
        uint256 id = pick(which, Want.Drawn);
        if (id == 0) return;
        Draw memory draw = orders.drawOf(id);
        if (!orders.isFit(draw.node)) return;
        uint256 note = orders.orderOf(id).note;
        uint256 burn = cash.burnFor(note, orders.orderOf(id).amount);
        if (burn > expectedFree[draw.node]) return;
        mintAs(archiveOwner, id);
        expectedFree[draw.node] -= burn;
        ++done[cash.note(note).series == 0 ? "minted" : "minted from the pool"];
    }

    function refund(uint256 which) external {
        uint256 id = pick(which, Want.Lapsed);
        if (id == 0) return;
        orders.refund(id);
        ++done["refunded"];
        gotBack(id);
    }

    function cancel(uint256 which) external {
        uint256 id = pick(which, Want.Unopened);
        if (id == 0) return;
        OrderRecord memory record = orders.orderOf(id);
        if (block.timestamp <= record.mintedAt + 24 hours) return;
        orders.cancel(id);
        ++done["cancelled"];
        gotBack(id);
    }

    // --- notes ---

    function openOne(uint256 which) public {
        uint256 id = pick(which, Want.Unopened);
        if (id == 0) return;
        open(orders.orderOf(id).note);
        ++done["opened"];
    }

    function leaveAndTake(uint256 which, uint256 amount) public {
        uint256 id = pick(which, Want.Live);
        if (id == 0) return;
        uint256 note = orders.orderOf(id).note;
        uint64 live = cash.live(note);
        // Mostly the larger half, so that the note can be taken.
        takeOut(note, uint64(bound(amount, amount % 4 == 0 ? 1 : (live + 1) / 2, live)));
        live = cash.live(note);
        if (live > cash.note(note).opened / 2 || cash.note(note).face - live < DOLLAR) return;
        if (cash.ownerOf(note) == address(pool)) return;
        pool.take(note);
        ++done["taken"];
    }

    /// @dev Somebody who owns nothing tries everything. None of it may succeed.
    function intrude(uint256 which, uint256 action) external {
        uint256 id = pick(which, Want.Any);
        if (id == 0) return;
        uint256 node = nodes[which % ISSUERS];
        OrderRecord memory record = orders.orderOf(id);
        bytes memory data;
        if (action % 4 == 0) data = abi.encodeCall(orders.withdraw, (node, 0));
        else if (action % 4 == 1) data = abi.encodeCall(orders.mint, (id));
        else if (action % 4 == 2) data = abi.encodeCall(orders.deposit, (node, 0));
        else if (record.status == OrderStatus.Refunded) data = abi.encodeCall(orders.refund, (id));
        else return;
        vm.prank(stranger);
        (bool ok,) = address(orders).call(data);
        if (ok) violation = "a stranger got through";
    }

    function wait(uint256 time) external {
        skip(time % 4 == 0 ? time % 26 hours + 1 : time % 40 minutes + 1);
        vm.roll(block.number + 1);
        look();
    }

    // --- looks ---

    /// @dev Looks at every draw, so that a change of mind is noticed.
    function look() public {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            Draw memory draw = orders.drawOf(id);
            if (draw.state != DrawState.Drawn) continue;
            uint256 before = drawn[id][draw.attempt];
            if (before != 0 && before != draw.node) violation = "a draw changed";
            drawn[id][draw.attempt] = draw.node;
            for (uint256 k = 0; k < draw.attempt; ++k) {
                if (drawn[id][k] == draw.node) violation = "a node was drawn twice";
            }
        }
    }

    /// @dev Micro-dollars of a coin in orders that wait.
    function waiting(address coin) external view returns (uint256 micro) {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            OrderRecord memory record = orders.orderOf(id);
            if (record.stablecoin != coin) continue;
            if (record.status == OrderStatus.Pending || record.status == OrderStatus.Cancelled) {
                micro += record.amount;
            }
        }
    }

    /// @dev Orders that hold a note's room: pending, or minted and not open.
    function holdersOf(uint256 note) external view returns (uint256 count) {
        for (uint256 id = 1; id <= orders.orderCount(); ++id) {
            OrderRecord memory record = orders.orderOf(id);
            if (record.note != note) continue;
            if (record.status == OrderStatus.Pending) ++count;
            if (record.status == OrderStatus.Minted && orders.lastOrderFor(note) == id) {
                if (cash.pendingSeries(note).deposit != 0) ++count;
            }
        }
    }

    function parts()
        external
        view
        returns (address orders_, address pool_, address cash_, address token_, address usd6_, address usd18_)
    {
        return (address(orders), address(pool), address(cash), address(token), address(usd6), address(usd18));
    }

    function buyerAndRelayer() external view returns (address, address) {
        return (buyer, relayer);
    }

    function place(uint64 amount, uint256 note, address coin, bool signed) private {
        uint256 id;
        if (signed) {
            Order memory order_ = someOrder(amount);
            order_.stablecoin = coin;
            order_.note = note;
            bytes memory signature = signOrder(buyerKey, order_);
            Permit memory none;
            vm.prank(relayer);
            id = orders.orderWithPermit(order_, signature, none);
            feesPaid[coin] += order_.relayerFee;
        } else {
            vm.prank(buyer);
            id = orders.order(coin, amount, account, note);
        }
        paid[coin] += amount;
        if (id != orders.orderCount()) violation = "an id was skipped";
    }

    function gotBack(uint256 id) private {
        OrderRecord memory record = orders.orderOf(id);
        refunded[record.stablecoin] += record.amount;
        if (record.status != OrderStatus.Refunded) violation = "a refund left its order as it was";
    }

    /// @dev One of the orders that are as wanted, or 0.
    function pick(uint256 which, Want want) private view returns (uint256) {
        uint256 count = orders.orderCount();
        for (uint256 i = 0; i < count; ++i) {
            uint256 id = 1 + (which % count + i) % count;
            if (want == Want.Any || isAs(id, want)) return id;
        }
        return 0;
    }

    function isAs(uint256 id, Want want) private view returns (bool) {
        if (want == Want.Drawn) return orders.drawOf(id).state == DrawState.Drawn;
        if (want == Want.Lapsed) return orders.drawOf(id).state == DrawState.Lapsed;
        uint256 note = orders.orderOf(id).note;
        if (want == Want.Live) return cash.note(note).status == NoteStatus.Live && cash.live(note) != 0;
        return orders.orderOf(id).status == OrderStatus.Minted && orders.lastOrderFor(note) == id
            && cash.pendingSeries(note).deposit != 0;
    }
}
