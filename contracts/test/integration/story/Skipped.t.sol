// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICash, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {ICashOrders} from "../../../src/interfaces/ICashOrders.sol";
import {Genesis} from "../../../src/interfaces/IChainAnchor.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {DrawState, OrderStatus} from "../orders/OrdersBase.sol";
import {StoryBase} from "./StoryBase.sol";

/// @dev Orders whose issuers or archive nodes do not do their part.
contract SkippedStory is StoryBase {
    uint256 internal id;
    uint256 internal before;

    function setUp() public override {
        super.setUp();
        newIssuers(4, 500 ether);
        before = usd6.balanceOf(buyer);
        id = orderNew(100 * DOLLAR);
    }

    function test_secondIssuerMintsWhenTheFirstIsSilent() public {
        seedFor(id);
        uint256 first = orders.drawOf(id).node;
        skip(1 hours);
        uint256 next = orders.drawOf(id).node;
        assertNotEq(next, first);
        address late = registry.walletOf(first);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.NotIssuer.selector, id, next, late));
        mintAs(late, id);
        assertEq(mintDrawn(id), next);
        openNote(id);
        assertEq(cash.note(id).issuerNode, next);
        checkSums();
    }

    function test_threeSilentIssuersAndTheBuyerHasItsMoneyBack() public {
        seedFor(id);
        uint256 third;
        for (uint256 i = 0; i < 3; ++i) {
            third = orders.drawOf(id).node;
            vm.expectRevert();
            orders.refund(id);
            skip(1 hours);
        }
        assertState(id, DrawState.Lapsed);
        address late = registry.walletOf(third);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.DrawStateWrong.selector, id, DrawState.Lapsed));
        mintAs(late, id);
        checkSums();
        vm.prank(stranger);
        orders.refund(id);
        assertEq(usd6.balanceOf(buyer), before);
        assertEq(token.totalBurned(), 0);
        checkSums();
    }

    function test_archiveGroupThatMakesNoSeed() public {
        skip(24 hours);
        vm.expectRevert();
        orders.refund(id);
        skip(1);
        orders.refund(id);
        assertEq(usd6.balanceOf(buyer), before);
        // A seed that comes later changes nothing.
        seedFor(id);
        assertState(id, DrawState.Closed);
        checkSums();
    }

    function test_genesisThatNeverComes() public {
        seedFor(id);
        uint256 node = mintDrawn(id);
        Genesis memory genesis = genesisOf(id);
        checkSums();
        assertEq(cash.ownerOf(id), account);
        skip(24 hours);
        vm.expectRevert();
        orders.cancel(id);
        skip(1);
        orders.cancel(id);
        assertStatus(id, OrderStatus.Refunded);
        assertEq(usd6.balanceOf(buyer), before);
        assertEq(token.totalBurned(), 0);
        // The burn goes to the issuer's owner, not back to its free CoNET.
        assertEq(orders.free(node), 300 ether);
        assertEq(uint256(cash.note(id).status), uint256(NoteStatus.None));
        Certificate memory late = certifyGenesis(genesis);
        vm.expectRevert(abi.encodeWithSelector(ICash.NoSeriesPending.selector, id));
        anchors.anchor(genesis, late);
        checkSums();
    }

    /// @dev Open after the window: the genesis counts as long as nobody has cancelled.
    function test_genesisThatComesLate() public {
        seedFor(id);
        mintDrawn(id);
        skip(25 hours);
        openNote(id);
        vm.expectRevert();
        orders.cancel(id);
        checkSums();
    }
}
