//! "This key belongs to that wallet": a claim that counts only when two
//! signatures verify.
//!
//! The contracts check one of them, the wallet's (EIP-712) over the
//! fingerprints, at the moment of submission. They cannot check the other, the
//! certificate's own over the wallet's address: anybody can put anybody's
//! handle on chain under a wallet of their own. And whoever serves a record may
//! make it up. So readers check both here, and the checked types below exist in
//! no other way.
//!
//! What a signature does not say: how fresh it is. Keep the highest
//! [`serial`](VerifiedRoute::serial) seen of each wallet and refuse lower ones.
//! Nor does a node's wallet sign its owner's part of the record (endpoints,
//! roles, prices, owner): those are as true as their source.

use alloy::primitives::{Address, B256, Bytes, FixedBytes};

use crate::{
    message::signer,
    openpgp::{Handle, PublicCertificate},
    request::CLOCK_SKEW_SECONDS,
};

mod address;
mod error;
mod node;
mod route;
#[cfg(test)]
mod tests;

pub use address::{EndpointPolicy, NOWHERE, RefusedRange};
pub use error::ClaimError;
pub use node::{ENDPOINTS_MAX, Prices, Roles, Specs, VerifiedNode, verify_node};
pub use route::{VerifiedRoute, verify_route, verify_signed_route};

/// A wallet's keys, both signatures checked.
#[derive(Debug, Clone)]
struct VerifiedKeys {
    certificate: PublicCertificate,
    certificate_v4: Option<PublicCertificate>,
}

impl VerifiedKeys {
    fn parse(
        wallet: Address,
        [certificate, certificate_v4]: [&Bytes; 2],
        handle: B256,
        handle_v4: FixedBytes<20>,
        now: u64,
    ) -> Result<Self, ClaimError> {
        // A certificate made a moment ago by a clock ahead of ours is no forgery.
        let at = now.saturating_add(CLOCK_SKEW_SECONDS);
        let parse = |bytes: &[u8], handle: Handle| {
            PublicCertificate::parse(bytes, wallet, handle, at).map_err(|source| {
                ClaimError::Certificate { version: handle.version(), source: Box::new(source) }
            })
        };
        let certificate_v4 = match (certificate_v4.is_empty(), handle_v4.is_zero()) {
            (true, true) => None,
            (false, false) => Some(parse(certificate_v4, Handle::V4(handle_v4.0))?),
            (true, false) => return Err(ClaimError::HandleV4 { found: "handle" }),
            (false, true) => return Err(ClaimError::HandleV4 { found: "certificate" }),
        };
        let certificate = parse(certificate, Handle::V6(handle.0))?;
        Ok(Self { certificate, certificate_v4 })
    }

    fn expires(&self) -> Option<u64> {
        let v4 = self.certificate_v4.as_ref().and_then(PublicCertificate::expires);
        self.certificate.expires().into_iter().chain(v4).min()
    }

    fn handles(&self) -> impl Iterator<Item = Handle> {
        let v4 = self.certificate_v4.as_ref().map(PublicCertificate::handle);
        std::iter::once(self.certificate.handle()).chain(v4)
    }
}

/// Whether `wallet` signed `digest`, in the one form that the contracts accept.
fn check_signer(wallet: Address, digest: &B256, signature: &[u8]) -> Result<(), ClaimError> {
    let form = |found: &str| ClaimError::SignatureForm { found: found.to_owned() };
    let bytes: &[u8; 65] =
        signature.try_into().map_err(|_| form(&format!("{} bytes", signature.len())))?;
    if !matches!(bytes, [.., 27 | 28]) {
        return Err(form("another v"));
    }
    let found = signer(digest, bytes).ok_or_else(|| form("a high s, or no point of the curve"))?;
    if found == wallet { Ok(()) } else { Err(ClaimError::Signature { expected: wallet, found }) }
}
