//! Phrases that skip, against the engine's own.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tantivy::query::{EnableScoring, PhraseQuery, Query as _};
use tantivy::{Score, Term};

use super::model;
use crate::phrase::Phrase;
use crate::{Document, Reader};

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_phrase_that_skips_scores_as_the_engine_does(
        texts in vec(vec(select(&["a", "b", "c"][..]), 0..20), 1..60),
        phrase in vec(select(&["a", "b", "c"][..]), 2..5),
        limit in 1..6usize,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let documents: Vec<Document> = (0..)
            .zip(&texts)
            .map(|(key, words)| Document { key, prompt: Some(words.join(" ")), ..Document::default() })
            .collect();
        model::write(dir.path(), &documents, 25);
        let reader = Reader::open(dir.path()).expect("opens");
        let terms: Vec<Term> =
            phrase.iter().map(|word| Term::from_field_text(reader.fields().prompt, word)).collect();
        let scoring = || EnableScoring::enabled_from_searcher(reader.searcher());
        let engine = PhraseQuery::new(terms.clone()).weight(scoring()).expect("weighs");
        let ours = Phrase::new(terms).weight(scoring()).expect("weighs");
        for segment in reader.searcher().segment_readers() {
            let mut all: Vec<(Score, u32)> = Vec::new();
            engine.for_each(segment, &mut |doc, score| all.push((score, doc))).expect("scores");
            let mut offered: Vec<(Score, u32)> = Vec::new();
            let mut threshold = Score::MIN;
            ours.for_each_pruning(threshold, segment, &mut |doc, score| {
                offered.push((score, doc));
                let mut scores: Vec<Score> = offered.iter().map(|hit| hit.0).collect();
                scores.sort_by(|a, b| b.total_cmp(a));
                threshold = scores.get(limit - 1).copied().unwrap_or(Score::MIN);
                threshold
            })
            .expect("scores");
            prop_assert!(offered.iter().all(|hit| all.contains(hit)), "{:?} of {:?}", offered, all);
            let missed = all.iter().filter(|hit| !offered.contains(hit));
            prop_assert!(missed.clone().all(|hit| hit.0 <= threshold), "{:?} of {:?}", offered, all);
        }
    }
}
