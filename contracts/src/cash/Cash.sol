// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Contracts} from "../types/Contracts.sol";
import {Exits} from "./Exits.sol";
import {Issuance} from "./Issuance.sol";
import {IssuerClaims} from "./IssuerClaims.sol";
import {MemberFees} from "./MemberFees.sol";
import {NoteBooks} from "./NoteBooks.sol";

/// @title Cash
/// @notice Notes and their vault. See `ICash`.
contract Cash is Issuance, Exits, MemberFees, IssuerClaims {
    constructor(Contracts memory all) NoteBooks(all) {}
}
