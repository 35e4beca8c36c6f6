// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {DevStablecoin} from "../../src/dev/DevStablecoin.sol";

/// @dev An honest stablecoin with permit. Anyone mints.
contract Stablecoin is DevStablecoin {
    constructor(string memory symbol_, uint8 decimals_) DevStablecoin(symbol_, decimals_) {}
}

/// @dev Keeps 1% of each transfer.
contract FeeOnTransfer is Stablecoin {
    constructor(uint8 decimals_) Stablecoin("FEE", decimals_) {}

    function _update(address from, address to, uint256 amount) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : amount / 100;
        super._update(from, to, amount - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}

/// @dev Before (`early`) or after each transfer, calls `target` with `data` and keeps what came of it.
contract CallingBack is Stablecoin {
    address public target;
    bytes public data;
    bool public early;
    bool public succeeded;
    bytes public answer;

    constructor() Stablecoin("CALL", 6) {}

    function arm(address target_, bytes calldata data_, bool early_) external {
        (target, data, early) = (target_, data_, early_);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (early) _call();
        super._update(from, to, amount);
        if (!early) _call();
    }

    function _call() private {
        if (target != address(0)) (succeeded, answer) = target.call(data);
    }
}
