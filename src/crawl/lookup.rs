//! Asks for one document after another, and tells a document at which the site fails from a site that fails.
//!
//! - In: a path, and what the catalog remembers of its last answer. Out: the document, or why there is none.
//! - One document costs at most two tries; only when several fail in a row is the site given the time that it may
//!   need, and if it fails then too, the run ends.
//! - Never: a write. What becomes of a document is for the caller.

use std::time::Duration;

use crate::catalog::{AnswerNotes, Lookup, LookupKind, LookupOutcome, UrlMark};
use crate::entity::{Timestamp, VersionId};
use crate::fetch::{Client, FetchError, Fetched, SafeUrl, Validators};
use crate::run::RunContext;

use super::document::readable;
use super::report::{Anomaly, Tally};

/// The largest number that the site gives to anything; beyond it some endpoints answer with 400 and others with 500.
pub(super) const LARGEST_ID: u64 = i32::MAX as u64;

/// Tries that one document gets while the site answers for others.
const FEW_TRIES: u32 = 2;

/// Failures in a row after which the site itself is suspected.
const MAX_FAILURES_IN_A_ROW: u32 = 3;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// For how long an answer spares the same question.
///
/// What is gone by its number rarely comes back. A new file is "not found" by its hash for up to 90 minutes, because
/// edges keep such answers. A found hash is asked again only if even then nothing could be linked to it.
fn lifetime(kind: LookupKind, outcome: LookupOutcome) -> Option<Duration> {
    let is_hash = matches!(kind, LookupKind::Hash | LookupKind::Sha256);
    match outcome {
        LookupOutcome::Found => is_hash.then_some(30 * DAY),
        LookupOutcome::Absent if is_hash => Some(DAY),
        LookupOutcome::Absent => Some(7 * DAY),
        LookupOutcome::Wrong => Some(DAY),
        LookupOutcome::Failed => Some(HOUR),
    }
}

/// The row for an answer that came `at` this moment.
pub(super) fn lookup(kind: LookupKind, key: impl ToString, at: Timestamp, outcome: LookupOutcome) -> Lookup {
    let lifetime_ms = lifetime(kind, outcome).and_then(|span| i64::try_from(span.as_millis()).ok());
    let expires_at = lifetime_ms.and_then(|span| Timestamp::from_millis(at.as_millis().saturating_add(span)));
    Lookup { kind, key: key.to_string(), at, outcome, version: None, expires_at }
}

/// The same, for a hash that led to `version`.
pub(super) fn hash_lookup(
    key: &str,
    at: Timestamp,
    outcome: LookupOutcome,
    version: Option<VersionId>,
) -> Lookup {
    Lookup { version, ..lookup(LookupKind::Hash, key, at, outcome) }
}

/// Notes that hold `lookups` and nothing else.
pub(super) fn notes(lookups: Vec<Lookup>) -> AnswerNotes {
    AnswerNotes { lookups, ..AnswerNotes::default() }
}

/// What to ask for.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Below the API's base.
    pub(super) path: String,
    pub(super) parameters: Vec<(String, String)>,
}

impl Question {
    pub(super) fn path(path: String) -> Self {
        Self { path, parameters: Vec::new() }
    }

    /// The URL, without secrets: what the catalog calls the source of the answer.
    pub(super) fn url(&self, base: &SafeUrl) -> String {
        base.join(&self.path, &self.parameters).to_string()
    }
}

/// What came of a question.
#[derive(Debug)]
pub(super) enum Reply {
    /// A document; perhaps one that cannot be read, even after asking again.
    Document {
        text: String,
        /// How to ask next time whether it is still the same.
        mark: UrlMark,
    },
    /// What the catalog holds is what the site would send.
    Unchanged,
    /// The site has no such thing, or does not show it.
    NotFound { status: u16 },
    /// Nothing usable; asking for something else may still succeed.
    Failed { reason: String },
}

/// Whether questions follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Others come after it, and will show whether the site answers.
    BeforeOthers,
    /// It is the last one.
    Last,
}

/// Asks questions one by one.
pub(super) struct Asker<'a> {
    pub(super) client: &'a Client,
    pub(super) context: &'a RunContext,
    endurance: Endurance,
}

impl<'a> Asker<'a> {
    pub(super) fn new(client: &'a Client, context: &'a RunContext) -> Self {
        Self { client, context, endurance: Endurance::default() }
    }

    /// Asks `question`, conditionally if `known` says how.
    ///
    /// # Errors
    ///
    /// When the run cannot go on: the site refuses, cannot be reached, or fails at everything; no budget is left; or
    /// the caller asked to stop.
    pub(super) async fn ask(
        &mut self,
        question: &Question,
        known: Option<&UrlMark>,
        place: Place,
        tally: &mut Tally,
    ) -> Result<Reply, FetchError> {
        let known =
            known.and_then(|mark| Validators::new(mark.etag.as_deref(), mark.last_modified.as_deref()));
        let quick = self.fetch(question, known.as_ref(), Some(FEW_TRIES)).await;
        let fetched = match quick {
            Err(error) if error.is_transient() => match self.endurance.after(&error, place) {
                Next::Another => return Ok(Reply::Failed { reason: error.to_string() }),
                Next::Patience => self.fetch(question, known.as_ref(), None).await,
            },
            fetched => fetched,
        };
        let reply = self.reply(question, fetched, tally).await;
        if reply.is_ok() {
            self.endurance.answered();
        }
        reply
    }

