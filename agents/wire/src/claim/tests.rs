use alloy::{
    primitives::{Address, B256, U256, uint},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolStruct,
};
use conet_bindings::{NodeKeys, NodeRegistry, RouteTable, endpoint, node_registry_domain, roles};
use proptest::prelude::*;

use super::*;
use crate::{
    network::Network,
    openpgp::{CertificateError, Identity, WalletSecret},
    request::SignedRoute,
    veil::TransportPublic,
};

const NOW: u64 = 1_800_000_000;

fn network() -> Network {
    Network { chain_id: 31_337, registry: Address::repeat_byte(1), routes: Address::repeat_byte(2) }
}

fn other_networks() -> [Network; 2] {
    let (registry, routes) = (Address::repeat_byte(3), Address::repeat_byte(4));
    [Network { chain_id: 1, ..network() }, Network { registry, routes, ..network() }]
}

struct Wallet {
    signer: PrivateKeySigner,
    identity: Identity,
}

fn wallet(byte: u8) -> Wallet {
    let secret = WalletSecret::from_bytes(&[byte; 32]).unwrap();
    Wallet { signer: secret.signer().clone(), identity: Identity::derive(&secret).unwrap() }
}

impl Wallet {
    fn keys(&self) -> RouteTable::KeySet {
        RouteTable::KeySet {
            certificate: self.identity.certificate().to_vec().into(),
            certificateV4: self.identity.certificate_v4().to_vec().into(),
            handle: self.identity.handle().into(),
            handleV4: self.identity.handle_v4().into(),
        }
    }

    fn route(&self) -> RouteTable::RouteRecord {
        self.route_with(self.keys())
    }

    fn route_with(&self, keys: RouteTable::KeySet) -> RouteTable::RouteRecord {
        let update = RouteTable::RouteUpdate {
            wallet: self.signer.address(),
            keys,
            epoch: 0,
            agent: U256::from(7),
            expiry: NOW + 1_000,
        };
        self.sign_route(update)
    }

    fn sign_route(&self, update: RouteTable::RouteUpdate) -> RouteTable::RouteRecord {
        let (nonce, deadline) = (U256::from(4), U256::from(NOW));
        let route = SignedRoute::sign(&network(), &self.signer, update, nonce, deadline).unwrap();
        RouteTable::RouteRecord {
            update: route.update,
            serial: 5,
            updatedAt: NOW - 1,
            nonce,
            deadline,
            signature: route.signature.to_vec().into(),
        }
    }

    fn node(&self) -> NodeRegistry::NodeRecord {
        self.node_with(self.keys().into())
    }

    fn node_with(&self, keys: NodeRegistry::KeySet) -> NodeRegistry::NodeRecord {
        let config = NodeRegistry::NodeConfig {
            wallet: self.signer.address(),
            keys,
            transportKey: B256::repeat_byte(9),
            endpoints: vec![endpoint::encode("8.8.8.8:80".parse().unwrap())],
            roles: 3,
            prices: NodeRegistry::Prices {
                bandwidth: 1,
                storage_: 2,
                vcpu: 4,
                memory_: 5,
                minimumAuthorization: 3,
            },
            specs: NodeRegistry::Specs { vcpus: 6, memory_: 7, storage_: 8, outbound: 9 },
        };
        let consent = NodeRegistry::Consent {
            owner: Address::repeat_byte(8),
            nonce: U256::from(1),
            deadline: U256::from(NOW),
            signature: Bytes::new(),
        };
        let (owner, id) = (Address::repeat_byte(8), U256::from(6));
        let (serial, online) = (2, true);
        let mut record =
            NodeRegistry::NodeRecord { id, owner, serial, updatedAt: NOW, online, config, consent };
        let domain = node_registry_domain(network().chain_id, network().registry);
        let digest = NodeKeys::from(&record).eip712_signing_hash(&domain);
        let signature = self.signer.sign_hash_sync(&digest).unwrap();
        record.consent.signature = signature.as_bytes().to_vec().into();
        record
    }
}

fn check_node(record: &NodeRegistry::NodeRecord) -> Result<VerifiedNode, ClaimError> {
    verify_node(&network(), record, NOW, EndpointPolicy::Public)
}

#[test]
fn a_route_says_who_where_and_with_which_keys() {
    let bobo = wallet(1);
    let route = verify_route(&network(), &bobo.route(), NOW).unwrap();
    assert_eq!(route.wallet(), bobo.signer.address());
    assert_eq!(route.agent(), Some(U256::from(7)));
    assert_eq!((route.epoch(), route.serial(), route.expiry()), (0, 5, NOW + 1_000));
    assert_eq!(route.certificate().as_bytes(), bobo.identity.certificate());
    assert_eq!(route.handles().count(), 2);
}

