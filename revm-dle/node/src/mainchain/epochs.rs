//! Tells the actor what the main chain says of epochs and seeds.

use std::time::{Duration, Instant};

use conet_committee::{archive::item::Wanted, seat::Event};
use tokio_util::sync::CancellationToken;

use crate::{
    group::Sitting,
    runtime::{NoAnswer, Runtime},
};

/// How long a busy actor is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// So many looks at the main chain later, others have seen what this node has seen.
const LOOKS: u32 = 3;

/// Until the node stops: each epoch that begins, and who shall sit in the next one. What was known before the actor
/// started it has heard from who started it.
pub(super) async fn tell(runtime: Runtime, sitting: Sitting, stop: CancellationToken) {
    let (mut epochs, mut successors) = (sitting.epochs(), sitting.successors());
    epochs.mark_unchanged();
    // Named before anybody listened, maybe.
    successors.mark_changed();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            _ = epochs.changed() => {
                epochs.borrow_and_update().beginning().map(Event::Began)
            }
            _ = successors.changed() => {
                let named = successors.borrow_and_update().clone();
                named.map(|named| Event::Named(named, sitting.seats().nodes().to_vec()))
            }
        };
        let Some(event) = event else { continue };
        while runtime.tell(event.clone()).is_err() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Until the node stops: which seed somebody waits for. A seat proposes it when all others may vote for it.
pub(super) async fn tell_wants(
    runtime: Runtime,
    sitting: Sitting,
    poll: Duration,
    stop: CancellationToken,
) {
    let mut first: Option<(Wanted, Instant)> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(poll) => {}
        }
        let Some(wanted) = sitting.wanted() else {
            first = None;
            continue;
        };
        let known = first.filter(|(known, _)| known.index == wanted.index);
        let (oldest, since) = *first.insert(known.unwrap_or_else(|| (wanted, Instant::now())));
        let told = || {
            runtime.tell(Event::Wanted(wanted, false))?;
            if since.elapsed() >= poll * LOOKS {
                runtime.tell(Event::Wanted(oldest, true))?;
            }
            Ok::<_, NoAnswer>(())
        };
        // A busy actor hears it at the next look.
        let _ = told();
    }
}
