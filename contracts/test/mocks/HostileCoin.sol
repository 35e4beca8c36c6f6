// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Stablecoin} from "./Stablecoins.sol";

/// @dev Refuses recipients on a list, and answers false instead of reverting when told to.
contract HostileCoin is Stablecoin {
    mapping(address => bool) public blocked;
    bool public liar;

    error Blocked(address account);

    constructor() Stablecoin("HOSTILE", 6) {}

    function setBlocked(address account, bool blocked_) external {
        blocked[account] = blocked_;
    }

    function setLiar(bool liar_) external {
        liar = liar_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (liar) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (liar) return true;
        return super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (blocked[to]) revert Blocked(to);
        super._update(from, to, amount);
    }
}
