//! Follows the Selection Chains of the archive groups into the tables. They are no part of the main chain, and no link has
//! a proof: seats are asked, and a link counts when so many say the same that one of them at least is honest.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use alloy::primitives::B256;
use anyhow::{Context as _, bail};
use conet_chain::{Mainchain, NetworkFile, archive::working};
use conet_committee::roulette::selection::Selection;
use conet_indexer::store::{DrawRow, DrawsQuery, Store};
use futures_util::future::join_all;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::ledgers::Ledgers;

/// How often seats are asked.
const POLL: Duration = Duration::from_secs(2);

/// How long a seat may take to answer.
const SEAT_PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked at which groups work, and who sits.
const GROUPS_POLLS: u32 = 30;

/// A link's number and id.
type Link = (u64, B256);

/// What seats say, each what it has from a number on.
type Answers = Vec<Vec<Selection>>;

/// Follows until `stop`. What fails is tried again.
pub(super) async fn follow<T: Store>(network: NetworkFile, store: T, stop: CancellationToken) {
    let mut groups = BTreeMap::new();
    for polls in 0_u32.. {
        let round = round(&network, &store, &mut groups, polls.is_multiple_of(GROUPS_POLLS));
        let pause = async {
            round.await;
            tokio::time::sleep(POLL).await;
        };
        if stop.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

async fn round<T: Store>(
    network: &NetworkFile,
    store: &T,
    groups: &mut BTreeMap<u32, Ledgers>,
    looks: bool,
) {
    if looks && let Err(error) = look(network, groups).await {
        tracing::debug!(%error, "the archive groups cannot be read");
    }
    for (group, ledgers) in groups {
        let seats = ledgers.seats.nodes().len();
        let ask = async |from| ask(ledgers, from).await;
        if let Err(error) = read(store, *group, enough(seats), ask).await {
            tracing::debug!(group, error = format!("{error:#}"), "no draws are read");
        }
    }
}

/// Which groups work, and who sits in them now.
async fn look(network: &NetworkFile, groups: &mut BTreeMap<u32, Ledgers>) -> anyhow::Result<()> {
    for group in working(&Mainchain::connect(network).await?).await? {
        groups.insert(group, Ledgers::of_group(network, group).await?);
    }
    Ok(())
}

/// What each seat has from a number on, if it answers.
async fn ask(ledgers: &Ledgers, from: u64) -> Answers {
    let asked = ledgers.places().iter().map(|place| async move {
        let answer = ledgers.client.selections(place, None, from);
        Some(timeout(SEAT_PATIENCE, answer).await.ok()?.ok()?.selections)
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Of so many seats, how many must say the same: more than a third, for no more than that lie, and two where there are two.
fn enough(seats: usize) -> usize {
    (seats / 3 + 1).max(seats.min(2))
}

/// Reads on, up to the newest draw that enough seats have.
async fn read<T: Store>(
    store: &T,
    group: u32,
    enough: usize,
    ask: impl AsyncFn(u64) -> Answers,
) -> anyhow::Result<()> {
    loop {
        let newest = known(store, group, None).await?;
        let answers = ask(newest.map_or(0, |(number, _)| number)).await;
        match (heard(newest, answers, enough), newest) {
            (Heard::After(links), _) if links.is_empty() => return Ok(()),
            (Heard::After(links), _) => {
                let rows: Result<_, _> = links.iter().map(|link| row(group, link)).collect();
                store.put_draws(rows?).await?;
            }
            (Heard::Another, Some((number, _))) => {
                go_back(store, (group, number), enough, &ask).await?;
            }
            _ => bail!("expected {enough} seats that say the same, found fewer"),
        }
    }
}

fn row(group: u32, link: &Selection) -> anyhow::Result<DrawRow> {
    let (number, chain) = (link.index, link.request.chain);
    Ok(DrawRow { group, number, chain, body: serde_json::to_string(link)? })
}

/// The newest link in the tables, or the newest up to a number.
async fn known<T: Store>(store: &T, group: u32, upto: Option<u64>) -> anyhow::Result<Option<Link>> {
    let from = upto.map(|upto| (group, upto.saturating_add(1)));
    let query = DrawsQuery { group: Some(group), from, limit: 1, ..DrawsQuery::default() };
    let Some(row) = store.draws(&query).await?.pop() else { return Ok(None) };
    let link: Selection =
        serde_json::from_str(&row.body).context("a draw in the tables is none")?;
    Ok(Some((row.number, link.id())))
}

/// Forgets links down to one that enough seats have, too: those above, or some of them, are not theirs.
async fn go_back<T: Store>(
    store: &T,
    (group, newest): (u32, u64),
    enough: usize,
    ask: &impl AsyncFn(u64) -> Answers,
) -> anyhow::Result<()> {
    let mut step = 1;
    let from = loop {
        let below = match newest.checked_sub(step) {
            Some(number) => known(store, group, Some(number)).await?,
            None => None,
        };
        let Some((number, id)) = below else { break 0 };
        match heard(Some((number, id)), ask(number).await, enough) {
            Heard::After(_) => break number + 1,
            Heard::Another => step *= 2,
            Heard::TooFew => bail!("expected {enough} seats that know link {number}, found fewer"),
        }
    };
    tracing::warn!(group, from, newest, "seats have other draws: the tables' are read anew");
    Ok(store.drop_draws(group, from).await?)
}

/// What enough seats say of a link.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    /// They have it, and these after it.
    After(Vec<Selection>),
    /// They have another in its place.
    Another,
    /// Too few say the same.
    TooFew,
}

/// What enough of those that answered have after a link; none: from the beginning, which is anything in a group that came
/// from a split, for it goes on where the one before it was.
fn heard(link: Option<Link>, answers: Answers, enough: usize) -> Heard {
    let answers = answers.into_iter().map(up_to_a_gap);
    let Some((number, id)) = link else { return Heard::After(agreed(answers.collect(), enough)) };
    let mut same = Vec::new();
    let mut others: HashMap<B256, usize> = HashMap::new();
    for mut answer in answers {
        let found = match answer.first() {
            Some(first) if first.index == number => {
                let found = first.id();
                answer.remove(0);
                found
            }
            Some(first) if first.index == number + 1 => first.parent,
            // It is behind, or begins later: it says nothing of this one.
            _ => continue,
        };
        if found == id {
            same.push(answer);
        } else {
            *others.entry(found).or_default() += 1;
        }
    }
    if same.len() >= enough {
        Heard::After(agreed(same, enough))
    } else if others.values().any(|count| *count >= enough) {
        Heard::Another
    } else {
        Heard::TooFew
    }
}

/// A seat's links as far as each links to the one before.
fn up_to_a_gap(mut answer: Vec<Selection>) -> Vec<Selection> {
    let links = |pair: &[Selection]| match pair {
        [one, next] => (next.index, next.parent) == (one.index + 1, one.id()),
        _ => true,
    };
    if let Some(last) = answer.windows(2).position(|pair| !links(pair)) {
        answer.truncate(last + 1);
    }
    answer
}

/// The links that enough seats have, one after the other.
fn agreed(mut answers: Answers, enough: usize) -> Vec<Selection> {
    let mut links = Vec::new();
    loop {
        let ids: Vec<_> =
            answers.iter().map(|answer| answer.get(links.len()).map(Selection::id)).collect();
        let says = |id: &&B256| ids.iter().filter(|said| said.as_ref() == Some(id)).count();
        let Some(id) = ids.iter().flatten().find(|id| says(id) >= enough) else { return links };
        let mut said = ids.iter().map(|said| said.as_ref() == Some(id));
        answers.retain(|_| said.next().unwrap_or_default());
        let link = answers.first().and_then(|answer| answer.get(links.len())).cloned();
        links.extend(link);
    }
}

#[cfg(test)]
mod tests {
    use conet_committee::roulette::request::{Outcome, Request};
    use conet_indexer::store::SqliteStore;

    use super::*;

    /// Links of an answer.
    const PAGE: usize = 3;

    /// A chain of so many links, after some of another one.
    fn chain(before: &[Selection], kind: u8, links: u64) -> Vec<Selection> {
        let mut chain = before.to_vec();
        for _ in 0..links {
            let request = Request {
                chain: B256::repeat_byte(kind),
                height: 0,
                role: 1,
                seats: 1,
                standbys: 0,
                weighted: false,
                members: Vec::new(),
                logged_at: 0,
                seed_height: 2,
                pool: B256::ZERO,
            };
            chain.push(Selection {
                index: chain.last().map_or(0, |last: &Selection| last.index + 1),
                parent: chain.last().map_or(B256::ZERO, Selection::id),
                request,
                drawn_in: 3,
                seed: B256::ZERO,
                pool: B256::ZERO,
                outcome: Outcome::default(),
            });
        }
        chain
    }

    struct Group {
        store: SqliteStore,
        /// What each seat has; none: it does not answer.
        seats: Vec<Option<Vec<Selection>>>,
        _folder: tempfile::TempDir,
    }

    impl Group {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let store = SqliteStore::open(&folder.path().join("index.db")).await.unwrap();
            Self { store, seats: Vec::new(), _folder: folder }
        }

        async fn read(&self) -> anyhow::Result<()> {
            let page = |links: &Vec<Selection>, from| {
                let links = links.iter().filter(|link| link.index >= from);
                links.take(PAGE).cloned().collect()
            };
            let ask =
                async |from| self.seats.iter().flatten().map(|links| page(links, from)).collect();
            read(&self.store, 4, enough(self.seats.len()), ask).await
        }

        async fn has(&self) -> Vec<Selection> {
            let query = DrawsQuery { limit: 100, ..DrawsQuery::default() };
            let rows = self.store.draws(&query).await.unwrap();
            rows.iter().rev().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
        }
    }

    #[test]
    fn one_of_those_that_are_enough_is_honest() {
        let found: Vec<_> = (1..=8).map(enough).collect();
        assert_eq!(found, [1, 2, 2, 2, 2, 3, 3, 3]);
    }

    #[tokio::test]
    async fn a_link_counts_when_enough_seats_have_it() {
        let mut group = Group::new().await;
        let truth = chain(&[], 1, 10);
        let lie = chain(&truth[..2], 9, 20);
        // The liar answers first, and says most.
        group.seats = vec![Some(lie), Some(truth[..8].to_vec()), Some(truth.clone()), None];
        group.read().await.unwrap();
        assert_eq!(group.has().await, truth[..8]);
        group.seats[1] = Some(truth.clone());
        group.read().await.unwrap();
        assert_eq!(group.has().await, truth);
        // Alone nobody is believed.
        group.seats = vec![Some(chain(&truth, 1, 1)), None, None, None];
        assert!(group.read().await.is_err());
        assert_eq!(group.has().await, truth);
    }

    #[tokio::test]
    async fn a_false_link_is_forgotten_when_enough_seats_have_another() {
        let mut group = Group::new().await;
        let truth = chain(&[], 1, 12);
        let lie = chain(&truth[..4], 9, 5);
        group.seats = vec![Some(lie.clone()), Some(lie.clone()), None, None];
        group.read().await.unwrap();
        assert_eq!(group.has().await, lie);
        // One says otherwise: that is not enough.
        group.seats = vec![Some(lie.clone()), Some(truth.clone()), None, None];
        assert!(group.read().await.is_err());
        assert_eq!(group.has().await, lie);
        group.seats = vec![Some(lie), Some(truth.clone()), Some(truth.clone()), None];
        group.read().await.unwrap();
        assert_eq!(group.has().await, truth);
        // From the very beginning, too.
        let other = chain(&[], 5, 15);
        group.seats = vec![Some(other.clone()), Some(other.clone()), Some(truth), None];
        group.read().await.unwrap();
        assert_eq!(group.has().await, other);
    }

    #[tokio::test]
    async fn a_group_that_came_from_a_split_goes_on_where_the_one_before_was() {
        let mut group = Group::new().await;
        let whole = chain(&[], 1, 9);
        let half = whole[5..].to_vec();
        group.seats = vec![Some(half.clone()), Some(half.clone())];
        group.read().await.unwrap();
        assert_eq!(group.has().await, half);
        let half = chain(&half, 1, 7);
        group.seats = vec![Some(half.clone()), Some(half[..6].to_vec())];
        group.read().await.unwrap();
        assert_eq!(group.has().await, half[..6]);
    }

    #[test]
    fn a_seats_links_count_as_far_as_they_link() {
        let mut torn = chain(&[], 1, 5);
        torn[3].parent = B256::ZERO;
        assert_eq!(up_to_a_gap(torn.clone()), torn[..3]);
        let both = vec![torn.clone(), torn.clone()];
        assert_eq!(heard(None, both, 2), Heard::After(torn[..3].to_vec()));
    }
}
