// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, IWalletSigned, NamesBase, Registration} from "./NamesBase.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev The owner has CoNET but no gas: it signs, the agent submits, the owner pays.
contract RegisterSignedTest is NamesBase {
    Registration internal registration;

    function setUp() public override {
        super.setUp();
        registration = someRegistration(LABEL);
        give(owner, 10 * FEE);
        commit(registration);
    }

    function test_refusesAStrangersSignature() public {
        approve(owner, FEE);
        (, uint256 key) = makeAddrAndKey("strangerKey");
        expectInvalid(sign(key, names.registerDigest(registration, FEE, soon())), FEE, soon());
    }

    /// @dev With an allowance that stands open, a stranger could otherwise have names bought for the owner.
    function test_refusesAnotherRegistration() public {
        approve(owner, type(uint256).max);
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, soon()));
        registration.secret = "the stranger's";
        commit(registration);
        expectInvalid(signature, FEE, soon());
    }

    function testFuzz_refusesAnotherLimitOrDeadline(uint256 maxFee, uint256 deadline) public {
        approve(owner, type(uint256).max);
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, soon()));
        deadline = bound(deadline, block.timestamp, block.timestamp + 400 days);
        vm.assume(maxFee != FEE || deadline != soon());
        expectInvalid(signature, maxFee, deadline);
    }

    function test_refusesASignatureUsedBeforeOrCancelled() public {
        approve(owner, type(uint256).max);
        uint256 deadline = block.timestamp + 399 days;
        registration.secret = "for later";
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, deadline));
        vm.prank(owner);
        names.cancelNonce();
        commit(registration);
        expectInvalid(signature, FEE, deadline);
    }

    function test_refusesAPassedDeadline() public {
        uint256 deadline = block.timestamp - 1;
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, deadline));
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.DeadlinePassed.selector, deadline));
        names.registerSigned(registration, FEE, deadline, signature);
    }

    function test_refusesAFeeAboveTheLimit() public {
        approve(owner, FEE);
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE - 1, soon()));
        vm.expectRevert(abi.encodeWithSelector(INames.FeeTooHigh.selector, FEE, FEE - 1));
        names.registerSigned(registration, FEE - 1, soon(), signature);
    }

    /// @dev The agent is never charged in the owner's place.
    function test_refusesWithoutTheOwnersAllowance() public {
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, soon()));
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(names), 0, FEE)
        );
        vm.prank(agent);
        names.registerSigned(registration, FEE, soon(), signature);
    }

    function test_registersInOneTransactionWithThePermit() public {
        uint256 id = viaMulticall(ownerKey);
        assertEq(names.ownerOf(id), owner);
        assertEq(token.balanceOf(owner), 9 * FEE);
        assertEq(token.balanceOf(agent), 1_000_000e18);
        assertEq(token.allowance(owner, address(names)), 0);
        assertEq(names.nonces(owner), 1);
    }

    /// @dev Somebody took the permit out of the transaction and used it first.
    function test_registersWhenThePermitWasUsedBefore() public {
        uint256 deadline = soon();
        (uint8 v, bytes32 r, bytes32 s) = signPermit(ownerKey, FEE, deadline);
        vm.prank(stranger);
        token.permit(owner, address(names), FEE, deadline, v, r, s);
        names.permitFee(owner, FEE, deadline, v, r, s);
        bytes memory signature = sign(ownerKey, names.registerDigest(registration, FEE, deadline));
        names.registerSigned(registration, FEE, deadline, signature);
        assertEq(names.resolve(LABEL), wallet);
    }

    function test_digestIsThatOfTheType() public view {
        bytes32 typeHash =
            keccak256("Register(bytes32 commitment,uint256 maxFee,uint256 nonce,uint256 deadline)");
        bytes32 commitment = keccak256(
            abi.encode(block.chainid, address(names), LABEL, owner, wallet, uint32(1), bytes32("secret"))
        );
        assertEq(names.commitmentOf(registration), commitment);
        assertEq(
            names.registerDigest(registration, 1, 2),
            digestOf(keccak256(abi.encode(typeHash, commitment, 1, 0, 2)))
        );
    }

    function viaMulticall(uint256 key) private returns (uint256) {
        (uint8 v, bytes32 r, bytes32 s) = signPermit(key, FEE, soon());
        bytes memory signature = sign(key, names.registerDigest(registration, FEE, soon()));
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(names.permitFee, (owner, FEE, soon(), v, r, s));
        calls[1] = abi.encodeCall(names.registerSigned, (registration, FEE, soon(), signature));
        vm.prank(agent);
        return abi.decode(names.multicall(calls)[1], (uint256));
    }

    function expectInvalid(bytes memory signature, uint256 maxFee, uint256 deadline) private {
        vm.expectRevert(abi.encodeWithSelector(IWalletSigned.WalletSignatureInvalid.selector, owner));
        vm.prank(agent);
        names.registerSigned(registration, maxFee, deadline, signature);
    }
}
