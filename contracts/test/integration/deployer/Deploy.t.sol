// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deployer} from "../../../src/Deployer.sol";
import {Test} from "forge-std/Test.sol";
import {CREATE3} from "solady/utils/CREATE3.sol";

/// @dev Remembers what its constructor was told.
contract Told {
    address public immutable other;

    constructor(address other_) {
        other = other_;
    }
}

contract Refuses {
    constructor() {
        revert("no");
    }
}

contract DeployTest is Test {
    Deployer internal deployer;
    address internal stranger = makeAddr("stranger");

    function setUp() public {
        deployer = new Deployer();
    }

    function test_RevertWhen_TheNameIsTaken() public {
        deployer.deploy("A", code(address(1)));
        bytes memory again = code(address(2));
        vm.expectRevert(CREATE3.DeploymentFailed.selector);
        deployer.deploy("A", again);
    }

    function test_RevertWhen_TheConstructorReverts() public {
        bytes memory refusing = type(Refuses).creationCode;
        vm.expectRevert();
        deployer.deploy("A", refusing);
        // The name is still free.
        assertEq(deployer.deploy("A", code(address(1))), deployer.addressOf(address(this), "A"));
    }

    function test_TwoContractsKnowEachOther() public {
        address a = deployer.addressOf(address(this), "A");
        address b = deployer.addressOf(address(this), "B");
        vm.expectEmit(address(deployer));
        emit Deployer.Deployed(address(this), "A", a);
        assertEq(deployer.deploy("A", code(b)), a);
        assertEq(deployer.deploy("B", code(a)), b);
        assertEq(Told(a).other(), b);
        assertEq(Told(b).other(), a);
    }

    function testFuzz_AStrangerCannotTakeAName(bytes32 name) public {
        address mine = deployer.addressOf(address(this), name);
        vm.prank(stranger);
        address theirs = deployer.deploy(name, code(stranger));
        assertNotEq(theirs, mine);
        assertEq(mine.code.length, 0);
        assertEq(deployer.deploy(name, code(address(this))), mine);
    }

    function testFuzz_TheAddressDoesNotFollowFromTheCode(address first, address second) public {
        uint256 snapshot = vm.snapshotState();
        address one = deployer.deploy("A", code(first));
        vm.revertToState(snapshot);
        assertEq(deployer.deploy("A", code(second)), one);
    }

    function code(address other) private pure returns (bytes memory) {
        return bytes.concat(type(Told).creationCode, abi.encode(other));
    }
}
