// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ICashOrders, Order, OrderStatus, OrdersBase, Permit} from "./OrdersBase.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @dev A buyer that is a contract and agrees to one digest.
contract ContractBuyer is IERC1271 {
    bytes32 public agreed;

    function agree(bytes32 digest) external {
        agreed = digest;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return hash == agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function approve(address token, address spender) external {
        (bool ok,) =
            token.call(abi.encodeWithSignature("approve(address,uint256)", spender, type(uint256).max));
        require(ok);
    }
}

contract OrderWithPermitTest is OrdersBase {
    address internal poor;
    uint256 internal poorKey;

    function setUp() public override {
        super.setUp();
        newIssuer(1000 ether);
        // No allowance, no gas: a signature and some coins.
        (poor, poorKey) = makeAddrAndKey("poor");
        fund(poor, 200);
    }

    function poorOrder(uint64 amount) internal view returns (Order memory order_) {
        order_ = someOrder(amount);
        order_.buyer = poor;
        order_.nonce = orders.nonces(poor);
    }

    function submit(Order memory order_, uint256 key) internal returns (uint256) {
        Permit memory permit = signPermit(key, usd6, order_.amount + order_.relayerFee);
        bytes memory signature = signOrder(key, order_);
        vm.prank(relayer);
        return orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesAfterTheDeadline() public {
        Order memory order_ = poorOrder(DOLLAR);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, 2e6);
        vm.warp(order_.deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderExpired.selector, order_.deadline));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesAnotherNonce() public {
        Order memory order_ = poorOrder(DOLLAR);
        order_.nonce = 1;
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, 2e6);
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, poor, 0));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesAReplay() public {
        Order memory order_ = poorOrder(DOLLAR);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, 100e6);
        orders.orderWithPermit(order_, signature, permit);
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, poor, 1));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesACancelledNonce() public {
        Order memory order_ = poorOrder(DOLLAR);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, 2e6);
        vm.expectEmit(address(orders));
        emit ICashOrders.NonceCancelled(poor, 0);
        vm.prank(poor);
        orders.cancelNonce();
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, poor, 1));
        orders.orderWithPermit(order_, signature, permit);
    }

    /// @dev Every field is signed for.
    function test_refusesAnyOtherField() public {
        Order memory order_ = poorOrder(5 * DOLLAR);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, 50e6);
        for (uint256 field = 0; field < 7; ++field) {
            Order memory other = abi.decode(abi.encode(order_), (Order));
            if (field == 0) other.buyer = buyer;
            if (field == 1) other.stablecoin = address(usd18);
            if (field == 2) other.amount += 1;
            if (field == 3) other.relayerFee += 1;
            if (field == 4) other.account = stranger;
            if (field == 5) other.note = 1;
            if (field == 6) other.deadline += 1;
            vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderSignatureInvalid.selector, other.buyer));
            orders.orderWithPermit(other, signature, permit);
        }
    }

    function test_refusesASignatureForAnotherChain() public {
        Order memory order_ = poorOrder(DOLLAR);
        vm.chainId(4242);
        bytes memory signature = signOrder(poorKey, order_);
        vm.chainId(31_337);
        Permit memory permit = signPermit(poorKey, usd6, 2e6);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderSignatureInvalid.selector, poor));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesACoinThatIsNotApproved() public {
        Order memory order_ = poorOrder(DOLLAR);
        order_.stablecoin = stranger;
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit;
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.StablecoinNotApproved.selector, stranger));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_refusesWithoutAllowance() public {
        Order memory order_ = poorOrder(DOLLAR);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd6, order_.amount);
        vm.expectRevert();
        orders.orderWithPermit(order_, signature, permit);
        assertEq(usd6.balanceOf(poor), 200e6);
    }

    function test_relayerIsPaidOnTop() public {
        Order memory order_ = poorOrder(100 * DOLLAR);
        vm.expectEmit(address(orders));
        emit ICashOrders.RelayerPaid(1, relayer, 10_000);
        uint256 id = submit(order_, poorKey);

        assertEq(usd6.balanceOf(relayer), 10_000);
        assertEq(usd6.balanceOf(address(orders)), 100e6);
        assertEq(usd6.balanceOf(poor), 200e6 - 100e6 - 10_000);
        assertEq(orders.orderOf(id).buyer, poor);
        assertEq(orders.orderOf(id).amount, 100 * DOLLAR);
        assertEq(orders.nonces(poor), 1);
        assertEq(usd6.allowance(poor, address(orders)), 0);
    }

    function test_withoutARelayerFee() public {
        Order memory order_ = poorOrder(DOLLAR);
        order_.relayerFee = 0;
        submit(order_, poorKey);
        assertEq(usd6.balanceOf(relayer), 0);
    }

    function test_relayerFeeIsScaled() public {
        Order memory order_ = poorOrder(DOLLAR);
        order_.stablecoin = address(usd18);
        bytes memory signature = signOrder(poorKey, order_);
        Permit memory permit = signPermit(poorKey, usd18, 1.01e18);
        vm.prank(relayer);
        orders.orderWithPermit(order_, signature, permit);
        assertEq(usd18.balanceOf(relayer), 0.01e18);
        assertEq(usd18.balanceOf(address(orders)), 1e18);
    }

    /// @dev Somebody takes the permit from the waiting transactions and uses it first.
    function test_worksWhenThePermitWasUsedBefore() public {
        Order memory order_ = poorOrder(DOLLAR);
        Permit memory permit = signPermit(poorKey, usd6, 1.01e6);
        bytes memory signature = signOrder(poorKey, order_);
        vm.prank(stranger);
        usd6.permit(poor, address(orders), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(relayer);
        uint256 id = orders.orderWithPermit(order_, signature, permit);
        assertStatus(id, OrderStatus.Pending);
    }

    /// @dev An allowance alone lets nobody order for somebody else.
    function test_usedPermitAloneIsWorthNothing() public {
        Permit memory permit = signPermit(poorKey, usd6, 1.01e6);
        usd6.permit(poor, address(orders), permit.value, permit.deadline, permit.v, permit.r, permit.s);
        Order memory order_ = poorOrder(DOLLAR);
        bytes memory signature = signOrder(uint256(keccak256("stranger")), order_);
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderSignatureInvalid.selector, poor));
        orders.orderWithPermit(order_, signature, permit);
    }

    function test_contractsBuyByErc1271() public {
        ContractBuyer wallet_ = new ContractBuyer();
        fund(address(wallet_), 10);
        wallet_.approve(address(usd6), address(orders));
        Order memory order_ = someOrder(DOLLAR);
        order_.buyer = address(wallet_);
        order_.nonce = 0;
        Permit memory none;
        vm.expectRevert(abi.encodeWithSelector(ICashOrders.OrderSignatureInvalid.selector, address(wallet_)));
        orders.orderWithPermit(order_, "", none);
        wallet_.agree(orders.orderDigest(order_));
        orders.orderWithPermit(order_, "", none);
        assertEq(usd6.balanceOf(address(orders)), 1e6);
    }

    /// @dev The digest, written out from EIP-712 by hand.
    function test_digest() public view {
        Order memory order_ = poorOrder(DOLLAR);
        bytes32 typeHash = keccak256(
            "Order(address buyer,address stablecoin,uint64 amount,uint64 relayerFee,address account,uint256 note,uint256 nonce,uint256 deadline)"
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET CashOrders"),
                keccak256("1"),
                block.chainid,
                address(orders)
            )
        );
        bytes32 hash = keccak256(
            abi.encode(
                typeHash,
                order_.buyer,
                order_.stablecoin,
                order_.amount,
                order_.relayerFee,
                order_.account,
                order_.note,
                order_.nonce,
                order_.deadline
            )
        );
        assertEq(orders.orderDigest(order_), keccak256(abi.encodePacked(hex"1901", domain, hash)));
    }
}
