//! Counting, pure: images in any order in, figures out.
//!
//! - In: the versions of a scope, who represents a resource, and images with the resources that they name.
//! - Out: counts that depend neither on the order of the images nor on how they were split over threads.
//! - Never: a look at the catalog or the index. Either can feed a [`Tally`], and both give the same figures.

mod counts;
mod habits;
mod links;
mod names;
mod reading;
mod spread;
mod tally;
mod weeks;

use crate::catalog::Usage;
use crate::entity::{Timestamp, VersionId};

pub(super) use counts::Numbers;
pub use counts::{ByNumber, Counts, NumberHasher};
pub use habits::Habits;
pub(super) use habits::{one_more, sum};
pub use links::{Census, Representative, Representatives};
pub use names::Names;
pub(super) use reading::{Reading, Refusals};
pub use spread::Spread;
pub(super) use spread::{by_key, most_first};
pub use tally::{Figures, Known, Strength, Tally, VersionFigures};
pub use weeks::{monday, week_name, week_of};

/// One image with all that reports count about it.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// What the catalog says of it.
    pub usage: Usage<'a>,
    /// The chunks of its prompt, each once, as numbers of the tally's [`Names`].
    pub prompt: &'a [u32],
    /// The chunks of its negative prompt.
    pub negative: &'a [u32],
}

/// Which images count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// Those made with one of these versions, given by id.
    Versions(Vec<VersionId>),
    /// All that come: somebody else has chosen them.
    All,
}

/// The time in which images count. An image without a time counts only where neither end is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl Period {
    /// Whether a moment lies within it.
    pub fn holds(&self, created_ms: Option<i64>) -> bool {
        if self.is_all() {
            return true;
        }
        let Some(created_ms) = created_ms else { return false };
        self.since.is_none_or(|since| created_ms >= since.as_millis())
            && self.until.is_none_or(|until| created_ms < until.as_millis())
    }

    /// Whether neither end is set.
    pub fn is_all(&self) -> bool {
        self.since.is_none() && self.until.is_none()
    }
}

#[cfg(test)]
mod tests;
