// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Stablecoin} from "../../mocks/Stablecoins.sol";
import {DappsBase, IDappRegistry, IWalletSigned} from "./DappsBase.sol";

/// @dev The buyer has a stablecoin but no gas: it signs, the agent submits, the buyer pays.
contract BuySignedTest is DappsBase {
    uint256 internal dapp;
    address internal coin;

    function setUp() public override {
        super.setUp();
        dapp = register(PRICE);
        coin = address(usd6);
    }

    /// @dev The buyer's allowance stands open all the time.
    function test_refusesAnythingElseThanWasSigned() public {
        uint256 other = register(PRICE);
        (, uint256 key) = makeAddrAndKey("strangerKey");
        bytes32 digest = dapps.buyDigest(dapp, buyer, coin, PRICE, soon());
        expectInvalid(dapp, coin, PRICE, soon(), sign(key, digest));
        bytes memory signature = sign(buyerKey, digest);
        expectInvalid(other, coin, PRICE, soon(), signature);
        expectInvalid(dapp, address(usd18), PRICE, soon(), signature);
        expectInvalid(dapp, coin, PRICE + 1, soon(), signature);
        expectInvalid(dapp, coin, PRICE, soon() + 1, signature);
        vm.prank(buyer);
        dapps.cancelNonce();
        expectInvalid(dapp, coin, PRICE, soon(), signature);
    }

    function test_refusesAPriceAboveTheLimit() public {
        bytes memory signature = sign(buyerKey, dapps.buyDigest(dapp, buyer, coin, PRICE, soon()));
        vm.prank(developer);
        dapps.setPrice(dapp, PRICE + 1);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.PriceTooHigh.selector, PRICE + 1, PRICE));
        dapps.buySigned(dapp, buyer, coin, PRICE, soon(), signature);
    }

    function test_refusesToPermitWhatIsNotApproved() public {
        Stablecoin other = new Stablecoin("USD", 6);
        vm.expectRevert(abi.encodeWithSelector(IDappRegistry.StablecoinNotApproved.selector, address(other)));
        dapps.permit(address(other), buyer, PRICE, soon(), 27, 0, 0);
    }

    function test_buysWhatTheBuyerSigned() public {
        bytes32 typeHash =
            keccak256("Buy(uint256 dapp,address stablecoin,uint64 maxPrice,uint256 nonce,uint256 deadline)");
        bytes32 digest = digestOf(keccak256(abi.encode(typeHash, dapp, coin, PRICE, 0, soon())));
        assertEq(dapps.buyDigest(dapp, buyer, coin, PRICE, soon()), digest);
        uint256 before = usd6.balanceOf(buyer);
        vm.expectEmit(address(dapps));
        emit IDappRegistry.Bought(dapp, buyer, developer, buyer, coin, PRICE, 1);
        vm.prank(agent);
        dapps.buySigned(dapp, buyer, coin, PRICE, soon(), sign(buyerKey, digest));
        assertEq(before - usd6.balanceOf(buyer), PRICE);
        assertEq(dapps.nonces(buyer), 1);
    }

    function test_buysInOneTransactionWithThePermit() public {
        vm.prank(buyer);
        usd6.approve(address(dapps), 0);
        bytes[] memory calls = new bytes[](2);
        calls[0] = permitCall();
        bytes memory signature = sign(buyerKey, dapps.buyDigest(dapp, buyer, coin, PRICE, soon()));
        calls[1] = abi.encodeCall(dapps.buySigned, (dapp, buyer, coin, PRICE, soon(), signature));
        vm.prank(agent);
        dapps.multicall(calls);
        assertEq(dapps.licenceOf(dapp, buyer).paid, PRICE);
        assertEq(usd6.allowance(buyer, address(dapps)), 0);
    }

    /// @dev Somebody took the permit out of the transaction and used it first.
    function test_buysWhenThePermitWasUsedBefore() public {
        vm.prank(buyer);
        usd6.approve(address(dapps), 0);
        bytes memory call = permitCall();
        (bool first,) = address(dapps).call(call);
        (bool second,) = address(dapps).call(call);
        assertTrue(first && second);
        buy(dapp, usd6);
    }

    function permitCall() private view returns (bytes memory) {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                buyer,
                address(dapps),
                PRICE,
                usd6.nonces(buyer),
                soon()
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", usd6.DOMAIN_SEPARATOR(), structHash));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(buyerKey, digest);
        return abi.encodeCall(dapps.permit, (coin, buyer, PRICE, soon(), v, r, s));
    }

    function expectInvalid(
        uint256 id,
        address stablecoin_,
        uint64 maxPrice,
        uint256 deadline,
        bytes memory signature
    ) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, buyer));
        vm.prank(agent);
        dapps.buySigned(id, buyer, stablecoin_, maxPrice, deadline, signature);
    }
}
