//! Signed requests of users.
//!
//! ```text
//! Authorization: CoNET nonce=7,expiry=1700000000,signature=0x…
//! ```
//!
//! The signature is 64 bytes (ERC-2098, low s), EIP-712: `Request(uint64 node,bytes32 chain,string call,bytes32 body,uint64
//! nonce,uint64 expiry)`. The call is method and path with query, `GET /dle/v1/chains/0x…`; the body its keccak256; the node
//! the one that is asked, so that it cannot pass the request on. The domain is "CoNET DLE request", version "1", the main
//! chain's id. A request counts once, and until its expiry, seconds since 1970, at most ten minutes ahead.

use std::collections::{BTreeMap, HashMap};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{Eip712Domain, SolStruct as _},
};
use conet_committee::keys::NodeId;
use conet_ledger::transaction::recover;
use http::header;

use super::RpcLimits;
use crate::keys::WalletKey;

#[allow(missing_docs)]
mod types {
    alloy::sol! {
        struct Request {
            uint64 node;
            bytes32 chain;
            string call;
            bytes32 body;
            uint64 nonce;
            uint64 expiry;
        }
    }
}

/// The domain of what users sign for archive nodes.
#[must_use]
pub fn request_domain(main_chain_id: u64) -> Eip712Domain {
    Eip712Domain::new(
        Some("CoNET DLE request".into()),
        Some("1".into()),
        Some(U256::from(main_chain_id)),
        None,
        None,
    )
}

/// How far a user's clock may be off, seconds.
const CLOCK_SKEW_S: u64 = 120;

/// Why nobody is known by a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// It is not signed.
    #[error("expected a signed request, found none: the chain is not public")]
    Missing,
    /// The header is another.
    #[error("expected `CoNET nonce=…,expiry=…,signature=0x…`, found another form")]
    Malformed,
    /// Nobody's signature.
    #[error("expected a signature of 64 bytes with a low s, found another")]
    Signature,
    /// It is over, or lasts too long.
    #[error("expected an expiry after {now} and at most {max} s later, found {found}")]
    Expiry {
        /// This node's clock, seconds since 1970.
        now: u64,
        /// The longest.
        max: u64,
        /// The request's.
        found: u64,
    },
    /// It came before.
    #[error("expected a new nonce, found {nonce} again")]
    Repeated {
        /// The nonce.
        nonce: u64,
    },
    /// The wallet, or everybody together, asks too much.
    #[error("expected fewer requests, found too many")]
    TooMany,
}

/// What is asked for, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    main_chain_id: u64,
    node: NodeId,
    chain: B256,
    call: String,
    body: B256,
}

impl Asked {
    /// As a node sees it.
    #[must_use]
    pub fn new(
        main_chain_id: u64,
        node: NodeId,
        chain: B256,
        head: &http::request::Parts,
        body: &[u8],
    ) -> Self {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        Self::of(main_chain_id, node, chain, (head.method.as_str(), path), body)
    }

    /// As a user makes it: method, and path with query.
    #[must_use]
    pub fn of(
        main_chain_id: u64,
        node: NodeId,
        chain: B256,
        (method, path): (&str, &str),
        body: &[u8],
    ) -> Self {
        let call = format!("{method} {path}");
        Self { main_chain_id, node, chain, call, body: keccak256(body) }
    }

    /// What is signed.
    #[must_use]
    pub fn digest(&self, nonce: u64, expiry: u64) -> B256 {
        let typed = types::Request {
            node: self.node.0,
            chain: self.chain,
            call: self.call.clone(),
            body: self.body,
            nonce,
            expiry,
        };
        typed.eip712_signing_hash(&request_domain(self.main_chain_id))
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self, key: &WalletKey, nonce: u64, expiry: u64) -> String {
        let signature = key.sign(self.digest(nonce, expiry));
        format!("CoNET nonce={nonce},expiry={expiry},signature={signature}")
    }
}

/// Who asks, by a signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) wallet: Address,
    nonce: u64,
    expiry: u64,
}

