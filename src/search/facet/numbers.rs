//! Numbers and dates in buckets.

use std::collections::BTreeMap;

use jiff::Unit;
use jiff::civil::{Date, Weekday};
use stemmata_index::Facts;

use super::{FacetBucket, plain};

const DAY_MS: i64 = 86_400_000;
/// Days are counted from here, so that a number without a sign holds every one: 1970 minus about 500,000 years.
const FIRST_DAY: i64 = -200_000_000;

/// How long a bucket of dates is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Years.
    Year,
    /// Months.
    Month,
    /// Weeks that begin on Monday.
    Week,
    /// Days.
    Day,
}

impl Period {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Year, Self::Month, Self::Week, Self::Day].into_iter().find(|period| period.as_str() == word)
    }

    fn first(self, date: Date) -> Option<Date> {
        match self {
            Self::Year => Date::new(date.year(), 1, 1).ok(),
            Self::Month => Some(date.first_of_month()),
            Self::Week if date.weekday() == Weekday::Monday => Some(date),
            Self::Week => date.nth_weekday(-1, Weekday::Monday).ok(),
            Self::Day => Some(date),
        }
    }

    /// The first day after the bucket that begins on `first`.
    fn end(self, first: Date) -> Option<Date> {
        let span = match self {
            Self::Year => jiff::Span::new().years(1),
            Self::Month => jiff::Span::new().months(1),
            Self::Week => jiff::Span::new().weeks(1),
            Self::Day => jiff::Span::new().days(1),
        };
        first.checked_add(span).ok()
    }

    /// As a query writes it after `date:`.
    fn text(self, first: Date, end: Option<Date>) -> String {
        match self {
            Self::Year => format!("{:04}", first.year()),
            Self::Month => format!("{:04}-{:02}", first.year(), first.month()),
            Self::Week => {
                let last = end.and_then(|end| end.yesterday().ok()).unwrap_or(first);
                format!("{first}..{last}")
            }
            Self::Day => first.to_string(),
        }
    }
}

/// The day of a moment, as a number that grows with it.
pub(super) fn day(created_ms: i64) -> u64 {
    let day = created_ms.div_euclid(DAY_MS);
    u64::try_from(day.saturating_sub(FIRST_DAY)).unwrap_or(0)
}

/// Days by period, in order.
pub(super) fn dates(days: &BTreeMap<u64, u64>, period: Period) -> Vec<FacetBucket> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let mut counts: BTreeMap<Date, u64> = BTreeMap::new();
    for (number, count) in days {
        let day = i64::try_from(*number).unwrap_or(i64::MAX).saturating_add(FIRST_DAY);
        let date = jiff::Span::new().try_days(day).ok().and_then(|span| epoch.checked_add(span).ok());
        // A date beyond the calendar counts for its last day.
        let date = date.unwrap_or(if day < 0 { Date::MIN } else { Date::MAX });
        *counts.entry(period.first(date).unwrap_or(date)).or_default() += count;
    }
    let start = |date: Date| {
        let days = date.since((Unit::Day, epoch)).map_or(0, |span| i64::from(span.get_days()));
        (days.saturating_mul(DAY_MS)) as f64
    };
    let bucket = |(first, count)| {
        let end = period.end(first);
        FacetBucket { from: Some(start(first)), to: end.map(start), ..plain(period.text(first, end), count) }
    };
    counts.into_iter().map(bucket).collect()
}

/// Width and height in one number.
pub(super) fn size(facts: &Facts<'_>) -> Option<u64> {
    let (width, height) = facts.width.zip(facts.height)?;
    let side = |side: u64| side.min(u64::from(u32::MAX));
    Some(side(width) << 32 | side(height))
}

pub(super) fn sizes(counts: &BTreeMap<u64, u64>) -> Vec<FacetBucket> {
    counts
        .iter()
        .map(|(size, count)| plain(format!("{}x{}", size >> 32, size & u64::from(u32::MAX)), *count))
        .collect()
}

