//! A whole node.

use conet_node::{Mounted, Node, config::NodeConfig};

use crate::material::NodeInfo;
use conet_measure::{BenchError, failed};

pub(crate) async fn start(node: &NodeInfo) -> Result<Node, BenchError> {
    let config = NodeConfig::load(&node.home).map_err(failed("a node's config"))?;
    Node::start(&node.home, config, node.keys()?, Mounted::default())
        .await
        .map_err(failed("starting a node"))
}
