//! Tells the actor what the main chain says of epochs.

use tokio_util::sync::CancellationToken;

use crate::{group::Sitting, runtime::Runtime};
use conet_committee::seat::Event;

/// How long a busy actor is left alone.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);

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
