//! Signatures of seats over statements, gathered and posted.

use std::path::Path;

use alloy::primitives::{Address, B256, Bytes};
use anyhow::ensure;
use conet_bindings::{certificate::Certificate, statement::Statement};
use conet_chain::{
    Mainchain, Payer,
    archive::{self, ArchiveError, Group},
};
use conet_node::keys::NodeKeys;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{CertifyArgs, SignArgs, SubmitArgs};
use crate::{
    context::{Context, shown},
    files::{read, write},
};

/// One seat's signature.
#[derive(Debug, Serialize, Deserialize)]
struct Signed {
    signer: Address,
    digest: B256,
    signature: Bytes,
}

/// A statement with its certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Certified {
    pub(crate) statement: Statement,
    digest: B256,
    certificate: Certificate,
}

impl Certified {
    /// Reads a file, which must be of this network.
    pub(crate) fn load(chain: &Mainchain, path: &Path) -> anyhow::Result<Self> {
        let certified: Self = read(path, "a certificate")?;
        let expected = archive::digest(chain, &certified.statement);
        let found = certified.digest;
        if expected != found {
            return Err(ArchiveError::OtherDigest { expected, found }.into());
        }
        Ok(certified)
    }

    /// The two, for a contract that takes more with them.
    pub(crate) fn into_parts(self) -> (Statement, Certificate) {
        (self.statement, self.certificate)
    }

    /// Posts it.
    pub(crate) async fn submit(
        self,
        chain: &Mainchain,
        payer: &Payer,
    ) -> anyhow::Result<alloy::rpc::types::TransactionReceipt> {
        let Self { statement, certificate, .. } = self;
        Ok(archive::submit(chain, payer, &statement, certificate).await?)
    }
}

pub(super) async fn sign(
    args: &SignArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let statement: Statement = read(&args.statement, "a statement")?;
    let group = Group::of(chain, &statement).await?;
    let digest = archive::digest(chain, &statement);
    let keys = NodeKeys::load(&args.node_home)?;
    let signature = group.sign(keys.wallet.signer(), digest)?;
    let signed = Signed { signer: keys.wallet.address(), digest, signature };
    let text = format!("signed by {}", signed.signer);
    write(&signed, &args.out, &text, &serde_json::to_value(&signed)?, context)
}

pub(super) async fn certify(
    args: CertifyArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let statement: Statement = read(&args.statement, "a statement")?;
    let group = Group::of(chain, &statement).await?;
    let digest = archive::digest(chain, &statement);
    let mut signatures = Vec::new();
    for home in &args.node_home {
        let keys = NodeKeys::load(home)?;
        signatures.push(group.sign(keys.wallet.signer(), digest)?);
    }
    for path in &args.signature {
        let signed: Signed = read(path, "a signature")?;
        ensure!(
            signed.digest == digest,
            "expected a signature over {digest} in {}, found one over {}: \
             it is of another statement or network",
            shown(path),
            signed.digest
        );
        signatures.push(signed.signature);
    }
    let certificate = group.certify(digest, &signatures)?;
    let signers = certificate.seats.count_ones();
    let text = format!(
        "{}: {signers} of {} seats of archive group {} signed",
        statement.kind(),
        group.signers.len(),
        group.id
    );
    let json = json!({
        "type": statement.kind(),
        "digest": digest,
        "group": group.id,
        "epoch": group.epoch,
        "signers": signers,
        "seats": group.signers.len(),
    });
    let certified = Certified { statement, digest, certificate };
    write(&certified, &args.out, &text, &json, context)
}

pub(super) async fn submit(
    args: &SubmitArgs,
    chain: &Mainchain,
    context: &Context,
) -> anyhow::Result<()> {
    let payer = args.actor.payer(chain, context).await?;
    let certified = Certified::load(chain, &args.certificate)?;
    let (kind, contract) = (certified.statement.kind(), certified.statement.contract());
    let receipt = certified.submit(chain, &payer).await?;
    let json = json!({
        "type": kind,
        "contract": contract.name(),
        "transaction": receipt.transaction_hash,
        "gas": receipt.gas_used,
    });
    let text = format!("{} took the {kind} for {} gas", contract.name(), receipt.gas_used);
    Ok(context.output.result(&json, &text)?)
}
