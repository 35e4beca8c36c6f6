// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ForcedExits} from "../../../src/cash/ForcedExits.sol";
import {
    Consent,
    Header,
    IForcedExits,
    Leaf,
    LeafKind,
    Settlement,
    Voucher
} from "../../../src/interfaces/IForcedExits.sol";
import {Certificate} from "../../../src/types/Certificate.sol";
import {Merkle} from "../../Merkle.sol";
import {CashBase} from "../cash/CashBase.sol";

/// @dev Note 1: 100 dollars, of which 10 left at height 10. At height 20 its last block is final, with these leaves:
///      0 Alice's account, 50 dollars and a half micro-dollar; 1 a lock of Peter for Bob, 20 dollars, of which Bob has
///      claimed 3 of his 23; 2 a pending withdrawal of Carol, 15 dollars; 3 a fee account, a half micro-dollar.
abstract contract ForcedBase is CashBase {
    uint64 internal constant PICO = 1e6;

    address internal bob = makeAddr("bob");
    address internal carol = makeAddr("carol");
    address internal watcher = makeAddr("watcher");
    address internal peter;
    uint256 internal peterKey;

    Voucher internal terms = Voucher("genesis", 1, "authorization", 0);
    Leaf[] internal leaves;

    function setUp() public virtual override {
        super.setUp();
        (peter, peterKey) = makeAddrAndKey("peter");
        live(1, usd6, 100 * DOLLAR);
        withdraw(1, 0, 10 * DOLLAR);
        leaves.push(account(alice, 50 * DOLLAR * PICO + PICO / 2));
        leaves.push(lock(20 * DOLLAR * PICO, 3 * DOLLAR));
        leaves.push(withdrawal(carol, 1, 15 * DOLLAR));
        leaves.push(account(watcher, PICO / 2));
        approveBond(alice);
        approveBond(watcher);
    }

    function approveBond(address who) internal {
        usd6.mint(who, 5 * DOLLAR);
        vm.prank(who);
        usd6.approve(address(forcedExits), type(uint256).max);
    }

    // --- leaves ---

    function account(address whose, uint64 pico) internal pure returns (Leaf memory leaf) {
        leaf.account = whose;
        leaf.amount = pico;
    }

    function lock(uint64 pico, uint64 claimed) internal view returns (Leaf memory leaf) {
        leaf.kind = LeafKind.Lock;
        (leaf.account, leaf.payee) = (peter, bob);
        leaf.lockId = keccak256(abi.encode(terms.genesisHash, terms.series, terms.authorization));
        (leaf.amount, leaf.claimed) = (pico, claimed);
    }

    function withdrawal(address whose, uint64 id, uint64 micro) internal pure returns (Leaf memory leaf) {
        leaf.kind = LeafKind.Withdrawal;
        (leaf.account, leaf.withdrawal, leaf.amount) = (whose, id, micro * PICO);
    }

    function hashes(Leaf[] memory list) internal pure returns (bytes32[] memory nodes) {
        nodes = new bytes32[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Leaf memory leaf = list[i];
            bytes memory words = abi.encode(
                i,
                leaf.kind,
                leaf.account,
                leaf.payee,
                leaf.lockId,
                leaf.withdrawal,
                leaf.amount,
                leaf.claimed
            );
            nodes[i] = keccak256(bytes.concat(keccak256(words)));
        }
    }

    function proof(uint256 index) internal view returns (bytes32[] memory) {
        return Merkle.proof(hashes(leaves), index);
    }

    // --- headers ---

    function headerAt(uint64 height, Leaf[] memory list) internal pure returns (Header memory) {
        return Header({
            note: 1,
            series: 1,
            height: height,
            blockHash: keccak256(abi.encode(height)),
            leavesRoot: Merkle.root(hashes(list))
        });
    }

    function certify(Header memory header) internal view returns (Certificate memory) {
        return certify(forcedExits.headerDigest(header, 1, groups.epochOf(1)), 1);
    }

    function open(address by, Header memory header, Leaf[] memory list) internal {
        Certificate memory certificate = certify(header);
        vm.prank(by);
        forcedExits.open(header, certificate, list);
    }

    function replace(address by, Header memory header, Leaf[] memory list) internal {
        Certificate memory certificate = certify(header);
        vm.prank(by);
        forcedExits.replace(header, certificate, list);
    }

    /// @dev Alice opens with the last block.
    function open() internal {
        open(alice, headerAt(20, leaves), leaves);
    }

    function passChallenge() internal {
        vm.warp(block.timestamp + 7 days);
    }

    // --- vouchers ---

    function voucher(uint64 total) internal view returns (Voucher memory shown, bytes memory signature) {
        shown = terms;
        shown.total = total;
        signature = sign(peterKey, shown);
    }

    function sign(uint256 key, Voucher memory shown) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, forcedExits.voucherDigest(shown));
        return abi.encodePacked(r, s, v);
    }

    function show(uint64 total) internal {
        (Voucher memory shown, bytes memory signature) = voucher(total);
        forcedExits.showVoucher(1, 1, leaves[1], proof(1), shown, signature);
    }

    function claim(uint256 index) internal {
        forcedExits.claim(1, index, leaves[index], proof(index));
    }
}
