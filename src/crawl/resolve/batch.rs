//! SHA-256 in batches: which versions does the site name for each?
//!
//! The site drops what it does not know without a word, names a hash once a file that has it, in no order, and has
//! been seen to put nulls in between. So the answer is held against the question.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{AnswerNotes, Catalog, LookupKind, LookupOutcome, NamedVersion};
use crate::entity::{HexHash, VersionId};
use crate::fetch::{Client, FetchError};
use crate::run::RunContext;
use crate::source::civitai::{open, read_hash_answer};

use super::super::document::readable;
use super::super::lookup::lookup;
use super::super::report::{Anomaly, Tally};
use super::super::single::Failure;
use super::agenda::BATCH;

/// Below the API's base.
const PATH: &str = "model-versions/by-hash/ids";

/// What batches brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchTally {
    /// Hashes sent.
    pub asked: u64,
    /// Of them, those for which a version was named.
    pub named: u64,
    /// Of them, those that the site passed over in silence.
    pub missed: u64,
    /// Elements that said what another had said.
    pub repeated: u64,
    /// Elements that could not be read; nulls among them.
    pub unreadable: u64,
    /// Elements for hashes that were not asked for.
    pub strangers: u64,
    /// Batches that the site would not take; their hashes were asked for one by one.
    pub refused: u64,
}

