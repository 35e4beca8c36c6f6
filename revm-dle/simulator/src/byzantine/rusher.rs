//! A creator that does not wait: it makes a block on one that its group has not signed, or shows the seats a block that
//! nobody else was asked about.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::{
        ProvenNotice,
        item::{CertifiedHeader, block_vote},
    },
    message::{Message, Proposed},
    vote::Phase,
};
use conet_ledger::block::{Body, Header, Proposal};
use rand::Rng as _;

use super::{Behaviour, Liar};

#[derive(Default)]
pub(crate) struct Rusher {
    notices: BTreeMap<B256, ProvenNotice>,
    /// The highest block of each chain and view that it rushed.
    rushed: BTreeMap<(B256, u64), u64>,
}

impl Behaviour for Rusher {
    fn twist(&mut self, actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        let mut twisted = Vec::new();
        for action in actions {
            let action = match action {
                Action::Send(_, Message::Propose(proposed))
                    if is_alone(&proposed.header.proposal) =>
                {
                    twisted.extend(certified(&proposed, liar));
                    continue;
                }
                Action::Send(_, Message::Validate { proposal, .. }) if is_alone(&proposal) => {
                    continue;
                }
                action => action,
            };
            let next = match &action {
                Action::Send(_, Message::Propose(proposed)) if proposed.parent.is_none() => {
                    self.next(proposed, liar)
                }
                _ => None,
            };
            match (action, next) {
                (Action::Send(to, message), Some(next)) => {
                    twisted.push(Action::Send(to, message));
                    twisted.push(Action::Send(to, Message::Propose(Box::new(next))));
                }
                (action, _) => twisted.push(action),
            }
        }
        twisted
    }

    fn hear(&mut self, message: &Message) {
        if let Message::Notice(proven) = message {
            let chain = proven.notice.chain;
            let known = self.notices.get(&chain);
            if known.is_none_or(|known| known.entry() < proven.entry()) {
                self.notices.insert(chain, ProvenNotice::clone(proven));
            }
        }
    }
}

/// Whether it asks nobody about a block, and shows it to the seats as it is.
const fn is_alone(proposal: &Proposal) -> bool {
    proposal.height.is_multiple_of(3)
}

/// A block with its creator's vote alone.
fn certified(proposed: &Proposed, liar: &Liar<'_>) -> Vec<Action> {
    let ballots = vec![proposed.create.clone()];
    let block = CertifiedHeader { header: proposed.header.clone(), ballots };
    let message = Message::Certified(Box::new(block), proposed.body.clone());
    let others = liar.seats.nodes().iter().filter(|seat| **seat != liar.voting.me);
    others.map(|seat| Action::Send(*seat, message.clone())).collect()
}

impl Rusher {
    /// An empty block on one that only its creator voted for.
    fn next(&mut self, below: &Proposed, liar: &mut Liar<'_>) -> Option<Proposed> {
        let about = &below.header.proposal;
        let key = (about.chain, about.view);
        // One for each height, or it would be equivocation; half of the time none.
        let last = self.rushed.get(&key).copied().unwrap_or_default();
        if about.height <= last || liar.rng.random_bool(0.5) {
            return None;
        }
        self.rushed.insert(key, about.height + 1);
        let signers = self.notices.get(&about.chain)?.notice.signers(about.height + 1)?;
        let (body, mut proposal) = (Body::default(), about.clone());
        proposal.height += 1;
        proposal.parent = below.header.hash();
        proposal.members_hash = signers.hash();
        proposal.body_hash = body.hash();
        let mut outcome = below.header.outcome.clone();
        (outcome.gas_used, outcome.fees, outcome.receipts_root) = (0, 0, body.hash());
        let header = Header { proposal, outcome };
        let create = liar.voting.cast(block_vote(&header, Phase::Create, header.hash()));
        let parent = CertifiedHeader {
            header: below.header.clone(),
            ballots: vec![below.create.clone(); signers.iter().len()],
        };
        Some(Proposed { header, body, create, parent: Some(parent) })
    }
}
