// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRewards} from "../../../src/interfaces/IRewards.sol";
import {CallingBack, FeeOnTransfer, Stablecoin} from "../../mocks/Stablecoins.sol";
import {AnchorBase, ChainClass, Genesis, IChainAnchor} from "./AnchorBase.sol";

contract RentTest is AnchorBase {
    bytes32 internal constant CHAIN = keccak256("chain");

    address internal payer = makeAddr("payer");

    function test_refusesUnknownStablecoins() public {
        Stablecoin other = new Stablecoin("OTHER", 6);
        other.mint(payer, 1e6);
        vm.startPrank(payer);
        other.approve(address(anchors), 1e6);
        vm.expectRevert(abi.encodeWithSelector(IChainAnchor.StablecoinUnknown.selector, address(other)));
        anchors.payRent(CHAIN, address(other), 1e6);
    }

    /// @dev At the highest rent there can be, one micro-dollar still buys some seconds.
    function test_refusesWhatBuysNothing() public {
        setRent(ChainClass.Storage, parameters.MAX_RENT_PER_DAY());
        refuse(
            0, abi.encodeWithSelector(IChainAnchor.RentTooSmall.selector, 0, parameters.MAX_RENT_PER_DAY())
        );
        pay(payer, CHAIN, 1);
        assertEq(
            anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days / parameters.MAX_RENT_PER_DAY()
        );
    }

    function test_refusesMoreThanTenYears() public {
        uint64 most = 3653 * STORAGE_RENT;
        uint256 latest = block.timestamp + 3653 days;
        refuse(
            most + 1,
            abi.encodeWithSelector(IChainAnchor.RentTooFar.selector, latest + 1 days / STORAGE_RENT, latest)
        );
        refuse(
            type(uint64).max,
            abi.encodeWithSelector(
                IChainAnchor.RentTooFar.selector,
                block.timestamp + uint256(type(uint64).max) * 1 days / STORAGE_RENT,
                latest
            )
        );
        pay(payer, CHAIN, most);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, latest);
        refuse(
            STORAGE_RENT, abi.encodeWithSelector(IChainAnchor.RentTooFar.selector, latest + 1 days, latest)
        );
    }

    function test_refusesMoneyForWhatIsFree() public {
        setRent(ChainClass.Storage, 0);
        refuse(1e6, abi.encodeWithSelector(IChainAnchor.RentFree.selector, ChainClass.Storage));
    }

    function test_refusesWithoutAllowance() public {
        coin.mint(payer, 1e6);
        vm.expectRevert();
        vm.prank(payer);
        anchors.payRent(CHAIN, address(coin), 1e6);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, 0);
    }

    /// @dev A token that begins to charge fees after it was approved.
    function test_refusesFeesOnTransfer() public {
        FeeOnTransfer fee = new FeeOnTransfer(6);
        vm.mockCall(all.parameters, abi.encodeCall(parameters.stablecoinScale, (address(fee))), abi.encode(1));
        fee.mint(payer, 1e6);
        vm.startPrank(payer);
        fee.approve(address(anchors), 1e6);
        vm.expectRevert(
            abi.encodeWithSelector(IChainAnchor.TransferMismatch.selector, address(fee), 1e6, 990_000)
        );
        anchors.payRent(CHAIN, address(fee), 1e6);
    }

    /// @dev A token that calls back while it is paid with cannot pay twice with one transfer.
    function test_refusesReentrance() public {
        CallingBack caller = new CallingBack();
        vm.mockCall(
            all.parameters, abi.encodeCall(parameters.stablecoinScale, (address(caller))), abi.encode(1)
        );
        caller.mint(payer, 2000);
        vm.prank(payer);
        caller.approve(address(anchors), 2000);
        caller.arm(address(anchors), abi.encodeCall(anchors.payRent, (CHAIN, address(caller), 1000)), true);
        vm.prank(payer);
        anchors.payRent(CHAIN, address(caller), 1000);
        assertFalse(caller.succeeded());
        assertEq(anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days);
    }

    function test_paysToTheIncomePool() public {
        coin.mint(payer, 5 * STORAGE_RENT);
        vm.startPrank(payer);
        coin.approve(address(anchors), 5 * STORAGE_RENT);
        vm.expectCall(all.rewards, abi.encodeCall(IRewards.fund, (address(coin), 5 * STORAGE_RENT)));
        vm.expectEmit(address(anchors));
        emit IChainAnchor.RentPaid(
            CHAIN, payer, address(coin), 5 * STORAGE_RENT, uint64(block.timestamp + 5 days)
        );
        anchors.payRent(CHAIN, address(coin), 5 * STORAGE_RENT);
        assertEq(coin.balanceOf(all.rewards), 5 * STORAGE_RENT);
        assertEq(coin.balanceOf(address(anchors)), 0);
        assertEq(coin.allowance(address(anchors), all.rewards), 0);
    }

    function test_scalesTheCoin() public {
        usd18.mint(payer, STORAGE_RENT * 1e12);
        vm.startPrank(payer);
        usd18.approve(address(anchors), type(uint256).max);
        anchors.payRent(CHAIN, address(usd18), STORAGE_RENT);
        assertEq(usd18.balanceOf(all.rewards), STORAGE_RENT * 1e12);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days);
    }

    function test_paysWithAPermit() public {
        (address signer, uint256 key) = makeAddrAndKey("signer");
        coin.mint(signer, STORAGE_RENT);
        uint256 deadline = block.timestamp + 1 hours;
        bytes32 digest = keccak256(
            abi.encodePacked(
                hex"1901",
                coin.DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        keccak256(
                            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                        ),
                        signer,
                        address(anchors),
                        STORAGE_RENT,
                        0,
                        deadline
                    )
                )
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint256 before = vm.snapshotState();
        vm.prank(signer);
        anchors.payRentWithPermit(CHAIN, address(coin), STORAGE_RENT, deadline, v, r, s);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days);

        // Somebody else submitted the permit first: it does no harm.
        vm.revertToState(before);
        coin.permit(signer, address(anchors), STORAGE_RENT, deadline, v, r, s);
        vm.prank(signer);
        anchors.payRentWithPermit(CHAIN, address(coin), STORAGE_RENT, deadline, v, r, s);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days);
    }

    /// @dev From the end of what was paid, or from now when that is over.
    function test_timeThatNobodyPaidForIsNotOwed() public {
        pay(payer, CHAIN, STORAGE_RENT);
        uint256 start = block.timestamp;
        pay(payer, CHAIN, STORAGE_RENT);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, start + 2 days);
        vm.warp(start + 30 days);
        pay(payer, CHAIN, STORAGE_RENT);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, start + 31 days);
    }

    function test_eachClassHasItsRent() public {
        Genesis memory genesis = someGenesis(CHAIN);
        genesis.class = ChainClass.Asset;
        anchorIt(genesis);
        pay(payer, CHAIN, ASSET_RENT);
        assertEq(anchors.anchorOf(CHAIN).paidThrough, block.timestamp + 1 days);
    }

    /// @dev While storage is free, a chain needs nothing paid ahead.
    function test_freeStorageNeedsNoRent() public {
        setRent(ChainClass.Storage, 0);
        anchorIt(someGenesis(CHAIN));
        assertEq(anchors.anchorOf(CHAIN).paidThrough, 0);
    }

    /// @dev Paying twice buys no more than paying once, and no payment is lost but for less than a second of rent.
    function testFuzz_buysWhatItCosts(uint64 perDay, uint64 a, uint64 b) public {
        perDay = uint64(bound(perDay, 1, parameters.MAX_RENT_PER_DAY()));
        setRent(ChainClass.Storage, perDay);
        uint64 second = perDay / 1 days + 1;
        a = uint64(bound(a, second, second + 1000 * uint256(perDay)));
        b = uint64(bound(b, second, second + 1000 * uint256(perDay)));
        pay(payer, CHAIN, a);
        pay(payer, CHAIN, b);
        uint256 bought = anchors.anchorOf(CHAIN).paidThrough - block.timestamp;
        uint256 exact = (uint256(a) + b) * 1 days / perDay;
        assertLe(bought, exact);
        assertGe(bought + 1, exact);
    }

    function refuse(uint64 microDollars, bytes memory reason) private {
        coin.mint(payer, microDollars);
        vm.startPrank(payer);
        coin.approve(address(anchors), microDollars);
        vm.expectRevert(reason);
        anchors.payRent(CHAIN, address(coin), microDollars);
        vm.stopPrank();
    }
}
