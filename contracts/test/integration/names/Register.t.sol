// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INames, IWalletSigned, NameRecord, NamesBase, Registration} from "./NamesBase.sol";
import {IERC20Errors, IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

contract RegisterTest is NamesBase {
    Registration internal registration;

    function setUp() public override {
        super.setUp();
        registration = someRegistration(LABEL);
    }

    function test_refusesWithoutACommitment() public {
        expectRefusal(
            abi.encodeWithSelector(INames.CommitmentUnknown.selector, names.commitmentOf(registration))
        );
    }

    function testFuzz_refusesAYoungCommitment(uint256 age) public {
        bytes32 commitment = names.commitmentOf(registration);
        names.commit(commitment);
        uint256 from = block.timestamp + 60;
        skip(bound(age, 0, 59));
        expectRefusal(abi.encodeWithSelector(INames.CommitmentTooNew.selector, commitment, from));
    }

    function testFuzz_refusesAnOldCommitment(uint256 age) public {
        bytes32 commitment = names.commitmentOf(registration);
        names.commit(commitment);
        uint256 until = block.timestamp + 1 days;
        skip(bound(age, 1 days + 1, 10_000 days));
        expectRefusal(abi.encodeWithSelector(INames.CommitmentTooOld.selector, commitment, until));
    }

    /// @dev Who sees a registration on its way can send it, but not have the name.
    function testFuzz_refusesAnythingElseThanWasCommittedTo(uint256 field, uint256 seed) public {
        commit(registration);
        field = bound(field, 0, 4);
        if (field == 0) registration.label = "bobo2";
        else if (field == 1) registration.owner = stranger;
        else if (field == 2) registration.wallet = stranger;
        else if (field == 3) registration.term = uint32(bound(seed, 2, 10));
        else registration.secret = keccak256(abi.encode(seed));
        expectRefusal(
            abi.encodeWithSelector(INames.CommitmentUnknown.selector, names.commitmentOf(registration))
        );
    }

    function test_refusesACommitmentOfAnotherContractOrChain() public {
        bytes32 commitment = names.commitmentOf(registration);
        vm.chainId(31_338);
        assertNotEq(names.commitmentOf(registration), commitment);
    }

    function test_refusesACommitmentTwice() public {
        registration.term = 1;
        register(registration);
        skip(YEAR + GRACE + 1);
        expectRefusal(
            abi.encodeWithSelector(INames.CommitmentUnknown.selector, names.commitmentOf(registration))
        );
    }

    function test_refusesToCommitTwiceAtATime() public {
        bytes32 commitment = names.commitmentOf(registration);
        names.commit(commitment);
        uint256 until = block.timestamp + 1 days;
        skip(1 days);
        vm.expectRevert(abi.encodeWithSelector(INames.CommitmentExists.selector, commitment, until));
        names.commit(commitment);
        skip(1);
        vm.expectEmit(address(names));
        emit INames.Committed(commitment);
        names.commit(commitment);
        assertEq(names.committedAt(commitment), block.timestamp);
    }

    function test_refusesWhatIsNotALabel() public {
        expectInvalid("", 0);
        expectInvalid("bo", 2);
        expectInvalid("abcdefghijklmnopqrstuvwxyz0123456", 33);
        expectInvalid("Bobo", 0);
        expectInvalid("bo bo", 2);
        expectInvalid("bobo.conet", 4);
        expectInvalid("-bobo", 0);
        expectInvalid("bobo-", 4);
        expectInvalid("xn--bobo", 3);
        expectInvalid(unicode"böbo", 1);
        expectInvalid(string(abi.encodePacked("bob", uint8(0))), 3);
    }

    function testFuzz_refusesATermOutOfBounds(uint32 term) public {
        vm.assume(term == 0 || term > 10);
        registration.term = term;
        commit(registration);
        expectRefusal(abi.encodeWithSelector(INames.TermInvalid.selector, term, 10));
    }

    function test_refusesAnOwnerOfZero() public {
        registration.owner = address(0);
        commit(registration);
        expectRefusal(abi.encodeWithSelector(IERC721Errors.ERC721InvalidReceiver.selector, address(0)));
    }

    function test_refusesAFeeAboveTheLimit() public {
        commit(registration);
        vm.expectRevert(abi.encodeWithSelector(INames.FeeTooHigh.selector, FEE, FEE - 1));
        vm.prank(agent);
        names.register(registration, FEE - 1);
    }

    function test_refusesWhoCannotPay() public {
        commit(registration);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(names), 0, FEE)
        );
        vm.prank(stranger);
        names.register(registration, FEE);
    }

    function test_refusesANameThatIsTaken() public {
        register(LABEL);
        uint256 freeAt = block.timestamp + YEAR + GRACE + 1;
        registration.secret = "other";
        registration.owner = stranger;
        commit(registration);
        bytes memory refusal = abi.encodeWithSelector(INames.NameTaken.selector, idOf(LABEL), freeAt);
        expectRefusal(refusal);
        vm.warp(freeAt - 1);
        expectRefusal(refusal);
    }

    function test_registers() public {
        commit(registration);
        bytes32 commitment = names.commitmentOf(registration);
        uint64 expiresAt = uint64(block.timestamp + YEAR);
        vm.expectEmit(address(names));
        emit INames.NameRegistered(idOf(LABEL), owner, wallet, LABEL, expiresAt, agent, FEE);
        uint256 supply = token.totalSupply();

        vm.prank(agent);
        uint256 id = names.register(registration, FEE);

        assertEq(id, idOf(LABEL));
        assertEq(names.ownerOf(id), owner);
        assertEq(names.balanceOf(owner), 1);
        assertEq(names.resolve(LABEL), wallet);
        assertEq(names.committedAt(commitment), 0);
        assertEq(token.totalSupply(), supply - FEE);
        assertEq(token.balanceOf(address(names)), 0);
        assertEq(names.tokenURI(id), 'data:application/json,{"name":"bobo.conet"}');
        NameRecord memory record = names.recordOf(LABEL);
        assertEq(
            keccak256(abi.encode(record)),
            keccak256(abi.encode(NameRecord(id, LABEL, owner, wallet, expiresAt)))
        );
    }

    function test_paysTheIncomePool() public {
        burnFees(false);
        uint256 supply = token.totalSupply();
        register(LABEL);
        assertEq(rewards.pool(address(token)), FEE);
        assertEq(token.balanceOf(address(rewards)), FEE);
        assertEq(token.allowance(address(names), address(rewards)), 0);
        assertEq(token.totalSupply(), supply);
    }

    function testFuzz_registersEveryLabel(uint256 seed, uint256 length, uint32 term) public {
        registration.label = labelOf(seed, bound(length, 3, 32));
        registration.term = uint32(bound(term, 1, 10));
        uint256 fee = names.feeOf(registration.label, registration.term);
        uint256 before = token.balanceOf(agent);
        uint256 id = register(registration);
        assertEq(id, names.idOf(registration.label));
        assertEq(names.recordOf(registration.label).label, registration.label);
        assertEq(names.recordOf(registration.label).expiresAt, block.timestamp + registration.term * YEAR);
        assertEq(before - token.balanceOf(agent), fee);
        assertEq(fee, parameters.nameFee(bytes(registration.label).length) * registration.term);
    }

    function test_registersAnewWhatRanOut() public {
        uint256 id = register(LABEL);
        vm.prank(owner);
        names.approve(agent, id);
        skip(YEAR + GRACE + 1);
        registration.owner = stranger;
        registration.wallet = agent;
        assertTrue(names.isFree(LABEL));

        assertEq(register(registration), id);

        assertFalse(names.isFree(LABEL));
        assertEq(names.ownerOf(id), stranger);
        assertEq(names.getApproved(id), address(0));
        assertEq(names.balanceOf(owner), 0);
        assertEq(names.balanceOf(stranger), 1);
        assertEq(names.namesOf(owner, 0, 100).length, 0);
        assertEq(names.namesOf(stranger, 0, 100).length, 1);
        assertEq(names.resolve(LABEL), agent);
    }

    /// @dev A label that fits its rules and looks random.
    function labelOf(uint256 seed, uint256 length) private pure returns (string memory) {
        bytes memory alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-";
        bytes memory label = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            bool edge = i == 0 || i == length - 1 || i == 3;
            label[i] = alphabet[uint256(keccak256(abi.encode(seed, i))) % (edge ? 36 : 37)];
        }
        return string(label);
    }

    function expectInvalid(string memory label, uint256 position) private {
        registration.label = label;
        expectRefusal(abi.encodeWithSelector(INames.LabelInvalid.selector, label, position));
        assertEq(names.resolve(label), address(0));
    }

    function expectRefusal(bytes memory revertData) private {
        vm.expectRevert(revertData);
        vm.prank(agent);
        names.register(registration, type(uint256).max);
    }
}
