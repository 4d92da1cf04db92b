//! Facets, histograms, groups and samples against a look at every document.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::model::{self, Numbers};
use crate::query::Query;
use crate::tokenizer::{Kind, words};
use crate::{
    DateGrain, Direction, Document, FacetField, GroupBy, NumberField, Reader, SearchOptions, SortField,
    SortKey, chunks,
};

fn matching<'a>(query: &Query, documents: &'a [Document]) -> Vec<&'a Document> {
    documents.iter().filter(|document| model::matches(query, document).unwrap_or(true)).collect()
}

fn values(field: FacetField, document: &Document) -> BTreeSet<String> {
    let of_text = |text: &Option<String>| chunks(text.as_deref().unwrap_or_default()).collect();
    let one = |text: &Option<String>| text.iter().cloned().collect();
    match field {
        FacetField::Sampler => one(&document.sampler),
        FacetField::Scheduler => one(&document.scheduler),
        FacetField::Base => one(&document.base_model),
        FacetField::User => one(&document.username),
        FacetField::Source => one(&document.source),
        FacetField::Chunk => of_text(&document.prompt),
        FacetField::NegativeChunk => of_text(&document.negative),
        FacetField::Resource => document.resources.iter().map(|used| used.id.to_string()).collect(),
        _ => BTreeSet::new(),
    }
}

fn reader(documents: &[Document], size: usize) -> (tempfile::TempDir, Reader) {
    let dir = tempfile::tempdir().expect("a folder");
    model::write(dir.path(), documents, size);
    let reader = Reader::open(dir.path()).expect("opens");
    (dir, reader)
}

fn sort_keys() -> impl Strategy<Value = Vec<SortKey>> {
    let field = select(&[SortField::Score, SortField::Likes, SortField::Created][..]);
    let direction = select(&[Direction::Ascending, Direction::Descending][..]);
    vec((field, direction).prop_map(|(field, direction)| SortKey { field, direction }), 0..3)
}

