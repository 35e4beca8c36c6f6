// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DappRegistry} from "../../src/directory/DappRegistry.sol";
import {Licence} from "../../src/interfaces/IDappRegistry.sol";
import {Stablecoin} from "../mocks/Stablecoins.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Does to the dApps what anybody may do, in any order, and keeps its own accounts.
contract DappRegistryHandler is Test {
    uint256 public constant BUYERS = 5;
    uint256 internal constant SELLERS = 2;

    DappRegistry internal dapps;
    Stablecoin[2] internal coins;

    mapping(address seller => uint256 microDollars) public earned;
    mapping(uint256 dapp => uint256 microDollars) public revenue;
    mapping(uint256 dapp => bytes32) public firstVersion;

    /// @dev Set when a call did something that it must not, or not what it must.
    string public violation;

    constructor(DappRegistry dapps_, Stablecoin six, Stablecoin eighteen) {
        (dapps, coins[0], coins[1]) = (dapps_, six, eighteen);
    }

    function register(uint256 who, uint64 price) external {
        if (dapps.dappCount() == 4) return;
        vm.prank(seller(who));
        uint256 dapp = dapps.register("name", priceOf(price), bytes32(dapps.dappCount() + 1), "uri");
        firstVersion[dapp] = keccak256(abi.encode(dapps.dappOf(dapp).newest));
    }

    function publish(uint256 dapp, uint256 who, bytes32 hash) external {
        act(dapp, who, abi.encodeCall(dapps.publish, (pick(dapp), hash | bytes32(uint256(1)), "uri")));
    }

    function setPrice(uint256 dapp, uint256 who, uint64 price) external {
        act(dapp, who, abi.encodeCall(dapps.setPrice, (pick(dapp), priceOf(price))));
    }

    function retire(uint256 dapp, uint256 who, uint256 rarely) external {
        if (rarely % 8 == 0) act(dapp, who, abi.encodeCall(dapps.retire, (pick(dapp))));
    }

    function transfer(uint256 dapp, uint256 to) external {
        dapp = pick(dapp);
        if (dapp == 0) return;
        address owner = dapps.ownerOf(dapp);
        vm.prank(owner);
        dapps.transferFrom(owner, seller(to), dapp);
    }

    function buy(uint256 dapp, uint256 who, uint256 coin) external {
        dapp = pick(dapp);
        if (dapp == 0) return;
        address licensee = buyer(who);
        uint64 price = dapps.dappOf(dapp).price;
        Licence memory before = dapps.licenceOf(dapp, licensee);
        bool may = !dapps.dappOf(dapp).retired && (before.boughtAt == 0 || (before.paid == 0 && price != 0));
        Stablecoin chosen = coins[coin % 2];
        uint256 amount = price * 10 ** (chosen.decimals() - 6);
        chosen.mint(licensee, amount);
        vm.startPrank(licensee);
        chosen.approve(address(dapps), amount);
        (bool ok,) = address(dapps).call(abi.encodeCall(dapps.buy, (dapp, licensee, address(chosen), price)));
        vm.stopPrank();
        if (ok != may) violation = "sold what is not for sale, or not what is";
        if (!ok) return;
        earned[dapps.ownerOf(dapp)] += price;
        revenue[dapp] += price;
    }

    function rate(uint256 dapp, uint256 who, uint8 stars) external {
        dapp = pick(dapp);
        bool may = stars % 8 != 0 && stars % 8 < 6 && dapps.licenceOf(dapp, buyer(who)).boughtAt != 0;
        vm.prank(buyer(who));
        (bool ok,) = address(dapps).call(abi.encodeCall(dapps.rate, (dapp, stars % 8, "comment")));
        if (ok != may) violation = "rated without a licence, or not with one";
    }

    function buyer(uint256 who) public pure returns (address) {
        // A few small numbers.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0xB000 + who % BUYERS));
    }

    function seller(uint256 who) public pure returns (address) {
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0x5000 + who % SELLERS));
    }

    /// @dev A seller tries what only the owner of a dApp that is not retired may.
    function act(uint256 dapp, uint256 who, bytes memory call) private {
        dapp = pick(dapp);
        if (dapp == 0) return;
        bool may = dapps.ownerOf(dapp) == seller(who) && !dapps.dappOf(dapp).retired;
        vm.prank(seller(who));
        (bool ok,) = address(dapps).call(call);
        if (ok != may) violation = "done by a stranger, or not by the owner";
    }

    /// @dev One that exists, or 0.
    function pick(uint256 seed) private view returns (uint256) {
        uint256 count = dapps.dappCount();
        return count == 0 ? 0 : seed % count + 1;
    }

    /// @dev Every third is free.
    function priceOf(uint64 seed) private pure returns (uint64) {
        return seed % 3 == 0 ? 0 : seed % 1e12;
    }
}
