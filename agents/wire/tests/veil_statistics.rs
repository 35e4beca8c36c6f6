//! What somebody on the wire could measure: thousands of bodies of every kind,
//! all with the same dullest content, must look like random bytes. Every
//! measure also gets something that it must notice.

#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it stands, and say with which seed"
)]

use std::collections::HashSet;
use std::sync::LazyLock;

use conet_wire::sizes::{CELL_SMALL, n2_len};
use conet_wire::veil::peer::{AnswerHead, Initiator, PeerSession, Profile, RequestHead, Responder};
use conet_wire::veil::{Envelope, EnvelopeKind, TransportSecret, elligator};
use rand::{RngCore, SeedableRng, rngs::StdRng};

/// Bodies of each kind; the kinds together make 10,000.
const BODIES: usize = 1_112;
const BODY_LEN: usize = 4096;
/// With 32,768 bit positions and nine kinds: one false alarm in 10^6 seeds.
const SIGMA: f64 = 7.0;
const SEED: u64 = 20_260_101;

const REQUEST: RequestHead =
    RequestHead { kind: EnvelopeKind::Forward, hops_left: 1, profile: Profile::Veil };
const ANSWER: AnswerHead = AnswerHead { status: 0 };

/// Bodies of one kind.
type Bodies = Vec<Vec<u8>>;

fn seeded(part: u64) -> StdRng {
    println!("seed {SEED} + {part}");
    StdRng::seed_from_u64(SEED + part)
}

fn session(
    caller: &TransportSecret,
    called: &TransportSecret,
    rng: &mut StdRng,
) -> ([Vec<u8>; 2], PeerSession, PeerSession) {
    let (initiator, first) = Initiator::start(caller, &called.public(), 1, 5, rng).unwrap();
    let (second, theirs) = Responder::read(called, 1, &first).unwrap().reply(rng).unwrap();
    let ours = initiator.finish(&second).unwrap();
    ([first, second], ours, theirs)
}

/// Everything that travels.
static SAMPLE: LazyLock<Vec<Kind>> = LazyLock::new(|| sample(&mut seeded(0)));

