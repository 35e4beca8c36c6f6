//! Requests to the ledgers' part of an archive node.

use conet_wire::{
    ledgers::{LedgerRequest, PART_BYTES, PROOF_LEN, Part, part_len, parts_of},
    session::SessionSecret,
};

use super::Target;

pub(crate) const TARGET: Target = Target { name: "ledgers", run, samples };

fn run(data: &[u8]) {
    let Ok(request) = LedgerRequest::decode(data) else { return };
    assert_eq!(request.encode(), data, "one encoding for each request");
    if let LedgerRequest::Part(Part { length, index, bytes, .. }) = request {
        assert_eq!(part_len(length, index), bytes.len());
        assert!((index as usize) < parts_of(length) && bytes.len() <= PART_BYTES);
    }
}

fn samples() -> Vec<Vec<u8>> {
    let part = Part { proof: &[7; PROOF_LEN], length: 9, index: 0, bytes: b"contents!" };
    let stream = LedgerRequest::Stream { secret: SessionSecret::new([3; 32]), parcel: b"asks" };
    [LedgerRequest::Parcel(b"a parcel"), stream, LedgerRequest::Part(part)]
        .map(|request| request.encode())
        .to_vec()
}
