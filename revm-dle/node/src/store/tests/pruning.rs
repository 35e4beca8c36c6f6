use alloy::primitives::Bytes;
use conet_committee::{
    archive::{Beginning, Image, Page},
    journal::{Frozen, Kept},
};
use zeroize::Zeroizing;

use super::*;

fn checkpoint(height: u64) -> Record {
    with_pages(height, &[], true)
}

/// With pages of so many bytes.
fn with_pages(height: u64, pages: &[(u16, usize)], is_whole: bool) -> Record {
    let headers = vec![entry(height, height).header];
    let proof = EntryProof { headers, certificate: certificate(height) };
    let pages = pages.iter().map(|(prefix, length)| {
        let chains = vec![u8::try_from(height).unwrap(); *length].into();
        Page { prefix: *prefix, chains }
    });
    let state = Image { head: Bytes::from_static(b"state"), pages: pages.collect() };
    Record::Checkpoint(Box::new(Frozen { proof, state, is_whole }))
}

fn epoch(epoch: u64) -> Record {
    let beginning = Beginning {
        seats: seats().in_epoch(epoch, vec![NodeId(1)]),
        before: vec![NodeId(2)],
        siblings: Vec::new(),
        state_hash: B256::ZERO,
    };
    Record::Epoch(Box::new(beginning))
}

fn share(epoch: u64, secret: &[u8]) -> Record {
    Record::Share(epoch, Kept(Zeroizing::new(secret.to_vec())))
}

/// As a set: the order within a kind alone counts.
fn sorted(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(Record::place);
    records
}

/// All that is there, the newest notice of the chain with it.
fn there(store: &Store) -> Vec<Record> {
    let proof = store.notice(CHAIN).unwrap().map(|proven| Record::Proven(Box::new(proven)));
    sorted(store.journal().unwrap().into_iter().chain(proof).collect())
}

#[test]
fn a_seat_forgets_what_is_decided_and_nothing_else() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let certified = CertifiedHeader { header: header(7), ballots: Vec::new() };
    let block = Record::Block(Box::new(certified), body(7));
    let final_now = [
        Record::Entry(Box::new(entry(1, 3))),
        Record::Proven(Box::new(notice(7))),
        Record::Certificate(certificate(3)),
    ];
    let kept =
        [log_vote(4), Record::Draft(Box::new(entry(2, 4))), Record::Word(word(8, Phase::Accept))];
    let mut all = vec![
        log_vote(3),
        Record::Draft(Box::new(entry(1, 3))),
        Record::Word(word(7, Phase::Accept)),
        block,
        Record::Proven(Box::new(notice(6))),
        Record::Certificate(certificate(2)),
    ];
    all.extend(kept.clone());
    write(&store, records(all.clone())).unwrap();
    assert_eq!(there(&store), sorted(all));
    write(&store, records(final_now.to_vec())).unwrap();
    store.close();
    let expected: Vec<_> = final_now.into_iter().chain(kept).collect();
    let store = open(&path).unwrap();
    assert_eq!(there(&store), sorted(expected));
    assert_eq!(store.entries(0, 9).unwrap(), [entry(1, 3)]);
    assert_eq!(store.entries(2, 9).unwrap(), []);
}

#[test]
fn the_log_below_a_checkpoint_goes_but_for_some_entries() {
    let (_dir, path) = temporary();
    let limits = StoreLimits { entries_kept: 10, ..StoreLimits::default() };
    let store =
        Store::open(&path, NodeId(1), &founding(seats(), 0), limits, Metrics::new()).unwrap();
    let resting = Record::Proven(Box::new(notice(3)));
    write(&store, records(vec![resting])).unwrap();
    let mut most = 0;
    for height in 1..=200 {
        let entry = Record::Entry(Box::new(entry(height, height)));
        let mut step = vec![log_vote(height), entry, Record::Certificate(certificate(height))];
        step.extend(height.is_multiple_of(20).then(|| checkpoint(height)));
        write(&store, records(step)).unwrap();
        most = most.max(store.journal().unwrap().len());
    }
    assert!(most <= 20 + 10 + 3, "{most} records");
    let kept: Vec<_> = store.entries(0, 99).unwrap();
    assert_eq!(kept.first().map(|entry| entry.header.height), Some(191));
    // Where a chain stands that has been at rest, the checkpoint says.
    assert_eq!(store.notice(CHAIN).unwrap(), None);
    assert!(there(&store).contains(&checkpoint(200)));
    let since = Record::Proven(Box::new(notice(21)));
    write(&store, records(vec![since.clone(), checkpoint(209)])).unwrap();
    assert!(there(&store).contains(&since));
}

