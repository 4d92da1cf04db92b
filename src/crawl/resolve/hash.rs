//! One hash: by the versions that were named for it, or by itself.

use crate::catalog::{AnswerNotes, Batch, LookupKind, LookupOutcome};
use crate::entity::{HashKind, HexHash, Item, ModelVersion, VersionId};
use crate::source::civitai::{ItemKind, MetaRequest, open};

use super::super::context::VersionList;
use super::super::lookup::{Place, Question, Reply, hash_lookup, lookup, notes};
use super::super::page::{Expected, ReadPage, read_page};
use super::super::single::{Failure, Memory};
use super::Run;
use super::agenda::{CUT_DIGITS, WHOLE_DIGITS};

/// What one question for a hash came to.
struct Answer {
    outcome: LookupOutcome,
    version: Option<VersionId>,
}

impl From<LookupOutcome> for Answer {
    fn from(outcome: LookupOutcome) -> Self {
        Self { outcome, version: None }
    }
}

impl Run<'_> {
    /// Whether a version that this run fetched for something else lists the hash.
    pub(super) fn came_along(&mut self, hash: &HexHash) -> Result<bool, Failure> {
        let listers = self.catalog.versions_with_hash(hash)?;
        let Some(version) = listers.into_iter().find(|version| self.fetched.contains(version)) else {
            return Ok(false);
        };
        let row = hash_lookup(hash.as_str(), self.now(), LookupOutcome::Found, Some(version));
        self.catalog.note_answer(&notes(vec![row]))?;
        Ok(true)
    }

    /// Looks at the versions that the site named for 64 digits.
    pub(super) async fn named(
        &mut self,
        hash: &HexHash,
        versions: &[VersionId],
        page: u64,
        place: Place,
    ) -> Result<LookupOutcome, Failure> {
        let mut best = Answer::from(LookupOutcome::Absent);
        for (position, version) in versions.iter().enumerate() {
            let place = if position + 1 == versions.len() { place } else { Place::BeforeOthers };
            let outcome = self.lister(hash, *version, page, place).await?;
            if strength(outcome) > strength(best.outcome) {
                best = Answer { outcome, version: Some(*version) };
            }
        }
        let row = hash_lookup(hash.as_str(), self.now(), best.outcome, best.version);
        self.catalog.note_answer(&notes(vec![row]))?;
        Ok(best.outcome)
    }

    /// Sees to it that a version is known, and whether it lists the hash.
    async fn lister(
        &mut self,
        hash: &HexHash,
        version: VersionId,
        page: u64,
        place: Place,
    ) -> Result<LookupOutcome, Failure> {
        if self.catalog.versions_with_hash(hash)?.contains(&version)
            && self.catalog.is_version_described(version)?
        {
            return Ok(LookupOutcome::Found);
        }
        let outcome = if self.is_newer_than_its_name(hash, version)? {
            LookupOutcome::Found
        } else {
            self.version(version, page, place).await?
        };
        if outcome != LookupOutcome::Found || self.catalog.versions_with_hash(hash)?.contains(&version) {
            return Ok(outcome);
        }
        self.note_wrong(hash, version);
        Ok(LookupOutcome::Wrong)
    }

    /// Whether a version was fetched, perhaps by an earlier run, after the site named it for the hash: it would say the
    /// same again.
    fn is_newer_than_its_name(&self, hash: &HexHash, version: VersionId) -> Result<bool, Failure> {
        let named = self.catalog.lookup(LookupKind::Sha256, hash.as_str())?;
        let fetched = self.catalog.lookup(LookupKind::Version, &version.to_string())?;
        let fetched = fetched.filter(|fetched| fetched.outcome == LookupOutcome::Found);
        Ok(named.zip(fetched).is_some_and(|(named, fetched)| fetched.at >= named.at))
    }

    /// Asks for a hash by itself. The site knows an uncut AutoV3 only by its first twelve digits, so these come first:
    /// generators write such hashes more often than a BLAKE3.
    pub(super) async fn alone(
        &mut self,
        hash: &HexHash,
        page: u64,
        place: Place,
    ) -> Result<LookupOutcome, Failure> {
        let cut = hash.as_str().get(..CUT_DIGITS).filter(|_| hash.as_str().len() == WHOLE_DIGITS);
        let mut first = Answer::from(LookupOutcome::Absent);
        if let Some(cut) = cut.and_then(HexHash::parse) {
            first = match self.remembered(&cut)? {
                Some(answer) => answer,
                None => self.ask(&cut, None, page, Place::BeforeOthers).await?,
            };
        }
        if first.outcome == LookupOutcome::Found {
            let row = hash_lookup(hash.as_str(), self.now(), first.outcome, first.version);
            self.catalog.note_answer(&notes(vec![row]))?;
            return Ok(LookupOutcome::Found);
        }
        Ok(self.ask(hash, Some(first.outcome), page, place).await?.outcome)
    }

    /// What an earlier question, perhaps of this very run, came to.
    fn remembered(&self, hash: &HexHash) -> Result<Option<Answer>, Failure> {
        let now = self.now();
        let last = self.catalog.lookup(LookupKind::Hash, hash.as_str())?;
        let last = last.filter(|last| last.spares(now));
        let last = last.filter(|last| self.memory == Memory::Used || last.at >= now);
        Ok(last.map(|last| Answer { outcome: last.outcome, version: last.version }))
    }

    /// Asks one question. What is remembered of a hash that has another form is the better of both outcomes.
    async fn ask(
        &mut self,
        hash: &HexHash,
        other: Option<LookupOutcome>,
        page: u64,
        place: Place,
    ) -> Result<Answer, Failure> {
        let upper = hash.as_str().to_uppercase();
        let question = Question::path(format!("model-versions/by-hash/{upper}"));
        let reply = self.asker.ask(&question, None, place, &mut self.report.tally).await?;
        let answer = match reply {
            Reply::Document { text, .. } => {
                match self.document(hash, &question.url(self.asker.client.base()), &text, page)? {
                    Some(answer) => return Ok(answer),
                    None => Answer::from(LookupOutcome::Failed),
                }
            }
            Reply::NotFound { .. } => Answer::from(LookupOutcome::Absent),
            Reply::Failed { reason } => {
                self.fail(page, Some(reason));
                Answer::from(LookupOutcome::Failed)
            }
            // Asked without conditions, so that no server answers so.
            Reply::Unchanged => Answer::from(LookupOutcome::Failed),
        };
        let outcome = match other {
            Some(other) if strength(other) > strength(answer.outcome) => other,
            _ => answer.outcome,
        };
        self.catalog.note_answer(&notes(vec![hash_lookup(hash.as_str(), self.now(), outcome, None)]))?;
        Ok(Answer::from(outcome))
    }

    /// Commits the version of an answer together with what it means for the hash. `None` when it holds no version.
    fn document(
        &mut self,
        hash: &HexHash,
        url: &str,
        text: &str,
        page: u64,
    ) -> Result<Option<Answer>, Failure> {
        let opened = match open(text) {
            Ok(opened) => opened,
            Err(error) => {
                self.fail(page, Some(error.to_string()));
                return Ok(None);
            }
        };
        let expected = Expected {
            kind: ItemKind::Version,
            meta_request: MetaRequest::Asked,
            returned_for: None,
            dialect: None,
            page,
            skip: 0,
            take: 1,
            versions: VersionList::Part,
        };
        let read = read_page(&opened, expected, &mut self.report.tally)?;
        let found = read.records.iter().find_map(|record| match &record.item {
            Item::Version(version, _) => Some((version.id, lists(version, hash))),
            _ => None,
        });
        let Some((version, lists)) = found else { return Ok(None) };
        let outcome = if lists { LookupOutcome::Found } else { LookupOutcome::Wrong };
        self.store(read, url, hash, version, outcome)?;
        if outcome == LookupOutcome::Wrong {
            self.note_wrong(hash, version);
        }
        Ok(Some(Answer { outcome, version: Some(version) }))
    }

    fn store(
        &mut self,
        read: ReadPage,
        url: &str,
        hash: &HexHash,
        version: VersionId,
        outcome: LookupOutcome,
    ) -> Result<(), Failure> {
        let at = self.now();
        let batch = Batch {
            stage: "crawl",
            source: url.to_owned(),
            at,
            raw: read.raw,
            records: read.records,
            crawl: None,
        };
        let rows = vec![
            hash_lookup(hash.as_str(), at, outcome, Some(version)),
            lookup(LookupKind::Version, version, at, LookupOutcome::Found),
        ];
        let written =
            self.catalog.write_answer(&batch, &AnswerNotes { lookups: rows, ..AnswerNotes::default() })?;
        self.report.tally.written.add(&written);
        self.fetched.insert(version);
        Ok(())
    }

    fn now(&self) -> crate::entity::Timestamp {
        self.asker.context.clock.now()
    }
}

/// Whether a file of the version has the hash. An AutoV3 may be listed uncut.
fn lists(version: &ModelVersion, hash: &HexHash) -> bool {
    let digits = hash.as_str();
    version.files.iter().flat_map(|file| &file.hashes).any(|listed| {
        let is_cut = listed.kind == HashKind::AutoV3 && digits.len() == CUT_DIGITS;
        listed.value == *hash || (is_cut && listed.value.as_str().starts_with(digits))
    })
}

/// Which of two outcomes says more.
fn strength(outcome: LookupOutcome) -> u8 {
    match outcome {
        LookupOutcome::Absent => 0,
        LookupOutcome::Failed => 1,
        LookupOutcome::Wrong => 2,
        LookupOutcome::Found => 3,
    }
}
