// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @dev An honest stablecoin with permit. Anyone mints.
contract Stablecoin is ERC20Permit {
    uint8 private immutable _DECIMALS;

    constructor(string memory symbol_, uint8 decimals_) ERC20(symbol_, symbol_) ERC20Permit(symbol_) {
        _DECIMALS = decimals_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _DECIMALS;
    }
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