#[test]
fn a_checkpoint_brings_the_pages_that_changed() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let pages = |store: &Store| {
        let records = store.journal().unwrap();
        let [Record::Checkpoint(frozen)] = &records[..] else { panic!("{records:?}") };
        assert!(frozen.is_whole);
        let pages = frozen.state.pages.iter();
        let heights = pages.map(|page| (page.prefix, page.chains.len(), page.chains[0]));
        (frozen.proof.height(), heights.collect::<Vec<_>>())
    };
    let all = [
        (
            with_pages(1, &[(3, 10), (7, 10_000), (9, 10)], true),
            vec![(3, 10, 1), (7, 10_000, 1), (9, 10, 1)],
        ),
        // One more, another one, and one that is no more.
        (
            with_pages(2, &[(2, 5), (3, 20), (9, 0)], false),
            vec![(2, 5, 2), (3, 20, 2), (7, 10_000, 1)],
        ),
        (with_pages(3, &[], false), vec![(2, 5, 2), (3, 20, 2), (7, 10_000, 1)]),
        (with_pages(4, &[(5, 1)], true), vec![(5, 1, 4)]),
    ];
    let mut before: Option<Frozen> = None;
    for (height, (record, expected)) in (1..).zip(all) {
        write(&store, records(vec![record.clone()])).unwrap();
        assert_eq!(pages(&store), (height, expected));
        // The same rule as elsewhere.
        let Record::Checkpoint(frozen) = record else { unreachable!() };
        let whole = frozen.whole(before.as_ref());
        assert_eq!(store.journal().unwrap(), [Record::Checkpoint(whole.clone().into())]);
        before = Some(whole);
    }
    store.close();
    assert_eq!(pages(&open(&path).unwrap()), (4, vec![(5, 1, 4)]));
}

#[test]
fn of_an_epoch_that_is_over_only_its_end_stays() {
    let (dir, path) = temporary();
    let store = open(&path).unwrap();
    let (secret, next) = ([0xa7; 40], [0xb9; 40]);
    let old = vec![
        epoch(2),
        Record::Entry(Box::new(entry(1, 3))),
        Record::Certificate(certificate(3)),
        checkpoint(1),
        log_vote(4),
        Record::Word(word(8, Phase::Accept)),
        share(2, &secret),
    ];
    write(&store, records(old)).unwrap();
    // What comes and goes beside it moves it about.
    for view in 5..300 {
        let draft = Record::Draft(Box::new(entry(view, view)));
        let vote = word(8 + view % 7, Phase::Accept);
        write(&store, records(vec![log_vote(view), draft, Record::Word(vote)])).unwrap();
        if view % 20 == 0 {
            write(&store, records(vec![checkpoint(view - 10)])).unwrap();
        }
    }
    // The state that the epoch before ended with says where chains stand until its first entry does.
    let last = checkpoint(270);
    let proof = Record::Proven(Box::new(notice(30)));
    let left = Record::Left(vec![NodeId(2)]);
    let mut kept = vec![proof, left, epoch(3), share(3, &next)];
    write(&store, records(kept.clone())).unwrap();
    kept.push(last);
    assert_eq!(there(&store), sorted(kept));
    // Who gets no seat in the epoch after says nothing in this one either.
    write(&store, records(vec![Record::Over(3)])).unwrap();
    assert!(!store.journal().unwrap().iter().any(|record| matches!(record, Record::Share(..))));
    // Not even in what SQLite leaves lying about.
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let has = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!has(&secret) && !has(&next));
    }
    store.close();
}

#[test]
fn a_member_keeps_its_votes_above_its_notice() {
    let (_dir, path) = temporary();
    let store = open(&path).unwrap();
    let vote = |height| Record::MemberVote(word(height, Phase::Witness));
    let first = records(vec![
        Record::Joined(1),
        Record::Notice(Box::new(notice(0))),
        vote(1),
        vote(2),
        Record::Joined(2),
    ]);
    write(&store, first).unwrap();
    write(&store, records(vec![Record::Notice(Box::new(notice(1)))])).unwrap();
    let expected = [Record::Notice(Box::new(notice(1))), vote(2), Record::Joined(2)];
    assert_eq!(sorted(store.journal().unwrap()), sorted(expected.to_vec()));
}
