// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Dapp, DappsBase, IDappRegistry, IWalletSigned, Version} from "./DappsBase.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

/// @dev What a developer does: registers, publishes, prices, retires. And how all that is read.
contract PublishTest is DappsBase {
    function test_refusesToRegisterBadFields() public {
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.NameLengthInvalid.selector, 0));
        dapps.register("", PRICE, HASH, URI);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.NameLengthInvalid.selector, 65));
        dapps.register(text(65), PRICE, HASH, URI);
        vm.expectRevert(IDappRegistry.ManifestHashMissing.selector);
        dapps.register(NAME, PRICE, 0, URI);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.UriLengthInvalid.selector, 0));
        dapps.register(NAME, PRICE, HASH, "");
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.UriLengthInvalid.selector, 257));
        dapps.register(NAME, PRICE, HASH, text(257));
        assertEq(dapps.dappCount(), 0);
    }

    function test_refusesToPublishBadFields() public {
        uint256 id = register(PRICE);
        vm.startPrank(developer);
        vm.expectRevert(IDappRegistry.ManifestHashMissing.selector);
        dapps.publish(id, 0, URI);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.UriLengthInvalid.selector, 257));
        dapps.publish(id, HASH, text(257));
    }

    function testFuzz_onlyTheOwnerActs(address caller) public {
        vm.assume(caller != developer);
        uint256 id = register(PRICE);
        bytes memory refusal = abi.encodeWithSelector(IDappRegistry.NotDappOwner.selector, caller, developer);
        expectRefusals(caller, id, refusal);
    }

    function test_theLastOwnerActsNoMore() public {
        uint256 id = register(PRICE);
        vm.prank(developer);
        dapps.transferFrom(developer, stranger, id);
        bytes memory refusal =
            abi.encodeWithSelector(IDappRegistry.NotDappOwner.selector, developer, stranger);
        expectRefusals(developer, id, refusal);
        vm.prank(stranger);
        assertEq(dapps.publish(id, "second", URI), 2);
    }

    function test_nothingFollowsRetirement() public {
        uint256 id = register(PRICE);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.DappRetired(id);
        vm.prank(developer);
        dapps.retire(id);
        assertTrue(dapps.dappOf(id).retired);
        expectRefusals(developer, id, abi.encodeWithSelector(IDappRegistry.Retired.selector, id));
    }

    function test_refusesWhatDoesNotExist() public {
        expectRefusals(developer, 1, nonexistent(1));
        vm.expectRevert(nonexistent(1));
        dapps.dappOf(1);
        vm.expectRevert(nonexistent(1));
        dapps.versions(1, 0, 10);
        vm.expectRevert(nonexistent(1));
        dapps.tokenURI(1);
    }

    function testFuzz_registers(uint64 price, uint256 nameLength, uint256 uriLength, bytes32 hash) public {
        vm.assume(hash != 0);
        string memory name = text(bound(nameLength, 1, 64));
        string memory uri = text(bound(uriLength, 1, 256));
        vm.expectEmit(address(dapps));
        emit IDappRegistry.DappRegistered(1, developer, name, price);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.VersionPublished(1, 1, hash, uri);

        vm.prank(developer);
        assertEq(dapps.register(name, price, hash, uri), 1);

        Dapp memory expected;
        (expected.id, expected.owner, expected.name, expected.price) = (1, developer, name, price);
        expected.version = 1;
        expected.newest = Version(hash, uint64(block.timestamp), uri);
        assertEq(keccak256(abi.encode(dapps.dappOf(1))), keccak256(abi.encode(expected)));
        assertEq(dapps.ownerOf(1), developer);
        assertEq(dapps.tokenURI(1), uri);
        assertEq(dapps.dappCount(), 1);
    }

    /// @dev Versions are numbered from 1 and never change, whatever follows.
    function test_keepsAllVersions() public {
        uint256 id = register(PRICE);
        Version[] memory expected = new Version[](5);
        expected[0] = Version(HASH, uint64(block.timestamp), URI);
        for (uint256 i = 1; i < 5; ++i) {
            skip(1 days);
            expected[i] = Version(keccak256(abi.encode(i)), uint64(block.timestamp), vm.toString(i));
            vm.expectEmit(address(dapps));
            emit IDappRegistry.VersionPublished(id, uint32(i + 1), expected[i].manifestHash, expected[i].uri);
            vm.prank(developer);
            assertEq(dapps.publish(id, expected[i].manifestHash, expected[i].uri), i + 1);
        }
        assertEq(keccak256(abi.encode(dapps.versions(id, 0, 100))), keccak256(abi.encode(expected)));
        assertEq(dapps.dappOf(id).version, 5);
        assertEq(dapps.dappOf(id).newest.uri, "4");
        assertEq(dapps.versions(id, 3, 100).length, 2);
        assertEq(dapps.versions(id, 1, 2)[1].uri, "2");
        assertEq(dapps.versions(id, 9, 100).length, 0);
    }

    function testFuzz_setsThePrice(uint64 price) public {
        uint256 id = register(PRICE);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.PriceSet(id, price);
        vm.prank(developer);
        dapps.setPrice(id, price);
        assertEq(dapps.dappOf(id).price, price);
    }

    function test_pages() public {
        for (uint64 i = 1; i <= 5; ++i) {
            register(i);
        }
        assertEq(dapps.dapps(0, 100).length, 5);
        Dapp[] memory page = dapps.dapps(2, 2);
        assertEq(page.length, 2);
        assertEq(page[0].id, 3);
        assertEq(page[1].price, 4);
        assertEq(dapps.dapps(4, 100).length, 1);
        assertEq(dapps.dapps(5, 100).length, 0);
        assertEq(dapps.dapps(type(uint256).max, 100).length, 0);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        dapps.dapps(0, 101);
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        dapps.versions(1, 0, 101);
    }

    function test_isAnErc721() public view {
        assertTrue(dapps.supportsInterface(type(IERC721).interfaceId));
        assertEq(dapps.symbol(), "CDAPP");
    }

    function expectRefusals(address caller, uint256 id, bytes memory refusal) private {
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        dapps.publish(id, HASH, URI);
        vm.expectRevert(refusal);
        dapps.setPrice(id, 1);
        vm.expectRevert(refusal);
        dapps.retire(id);
        vm.stopPrank();
    }

    function text(uint256 length) private pure returns (string memory) {
        bytes memory long = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            long[i] = "x";
        }
        return string(long);
    }
}
