// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {HostileCoin} from "../../mocks/HostileCoin.sol";
import {CallingBack} from "../../mocks/Stablecoins.sol";
import {CashBase, Certificate, Exit, ICash} from "./CashBase.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @dev Stablecoins that turn against their users.
contract HostileTest is CashBase {
    HostileCoin internal coin = new HostileCoin();
    CallingBack internal calling = new CallingBack();

    function setUp() public override {
        super.setUp();
        vm.startPrank(all.timelock);
        parameters.approveStablecoin(address(coin));
        parameters.approveStablecoin(address(calling));
        vm.stopPrank();
        live(1, coin, 10 * DOLLAR);
        live(2, calling, 10 * DOLLAR);
    }

    /// @dev Only that exit reverts, and it is paid when the list is changed.
    function test_aBlockedRecipientIsPaidLater() public {
        coin.setBlocked(alice, true);
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        cash.exit(exit_, certificate);
        assertFalse(cash.isPaid(1, 0));

        Exit memory other = exitOf(1, 1, DOLLAR);
        other.recipient = buyer;
        pay(other);
        coin.setBlocked(alice, false);
        cash.exit(exit_, certificate);
        assertEq(coin.balanceOf(alice), 998_000);
        assertVault(coin, one(1));
    }

    /// @dev A relayer that is refused makes the exit revert: somebody else's certificate is not needed, only another
    ///      relayer, and `relayer == 0` is whoever submits.
    function test_aBlockedRelayerCanBeReplaced() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        exit_.relayerFee = 100;
        Certificate memory certificate = certify(exit_);
        coin.setBlocked(relayer, true);
        vm.prank(relayer);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        cash.exit(exit_, certificate);
        vm.prank(buyer);
        cash.exit(exit_, certificate);
        assertEq(coin.balanceOf(buyer), 100);
    }

    /// @dev A blocked issuer of an old series does not stop a resale.
    function test_aBlockedIssuerStopsNobody() public {
        withdraw(1, 0, 6 * DOLLAR);
        coin.setBlocked(issuer, true);
        resell(1, coin, 5 * DOLLAR);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        cash.collectClosedFees(1, 1);
        coin.setBlocked(issuer, false);
        cash.collectClosedFees(1, 1);
        assertEq(coin.balanceOf(issuer), 12_000);
        assertVault(coin, one(1));
    }

    function test_RevertWhen_transferAnswersFalse() public {
        coin.setLiar(true);
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        cash.exit(exit_, certificate);
    }

    function test_RevertWhen_aDepositIsOnlyClaimedToArrive() public {
        fund(coin, DOLLAR);
        require(token.transfer(address(cash), 2e18));
        coin.setLiar(true);
        vm.prank(all.cashOrders);
        vm.expectRevert(abi.encodeWithSelector(ICash.DeliveryInexact.selector, DOLLAR, 0));
        cash.issue(3, address(coin), DOLLAR, buyer, ISSUER_NODE, issuer, 2e18);
    }

    /// @dev A call back during the payment finds the withdrawal paid.
    function testFuzz_anExitCannotBePaidWithinItself(bool early) public {
        Exit memory exit_ = exitOf(2, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        calling.arm(address(cash), abi.encodeCall(cash.exit, (exit_, certificate)), early);
        cash.exit(exit_, certificate);
        assertFalse(calling.succeeded());
        assertEq(calling.answer(), abi.encodeWithSelector(ICash.AlreadyPaid.selector, 2, 0));
        assertEq(calling.balanceOf(alice), 998_000);
        assertVault(calling, one(2));
    }

    /// @dev Fees called for again during their payment are not there.
    function testFuzz_feesCannotBePaidWithinThemselves(bool early) public {
        withdraw(2, 0, DOLLAR);
        calling.arm(address(cash), abi.encodeCall(cash.collectFees, (one(2))), early);
        cash.collectFees(one(2));
        assertEq(calling.balanceOf(issuer), 2000);
        assertVault(calling, one(2));
    }

    /// @dev An exit inside the deposit's transfer would make the deposit look short.
    function test_RevertWhen_anExitHappensWithinADeposit() public {
        Exit memory exit_ = exitOf(2, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        fund(calling, DOLLAR);
        require(token.transfer(address(cash), 2e18));
        calling.arm(address(cash), abi.encodeCall(cash.exit, (exit_, certificate)), true);
        vm.prank(all.cashOrders);
        vm.expectRevert(abi.encodeWithSelector(ICash.DeliveryInexact.selector, DOLLAR, 2000));
        cash.issue(3, address(calling), DOLLAR, buyer, ISSUER_NODE, issuer, 2e18);
    }
}
