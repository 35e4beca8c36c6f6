// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Certificate, ForcedBase, Header, Leaf, Voucher} from "../integration/forced-exits/ForcedBase.sol";

/// @dev What a forced exit costs, as `CashGas` counts. All leaves are withdrawals that were not paid: the dearest kind.
/// forge-config: default.isolate = true
contract ForcedExitsGas is ForcedBase {
    string internal constant NAME = "ForcedExits";

    function openWith(uint256 count, string memory name) private {
        Leaf[] memory list = new Leaf[](count);
        for (uint64 i = 0; i < count; ++i) {
            list[i] = withdrawal(address(uint160(uint256(keccak256(abi.encode(i))))), i + 1, 100);
        }
        // Alice, who opens, is found last.
        list[count - 1].account = alice;
        Header memory header = headerAt(20, list);
        Certificate memory certificate = certify(header);
        vm.prank(alice);
        forcedExits.open(header, certificate, list);
        vm.snapshotGasLastCall(NAME, name);
    }

    function test_open16() public {
        openWith(16, "open, 16 leaves");
    }

    function test_open256() public {
        openWith(256, "open, 256 leaves");
    }

    function test_claims() public {
        open();
        passChallenge();
        forcedExits.claim(1, 0, leaves[0], proof(0));
        vm.snapshotGasLastCall(NAME, "claim, account, first");
        forcedExits.claim(1, 2, leaves[2], proof(2));
        vm.snapshotGasLastCall(NAME, "claim, withdrawal");
        (Voucher memory shown, bytes memory signature) = voucher(10 * DOLLAR);
        forcedExits.showVoucher(1, 1, leaves[1], proof(1), shown, signature);
        vm.snapshotGasLastCall(NAME, "showVoucher");
        passChallenge();
        forcedExits.claimLocked(1, 1, leaves[1], proof(1));
        vm.snapshotGasLastCall(NAME, "claimLocked");
        forcedExits.returnBond(1);
        vm.snapshotGasLastCall(NAME, "returnBond");
    }
}
