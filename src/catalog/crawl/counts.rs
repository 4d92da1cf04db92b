//! What a walk counts on its way.

use serde::{Deserialize, Serialize};

/// Counts of one walk over one listing. All of them are zero or `None` in walks of catalogs of format 1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WalkCounts {
    /// Pages of the listing that were counted here; fewer than the row's where an earlier version began the walk.
    pub pages: u64,
    /// Different items.
    pub distinct: u64,
    /// Items that came again where that is expected: the item of the boundary itself.
    pub overlaps: u64,
    /// Pages that began with items of the page before them: the listing moved under the walk.
    pub drifts: u64,
    /// Joins between two pages.
    pub boundaries: u64,
    /// Joins at which nothing was lost, as far as the walk itself can see.
    pub boundaries_sound: u64,
    /// Items lost between pages and then fetched by id.
    pub boundary_recovered: u64,
    /// Items named by a cursor that nobody gives any more.
    pub boundary_absent: u64,
    /// Images without generation data although it was asked for.
    pub without_meta: u64,
    /// Items that contradict the filter.
    pub contradicting: u64,
    /// Items that could not be used.
    pub failed: u64,
    /// The most items that the site said there are.
    pub claimed: u64,
    /// All maturity bits met, or-ed.
    pub nsfw_levels: u32,
    /// The earliest date of an item, in milliseconds since 1970.
    pub earliest: Option<i64>,
    /// The latest date of an item, in milliseconds since 1970.
    pub latest: Option<i64>,
    /// Items a page that were asked for where nothing forced another number.
    pub page_limit: u32,
    /// Items a page that are asked for since a page was too large; 0 where none was.
    pub reduced_limit: u32,
    /// Pages that came through since then.
    pub pages_since: u32,
    /// For a second walk: which walk it verifies.
    pub base_walk: u64,
    /// For a second walk: how many joins the first one has.
    pub base_joins: u64,
    /// For a second walk: joins of the first walk that lie inside one of its pages.
    pub verified: u64,
    /// For a second walk: items that the first lacks at a join.
    pub gaps_closed: u64,
    /// For a second walk: items that the first lacks elsewhere between its own.
    pub inside: u64,
    /// For a second walk: items before the first one of the first walk, so newer than it.
    pub newer: u64,
    /// For a second walk: items behind the last one of the first walk.
    pub beyond: u64,
    /// For a second walk: the first gaps.
    pub gaps: Vec<Gap>,
}

/// An item that a walk lost between two of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The page before the join, from 1.
    pub page: u64,
    /// The item.
    pub id: u64,
}
