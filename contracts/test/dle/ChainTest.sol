// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    CHAIN_CONTRACT,
    IChainContract,
    IMoneyContract,
    SYSTEM
} from "../../src/interfaces/IChainContract.sol";
import {Test} from "forge-std/Test.sol";

/// @dev A DLE chain, as far as its contract sees one. To test a contract of yours:
///
///      found("MyContract", definitions)   puts its code where chains have it, and initializes it, as a genesis does
///      begin(hash)                        the first block of an asset chain
///      send(sender, call)                 a transaction: its call, then its gas in one with it, at `gasPrice`
///      sendRefused(sender, call, error)   a call that fails; an asset chain charges its gas all the same, any other does
///                                         not take it
///
///      Views are called as they are, at `CHAIN_CONTRACT`.
abstract contract ChainTest is Test {
    /// @dev Pico-dollars for one unit of gas. Zero on chains that hold no money, and at first.
    uint64 internal gasPrice;

    /// @dev What the last transaction paid.
    uint64 internal gasPaid;

    function found(string memory name, bytes memory definitions) internal {
        vm.etch(CHAIN_CONTRACT, vm.getDeployedCode(string.concat(name, ".sol:", name)));
        vm.prank(SYSTEM);
        IChainContract(CHAIN_CONTRACT).initialize(definitions);
    }

    function begin(bytes32 genesisHash) internal {
        vm.prank(SYSTEM);
        IMoneyContract(CHAIN_CONTRACT).begin(genesisHash);
    }

    function send(address sender, bytes memory call) internal returns (bytes memory output) {
        bool success;
        (success, output) = run(sender, call);
        if (!success) {
            // As a call by the test would have failed.
            assembly ("memory-safe") {
                revert(add(output, 32), mload(output))
            }
        }
    }

    function sendRefused(address sender, bytes memory call, bytes memory expected) internal {
        (bool success, bytes memory output) = run(sender, call);
        assertFalse(success, "was not refused");
        assertEq(output, expected, "refused with another error");
    }

    /// @dev Whatever becomes of it. On a chain that holds no money there is no gas to charge.
    function run(address sender, bytes memory call)
        internal
        virtual
        returns (bool success, bytes memory output)
    {
        uint256 before = gasleft();
        vm.prank(sender);
        (success, output) = CHAIN_CONTRACT.call(call);
        gasPaid = uint64(before - gasleft()) * gasPrice;
        if (holdsMoney()) chargeGas(sender, gasPaid);
    }

    function chargeGas(address sender, uint64 pico) internal {
        vm.prank(SYSTEM);
        IMoneyContract(CHAIN_CONTRACT).chargeGas(sender, pico);
    }

    /// @dev Whether this is an asset chain.
    function holdsMoney() internal pure virtual returns (bool) {
        return false;
    }
}
