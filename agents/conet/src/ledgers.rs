//! The small chains, as a user reaches them: through any seat of their archive group, whose proofs are checked here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::{Address, B256, Bytes};
use anyhow::{Context as _, bail, ensure};
use conet_chain::{ChainReader, Directory, Mainchain, NetworkFile};
use conet_committee::{archive::ProvenNotice, keys::NodeId, seats::Seats, vote::Voting};
use conet_dle::{
    client::{Client, ClientError, Place},
    clock,
    keys::WalletKey,
    mainchain::read_seats,
    registry::{NodeEntry, NodeMap},
    rpc::{Said, TransactionView},
};
use conet_ledger::{
    block::{SignedTransaction, Transaction},
    transaction::domain,
};
use conet_wire::claim::EndpointPolicy;
use rand::seq::SliceRandom as _;

use crate::seated::{self, Seated};

/// Gas that a transaction may use unless its sender says otherwise.
pub(crate) const GAS_LIMIT: u64 = 2_000_000;

/// For how long a transaction counts when it is in no block, seconds.
const VALID_S: u64 = 600;

/// A transaction that is in no block after so long is handed in once more.
const SAY_AGAIN: Duration = Duration::from_secs(3);

/// How long a seat may take to say a nonce.
const NONCE_PATIENCE: Duration = Duration::from_secs(2);

/// How often seats that say "not yet" are asked again: each time all of them are.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// How often it is looked at whether something is there.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An archive group, with the chains that it keeps.
pub(crate) struct Ledgers {
    pub(crate) client: Client,
    pub(crate) seats: Arc<Seats>,
    pub(crate) nodes: NodeMap,
    /// The main chain's id, and its `Slasher`.
    pub(crate) main: (u64, Address),
    voting: Voting,
    /// In the order in which they are asked, from `turn` on.
    places: Vec<Place>,
    turn: AtomicUsize,
}

/// Whether all seats say that they cannot do it now.
fn is_not_yet(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ClientError>().is_some_and(ClientError::is_unavailable)
}

/// What became of a transaction.
pub(crate) struct Sent {
    pub(crate) hash: B256,
    pub(crate) view: TransactionView,
    pub(crate) took: Duration,
}

impl Ledgers {
    /// Reads on the main chain who keeps a chain, and where they are.
    pub(crate) async fn of_chain(file: &NetworkFile, chain: B256) -> anyhow::Result<Self> {
        let main = Mainchain::connect(file).await?;
        let group = main.archive_groups().groupOf(chain).call().await?;
        Self::of(file, &main, group).await
    }

    /// The same of a group.
    pub(crate) async fn of_group(file: &NetworkFile, group: u32) -> anyhow::Result<Self> {
        Self::of(file, &Mainchain::connect(file).await?, group).await
    }

    async fn of(file: &NetworkFile, main: &Mainchain, group: u32) -> anyhow::Result<Self> {
        let seats = Arc::new(read_seats(main, group).await?);
        let reader = ChainReader::connect(&file.rpc_url, file.network()).await?;
        let directory = Directory::load_once(&reader, EndpointPolicy::Development).await?;
        let entry = |node: &conet_wire::claim::VerifiedNode| {
            let endpoint = node.endpoints().first().map(ToString::to_string);
            Some(NodeEntry::new(NodeId(u64::try_from(node.id()).ok()?), node.wallet(), endpoint))
        };
        let nodes = NodeMap::new(directory.all().iter().filter_map(|known| entry(&known.node)));
        let place = |node: &NodeId| Some(Place { node: *node, endpoint: nodes.endpoint(*node)? });
        let mut places: Vec<_> = seats.nodes().iter().filter_map(place).collect();
        places.shuffle(&mut rand::rng());
        let main = (file.chain_id, main.address("Slasher"));
        let voting = seated::reader(main, nodes.clone());
        Ok(Self {
            client: Client::new(file.chain_id),
            seats,
            nodes,
            main,
            voting,
            places,
            turn: AtomicUsize::new(0),
        })
    }

    /// Who holds the seats, for who checks their votes elsewhere.
    pub(crate) fn seated(&self) -> Seated {
        let nodes = self.nodes.all();
        // Whose claim does not hold is not in the directory: a quorum of the others is enough.
        let wallet = |node: &NodeId| Some((*node, nodes.get(node)?.wallet));
        let wallets = self.seats.nodes().iter().filter_map(wallet).collect();
        let (chain_id, slasher) = self.main;
        Seated { chain_id, slasher, seats: (*self.seats).clone(), wallets }
    }

