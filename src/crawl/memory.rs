//! What a walk must remember of its pages, rebuilt from the catalog when it is resumed. Pure.
//!
//! - In: the pages of a walk, one after the other, whether just read or from the catalog.
//! - Out: which items and positions were met, and what is still owed. Both ways lead to the same.
//! - Never: more than a few bits an item: ids are kept in a compressed set.

use std::collections::{BTreeSet, HashSet};

use roaring::RoaringBitmap;

use crate::catalog::{CrawlPage, PageKind, raw_hash};

use super::boundary::{Join, join};
use super::plan::Listing;

/// A set of ids that stays small: the site's ids fit 32 bits and lie close together.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids {
    small: RoaringBitmap,
    /// Hashes of names, and ids that no site of today gives.
    large: HashSet<u64>,
}

impl Ids {
    /// Whether the id is new to the set.
    pub(super) fn insert(&mut self, id: u64) -> bool {
        match u32::try_from(id) {
            Ok(id) => self.small.insert(id),
            Err(_) => self.large.insert(id),
        }
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        match u32::try_from(id) {
            Ok(id) => self.small.contains(id),
            Err(_) => self.large.contains(&id),
        }
    }

    /// How many.
    pub(super) fn len(&self) -> u64 {
        self.small.len().saturating_add(self.large.len() as u64)
    }
}

/// The memory of one walk.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Pages remembered, of either kind.
    pub(super) pages: u64,
    /// Items received on pages of the listing.
    pub(super) listed_items: u64,
    /// Every item met.
    pub(super) seen: Ids,
    /// Hashes of the positions that were used.
    positions: HashSet<i64>,
    /// Items of the last page of the listing.
    pub(super) tail: Vec<u64>,
    /// Pages of the listing in a row, up to the last one, that brought nothing new.
    pub(super) barren: u32,
    /// Models named by cursors and not met since.
    pub(super) owed: BTreeSet<u64>,
    /// The one of them that the last cursor names, which the next page may still bring.
    pub(super) owed_last: Option<u64>,
}

impl Memory {
    /// Remembers a page.
    pub(super) fn add(&mut self, page: &CrawlPage, listing: &Listing) {
        self.pages += 1;
        for id in &page.ids {
            self.seen.insert(*id);
            self.owed.remove(id);
        }
        if page.kind == PageKind::Recovered {
            for id in asked_for(page) {
                self.owed.remove(&id);
            }
            return;
        }
        self.listed_items = self.listed_items.saturating_add(page.items);
        self.tail.clone_from(&page.ids);
        self.barren = if page.fresh > 0 { 0 } else { self.barren.saturating_add(1) };
        self.use_position(page.cursor.as_deref());
        self.owed_last = None;
        let Some(next) = page.next_cursor.as_deref() else { return };
        self.use_position(Some(next));
        if let Join::Owed(id) = join(listing, next, self.listed_items)
            && !self.seen.contains(id)
        {
            self.owed.insert(id);
            self.owed_last = Some(id);
        }
    }

    /// Notes that a position is used; the head has no text.
    pub(super) fn use_position(&mut self, text: Option<&str>) {
        self.positions.extend(text.map(raw_hash));
    }

    /// Whether a position was used before.
    pub(super) fn was_at(&self, text: &str) -> bool {
        self.positions.contains(&raw_hash(text))
    }
}

/// The ids that a page of recovered items was asked for.
fn asked_for(page: &CrawlPage) -> impl Iterator<Item = u64> {
    page.cursor.as_deref().unwrap_or_default().split(',').filter_map(|id| id.parse().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_compressed_set_is_a_set(ids in proptest::collection::vec(prop_oneof![0_u64..300, any::<u64>()], 0..200)) {
            let (mut set, mut oracle) = (Ids::default(), HashSet::new());
            for id in &ids {
                prop_assert_eq!(set.insert(*id), oracle.insert(*id));
            }
            prop_assert_eq!(set.len(), oracle.len() as u64);
            for id in ids.iter().flat_map(|id| [*id, id.wrapping_add(1)]) {
                prop_assert_eq!(set.contains(id), oracle.contains(&id));
            }
        }
    }
}
