//! An RPC that tells of a fork below what is final: nothing of it comes into the tables, and that is loud.

use super::*;

/// Blocks of the true chain.
const HEIGHT: u64 = 200;

/// The true chain's follower, caught up, and the RPC that it asks.
async fn begun<T: Store>(chain: &MadeChain, store: &T) -> (Arc<Turncoat>, Follower<Turncoat, T>) {
    let rpc = Turncoat::new(chain);
    let limits = FollowLimits { pause_max: Duration::from_millis(100), ..FollowLimits::default() };
    let follower = Follower::new(Arc::clone(&rpc), store.clone(), rules(), limits).await;
    (rpc, follower.unwrap())
}

/// A fork of the chain that leaves out its last `depth` blocks, and is `more` blocks longer.
fn fork(chain: &MadeChain, depth: u64, more: u64) -> MadeChain {
    let fork = chain.fork();
    fork.reorganize(depth, more);
    fork
}

async fn refuses<T: Store>(store: T) {
    let chain = MadeChain::new(3, rules().1, 3);
    chain.grow(HEIGHT);
    let (rpc, mut follower) = begun(&chain, &store).await;
    while follower.step().await.unwrap() != Step::Quiet {}
    let finalized = store.cursor().await.unwrap().unwrap().finalized;
    assert_eq!(finalized, HEIGHT - DEPTH_MAX);
    let expected = chain.header(finalized).await.unwrap().unwrap().at;
    let before = dump(&store).await;
    // The first is one block deeper than what is not final; the others fork well below, one just as the next block comes.
    for (depth, more) in [(DEPTH_MAX + 1, 1), (DEPTH_MAX + 1, 30), (150, 1), (HEIGHT, 2)] {
        let false_one = fork(&chain, depth, more);
        rpc.tells_of(&false_one);
        let error = follower.step().await.unwrap_err();
        let found = false_one.header(finalized).await.unwrap().unwrap().at;
        assert_ne!(found, expected);
        let FollowError::DeeperThanFinal { number, expected: was, found: is } = &error else {
            panic!("{depth}: {error}");
        };
        let expected = (finalized, expected.hash, found.hash.to_string());
        assert_eq!((*number, *was, is.clone()), expected, "{depth}");
        assert!(error.to_string().contains("which was final"), "{error}");
        assert_eq!(dump(&store).await, before, "{depth}");
    }
    // Running, it says so again and again, and believes the RPC when that is honest again.
    let mut progress = follower.progress();
    let stop = CancellationToken::new();
    let running = tokio::spawn(follower.run(stop.clone()));
    let refused = progress.wait_for(|progress| progress.failures > 2).await.unwrap().clone();
    assert!(refused.trouble.is_some_and(|why| why.contains("which was final")));
    assert_eq!((refused.reorganizations, dump(&store).await), (0, before));
    chain.grow(10);
    rpc.tells_of(&chain);
    let head = chain.height();
    let honest = progress
        .wait_for(|progress| progress.cursor.is_some_and(|cursor| cursor.at.number == head));
    assert_eq!(honest.await.unwrap().trouble, None);
    // One that is not too deep is no lie.
    let other = fork(&chain, DEPTH_MAX, 1);
    rpc.tells_of(&other);
    let undone = progress.wait_for(|progress| progress.deepest == DEPTH_MAX);
    assert_eq!(undone.await.unwrap().reorganizations, 1);
    let head = other.height();
    progress.wait_for(|progress| progress.lag() == 0 && progress.head == head).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    let (_folder, fresh) = sqlite().await;
    catch_up(&mut self::follower(&other, fresh.clone()).await).await;
    assert_eq!(comparable(&store).await, comparable(&fresh).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_deeper_than_final_are_refused_by_sqlite() {
    let (_folder, store) = sqlite().await;
    refuses(store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forks_deeper_than_final_are_refused_by_postgres() {
    refuses(PostgresStore::open(&POSTGRES.database().unwrap()).await.unwrap()).await;
}
