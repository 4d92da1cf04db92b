//! The index against a look at every document.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::model::{self, Numbers};
use crate::query::Query;
use crate::{Cursor, Direction, Document, Reader, SearchOptions, SortField, SortKey};

fn sort_value(field: SortField, document: &Document) -> Option<i64> {
    match field {
        SortField::Likes => document.likes.map(|value| value as i64),
        SortField::Steps => document.steps.map(|value| value as i64),
        SortField::Seed => document.seed,
        SortField::Created => document.created_ms,
        _ => unreachable!("not generated"),
    }
}

fn sort_key() -> impl Strategy<Value = SortKey> {
    let field = select(&[SortField::Likes, SortField::Steps, SortField::Seed, SortField::Created][..]);
    let direction = select(&[Direction::Ascending, Direction::Descending][..]);
    (field, direction).prop_map(|(field, direction)| SortKey { field, direction })
}

/// The keys of the matches in order.
fn expected(query: &Query, sort: &[SortKey], documents: &[Document]) -> Vec<i64> {
    let mut found: Vec<&Document> =
        documents.iter().filter(|document| model::matches(query, document).unwrap_or(true)).collect();
    let place = |key: &SortKey, document: &Document| match (sort_value(key.field, document), key.direction) {
        (None, _) => (1, 0),
        (Some(value), Direction::Ascending) => (0, value),
        (Some(value), Direction::Descending) => (0, -value),
    };
    found.sort_by_key(|document| {
        (sort.iter().map(|key| place(key, document)).collect::<Vec<_>>(), document.key)
    });
    found.into_iter().map(|document| document.key).collect()
}

/// All hits, a page at a time.
fn pages(reader: &Reader, query: &Query, sort: &[SortKey], limit: usize) -> Vec<(i64, Option<f32>)> {
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let options = SearchOptions { limit, sort: sort.to_vec(), after: after.clone() };
        let hits = reader.search(&Numbers, query, &options).expect("searches").hits;
        let Some(last) = hits.last() else { return all };
        after = Some(last.cursor.to_string().parse().expect("a cursor reads back"));
        all.extend(hits.iter().map(|hit| (hit.key, hit.score)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_query_finds_what_a_look_at_every_document_finds(
        documents in model::documents(40),
        queries in vec((model::query(), vec(sort_key(), 1..3), 1..9usize), 24),
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 13);
        let reader = Reader::open(dir.path()).expect("opens");
        prop_assert_eq!(reader.documents(), documents.len() as u64);
        for (query, sort, limit) in &queries {
            let expected_keys = expected(query, sort, &documents);
            let found: Vec<i64> = pages(&reader, query, sort, *limit).into_iter().map(|(key, _)| key).collect();
            prop_assert_eq!(&found, &expected_keys, "{} sorted by {:?}", query, sort);
            prop_assert_eq!(reader.count(&Numbers, query).expect("counts"), expected_keys.len() as u64);

            let ranked = pages(&reader, query, &[], *limit);
            let whole = pages(&reader, query, &[], 1000);
            prop_assert_eq!(&ranked, &whole, "{}: pages against the whole", query);
            prop_assert!(
                ranked.windows(2).all(|pair| pair[0].1 > pair[1].1
                    || (pair[0].1 == pair[1].1 && pair[0].0 < pair[1].0)),
                "{}: {:?}", query, ranked
            );
            let mut ranked_keys: Vec<i64> = ranked.into_iter().map(|(key, _)| key).collect();
            ranked_keys.sort_unstable();
            let mut sorted_keys = expected_keys;
            sorted_keys.sort_unstable();
            prop_assert_eq!(ranked_keys, sorted_keys);
        }
    }

    #[test]
    fn facts_are_those_of_the_documents(documents in model::documents(30)) {
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 11);
        let reader = Reader::open(dir.path()).expect("opens");
        let mut seen = 0;
        let mut wrong = Vec::new();
        reader.for_each(&Numbers, &Query::all(), &mut |facts| {
            seen += 1;
            let document = documents.iter().find(|document| document.key == facts.key);
            let same = document.is_some_and(|document| {
                document.created_ms == facts.created_ms
                    && document.media == facts.media
                    && document.steps == facts.steps
                    && document.cfg == facts.cfg
                    && document.width == facts.width
                    && document.height == facts.height
                    && document.seed == facts.seed
                    && document.sampler.as_deref() == facts.sampler
                    && document.scheduler.as_deref() == facts.scheduler
                    && document.username.as_deref() == facts.username
                    && document.base_model.as_deref() == facts.base_model
                    && document.resources == facts.resources
                    && document.posted_for == facts.posted_for
            });
            if !same {
                wrong.push(facts.key);
            }
        }).expect("runs");
        prop_assert_eq!(seen, documents.len());
        prop_assert!(wrong.is_empty(), "{:?}", wrong);
        for id in 0..7 {
            let users = documents.iter().filter(|document| document.resources.iter().any(|used| used.id == id));
            prop_assert_eq!(reader.document_frequency_of_resource(id).expect("counts"), users.count() as u64);
        }
    }
}

/// Where each document is better than all before it, a search guesses what its page will need, and searches again where
/// the guess was too good.
#[test]
fn an_order_opposite_to_that_of_the_documents_finds_the_same() {
    for shape in 0..4_i64 {
        let value = |key: i64| match shape {
            0 => key,
            1 => key * key % 97,
            2 => key / 50,
            // Rising, then far below: the sample of the rest is right, and its matches are not.
            _ => {
                if key % 3 == 0 {
                    -key
                } else {
                    key
                }
            }
        };
        let documents: Vec<Document> = (0..400)
            .map(|key| Document {
                key,
                prompt: Some(if key % 3 == 0 { "cat" } else { "dog" }.into()),
                seed: (key % 7 != 6).then(|| value(key)),
                ..Document::default()
            })
            .collect();
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 400);
        let reader = Reader::open(dir.path()).expect("opens");
        for text in ["cat", "dog", "*"] {
            let query = crate::query::parse(text).expect("reads").query;
            for direction in [Direction::Ascending, Direction::Descending] {
                let sort = [SortKey { field: SortField::Seed, direction }];
                let found: Vec<i64> =
                    pages(&reader, &query, &sort, 7).into_iter().map(|(key, _)| key).collect();
                assert_eq!(found, expected(&query, &sort, &documents), "{text} {direction:?} {shape}");
            }
        }
    }
}