#[test]
fn a_route_may_have_no_v4_certificate_and_no_agent() {
    let bobo = wallet(1);
    let mut update = bobo.route().update;
    update.keys.certificateV4 = Bytes::new();
    update.keys.handleV4 = FixedBytes::ZERO;
    update.agent = U256::ZERO;
    let route = verify_route(&network(), &bobo.sign_route(update), NOW).unwrap();
    assert!(route.certificate_v4().is_none());
    assert_eq!(route.agent(), None);
}

#[test]
fn what_a_wallet_signed_verifies_before_it_is_submitted() {
    let record = wallet(1).route();
    let signature = record.signature.as_ref().try_into().unwrap();
    let RouteTable::RouteRecord { update, nonce, deadline, .. } = record;
    let mut route = SignedRoute { update, nonce, deadline, signature };
    assert_eq!(verify_signed_route(&network(), &route, NOW).unwrap().serial(), 5);
    route.nonce = U256::MAX;
    let error = verify_signed_route(&network(), &route, NOW).unwrap_err();
    assert!(matches!(error, ClaimError::Serial { .. }));
}

#[test]
fn nobody_else_s_key_becomes_ones_own() {
    let (bobo, mallory) = (wallet(1), wallet(2));
    // Bobo's whole key set under Mallory's wallet, properly signed by Mallory.
    let error = verify_route(&network(), &mallory.route_with(bobo.keys()), NOW).unwrap_err();
    let ClaimError::Certificate { source, .. } = error else { panic!("{error}") };
    assert!(matches!(*source, CertificateError::Wallet { .. }), "{source}");
    // Mallory's certificates, with Bobo's handles.
    for version in [6, 4] {
        let mut keys = mallory.keys();
        match version {
            6 => keys.handle = bobo.keys().handle,
            _ => keys.handleV4 = bobo.keys().handleV4,
        }
        let error = verify_route(&network(), &mallory.route_with(keys.clone()), NOW).unwrap_err();
        let ClaimError::Certificate { source, version: found } = error else { panic!("{error}") };
        assert!(matches!(*source, CertificateError::Handle { .. }), "{source}");
        assert_eq!(found, version);
        let error = check_node(&mallory.node_with(keys.into())).unwrap_err();
        assert!(matches!(error, ClaimError::Certificate { .. }), "{error}");
    }
    // Bobo's record with the wallet changed to Mallory's.
    let mut record = bobo.route();
    record.update.wallet = mallory.signer.address();
    let error = verify_route(&network(), &record, NOW).unwrap_err();
    assert!(matches!(error, ClaimError::Signature { .. }), "{error}");
}

#[test]
fn swapped_certificates_are_refused() {
    let bobo = wallet(1);
    let mut keys = bobo.keys();
    std::mem::swap(&mut keys.certificate, &mut keys.certificateV4);
    let error = verify_route(&network(), &bobo.route_with(keys.clone()), NOW).unwrap_err();
    assert!(matches!(error, ClaimError::Certificate { .. }), "{error}");
    let error = check_node(&bobo.node_with(keys.into())).unwrap_err();
    assert!(matches!(error, ClaimError::Certificate { .. }), "{error}");
}

#[test]
fn half_a_v4_key_is_refused() {
    let bobo = wallet(1);
    let mut keys = bobo.keys();
    keys.certificateV4 = Bytes::new();
    let error = verify_route(&network(), &bobo.route_with(keys), NOW).unwrap_err();
    assert!(matches!(error, ClaimError::HandleV4 { found: "handle" }), "{error}");
    let mut keys = bobo.keys();
    keys.handleV4 = FixedBytes::ZERO;
    let error = verify_route(&network(), &bobo.route_with(keys), NOW).unwrap_err();
    assert!(matches!(error, ClaimError::HandleV4 { found: "certificate" }), "{error}");
}

#[test]
fn another_chain_or_contract_is_another_claim() {
    let bobo = wallet(1);
    for other in other_networks() {
        let error = verify_route(&other, &bobo.route(), NOW).unwrap_err();
        assert!(matches!(error, ClaimError::Signature { .. }), "{error}");
        let error = verify_node(&other, &bobo.node(), NOW, EndpointPolicy::Public).unwrap_err();
        assert!(matches!(error, ClaimError::Signature { .. }), "{error}");
    }
}