/// Ranges of numbers, each from its bound to the next one.
pub(super) struct Ranges {
    /// Ascending; the first holds everything below the second, the last everything from it on.
    bounds: &'static [f64],
    /// Whether only whole numbers occur.
    whole: bool,
}

impl Ranges {
    /// Where the usual numbers of steps lie.
    pub(super) const STEPS: Self = Self {
        bounds: &[0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0],
        whole: true,
    };
    /// Where the usual guidance scales lie.
    pub(super) const CFG: Self = Self {
        bounds: &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 12.0, 15.0, 20.0, 30.0],
        whole: false,
    };

    /// The number of the range that holds a value.
    pub(super) fn place(&self, value: f64) -> u64 {
        let after = self.bounds.partition_point(|bound| *bound <= value);
        after.saturating_sub(1) as u64
    }

    pub(super) fn buckets(&self, counts: &BTreeMap<u64, u64>) -> Vec<FacetBucket> {
        counts
            .iter()
            .filter_map(|(place, count)| {
                let place = usize::try_from(*place).ok()?;
                let (from, to) = (*self.bounds.get(place)?, self.bounds.get(place + 1).copied());
                Some(FacetBucket { from: Some(from), to, ..plain(self.text(from, to), *count) })
            })
            .collect()
    }

    /// As a query writes it; a range of whole numbers names its last one.
    fn text(&self, from: f64, to: Option<f64>) -> String {
        match to {
            Some(to) if self.whole => format!("{from}..{}", to - 1.0),
            Some(to) => format!("{from} to <{to}"),
            None => format!("{from}.."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(period: Period, moments: &[&str], expected: &[(&str, u64)]) {
        let mut days: BTreeMap<u64, u64> = BTreeMap::new();
        for text in moments {
            let moment: jiff::Timestamp = text.parse().expect("a moment");
            *days.entry(day(moment.as_millisecond())).or_default() += 1;
        }
        let found = dates(&days, period);
        let found: Vec<(&str, u64)> =
            found.iter().map(|bucket| (bucket.value.as_str(), bucket.count)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn dates_fall_into_the_periods_of_the_calendar() {
        let moments =
            ["2023-12-31T23:59:59Z", "2024-01-01T00:00:00Z", "2024-02-29T12:00:00Z", "1969-12-31T23:00:00Z"];
        check(Period::Year, &moments, &[("1969", 1), ("2023", 1), ("2024", 2)]);
        check(Period::Month, &moments, &[("1969-12", 1), ("2023-12", 1), ("2024-01", 1), ("2024-02", 1)]);
        check(Period::Day, &moments[1..3], &[("2024-01-01", 1), ("2024-02-29", 1)]);
        check(Period::Week, &moments[..2], &[("2023-12-25..2023-12-31", 1), ("2024-01-01..2024-01-07", 1)]);
    }

    #[test]
    fn moments_beyond_the_calendar_are_counted_too() {
        let days = BTreeMap::from([(day(i64::MIN), 1), (day(i64::MAX), 1)]);
        assert_eq!(dates(&days, Period::Year).iter().map(|bucket| bucket.count).sum::<u64>(), 2);
    }

    #[test]
    fn a_bound_belongs_to_the_range_that_it_begins() {
        let texts = |ranges: &Ranges, values: &[f64]| -> Vec<String> {
            let mut counts = BTreeMap::new();
            for value in values {
                *counts.entry(ranges.place(*value)).or_default() += 1;
            }
            ranges.buckets(&counts).into_iter().map(|bucket| bucket.value).collect()
        };
        assert_eq!(texts(&Ranges::STEPS, &[19.0, 20.0, 24.0, 1e9]), ["15..19", "20..24", "150.."]);
        assert_eq!(
            texts(&Ranges::CFG, &[-1.0, 6.99, 7.0, f64::INFINITY]),
            ["0 to <1", "6 to <7", "7 to <8", "30.."]
        );
    }
}
