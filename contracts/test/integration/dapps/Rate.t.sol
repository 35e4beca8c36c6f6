// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DappsBase, IDappRegistry, IWalletSigned} from "./DappsBase.sol";

contract RateTest is DappsBase {
    bytes32 internal constant COMMENT = keccak256("works");
    uint256 internal dapp;
    uint256 internal gratis;

    function setUp() public override {
        super.setUp();
        dapp = register(PRICE);
        gratis = register(0);
    }

    function test_refusesWhoHasNoLicence() public {
        buy(gratis, usd6);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.NotLicensed.selector, dapp, buyer));
        rate(dapp, 5);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.NotLicensed.selector, 3, buyer));
        rate(3, 5);
    }

    /// @dev Who only paid has no say; the licence is another's.
    function test_refusesThePayerOfAnothersLicence() public {
        give(usd6, agent);
        vm.startPrank(agent);
        dapps.buy(dapp, buyer, address(usd6), PRICE);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.NotLicensed.selector, dapp, agent));
        dapps.rate(dapp, 5, COMMENT);
    }

    function testFuzz_refusesStarsOutOfBounds(uint8 stars) public {
        vm.assume(stars == 0 || stars > 5);
        buy(dapp, usd6);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.StarsInvalid.selector, stars));
        rate(dapp, stars);
    }

    function test_countsPaidAndFreeApart() public {
        buy(dapp, usd6);
        buy(gratis, usd6);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Rated(dapp, buyer, 4, COMMENT, true);
        rate(dapp, 4);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Rated(gratis, buyer, 2, COMMENT, false);
        rate(gratis, 2);
        assertTally(dapps.dappOf(dapp).paidRatings, 1, 4);
        assertTally(dapps.dappOf(dapp).freeRatings, 0, 0);
        assertTally(dapps.dappOf(gratis).paidRatings, 0, 0);
        assertTally(dapps.dappOf(gratis).freeRatings, 1, 2);
        assertEq(dapps.licenceOf(dapp, buyer).stars, 4);
    }

    /// @dev One rating for each licence, however often it is given.
    function testFuzz_replaces(uint8[6] calldata seeds) public {
        buy(dapp, usd6);
        give(usd6, stranger);
        vm.prank(stranger);
        dapps.buy(dapp, stranger, address(usd6), PRICE);
        vm.prank(stranger);
        dapps.rate(dapp, 3, 0);
        for (uint256 i = 0; i < seeds.length; ++i) {
            uint8 stars = uint8(bound(seeds[i], 1, 5));
            rate(dapp, stars);
            assertTally(dapps.dappOf(dapp).paidRatings, 2, 3 + stars);
        }
    }

    /// @dev Whoever pays later takes its rating along.
    function test_movesWithThePayment() public {
        buy(gratis, usd6);
        rate(gratis, 1);
        vm.prank(developer);
        dapps.setPrice(gratis, PRICE);
        buy(gratis, usd6);
        assertTally(dapps.dappOf(gratis).freeRatings, 0, 0);
        assertTally(dapps.dappOf(gratis).paidRatings, 1, 1);
        rate(gratis, 5);
        assertTally(dapps.dappOf(gratis).paidRatings, 1, 5);
    }

    function test_staysPaidWhenTheDappBecomesFree() public {
        buy(dapp, usd6);
        vm.prank(developer);
        dapps.setPrice(dapp, 0);
        rate(dapp, 5);
        assertTally(dapps.dappOf(dapp).paidRatings, 1, 5);
    }

    function test_ratesWhatIsRetired() public {
        buy(dapp, usd6);
        vm.prank(developer);
        dapps.retire(dapp);
        rate(dapp, 1);
        assertTally(dapps.dappOf(dapp).paidRatings, 1, 1);
    }

    function test_refusesSignaturesOfOthers() public {
        buy(dapp, usd6);
        (, uint256 key) = makeAddrAndKey("strangerKey");
        bytes32 digest = dapps.rateDigest(dapp, buyer, 5, COMMENT, soon());
        expectInvalid(dapp, 5, COMMENT, sign(key, digest));
        bytes memory signature = sign(buyerKey, digest);
        expectInvalid(gratis, 5, COMMENT, signature);
        expectInvalid(dapp, 1, COMMENT, signature);
        expectInvalid(dapp, 5, "other", signature);
        dapps.rateSigned(dapp, buyer, 5, COMMENT, soon(), signature);
        expectInvalid(dapp, 5, COMMENT, signature);
    }

    function test_ratesWhatTheBuyerSigned() public {
        buy(dapp, usd6);
        bytes32 typeHash =
            keccak256("Rate(uint256 dapp,uint8 stars,bytes32 commentHash,uint256 nonce,uint256 deadline)");
        bytes32 digest = digestOf(keccak256(abi.encode(typeHash, dapp, 3, COMMENT, 0, soon())));
        assertEq(dapps.rateDigest(dapp, buyer, 3, COMMENT, soon()), digest);
        vm.prank(agent);
        dapps.rateSigned(dapp, buyer, 3, COMMENT, soon(), sign(buyerKey, digest));
        assertTally(dapps.dappOf(dapp).paidRatings, 1, 3);
    }

    function rate(uint256 id, uint8 stars) private {
        vm.prank(buyer);
        dapps.rate(id, stars, COMMENT);
    }

    function expectInvalid(uint256 id, uint8 stars, bytes32 comment, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, buyer));
        dapps.rateSigned(id, buyer, stars, comment, soon(), signature);
    }
}
