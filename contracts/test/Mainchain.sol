// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deployer} from "../src/Deployer.sol";
import {Cash} from "../src/cash/Cash.sol";
import {ForcedExits} from "../src/cash/ForcedExits.sol";
import {Parameters} from "../src/governance/Parameters.sol";
import {PriceFeed} from "../src/governance/PriceFeed.sol";
import {Allocation} from "../src/interfaces/IConetToken.sol";
import {PriceGuard} from "../src/interfaces/IGuardedPriceFeed.sol";
import {ParametersGenesis} from "../src/interfaces/IParameters.sol";
import {Rewards} from "../src/staking/Rewards.sol";
import {ConetToken} from "../src/token/ConetToken.sol";
import {Contracts} from "../src/types/Contracts.sol";
import {PriceSource} from "./mocks/PriceSource.sol";
import {Stablecoin} from "./mocks/Stablecoins.sol";
import {Test} from "forge-std/Test.sol";

/// @dev The whole main chain as it is deployed for real: each contract under its name, told where all others are.
abstract contract Mainchain is Test {
    Deployer internal deployer;

    /// @dev Where every contract is or will be.
    Contracts internal all;

    /// @dev All 500 million are the test's own.
    ConetToken internal token;

    /// @dev With `usd6` and `usd18` approved. `vm.prank(all.timelock)` to set something.
    Parameters internal parameters;
    address internal guardian = makeAddr("guardian");

    /// @dev The feed says what the source says (at first $0.10), within its band.
    PriceFeed internal priceFeed;
    PriceSource internal priceSource;

    /// @dev Honest stablecoins of 6 and of 18 decimals.
    Stablecoin internal usd6;
    Stablecoin internal usd18;

    Cash internal cash;
    ForcedExits internal forcedExits;

    /// @dev The income pool is empty.
    Rewards internal rewards;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1_000_000);
        deployer = new Deployer();
        all = Contracts({
            token: addressOf("ConetToken"),
            timelock: addressOf("Timelock"),
            governor: addressOf("ConetGovernor"),
            parameters: addressOf("Parameters"),
            rewards: addressOf("Rewards"),
            nodeRegistry: addressOf("NodeRegistry"),
            staking: addressOf("Staking"),
            slasher: addressOf("Slasher"),
            archiveGroups: addressOf("ArchiveGroups"),
            chainAnchor: addressOf("ChainAnchor"),
            cash: addressOf("Cash"),
            cashOrders: addressOf("CashOrders"),
            cashPool: addressOf("CashPool"),
            forcedExits: addressOf("ForcedExits")
        });
        _deployGoverned();
        deploy("NodeRegistry");
        deploy("NodeRatings");
        cash = Cash(deploy("Cash"));
        deploy("CashOrders");
        deploy("CashPool");
        forcedExits = ForcedExits(deploy("ForcedExits"));
        deploy("Staking");
        deploy("Slasher");
        rewards = Rewards(deploy("Rewards"));
        deploy("Names");
        deploy("DappRegistry");
        bytes memory founding = abi.encode(all, archiveMinSeats(), address(this));
        deploy("ArchiveGroups", founding);
        deploy("ChainAnchor");
    }

    /// @dev Deploys a contract whose constructor takes `Contracts` and nothing else.
    function deploy(string memory name) internal returns (address) {
        return deploy(name, abi.encode(all));
    }

    /// @dev The fewest seats of an archive group. This contract is the groups' founder.
    function archiveMinSeats() internal pure virtual returns (uint256) {
        return 10;
    }

    /// @dev Deploys a contract whose constructor takes `arguments`, encoded. The code comes from the build, so that no
    ///      test holds that of every contract.
    function deploy(string memory name, bytes memory arguments) internal returns (address) {
        bytes memory code = vm.getCode(string.concat(name, ".sol:", name));
        return deployer.deploy(bytes32(bytes(name)), bytes.concat(code, arguments));
    }

    /// @dev The token, the price and the parameters. The timelock's address has no code: tests speak in its name. See
    ///      `Governed` for the governor and the real timelock.
    function _deployGoverned() private {
        Allocation[] memory genesis = new Allocation[](1);
        genesis[0] = Allocation({account: address(this), amount: 500_000_000e18});
        token = ConetToken(deploy("ConetToken", abi.encode(genesis)));

        priceSource = new PriceSource(0.1e8);
        PriceGuard memory guard =
            PriceGuard({maxAge: 1 hours, step: 10_000, interval: 1 hours, initialPrice: 0.1e8});
        bytes memory arguments = abi.encode(all, priceSource, guard);
        priceFeed = PriceFeed(deploy("PriceFeed", arguments));

        usd6 = new Stablecoin("USD6", 6);
        usd18 = new Stablecoin("USD18", 18);
        ParametersGenesis memory start =
            ParametersGenesis({guardian: guardian, priceFeed: priceFeed, stablecoins: new address[](2)});
        start.stablecoins[0] = address(usd6);
        start.stablecoins[1] = address(usd18);
        parameters = Parameters(deploy("Parameters", abi.encode(all, start)));
    }

    function addressOf(bytes32 name) internal view returns (address) {
        return deployer.addressOf(address(this), name);
    }
}
