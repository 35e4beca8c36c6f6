// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetGovernor} from "../../src/governance/ConetGovernor.sol";
import {Timelock} from "../../src/governance/Timelock.sol";
import {VotingSettings} from "../../src/interfaces/IConetGovernor.sol";
import {Allocation} from "../../src/interfaces/IConetToken.sol";
import {ConetToken} from "../../src/token/ConetToken.sol";
import {NativeConetToken} from "../../src/token/NativeConetToken.sol";
import {Contracts} from "../../src/types/Contracts.sol";
import {
    PlainErc20,
    PlainErc721,
    PlainGovernor,
    PlainVotes,
    SoladyErc20,
    SoladyErc721,
    SoladyVotes
} from "../mocks/Plain.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Ours beside the libraries' plain contracts, each call a transaction of its own with 21,000 and calldata included.
///      Written to `snapshots/Comparison.json`.
/// forge-config: default.isolate = true
contract ComparisonGasTest is Test {
    string internal constant GROUP = "Comparison";
    uint256 internal constant GENESIS = 500_000_000e18;

    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");

    ConetToken internal token;
    PlainVotes internal plainVotes;

    function setUp() public {
        vm.warp(1_800_000_000);
        Allocation[] memory genesis = new Allocation[](1);
        genesis[0] = Allocation({account: alice, amount: GENESIS});
        token = new ConetToken(genesis);
        plainVotes = new PlainVotes(alice, GENESIS);
    }

    /// @dev To an account that has some already; nobody has delegated.
    function test_transfer() public {
        uint256 ours = transfer(IERC20(address(token)), "transfer, CoNET");
        uint256 theirs =
            transfer(IERC20(address(plainVotes)), "transfer, OpenZeppelin ERC20 + Permit + Votes");
        transfer(IERC20(address(new PlainErc20(alice, GENESIS))), "transfer, OpenZeppelin ERC20");
        transfer(IERC20(address(new SoladyErc20(alice, GENESIS))), "transfer, Solady ERC20");
        transfer(IERC20(address(new SoladyVotes(alice, GENESIS))), "transfer, Solady ERC20Votes");
        assertLe(ours * 100, theirs * 105, "more than 1.05 of OpenZeppelin's");

        NativeConetToken native = new NativeConetToken();
        vm.deal(alice, GENESIS);
        vm.prank(alice);
        native.deposit{value: GENESIS}();
        vm.snapshotGasLastCall(GROUP, "deposit, CoNET native");
        ours = transfer(IERC20(address(native)), "transfer, CoNET native");
        assertLe(ours * 100, theirs * 105, "more than 1.05 of OpenZeppelin's");
    }

    /// @dev Both sides have delegated to themselves.
    function test_transferWithVotes() public {
        IVotes solady = IVotes(address(new SoladyVotes(alice, GENESIS)));
        uint256 ours = transferWithVotes(token, "transfer with votes, CoNET");
        uint256 theirs =
            transferWithVotes(plainVotes, "transfer with votes, OpenZeppelin ERC20 + Permit + Votes");
        transferWithVotes(solady, "transfer with votes, Solady ERC20Votes");
        assertLe(ours * 100, theirs * 105, "more than 1.05 of OpenZeppelin's");
    }

    function test_burn() public {
        vm.startPrank(alice);
        token.burn(1);
        later();
        token.burn(1);
        vm.snapshotGasLastCall(GROUP, "burn, CoNET");
        later();
        token.burnForReissue(10);
        later();
        token.burnForReissue(10);
        vm.snapshotGasLastCall(GROUP, "burnForReissue, CoNET");
        later();
        token.reissue(alice, 10);
        vm.snapshotGasLastCall(GROUP, "reissue, CoNET");
        plainVotes.burn(1);
        later();
        plainVotes.burn(1);
        vm.snapshotGasLastCall(GROUP, "burn, OpenZeppelin ERC20 + Permit + Votes");
    }

    function test_erc721() public {
        PlainErc721 plain = new PlainErc721();
        SoladyErc721 solady = new SoladyErc721();
        plain.mint(bob, 1);
        solady.mint(bob, 1);
        plain.mint(alice, 2);
        vm.snapshotGasLastCall(GROUP, "ERC-721 mint, OpenZeppelin");
        solady.mint(alice, 2);
        vm.snapshotGasLastCall(GROUP, "ERC-721 mint, Solady");
        plain.mint(alice, 3);
        solady.mint(alice, 3);
        vm.startPrank(alice);
        plain.transferFrom(alice, bob, 2);
        vm.snapshotGasLastCall(GROUP, "ERC-721 transfer, OpenZeppelin");
        solady.transferFrom(alice, bob, 2);
        vm.snapshotGasLastCall(GROUP, "ERC-721 transfer, Solady");
    }

    function test_vote() public {
        Contracts memory all;
        all.token = address(token);
        all.timelock = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        all.governor = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        new Timelock(all, 2 days);
        VotingSettings memory settings = VotingSettings(1 days, 5 days, 2 days, 1, 4);
        ConetGovernor governor = new ConetGovernor(all, settings);
        PlainGovernor plain = new PlainGovernor(IVotes(token), TimelockController(payable(all.timelock)));

        vm.startPrank(alice);
        token.delegate(bob);
        assertTrue(token.transfer(address(1), 100));
        vm.stopPrank();
        vm.prank(address(1));
        token.delegate(address(1));
        later();
        uint256 ours = castVote(governor, "castVote, CoNET");
        uint256 theirs = castVote(plain, "castVote, OpenZeppelin");
        assertLe(ours * 100, theirs * 105, "more than 1.05 of OpenZeppelin's");
    }

    // forge-lint: disable-next-item(erc20-unchecked-transfer)
    function transfer(IERC20 of_, string memory name) private returns (uint256) {
        vm.startPrank(alice);
        of_.transfer(bob, 1000);
        of_.transfer(bob, 1000);
        vm.stopPrank();
        return vm.snapshotGasLastCall(GROUP, name);
    }

    // forge-lint: disable-next-item(erc20-unchecked-transfer)
    function transferWithVotes(IVotes of_, string memory name) private returns (uint256) {
        vm.prank(bob);
        of_.delegate(bob);
        vm.startPrank(alice);
        of_.delegate(alice);
        IERC20(address(of_)).transfer(bob, 1000);
        later();
        IERC20(address(of_)).transfer(bob, 1000);
        vm.stopPrank();
        return vm.snapshotGasLastCall(GROUP, name);
    }

    /// @dev The libraries' votes count blocks, ours count seconds: a checkpoint of its own for each.
    function later() private {
        skip(1);
        vm.roll(block.number + 1);
    }

    /// @dev The second vote: without a quorum before or after it.
    function castVote(IGovernor governor, string memory name) private returns (uint256) {
        address[] memory targets = new address[](1);
        vm.prank(bob);
        uint256 id = governor.propose(targets, new uint256[](1), new bytes[](1), name);
        skip(1 days + 2);
        vm.prank(bob);
        governor.castVote(id, 1);
        vm.prank(address(1));
        governor.castVote(id, 1);
        return vm.snapshotGasLastCall(GROUP, name);
    }
}