    async fn fetch(
        &self,
        question: &Question,
        known: Option<&Validators>,
        most_tries: Option<u32>,
    ) -> Result<Fetched, FetchError> {
        let Question { path, parameters } = question;
        self.client.get_if_changed_within(path, parameters, known, most_tries, self.context).await
    }

    async fn reply(
        &self,
        question: &Question,
        fetched: Result<Fetched, FetchError>,
        tally: &mut Tally,
    ) -> Result<Reply, FetchError> {
        let body = match fetched {
            Ok(Fetched::Body(body)) => body,
            Ok(Fetched::Unchanged) => return Ok(Reply::Unchanged),
            Err(error) => return without_document(error),
        };
        let validators = body.validators.clone();
        let again = async || self.client.get(&question.path, &question.parameters, self.context).await;
        let asked = readable(Ok(body), again).await;
        (0..asked.unreadable).for_each(|_| tally.note(Anomaly::UnreadableDocument));
        let first = validators.filter(|_| asked.unreadable == 0);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let mark = UrlMark {
            url: question.url(self.client.base()),
            etag: owned(first.as_ref().and_then(Validators::etag)),
            last_modified: owned(first.as_ref().and_then(Validators::last_modified)),
        };
        match asked.text {
            Ok(text) => Ok(Reply::Document { text, mark }),
            // After a document that could not be read, the next answer may be that there is none.
            Err(error) => without_document(error),
        }
    }
}

/// What an answer without a document says; an error if it says nothing of this question alone.
fn without_document(error: FetchError) -> Result<Reply, FetchError> {
    match error {
        FetchError::NotFound { status, .. } => Ok(Reply::NotFound { status }),
        FetchError::Rejected { .. } | FetchError::TooLarge { .. } => {
            Ok(Reply::Failed { reason: error.to_string() })
        }
        error => Err(error),
    }
}

/// How much a run still expects of the site. Pure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Endurance {
    failures_in_a_row: u32,
    has_answered: bool,
}

/// What to do after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Leave it, and ask for another.
    Another,
    /// Ask for the same again, with all tries and waits; if that fails too, the run is over.
    Patience,
}

impl Endurance {
    fn answered(&mut self) {
        *self = Self { failures_in_a_row: 0, has_answered: true };
    }

    fn after(&mut self, error: &FetchError, place: Place) -> Next {
        self.failures_in_a_row += 1;
        let is_hopeless = place == Place::Last && !self.has_answered;
        if !may_be_the_document(error) || is_hopeless || self.failures_in_a_row >= MAX_FAILURES_IN_A_ROW {
            Next::Patience
        } else {
            Next::Another
        }
    }
}

/// Whether a passing failure may lie in what was asked for: there are numbers at which the site always fails. A lost
/// connection or a limit of the rate never does.
fn may_be_the_document(error: &FetchError) -> bool {
    matches!(
        error,
        FetchError::Server { .. }
            | FetchError::Html { .. }
            | FetchError::Truncated { .. }
            | FetchError::Empty { .. }
            | FetchError::Timeout { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout() -> FetchError {
        FetchError::Timeout { host: "civitai.com".to_owned() }
    }

    fn throttled() -> FetchError {
        FetchError::Throttled { host: "civitai.com".to_owned(), wait: None }
    }

    #[test]
    fn one_failure_costs_its_document_and_three_in_a_row_the_patience() {
        let mut endurance = Endurance::default();
        let mut fail = || endurance.after(&timeout(), Place::BeforeOthers);
        assert_eq!([fail(), fail(), fail()], [Next::Another, Next::Another, Next::Patience]);
        endurance.answered();
        assert_eq!(endurance.after(&timeout(), Place::Last), Next::Another, "the site has answered");
    }

    #[test]
    fn the_last_one_gets_all_tries_when_nothing_was_answered() {
        let mut endurance = Endurance::default();
        assert_eq!(endurance.after(&timeout(), Place::Last), Next::Patience);
    }

    #[test]
    fn what_cannot_lie_in_the_document_is_waited_for_at_once() {
        let mut endurance = Endurance::default();
        endurance.answered();
        assert_eq!(endurance.after(&throttled(), Place::BeforeOthers), Next::Patience);
    }

    #[test]
    fn an_answer_spares_the_same_question_for_a_time_that_depends_on_it() {
        let at = Timestamp::from_millis(1_000).expect("small");
        let hours = |kind, outcome| {
            let end = lookup(kind, 5, at, outcome).expires_at?;
            Some((end.as_millis() - at.as_millis()) / 3_600_000)
        };
        assert_eq!(hours(LookupKind::Version, LookupOutcome::Absent), Some(7 * 24));
        assert_eq!(hours(LookupKind::Hash, LookupOutcome::Absent), Some(24));
        assert_eq!(hours(LookupKind::Sha256, LookupOutcome::Absent), Some(24));
        assert_eq!(hours(LookupKind::Model, LookupOutcome::Found), None);
        assert_eq!(hours(LookupKind::Model, LookupOutcome::Failed), Some(1));
    }
}
