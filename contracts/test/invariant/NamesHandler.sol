// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Names} from "../../src/directory/Names.sol";
import {Parameters} from "../../src/governance/Parameters.sol";
import {Registration} from "../../src/interfaces/INames.sol";
import {ConetToken} from "../../src/token/ConetToken.sol";
import {Test} from "forge-std/Test.sol";

/// @dev Does to the names what anybody may do, in any order, beside a model of who owns what until when. A call must
///      succeed exactly when the model says so.
contract NamesHandler is Test {
    uint256 internal constant PEOPLE = 4;
    uint256 internal constant YEAR = 365 days;
    uint256 internal constant GRACE = 30 days;

    /// @dev What the model knows of a name.
    struct Model {
        address owner;
        address wallet;
        uint256 expiresAt;
    }

    Names internal names;
    ConetToken internal token;
    Parameters internal parameters;
    address internal timelock;

    string[4] public labels = ["abc", "bobo", "alice", "a-very-long-label-indeed"];
    mapping(uint256 label => Model) public models;

    /// @dev What was paid in fees.
    uint256 public fees;

    /// @dev Set when a call did something that it must not, or not what it must.
    string public violation;

    constructor(Names names_, ConetToken token_, Parameters parameters_, address timelock_) {
        (names, token, parameters, timelock) = (names_, token_, parameters_, timelock_);
        token.approve(address(names), type(uint256).max);
    }

    function register(uint256 which, uint256 who, uint256 wallet, uint32 term, bytes32 secret) external {
        which %= 4;
        Registration memory registration =
            Registration(labels[which], person(who), person(wallet), uint32(bound(term, 1, 10)), secret);
        bytes32 commitment = names.commitmentOf(registration);
        if (names.committedAt(commitment) == 0) names.commit(commitment);
        uint256 age = bound(uint256(secret), 0, 1 days + 60);
        skip(age);
        bool inTime = age >= 60 && age <= 1 days && names.committedAt(commitment) + age == block.timestamp;
        if (names.committedAt(commitment) + age != block.timestamp) return;
        uint256 before = token.balanceOf(address(this));
        (bool ok,) = address(names).call(abi.encodeCall(names.register, (registration, type(uint256).max)));
        if (ok != (inTime && isFree(which))) violation = "registered when not free, or not when free";
        if (!ok) return;
        uint256 fee = parameters.nameFee(bytes(labels[which]).length) * registration.term;
        if (before - token.balanceOf(address(this)) != fee) violation = "another fee was taken";
        fees += fee;
        models[which] =
            Model(registration.owner, registration.wallet, block.timestamp + registration.term * YEAR);
    }

    function renew(uint256 which, uint32 term) external {
        which %= 4;
        term = uint32(bound(term, 1, 10));
        uint256 later = models[which].expiresAt + term * YEAR;
        bool may = !isFree(which) && later <= block.timestamp + 10 * YEAR;
        (bool ok,) =
            address(names).call(abi.encodeCall(names.renew, (labels[which], term, type(uint256).max)));
        if (ok != may) violation = "renewed when it must not be, or not when it must";
        if (!ok) return;
        fees += parameters.nameFee(bytes(labels[which]).length) * term;
        models[which].expiresAt = later;
    }

    function transfer(uint256 which, uint256 from, uint256 to) external {
        which %= 4;
        Model storage model = models[which];
        bool may = isLive(which) && person(from) == model.owner;
        bytes memory call =
            abi.encodeCall(names.transferFrom, (person(from), person(to), names.idOf(labels[which])));
        vm.prank(person(from));
        (bool ok,) = address(names).call(call);
        if (ok != may) violation = "transferred by a stranger, or not by the owner";
        if (!ok || person(from) == person(to)) return;
        (model.owner, model.wallet) = (person(to), address(0));
    }

    function setWallet(uint256 which, uint256 who, uint256 wallet) external {
        which %= 4;
        bool may = isLive(which) && person(who) == models[which].owner;
        vm.prank(person(who));
        (bool ok,) = address(names).call(abi.encodeCall(names.setWallet, (labels[which], person(wallet))));
        if (ok != may) violation = "set by a stranger, or not by the owner";
        if (ok) models[which].wallet = person(wallet);
    }

    function setPrimaryName(uint256 which, uint256 who) external {
        which %= 4;
        bool may = isLive(which) && person(who) == models[which].wallet;
        vm.prank(person(who));
        (bool ok,) = address(names).call(abi.encodeCall(names.setPrimaryName, (labels[which])));
        if (ok != may) violation = "a name was taken that leads elsewhere";
    }

    function setNameFeesBurned(bool burned) external {
        vm.prank(timelock);
        parameters.setNameFeesBurned(burned);
    }

    function wait(uint256 time) external {
        skip(bound(time, 1, 400 days));
    }

    function isLive(uint256 which) public view returns (bool) {
        return block.timestamp <= models[which].expiresAt;
    }

    function isFree(uint256 which) public view returns (bool) {
        return block.timestamp > models[which].expiresAt + GRACE;
    }

    function person(uint256 who) public pure returns (address) {
        // At most `PEOPLE`, and never zero.
        // forge-lint: disable-next-line(unsafe-typecast)
        return address(uint160(0xB0B0 + who % PEOPLE));
    }
}
