// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @dev Homes of chains, until `Mainchain` deploys the real anchors.
contract AnchorStandIn {
    mapping(bytes32 chain => uint32) public homeOf;

    function setHome(bytes32 chain, uint32 home) external {
        homeOf[chain] = home;
    }
}
