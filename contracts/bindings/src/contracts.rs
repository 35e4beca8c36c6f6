//! Generated from the committed ABI. The contracts share Solidity types, which the generator repeats for each:
//! conversions between them are below.

#![allow(missing_docs)]
// The generated code's own habits.
#![allow(clippy::indexing_slicing, clippy::too_many_arguments)]

alloy::sol! {
    #[sol(rpc, all_derives)]
    Deployer,
    "../abi/Deployer.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    NodeRegistry,
    "../abi/NodeRegistry.json"
}

alloy::sol! {
    #[sol(rpc, all_derives)]
    RouteTable,
    "../abi/RouteTable.json"
}

impl From<RouteTable::KeySet> for NodeRegistry::KeySet {
    fn from(keys: RouteTable::KeySet) -> Self {
        let RouteTable::KeySet { certificate, certificateV4, handle, handleV4 } = keys;
        Self { certificate, certificateV4, handle, handleV4 }
    }
}

impl From<NodeRegistry::KeySet> for RouteTable::KeySet {
    fn from(keys: NodeRegistry::KeySet) -> Self {
        let NodeRegistry::KeySet { certificate, certificateV4, handle, handleV4 } = keys;
        Self { certificate, certificateV4, handle, handleV4 }
    }
}
