//! One entity: from what is remembered of it to its transaction.

use crate::catalog::{AnswerNotes, Batch, Catalog, CatalogError, LookupOutcome, Tombstone, UrlMark};
use crate::fetch::FetchError;
use crate::source::civitai::open;

use super::super::lookup::{Asker, Place, Reply, lookup, notes};
use super::super::page::{ReadPage, read_page};
use super::super::report::{Anomaly, Tally};
use super::{Memory, Single};

/// The status of a tombstone for an image that its listing did not contain.
const ABSENT_FROM_LISTING: u16 = 200;

/// Why a run ends before its time.
#[derive(Debug)]
pub(in super::super) enum Failure {
    Fetch(FetchError),
    Catalog(CatalogError),
}

impl From<CatalogError> for Failure {
    fn from(error: CatalogError) -> Self {
        Self::Catalog(error)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

/// What became of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Fate {
    Found,
    /// Found, after it had been absent.
    Returned,
    Unchanged,
    Absent,
    /// Known to be absent, and not asked for.
    Spared,
    Impossible,
    Failed {
        /// `None` when the reasons are counted already.
        reason: Option<String>,
    },
}

/// Looks one entity up. `page` is its place in the list, for failures.
pub(in super::super) async fn one(
    asker: &mut Asker<'_>,
    catalog: &mut Catalog,
    single: Single,
    memory: Memory,
    place: Place,
    page: u64,
    tally: &mut Tally,
) -> Result<Fate, Failure> {
    if !single.is_possible() {
        return Ok(Fate::Impossible);
    }
    let now = asker.context.clock.now();
    let last = catalog.lookup(single.lookup_kind(), &single.number().to_string())?;
    let was_absent = last.as_ref().is_some_and(|last| last.outcome == LookupOutcome::Absent);
    if memory == Memory::Used && was_absent && last.as_ref().is_some_and(|last| last.spares(now)) {
        return Ok(Fate::Spared);
    }
    let question = single.question();
    let url = question.url(asker.client.base());
    let known = if memory == Memory::Used { catalog.url_mark(&url)? } else { None };
    let mut answered = Answered { catalog, single, url, tally, now };
    match asker.ask(&question, known.as_ref(), place, answered.tally).await? {
        Reply::Document { text, mark } => {
            let has_returned = was_absent || (last.is_none() && answered.has_tombstone()?);
            let fate = answered.document(&text, mark, page)?;
            Ok(if fate == Fate::Found && has_returned { Fate::Returned } else { fate })
        }
        Reply::Unchanged => {
            let notes = answered.notes(LookupOutcome::Found);
            answered.catalog.note_answer(&notes)?;
            Ok(Fate::Unchanged)
        }
        Reply::NotFound { status } => answered.bury(status),
        Reply::Failed { reason } => answered.fail(Some(reason)),
    }
}

/// An answer on its way into the catalog.
struct Answered<'a> {
    catalog: &'a mut Catalog,
    single: Single,
    url: String,
    tally: &'a mut Tally,
    now: crate::entity::Timestamp,
}

impl Answered<'_> {
    fn notes(&self, outcome: LookupOutcome) -> AnswerNotes {
        notes(vec![lookup(self.single.lookup_kind(), self.single.number(), self.now, outcome)])
    }

    fn has_tombstone(&self) -> Result<bool, CatalogError> {
        Ok(!self.catalog.tombstones(self.single.absent(), self.single.number())?.is_empty())
    }

    fn document(&mut self, text: &str, mark: UrlMark, page: u64) -> Result<Fate, Failure> {
        let opened = match open(text) {
            Ok(opened) => opened,
            Err(error) => return self.fail(Some(error.to_string())),
        };
        let is_image = matches!(self.single, Single::Image(_));
        if is_image && opened.items.is_empty() && opened.problems.is_empty() {
            return self.bury(ABSENT_FROM_LISTING);
        }
        let mut page = read_page(&opened, self.single.expected(page), self.tally)?;
        let received = page.records.len();
        page.records.retain(|record| self.single.is(&record.item));
        for _ in page.records.len()..received {
            self.tally.note(Anomaly::FilterIgnored);
        }
        if page.records.is_empty() {
            let reason = (received > 0).then(|| format!("the answer does not hold {}", self.single));
            return self.fail(reason);
        }
        self.write(page, mark)?;
        Ok(Fate::Found)
    }

    fn write(&mut self, page: ReadPage, mark: UrlMark) -> Result<(), CatalogError> {
        let batch = Batch {
            stage: "crawl",
            source: self.url.clone(),
            at: self.now,
            raw: page.raw,
            records: page.records,
            crawl: None,
        };
        let notes = AnswerNotes { mark: Some(mark), ..self.notes(LookupOutcome::Found) };
        self.tally.written.add(&self.catalog.write_answer(&batch, &notes)?);
        Ok(())
    }

    fn bury(&mut self, status: u16) -> Result<Fate, Failure> {
        let seen = Tombstone { at: self.now, status };
        // A thing that comes back is asked for in full, for its absence has left traces.
        let forgotten = UrlMark { url: self.url.clone(), ..UrlMark::default() };
        let notes = AnswerNotes { mark: Some(forgotten), ..self.notes(LookupOutcome::Absent) };
        let (what, number) = (self.single.absent(), self.single.number());
        self.catalog.note_absence_with(what, number, seen, &self.url, &notes)?;
        Ok(Fate::Absent)
    }

    fn fail(&mut self, reason: Option<String>) -> Result<Fate, Failure> {
        let notes = self.notes(LookupOutcome::Failed);
        self.catalog.note_answer(&notes)?;
        Ok(Fate::Failed { reason })
    }
}
