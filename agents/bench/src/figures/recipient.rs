//! The recipient parser, beside a bare copy of the 32 bytes that it finds.

use std::hint::black_box;

use conet_wire::{
    openpgp::{Identity, seal},
    recipient::{HEAD_BYTES, Handle, recipient},
};

use super::Run;
use crate::{
    Row,
    material::{certificate_of, wallet},
};
use conet_measure::{BenchError, Target, cpu_ns_each as each, failed, median, wrong};

/// Where the fingerprint is in a message of our own.
const FINGERPRINT_AT: usize = 5;

pub(super) fn measure(run: &mut Run<'_>) -> Result<(), BenchError> {
    let identity = Identity::derive(&wallet(0)?).map_err(failed("a wallet's keys"))?;
    let certificate = certificate_of(&identity, 6)?;
    let certificate_v4 = certificate_of(&identity, 4)?;
    let sealed = |bytes: usize, to| seal(&vec![7; bytes], to).map_err(failed("a message"));
    let binary = sealed(4 << 10, &certificate)?;
    let armored = armor(&binary);
    let armored_large = armor(&sealed(1 << 20, &certificate)?);
    let expected = Handle::V6(identity.handle());
    for message in [&binary, &armored, &armored_large] {
        if recipient(head(message)) != Ok(expected) {
            return Err(wrong("the recipient parser", "it finds another key"));
        }
    }

    let rounds = run.many(15, 5);
    let many = run.many(200_000, 50_000);
    let (mut copies, mut binaries, mut smalls, mut larges) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        copies.push(each(many, || copy(head(black_box(&binary)))));
        binaries.push(each(many, || recipient(head(black_box(&binary)))));
        smalls.push(each(many / 50, || recipient(head(black_box(&armored)))));
        larges.push(each(many / 50, || recipient(head(black_box(&armored_large)))));
    }
    let nanoseconds = Target::ValueAtMost(50.0);
    let microseconds = Target::ValueAtMost(20.0);
    let floor = median(&copies);
    let row = Row::new("recipient, binary", median(&binaries), "ns").floor(floor);
    run.row(&row.target(nanoseconds));
    for (name, times) in [("4 KiB", smalls), ("1 MiB", larges)] {
        let name = format!("recipient, armored {name}");
        run.row(&Row::new(name, median(&times) / 1e3, "us").target(microseconds));
    }
    if let Some(count) = run.options.count_allocations {
        let binary_v4 = sealed(4 << 10, &certificate_v4)?;
        let mut parse = || {
            for message in [&binary, &binary_v4, &armored] {
                for _ in 0..1000 {
                    let _ = black_box(recipient(head(black_box(message))));
                }
            }
        };
        let each = count(&mut parse) as f64 / 3000.0;
        let row = Row::new("recipient, allocations", each, "per message");
        run.row(&row.target(Target::ValueAtMost(0.0)));
    }
    Ok(())
}

/// What a relay hands to the parser.
fn head(message: &[u8]) -> &[u8] {
    message.get(..HEAD_BYTES).unwrap_or(message)
}

/// The least that reading a fingerprint can be.
fn copy(head: &[u8]) -> Option<[u8; 32]> {
    head.get(FINGERPRINT_AT..)?.first_chunk().copied()
}

/// ASCII armor as other programs write it: lines of 64 characters.
fn armor(message: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(message);
    let mut armored = b"-----BEGIN PGP MESSAGE-----\n\n".to_vec();
    for line in text.as_bytes().chunks(64) {
        armored.extend_from_slice(line);
        armored.push(b'\n');
    }
    armored.extend_from_slice(b"-----END PGP MESSAGE-----\n");
    armored
}
