//! Where a page ended, as text for the next one.
//!
//! - In: the place of the last hit, the query and its order, the generation that the index showed.
//! - Out: one word without blanks; and the same back from what somebody gives us.
//! - Never: trust. The text may come from anywhere; it names a place in an order, and nothing else.

use std::fmt;
use std::str::FromStr;

use stemmata_index::query::Query;
use stemmata_index::{Cursor, SortKey};

/// Which question a page belongs to: 48 bits of a hash over the normalised query and its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question(u64);

const QUESTION_BITS: u32 = 48;

impl Question {
    /// `shape` tells hits from groups of them.
    pub(super) fn new(query: &Query, sort: &[SortKey], shape: &str) -> Self {
        let hash = blake3::hash(format!("{query}\n{sort:?}\n{shape}").as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(u64::from_be_bytes(first) >> (u64::BITS - QUESTION_BITS))
    }
}

/// A place to continue from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageCursor {
    pub(super) question: Question,
    /// What the index showed when the page ended.
    pub(super) generation: u64,
    pub(super) place: Cursor,
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}-{}-{}", self.question.0, self.generation, self.place)
    }
}

impl FromStr for PageCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.trim().splitn(3, '-');
        let mut next = || parts.next().ok_or(());
        let question = u64::from_str_radix(next()?, 16).map_err(|_| ())?;
        let generation = next()?.parse().map_err(|_| ())?;
        let place = next()?.parse().map_err(|_| ())?;
        Ok(Self { question: Question(question), generation, place })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stemmata_index::query::parse;

    use super::*;

    fn question(text: &str) -> Question {
        let parsed = parse(text).expect("a good query");
        Question::new(&parsed.query, &parsed.sort, "")
    }

    #[test]
    fn a_query_that_asks_the_same_in_other_words_is_the_same_question() {
        assert_eq!(question("castle, hill"), question("castle  hill"));
        assert_ne!(question("castle"), question("tower"));
        assert_ne!(question("castle"), question("castle sort:likes"));
    }

    #[test]
    fn a_place_survives_its_text() {
        for key in [-7, 0, i64::MAX, i64::MIN] {
            let place = format!("ff.0.0.0.{key}").parse().expect("a place");
            let cursor = PageCursor { question: question("castle"), generation: 12, place };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_none(text in "\\PC{0,60}|[0-9a-f.-]{0,60}") {
            if let Ok(cursor) = text.parse::<PageCursor>() {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }
    }
}
