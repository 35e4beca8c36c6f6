// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Cash} from "../../../src/cash/Cash.sol";
import {Exit, ICash, Note, NoteStatus} from "../../../src/interfaces/ICash.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Archive} from "../../Archive.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";

/// @dev Notes, made by speaking for `CashOrders` and `ChainAnchor`, and the certificates that their holders get.
abstract contract CashBase is Archive {
    uint64 internal constant DOLLAR = 1e6;

    address internal alice = makeAddr("alice");
    address internal buyer = makeAddr("buyer");
    address internal issuer = makeAddr("issuer");
    address internal relayer = makeAddr("relayer");
    uint256 internal constant ISSUER_NODE = 77;

    // --- coming in ---

    /// @dev What `CashOrders` does: the deposit approved, the burn sent, the note paid for.
    function issue(uint256 id, Stablecoin coin, uint64 deposit, uint256 burn) internal {
        fund(coin, deposit);
        if (burn != 0) require(token.transfer(address(cash), burn));
        vm.prank(all.cashOrders);
        cash.issue(id, address(coin), deposit, buyer, ISSUER_NODE, issuer, burn);
    }

    function issue(uint256 id, Stablecoin coin, uint64 deposit) internal {
        issue(id, coin, deposit, cash.burnFor(id, deposit));
    }

    /// @dev Gives `CashOrders` a deposit, and lets `Cash` take it.
    function fund(Stablecoin coin, uint64 deposit) internal {
        uint256 units = deposit * scaleOf(coin);
        coin.mint(all.cashOrders, units);
        vm.prank(all.cashOrders);
        coin.approve(address(cash), units);
    }

    function open(uint256 id, uint32 series, uint64 deposit, uint64 carried) internal {
        uint32 home = groups.keeperOf(cash.chainOf(id), 1);
        vm.prank(all.chainAnchor);
        cash.open(id, series, deposit, carried, home);
    }

    /// @dev A live note in its first series.
    function live(uint256 id, Stablecoin coin, uint64 deposit) internal {
        issue(id, coin, deposit);
        open(id, 1, deposit, 0);
    }

    /// @dev Puts a note into the pool, as `CashPool` does.
    function pool(uint256 id) internal {
        address owner = cash.ownerOf(id);
        vm.prank(all.cashPool);
        cash.transferFrom(owner, all.cashPool, id);
    }

    /// @dev A pooled note's next series, open.
    function resell(uint256 id, Stablecoin coin, uint64 deposit) internal {
        pool(id);
        issue(id, coin, deposit);
        open(id, cash.note(id).series + 1, deposit, cash.live(id));
    }

    // --- leaving ---

    /// @dev A withdrawal of `alice`, submitted without a relayer fee.
    function exitOf(uint256 id, uint64 withdrawal, uint64 amount) internal view returns (Exit memory) {
        return Exit({
            note: id,
            series: cash.note(id).series,
            id: withdrawal,
            recipient: alice,
            amount: amount,
            relayer: address(0),
            relayerFee: 0,
            height: 10,
            blockHash: keccak256(abi.encode("block", id, withdrawal))
        });
    }

    function certify(Exit memory exit_) internal view returns (Certificate memory) {
        uint32 group = groups.keeperOf(cash.chainOf(exit_.note), 1);
        return certify(cash.exitDigest(exit_, group, groups.epochOf(group)), group);
    }

    function pay(Exit memory exit_) internal {
        Certificate memory certificate = certify(exit_);
        vm.prank(relayer);
        cash.exit(exit_, certificate);
    }

    function withdraw(uint256 id, uint64 withdrawal, uint64 amount) internal {
        pay(exitOf(id, withdrawal, amount));
    }

    function one(uint256 id) internal pure returns (uint256[] memory ids) {
        ids = new uint256[](1);
        ids[0] = id;
    }

    function scaleOf(Stablecoin coin) internal view returns (uint256) {
        return 10 ** (coin.decimals() - 6);
    }

    /// @dev What the coin's notes say that the vault holds, in micro-dollars; `ids` are all of them.
    function vaultOf(Stablecoin coin, uint256[] memory ids) internal view returns (uint256 micro) {
        for (uint256 i = 0; i < ids.length; ++i) {
            Note memory note = cash.note(ids[i]);
            if (note.stablecoin != address(coin)) continue;
            micro += cash.live(ids[i]) + cash.feesOwed(ids[i]) + cash.pendingSeries(ids[i]).deposit;
            for (uint32 series = 1; series < note.series; ++series) {
                micro += cash.closedSeries(ids[i], series).feesOwed;
            }
        }
    }

    function assertVault(Stablecoin coin, uint256[] memory ids) internal view {
        assertEq(coin.balanceOf(address(cash)), vaultOf(coin, ids) * scaleOf(coin), "vault");
    }
}
