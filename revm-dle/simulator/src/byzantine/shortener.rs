//! Wants its friends to sit alone: when it leads, it proposes whom the main chain named without some honest ones, also
//! before they had time to announce their keys.

use alloy::primitives::B256;
use conet_committee::{
    Action,
    archive::{Item, Named, State, item::Handover},
    keys::NodeId,
    log::{Entry, LogMessage},
    message::Message,
    vote::{Ballot, Phase},
};

use super::{Behaviour, Liar};

/// How many of its votes it remembers.
const TWISTED_MAX: usize = 16;

#[derive(Default)]
pub(crate) struct Shortener {
    /// Its votes for entries of its own, and those that it gives in their place.
    twisted: Vec<(B256, Ballot)>,
}

/// Whom the main chain named, but for as many honest ones as may be left out: all who are not needed, or those whose
/// keys the log does not have yet.
fn shorten(named: &Named, state: &State, liar: &Liar<'_>, leaves_keyed: bool) -> Option<Handover> {
    let has_keys = |node: NodeId| state.ceremony().is_none() || state.has_announced(node);
    let is_friend = |node: NodeId| liar.friends.contains(&node) || node == liar.voting.me;
    let mut nodes = named.nodes.clone();
    nodes.retain(|node| has_keys(*node) && !state.barred.contains(node));
    while leaves_keyed
        && nodes.len() > named.least.max(1)
        && let Some(place) = nodes.iter().rposition(|node| !is_friend(*node))
    {
        nodes.remove(place);
    }
    let shorter = named.with(|node| nodes.contains(&node))?;
    (shorter.nodes.len() < named.nodes.len()).then_some(shorter)
}

/// The same entry with a shorter list, in place of the whole one or before there can be one.
fn twin(entry: &Entry, liar: &Liar<'_>) -> Option<Entry> {
    let state = liar.state.filter(|state| state.height + 1 == entry.header.height)?;
    let named = liar.named.filter(|named| named.epoch == entry.header.epoch + 1)?;
    // The same for all who get it.
    let leaves_keyed = entry.id().first().is_some_and(|byte| byte.is_multiple_of(2));
    let mut twin = entry.clone();
    twin.items.retain(|item| !matches!(item, Item::Handover(_)));
    twin.items.push(Item::Handover(shorten(named, state, liar, leaves_keyed)?));
    twin.header.items_hash = Item::hash_all(&twin.items);
    twin.header.state_hash = state.after(&twin).ok()?.checkpoint_hash();
    Some(twin)
}

impl Shortener {
    fn known(&self, ballot: &Ballot) -> Option<Ballot> {
        let known = self.twisted.iter().find(|(instead_of, twisted)| {
            let (vote, other) = (&ballot.vote, &twisted.vote);
            *instead_of == vote.block && (vote.phase, vote.view) == (other.phase, other.view)
        });
        known.map(|(_, twisted)| twisted.clone())
    }
}

impl Behaviour for Shortener {
    fn twist(&mut self, mut actions: Vec<Action>, liar: &mut Liar<'_>) -> Vec<Action> {
        for action in &mut actions {
            match action {
                Action::Send(_, Message::Log(LogMessage::Propose(entry, ballot)))
                    if ballot.voter == liar.voting.me =>
                {
                    if let Some(twin) = twin(entry, liar) {
                        let mut vote = ballot.vote;
                        vote.block = twin.id();
                        let twisted = liar.voting.cast(vote);
                        if self.known(ballot).is_none() {
                            self.twisted.push((ballot.vote.block, twisted.clone()));
                            let spare = self.twisted.len().saturating_sub(TWISTED_MAX);
                            self.twisted.drain(..spare);
                        }
                        (**entry, *ballot) = (twin, twisted);
                    }
                }
                Action::Send(_, Message::Log(LogMessage::Vote(ballot)))
                    if ballot.vote.phase == Phase::Notarize.number() =>
                {
                    if let Some(twisted) = self.known(ballot) {
                        *ballot = twisted;
                    }
                }
                _ => {}
            }
        }
        actions
    }
}
