// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Certificate,
    Offence,
    Overturn,
    ROOT_GROUP,
    SignedVote,
    SlasherBase,
    Verdict
} from "../integration/slasher/SlasherBase.sol";

/// @dev What a case costs, as transactions of their own, 21,000 and calldata included. An archive group of 7 seats, of
///      which 5 sign.
/// forge-config: default.isolate = true
contract SlasherGasTest is SlasherBase {
    string internal constant SLASHER = "Slasher";

    function test_equivocation() public {
        (SignedVote memory first, SignedVote memory second) =
            (signVote(keyOf[wallet], someVote("a")), signBatch(keyOf[wallet], someVote("b"), 1024, 77));
        slasher.commit("commitment");
        vm.snapshotGasLastCall(SLASHER, "commit");
        vm.prank(reporter);
        uint256 caseId = slasher.reportEquivocation(node, first, second);
        vm.snapshotGasLastCall(SLASHER, "reportEquivocation, one vote of 1024");
        restitute(caseId, "root", STAKE / 2);
        vm.snapshotGasLastCall(SLASHER, "restitute");
        slasher.settle(caseId);
        vm.snapshotGasLastCall(SLASHER, "settle");
    }

    function test_verdict() public {
        Verdict memory verdict = someVerdict(Offence.WrongRoot, STAKE);
        Certificate memory certificate = certifyVerdict(verdict, ROOT_GROUP);
        uint256 caseId = slasher.submitVerdict(verdict, certificate);
        vm.snapshotGasLastCall(SLASHER, "submitVerdict");
        appeal(caseId);
        vm.snapshotGasLastCall(SLASHER, "appeal, no other group");
        vm.prank(all.timelock);
        slasher.overturnByTimelock(caseId);
        vm.snapshotGasLastCall(SLASHER, "overturnByTimelock");
    }

    function test_judge() public {
        splitRoot();
        uint256 caseId = judge(Offence.WrongRoot, STAKE);
        uint32 other = appeal(caseId);
        vm.snapshotGasLastCall(SLASHER, "appeal");
        slasher.overturn(Overturn(caseId), certifyOverturn(caseId, other));
        vm.snapshotGasLastCall(SLASHER, "overturn");
    }
}