#[test]
fn every_signed_field_of_a_route_is_noticed() {
    type Tamper = fn(&mut RouteTable::RouteRecord);
    let tampers: [Tamper; 9] = [
        |r| r.update.keys.certificate = Bytes::from_static(b"x"),
        |r| r.update.keys.certificateV4 = Bytes::from_static(b"x"),
        |r| r.update.keys.handle.0[0] ^= 1,
        |r| r.update.keys.handleV4.0[0] ^= 1,
        |r| r.update.epoch += 1,
        |r| r.update.agent += U256::ONE,
        |r| r.update.expiry += 1,
        |r| (r.nonce, r.serial) = (r.nonce + U256::ONE, r.serial + 1),
        |r| r.deadline += U256::ONE,
    ];
    for (at, tamper) in tampers.into_iter().enumerate() {
        let mut record = wallet(1).route();
        tamper(&mut record);
        let error = verify_route(&network(), &record, NOW).unwrap_err();
        assert!(matches!(error, ClaimError::Signature { .. }), "{at}: {error}");
    }
}

#[test]
fn every_signed_field_of_a_node_is_noticed() {
    type Tamper = fn(&mut NodeRegistry::NodeRecord);
    let tampers: [Tamper; 9] = [
        |r| r.config.wallet = Address::repeat_byte(5),
        |r| r.config.keys.certificate = Bytes::from_static(b"x"),
        |r| r.config.keys.certificateV4 = Bytes::from_static(b"x"),
        |r| r.config.keys.handle.0[0] ^= 1,
        |r| r.config.keys.handleV4.0[0] ^= 1,
        |r| r.config.transportKey.0[0] ^= 1,
        |r| r.consent.owner = Address::repeat_byte(5),
        |r| r.consent.nonce += U256::ONE,
        |r| r.consent.deadline += U256::ONE,
    ];
    for (at, tamper) in tampers.into_iter().enumerate() {
        let mut record = wallet(1).node();
        tamper(&mut record);
        let error = check_node(&record).unwrap_err();
        assert!(matches!(error, ClaimError::Signature { .. }), "{at}: {error}");
    }
}

#[test]
fn a_serial_follows_from_its_nonce() {
    let mut record = wallet(1).route();
    record.serial = 6;
    let error = verify_route(&network(), &record, NOW).unwrap_err();
    assert!(matches!(error, ClaimError::Serial { found: 6, .. }), "{error}");
    record.nonce = U256::MAX;
    assert!(matches!(verify_route(&network(), &record, NOW), Err(ClaimError::Serial { .. })));
    record.serial = 0;
    assert!(matches!(verify_route(&network(), &record, NOW), Err(ClaimError::Absent)));
    let mut record = wallet(1).node();
    record.serial = 0;
    assert!(matches!(check_node(&record), Err(ClaimError::Absent)));
}

#[test]
fn a_route_ends_at_its_expiry() {
    let record = wallet(1).route();
    assert!(verify_route(&network(), &record, NOW + 999).is_ok());
    let error = verify_route(&network(), &record, NOW + 1_000).unwrap_err();
    assert!(matches!(error, ClaimError::Expired { .. }), "{error}");
}

#[test]
fn a_rotated_certificate_may_be_a_little_ahead_of_our_clock() {
    let secret = WalletSecret::from_bytes(&[1; 32]).unwrap();
    let subkey = crate::openpgp::SubkeySecret::from_bytes(&[5; 64]);
    for (ahead, accepted) in [(CLOCK_SKEW_SECONDS, true), (CLOCK_SKEW_SECONDS + 1, false)] {
        let identity = Identity::with_subkey(&secret, 1, &subkey, NOW + ahead).unwrap();
        let bobo = Wallet { signer: secret.signer().clone(), identity };
        assert_eq!(verify_route(&network(), &bobo.route(), NOW).is_ok(), accepted);
    }
}

#[test]
fn a_signature_has_one_form() {
    // The curve's order: s and n - s sign the same.
    const N: U256 = uint!(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141_U256);
    let record = wallet(1).route();
    let good: [u8; 65] = record.signature.as_ref().try_into().unwrap();
    let mut high = good;
    let s = N - U256::from_be_slice(&good[32..64]);
    high[32..64].copy_from_slice(&s.to_be_bytes::<32>());
    high[64] = 27 + (28 - good[64]);
    let mut small_v = good;
    small_v[64] -= 27;
    for bad in [&high[..], &small_v, &good[..64], &[], &[0; 65], &[255; 65]] {
        let mut record = record.clone();
        record.signature = bad.to_vec().into();
        let error = verify_route(&network(), &record, NOW).unwrap_err();
        assert!(matches!(error, ClaimError::SignatureForm { .. }), "{error}");
    }
}

