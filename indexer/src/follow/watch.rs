//! How far tables are that another machine writes.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Progress;
use crate::{chain::Source, store::Store};

/// How often to look.
const POLL: Duration = Duration::from_millis(250);

/// How often to ask the chain how long it is.
const HEAD_POLLS: u32 = 8;

/// Watches the tables until `stop` is cancelled.
pub fn watch<S: Source, T: Store>(
    store: T,
    source: S,
    stop: CancellationToken,
) -> watch::Receiver<Progress> {
    let (sender, receiver) = watch::channel(Progress::default());
    tokio::spawn(async move {
        let mut polls = 0_u32;
        loop {
            let cursor = store.cursor().await;
            let heads = match polls % HEAD_POLLS {
                0 => source.heads().await.ok(),
                _ => None,
            };
            polls = polls.wrapping_add(1);
            sender.send_if_modified(|progress| {
                let before = progress.clone();
                if let Some(heads) = heads {
                    progress.head = heads.latest.at.number;
                    progress.head_time = heads.latest.time;
                }
                match cursor {
                    Ok(cursor) => {
                        let back = |(before, now): (super::Cursor, super::Cursor)| {
                            now.at.number <= before.at.number && now.at != before.at
                        };
                        if before.cursor.zip(cursor).is_some_and(back) {
                            progress.reorganizations += 1;
                        }
                        progress.cursor = cursor;
                        progress.trouble = None;
                    }
                    Err(error) => progress.trouble = Some(error.to_string()),
                }
                *progress != before
            });
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    });
    receiver
}
