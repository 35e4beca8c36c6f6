// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CREATE3} from "solady/utils/CREATE3.sol";

/// @title Deployer
/// @notice Deploys contracts to addresses that follow from the caller and a name alone, not from their code. So
///         contracts that need each other are told at construction, nothing is wired afterwards, and a deployment that
///         was cut off goes on where it stopped.
/// @dev Deploy it through the canonical CREATE2 deployer, and it has the same address on every chain.
contract Deployer {
    /// @notice A contract was deployed.
    event Deployed(address indexed caller, bytes32 indexed name, address deployed);

    /// @notice Deploys `code` (creation code and encoded arguments) under `name`. Reverts when the name is taken.
    function deploy(bytes32 name, bytes calldata code) external returns (address deployed) {
        deployed = CREATE3.deployDeterministic(code, _salt(msg.sender, name));
        emit Deployed(msg.sender, name, deployed);
    }

    /// @notice Where `caller`'s contract `name` is or will be.
    function addressOf(address caller, bytes32 name) external view returns (address) {
        return CREATE3.predictDeterministicAddress(_salt(caller, name));
    }

    function _salt(address caller, bytes32 name) private pure returns (bytes32) {
        return keccak256(abi.encode(caller, name));
    }
}
