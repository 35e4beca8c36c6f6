// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IArchiveGroups, ROOT_GROUP} from "../interfaces/IArchiveGroups.sol";
import {ICash} from "../interfaces/ICash.sol";
import {Anchor, Genesis, GroupChange, IChainAnchor} from "../interfaces/IChainAnchor.sol";
import {IParameters} from "../interfaces/IParameters.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IStaking} from "../interfaces/IStaking.sol";
import {CertifiedData} from "../libraries/CertifiedData.sol";
import {Certificate} from "../types/Certificate.sol";
import {ChainClass} from "../types/Chains.sol";
import {Contracts} from "../types/Contracts.sol";
import {CREATOR, Roles, WITNESS} from "../types/Roles.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @title ChainAnchor
/// @notice The DLE chains that the main chain knows. See `IChainAnchor`.
contract ChainAnchor is IChainAnchor, EIP712, ReentrancyGuardTransient {
    using SafeTransferLib for address;

    /// @dev Whose seats a chain holds.
    struct Seating {
        bytes32 membersHash;
        uint256 seated;
    }

    /// @inheritdoc IChainAnchor
    uint256 public constant MAX_MEMBERS = 32;

    /// @inheritdoc IChainAnchor
    uint256 public constant MAX_PREPAID = 3653 days;

    IArchiveGroups private immutable _GROUPS;
    IStaking private immutable _STAKING;
    IParameters private immutable _PARAMETERS;
    IRewards private immutable _REWARDS;
    ICash private immutable _CASH;

    /// @inheritdoc IChainAnchor
    mapping(bytes32 chain => uint256) public nonceOf;

    /// @inheritdoc IChainAnchor
    mapping(bytes32 chain => Seating) public seatedOf;

    mapping(bytes32 chain => Anchor) private _anchors;

    constructor(Contracts memory all) EIP712("CoNET ChainAnchor", "1") {
        _GROUPS = IArchiveGroups(all.archiveGroups);
        _STAKING = IStaking(all.staking);
        _PARAMETERS = IParameters(all.parameters);
        _REWARDS = IRewards(all.rewards);
        _CASH = ICash(all.cash);
    }

    // --- chains ---

    /// @inheritdoc IChainAnchor
    function anchor(Genesis calldata genesis, Certificate calldata certificate) external {
        bytes32 chain = genesis.chain;
        Anchor storage stored = _anchors[chain];
        _checkGenesis(genesis, stored);
        // From the root on, so that a certificate made just before a split still counts.
        _GROUPS.verifyFor(
            chain, ROOT_GROUP, genesisDigest(genesis, certificate.group, certificate.epoch), certificate
        );

        uint32 home = _GROUPS.groupOf(chain);
        stored.genesisHash = genesis.genesisHash;
        stored.membersHash = genesis.membersHash;
        stored.wallet = genesis.wallet;
        stored.class = genesis.class;
        stored.visibility = genesis.visibility;
        stored.quorum = genesis.quorum;
        stored.series = genesis.series;
        stored.home = home;
        stored.groupChanges = 0;
        stored.groupHeight = 0;

        emit ChainAnchored(chain, genesis.series, home, genesis);
        if (genesis.note != 0) {
            _CASH.open(genesis.note, genesis.series, genesis.deposit, genesis.carried, home);
        }
    }

    /// @inheritdoc IChainAnchor
    function changeGroup(GroupChange calldata change, Certificate calldata certificate) external {
        Anchor storage stored = _known(change.chain);
        if (change.series != stored.series) {
            revert SeriesInvalid(change.chain, change.series, stored.series);
        }
        if (change.change != stored.groupChanges + 1) {
            revert ChangeInvalid(change.chain, change.change, stored.groupChanges + 1);
        }
        if (change.height < stored.groupHeight) {
            revert HeightInvalid(change.chain, change.height, stored.groupHeight);
        }
        _GROUPS.verifyFor(
            change.chain,
            stored.home,
            groupChangeDigest(change, certificate.group, certificate.epoch),
            certificate
        );

        stored.membersHash = change.membersHash;
        stored.groupChanges = change.change;
        stored.groupHeight = change.height;

        emit GroupChanged(change.chain, change.series, change.change, change.height, change.membersHash);
    }

    // --- members ---

    /// @inheritdoc IChainAnchor
    function seatMembers(bytes32 chain, uint256[] calldata members) external {
        bytes32 membersHash = _known(chain).membersHash;
        _checkMembers(chain, members, membersHash);
        _checkUnique(members);
        Seating storage seating = seatedOf[chain];
        uint256 before = seating.seated;
        if (seating.membersHash != membersHash) {
            if (before != 0) revert StillSeated(chain, seating.membersHash);
            seating.membersHash = membersHash;
        }

        uint256 seated = before;
        for (uint256 i = 0; i < members.length; ++i) {
            Roles role = roleOf(i);
            if ((before >> i) & 1 != 0) continue;
            if (_STAKING.seats(members[i], role) >= _STAKING.capacity(members[i], role)) continue;
            // Bit i is member i.
            // forge-lint: disable-next-line(incorrect-shift)
            seated |= 1 << i;
            _STAKING.takeSeat(members[i], role);
        }
        if (seated == before) return;
        seating.seated = seated;

        emit MembersSeated(chain, membersHash, members, seated);
    }

    /// @inheritdoc IChainAnchor
    function releaseMembers(bytes32 chain, uint256[] calldata members) external {
        Seating storage seating = seatedOf[chain];
        bytes32 membersHash = seating.membersHash;
        _checkMembers(chain, members, membersHash);
        if (membersHash == _anchors[chain].membersHash) revert StillMembers(chain, membersHash);

        uint256 seated = seating.seated;
        delete seatedOf[chain];

        emit MembersReleased(chain, membersHash);
        for (uint256 i = 0; i < members.length; ++i) {
            if ((seated >> i) & 1 != 0) _STAKING.releaseSeat(members[i], roleOf(i));
        }
    }

    // --- the bound wallet and rent ---

    /// @inheritdoc IChainAnchor
    function setWallet(bytes32 chain, address wallet) external {
        address bound = _known(chain).wallet;
        if (msg.sender != bound) revert NotWallet(chain, msg.sender, bound);
        _setWallet(chain, wallet);
    }

    /// @inheritdoc IChainAnchor
    function setWalletSigned(bytes32 chain, address wallet, uint256 deadline, bytes calldata signature)
        external
    {
        address bound = _known(chain).wallet;
        if (deadline < block.timestamp) revert DeadlinePassed(deadline);
        (address signer, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(walletChangeDigest(chain, wallet, deadline), signature);
        if (problem != ECDSA.RecoverError.NoError || signer != bound) {
            revert WalletSignatureInvalid(chain, bound);
        }
        _setWallet(chain, wallet);
    }

    /// @inheritdoc IChainAnchor
    function payRent(bytes32 chain, address stablecoin, uint64 microDollars) public nonReentrant {
        uint256 scale = _PARAMETERS.stablecoinScale(stablecoin);
        if (scale == 0) revert StablecoinUnknown(stablecoin);
        Anchor storage stored = _anchors[chain];
        uint64 paidThrough = _extended(stored, microDollars);
        stored.paidThrough = paidThrough;

        emit RentPaid(chain, msg.sender, stablecoin, microDollars, paidThrough);
        uint256 amount = microDollars * scale;
        uint256 before = stablecoin.balanceOf(address(this));
        stablecoin.safeTransferFrom(msg.sender, address(this), amount);
        uint256 found = stablecoin.balanceOf(address(this)) - before;
        if (found != amount) revert TransferMismatch(stablecoin, amount, found);
        stablecoin.safeApproveWithRetry(address(_REWARDS), amount);
        _REWARDS.fund(stablecoin, amount);
    }

    /// @inheritdoc IChainAnchor
    function payRentWithPermit(
        bytes32 chain,
        address stablecoin,
        uint64 microDollars,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        uint256 amount = microDollars * _PARAMETERS.stablecoinScale(stablecoin);
        // Somebody may have submitted the permit before: the allowance is what counts.
        try IERC20Permit(stablecoin).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        payRent(chain, stablecoin, microDollars);
    }

    // --- views ---

    /// @inheritdoc IChainAnchor
    function anchorOf(bytes32 chain) external view returns (Anchor memory) {
        return _anchors[chain];
    }

    /// @inheritdoc IChainAnchor
    function homeOf(bytes32 chain) external view returns (uint32) {
        return _anchors[chain].home;
    }

    /// @inheritdoc IChainAnchor
    function roleOf(uint256 index) public pure returns (Roles) {
        return index == 0 ? CREATOR : WITNESS;
    }

    /// @inheritdoc IChainAnchor
    function genesisDigest(Genesis calldata genesis, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(CertifiedData.hashGenesis(genesis, group, epoch));
    }

    /// @inheritdoc IChainAnchor
    function groupChangeDigest(GroupChange calldata change, uint32 group, uint64 epoch)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(CertifiedData.hashGroupChange(change, group, epoch));
    }

    /// @inheritdoc IChainAnchor
    function walletChangeDigest(bytes32 chain, address wallet, uint256 deadline)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            CertifiedData.hashWalletChange(chain, _anchors[chain].wallet, wallet, nonceOf[chain], deadline)
        );
    }

    // --- parts ---

    /// @dev A signature counts once, and none survives any change of the wallet.
    function _setWallet(bytes32 chain, address wallet) private {
        if (wallet == address(0)) revert WalletMissing(chain);
        _anchors[chain].wallet = wallet;
        ++nonceOf[chain];

        emit WalletSet(chain, wallet);
    }

    /// @dev Until when storage is paid for with `microDollars` more.
    function _extended(Anchor storage stored, uint64 microDollars) private view returns (uint64) {
        // Before the genesis the class is unknown, and only storage chains pay ahead.
        ChainClass class = stored.genesisHash == bytes32(0) ? ChainClass.Storage : stored.class;
        uint64 perDay = _PARAMETERS.rentPerDay(class);
        if (perDay == 0) revert RentFree(class);
        uint256 bought = uint256(microDollars) * 1 days / perDay;
        if (bought == 0) revert RentTooSmall(microDollars, perDay);
        uint256 from = stored.paidThrough > block.timestamp ? stored.paidThrough : block.timestamp;
        uint256 latest = block.timestamp + MAX_PREPAID;
        if (from + bought > latest) revert RentTooFar(from + bought, latest);
        // At most ten years from now.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint64(from + bought);
    }

    /// @dev A chain that is known.
    function _known(bytes32 chain) private view returns (Anchor storage stored) {
        stored = _anchors[chain];
        if (stored.genesisHash == bytes32(0)) revert UnknownChain(chain);
    }

    // A flat list: one line a rule.
    // slither-disable-next-line cyclomatic-complexity
    function _checkGenesis(Genesis calldata genesis, Anchor storage stored) private view {
        bytes32 chain = genesis.chain;
        if (genesis.genesisHash == bytes32(0)) revert GenesisHashMissing(chain);
        if (genesis.wallet == address(0)) revert WalletMissing(chain);
        if (stored.genesisHash != bytes32(0)) {
            if (genesis.note == 0) revert AlreadyAnchored(chain);
            if (genesis.quorum != stored.quorum) {
                revert QuorumDiffers(chain, genesis.quorum, stored.quorum);
            }
        }
        if (genesis.series != stored.series + 1) {
            revert SeriesInvalid(chain, genesis.series, stored.series + 1);
        }
        if (genesis.note != 0) {
            if (genesis.class != ChainClass.Asset) revert NotAnAsset(chain);
            bytes32 expected = _CASH.chainOf(genesis.note);
            if (chain != expected) revert ChainDiffers(chain, expected);
        } else if (genesis.deposit != 0 || genesis.carried != 0) {
            revert MoneyWithoutNote(chain, genesis.deposit, genesis.carried);
        }
        if (genesis.class == ChainClass.Storage && stored.paidThrough <= block.timestamp) {
            // While storage is free, there is nothing to pay ahead.
            if (_PARAMETERS.rentPerDay(ChainClass.Storage) != 0) {
                revert RentMissing(chain, stored.paidThrough);
            }
        }
    }

    function _checkMembers(bytes32 chain, uint256[] calldata members, bytes32 expected) private pure {
        if (members.length > MAX_MEMBERS) revert TooManyMembers(members.length, MAX_MEMBERS);
        bytes32 given = keccak256(abi.encode(members));
        if (given != expected) revert MembersDiffer(chain, given, expected);
    }

    /// @dev At most 496 comparisons.
    function _checkUnique(uint256[] calldata members) private pure {
        for (uint256 i = 1; i < members.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (members[i] == members[j]) revert MemberTwice(members[i]);
            }
        }
    }
}
