//! Deals wrongly in ceremonies: what some get of it, or what it says in the end, nobody can use.

use alloy::primitives::Bytes;
use conet_committee::{Action, message::Message};
use rand::Rng as _;

use super::{Behaviour, Liar};

pub(crate) struct Misdealer;

/// The same bytes, but for one bit.
fn garbled(bytes: &Bytes, liar: &mut Liar<'_>) -> Bytes {
    let (mut garbled, place) = (bytes.to_vec(), liar.rng.random_range(0..bytes.len().max(1)));
    if let Some(byte) = garbled.get_mut(place) {
        *byte ^= 1;
    }
    garbled.into()
}

impl Behaviour for Misdealer {
    fn twist(&mut self, mut actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        for action in &mut actions {
            let Action::Send(_, message) = action else { continue };
            if !liar.rng.random_ratio(2, 3) {
                continue;
            }
            match message {
                Message::Dealing(dealing) if liar.rng.random() => {
                    dealing.commitment = garbled(&dealing.commitment, liar);
                }
                Message::Dealing(dealing) => {
                    for value in &mut dealing.values {
                        value.sealed = garbled(&value.sealed, liar);
                    }
                }
                Message::Transcript(transcript) => {
                    transcript.log = garbled(&transcript.log, liar);
                }
                _ => {}
            }
        }
        actions
    }
}
