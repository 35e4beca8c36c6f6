//! How far tables are that another machine writes.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::Progress;
use crate::{
    chain::Source,
    store::{Cursor, Result, Store},
};

/// How often to look.
const POLL: Duration = Duration::from_millis(250);

/// How often to ask the chain how long it is.
const HEAD_POLL: Duration = Duration::from_secs(2);

/// Watches the tables until `stop` is cancelled.
pub fn watch<S: Source, T: Store>(
    store: T,
    source: S,
    stop: CancellationToken,
) -> Receiver<Progress> {
    let (sender, receiver) = channel(Progress::default());
    let sender = Arc::new(sender);
    // Two tasks: a chain that does not answer must not keep anybody from the tables.
    tokio::spawn(watch_chain(source, Arc::clone(&sender), stop.clone()));
    tokio::spawn(watch_tables(store, sender, stop));
    receiver
}

async fn watch_chain<S: Source>(source: S, sender: Arc<Sender<Progress>>, stop: CancellationToken) {
    while let Some(heads) = stop.run_until_cancelled(source.heads()).await {
        sender.send_modify(|progress| match heads {
            Ok(heads) => {
                progress.head = heads.latest.at.number;
                progress.head_time = heads.latest.time;
            }
            // How far behind the tables are is not known any more.
            Err(_) => progress.head = 0,
        });
        if stop.run_until_cancelled(tokio::time::sleep(HEAD_POLL)).await.is_none() {
            return;
        }
    }
}

async fn watch_tables<T: Store>(store: T, sender: Arc<Sender<Progress>>, stop: CancellationToken) {
    loop {
        let before = sender.borrow().cursor;
        let looked = look(&store, before).await;
        sender.send_if_modified(|progress| {
            let told = progress.clone();
            match looked {
                Ok((cursor, is_reorganized)) => {
                    progress.reorganizations += u64::from(is_reorganized);
                    progress.cursor = cursor;
                    progress.trouble = None;
                }
                Err(error) => progress.trouble = Some(error.to_string()),
            }
            *progress != told
        });
        if stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_none() {
            return;
        }
    }
}

/// Where the tables are, and whether they went back since they were there, or may have: then the block is another one now,
/// or gone.
pub(super) async fn look<T: Store>(
    store: &T,
    before: Option<Cursor>,
) -> Result<(Option<Cursor>, bool)> {
    let cursor = store.cursor().await?;
    let Some((before, now)) = before.zip(cursor).filter(|(before, now)| before.at != now.at) else {
        return Ok((cursor, false));
    };
    let known = store.blocks(&[before.at.number]).await?;
    let is_there = known.iter().any(|block| block.at == before.at);
    // Blocks without events are forgotten once they are final. One that was not when it was seen may have been undone
    // before another became final: after a long silence nobody knows, and what may be gone counts as gone.
    let is_forgotten = known.is_empty() && before.at.number < now.finalized;
    let stays = is_there || (is_forgotten && before.at.number <= before.finalized);
    Ok((cursor, !stays))
}
