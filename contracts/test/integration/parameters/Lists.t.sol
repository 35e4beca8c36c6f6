// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IParameters} from "../../../src/interfaces/IParameters.sol";
import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {Mainchain} from "../../Mainchain.sol";
import {Stablecoin} from "../../mocks/Stablecoins.sol";

contract ParametersListsTest is Mainchain {
    string internal constant BITCOIN = "bip122:000000000019d6689c085ae165831e93/slip44:0";
    string internal constant DAI = "eip155:1/erc20:0x6b175474e89094c44da98b954eedeac495271d0f";

    function setUp() public override {
        super.setUp();
        vm.startPrank(all.timelock);
    }

    // --- stablecoins ---

    function testFuzz_approveChecksDecimals(uint8 decimals) public {
        Stablecoin coin = new Stablecoin("USD", decimals);
        bool within = decimals >= 6 && decimals <= 18;
        if (!within) {
            vm.expectRevert(abi.encodeWithSelector(IParameters.OutOfBounds.selector, 6, 18, decimals));
        }
        parameters.approveStablecoin(address(coin));
        assertEq(parameters.stablecoinScale(address(coin)), within ? 10 ** (decimals - 6) : 0);
    }

    function test_approveRefusesWhatIsNoToken() public {
        address[5] memory found = [
            makeAddr("nobody"),
            address(0),
            address(parameters),
            address(new Garbage(33)),
            address(new Garbage(1))
        ];
        for (uint256 i = 0; i < found.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IParameters.NotAStablecoin.selector, found[i]));
            parameters.approveStablecoin(found[i]);
        }
    }

    function test_approveSurvivesATokenThatEatsGasOrAnswersWithMuch() public {
        address eater = address(new Eater());
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotAStablecoin.selector, eater));
        parameters.approveStablecoin(eater);
        address flood = address(new Garbage(100_000));
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotAStablecoin.selector, flood));
        parameters.approveStablecoin(flood);
    }

    function test_approveRefusesTheSecondTime() public {
        vm.expectRevert(abi.encodeWithSelector(IParameters.AlreadyApproved.selector, address(usd6)));
        parameters.approveStablecoin(address(usd6));
    }

    function test_removeRefusesWhatIsNotApproved() public {
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotApproved.selector, address(token)));
        parameters.removeStablecoin(address(token));
    }

    function test_approveAndRemove() public {
        Stablecoin third = new Stablecoin("USD", 8);
        vm.expectEmit(address(parameters));
        emit IParameters.StablecoinApproved(address(third), 8);
        parameters.approveStablecoin(address(third));
        assertEq(parameters.stablecoinScale(address(third)), 100);
        assertEq(parameters.stablecoins().length, 3);

        vm.expectEmit(address(parameters));
        emit IParameters.StablecoinRemoved(address(usd6));
        parameters.removeStablecoin(address(usd6));
        assertEq(parameters.stablecoinScale(address(usd6)), 0);
        address[] memory left = parameters.stablecoins();
        assertEq(left.length, 2);
        assertTrue(left[0] != address(usd6) && left[1] != address(usd6));

        parameters.approveStablecoin(address(usd6));
        assertEq(parameters.stablecoinScale(address(usd6)), 1);
    }

    function test_noMoreStablecoinsThanTheListHolds() public {
        for (uint256 i = 2; i < 32; ++i) {
            parameters.approveStablecoin(address(new Stablecoin("USD", 6)));
        }
        address oneMore = address(new Stablecoin("USD", 6));
        vm.expectRevert(abi.encodeWithSelector(IParameters.ListFull.selector, 32));
        parameters.approveStablecoin(oneMore);
        parameters.removeStablecoin(address(usd18));
        parameters.approveStablecoin(oneMore);
    }

    // --- the oDEX's list ---

    function test_listRefusesWhatIsNoAssetType() public {
        string[14] memory wrong = [
            "",
            "bitcoin",
            "bip122:/slip44:0",
            "b:0/slip44:0",
            "bip122:0/slip44:",
            "bip122:0/sl:0",
            "BIP122:0/slip44:0",
            "bip122:0/slip44:0/",
            "bip122:0/slip44:0/1/2",
            "bip122:0 /slip44:0",
            unicode"bip122:0/slip44:ö",
            "bip122:012345678901234567890123456789012/slip44:0",
            "bip122:0/slip44:0/1\x00",
            "bip122:0/slip44:0/0123456789012345678901234567890123456789012345678901234567890123456789012345678"
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IParameters.NotAnAssetType.selector, wrong[i]));
            parameters.listAsset(wrong[i]);
        }
    }

    function test_listTakesWhatCaip19Knows() public {
        string[6] memory names = [
            BITCOIN,
            DAI,
            "eip155:1/slip44:60",
            "cosmos:cosmoshub-3/slip44:118",
            "eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/771769",
            "hedera:mainnet/nft:0.0.55492/12"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            bytes32 id = keccak256(bytes(names[i]));
            vm.expectEmit(address(parameters));
            emit IParameters.AssetListed(id, names[i]);
            assertEq(parameters.listAsset(names[i]), id);
            assertEq(parameters.assetType(id), names[i]);
        }
        assertEq(parameters.listedAssetCount(), 6);
        assertEq(parameters.listedAssets(0, 100).length, 6);
        assertEq(parameters.listedAssets(4, 100).length, 2);
        assertEq(parameters.listedAssets(4, 1)[0], keccak256(bytes(names[4])));
        assertEq(parameters.listedAssets(type(uint256).max, 100).length, 0);
    }

    function test_listRefusesTheSecondTime() public {
        bytes32 id = parameters.listAsset(DAI);
        vm.expectRevert(abi.encodeWithSelector(IParameters.AlreadyListed.selector, id));
        parameters.listAsset(DAI);
    }

    function test_delist() public {
        bytes32 id = parameters.listAsset(DAI);
        parameters.listAsset(BITCOIN);
        vm.expectEmit(address(parameters));
        emit IParameters.AssetDelisted(id, DAI);
        parameters.delistAsset(id);
        assertEq(parameters.assetType(id), "");
        assertEq(parameters.listedAssetCount(), 1);
        vm.expectRevert(abi.encodeWithSelector(IParameters.NotListed.selector, id));
        parameters.delistAsset(id);
        parameters.listAsset(DAI);
    }

    function test_pagesAreBounded() public {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.PageTooLarge.selector, 101));
        parameters.listedAssets(0, 101);
    }

    function test_noMoreAssetsThanTheListHolds() public {
        for (uint256 i = 0; i < 1000; ++i) {
            parameters.listAsset(string.concat("eip155:1/slip44:", vm.toString(i)));
        }
        vm.expectRevert(abi.encodeWithSelector(IParameters.ListFull.selector, 1000));
        parameters.listAsset(BITCOIN);
    }
}

/// @dev Answers anything with `length` bytes of ones.
contract Garbage {
    uint256 private immutable _LENGTH;

    constructor(uint256 length) {
        _LENGTH = length;
    }

    fallback() external {
        uint256 length = _LENGTH;
        assembly ("memory-safe") {
            mstore(0, not(0))
            return(0, length)
        }
    }
}

contract Eater {
    fallback() external {
        while (true) {}
    }
}
