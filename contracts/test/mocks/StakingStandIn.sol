// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Roles} from "../../src/types/Roles.sol";

/// @dev Seats and stakes without tokens, until the real staking is deployed by `Mainchain`.
contract StakingStandIn {
    error SeatsExceedCapacity(uint256 seats, uint256 capacity);
    error NoSeat(uint256 node, Roles role);

    uint256 public constant MINIMUM = 1000 ether;

    mapping(uint256 node => mapping(Roles role => uint256)) public bonded;
    mapping(uint256 node => mapping(Roles role => uint256)) public seats;
    mapping(uint256 node => bool) public isBarred;

    function setBonded(uint256 node, Roles role, uint256 amount) external {
        bonded[node][role] = amount;
    }

    function bar(uint256 node) external {
        isBarred[node] = true;
    }

    function capacity(uint256 node, Roles role) public view returns (uint256) {
        return isBarred[node] ? 0 : bonded[node][role] / MINIMUM;
    }

    function takeSeat(uint256 node, Roles role) external {
        uint256 wanted = seats[node][role] + 1;
        if (wanted > capacity(node, role)) revert SeatsExceedCapacity(wanted, capacity(node, role));
        seats[node][role] = wanted;
    }

    function releaseSeat(uint256 node, Roles role) external {
        if (seats[node][role] == 0) revert NoSeat(node, role);
        --seats[node][role];
    }
}
