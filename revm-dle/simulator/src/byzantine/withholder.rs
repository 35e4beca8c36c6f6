//! Gives some what all should have: blocks without bodies for others, votes and parts of seeds for few.

use conet_committee::{Action, log::LogMessage, message::Message};
use rand::Rng as _;

use super::{Behaviour, Liar};

pub(crate) struct Withholder;

impl Behaviour for Withholder {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let gives = |action: &Action, odd: bool| match action {
            Action::Send(to, message) => {
                let is_favoured = to.0.is_multiple_of(2) == odd;
                let is_dear = matches!(
                    message,
                    Message::Certified(..)
                        | Message::Propose(_)
                        | Message::SeedPart { .. }
                        | Message::Dealing(_)
                        | Message::Ack(_)
                        | Message::Word(..)
                        | Message::State(..)
                        | Message::Log(LogMessage::Propose(..) | LogMessage::Entries(_))
                );
                is_favoured || !is_dear
            }
            _ => true,
        };
        let odd = liar.rng.random_ratio(1, 2);
        actions.into_iter().filter(|action| gives(action, odd)).collect()
    }
}
