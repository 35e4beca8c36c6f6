//! Certificates as a chain or a node serves them.

use conet_wire::openpgp::{CERTIFICATE_BYTES_MAX, Handle, PublicCertificate};

use super::{
    Target,
    fixed::{IDENTITY, NOW},
};

pub(crate) const TARGET: Target = Target { name: "certificate", run, samples };

fn run(data: &[u8]) {
    let wallet = IDENTITY.wallet();
    for handle in [Handle::V6(IDENTITY.handle()), Handle::V4(IDENTITY.handle_v4())] {
        if let Ok(certificate) = PublicCertificate::parse(data, wallet, handle, NOW) {
            assert!(data.len() <= CERTIFICATE_BYTES_MAX);
            assert_eq!((certificate.handle(), certificate.wallet()), (handle, wallet));
            assert_eq!(certificate.as_bytes(), data);
        }
    }
}

fn samples() -> Vec<Vec<u8>> {
    vec![IDENTITY.certificate().to_vec(), IDENTITY.certificate_v4().to_vec()]
}
