//! Where in a listing a walk stands: a cursor of the site, or how many items of a numbered listing lie behind. Pure.

use crate::entity::Pagination;

use super::plan::Paging;

/// A place between two items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Before the first page of a cursor listing.
    Head,
    /// Before the page that this cursor names; sent back unchanged.
    Cursor(String),
    /// Behind this many items of a numbered listing, so that the size of its pages may differ between runs.
    Offset(u64),
}

impl Position {
    /// Reads the catalog's text; anything odd in a numbered listing is its beginning.
    pub(super) fn read(paging: Paging, text: Option<&str>) -> Self {
        match (paging, text) {
            (Paging::Cursor, None) => Self::Head,
            (Paging::Cursor, Some(cursor)) => Self::Cursor(cursor.to_owned()),
            (Paging::Number, text) => Self::Offset(text.and_then(|text| text.parse().ok()).unwrap_or(0)),
        }
    }

    /// The text for the catalog: the cursor or the number of items; `None` at the head.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Head | Self::Offset(0) => None,
            Self::Cursor(cursor) => Some(cursor.clone()),
            Self::Offset(items) => Some(items.to_string()),
        }
    }

    /// The parameter that asks for the page here, where pages hold `limit` items; pages count from 1.
    pub(super) fn parameter(&self, limit: u32) -> Option<(String, String)> {
        match self {
            Self::Head => None,
            Self::Cursor(cursor) => Some(("cursor".to_owned(), cursor.clone())),
            Self::Offset(items) => Some(("page".to_owned(), page_at(*items, limit).to_string())),
        }
    }

    /// Items at the head of the page here that lie behind.
    pub(super) fn skip(&self, limit: u32) -> usize {
        match self {
            Self::Offset(items) => usize::try_from(items % u64::from(limit.max(1))).unwrap_or(usize::MAX),
            Self::Head | Self::Cursor(_) => 0,
        }
    }

    /// Whether anything lies behind.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self, Self::Head | Self::Offset(0))
    }

    /// The position after a page here that held `held` items, of which the first `taken` now lie behind; `None` at
    /// the end.
    ///
    /// A numbered listing ends with an empty page, or with the last page where the site counts its pages: `/tags`
    /// says that there is one page, whatever there is, so a count of one is no count.
    pub(super) fn after(
        &self,
        pagination: &Pagination,
        held: usize,
        taken: usize,
        limit: u32,
    ) -> Option<Self> {
        let Self::Offset(items) = self else {
            let cursor = pagination.next_cursor.clone().filter(|cursor| !cursor.is_empty())?;
            return Some(Self::Cursor(cursor));
        };
        if held == 0 {
            return None;
        }
        let (page, size) = (page_at(*items, limit), u64::from(limit.max(1)));
        if taken < held {
            return Some(Self::Offset((page - 1).saturating_mul(size).saturating_add(taken as u64)));
        }
        let last = pagination.total_pages.filter(|total| *total > 1);
        let is_last = last.is_some_and(|last| page >= last);
        (!is_last).then(|| Self::Offset(page.saturating_mul(size)))
    }
}

fn page_at(items: u64, limit: u32) -> u64 {
    (items / u64::from(limit.max(1))).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_is_sent_back_as_it_came() {
        let cursor = "100|bdx:{\"a\": \"é\"}".to_owned();
        let pagination = Pagination { next_cursor: Some(cursor.clone()), ..Pagination::default() };
        let next =
            Position::Head.after(&pagination, 0, 0, 9).expect("an empty page with a cursor is not the end");
        assert_eq!(next.parameter(9), Some(("cursor".to_owned(), cursor)));
        assert_eq!(next.after(&Pagination::default(), 9, 9, 9), None);
    }

    #[test]
    fn a_numbered_listing_ends_with_an_empty_page_or_its_counted_last_one() {
        let uncounted = Pagination { total_pages: Some(1), ..Pagination::default() };
        assert_eq!(Position::Offset(0).after(&uncounted, 5, 5, 5), Some(Position::Offset(5)));
        assert_eq!(Position::Offset(5).after(&uncounted, 0, 0, 5), None);
        let counted = Pagination { total_pages: Some(2), ..Pagination::default() };
        assert_eq!(Position::Offset(0).after(&counted, 5, 5, 5), Some(Position::Offset(5)));
        assert_eq!(Position::Offset(5).after(&counted, 5, 5, 5), None);
    }

    #[test]
    fn a_numbered_page_can_be_taken_in_parts_and_in_pages_of_another_size() {
        assert_eq!(Position::Offset(10).after(&Pagination::default(), 5, 2, 5), Some(Position::Offset(12)));
        let inside = Position::Offset(12);
        assert_eq!((inside.parameter(5), inside.skip(5)), (Some(("page".to_owned(), "3".to_owned())), 2));
        assert_eq!((inside.parameter(4), inside.skip(4)), (Some(("page".to_owned(), "4".to_owned())), 0));
        assert_eq!(inside.after(&Pagination::default(), 5, 5, 5), Some(Position::Offset(15)));
    }

    proptest! {
        #[test]
        fn a_position_reads_back_from_its_text(items: u64, limit: u32, cursor in ".{1,30}") {
            let numbered = Position::Offset(items);
            numbered.after(&Pagination::default(), 3, 1, limit);
            prop_assert_eq!(Position::read(Paging::Number, numbered.text().as_deref()), numbered);
            let at_cursor = Position::Cursor(cursor);
            prop_assert_eq!(Position::read(Paging::Cursor, at_cursor.text().as_deref()), at_cursor);
        }
    }
}
