// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ConetTokenBase} from "../../src/token/ConetTokenBase.sol";
import {NativeConetToken} from "../../src/token/NativeConetToken.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @dev Five holders do with either form of the token what holders can do. Keeps its own books of what was burned.
contract TokenHandler is CommonBase, StdUtils {
    uint256 internal constant HOLDERS = 5;
    bytes32 internal constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    ConetTokenBase public immutable TOKEN;
    bool public immutable IS_NATIVE;

    address[HOLDERS] public holders;
    uint256[HOLDERS] internal keys;

    /// @dev Burned for good, and burned with the right to come back.
    uint256 public burned;
    mapping(address holder => uint256) public backed;

    /// @dev Coins forced into the token.
    uint256 public forced;

    constructor(ConetTokenBase token, bool isNative) {
        TOKEN = token;
        IS_NATIVE = isNative;
        for (uint256 i = 0; i < HOLDERS; ++i) {
            keys[i] = i + 1;
            holders[i] = vm.addr(keys[i]);
        }
    }

    function transfer(uint256 from, uint256 to, uint256 amount) external {
        address owner = holder(from);
        amount = upTo(amount, TOKEN.balanceOf(owner));
        vm.prank(owner);
        require(TOKEN.transfer(holder(to), amount), "refused");
    }

    /// @dev Signs an allowance, and the other takes it.
    function permit(uint256 from, uint256 to, uint256 amount) external {
        address owner = holder(from);
        amount = upTo(amount, TOKEN.balanceOf(owner));
        bytes32 content =
            keccak256(abi.encode(PERMIT, owner, holder(to), amount, TOKEN.nonces(owner), block.timestamp));
        bytes32 digest = keccak256(bytes.concat("\x19\x01", TOKEN.DOMAIN_SEPARATOR(), content));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[from % HOLDERS], digest);
        TOKEN.permit(owner, holder(to), amount, block.timestamp, v, r, s);
        vm.prank(holder(to));
        require(TOKEN.transferFrom(owner, holder(to), amount), "refused");
    }

    function delegate(uint256 from, uint256 to) external {
        vm.prank(holder(from));
        TOKEN.delegate(holder(to));
    }

    function burn(uint256 from, uint256 amount) external {
        address owner = holder(from);
        amount = upTo(amount, TOKEN.balanceOf(owner));
        vm.prank(owner);
        TOKEN.burn(amount);
        burned += amount;
    }

    function burnForReissue(uint256 from, uint256 amount) external {
        address owner = holder(from);
        amount = upTo(amount, TOKEN.balanceOf(owner));
        vm.prank(owner);
        TOKEN.burnForReissue(amount);
        backed[owner] += amount;
    }

    function reissue(uint256 from, uint256 to, uint256 amount) external {
        address owner = holder(from);
        amount = upTo(amount, backed[owner]);
        vm.prank(owner);
        TOKEN.reissue(holder(to), amount);
        backed[owner] -= amount;
    }

    /// @dev More than was burned is never given.
    function reissueTooMuch(uint256 from, uint256 beyond) external {
        address owner = holder(from);
        uint256 amount = backed[owner] + bound(beyond, 1, type(uint128).max);
        vm.prank(owner);
        try TOKEN.reissue(owner, amount) {
            revert("re-issued more than was burned");
        } catch {}
    }

    function deposit(uint256 from, uint256 to, uint256 amount, bool plain) external {
        if (!IS_NATIVE) return;
        address owner = holder(from);
        amount = upTo(amount, owner.balance);
        vm.prank(owner);
        if (plain) {
            (bool sent,) = address(TOKEN).call{value: amount}("");
            require(sent, "refused");
        } else {
            native().depositTo{value: amount}(holder(to));
        }
    }

    function withdraw(uint256 from, uint256 to, uint256 amount) external {
        if (!IS_NATIVE) return;
        address owner = holder(from);
        amount = upTo(amount, TOKEN.balanceOf(owner));
        vm.prank(owner);
        native().withdrawTo(payable(holder(to)), amount);
    }

    /// @dev As a self-destruct or a coinbase payment would.
    function force(uint256 amount) external {
        if (!IS_NATIVE) return;
        amount = bound(amount, 0, 1e18);
        vm.deal(address(TOKEN), address(TOKEN).balance + amount);
        forced += amount;
    }

    function wait(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 30 days));
    }

    function holderCount() external pure returns (uint256) {
        return HOLDERS;
    }

    function holder(uint256 seed) private view returns (address) {
        return holders[seed % HOLDERS];
    }

    function native() private view returns (NativeConetToken) {
        return NativeConetToken(payable(address(TOKEN)));
    }

    function upTo(uint256 amount, uint256 most) private pure returns (uint256) {
        return bound(amount, 0, most);
    }
}
