// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Cash} from "../../src/cash/Cash.sol";
import {ForcedExits} from "../../src/cash/ForcedExits.sol";
import {Exit} from "../../src/interfaces/ICash.sol";
import {Header, Leaf, LeafKind, Voucher} from "../../src/interfaces/IForcedExits.sol";
import {Mainchain} from "../Mainchain.sol";
import {ECDSA} from "solady/utils/ECDSA.sol";
import {MerkleProofLib} from "solady/utils/MerkleProofLib.sol";

/// @dev The contracts agree with `test/vectors/cash.json`.
contract CashVectorsTest is Mainchain {
    string internal vectors = vm.readFile("test/vectors/cash.json");

    /// @dev Puts the contracts at the addresses that the vectors name.
    function setUp() public override {
        super.setUp();
        vm.chainId(number(".chainId"));
        all.cash = vm.parseJsonAddress(vectors, ".cash");
        all.forcedExits = vm.parseJsonAddress(vectors, ".forcedExits");
        cash = Cash(all.cash);
        forcedExits = ForcedExits(all.forcedExits);
        deployCodeTo("Cash.sol:Cash", abi.encode(all), all.cash);
        deployCodeTo("ForcedExits.sol:ForcedExits", abi.encode(all), all.forcedExits);
    }

    function test_exits() public view {
        for (uint256 i = 0; has("exits", i); ++i) {
            string memory path = item("exits", i);
            Exit memory exit_ = Exit({
                note: number(path, ".note"),
                series: uint32(number(path, ".series")),
                id: uint64(number(path, ".id")),
                recipient: account(path, ".recipient"),
                amount: uint64(number(path, ".amount")),
                relayer: account(path, ".relayer"),
                relayerFee: uint64(number(path, ".relayerFee")),
                height: uint64(number(path, ".height")),
                blockHash: word(path, ".blockHash")
            });
            assertEq(
                cash.exitDigest(exit_, uint32(number(path, ".group")), uint64(number(path, ".epoch"))),
                word(path, ".digest")
            );
        }
    }

    function test_memberFees() public view {
        for (uint256 i = 0; has("memberFees", i); ++i) {
            string memory path = item("memberFees", i);
            uint256[] memory wide = vm.parseJsonUintArray(vectors, string.concat(path, ".amounts"));
            uint64[] memory amounts = new uint64[](wide.length);
            for (uint256 k = 0; k < wide.length; ++k) {
                amounts[k] = uint64(wide[k]);
            }
            address coin = account(path, ".stablecoin");
            uint64 period = uint64(number(path, ".period"));
            uint256[] memory notes = vm.parseJsonUintArray(vectors, string.concat(path, ".notes"));
            assertEq(
                cash.memberFeesDigest(notes, amounts, coin, word(path, ".root"), period, 1, 1),
                word(path, ".digest")
            );
            assertEq(cash.memberFeesSalt(coin, period, 1), word(path, ".salt"));
        }
    }

    function test_headers() public view {
        for (uint256 i = 0; has("headers", i); ++i) {
            string memory path = item("headers", i);
            Header memory header = Header({
                note: number(path, ".note"),
                series: uint32(number(path, ".series")),
                height: uint64(number(path, ".height")),
                blockHash: word(path, ".blockHash"),
                leavesRoot: word(path, ".leavesRoot")
            });
            assertEq(
                forcedExits.headerDigest(
                    header, uint32(number(path, ".group")), uint64(number(path, ".epoch"))
                ),
                word(path, ".digest")
            );
        }
    }

    function test_vouchers() public view {
        for (uint256 i = 0; has("vouchers", i); ++i) {
            string memory path = item("vouchers", i);
            Voucher memory voucher = Voucher({
                genesisHash: word(path, ".genesisHash"),
                series: uint32(number(path, ".series")),
                authorization: word(path, ".authorization"),
                total: uint64(number(path, ".total"))
            });
            bytes32 digest = forcedExits.voucherDigest(voucher);
            assertEq(digest, word(path, ".digest"));
            assertEq(
                keccak256(abi.encode(voucher.genesisHash, voucher.series, voucher.authorization)),
                word(path, ".lockId")
            );
            bytes memory signature = vm.parseJsonBytes(vectors, string.concat(path, ".signature"));
            assertEq(ECDSA.tryRecover(digest, signature), account(path, ".payer"));
        }
    }

    function test_consents() public view {
        for (uint256 i = 0; has("consents", i); ++i) {
            string memory path = item("consents", i);
            bytes32 digest = forcedExits.consentDigest(
                number(path, ".note"), uint32(number(path, ".series")), number(path, ".deadline")
            );
            assertEq(digest, word(path, ".digest"));
            bytes memory signature = vm.parseJsonBytes(vectors, string.concat(path, ".signature"));
            assertEq(ECDSA.tryRecover(digest, signature), account(path, ".holder"));
        }
    }

    function test_leavesAndRoots() public view {
        uint256 count;
        while (has("leaves", count)) ++count;
        for (uint256 length = 1; length <= count; ++length) {
            Leaf[] memory leaves = new Leaf[](length);
            for (uint256 i = 0; i < length; ++i) {
                leaves[i] = leafAt(i);
            }
            assertEq(
                forcedExits.rootOf(leaves),
                vm.parseJsonBytes32(vectors, string.concat(".roots[", vm.toString(length - 1), "]"))
            );
        }
        bytes32 root = vm.parseJsonBytes32(vectors, string.concat(".roots[", vm.toString(count - 1), "]"));
        for (uint256 i = 0; i < count; ++i) {
            string memory path = item("leaves", i);
            bytes32[] memory proof = vm.parseJsonBytes32Array(vectors, string.concat(path, ".proof"));
            assertTrue(MerkleProofLib.verify(proof, root, word(path, ".hash")));
        }
    }

    function test_chainOf() public view {
        for (uint256 i = 0; has("chainOf", i); ++i) {
            string memory path = item("chainOf", i);
            assertEq(cash.chainOf(number(path, ".note")), word(path, ".chain"));
        }
    }

    // --- reading ---

    function leafAt(uint256 i) private view returns (Leaf memory) {
        string memory path = item("leaves", i);
        return Leaf({
            kind: LeafKind(number(path, ".kind")),
            account: account(path, ".account"),
            payee: account(path, ".payee"),
            lockId: word(path, ".lockId"),
            withdrawal: uint64(number(path, ".withdrawal")),
            amount: uint64(number(path, ".amount")),
            claimed: uint64(number(path, ".claimed"))
        });
    }

    function item(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(i), "]");
    }

    function has(string memory list, uint256 i) private view returns (bool) {
        return vm.keyExistsJson(vectors, item(list, i));
    }

    function number(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(vectors, path);
    }

    function number(string memory path, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(vectors, string.concat(path, field));
    }

    function account(string memory path, string memory field) private view returns (address) {
        return vm.parseJsonAddress(vectors, string.concat(path, field));
    }

    function word(string memory path, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(vectors, string.concat(path, field));
    }
}
