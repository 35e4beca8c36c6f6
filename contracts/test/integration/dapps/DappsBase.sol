// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DappRegistry} from "../../../src/directory/DappRegistry.sol";
import {Dapp, IDappRegistry, Licence, Tally, Version} from "../../../src/interfaces/IDappRegistry.sol";
import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {Mainchain} from "../../Mainchain.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev The dApps, one developer, one buyer with two stablecoins, and an agent that submits for the buyer.
abstract contract DappsBase is Mainchain {
    uint64 internal constant PRICE = 4_990_000;
    string internal constant NAME = "Messenger";
    string internal constant URI = "conet://bobo/manifest.json";
    bytes32 internal constant HASH = "manifest";

    DappRegistry internal dapps;

    address internal developer = makeAddr("developer");
    address internal agent = makeAddr("agent");
    address internal stranger = makeAddr("stranger");
    address internal buyer;
    uint256 internal buyerKey;

    function setUp() public virtual override {
        super.setUp();
        dapps = DappRegistry(addressOf("DappRegistry"));
        (buyer, buyerKey) = makeAddrAndKey("buyer");
        give(usd6, buyer);
        give(usd18, buyer);
    }

    function stablecoin(uint8 decimals) internal returns (Stablecoin coin) {
        coin = new Stablecoin("USD", decimals);
        approveStablecoin(address(coin));
        give(coin, buyer);
    }

    function approveStablecoin(address coin) internal {
        vm.prank(all.timelock);
        parameters.approveStablecoin(coin);
    }

    function give(Stablecoin coin, address account) internal {
        coin.mint(account, 1_000_000 * 10 ** coin.decimals());
        vm.prank(account);
        coin.approve(address(dapps), type(uint256).max);
    }

    function register(uint64 price) internal returns (uint256) {
        vm.prank(developer);
        return dapps.register(NAME, price, HASH, URI);
    }

    /// @dev The buyer buys for itself.
    function buy(uint256 dapp, Stablecoin coin) internal {
        vm.prank(buyer);
        dapps.buy(dapp, buyer, address(coin), type(uint64).max);
    }

    function soon() internal view returns (uint256) {
        return block.timestamp + 10 minutes;
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The EIP-712 digest of a struct hash, spelled out.
    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET DappRegistry"),
                keccak256("1"),
                block.chainid,
                address(dapps)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function nonexistent(uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id);
    }

    function assertTally(Tally memory tally, uint64 count, uint64 stars) internal pure {
        assertEq(tally.count, count, "count");
        assertEq(tally.stars, stars, "stars");
    }
}
