// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Exit} from "../interfaces/ICash.sol";

/// @title CashTypedData
/// @notice The EIP-712 struct hashes of what archive nodes certify about notes. Pinned by `test/vectors/cash.json`.
library CashTypedData {
    bytes32 internal constant EXIT_TYPEHASH = keccak256(
        "Exit(uint256 note,uint32 series,uint64 id,address recipient,uint64 amount,address relayer,uint64 relayerFee,uint64 height,bytes32 blockHash,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant MEMBER_FEES_TYPEHASH = keccak256(
        "MemberFees(bytes32 notesHash,bytes32 amountsHash,address stablecoin,uint256 total,bytes32 root,uint64 period,uint32 group,uint64 epoch)"
    );

    /// @notice The struct hash of `Exit`.
    function hashExit(Exit calldata exit_, uint32 group, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(EXIT_TYPEHASH, exit_, group, epoch));
    }

    /// @notice The struct hash of `MemberFees`.
    function hashMemberFees(
        uint256[] calldata notes,
        uint64[] calldata amounts,
        address stablecoin,
        uint256 total,
        bytes32 root,
        uint64 period,
        uint32 group,
        uint64 epoch
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                MEMBER_FEES_TYPEHASH,
                keccak256(abi.encodePacked(notes)),
                keccak256(abi.encodePacked(amounts)),
                stablecoin,
                total,
                root,
                period,
                group,
                epoch
            )
        );
    }
}
