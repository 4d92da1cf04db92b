//! Models that cursors name and no page holds: which to ask for, and what their answer means. Pure.

use crate::catalog::{CrawlPage, CrawlState, PageKind};
use crate::crawl::report::Anomaly;
use crate::entity::Timestamp;

use super::{Turn, Walk};

/// Most models that one request asks for by number.
const OWED_BATCH: usize = 100;

impl Walk {
    /// The models to ask for by number now; `None` as long as a request would not be full.
    pub(in crate::crawl) fn owed(&self) -> Option<Vec<u64>> {
        let is_closing = self.is_closing();
        let ready = self.memory.owed.iter().filter(|id| is_closing || self.memory.owed_last != Some(**id));
        let batch: Vec<u64> = ready.copied().take(OWED_BATCH).collect();
        let is_due = if is_closing { !batch.is_empty() } else { batch.len() >= OWED_BATCH };
        is_due.then_some(batch)
    }

    /// Takes the answer to [`Self::owed`]: the ids that came, `None` when the site refused to say.
    pub(in crate::crawl) fn recovered(
        &mut self,
        asked: &[u64],
        came: Option<&[u64]>,
        failed: u64,
        at: Timestamp,
    ) -> Turn {
        let ids: Vec<u64> = came.unwrap_or_default().to_vec();
        let (counts, seen) = (&mut self.row.counts, &self.memory.seen);
        let fresh = ids.iter().filter(|id| !seen.contains(**id)).count() as u64;
        counts.boundary_recovered += ids.len() as u64;
        counts.failed += failed;
        if came.is_some() {
            counts.boundary_absent += (asked.len() as u64).saturating_sub(ids.len() as u64);
        }
        if let Some(checker) = &self.checker {
            checker.check_recovered(&ids, counts);
        }
        self.row.items += ids.len() as u64;
        self.row.updated_at = at;
        let page = CrawlPage {
            page: self.memory.pages + 1,
            kind: PageKind::Recovered,
            cursor: Some(asked.iter().map(u64::to_string).collect::<Vec<_>>().join(",")),
            next_cursor: None,
            page_limit: u32::try_from(asked.len()).unwrap_or(u32::MAX),
            items: ids.len() as u64,
            fresh,
            without_meta: 0,
            contradicting: 0,
            failed,
            ids,
            at,
        };
        let is_closing = self.is_closing();
        self.memory.add(&page, &self.listing);
        self.row.counts.distinct = self.memory.seen.len();
        if is_closing && self.memory.owed.is_empty() {
            self.row.state = CrawlState::Done;
        }
        let notes: Vec<Anomaly> = came.is_none().then_some(Anomaly::RecoveryRefused).into_iter().collect();
        for note in &notes {
            self.note(*note);
        }
        Turn { page, notes }
    }
}
