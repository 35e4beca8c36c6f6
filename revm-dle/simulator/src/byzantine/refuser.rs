//! Says that right blocks are wrong.

use alloy::primitives::B256;
use conet_committee::{
    Action,
    message::Message,
    vote::{Ballot, Phase},
};

use super::{Behaviour, Liar};

pub(crate) struct Refuser;

impl Behaviour for Refuser {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let refuse = |ballot: Ballot| {
            let is_creators = ballot.vote.phase == Phase::Create.number();
            // The same choice for everybody, or it would be equivocation.
            if is_creators || ballot.vote.height % 3 != 0 {
                return ballot;
            }
            let mut vote = ballot.vote;
            vote.block = B256::ZERO;
            liar.voting.cast(vote)
        };
        let twist = |action| match action {
            Action::Send(to, Message::Word(ballot, hash)) => {
                Action::Send(to, Message::Word(refuse(ballot), hash))
            }
            Action::Send(to, Message::Vote(ballot)) => {
                Action::Send(to, Message::Vote(refuse(ballot)))
            }
            Action::Send(to, Message::Answer(ballot)) => {
                Action::Send(to, Message::Answer(refuse(ballot)))
            }
            action => action,
        };
        actions.into_iter().map(twist).collect()
    }
}
