//! Where in a listing a walk stands: a cursor of the site, or a page number and what of that page is taken. Pure.

use crate::entity::Pagination;

use super::plan::Paging;

/// A place between two pages, or inside a numbered page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Before the first page of a cursor listing.
    Head,
    /// Before the page that this cursor names; sent back unchanged.
    Cursor(String),
    /// Before the item `skip` of a numbered page, both counted as the site does: pages from 1, items from 0.
    Number { page: u64, skip: usize },
}

impl Position {
    /// Reads the catalog's text; anything odd in a numbered position is its beginning.
    pub(super) fn read(paging: Paging, text: Option<&str>) -> Self {
        match (paging, text) {
            (Paging::Cursor, None) => Self::Head,
            (Paging::Cursor, Some(cursor)) => Self::Cursor(cursor.to_owned()),
            (Paging::Number, text) => {
                let (page, skip) =
                    text.map_or(("1", "0"), |text| text.split_once('+').unwrap_or((text, "0")));
                Self::Number { page: page.parse().unwrap_or(1).max(1), skip: skip.parse().unwrap_or(0) }
            }
        }
    }

    /// The text for the catalog: the cursor, `PAGE`, or `PAGE+SKIP`; `None` at the head.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Head | Self::Number { page: 1, skip: 0 } => None,
            Self::Cursor(cursor) => Some(cursor.clone()),
            Self::Number { page, skip: 0 } => Some(page.to_string()),
            Self::Number { page, skip } => Some(format!("{page}+{skip}")),
        }
    }

    /// The parameter that asks for the page here.
    pub(super) fn parameter(&self) -> Option<(String, String)> {
        match self {
            Self::Head => None,
            Self::Cursor(cursor) => Some(("cursor".to_owned(), cursor.clone())),
            Self::Number { page, .. } => Some(("page".to_owned(), page.to_string())),
        }
    }

    /// Items of the page here that were taken before.
    pub(super) fn skip(&self) -> usize {
        match self {
            Self::Number { skip, .. } => *skip,
            Self::Head | Self::Cursor(_) => 0,
        }
    }

    /// Whether pages lie before this one.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self, Self::Head | Self::Number { page: 1, .. })
    }

    /// The position after a page here that held `held` items, of which `taken` are now taken; `None` at the end.
    ///
    /// A numbered listing ends with an empty page, or with the last page where the site counts its pages: `/tags`
    /// says that there is one page, whatever there is, so a count of one is no count.
    pub(super) fn after(&self, pagination: &Pagination, held: usize, taken: usize) -> Option<Self> {
        match self {
            Self::Head | Self::Cursor(_) => {
                let cursor = pagination.next_cursor.clone().filter(|cursor| !cursor.is_empty())?;
                Some(Self::Cursor(cursor))
            }
            Self::Number { .. } if held == 0 => None,
            Self::Number { page, .. } if taken < held => Some(Self::Number { page: *page, skip: taken }),
            Self::Number { page, .. } => {
                let last = pagination.total_pages.filter(|total| *total > 1);
                let is_last = last.is_some_and(|last| *page >= last);
                (!is_last).then(|| Self::Number { page: page.saturating_add(1), skip: 0 })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(page: u64, skip: usize) -> Position {
        Position::Number { page, skip }
    }

    #[test]
    fn a_cursor_is_sent_back_as_it_came() {
        let cursor = "100|bdx:{\"a\": \"é\"}".to_owned();
        let pagination = Pagination { next_cursor: Some(cursor.clone()), ..Pagination::default() };
        let next =
            Position::Head.after(&pagination, 0, 0).expect("an empty page with a cursor is not the end");
        assert_eq!(next.parameter(), Some(("cursor".to_owned(), cursor)));
        assert_eq!(next.after(&Pagination::default(), 9, 9), None);
    }

    #[test]
    fn a_numbered_listing_ends_with_an_empty_page_or_its_counted_last_one() {
        let uncounted = Pagination { total_pages: Some(1), ..Pagination::default() };
        assert_eq!(number(1, 0).after(&uncounted, 5, 5), Some(number(2, 0)));
        assert_eq!(number(2, 0).after(&uncounted, 0, 0), None);
        let counted = Pagination { total_pages: Some(2), ..Pagination::default() };
        assert_eq!(number(1, 0).after(&counted, 5, 5), Some(number(2, 0)));
        assert_eq!(number(2, 0).after(&counted, 5, 5), None);
    }

    #[test]
    fn a_numbered_page_can_be_taken_in_parts() {
        assert_eq!(number(3, 0).after(&Pagination::default(), 5, 2), Some(number(3, 2)));
        assert_eq!(number(3, 2).after(&Pagination::default(), 5, 5), Some(number(4, 0)));
    }

    proptest! {
        #[test]
        fn a_position_reads_back_from_its_text(page in 1_u64.., skip: usize, cursor in ".{1,30}") {
            let numbered = number(page, skip);
            prop_assert_eq!(Position::read(Paging::Number, numbered.text().as_deref()), numbered);
            let at_cursor = Position::Cursor(cursor);
            prop_assert_eq!(Position::read(Paging::Cursor, at_cursor.text().as_deref()), at_cursor);
        }
    }
}
