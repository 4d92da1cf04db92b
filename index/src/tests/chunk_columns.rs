//! Chunks by number against the texts of every document.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::model::{self, Numbers};
use crate::query::Query;
use crate::{ChunkField, Document, Reader, chunks};

type Counts = BTreeMap<String, u64>;

fn count(documents: &[Document], text: impl Fn(&Document) -> Option<&String>) -> (Counts, u64) {
    let (mut counts, mut any) = (Counts::new(), 0);
    for document in documents {
        let mut said = chunks(text(document).map_or("", String::as_str)).peekable();
        any += u64::from(said.peek().is_some());
        said.for_each(|chunk| *counts.entry(chunk).or_default() += 1);
    }
    (counts, any)
}

/// Counts by number, and by text at the end of each segment.
fn fold(reader: &Reader, query: &Query) -> (Counts, Counts, Vec<i64>) {
    #[derive(Default)]
    struct Part {
        numbers: [BTreeMap<u32, u64>; 2],
        texts: [Counts; 2],
        seeds: Vec<i64>,
    }
    let each = |part: &mut Part, _: &crate::Facts<'_>, said: crate::ChunkFacts<'_>| {
        for (counts, numbers) in part.numbers.iter_mut().zip([said.prompt, said.negative]) {
            numbers.iter().for_each(|number| *counts.entry(*number).or_default() += 1);
        }
        part.seeds.extend(said.seed);
    };
    let texts = |part: &mut Part, texts: &crate::ChunkTexts| {
        let fields = [ChunkField::Prompt, ChunkField::Negative];
        for ((field, counts), named) in fields.into_iter().zip(&part.numbers).zip(&mut part.texts) {
            let numbers: Vec<u32> = counts.keys().copied().chain([u32::MAX]).collect();
            texts.for_each(field, &numbers, |number, text| {
                *named.entry(text.to_owned()).or_default() += counts[&number];
            })?;
        }
        Ok(())
    };
    let merge = |whole: &mut Part, part: Part| {
        for (all, counts) in whole.texts.iter_mut().zip(part.texts) {
            counts.into_iter().for_each(|(text, count)| *all.entry(text).or_default() += count);
        }
        whole.seeds.extend(part.seeds);
    };
    let whole = reader.fold_chunks(&Numbers, query, Part::default, each, texts, merge).expect("folds");
    let [prompt, negative] = whole.texts;
    let mut seeds = whole.seeds;
    seeds.sort_unstable();
    (prompt, negative, seeds)
}

/// Key, owner, and the places of the chosen chunks in prompt and negative prompt.
type Chosen = (i64, Option<String>, [Vec<u32>; 2]);

fn chosen(reader: &Reader, query: &Query, chunks: [&[&str]; 2]) -> Vec<Chosen> {
    let each = |seen: &mut Vec<Chosen>, facts: &crate::Facts<'_>, said: [&[u32]; 2]| {
        seen.push((facts.key, facts.username.map(str::to_owned), said.map(<[u32]>::to_vec)));
    };
    let merge = |all: &mut Vec<Chosen>, part: Vec<Chosen>| all.extend(part);
    let asked = (&Numbers as &dyn crate::query::Resolver, query);
    let mut seen = reader.fold_chosen_chunks(asked, chunks, Vec::new, each, merge).expect("folds");
    seen.sort();
    seen
}

fn chosen_by_texts(documents: &[Document], lists: [&[&str]; 2]) -> Vec<Chosen> {
    let places = |text: Option<&String>, list: &[&str]| -> Vec<u32> {
        let said: Vec<String> = chunks(text.map_or("", String::as_str)).collect();
        (0..)
            .zip(list)
            .filter(|(_, chunk)| said.iter().any(|said| said == *chunk))
            .map(|(place, _)| place)
            .collect()
    };
    let all = documents.iter().map(|document| {
        let owner = document.username.as_deref().and_then(crate::kept_keyword).map(str::to_owned);
        let said = [places(document.prompt.as_ref(), lists[0]), places(document.negative.as_ref(), lists[1])];
        (document.key, owner, said)
    });
    let mut all: Vec<Chosen> = all.filter(|(_, _, said)| said.iter().any(|said| !said.is_empty())).collect();
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn chunks_are_counted_as_by_reading_every_text(documents in model::documents(40), query in model::query()) {
        let dir = tempfile::tempdir().expect("a folder");
        model::write(dir.path(), &documents, 7);
        let reader = Reader::open(dir.path()).expect("opens");
        let matching: Vec<Document> = documents
            .iter()
            .filter(|document| model::matches(&query, document).unwrap_or(true))
            .cloned()
            .collect();
        let (prompt, negative, seeds) = fold(&reader, &query);
        prop_assert_eq!(&prompt, &count(&matching, |document| document.prompt.as_ref()).0);
        prop_assert_eq!(&negative, &count(&matching, |document| document.negative.as_ref()).0);
        let mut expected: Vec<i64> = matching.iter().filter_map(|document| document.seed).collect();
        expected.sort_unstable();
        prop_assert_eq!(seeds, expected);

        let (everywhere, any) = count(&documents, |document| document.prompt.as_ref());
        let asked: Vec<&str> = everywhere.keys().map(String::as_str).chain(["no chunk of anybody's"]).collect();
        let with: Vec<u64> = everywhere.values().copied().chain([0]).collect();
        prop_assert_eq!(reader.documents_with_chunks(ChunkField::Prompt, &asked).expect("counts"), (with, any));

        let (negatives, _) = count(&documents, |document| document.negative.as_ref());
        let prompts: Vec<&str> = asked.iter().rev().step_by(2).copied().collect();
        let negatives: Vec<&str> = negatives.keys().map(String::as_str).step_by(3).collect();
        let expected = chosen_by_texts(&matching, [&prompts, &negatives]);
        prop_assert_eq!(chosen(&reader, &query, [&prompts, &negatives]), expected);
    }
}

#[test]
fn few_chunks_are_looked_up_and_many_are_found_in_one_pass() {
    let dir = tempfile::tempdir().expect("a folder");
    let prompt = |number: u32| format!("chunk {number:03}, of all");
    let documents: Vec<Document> = (0..400)
        .map(|number| Document {
            key: i64::from(number) + 1,
            prompt: Some(prompt(number)),
            ..Document::default()
        })
        .collect();
    model::write(dir.path(), &documents, 400);
    let reader = Reader::open(dir.path()).expect("opens");
    let count = |asked: &[&str]| reader.documents_with_chunks(ChunkField::Prompt, asked).expect("counts");
    assert_eq!(count(&["chunk 399", "nobody"]), (vec![1, 0], 400));
    // Twice the same, before the first, after the last, and in no order.
    let many = ["of all", "zebra", "chunk 000", "a", "chunk 399", "chunk 250", "chunk 250", "chunk 2500"];
    assert_eq!(count(&many), (vec![400, 0, 1, 0, 1, 1, 1, 0], 400));
    assert_eq!(count(&[]), (vec![], 400));
}