/// Lets each request count once.
#[derive(Debug)]
pub(crate) struct Guard {
    limits: RpcLimits,
    /// Nonces by wallet, with their expiry.
    seen: HashMap<Address, BTreeMap<u64, u64>>,
    count: usize,
    /// When what has expired was last forgotten.
    swept_s: u64,
}

impl Guard {
    pub(crate) fn new(limits: RpcLimits) -> Self {
        Self { limits, seen: HashMap::new(), count: 0, swept_s: 0 }
    }

    /// Whose request it is. It counts once it is [remembered](Self::remember): strangers fill no place of others.
    pub(crate) fn identify(
        &self,
        asked: &Asked,
        head: &http::request::Parts,
        now_s: u64,
    ) -> Result<Claim, AuthError> {
        let value = head.headers.get(header::AUTHORIZATION).ok_or(AuthError::Missing)?;
        let value = value.to_str().map_err(|_| AuthError::Malformed)?;
        let (nonce, expiry, signature) = parse(value).ok_or(AuthError::Malformed)?;
        let max = self.limits.request_seconds_max;
        if expiry < now_s || expiry > now_s + max + CLOCK_SKEW_S {
            return Err(AuthError::Expiry { now: now_s, max, found: expiry });
        }
        let digest = asked.digest(nonce, expiry);
        let wallet = recover(digest, &signature).map_err(|_| AuthError::Signature)?;
        Ok(Claim { wallet, nonce, expiry })
    }

    /// Lets a request of somebody who may ask count, once.
    pub(crate) fn remember(&mut self, claim: Claim, now_s: u64) -> Result<(), AuthError> {
        let Claim { wallet, nonce, expiry } = claim;
        if self.swept_s != now_s && self.count >= self.limits.requests_max / 2 {
            self.sweep(now_s);
        }
        let nonces = self.seen.get(&wallet);
        if nonces.is_some_and(|nonces| nonces.contains_key(&nonce)) {
            return Err(AuthError::Repeated { nonce });
        }
        let of_wallet = nonces.map_or(0, BTreeMap::len);
        if of_wallet >= self.limits.requests_per_wallet_max {
            self.sweep_wallet(wallet, now_s);
        }
        let of_wallet = self.seen.get(&wallet).map_or(0, BTreeMap::len);
        if of_wallet >= self.limits.requests_per_wallet_max
            || self.count >= self.limits.requests_max
        {
            return Err(AuthError::TooMany);
        }
        self.seen.entry(wallet).or_default().insert(nonce, expiry);
        self.count += 1;
        Ok(())
    }

    fn sweep_wallet(&mut self, wallet: Address, now_s: u64) {
        if let Some(nonces) = self.seen.get_mut(&wallet) {
            let before = nonces.len();
            nonces.retain(|_, expiry| *expiry >= now_s);
            self.count -= before - nonces.len();
        }
    }

    fn sweep(&mut self, now_s: u64) {
        self.swept_s = now_s;
        self.seen.retain(|_, nonces| {
            nonces.retain(|_, expiry| *expiry >= now_s);
            !nonces.is_empty()
        });
        self.count = self.seen.values().map(BTreeMap::len).sum();
    }
}

