// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CashBase, Certificate, Exit} from "../integration/cash/CashBase.sol";

/// @dev What the calls cost as transactions of their own, 21,000 and calldata included. Certificates have 7 signatures,
///      the stablecoin is a plain ERC-20 of 6 decimals. Written to `snapshots/`.
/// forge-config: default.isolate = true
contract CashGas is CashBase {
    string internal constant NAME = "Cash";

    function setUp() public override {
        super.setUp();
        live(1, usd6, 100 * DOLLAR);
        live(2, usd6, 100 * DOLLAR);
        usd6.mint(alice, 1);
        usd6.mint(relayer, 1);
        usd6.mint(issuer, 1);
    }

    function test_exit() public {
        Exit memory exit_ = exitOf(1, 0, DOLLAR);
        Certificate memory certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.snapshotGasLastCall(NAME, "exit, first of a series and of 256");

        exit_ = exitOf(1, 1, DOLLAR);
        certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.snapshotGasLastCall(NAME, "exit, same height");

        exit_ = exitOf(1, 256, DOLLAR);
        certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.snapshotGasLastCall(NAME, "exit, first of 256");

        exit_ = exitOf(1, 2, DOLLAR);
        exit_.recipient = makeAddr("nobody yet");
        certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.snapshotGasLastCall(NAME, "exit, new recipient");

        exit_ = exitOf(1, 3, DOLLAR);
        (exit_.relayer, exit_.relayerFee) = (relayer, 1000);
        certificate = certify(exit_);
        cash.exit(exit_, certificate);
        vm.snapshotGasLastCall(NAME, "exit, relayer fee");
    }

    function test_issuers() public {
        withdraw(1, 0, 10 * DOLLAR);
        withdraw(2, 0, 10 * DOLLAR);
        cash.collectFees(one(1));
        vm.snapshotGasLastCall(NAME, "collectFees, 1");
        cash.reissue(1);
        vm.snapshotGasLastCall(NAME, "reissue, first");
        withdraw(1, 1, 10 * DOLLAR);
        cash.reissue(1);
        vm.snapshotGasLastCall(NAME, "reissue");
    }

    function test_issue() public {
        fund(usd6, 100 * DOLLAR);
        uint256 burn = cash.burnFor(3, 100 * DOLLAR);
        require(token.transfer(address(cash), burn));
        vm.prank(all.cashOrders);
        cash.issue(3, address(usd6), 100 * DOLLAR, buyer, ISSUER_NODE, issuer, burn);
        vm.snapshotGasLastCall(NAME, "issue");
        vm.prank(all.chainAnchor);
        cash.open(3, 1, 100 * DOLLAR, 0, 1);
        vm.snapshotGasLastCall(NAME, "open");
    }
}
