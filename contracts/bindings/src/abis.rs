//! The contracts' interfaces as JSON, for programs that read any of their events.

/// A contract's name, and what its compiler said of it: an object whose `abi` is the interface.
pub type Named = (&'static str, &'static str);

macro_rules! abis {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../abi/", $name, ".json")))),*]
    };
}

/// Every contract that stands once on the main chain and has events.
pub const ABIS: [Named; 22] = abis![
    "ArchiveGroups",
    "Cash",
    "CashOrders",
    "CashPool",
    "ChainAnchor",
    "ConetGovernor",
    "ConetToken",
    "DappRegistry",
    "ForcedExits",
    "MedianAggregator",
    "Names",
    "NativeConetToken",
    "NodeRatings",
    "NodeRegistry",
    "Parameters",
    "PriceFeed",
    "Rewards",
    "RouteTable",
    "Slasher",
    "Staking",
    "Timelock",
    "Vesting",
];
