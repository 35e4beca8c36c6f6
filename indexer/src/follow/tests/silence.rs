//! When the chain does not answer at the start, or a reader has not heard of the tables for long.

use alloy::primitives::B256;

use super::*;
use crate::store::Identity;

fn limits() -> FollowLimits {
    FollowLimits { pause_max: Duration::from_millis(20), ..FollowLimits::default() }
}

/// A chain of blocks in which nothing happens, and its tables.
async fn begun(blocks: u64) -> (tempfile::TempDir, SqliteStore, MadeChain) {
    let chain = MadeChain::new(9, rules().1, 0);
    chain.grow(blocks);
    let (folder, store) = sqlite().await;
    catch_up(&mut follower(&chain, store.clone()).await).await;
    (folder, store, chain)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_exist_begin_without_the_chain() {
    let (_folder, store, chain) = begun(20).await;
    let rpc = Turncoat::new(&chain);
    rpc.fails(away);
    let start = Start::new(Arc::clone(&rpc), store.clone(), rules(), limits()).await.unwrap();
    let mut progress = start.progress();
    assert_eq!(progress.borrow().cursor.unwrap().at.number, 20);
    let stop = CancellationToken::new();
    let running = tokio::spawn(start.run(stop.clone()));
    let trouble = progress.wait_for(|progress| progress.failures > 2).await.unwrap().clone();
    assert!(trouble.trouble.is_some_and(|why| why.contains("it is away")));
    chain.grow(5);
    rpc.tells_of(&chain);
    let on = |progress: &Progress| progress.cursor.is_some_and(|cursor| cursor.at.number == 25);
    assert_eq!(progress.wait_for(on).await.unwrap().trouble, None);
    stop.cancel();
    running.await.unwrap().unwrap();
    // There is nothing to serve where there are no tables.
    rpc.fails(away);
    let (_folder, empty) = sqlite().await;
    let refused = Start::new(rpc, empty, rules(), limits()).await;
    assert!(matches!(refused, Err(FollowError::Source(SourceError::Unreachable(_)))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_chain_ends_what_began_without_it() {
    let (_folder, store, _) = begun(20).await;
    let before = dump(&store).await;
    let wrong_chain = || SourceError::WrongChain { expected: 7, found: 42 };
    for chain_id_differs in [false, true] {
        let other = MadeChain::new(10, rules().1, 0);
        other.grow(30);
        let rpc = Turncoat::new(&other);
        rpc.fails(away);
        let start = Start::new(Arc::clone(&rpc), store.clone(), rules(), limits()).await.unwrap();
        let mut progress = start.progress();
        let running = tokio::spawn(start.run(CancellationToken::new()));
        progress.wait_for(|progress| progress.failures > 0).await.unwrap();
        match chain_id_differs {
            true => rpc.fails(wrong_chain),
            false => rpc.tells_of(&other),
        }
        let ended = running.await.unwrap().unwrap_err().to_string();
        let why = if chain_id_differs { "found chain 42" } else { "found tables of chain 7" };
        assert!(ended.contains(why), "{ended}");
        assert_eq!(dump(&store).await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_rpcs_one_of_another_chain_does_not_end_it() {
    let (_folder, store, chain) = begun(20).await;
    let rpc = Turncoat::new(&MadeChain::new(10, rules().1, 0));
    chain.grow(5);
    *rpc.1.lock().unwrap() = Some(chain.clone());
    let start = Start::new(rpc, store, rules(), limits()).await.unwrap();
    let mut progress = start.progress();
    let stop = CancellationToken::new();
    let running = tokio::spawn(start.run(stop.clone()));
    let on = |progress: &Progress| progress.cursor.is_some_and(|cursor| cursor.at.number == 25);
    progress.wait_for(on).await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_learns_of_the_chain_when_that_answers() {
    let (_folder, store, chain) = begun(20).await;
    let (rpc, (chain_id, catalogue, tables)) = (Turncoat::new(&chain), rules());
    let stop = CancellationToken::new();
    let expects = || expect_in_time(&rpc, &store, (chain_id, &catalogue, &tables), &stop);
    rpc.fails(away);
    let answers = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        rpc.tells_of(&chain);
    };
    let (expected, ()) = tokio::join!(expects(), answers);
    expected.unwrap();
    rpc.tells_of(&MadeChain::new(10, rules().1, 0));
    let refused = expects().await;
    assert!(matches!(refused, Err(FollowError::Store(StoreError::WrongNetwork { .. }))));
    // That the rules are others is known without the chain.
    rpc.fails(away);
    let identity = store.identity().await.unwrap().unwrap();
    store.begin(&Identity { rules: B256::ZERO, ..identity }).await.unwrap();
    let refused = expects().await;
    assert!(matches!(refused, Err(FollowError::Store(StoreError::OtherRules))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_was_away_tells_of_what_may_have_been_undone() {
    let (_folder, store, chain) = begun(100).await;
    let mut follower = follower(&chain, store.clone()).await;
    let seen = store.cursor().await.unwrap();
    assert_eq!(seen.map(|seen| (seen.at.number, seen.finalized)), Some((100, 36)));
    let is_reorganized = async || watch::look(&store, seen).await.unwrap().1;
    assert!(!is_reorganized().await);
    chain.grow(10);
    catch_up(&mut follower).await;
    assert!(!is_reorganized().await, "it is remembered");
    chain.reorganize(20, 1);
    catch_up(&mut follower).await;
    assert!(is_reorganized().await, "it is another one");
    // So long that the block, with another hash than was seen, is final and forgotten.
    chain.grow(200);
    catch_up(&mut follower).await;
    assert_eq!(store.blocks(&[100]).await.unwrap(), []);
    assert!(is_reorganized().await, "nobody knows, and it was");
    // What was final when it was seen was not undone.
    let at = chain.header(36).await.unwrap().unwrap().at;
    let seen = Some(crate::store::Cursor { at, ..seen.unwrap() });
    assert_eq!(store.blocks(&[36]).await.unwrap(), []);
    assert!(!watch::look(&store, seen).await.unwrap().1);
}
