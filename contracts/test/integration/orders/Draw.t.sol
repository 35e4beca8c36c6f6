// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Draw, DrawState, OrdersBase} from "./OrdersBase.sol";

/// @dev Who is drawn, and who can have a say in it: nobody who knows the seed.
contract DrawTest is OrdersBase {
    uint256[] internal nodes;

    /// @dev Nodes from 1000 CoNET up to 4000, and an order.
    function scene() internal returns (uint256 id) {
        for (uint256 i = 0; i < 4; ++i) {
            nodes.push(newIssuer((i + 1) * 1000 ether));
        }
        step();
        id = orderNew(DOLLAR);
    }

    function drawnAt(uint256 id, uint256 attempt) internal returns (uint256 node) {
        uint256 snapshot = vm.snapshotState();
        skip(attempt * 1 hours);
        node = orders.drawOf(id).node;
        vm.revertToState(snapshot);
    }

    /// @dev After the order's block, deposits, withdrawals and new issuers change nothing: not who is first, not who
    ///      follows.
    /// forge-config: default.fuzz.runs = 24
    function testFuzz_laterMovesHaveNoInfluence(bytes32 seed, uint256[6] memory moves) public {
        vm.assume(seed != 0);
        uint256 id = scene();
        postSeed(seed);
        uint256[3] memory before = [drawnAt(id, 0), drawnAt(id, 1), drawnAt(id, 2)];

        for (uint256 i = 0; i < moves.length; ++i) {
            uint256 node = nodes[moves[i] % 4];
            if (moves[i] % 3 == 0) withdrawFree(node, orders.free(node));
            else if (moves[i] % 3 == 1) depositFree(node, (moves[i] >> 8) % 1_000_000 ether + 1);
            else newIssuer(1_000_000 ether);
            step();
        }

        for (uint256 k = 0; k < 3; ++k) {
            assertEq(drawnAt(id, k), before[k]);
        }
    }

    /// @dev In the order's own block nobody knows the seed: what counts is its end, so that to deposit for the time of
    ///      a transaction is worth nothing.
    function test_endOfTheOrdersBlockCounts() public {
        uint256 id = scene();
        uint256 whale = newIssuer(10_000_000 ether);
        withdrawFree(whale, 10_000_000 ether);
        postSeed("seed");
        for (uint256 k = 0; k < 3; ++k) {
            assertNotEq(drawnAt(id, k), whale);
        }
        assertEq(orders.totalWeightAt(orders.orderOf(id).placedIn), 10_000e5);
    }

    /// @dev Orders with the same seed have draws of their own.
    function test_ordersDifferUnderOneSeed() public {
        scene();
        for (uint256 i = 0; i < 20; ++i) {
            orderNew(DOLLAR);
        }
        postSeed("seed");
        bool differ;
        for (uint256 id = 2; id <= 21; ++id) {
            if (orders.drawOf(id).node != orders.drawOf(1).node) differ = true;
        }
        assertTrue(differ);
    }

    /// @dev Only the first seed after the order counts, however many follow.
    function test_laterSeedsDoNotCount() public {
        uint256 id = scene();
        postSeed("first");
        Draw memory first = orders.drawOf(id);
        for (uint256 i = 0; i < 10; ++i) {
            postSeed(keccak256(abi.encode(i)));
        }
        Draw memory last = orders.drawOf(id);
        assertEq(first.node, last.node);
        assertEq(first.until, last.until);
    }

    /// @dev With fewer issuers than attempts nobody is drawn twice: the order lapses.
    function test_fewIssuers() public {
        uint256 only = newIssuer(1000 ether);
        uint256 id = orderNew(DOLLAR);
        postSeed("seed");
        assertEq(orders.drawOf(id).node, only);
        skip(1 hours);
        assertState(id, DrawState.Lapsed);
        assertEq(orders.drawOf(id).node, 0);
    }

    /// @dev The order keeps to the seeds of the group that it was given to when it splits: those posted before it, and
    ///      after it those of its heir.
    function test_splitDoesNotMoveADraw() public {
        uint256 id = scene();
        postSeed("seed");
        Draw memory before = orders.drawOf(id);
        uint256[] memory members = groups.members(GROUP);
        uint256[] memory more = new uint256[](20);
        for (uint256 i = 0; i < 20; ++i) {
            more[i] = i < members.length ? members[i] : newArchiveNode(2);
            if (i >= members.length) join(more[i]);
        }
        step();
        step();
        seedNow(GROUP, "another");
        split(GROUP, more);
        assertEq(keccak256(abi.encode(orders.drawOf(id))), keccak256(abi.encode(before)));
        mintAs(archiveOwner, id);
    }

    /// @dev Chi-square of 1000 orders under one seed against the weights: 7 degrees of freedom, 24.3 is exceeded once
    ///      in a thousand. The seed is fixed, so this never flakes.
    function test_drawsFollowTheWeights() public {
        bytes32 seed = keccak256("draws of orders");
        emit log_named_bytes32("seed", seed);
        uint256[8] memory weights = [uint256(2), 3, 5, 8, 13, 17, 21, 31];
        uint256[8] memory counts;
        uint256 first;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 node = newIssuer(weights[i] * 100 ether);
            if (i == 0) first = node;
        }
        uint256 count = 1000;
        for (uint256 i = 0; i < count; ++i) {
            orderNew(DOLLAR);
        }
        postSeed(seed);
        for (uint256 id = 1; id <= count; ++id) {
            ++counts[orders.drawOf(id).node - first];
        }
        uint256 chi;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 expected = count * weights[i] / 100;
            uint256 off = counts[i] > expected ? counts[i] - expected : expected - counts[i];
            chi += off * off * 1000 / expected;
        }
        emit log_named_decimal_uint("chi-square", chi, 3);
        assertLt(chi, 24_300);
    }

    /// @dev The draw written out plainly: hash, remainder, and the intervals of the issuers by place.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_drawIsReproducible(bytes32 seed) public {
        vm.assume(seed != 0);
        uint256 id = scene();
        postSeed(seed);
        bytes32 value = keccak256(abi.encode(seed, address(orders), id));
        uint256[4] memory weights = [uint256(1000e5), 2000e5, 3000e5, 4000e5];
        uint256 total = 10_000e5;
        for (uint256 k = 0; k < 3; ++k) {
            uint256 point = uint256(keccak256(abi.encode(value, k))) % total;
            uint256 i = 0;
            while (point >= weights[i]) {
                point -= weights[i++];
            }
            assertEq(orders.drawOf(id).node, nodes[i]);
            total -= weights[i];
            weights[i] = 0;
            skip(1 hours);
        }
    }

    function test_drawOfNothing() public view {
        Draw memory none = orders.drawOf(1);
        assertEq(uint256(none.state), uint256(DrawState.Closed));
        assertEq(none.node, 0);
    }
}
