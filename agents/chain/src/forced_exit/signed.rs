//! What holders and payers sign, for whoever brings it to the chain.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::SignerSync as _,
};
use conet_bindings::{
    certificate::compact,
    forced_exit::{Consent, Voucher, is_signed_by},
    statement::Header,
};

use super::{ForcedExitError, Result};
use crate::{
    error::ChainError,
    mainchain::{Mainchain, Payer},
};

/// A holder's wish that its note be paid out, until a second.
///
/// # Errors
/// [`ForcedExitError::NotLive`], or that the chain cannot be read.
pub async fn consent(
    chain: &Mainchain,
    holder: &Payer,
    note: U256,
    deadline: u64,
) -> Result<Consent> {
    let series = chain.cash().note(note).call().await?.series;
    if series == 0 {
        return Err(ForcedExitError::NotLive { note });
    }
    let unsigned = Consent {
        note,
        series,
        holder: holder.address(),
        deadline: U256::from(deadline),
        signature: Bytes::new(),
    };
    let digest = unsigned.digest(chain.chain_id(), chain.address("ForcedExits"));
    Ok(Consent { signature: sign(holder, digest)?, ..unsigned })
}

/// What of an authorization a payee may have claimed in all: micro-dollars. Of a lock of another series than the
/// present one, `opened_in` names that one's genesis hash and number.
///
/// # Errors
/// [`ForcedExitError::NotLive`], or that the chain cannot be read.
pub async fn voucher(
    chain: &Mainchain,
    payer: &Payer,
    note: U256,
    authorization: B256,
    total: u64,
    opened_in: Option<(B256, u32)>,
) -> Result<Voucher> {
    let (genesis_hash, series) = match opened_in {
        Some(given) => given,
        None => {
            let id = chain.cash().chainOf(note).call().await?;
            let anchored = chain.chain_anchor().anchorOf(id).call().await?;
            (anchored.genesisHash, anchored.series)
        }
    };
    if genesis_hash.is_zero() {
        return Err(ForcedExitError::NotLive { note });
    }
    let payer_address = payer.address();
    let signature = Bytes::new();
    let unsigned =
        Voucher { genesis_hash, series, authorization, total, payer: payer_address, signature };
    let digest = unsigned.digest(chain.chain_id(), chain.address("Cash"));
    Ok(Voucher { signature: sign(payer, digest)?, ..unsigned })
}

fn sign(by: &Payer, digest: B256) -> Result<Bytes> {
    let signed = by.signer().sign_hash_sync(&digest);
    Ok(compact(&signed.map_err(|error| ChainError::Signing(error.to_string()))?))
}

/// Refuses a consent that would not count for a header now.
pub(super) async fn check_consent(
    chain: &Mainchain,
    header: &Header,
    consent: &Consent,
) -> Result<()> {
    if (consent.note, consent.series) != (header.note, header.series) {
        return Err(ForcedExitError::OtherConsent {
            note: header.note,
            series: header.series,
            found: consent.note,
            found_series: consent.series,
        });
    }
    let now = chain.now().await?;
    if U256::from(now) > consent.deadline {
        return Err(ForcedExitError::ConsentOver { deadline: consent.deadline, now });
    }
    let digest = consent.digest(chain.chain_id(), chain.address("ForcedExits"));
    check_signed("a consent", consent.holder, digest, &consent.signature)
}

/// Refuses what another key signed, or for another network.
pub(super) fn check_signed(
    what: &'static str,
    signer: Address,
    digest: B256,
    signature: &[u8],
) -> Result<()> {
    match is_signed_by(signer, digest, signature) {
        true => Ok(()),
        false => Err(ForcedExitError::NotSigned { what, signer }),
    }
}
