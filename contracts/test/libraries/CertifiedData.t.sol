// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArchiveGroups} from "../../src/archive/ArchiveGroups.sol";
import {ChainAnchor} from "../../src/archive/ChainAnchor.sol";
import {IArchiveGroups} from "../../src/interfaces/IArchiveGroups.sol";
import {Genesis, GroupChange} from "../../src/interfaces/IChainAnchor.sol";
import {Seats} from "../../src/libraries/Seats.sol";
import {Certificate} from "../../src/types/Certificate.sol";
import {ChainClass, Visibility} from "../../src/types/Chains.sol";
import {Contracts} from "../../src/types/Contracts.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The contracts agree with `test/vectors/archive.json`, and its certificates hold.
contract CertifiedDataTest is Test {
    string internal vectors = vm.readFile("test/vectors/archive.json");

    ArchiveGroups internal groups;
    ChainAnchor internal anchors;

    /// @dev Puts the contracts path the addresses that the vectors name.
    function setUp() public {
        vm.chainId(vm.parseJsonUint(vectors, ".chainId"));
        groups = ArchiveGroups(vm.parseJsonAddress(vectors, ".archiveGroups"));
        anchors = ChainAnchor(vm.parseJsonAddress(vectors, ".chainAnchor"));
        Contracts memory all;
        deployCodeTo("ArchiveGroups.sol:ArchiveGroups", abi.encode(all, 10, address(this)), address(groups));
        deployCodeTo("ChainAnchor.sol:ChainAnchor", abi.encode(all), address(anchors));
    }

    function test_handover() public {
        uint256[] memory nodes = vm.parseJsonUintArray(vectors, ".handover.message.nodes");
        agree(".handover", groups.handoverDigest(nodes, word(".handover", "stateHash"), 1, 1));
    }

    function test_split() public {
        uint256[] memory nodes = vm.parseJsonUintArray(vectors, ".split.message.nodes");
        uint64 index = uint64(number(".split", "seedIndex"));
        agree(".split", groups.splitDigest(nodes, index, word(".split", "stateHash"), 1, 1));
    }

    function test_seed() public {
        uint64 index = uint64(number(".seed", "index"));
        uint64 afterBlock = uint64(number(".seed", "afterBlock"));
        agree(".seed", groups.seedDigest(index, word(".seed", "value"), afterBlock, 1, 1));
    }

    function test_genesis() public {
        string memory path = ".genesis";
        Genesis memory genesis = Genesis({
            chain: word(path, "chain"),
            note: number(path, "note"),
            series: uint32(number(path, "series")),
            genesisHash: word(path, "genesisHash"),
            class: ChainClass(number(path, "class")),
            visibility: Visibility(number(path, "visibility")),
            wallet: wallet(path, "wallet"),
            quorum: uint8(number(path, "quorum")),
            membersHash: word(path, "membersHash"),
            deposit: uint64(number(path, "deposit")),
            carried: uint64(number(path, "carried"))
        });
        agree(path, anchors.genesisDigest(genesis, 1, 1));
    }

    function test_groupChange() public {
        string memory path = ".groupChange";
        GroupChange memory change = GroupChange({
            chain: word(path, "chain"),
            series: uint32(number(path, "series")),
            change: uint64(number(path, "change")),
            height: uint64(number(path, "height")),
            membersHash: word(path, "membersHash")
        });
        agree(path, anchors.groupChangeDigest(change, 1, 1));
    }

    /// @dev Wallet and nonce are those that the anchor has: slot by slot, as nothing else writes them.
    function test_walletChange() public {
        string memory path = ".walletChange";
        bytes32 chain = word(path, "chain");
        (bytes32[] memory walletSlot, bytes32[] memory nonceSlot) = slotsOf(chain);
        vm.store(address(anchors), walletSlot[2], bytes32(uint256(uint160(wallet(path, "wallet")))));
        vm.store(address(anchors), nonceSlot[0], bytes32(number(path, "nonce")));
        assertEq(anchors.anchorOf(chain).wallet, wallet(path, "wallet"));
        bytes32 digest = anchors.walletChangeDigest(chain, wallet(path, "next"), number(path, "deadline"));
        assertEq(digest, vm.parseJsonBytes32(vectors, ".walletChange.digest"));
        bytes memory signature = vm.parseJsonBytes(vectors, ".walletChange.signature");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(vm.parseJsonUint(vectors, ".privateKeys[0]"), digest);
        assertEq(abi.encodePacked(r, s, v), signature);
    }

    /// @dev Called by itself: certificates are read from calldata.
    function check(address pointer, bytes32 digest, Certificate calldata certificate) external view {
        Seats.check(pointer, 4, digest, certificate.seats, certificate.signatures);
    }

    /// @dev The digest is the vector's, follows from its struct hash, and the vector's certificate signs it.
    function agree(string memory path, bytes32 digest) private {
        string memory separator =
            isAnchor(path) ? ".domainSeparators.chainAnchor" : ".domainSeparators.archiveGroups";
        bytes32 structHash = vm.parseJsonBytes32(vectors, string.concat(path, ".structHash"));
        assertEq(
            digest,
            keccak256(abi.encodePacked(hex"1901", vm.parseJsonBytes32(vectors, separator), structHash))
        );
        assertEq(digest, vm.parseJsonBytes32(vectors, string.concat(path, ".digest")));
        Certificate memory certificate =
            abi.decode(vm.parseJsonBytes(vectors, string.concat(path, ".certificate")), (Certificate));
        assertEq(certificate.group, 1);
        assertEq(certificate.epoch, 1);
        assertEq(certificate.seats, vm.parseJsonUint(vectors, ".seats"));
        assertEq(certificate.signatures, vm.parseJsonBytes(vectors, string.concat(path, ".signatures")));
        address[] memory signers = vm.parseJsonAddressArray(vectors, ".signers");
        uint256[] memory keys = vm.parseJsonUintArray(vectors, ".privateKeys");
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(vm.addr(keys[i]), signers[i]);
        }
        address pointer = Seats.write(new uint256[](4), signers);
        this.check(pointer, digest, certificate);
        vm.expectRevert(abi.encodeWithSelector(IArchiveGroups.SignatureInvalid.selector, 0));
        this.check(pointer, keccak256("other"), certificate);
    }

    function isAnchor(string memory path) private pure returns (bool) {
        bytes32 hash = keccak256(bytes(path));
        return hash == keccak256(".genesis") || hash == keccak256(".groupChange");
    }

    /// @dev The slots that reading the chain's anchor, and its nonce, touches.
    function slotsOf(bytes32 chain) private returns (bytes32[] memory anchor, bytes32[] memory nonce) {
        vm.record();
        anchors.anchorOf(chain);
        (anchor,) = vm.accesses(address(anchors));
        vm.record();
        anchors.nonceOf(chain);
        (nonce,) = vm.accesses(address(anchors));
    }

    function word(string memory path, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(vectors, string.concat(path, ".message.", field));
    }

    function number(string memory path, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(vectors, string.concat(path, ".message.", field));
    }

    function wallet(string memory path, string memory field) private view returns (address) {
        return vm.parseJsonAddress(vectors, string.concat(path, ".message.", field));
    }
}
