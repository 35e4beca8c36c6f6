//! Chains from seeds, with reorganizations: the tables must be what a fresh sync makes.
//!
//! `CONET_REORGANIZATIONS=10000 cargo test -p conet-indexer --release reorganizations_in` runs more of them, and `CONET_SEED`
//! others.

mod false_forks;
mod silence;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::{
    chain::Header,
    store::{
        PostgresStore, SqliteStore,
        tests::{POSTGRES, dump},
    },
    testing::{MadeChain, our_catalogue},
};

/// Reorganizations of a test, unless the environment says another number.
const REORGANIZATIONS: u64 = 400;

/// After so many the tables are compared, and after the last one.
const COMPARED_EVERY: u64 = 100;

/// And so often at most: a fresh sync of a long chain takes long.
const COMPARISONS_MAX: u64 = 25;

/// The deepest reorganization that is not refused.
const DEPTH_MAX: u64 = 64;

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("expected a number as {name}, found {text}")))
}

fn rules() -> (u64, Arc<Catalogue>, Arc<Tables>) {
    let catalogue = Arc::new(our_catalogue().unwrap());
    let tables = Arc::new(Tables::own(&catalogue).unwrap());
    (7, catalogue, tables)
}

async fn follower<T: Store>(chain: &MadeChain, store: T) -> Follower<MadeChain, T> {
    let limits = FollowLimits { blocks_max: 50, ..FollowLimits::default() };
    Follower::new(Arc::new(chain.clone()), store, rules(), limits).await.unwrap()
}

async fn catch_up<T: Store>(follower: &mut Follower<MadeChain, T>) {
    loop {
        let progress = follower.progress();
        let done = follower.step().await.unwrap() == Step::Quiet;
        if done && progress.borrow().lag() == 0 {
            return;
        }
    }
}

async fn sqlite() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("index.db")).await.unwrap();
    (folder, store)
}

/// An RPC that may tell of another chain from now on, or fail, and what the one says that is asked instead.
#[derive(Debug)]
struct Turncoat(Mutex<Result<MadeChain, fn() -> SourceError>>, Mutex<Option<MadeChain>>);

fn away() -> SourceError {
    SourceError::Unreachable("it is away".to_owned())
}

impl Turncoat {
    fn new(chain: &MadeChain) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Ok(chain.clone())), Mutex::default()))
    }

    fn says(&self) -> MutexGuard<'_, Result<MadeChain, fn() -> SourceError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tells_of(&self, chain: &MadeChain) {
        *self.says() = Ok(chain.clone());
    }

    fn fails(&self, error: fn() -> SourceError) {
        *self.says() = Err(error);
    }

    fn told(&self) -> Result<MadeChain, SourceError> {
        self.says().clone().map_err(|error| error())
    }
}

impl Source for Turncoat {
    async fn heads(&self) -> Result<Heads, SourceError> {
        self.told()?.heads().await
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, SourceError> {
        self.told()?.header(number).await
    }

    async fn chunk(&self, from: u64, to: u64) -> Result<Chunk, SourceError> {
        self.told()?.chunk(from, to).await
    }

    async fn wake(&self) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    fn another(&self) {
        let next = self.1.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(next) = next {
            self.tells_of(&next);
        }
    }
}

/// The tables but for what says when they got there.
async fn comparable(store: &impl Store) -> Vec<String> {
    let mut rows = dump(store).await;
    rows.retain(|row| !row.starts_with("cursor"));
    rows
}

/// That the tables are what a fresh sync of the chain makes.
async fn compare(chain: &MadeChain, store: &impl Store, when: &str) {
    let (_folder, fresh) = sqlite().await;
    // In steps as long as they may be: a long chain takes many.
    let limits = FollowLimits::default();
    let follower = Follower::new(Arc::new(chain.clone()), fresh.clone(), rules(), limits).await;
    catch_up(&mut follower.unwrap()).await;
    let (expected, found) = (comparable(&fresh).await, comparable(store).await);
    let differs = expected.iter().zip(&found).find(|(one, other)| one != other);
    assert_eq!(differs, None, "{when}");
    assert_eq!(expected.len(), found.len(), "{when}");
}

async fn equals_a_fresh_sync<T: Store>(store: T, seed: u64) {
    let seed = from_environment("CONET_SEED").unwrap_or(seed);
    let reorganizations = from_environment("CONET_REORGANIZATIONS").unwrap_or(REORGANIZATIONS);
    println!("seed {seed}, {reorganizations} reorganizations");
    let catalogue = rules().1;
    let chain = MadeChain::new(seed, catalogue, 3);
    let mut random = StdRng::seed_from_u64(seed ^ 0xc0de);
    let mut followed = follower(&chain, store.clone()).await;
    let progress = followed.progress();
    let undone = || progress.borrow().reorganizations;
    let mut compared_at = 0;
    let every = COMPARED_EVERY.max(reorganizations / COMPARISONS_MAX);
    // Some go unseen: the chain is not looked at between all of them.
    while undone() < reorganizations {
        chain.grow(random.random_range(0..8));
        if random.random_range(0..3) > 0 {
            catch_up(&mut followed).await;
        }
        chain.reorganize(
            1 + random.random_range(0..DEPTH_MAX.min(chain.height().max(1))),
            random.random_range(0..4),
        );
        if (compared_at + every..reorganizations).contains(&undone()) {
            catch_up(&mut followed).await;
            compared_at = undone();
            compare(&chain, &store, &format!("seed {seed}, after {compared_at}")).await;
        }
    }
    catch_up(&mut followed).await;
    compare(&chain, &store, &format!("seed {seed}, after the last of {}", undone())).await;
    let deepest = progress.borrow().deepest;
    println!("the deepest: {deepest}");
    assert!(deepest > DEPTH_MAX / 2 && deepest <= DEPTH_MAX, "{deepest}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reorganizations_in_sqlite_equal_a_fresh_sync() {
    let (_folder, store) = sqlite().await;
    equals_a_fresh_sync(store, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reorganizations_in_postgres_equal_a_fresh_sync() {
    let store = PostgresStore::open(&POSTGRES.database().unwrap()).await.unwrap();
    equals_a_fresh_sync(store, 2).await;
}
