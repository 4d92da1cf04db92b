//! What is written together: a batch is a transaction is a generation.

use super::crawl::CrawlStep;
use super::raw::RawBlock;
use crate::entity::{Item, Timestamp};

/// Everything that one page, or one stretch of a file, adds to the catalog.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Who writes: `import`, `crawl`.
    pub stage: &'static str,
    /// Where it came from: a path, or a URL without secrets.
    pub source: String,
    /// When it was read.
    pub at: Timestamp,
    /// The items as received.
    pub raw: RawBlock,
    /// The items as read.
    pub records: Vec<Record>,
    /// Where the listing stands after this page.
    pub crawl: Option<CrawlStep>,
}

/// One item as read, and where its raw text is.
#[derive(Clone, Debug)]
pub struct Record {
    /// The entity.
    pub item: Item,
    /// Its position in the raw block of the batch, from 0.
    pub raw_position: u32,
    /// [`super::raw_hash`] of its text.
    pub raw_hash: i64,
}

/// What a batch did, counted by kind of item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchReport {
    /// The number of the batch; `None` when it changed nothing.
    pub generation: Option<u64>,
    /// Images.
    pub images: Outcome,
    /// Models.
    pub models: Outcome,
    /// Versions.
    pub versions: Outcome,
    /// Creators and tags.
    pub others: Outcome,
}

impl BatchReport {
    /// Adds the counts of another batch; the later generation stays.
    pub fn add(&mut self, other: &Self) {
        self.generation = other.generation.or(self.generation);
        self.images.add(other.images);
        self.models.add(other.models);
        self.versions.add(other.versions);
        self.others.add(other.others);
    }
}

/// What became of items of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Not known before.
    pub new: u64,
    /// Known, and now known better or differently.
    pub changed: u64,
    /// Known just so.
    pub unchanged: u64,
}

impl Outcome {
    /// All items.
    pub fn total(self) -> u64 {
        self.new + self.changed + self.unchanged
    }

    /// Adds other counts.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }

    pub(super) fn count(&mut self, change: Change) {
        match change {
            Change::New => self.new += 1,
            Change::Changed => self.changed += 1,
            Change::Unchanged => self.unchanged += 1,
        }
    }
}

/// What became of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    New,
    Changed,
    Unchanged,
}
