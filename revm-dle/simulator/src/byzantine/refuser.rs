//! Says that right blocks are wrong.

use conet_committee::{Action, archive::item::Word, message::Message};

use super::{Behaviour, Liar};

pub(crate) struct Refuser;

impl Behaviour for Refuser {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let refuse = |word: Word, block| {
            // The same choice before everybody, or it would be equivocation.
            let is_due = word.ballot.vote.height.is_multiple_of(3);
            if is_due { liar.refusal(&word, block).unwrap_or(word) } else { word }
        };
        let twist = |action| match action {
            Action::Send(to, Message::Word(word, hash)) => {
                Action::Send(to, Message::Word(refuse(word, hash), hash))
            }
            Action::Send(to, Message::Vote(word)) => {
                let block = word.ballot.vote.block;
                Action::Send(to, Message::Vote(refuse(word, block)))
            }
            Action::Send(to, Message::Answer(word)) => {
                let block = word.ballot.vote.block;
                Action::Send(to, Message::Answer(refuse(word, block)))
            }
            action => action,
        };
        actions.into_iter().map(twist).collect()
    }
}
