//! What a cursor says of the item that it names, and what may be lost between two pages. Pure.
//!
//! The site's cursor names the first item *not* returned. Where the last column of the order descends, the next page
//! begins strictly behind that item, which is then on neither page. That holds for the image listings that the site's
//! database answers, in every order but the earliest first, and for models with the newest first.

use crate::entity::Dialect;

use super::plan::{Listing, Paging};
use super::words::{ImageSort, ModelSort};

/// How two pages join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// The next page begins with the item that the cursor names.
    Kept,
    /// The cursor is the number of the image that would be lost: asking from one above it brings it.
    ById(u64),
    /// The cursor holds the number of the model that is lost unless it is asked for by its number.
    Owed(u64),
    /// Nothing can be told from the cursor.
    Unknown,
}

/// Reads the cursor of `listing`, of which `items` were received before it.
pub(super) fn join(listing: &Listing, cursor: &str, items: u64) -> Join {
    match listing {
        _ if listing.paging() == Paging::Number => Join::Unknown,
        Listing::Images(filter) if listing.dialect() == Some(Dialect::Database) => {
            match image_number(cursor, items) {
                None => Join::Unknown,
                Some(_) if filter.sort == ImageSort::Oldest => Join::Kept,
                Some(id) => Join::ById(id),
            }
        }
        Listing::Models(filter) if filter.query.is_some() => Join::Unknown,
        Listing::Models(filter) if filter.sort == ModelSort::Newest => {
            named_model(cursor).map_or(Join::Unknown, Join::Owed)
        }
        Listing::Models(_) => Join::Kept,
        _ => Join::Unknown,
    }
}

/// The image that a numeric cursor names. One that equals the number of items so far is taken for an offset, as some
/// servers give it, because asking behind an offset would lose an item.
fn image_number(cursor: &str, items: u64) -> Option<u64> {
    let number: u64 = cursor.parse().ok()?;
    let is_number = number > 0 && number != items && i64::try_from(number).is_ok_and(|n| n < i64::MAX);
    is_number.then_some(number)
}

/// The model that a cursor of a date and a number names.
fn named_model(cursor: &str) -> Option<u64> {
    let (date, number) = cursor.split_once('|')?;
    let is_date = date.contains('-') && date.starts_with(|c: char| c.is_ascii_digit());
    number.parse().ok().filter(|number| is_date && *number > 0 && i64::try_from(*number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crawl::{ImageFilter, ModelFilter};
    use crate::entity::ModelId;

    fn images(change: fn(&mut ImageFilter)) -> Listing {
        let mut filter = ImageFilter::default();
        change(&mut filter);
        Listing::Images(filter)
    }

    fn models(change: fn(&mut ModelFilter)) -> Listing {
        let mut filter = ModelFilter { sort: ModelSort::Newest, ..ModelFilter::default() };
        change(&mut filter);
        Listing::Models(filter)
    }

    #[test]
    fn only_the_numeric_cursor_of_the_database_is_repaired() {
        let of_model = images(|filter| filter.model = ModelId::new(5));
        assert_eq!(join(&of_model, "900", 200), Join::ById(900));
        for odd in ["200", "0", "20|1754611200000", "", "-4", "9223372036854775807", "99999999999999999999"] {
            assert_eq!(join(&of_model, odd, 200), Join::Unknown, "{odd}");
        }
        let oldest = images(|filter| {
            (filter.model, filter.sort) = (ModelId::new(5), ImageSort::Oldest);
        });
        assert_eq!(join(&oldest, "900", 200), Join::Kept);
        assert_eq!(join(&images(|_| ()), "900", 200), Join::Unknown, "the index pages by offsets");
    }

    #[test]
    fn the_newest_models_owe_the_one_that_the_cursor_names() {
        let newest = models(|_| ());
        assert_eq!(join(&newest, "2024-05-06 07:08:09.123|4711", 100), Join::Owed(4711));
        for odd in ["4711", "|4711", "2024-05-06|3|20", "2024-05-06|x", "2024-05-06|0", "12|34"] {
            assert_eq!(join(&newest, odd, 100), Join::Unknown, "{odd}");
        }
        let downloads = models(|filter| filter.sort = ModelSort::MostDownloaded);
        assert_eq!(join(&downloads, "75|93|25", 100), Join::Kept);
        let search = models(|filter| filter.query = Some("castle".to_owned()));
        assert_eq!(join(&search, "100", 100), Join::Unknown);
        assert_eq!(join(&Listing::Tags { query: None }, "100", 100), Join::Unknown);
    }
}
