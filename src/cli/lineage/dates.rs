//! Days as people write them, as the ends of a period.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use stemmata::entity::Timestamp;
use stemmata::lineage::Period;

use crate::cli::failure::Failure;

/// From the first moment of `since` to the moment before `until` begins.
pub(super) fn period(since: Option<&str>, until: Option<&str>) -> Result<Period, Failure> {
    let period = Period { since: since.map(moment).transpose()?, until: until.map(moment).transpose()? };
    match (period.since, period.until) {
        (Some(since), Some(until)) if since >= until => {
            Err(Failure::usage(format!("the period from {since} until {until} is empty"))
                .hint("`--since` is the first moment that counts, `--until` the first that does not"))
        }
        _ => Ok(period),
    }
}

/// The first moment of a year, month or day in UTC, or a moment.
pub(super) fn moment(text: &str) -> Result<Timestamp, Failure> {
    let whole = match text.split('-').map(str::len).collect::<Vec<_>>()[..] {
        [4] => format!("{text}-01-01"),
        [4, 2] => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let first =
        |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond());
    // A date is also read out of a longer text; what has a time is a moment.
    let day = whole.parse::<Date>().ok().filter(|_| !whole.contains(['T', 't', ' ', ':']));
    let found = day.and_then(first).and_then(Timestamp::from_millis).or_else(|| Timestamp::parse(&whole));
    found.ok_or_else(|| {
        Failure::usage(format!("`{text}` is no date"))
            .hint("write a year, a month as 2024-03, a day as 2024-03-31, or a time as 2024-03-31T12:00:00Z")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_months_days_and_moments_are_read() {
        let read = |text: &str| moment(text).map_or_else(|_| "refused".to_owned(), |at| at.to_string());
        assert_eq!(read("2024"), "2024-01-01T00:00:00.000Z");
        assert_eq!(read("2024-03"), "2024-03-01T00:00:00.000Z");
        assert_eq!(read("2024-02-29"), "2024-02-29T00:00:00.000Z");
        assert_eq!(read("2024-03-31T12:00:00+02:00"), "2024-03-31T10:00:00.000Z");
        for text in ["", "2023-02-29", "24", "yesterday", "2024-03-31T12:00:00", "2024-3-1"] {
            assert_eq!(read(text), "refused", "{text}");
        }
        assert!(period(Some("2024-02"), Some("2024-01")).is_err());
        assert!(period(Some("2024"), None).is_ok_and(|period| period.until.is_none()));
    }
}
