//! Tells the actor what the main chain says of epochs, seeds and rent.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy::primitives::B256;
use conet_committee::{
    archive::item::{Paid, Wanted},
    seat::Event,
};
use tokio_util::sync::CancellationToken;

use crate::{group::Sitting, runtime::Runtime};

/// How long a busy actor is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// So many looks at the main chain later, others have seen what this node has seen.
const LOOKS: u32 = 3;

/// For how long a payment is told.
const RENT_TOLD: Duration = Duration::from_secs(120);

/// Until the node stops: each epoch that begins in a group that it follows, and who shall sit in the next one of its own.
pub(super) async fn tell(runtime: Runtime, sitting: Sitting, stop: CancellationToken) {
    let (mut epochs, mut successors) = (sitting.epochs(), sitting.successors());
    // What came before anybody listened, too: who knows it already takes no notice.
    epochs.mark_changed();
    successors.mark_changed();
    loop {
        let events: Vec<_> = tokio::select! {
            // An epoch before those who shall sit in the next one: they are named for it.
            biased;
            () = stop.cancelled() => return,
            _ = epochs.changed() => {
                let followed = epochs.borrow_and_update().clone();
                followed.iter().filter_map(|group| group.beginning()).map(Event::Began).collect()
            }
            _ = successors.changed() => {
                let named = successors.borrow_and_update().clone();
                let sits = || sitting.seats().nodes().to_vec();
                named.map(|named| Event::Named(named, sits())).into_iter().collect()
            }
        };
        while !events.is_empty() && runtime.tell(events.clone()).is_err() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Until the node stops: in which chains a participant serves, so that it follows their groups.
pub(super) async fn tell_serving(
    runtime: Runtime,
    sitting: Sitting,
    poll: Duration,
    stop: CancellationToken,
) {
    loop {
        let serving = runtime.look(|actor| Some(actor.member()?.serving().clone())).await;
        if let Ok(Some(serving)) = serving {
            sitting.serve(serving);
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(poll) => {}
        }
    }
}

/// Until the node stops: which seed somebody waits for, and for which chains rent was paid. A seat proposes it when all
/// others may vote for it.
pub(super) async fn tell_readings(
    runtime: Runtime,
    sitting: Sitting,
    poll: Duration,
    stop: CancellationToken,
) {
    let mut wants: Option<(Wanted, Instant)> = None;
    let mut rents: BTreeMap<B256, (u64, Instant)> = BTreeMap::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(poll) => {}
        }
        let now = Instant::now();
        let is_ripe = |since: Instant| now.duration_since(since) >= poll * LOOKS;
        let mut events = Vec::new();
        if let Some(wanted) = sitting.wanted() {
            let known = wants.filter(|(known, _)| known.index == wanted.index);
            let (oldest, since) = *wants.insert(known.unwrap_or((wanted, now)));
            events.push(Event::Wanted(wanted, false));
            events.extend(is_ripe(since).then_some(Event::Wanted(oldest, true)));
        }
        let paid = sitting.take_paid().into_iter();
        rents.extend(paid.map(|(chain, through)| (chain, (through, now))));
        // The log may be busy, or not know the chain yet.
        rents.retain(|_, (_, since)| now.duration_since(*since) < RENT_TOLD);
        events.extend(rents.iter().map(|(chain, (through, since))| {
            Event::Paid(Paid { chain: *chain, paid_through_s: *through }, is_ripe(*since))
        }));
        // A busy actor hears it at the next look.
        let _ = runtime.tell(events);
    }
}
