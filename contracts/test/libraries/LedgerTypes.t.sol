// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Offence, Overturn, Restitution, SignedVote, Verdict} from "../../src/interfaces/ISlasher.sol";
import {LedgerTypes} from "../../src/libraries/LedgerTypes.sol";
import {Slasher} from "../../src/staking/Slasher.sol";
import {ARCHIVE, CREATOR, Roles, VALIDATOR, WITNESS} from "../../src/types/Roles.sol";
import {Vote} from "../../src/types/Vote.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Test} from "forge-std/Test.sol";

/// @dev `LedgerTypes` and `Slasher` agree with `test/vectors/ledger.json`.
contract LedgerTypesTest is Test {
    string internal vectors = vm.readFile("test/vectors/ledger.json");
    Slasher internal slasher;

    /// @dev Puts the slasher at the address that the vectors name.
    function setUp() public {
        vm.chainId(vm.parseJsonUint(vectors, ".domain.chainId"));
        slasher = Slasher(vm.parseJsonAddress(vectors, ".domain.verifyingContract"));
        deployCodeTo("Slasher.sol:Slasher", new bytes(32 * 14), address(slasher));
    }

    function test_domain() public view {
        (, string memory name, string memory version, uint256 chainId, address verifier,,) =
            slasher.eip712Domain();
        assertEq(name, vm.parseJsonString(vectors, ".domain.name"));
        assertEq(version, vm.parseJsonString(vectors, ".domain.version"));
        assertEq(chainId, block.chainid);
        assertEq(verifier, address(slasher));
    }

    function test_votes() public view {
        for (uint256 i = 0; i < 3; ++i) {
            string memory path = item(".votes", i);
            Vote memory vote = readVote(path);
            assertEq(LedgerTypes.hash(vote), read32(path, ".structHash"));
            check(path, ".wallet", slasher.voteDigest(vote));
        }
        (Vote memory a, Vote memory b) = (readVote(item(".votes", 0)), readVote(item(".votes", 1)));
        assertTrue(a.conflicts(b));
        assertFalse(a.conflicts(a));
    }

    function test_batches() public view {
        string memory path = ".batches[0]";
        bytes32 root = read32(path, ".root");
        assertEq(LedgerTypes.hashVotes(root), read32(path, ".structHash"));
        check(path, ".wallet", slasher.votesDigest(root));
        for (uint256 i = 0; i < 3; ++i) {
            string memory leaf = item(".batches[0].votes", i);
            bytes32 structHash = LedgerTypes.hash(readVote(leaf));
            assertEq(structHash, read32(leaf, ".structHash"));
            bytes32[] memory proof = vm.parseJsonBytes32Array(vectors, string.concat(leaf, ".proof"));
            assertEq(MerkleProof.processProof(proof, structHash), root);
        }
        assertTrue(readVote(item(".batches[0].votes", 1)).conflicts(readVote(item(".votes", 0))));
    }

    function test_verdicts() public view {
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = item(".verdicts", i);
            Verdict memory verdict = Verdict({
                node: readUint(path, ".node"),
                role: Roles.wrap(uint16(readUint(path, ".role"))),
                amount: readUint(path, ".amount"),
                chain: read32(path, ".chain"),
                height: uint64(readUint(path, ".height")),
                kind: Offence(readUint(path, ".kind")),
                reporter: vm.parseJsonAddress(vectors, string.concat(path, ".reporter")),
                evidence: read32(path, ".evidence")
            });
            (uint32 group, uint64 epoch) = readSeat(path);
            assertEq(LedgerTypes.hash(verdict, group, epoch), read32(path, ".structHash"));
            check(path, ".signer", slasher.verdictDigest(verdict, group, epoch));
        }
    }

    function test_overturns() public view {
        string memory path = ".overturns[0]";
        Overturn memory finding = Overturn({caseId: readUint(path, ".caseId")});
        (uint32 group, uint64 epoch) = readSeat(path);
        assertEq(LedgerTypes.hash(finding, group, epoch), read32(path, ".structHash"));
        check(path, ".signer", slasher.overturnDigest(finding, group, epoch));
    }

    function test_restitutions() public view {
        string memory path = ".restitutions[0]";
        Restitution memory restitution = Restitution({
            caseId: readUint(path, ".caseId"), root: read32(path, ".root"), total: readUint(path, ".total")
        });
        (uint32 group, uint64 epoch) = readSeat(path);
        assertEq(LedgerTypes.hash(restitution, group, epoch), read32(path, ".structHash"));
        check(path, ".signer", slasher.restitutionDigest(restitution, group, epoch));
    }

    function testFuzz_aPhaseNamesItsRole(uint8 phase) public pure {
        Vote memory vote;
        vote.phase = phase;
        Roles[4] memory roles = [ARCHIVE, WITNESS, VALIDATOR, CREATOR];
        uint256 bit = phase >> 4;
        Roles expected = bit < 2 || bit > 5 ? Roles.wrap(0) : roles[bit - 2];
        assertTrue(vote.role() == expected);
    }

    function check(string memory path, string memory who, bytes32 digest) private view {
        assertEq(digest, read32(path, ".digest"));
        uint256 key = readUint(path, ".privateKey");
        assertEq(vm.addr(key), vm.parseJsonAddress(vectors, string.concat(path, who)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes memory signature = vm.parseJsonBytes(vectors, string.concat(path, ".signature"));
        assertEq(abi.encodePacked(r, s, v), signature);
    }

    function readVote(string memory path) private view returns (Vote memory) {
        return Vote({
            chain: read32(path, ".chain"),
            height: uint64(readUint(path, ".height")),
            view_: uint64(readUint(path, ".view")),
            epoch: uint64(readUint(path, ".epoch")),
            phase: uint8(readUint(path, ".phase")),
            block_: read32(path, ".block")
        });
    }

    function readSeat(string memory path) private view returns (uint32 group, uint64 epoch) {
        return (uint32(readUint(path, ".group")), uint64(readUint(path, ".epoch")));
    }

    function item(string memory list, uint256 i) private pure returns (string memory) {
        return string.concat(list, "[", vm.toString(i), "]");
    }

    function read32(string memory path, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(vectors, string.concat(path, field));
    }

    function readUint(string memory path, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(vectors, string.concat(path, field));
    }
}