/// Asks for `hashes` and commits what comes a batch at a time.
///
/// Gives the versions named for each hash; a hash that is missing there is to be asked for by itself.
pub(super) async fn ask_in_batches(
    client: &Client,
    catalog: &mut Catalog,
    hashes: &[HexHash],
    counts: &mut BatchTally,
    tally: &mut Tally,
    context: &RunContext,
) -> Result<BTreeMap<HexHash, Vec<VersionId>>, Failure> {
    let mut all = BTreeMap::new();
    let mut due: Vec<&[HexHash]> = hashes.chunks(BATCH).rev().collect();
    while let Some(batch) = due.pop() {
        if context.cancel.is_requested() {
            return Err(FetchError::Cancelled.into());
        }
        let text = match post(client, batch, tally, context).await {
            Ok(text) => text,
            Err(FetchError::TooLarge { .. } | FetchError::Rejected { status: 413, .. })
                if batch.len() > 1 =>
            {
                let (first, second) = batch.split_at(batch.len() / 2);
                due.extend([second, first]);
                continue;
            }
            Err(FetchError::TooLarge { .. } | FetchError::Rejected { .. } | FetchError::NotFound { .. }) => {
                counts.refused += 1;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let Some(answer) = Answer::read(&text, batch) else {
            counts.refused += 1;
            continue;
        };
        answer.count(batch, counts);
        catalog.note_answer(&answer.notes(batch, context))?;
        all.extend(answer.named);
    }
    Ok(all)
}

async fn post(
    client: &Client,
    batch: &[HexHash],
    tally: &mut Tally,
    context: &RunContext,
) -> Result<String, FetchError> {
    let upper: Vec<String> = batch.iter().map(|hash| hash.as_str().to_uppercase()).collect();
    let json = serde_json::json!(upper).to_string();
    let fetch = async || client.post_json(PATH, &json, context).await;
    let asked = readable(fetch().await, fetch).await;
    (0..asked.unreadable).for_each(|_| tally.note(Anomaly::UnreadableDocument));
    asked.text
}

/// One answer, held against its question.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// Versions by id, each once.
    named: BTreeMap<HexHash, Vec<VersionId>>,
    repeated: u64,
    unreadable: u64,
    strangers: u64,
}

impl Answer {
    /// `None` when the document cannot be read at all.
    fn read(text: &str, batch: &[HexHash]) -> Option<Self> {
        let opened = open(text).ok()?;
        let asked: BTreeSet<&HexHash> = batch.iter().collect();
        let mut answer = Self { unreadable: opened.problems.len() as u64, ..Self::default() };
        let mut pairs = BTreeSet::new();
        for item in &opened.items {
            match read_hash_answer(item.text) {
                None => answer.unreadable += 1,
                Some(pair) if !asked.contains(&pair.hash) => answer.strangers += 1,
                Some(pair) => answer.repeated += u64::from(!pairs.insert(pair)),
            }
        }
        for pair in pairs {
            answer.named.entry(pair.hash).or_default().push(pair.version);
        }
        Some(answer)
    }

    fn count(&self, batch: &[HexHash], counts: &mut BatchTally) {
        let (asked, named) = (batch.len() as u64, self.named.len() as u64);
        counts.asked += asked;
        counts.named += named;
        counts.missed += asked.saturating_sub(named);
        counts.repeated += self.repeated;
        counts.unreadable += self.unreadable;
        counts.strangers += self.strangers;
    }

    /// What to remember. A hash that is missing beside an unreadable element may be the one that it meant.
    fn notes(&self, batch: &[HexHash], context: &RunContext) -> AnswerNotes {
        let at = context.clock.now();
        let mut notes = AnswerNotes::default();
        for hash in batch {
            let versions = self.named.get(hash);
            let outcome = if versions.is_some() { LookupOutcome::Found } else { LookupOutcome::Absent };
            if versions.is_some() || self.unreadable == 0 {
                notes.lookups.push(lookup(LookupKind::Sha256, hash, at, outcome));
            }
            let digits = hash.as_str();
            notes.named.extend(versions.into_iter().flatten().map(|version| NamedVersion {
                hash: digits.to_owned(),
                version: *version,
                at,
            }));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hash(number: u8) -> HexHash {
        HexHash::parse(&format!("{number:02x}5").repeat(22)[..64]).expect("64 digits")
    }

    fn element(number: u8, version: u64) -> String {
        format!(r#"{{"modelVersionId":{version},"hash":"{}"}}"#, hash(number).as_str().to_uppercase())
    }

    #[test]
    fn an_answer_is_held_against_its_question() {
        let batch = [hash(1), hash(2), hash(3)];
        let elements =
            [element(2, 7), "null".to_owned(), element(1, 9), element(2, 5), element(2, 7), element(9, 4)];
        let answer = Answer::read(&format!("[{}]", elements.join(",")), &batch).expect("an array");
        let version = |id| VersionId::new(id).expect("not zero");
        let named = [(hash(1), vec![version(9)]), (hash(2), vec![version(5), version(7)])];
        let expected = Answer { named: named.into(), repeated: 1, unreadable: 1, strangers: 1 };
        assert_eq!(answer, expected);
        assert_eq!(Answer::read("oops", &batch), None);
    }

    #[test]
    fn silence_is_only_taken_for_a_miss_when_every_element_could_be_read() {
        let batch = [hash(1), hash(2)];
        let noted = |elements: &str| {
            let answer = Answer::read(elements, &batch).expect("an array");
            answer.notes(&batch, &RunContext::quiet()).lookups.len()
        };
        assert_eq!(noted(&format!("[{}]", element(1, 9))), 2);
        assert_eq!(noted(&format!("[{}, null]", element(1, 9))), 1);
    }

    proptest! {
        #[test]
        fn the_order_of_the_elements_does_not_matter(
            elements in proptest::collection::vec((0_u8..6, 1_u64..5), 0..12).prop_flat_map(|elements| {
                (Just(elements.clone()), Just(elements).prop_shuffle())
            }),
        ) {
            let batch: Vec<HexHash> = (0..4).map(hash).collect();
            let read = |elements: &[(u8, u64)]| {
                let texts: Vec<String> = elements.iter().map(|(hash, version)| element(*hash, *version)).collect();
                Answer::read(&format!("[{}]", texts.join(",")), &batch)
            };
            // An empty array holds no document of the API, and says nothing.
            prop_assert_eq!(read(&elements.0), read(&elements.1));
        }
    }
}
