// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../../src/interfaces/IAggregatorV3.sol";

/// @dev An honest aggregator with 8 decimals whose answer is as set, and always of this second unless set otherwise.
contract PriceSource is IAggregatorV3 {
    string public constant description = "CoNET / USD";
    uint256 public constant version = 1;
    uint8 public decimals = 8;

    int256 public answer;
    uint80 public round = 1;
    uint80 public answeredIn = 1;
    uint256 private _updatedAt;

    constructor(int256 answer_) {
        answer = answer_;
    }

    function set(int256 answer_) external {
        answer = answer_;
        (round, answeredIn) = (round + 1, round + 1);
    }

    /// @dev Zero for always now.
    function setUpdatedAt(uint256 updatedAt) external {
        _updatedAt = updatedAt;
    }

    function setRound(uint80 round_, uint80 answeredIn_) external {
        (round, answeredIn) = (round_, answeredIn_);
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function getRoundData(uint80) external view returns (uint80, int256, uint256, uint256, uint80) {
        return latestRoundData();
    }

    function latestRoundData() public view virtual returns (uint80, int256, uint256, uint256, uint80) {
        uint256 updatedAt = _updatedAt == 0 ? block.timestamp : _updatedAt;
        return (round, answer, updatedAt, updatedAt, answeredIn);
    }
}

/// @dev Ways in which a source can be broken.
enum Fault {
    None,
    Reverts,
    RevertsWithMuch,
    EatsGas,
    AnswersNothing,
    AnswersTooLittle,
    AnswersTooMuch,
    AnswersOnes,
    Vanishes
}

/// @dev An aggregator that breaks as it is told.
contract FaultySource is PriceSource {
    Fault public fault;

    constructor() PriceSource(0.1e8) {}

    function setFault(Fault fault_) external {
        fault = fault_;
    }

    function latestRoundData() public view override returns (uint80, int256, uint256, uint256, uint80) {
        if (fault == Fault.Reverts) revert("no data present");
        if (fault == Fault.RevertsWithMuch) _end(false, 100_000);
        if (fault == Fault.EatsGas) while (true) {}
        if (fault == Fault.AnswersNothing) _end(true, 0);
        if (fault == Fault.AnswersTooLittle) _end(true, 159);
        if (fault == Fault.AnswersTooMuch) _end(true, 100_000);
        if (fault == Fault.AnswersOnes) _ones();
        return super.latestRoundData();
    }

    function _end(bool well, uint256 length) private pure {
        assembly ("memory-safe") {
            switch well
            case 0 { revert(0, length) }
            default { return(0, length) }
        }
    }

    function _ones() private pure {
        assembly ("memory-safe") {
            for { let i := 0 } lt(i, 160) { i := add(i, 32) } { mstore(i, not(0)) }
            return(0, 160)
        }
    }
}