/// Bodies of one kind: its name, whether it starts with a representative.
type Kind = (&'static str, bool, Bodies);

fn sample(rng: &mut StdRng) -> Vec<Kind> {
    let (relay, agent) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    let (n2, cell) = (vec![0; n2_len(BODY_LEN)], vec![0; CELL_SMALL - 16]);
    let mut kinds: Vec<_> = [
        ("envelope", true),
        ("first handshake", true),
        ("second handshake", true),
        ("request", false),
        ("answer between nodes", false),
        ("cell between nodes", false),
        ("answer to the client", false),
        ("first event", false),
        ("event", false),
    ]
    .map(|(name, key)| (name, key, Vec::with_capacity(BODIES)))
    .into();
    for _ in 0..BODIES {
        let mut envelopes = [EnvelopeKind::Forward, EnvelopeKind::Stream]
            .map(|kind| Envelope::seal(&relay.public(), kind, 5, &n2, rng).unwrap().0);
        let envelope = envelopes[0].clone();
        let [forward, stream] =
            envelopes.each_mut().map(|envelope| relay.open_envelope(envelope).unwrap().response);
        let ([first, second], mut ours, mut theirs) = session(&relay, &agent, rng);
        let (mut events, event) = stream.start_stream(0, b"", rng).unwrap();
        let bodies = [
            envelope,
            first,
            second,
            ours.sealing.seal_frame(REQUEST, &n2).unwrap(),
            theirs.sealing.seal_frame(ANSWER, &n2).unwrap(),
            theirs.sealing.seal_cell(&cell).unwrap(),
            forward.seal_answer(0, &n2, rng).unwrap(),
            event,
            events.seal_cell(&cell).unwrap(),
        ];
        for ((_, _, kind), body) in kinds.iter_mut().zip(bodies) {
            assert_eq!(body.len(), BODY_LEN);
            kind.push(body);
        }
    }
    kinds
}

/// The position that is furthest from a fair coin, in standard deviations.
fn worst_bit(bodies: &[Vec<u8>]) -> f64 {
    let mut ones = vec![[0_u32; 8]; bodies[0].len()];
    for body in bodies {
        for (byte, ones) in body.iter().zip(&mut ones) {
            for (bit, ones) in ones.iter_mut().enumerate() {
                *ones += u32::from(byte >> bit & 1);
            }
        }
    }
    let of = bodies.len() as f64;
    let sigmas = |ones: &u32| (f64::from(*ones) - of / 2.0).abs() / (of / 4.0).sqrt();
    ones.iter().flatten().map(sigmas).fold(0.0, f64::max)
}

/// How far the frequencies of bytes are from equal: standard deviations of the
/// chi-square distribution with 255 degrees of freedom (negative: too equal).
fn byte_bias(bodies: &[Vec<u8>]) -> f64 {
    let mut counts = [0_u64; 256];
    for byte in bodies.iter().flatten() {
        counts[usize::from(*byte)] += 1;
    }
    let expected = counts.iter().sum::<u64>() as f64 / 256.0;
    let square = |count: &u64| (*count as f64 - expected).powi(2) / expected;
    (counts.iter().map(square).sum::<f64>() - 255.0) / (2.0 * 255.0_f64).sqrt()
}

/// How far the number of runs (of equal bits) is from what coins give.
fn run_bias(bodies: &[Vec<u8>]) -> f64 {
    let (mut changes, mut pairs) = (0_u64, 0_u64);
    for body in bodies {
        let mut last = None;
        for byte in body {
            let inside = u64::from(((byte ^ byte >> 1) & 0x7f).count_ones());
            let before = last.map_or(0, |last: u8| u64::from(last & 1 ^ byte >> 7));
            changes += inside + before;
            pairs += 7 + u64::from(last.is_some());
            last = Some(*byte);
        }
    }
    (changes as f64 - pairs as f64 / 2.0) / (pairs as f64 / 4.0).sqrt()
}

/// How many aligned 16-byte blocks occur more than once.
fn repeated_blocks(bodies: &[Vec<u8>]) -> usize {
    let mut seen = HashSet::new();
    bodies
        .iter()
        .flat_map(|body| body.as_chunks::<16>().0)
        .filter(|block| !seen.insert(**block))
        .count()
}

/// How many 16-byte strings of `a`, at any offset, also occur in `b`.
fn common_blocks(a: &[u8], b: &[u8]) -> usize {
    let in_a: HashSet<_> = a.windows(16).collect();
    b.windows(16).filter(|block| in_a.contains(block)).count()
}

#[test]
fn bodies_look_random() {
    for (name, _, bodies) in SAMPLE.iter() {
        let bit = worst_bit(bodies);
        assert!(bit < SIGMA, "{name}: a bit is {bit} standard deviations off");
        let bytes = byte_bias(bodies);
        assert!(bytes.abs() < SIGMA, "{name}: bytes are {bytes} standard deviations off");
        let runs = run_bias(bodies);
        assert!(runs.abs() < SIGMA, "{name}: runs are {runs} standard deviations off");
    }
    let all: Bodies = SAMPLE.iter().flat_map(|(_, _, bodies)| bodies.clone()).collect();
    assert!(all.len() >= 10_000);
    assert!(worst_bit(&all) < SIGMA && byte_bias(&all).abs() < SIGMA);
    assert_eq!(repeated_blocks(&all), 0);
}

#[test]
fn the_measures_notice_what_is_not_random() {
    let rng = &mut seeded(1);
    let random: Bodies = (0..BODIES)
        .map(|_| {
            let mut body = vec![0; BODY_LEN];
            rng.fill_bytes(&mut body);
            body
        })
        .collect();
    let but = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bodies = random.clone();
        bodies.iter_mut().for_each(change);
        bodies
    };
    assert!(worst_bit(&random) < SIGMA && byte_bias(&random).abs() < SIGMA);
    assert!(run_bias(&random).abs() < SIGMA && repeated_blocks(&random) == 0);

    // The version in the clear; one bit that is set in five bodies of eight.
    assert!(worst_bit(&but(&|body| body[32] = 1)) > SIGMA);
    assert!(worst_bit(&but(&|body| body[99] |= u8::from(body[98] < 64))) > SIGMA);
    // Bits that repeat the one before, in one byte of four.
    let doubled = |b: &mut u8| *b = *b & 0xaa | (*b & 0xaa) >> 1;
    assert!(run_bias(&but(&|body| body.iter_mut().step_by(4).for_each(doubled))) < -SIGMA);
    // Seven bits of text in one byte of fifty.
    assert!(byte_bias(&but(&|body| body.iter_mut().step_by(50).for_each(|b| *b &= 0x7f))) > SIGMA);
    // A counter instead of random bytes: too equal.
    assert!(byte_bias(&[(0..=255).collect::<Vec<u8>>().repeat(64)]) < -SIGMA);
    // A block cipher without a mode, and one body sent twice.
    assert!(repeated_blocks(&but(&|body| body.copy_within(0..16, 2048))) == BODIES);
    assert_eq!(repeated_blocks(&[random[0].clone(), random[0].clone()]), BODY_LEN / 16);
}

