// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetGovernor} from "../../../src/governance/ConetGovernor.sol";
import {ICash} from "../../../src/interfaces/ICash.sol";
import {ICashOrders} from "../../../src/interfaces/ICashOrders.sol";
import {VotingSettings} from "../../../src/interfaces/IConetGovernor.sol";
import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {StoryBase} from "./StoryBase.sol";

/// @dev Votes, the guardian and the price, as notes feel them.
contract GovernanceStory is StoryBase {
    ConetGovernor internal governor;
    address internal voter = makeAddr("voter");
    uint256 internal note;

    function setUp() public override {
        super.setUp();
        deploy("Timelock", abi.encode(all, uint256(2 days)));
        VotingSettings memory settings = VotingSettings(1 days, 5 days, 2 days, 100_000e18, 4);
        governor = ConetGovernor(payable(deploy("ConetGovernor", abi.encode(all, settings))));
        assertTrue(token.transfer(voter, 30_000_000 ether));
        vm.prank(voter);
        token.delegate(voter);
        newIssuers(3, 5000 ether);
        note = newNote(100 * DOLLAR);
    }

    /// @dev A proposal's whole way: proposed, voted, queued, executed.
    function enact(address[] memory targets, bytes[] memory calls) internal {
        skip(1);
        vm.prank(voter);
        uint256 id = governor.propose(targets, new uint256[](targets.length), calls, "because");
        skip(1 days + 1);
        vm.prank(voter);
        governor.castVote(id, 1);
        skip(5 days);
        governor.queue(id);
        skip(2 days);
        governor.execute(id);
    }

    function enact(bytes memory call_) internal {
        address[] memory targets = new address[](1);
        bytes[] memory calls = new bytes[](1);
        (targets[0], calls[0]) = (all.parameters, call_);
        enact(targets, calls);
    }

    function test_voteChangesTheExitFeeOfNewNotesAlone() public {
        Stablecoin listed = new Stablecoin("EUR", 8);
        address[] memory targets = new address[](2);
        bytes[] memory calls = new bytes[](2);
        (targets[0], targets[1]) = (all.parameters, all.parameters);
        calls[0] = abi.encodeCall(IParameters.setExitFeeRate, (500));
        calls[1] = abi.encodeCall(IParameters.approveStablecoin, (address(listed)));
        enact(targets, calls);

        withdraw(note, 0, alice, 10 * DOLLAR);
        assertEq(usd6.balanceOf(alice), 9_980_000, "0.2% as when it was opened");

        listed.mint(buyer, 50e8);
        vm.startPrank(buyer);
        listed.approve(address(orders), 50e8);
        uint256 id = orders.order(address(listed), 50 * DOLLAR, account, 0);
        vm.stopPrank();
        seedFor(id);
        mintDrawn(id);
        openNote(id);
        withdraw(id, 0, alice, 10 * DOLLAR);
        assertEq(listed.balanceOf(alice), 995_000_000, "0.5%");
        assertEq(listed.balanceOf(address(cash)), 40e8 + 5_000_000);
        checkSums();
    }

    function test_guardianStopsMintingAndNothingElse() public {
        uint256 drawn = orderNew(20 * DOLLAR);
        seedFor(drawn);
        uint256 minted = orderNew(20 * DOLLAR);
        seedFor(minted);
        mintDrawn(minted);
        vm.prank(guardian);
        parameters.pauseMinting();

        vm.expectRevert(ICashOrders.MintingPaused.selector);
        vm.prank(buyer);
        orders.order(address(usd6), DOLLAR, account, 0);
        address issuer = registry.walletOf(orders.drawOf(drawn).node);
        vm.expectRevert(ICash.MintingPaused.selector);
        mintAs(issuer, drawn);
        // What was paid for opens, and exits go on.
        openNote(minted);
        withdraw(minted, 0, alice, 20 * DOLLAR);
        withdraw(note, 0, alice, DOLLAR);
        cash.reissue(note);
        checkSums();

        skip(3 hours);
        orders.refund(drawn);
        enact(abi.encodeCall(IParameters.unpauseMinting, ()));
        newNote(20 * DOLLAR);
        checkSums();
    }

    function test_priceIsStale() public {
        uint256 id = orderNew(20 * DOLLAR);
        seedFor(id);
        priceSource.setUpdatedAt(block.timestamp - 1);
        skip(40 minutes);
        (bool valid,) = priceFeed.price();
        assertTrue(valid);
        skip(21 minutes);
        (valid,) = priceFeed.price();
        assertFalse(valid);
        address issuer = registry.walletOf(orders.drawOf(id).node);
        vm.expectRevert(ICash.PriceInvalid.selector);
        mintAs(issuer, id);

        withdraw(note, 0, alice, 40 * DOLLAR);
        cash.collectFees(list(note));
        vm.expectRevert(ICash.PriceInvalid.selector);
        cash.reissue(note);
        checkSums();

        priceSource.setUpdatedAt(0);
        uint256 before = token.balanceOf(archiveOwner);
        cash.reissue(note);
        assertEq(token.balanceOf(archiveOwner) - before, 80 ether, "deferred, not lost");
        mintDrawn(id);
        openNote(id);
        checkSums();
    }

    /// @dev A doubled price halves what comes back; a halved one brings no more than the note's share of its burn.
    function test_priceMoves() public {
        withdraw(note, 0, alice, 20 * DOLLAR);
        movePrice(0.2e8);
        uint256 before = token.balanceOf(archiveOwner);
        cash.reissue(note);
        assertEq(token.balanceOf(archiveOwner) - before, 20 ether);
        withdraw(note, 1, alice, 20 * DOLLAR);
        movePrice(0.05e8);
        before = token.balanceOf(archiveOwner);
        cash.reissue(note);
        assertEq(token.balanceOf(archiveOwner) - before, 45 ether, "a quarter of the 180 outstanding");
        checkSums();
    }
}
