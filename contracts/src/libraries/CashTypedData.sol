// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Exit} from "../interfaces/ICash.sol";
import {Header, Voucher} from "../interfaces/IForcedExits.sol";

/// @title CashTypedData
/// @notice The EIP-712 hashes of what archive nodes certify and payers sign about notes. Pinned by `test/vectors/cash.json`.
library CashTypedData {
    bytes32 internal constant EXIT_TYPEHASH = keccak256(
        "Exit(uint256 note,uint32 series,uint64 id,address recipient,uint64 amount,address relayer,uint64 relayerFee,uint64 height,bytes32 blockHash,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant MEMBER_FEES_TYPEHASH = keccak256(
        "MemberFees(bytes32 notesHash,bytes32 amountsHash,address stablecoin,uint256 total,bytes32 root,uint64 period,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant HEADER_TYPEHASH = keccak256(
        "Header(uint256 note,uint32 series,uint64 height,bytes32 blockHash,bytes32 leavesRoot,uint32 group,uint64 epoch)"
    );

    bytes32 internal constant VOUCHER_TYPEHASH =
        keccak256("Voucher(bytes32 genesisHash,uint32 series,bytes32 authorization,uint64 total)");

    bytes32 internal constant FORCED_EXIT_TYPEHASH =
        keccak256("ForcedExit(uint256 note,uint32 series,uint256 deadline)");

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

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

    /// @notice The struct hash of `Header`.
    function hashHeader(Header calldata header, uint32 group, uint64 epoch) internal pure returns (bytes32) {
        return keccak256(abi.encode(HEADER_TYPEHASH, header, group, epoch));
    }

    /// @notice The struct hash of `ForcedExit`.
    function hashForcedExit(uint256 note, uint32 series, uint256 deadline) internal pure returns (bytes32) {
        return keccak256(abi.encode(FORCED_EXIT_TYPEHASH, note, series, deadline));
    }

    /// @notice The digest of a `Voucher`, in the domain of `Cash`: payers on a note's chain know no other contract.
    function voucherDigest(address cash, Voucher calldata voucher) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPEHASH, keccak256("CoNET Cash"), keccak256("1"), block.chainid, cash)
        );
        bytes32 structHash = keccak256(abi.encode(VOUCHER_TYPEHASH, voucher));
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }
}
