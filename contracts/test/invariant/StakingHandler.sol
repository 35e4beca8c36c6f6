// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "../../src/governance/Parameters.sol";
import {IConetToken} from "../../src/interfaces/IConetToken.sol";
import {Staking} from "../../src/staking/Staking.sol";
import {Contracts} from "../../src/types/Contracts.sol";
import {Roles, VALIDATOR, WITNESS} from "../../src/types/Roles.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdCheats} from "forge-std/StdCheats.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @dev Does to positions what owners, seaters, the slasher and governance may do, in any order, and keeps its own books.
///      A call that makes no sense now does nothing; one that is made must succeed.
contract StakingHandler is CommonBase, StdCheats, StdUtils {
    /// @dev What was staked, and where it went.
    uint256 public staked;
    uint256 public withdrawn;
    uint256 public slashed;
    uint256 public restored;

    /// @dev Set when something was paid out or taken that must not be.
    string public violation;

    uint256[] public nodes;
    Roles[2] public roles = [WITNESS, VALIDATOR];

    Contracts private _all;
    Staking private _staking;
    IConetToken private _token;
    Parameters private _parameters;
    address[2] private _owners;

    /// @dev Each unbonding as it began: what of it may be withdrawn, and when.
    struct Began {
        uint256 amount;
        uint256 since;
    }
    mapping(uint256 node => mapping(Roles role => Began[])) private _began;
    mapping(uint256 node => mapping(Roles role => uint256)) private _paid;

    constructor(Contracts memory all, uint256[] memory nodes_, address[2] memory owners) {
        _all = all;
        _staking = Staking(all.staking);
        _token = IConetToken(all.token);
        _parameters = Parameters(all.parameters);
        nodes = nodes_;
        _owners = owners;
    }

    function nodeCount() external view returns (uint256) {
        return nodes.length;
    }

    function stake(uint256 nodeSeed, uint256 roleSeed, uint256 amount) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        if (_staking.isBarred(node)) return;
        address owner = ownerOf(node);
        uint256 most = _token.balanceOf(owner);
        if (most == 0) return;
        amount = bound(amount, 1, most < 20_000 ether ? most : 20_000 ether);
        vm.prank(owner);
        _staking.stake(node, role, amount);
        staked += amount;
    }

    function unbond(uint256 nodeSeed, uint256 roleSeed, uint256 amount) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        uint256 bonded = _staking.bonded(node, role);
        uint256 needed =
            _staking.isBarred(node) ? 0 : _staking.seats(node, role) * _parameters.minimumStake(role);
        (uint256[] memory under,) = _staking.unbondings(node, role);
        if (bonded <= needed || under.length == _staking.MAX_UNBONDINGS()) return;
        amount = bound(amount, 1, bonded - needed);
        vm.prank(ownerOf(node));
        _staking.unbond(node, role, amount);
        _began[node][role].push(Began({amount: amount, since: block.timestamp}));
    }

    function withdraw(uint256 nodeSeed, uint256 roleSeed) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        (, uint256[] memory times) = _staking.unbondings(node, role);
        if (times.length == 0 || times[0] > block.timestamp) return;
        address owner = ownerOf(node);
        uint256 before = _token.balanceOf(owner);
        vm.prank(owner);
        uint256 amount = _staking.withdraw(node, role);
        if (_token.balanceOf(owner) != before + amount) violation = "paid something else than it says";
        withdrawn += amount;
        _paid[node][role] += amount;
        if (_paid[node][role] > mature(node, role)) violation = "withdrawn before 21 days";
    }

    function takeSeat(uint256 nodeSeed, uint256 roleSeed) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        if (_staking.seats(node, role) >= _staking.capacity(node, role)) return;
        vm.prank(_all.chainAnchor);
        _staking.takeSeat(node, role);
        if (_staking.seats(node, role) > _staking.capacity(node, role)) {
            violation = "a seat was taken beyond the stake";
        }
    }

    function releaseSeat(uint256 nodeSeed, uint256 roleSeed) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        if (_staking.seats(node, role) == 0) return;
        vm.prank(_all.chainAnchor);
        _staking.releaseSeat(node, role);
    }

    function slash(uint256 nodeSeed, uint256 roleSeed, uint256 amount, bool freeze) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        uint256 held = _staking.bonded(node, role) + _staking.unbonding(node, role);
        amount = bound(amount, 0, 30_000 ether);
        vm.prank(_all.slasher);
        uint256 taken = _staking.slash(node, role, amount, freeze);
        if (taken != (amount < held ? amount : held)) violation = "a slash took something else";
        slashed += taken;
    }

    function restore(uint256 nodeSeed, uint256 roleSeed, uint256 amount) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        amount = bound(amount, 0, _staking.frozen(node, role));
        vm.startPrank(_all.slasher);
        _token.approve(_all.staking, amount);
        _staking.restore(node, role, amount);
        vm.stopPrank();
        restored += amount;
    }

    function forfeit(uint256 nodeSeed, uint256 roleSeed, uint256 amount) external {
        (uint256 node, Roles role) = pick(nodeSeed, roleSeed);
        amount = bound(amount, 0, _staking.frozen(node, role));
        vm.prank(_all.slasher);
        _staking.forfeit(node, role, amount);
    }

    /// @dev Rarely, or soon nobody stakes.
    function bar(uint256 nodeSeed, uint256 luck) external {
        if (luck % 8 != 0) return;
        vm.prank(_all.slasher);
        _staking.bar(nodes[nodeSeed % nodes.length]);
    }

    function setMinimum(uint256 roleSeed, uint256 amount) external {
        vm.prank(_all.timelock);
        _parameters.setMinimumStake(roles[roleSeed % 2], bound(amount, 500 ether, 5000 ether));
    }

    function transfer(uint256 nodeSeed) external {
        uint256 node = nodes[nodeSeed % nodes.length];
        address owner = ownerOf(node);
        vm.prank(owner);
        IERC721(_all.nodeRegistry).transferFrom(owner, owner == _owners[0] ? _owners[1] : _owners[0], node);
    }

    function wait(uint256 seconds_) external {
        skip(bound(seconds_, 1 hours, 12 days));
    }

    /// @dev All that ever began to unbond in a position, 21 days ago or earlier.
    function mature(uint256 node, Roles role) private view returns (uint256 amount) {
        Began[] storage began = _began[node][role];
        for (uint256 i = 0; i < began.length; ++i) {
            if (began[i].since + 21 days <= block.timestamp) amount += began[i].amount;
        }
    }

    function pick(uint256 nodeSeed, uint256 roleSeed) private view returns (uint256, Roles) {
        return (nodes[nodeSeed % nodes.length], roles[roleSeed % 2]);
    }

    function ownerOf(uint256 node) private view returns (address) {
        return IERC721(_all.nodeRegistry).ownerOf(node);
    }
}