    /// The seats, in the order in which they are asked.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Asks one seat after the other until one knows. Who does not answer is asked last from then on.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFn(&Client, &Place) -> Result<T, ClientError>,
    ) -> anyhow::Result<T> {
        let mut last = None;
        for _ in 0..self.places.len() {
            let turn = self.turn.load(Ordering::Relaxed);
            let Some(place) = self.places.get(turn % self.places.len()) else { break };
            match question(&self.client, place).await {
                Err(error) if error.may_be_known_elsewhere() => last = Some(error),
                answer => return Ok(answer?),
            }
            self.turn.store(turn.wrapping_add(1), Ordering::Relaxed);
        }
        match last {
            Some(error) if error.is_no_answer() => {
                Err(error).context("no seat of the archive group answers")
            }
            Some(error) => Err(error.into()),
            None => bail!("expected an archive group whose seats have endpoints, found none"),
        }
    }

    /// Where a chain stands, by the archive group's proof.
    pub(crate) async fn chain(
        &self,
        chain: B256,
        signer: Option<&WalletKey>,
    ) -> anyhow::Result<ProvenNotice> {
        let proven =
            self.ask(async |client, place| client.chain(place, chain, signer).await).await?;
        self.check(&proven)?;
        ensure!(proven.notice.chain == chain, "the seat answered about another chain");
        Ok(proven)
    }

    /// Checks that more than two thirds of the seats made it final.
    pub(crate) fn check(&self, proven: &ProvenNotice) -> anyhow::Result<u64> {
        let height = proven.verify(&self.seats, &self.voting);
        height.context("a seat's answer is not what the archive group decided: do not trust it")
    }

    /// Signs a call and hands it in; waits until it is final.
    pub(crate) async fn transact(
        &self,
        chain: B256,
        data: Bytes,
        gas_limit: u64,
        patience: Duration,
        signer: &WalletKey,
    ) -> anyhow::Result<Sent> {
        let asks = Some(signer);
        let wallet = signer.wallet();
        let begun = self.ask(async |client, place| client.genesis(place, chain, asks).await);
        let begun = begun.await?;
        let transaction = Transaction {
            chain,
            nonce: self.next_nonce(chain, wallet, asks).await?,
            valid_until_s: clock::unix_s() + VALID_S,
            gas_limit,
            data,
        };
        let separator = domain(begun.genesis.main_chain_id).hash_struct();
        let signature = signer.sign(transaction.digest(separator, begun.hash));
        let signed = SignedTransaction { transaction, signature: signature.into() };
        let start = Instant::now();
        let hash = loop {
            let handed = self.ask(async |client, place| client.submit(place, &signed, asks).await);
            match handed.await {
                // A chain that lost its creator has another one soon.
                Err(error) if is_not_yet(&error) && start.elapsed() < patience => {
                    tokio::time::sleep(ASK_AGAIN).await;
                }
                handed => break handed?.hash,
            }
        };
        let mut said = Instant::now();
        loop {
            if said.elapsed() > SAY_AGAIN {
                // The seat may have lost those who make blocks: through another one, then. It counts once.
                self.turn.fetch_add(1, Ordering::Relaxed);
                let again =
                    self.ask(async |client, place| client.submit(place, &signed, asks).await);
                let _ = again.await;
                said = Instant::now();
            }
            let found = self
                .ask(async |client, place| {
                    match client.transaction(place, chain, hash, asks).await {
                        Err(error) if error.is_not_found() => Ok(None),
                        found => found.map(Some),
                    }
                })
                .await?;
            if let Some(view) = found {
                return Ok(Sent { hash, view, took: start.elapsed() });
            }
            ensure!(
                start.elapsed() < patience,
                "transaction {hash} is not final after {} s: it may still be; look with conet \
                 chain blocks",
                patience.as_secs()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// A wallet's next nonce: the highest that a seat knows, for one that was away may be behind.
    async fn next_nonce(
        &self,
        chain: B256,
        wallet: Address,
        signer: Option<&WalletKey>,
    ) -> anyhow::Result<u64> {
        let asked = self.places.iter().map(|place| async move {
            let account = self.client.account(place, chain, wallet, signer);
            tokio::time::timeout(NONCE_PATIENCE, account).await.ok()?.ok()
        });
        let known = futures_util::future::join_all(asked).await;
        let highest = known.into_iter().flatten().map(|account| account.nonce).max();
        match highest {
            Some(nonce) => Ok(nonce),
            // Why nobody says.
            None => {
                let account = self
                    .ask(async |client, place| client.account(place, chain, wallet, signer).await);
                Ok(account.await?.nonce)
            }
        }
    }

    /// Asks a chain's contract.
    pub(crate) async fn call(
        &self,
        chain: B256,
        data: Bytes,
        signer: Option<&WalletKey>,
    ) -> anyhow::Result<Said> {
        let caller = signer.map(WalletKey::wallet).unwrap_or_default();
        self.ask(async |client, place| {
            client.call(place, chain, caller, data.clone(), signer).await
        })
        .await
    }

    /// Waits until a chain's group is drawn, and gives where it stands.
    pub(crate) async fn until_whole(
        &self,
        chain: B256,
        patience: Duration,
        signer: Option<&WalletKey>,
    ) -> anyhow::Result<ProvenNotice> {
        let start = Instant::now();
        loop {
            let found = self
                .ask(async |client, place| match client.chain(place, chain, signer).await {
                    Err(error) if error.is_not_found() => Ok(None),
                    found => found.map(Some),
                })
                .await?;
            if let Some(proven) =
                found.filter(|proven| proven.notice.signers(proven.notice.height + 1).is_some())
            {
                self.check(&proven)?;
                return Ok(proven);
            }
            ensure!(
                start.elapsed() < patience,
                "the group of {chain} is not drawn after {} s: do enough nodes wait? See conet \
                 chain status",
                patience.as_secs()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