/// The group of a document.
type GroupOf<'a> = &'a dyn Fn(&Document) -> Option<String>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn facets_count_the_documents_with_each_value(
        documents in model::documents(40),
        queries in vec(model::query(), 8),
        top in 0..6usize,
    ) {
        let (_dir, reader) = reader(&documents, 7);
        for query in &queries {
            let found = matching(query, &documents);
            let facets = reader.facets(&Numbers, query, &FacetField::ALL, top).expect("counts");
            for (facet, field) in facets.iter().zip(FacetField::ALL) {
                let mut counts: BTreeMap<String, u64> = BTreeMap::new();
                for value in found.iter().flat_map(|document| values(field, document)) {
                    *counts.entry(value).or_default() += 1;
                }
                let missing = found.iter().filter(|document| values(field, document).is_empty()).count() as u64;
                prop_assert_eq!((facet.distinct, facet.missing), (counts.len() as u64, missing), "{:?} {}", field, query);
                let mut expected: Vec<(String, u64)> = counts.clone().into_iter().collect();
                expected.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
                expected.truncate(top);
                let buckets: Vec<(String, u64)> =
                    facet.buckets.iter().map(|bucket| (bucket.value.clone(), bucket.count)).collect();
                prop_assert_eq!(buckets, expected, "{:?} {}", field, query);

                let asked: Vec<&str> = counts.keys().map(String::as_str).chain(["none such"]).collect();
                let (told, total) = reader.facet_counts(&Numbers, query, field, &asked).expect("counts");
                prop_assert_eq!(told, counts.values().copied().chain([0]).collect::<Vec<_>>());
                prop_assert_eq!(total, found.len() as u64);
            }
        }
    }

    #[test]
    fn histograms_count_every_match_once(documents in model::documents(40), query in model::query()) {
        let (_dir, reader) = reader(&documents, 7);
        let found = matching(&query, &documents);
        let steps = reader.histogram(&Numbers, &query, NumberField::Steps, 2.0).expect("counts");
        let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
        for value in found.iter().filter_map(|document| document.steps) {
            *expected.entry(value / 2 * 2).or_default() += 1;
        }
        let bins: Vec<(u64, u64)> = steps.bins.iter().map(|bin| (bin.from as u64, bin.count)).collect();
        prop_assert_eq!(bins, expected.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(steps.missing, found.iter().filter(|document| document.steps.is_none()).count() as u64);
        for grain in [DateGrain::Year, DateGrain::Month, DateGrain::Week, DateGrain::Day] {
            let dates = reader.dates(&Numbers, &query, grain).expect("counts");
            prop_assert!(dates.bins.windows(2).all(|pair| pair[0].to <= pair[1].from));
            for bin in &dates.bins {
                let inside = |document: &&&Document| document.created_ms.is_some_and(|ms| (bin.from..bin.to).contains(&ms));
                prop_assert_eq!(found.iter().filter(inside).count() as u64, bin.count);
            }
            prop_assert_eq!(dates.bins.iter().map(|bin| bin.count).sum::<u64>() + dates.missing, found.len() as u64);
        }
    }

    #[test]
    fn groups_show_their_best_match(
        documents in model::documents(40),
        query in model::query(),
        sort in sort_keys(),
        limit in 1..9usize,
    ) {
        let (_dir, reader) = reader(&documents, 7);
        let halved = |media: u64| media / 2;
        let by_prompt = |document: &Document| {
            let words = words(Kind::Prompt, document.prompt.as_deref()?);
            (!words.is_empty()).then(|| words.join(" "))
        };
        let cases: [(GroupBy<'_>, GroupOf<'_>); 3] = [
            (GroupBy::Prompt, &by_prompt),
            (GroupBy::Seed, &|document| document.seed.map(|seed| seed.to_string())),
            (GroupBy::Media(&halved), &|document| document.media.map(|media| halved(media).to_string())),
        ];
        let by_key: HashMap<i64, &Document> = documents.iter().map(|document| (document.key, document)).collect();
        let all = SearchOptions { limit: 1000, sort: sort.clone(), after: None };
        let ordered = reader.search(&Numbers, &query, &all).expect("searches");
        for (by, group_of) in cases {
            let mut expected: Vec<(i64, u64)> = Vec::new();
            let mut place: HashMap<String, usize> = HashMap::new();
            for hit in &ordered.hits {
                let Some(group) = group_of(by_key[&hit.key]) else { continue };
                let at = *place.entry(group).or_insert_with(|| {
                    expected.push((hit.key, 0));
                    expected.len() - 1
                });
                expected[at].1 += 1;
            }
            let mut found = Vec::new();
            let mut options = SearchOptions { limit, sort: sort.clone(), after: None };
            loop {
                let page = reader.groups(&Numbers, &query, by, &options).expect("groups");
                prop_assert_eq!((page.distinct, page.total), (expected.len() as u64, ordered.total));
                prop_assert_eq!(page.without, ordered.total - expected.iter().map(|group| group.1).sum::<u64>());
                let Some(last) = page.groups.last() else { break };
                options.after = Some(last.best.cursor.clone());
                found.extend(page.groups.iter().map(|group| (group.best.key, group.count)));
            }
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn samples_are_the_same_for_the_same_matches(
        documents in model::documents(40),
        query in model::query(),
        count in 0..12usize,
        seed in any::<u64>(),
    ) {
        let (_one, coarse) = reader(&documents, 40);
        let (_two, fine) = reader(&documents, 5);
        let drawn = coarse.sample(&Numbers, &query, count, seed).expect("draws");
        prop_assert_eq!(&drawn, &fine.sample(&Numbers, &query, count, seed).expect("draws"));
        let found: BTreeSet<i64> = matching(&query, &documents).iter().map(|document| document.key).collect();
        prop_assert_eq!(drawn.len(), count.min(found.len()));
        prop_assert!(drawn.iter().all(|key| found.contains(key)));
        prop_assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
    }

    #[test]
    fn best_matches_are_the_first_of_a_search(
        documents in model::documents(40),
        queries in vec((model::query(), sort_keys(), 1..9usize), 12),
    ) {
        let (_dir, reader) = reader(&documents, 11);
        for (query, sort, limit) in queries {
            let options = SearchOptions { limit, sort, after: None };
            let found = reader.search(&Numbers, &query, &options).expect("searches");
            prop_assert_eq!(&found.hits, &reader.best(&Numbers, &query, &options).expect("searches"), "{}", query);
            for document in &documents {
                let matched = reader.matches(&Numbers, &query, document.key).expect("looks");
                prop_assert_eq!(matched, model::matches(&query, document).unwrap_or(true), "{} {}", query, document.key);
            }
        }
    }
}
