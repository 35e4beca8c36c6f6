// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Names} from "../../../src/directory/Names.sol";
import {INames, NameRecord, Registration} from "../../../src/interfaces/INames.sol";
import {IWalletSigned} from "../../../src/interfaces/IWalletSigned.sol";
import {Mainchain} from "../../Mainchain.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @dev The names, a person with a wallet and CoNET, and an agent that submits for her.
abstract contract NamesBase is Mainchain {
    uint256 internal constant FEE = 100e18;
    uint256 internal constant YEAR = 365 days;
    uint256 internal constant GRACE = 30 days;
    string internal constant LABEL = "bobo";

    Names internal names;

    address internal owner;
    uint256 internal ownerKey;
    address internal wallet;
    uint256 internal walletKey;
    address internal agent = makeAddr("agent");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual override {
        super.setUp();
        names = Names(addressOf("Names"));
        (owner, ownerKey) = makeAddrAndKey("owner");
        (wallet, walletKey) = makeAddrAndKey("wallet");
        vm.prank(all.timelock);
        parameters.setNameFee(4, FEE);
        burnFees(true);
        give(agent, 1_000_000e18);
        approve(agent, type(uint256).max);
    }

    function give(address account, uint256 amount) internal {
        token.transfer(account, amount);
    }

    function burnFees(bool burned) internal {
        vm.prank(all.timelock);
        parameters.setNameFeesBurned(burned);
    }

    function approve(address account, uint256 amount) internal {
        vm.prank(account);
        token.approve(address(names), amount);
    }

    /// @dev `label` for `owner` and `wallet`, for one year.
    function someRegistration(string memory label) internal view returns (Registration memory) {
        return Registration({label: label, owner: owner, wallet: wallet, term: 1, secret: "secret"});
    }

    /// @dev Commits to what can be registered now.
    function commit(Registration memory registration) internal {
        names.commit(names.commitmentOf(registration));
        skip(60);
    }

    /// @dev Both steps, paid by the agent.
    function register(Registration memory registration) internal returns (uint256 id) {
        commit(registration);
        vm.prank(agent);
        return names.register(registration, type(uint256).max);
    }

    function register(string memory label) internal returns (uint256 id) {
        return register(someRegistration(label));
    }

    function soon() internal view returns (uint256) {
        return block.timestamp + 10 minutes;
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev What `permitFee` takes, signed by `key`.
    function signPermit(uint256 key, uint256 value, uint256 deadline)
        internal
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        address from = vm.addr(key);
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                from,
                address(names),
                value,
                token.nonces(from),
                deadline
            )
        );
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash)));
    }

    /// @dev The EIP-712 digest of a struct hash, spelled out.
    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("CoNET Names"),
                keccak256("1"),
                block.chainid,
                address(names)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function idOf(string memory label) internal pure returns (uint256) {
        return uint256(bytes32(bytes(label)));
    }

    function nonexistent(uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, id);
    }
}