mod keys {
    //! The first 32 bytes of bodies that start with a representative.

    use curve25519_elligator2::scalar::Scalar;
    use curve25519_elligator2::traits::IsIdentity;
    use curve25519_elligator2::{
        EdwardsPoint, MapToPointVariant, MontgomeryPoint, RFC9380, Randomized,
    };

    use super::*;

    fn off(count: usize, of: usize, probability: f64) -> f64 {
        let of = of as f64;
        (count as f64 - of * probability).abs() / (of * probability * (1.0 - probability)).sqrt()
    }

    /// How many strings are coordinates of points on the curve.
    fn on_curve(strings: &[[u8; 32]]) -> usize {
        strings.iter().filter(|string| MontgomeryPoint(**string).to_edwards(0).is_some()).count()
    }

    /// How many strings represent points of prime order.
    fn in_subgroup(strings: &[[u8; 32]]) -> usize {
        let prime = |string: &&[u8; 32]| {
            let point = EdwardsPoint::from_representative::<Randomized>(string).unwrap();
            (point * -Scalar::ONE + point).is_identity()
        };
        strings.iter().filter(prime).count()
    }

    #[test]
    fn keys_are_not_recognizable() {
        for (name, key, bodies) in SAMPLE.iter() {
            let strings: Vec<[u8; 32]> =
                bodies.iter().map(|body| *body.first_chunk().unwrap()).collect();
            // What holds for keys must hold for all the other bodies, too.
            let (on, prime) = (on_curve(&strings), in_subgroup(&strings));
            assert!(off(on, BODIES, 0.5) < SIGMA, "{name} ({key}): {on} on the curve");
            assert!(off(prime, BODIES, 0.125) < SIGMA, "{name} ({key}): {prime} in the subgroup");
            let revealed: HashSet<_> = strings.iter().map(elligator::reveal).collect();
            assert_eq!(revealed.len(), BODIES, "{name}: a key came twice");
        }
    }

    #[test]
    fn careless_keys_would_be() {
        let rng = &mut seeded(3);
        let secrets: Vec<[u8; 32]> = (0..BODIES)
            .map(|_| {
                let mut secret = [0; 32];
                rng.fill_bytes(&mut secret);
                secret
            })
            .collect();
        let public = |secret: &[u8; 32]| MontgomeryPoint::mul_base_clamped(*secret).0;
        let raw: Vec<_> = secrets.iter().map(public).collect();
        assert_eq!(on_curve(&raw), BODIES);
        let hidden = |secret: &[u8; 32]| RFC9380::to_representative(secret, secret[9]).into();
        let clean: Vec<[u8; 32]> = secrets.iter().filter_map(hidden).collect();
        assert_eq!(in_subgroup(&clean), clean.len());
        assert!(off(on_curve(&clean), clean.len(), 0.5) < SIGMA);
    }
}

#[test]
fn the_two_legs_of_a_relay_share_no_bits() {
    let rng = &mut seeded(5);
    let (relay, agent) = (TransportSecret::generate(rng), TransportSecret::generate(rng));
    for _ in 0..20 {
        let (mut n2, mut answer) = (vec![0; n2_len(BODY_LEN)], vec![0; n2_len(BODY_LEN)]);
        rng.fill_bytes(&mut n2);
        rng.fill_bytes(&mut answer);
        let (mut body, _) =
            Envelope::seal(&relay.public(), EnvelopeKind::Forward, 5, &n2, rng).unwrap();
        let request_in = body.clone();
        let opened = relay.open_envelope(&mut body).unwrap();
        let (_, mut ours, mut theirs) = session(&relay, &agent, rng);
        let request_out = ours.sealing.seal_frame(REQUEST, opened.n2).unwrap();
        let answer_in = theirs.sealing.seal_frame(ANSWER, &answer).unwrap();
        let answer_out = opened.response.seal_answer(0, &answer, rng).unwrap();
        assert_eq!(common_blocks(&request_in, &request_out), 0);
        assert_eq!(common_blocks(&answer_in, &answer_out), 0);

        // A relay that passes on what it gets would be noticed.
        let passed_on = [&[0; 42], n2.as_slice()].concat();
        let as_it_came = [&[1; 8], n2.as_slice(), &[2; 500]].concat();
        assert_eq!(common_blocks(&passed_on, &as_it_came), n2.len() - 15);
    }
}