fn parse(value: &str) -> Option<(u64, u64, Bytes)> {
    let (mut nonce, mut expiry, mut signature) = (None, None, None);
    for field in value.strip_prefix("CoNET ")?.split(',') {
        match field.trim().split_once('=')? {
            ("nonce", value) if nonce.is_none() => nonce = Some(value.parse().ok()?),
            ("expiry", value) if expiry.is_none() => expiry = Some(value.parse().ok()?),
            ("signature", value) if signature.is_none() => signature = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some((nonce?, expiry?, signature?))
}

#[cfg(test)]
mod tests {
    use http::Request;
    use zeroize::Zeroizing;

    use super::*;

    const NOW: u64 = 1_000;

    fn key(byte: u8) -> WalletKey {
        WalletKey::new(&Zeroizing::new([byte; 32])).unwrap()
    }

    fn head(authorization: Option<&str>) -> http::request::Parts {
        let mut request = Request::builder().method("GET").uri("/dle/v1/chains/0x00?a=1");
        if let Some(value) = authorization {
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn asked(node: u64, body: &[u8]) -> Asked {
        Asked::new(1, NodeId(node), B256::ZERO, &head(None), body)
    }

    impl Guard {
        fn admit(
            &mut self,
            asked: &Asked,
            head: &http::request::Parts,
            now_s: u64,
        ) -> Result<Address, AuthError> {
            let claim = self.identify(asked, head, now_s)?;
            self.remember(claim, now_s)?;
            Ok(claim.wallet)
        }
    }

    fn guard() -> Guard {
        let limits =
            RpcLimits { requests_per_wallet_max: 2, requests_max: 3, ..RpcLimits::default() };
        Guard::new(limits)
    }

    #[test]
    fn a_request_counts_once_and_for_what_it_asks() {
        let mut guard = guard();
        let signed = asked(1, b"body").authorization(&key(1), 7, NOW + 10);
        let head = head(Some(&signed));
        let wallet = key(1).wallet();
        // For another node or body it is somebody else's signature.
        for other in [asked(2, b"body"), asked(1, b"other")] {
            assert_ne!(guard.admit(&other, &head, NOW), Ok(wallet));
        }
        let mut guard = Guard::new(RpcLimits::default());
        assert_eq!(guard.admit(&asked(1, b"body"), &head, NOW), Ok(wallet));
        let repeated = Err(AuthError::Repeated { nonce: 7 });
        assert_eq!(guard.admit(&asked(1, b"body"), &head, NOW), repeated);
    }

    #[test]
    fn late_early_and_malformed_ones_do_not_count() {
        let mut guard = guard();
        let what = asked(1, b"");
        assert_eq!(guard.admit(&what, &head(None), NOW), Err(AuthError::Missing));
        for bad in ["", "Basic x", "CoNET nonce=1", "CoNET nonce=1,expiry=x,signature=0x"] {
            assert_eq!(guard.admit(&what, &head(Some(bad)), NOW), Err(AuthError::Malformed));
        }
        let short = format!("CoNET nonce=1,expiry={NOW},signature=0x00");
        assert_eq!(guard.admit(&what, &head(Some(&short)), NOW), Err(AuthError::Signature));
        for expiry in [NOW - 1, NOW + 721, u64::MAX] {
            let signed = what.authorization(&key(1), 1, expiry);
            let error = AuthError::Expiry { now: NOW, max: 600, found: expiry };
            assert_eq!(guard.admit(&what, &head(Some(&signed)), NOW), Err(error));
        }
    }

    #[test]
    fn strangers_fill_no_place_of_others() {
        let mut guard = guard();
        let what = asked(1, b"");
        // Nobody lets them in, so nothing of them is remembered.
        for byte in 10..60 {
            let signed = what.authorization(&key(byte), 1, NOW + 5);
            assert!(guard.identify(&what, &head(Some(&signed)), NOW).is_ok());
        }
        let signed = what.authorization(&key(1), 1, NOW + 5);
        assert_eq!(guard.admit(&what, &head(Some(&signed)), NOW), Ok(key(1).wallet()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let mut guard = guard();
        let what = asked(1, b"");
        let mut admit = |byte: u8, nonce: u64, now: u64| {
            let signed = what.authorization(&key(byte), nonce, now + 5);
            guard.admit(&what, &head(Some(&signed)), now)
        };
        assert!(admit(1, 1, NOW).is_ok() && admit(1, 2, NOW).is_ok());
        assert_eq!(admit(1, 3, NOW), Err(AuthError::TooMany));
        assert!(admit(2, 1, NOW).is_ok());
        assert_eq!(admit(3, 1, NOW), Err(AuthError::TooMany));
        assert!(admit(1, 3, NOW + 6).is_ok() && admit(3, 1, NOW + 6).is_ok());
    }
}
