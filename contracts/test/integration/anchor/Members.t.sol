// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IStaking} from "../../../src/interfaces/IStaking.sol";
import {CREATOR, Roles, WITNESS} from "../../../src/types/Roles.sol";
import {AnchorBase, IChainAnchor} from "./AnchorBase.sol";

contract MembersTest is AnchorBase {
    bytes32 internal constant CHAIN = keccak256("chain");

    IStaking internal staking;

    /// @dev A creator and five witnesses, with stake for one seat each.
    uint256[] internal first;
    /// @dev The same creator, three of the witnesses in another order, and two new ones.
    uint256[] internal second;

    function setUp() public override {
        super.setUp();
        staking = IStaking(all.staking);
        first.push(member(CREATOR, 1));
        for (uint256 i = 0; i < 5; ++i) {
            first.push(member(WITNESS, 1));
        }
        second = [first[0], first[4], first[2], first[1], member(WITNESS, 1), member(WITNESS, 1)];
        anchorChain(CHAIN, first);
    }

    function test_refusesUnknownChains() public {
        // forge-lint: disable-next-line(unsafe-typecast)
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.UnknownChain.selector, bytes32("unknown")));
        anchors.seatMembers("unknown", first);
    }

    function test_refusesOtherLists() public {
        refuseSeats(second);
        (first[1], first[2]) = (first[2], first[1]);
        refuseSeats(first);
        first.pop();
        refuseSeats(first);
        refuseSeats(new uint256[](0));
    }

    function test_refusesLongLists() public {
        uint256[] memory many = new uint256[](33);
        changeTo(CHAIN, many);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.TooManyMembers.selector, 33, 32));
        anchors.seatMembers(CHAIN, many);
    }

    /// @dev A list that names a node twice takes no seats, so that no certificate doubles a duty.
    function test_refusesAMemberTwice() public {
        first[5] = first[0];
        changeTo(CHAIN, first);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.MemberTwice.selector, first[0]));
        anchors.seatMembers(CHAIN, first);
    }

    function test_takesSeats() public {
        vm.expectEmit(address(anchors));
        emit IChainAnchor.MembersSeated(CHAIN, listHash(first), first, 0x3f);
        vm.prank(makeAddr("anyone"));
        anchors.seatMembers(CHAIN, first);
        assertSeats(first, 1);
        assertEq(staking.seats(first[0], WITNESS), 0);
        (bytes32 membersHash, uint256 seated) = anchors.seatedOf(CHAIN);
        assertEq(membersHash, listHash(first));
        assertEq(seated, 0x3f);
    }

    function test_takesNoSeatTwice() public {
        stakeFor(first[0], CREATOR, 5);
        anchors.seatMembers(CHAIN, first);
        vm.recordLogs();
        anchors.seatMembers(CHAIN, first);
        assertEq(vm.getRecordedLogs().length, 0);
        assertSeats(first, 1);
    }

    /// @dev One bad member does not keep the stakes of the others from backing the chain.
    function test_leavesOutTheBarredAndThoseWithoutStake() public {
        barNode(first[1]);
        uint256 bonded = staking.bonded(first[3], WITNESS);
        vm.prank(archiveOwner);
        staking.unbond(first[3], WITNESS, bonded);
        anchors.seatMembers(CHAIN, first);
        (, uint256 seated) = anchors.seatedOf(CHAIN);
        assertEq(seated, 0x3f - 2 - 8);
        assertEq(staking.seats(first[1], WITNESS), 0);
        assertEq(staking.seats(first[3], WITNESS), 0);

        stakeFor(first[3], WITNESS, 1);
        anchors.seatMembers(CHAIN, first);
        (, seated) = anchors.seatedOf(CHAIN);
        assertEq(seated, 0x3f - 2);
        assertEq(staking.seats(first[3], WITNESS), 1);
        assertEq(staking.seats(first[2], WITNESS), 1, "not a second one");
    }

    /// @dev "The amount of pledge determines the number of chains it undertakes at the same time."
    function test_stakeForOneSeatBacksOneChain() public {
        anchors.seatMembers(CHAIN, first);
        anchorChain("other", first);
        anchors.seatMembers("other", first);
        (, uint256 seated) = anchors.seatedOf("other");
        assertEq(seated, 0);
        assertSeats(first, 1);
        stakeFor(first[2], WITNESS, 1);
        anchors.seatMembers("other", first);
        (, seated) = anchors.seatedOf("other");
        assertEq(seated, 4);
        assertEq(staking.seats(first[2], WITNESS), 2);
    }

    function test_refusesToReleasePresentMembers() public {
        anchors.seatMembers(CHAIN, first);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.StillMembers.selector, CHAIN, listHash(first)));
        anchors.releaseMembers(CHAIN, first);
    }

    function test_refusesToReleaseOtherLists() public {
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, second);
        vm.expectRevert(
            abi.encodeWithSelector(
                IChainAnchor.MembersDiffer.selector, CHAIN, listHash(second), listHash(first)
            )
        );
        anchors.releaseMembers(CHAIN, second);
    }

    function test_refusesToReleaseTwiceOrWhatWasNeverSeated() public {
        vm.expectRevert(
            abi.encodeWithSelector(IChainAnchor.MembersDiffer.selector, CHAIN, listHash(first), 0)
        );
        anchors.releaseMembers(CHAIN, first);
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, second);
        anchors.releaseMembers(CHAIN, first);
        vm.expectRevert(
            abi.encodeWithSelector(IChainAnchor.MembersDiffer.selector, CHAIN, listHash(first), 0)
        );
        anchors.releaseMembers(CHAIN, first);
    }

    function test_refusesNewSeatsBeforeTheOldOnesAreFree() public {
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, second);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.StillSeated.selector, CHAIN, listHash(first)));
        anchors.seatMembers(CHAIN, second);
    }

    function test_seatsMoveToTheNextMembers() public {
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, second);
        vm.expectEmit(address(anchors));
        emit IChainAnchor.MembersReleased(CHAIN, listHash(first));
        anchors.releaseMembers(CHAIN, first);
        assertSeats(first, 0);
        anchors.seatMembers(CHAIN, second);
        assertSeats(second, 1);
        assertEq(staking.seats(first[3], WITNESS), 0);
        assertEq(staking.seats(first[5], WITNESS), 0);
    }

    /// @dev Only the seats that were taken are given back.
    function test_releasesOnlyWhatWasSeated() public {
        barNode(first[1]);
        anchors.seatMembers(CHAIN, first);
        barNode(first[2]);
        changeTo(CHAIN, second);
        anchors.releaseMembers(CHAIN, first);
        assertSeats(first, 0);
    }

    /// @dev Members that come back before anybody revealed others have kept their seats.
    function test_whoComesBackKeepsItsSeat() public {
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, second);
        changeTo(CHAIN, first);
        anchors.seatMembers(CHAIN, first);
        assertSeats(first, 1);
    }

    function test_aChainAtRestHoldsNoSeats() public {
        anchors.seatMembers(CHAIN, first);
        changeTo(CHAIN, new uint256[](0));
        anchors.releaseMembers(CHAIN, first);
        assertSeats(first, 0);
        anchors.seatMembers(CHAIN, new uint256[](0));
    }

    /// @dev Whatever happens, a chain holds one seat for each bit, and the staking counts the same.
    ///      Each run changes seats often, so there are fewer.
    /// forge-config: default.fuzz.runs = 64
    function testFuzz_seatsAddUp(uint256 random) public {
        bytes32 other = "other";
        anchorChain(other, second);
        for (uint256 i = 0; i < 8; ++i) {
            stakeFor(
                i < 6 ? first[i] : second[i - 2], i == 0 ? CREATOR : WITNESS, (random >> (2 * i)) % 3 + 1
            );
        }
        for (uint256 i = 0; i < 12; ++i) {
            bytes32 chain = (random >> (32 + 3 * i)) & 1 == 0 ? CHAIN : other;
            uint256[] memory list = (random >> (33 + 3 * i)) & 1 == 0 ? first : second;
            if ((random >> (34 + 3 * i)) & 1 == 0) changeTo(chain, list);
            (bool ok,) = address(anchors).call(abi.encodeCall(anchors.releaseMembers, (chain, list)));
            (ok,) = address(anchors).call(abi.encodeCall(anchors.seatMembers, (chain, list)));
        }
        uint256 held;
        for (uint256 i = 0; i < 8; ++i) {
            held += staking.seats(i < 6 ? first[i] : second[i - 2], i == 0 ? CREATOR : WITNESS);
        }
        (, uint256 a) = anchors.seatedOf(CHAIN);
        (, uint256 b) = anchors.seatedOf(other);
        uint256 counted;
        for (uint256 i = 0; i < 6; ++i) {
            counted += ((a >> i) & 1) + ((b >> i) & 1);
        }
        assertEq(held, counted);
    }

    function member(Roles role, uint256 stakes) private returns (uint256 node) {
        node = newNode(CREATOR | WITNESS);
        stakeFor(node, role, stakes);
    }

    function assertSeats(uint256[] memory list, uint256 expected) private view {
        for (uint256 i = 0; i < list.length; ++i) {
            assertEq(staking.seats(list[i], anchors.roleOf(i)), expected);
        }
    }

    function refuseSeats(uint256[] memory list) private {
        bytes32 expected = anchors.anchorOf(CHAIN).membersHash;
        vm.expectRevert(
            abi.encodeWithSelector(IChainAnchor.MembersDiffer.selector, CHAIN, listHash(list), expected)
        );
        anchors.seatMembers(CHAIN, list);
    }
}