#[test]
fn a_node_says_what_it_offers() {
    let node = check_node(&wallet(1).node()).unwrap();
    assert_eq!(node.id(), U256::from(6));
    assert_eq!(node.endpoints(), ["8.8.8.8:80".parse().unwrap()]);
    assert!(node.roles().relay() && node.roles().agent() && node.owner_is_consented());
    assert_eq!(node.transport_key(), TransportPublic([9; 32]));
    assert_eq!(node.prices().minimum_authorization, 3);
    assert_eq!(node.expires(), None);
}

#[test]
fn only_who_need_not_be_reached_may_have_no_address() {
    let mut record = wallet(1).node();
    record.config.endpoints = vec![endpoint::encode(NOWHERE)];
    for (mask, may) in [
        (roles::WITNESS, true),
        (roles::CREATOR | roles::VALIDATOR, true),
        (roles::WITNESS | roles::RELAY, false),
        (roles::AGENT, false),
        (roles::ARCHIVE | roles::WITNESS, false),
        (roles::COMPUTE, false),
    ] {
        record.config.roles = mask;
        for policy in [EndpointPolicy::Public, EndpointPolicy::Development] {
            let checked = verify_node(&network(), &record, NOW, policy);
            assert_eq!(checked.is_ok_and(|node| node.endpoints().is_empty()), may, "{mask}");
        }
    }
    // Nowhere and somewhere contradict each other.
    record.config.roles = roles::WITNESS;
    record.config.endpoints.push(endpoint::encode("8.8.8.8:80".parse().unwrap()));
    assert!(matches!(check_node(&record), Err(ClaimError::Endpoint { .. })));
}

#[test]
fn the_owner_s_part_must_be_well_formed() {
    let good = wallet(1).node();
    let mut record = good.clone();
    record.config.roles = 0x8000;
    assert!(matches!(check_node(&record), Err(ClaimError::Roles { found: 0x8000 })));
    record = good.clone();
    record.config.endpoints.clear();
    assert!(matches!(check_node(&record), Err(ClaimError::EndpointCount { found: 0 })));
    record.config.endpoints = vec![good.config.endpoints[0]; 9];
    assert!(matches!(check_node(&record), Err(ClaimError::EndpointCount { found: 9 })));
    record = good.clone();
    record.config.transportKey = B256::ZERO;
    assert!(matches!(check_node(&record), Err(ClaimError::TransportKeyMissing)));
    // One bad endpoint is enough, even behind a good one.
    record = good.clone();
    record.config.endpoints.push(endpoint::encode("169.254.169.254:80".parse().unwrap()));
    assert!(matches!(check_node(&record), Err(ClaimError::Endpoint { .. })));
    assert!(verify_node(&network(), &record, NOW, EndpointPolicy::Development).is_ok());
    // A sold node keeps working; it is visible that its wallet named another owner.
    record = good;
    record.owner = Address::repeat_byte(5);
    assert!(!check_node(&record).unwrap().owner_is_consented());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_flipped_bit_of_a_certificate_verifies(at in 0_usize..618, bit in 0_u8..8, v4 in any::<bool>()) {
        let bobo = wallet(1);
        let mut keys = bobo.keys();
        let certificate = if v4 { &mut keys.certificateV4 } else { &mut keys.certificate };
        let mut bytes = certificate.to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        *certificate = bytes.into();
        // Signed by the wallet, so that only the certificate's own signatures can refuse it.
        if let Ok(route) = verify_route(&network(), &bobo.route_with(keys), NOW) {
            // What no signature covers (unhashed areas) may change; the keys may not.
            prop_assert_eq!(route.handles().count(), 2);
            prop_assert_eq!(route.wallet(), bobo.signer.address());
        }
    }

    #[test]
    fn strangers_cannot_panic_the_verifier(
        certificate in proptest::collection::vec(any::<u8>(), 0..5_000),
        signature in proptest::collection::vec(any::<u8>(), 0..80),
        endpoints in proptest::collection::vec(any::<[u8; 18]>(), 0..12),
    ) {
        let bobo = wallet(1);
        let mut keys = bobo.keys();
        keys.certificate = certificate.into();
        prop_assert!(verify_route(&network(), &bobo.route_with(keys.clone()), NOW).is_err());
        prop_assert!(check_node(&bobo.node_with(keys.into())).is_err());
        let mut record = bobo.route();
        record.signature = signature.into();
        prop_assert!(verify_route(&network(), &record, NOW).is_err());
        let mut record = bobo.node();
        record.config.endpoints = endpoints.into_iter().map(FixedBytes).collect();
        let _ = check_node(&record);
    }
}
