//! How the matches of a query spread over a number or over time.

use std::collections::BTreeMap;

use tantivy::SegmentReader;
use tantivy::columnar::Column;

use crate::error::IndexError;
use crate::fold::for_each_match;
use crate::query::{Query, Resolver};
use crate::reader::Reader;

const DAY_MS: i64 = 86_400_000;

/// A number that documents have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NumberField {
    /// Steps.
    Steps,
    /// Guidance scale.
    Cfg,
    /// Denoising strength.
    Denoise,
    /// Clip skip.
    ClipSkip,
    /// Pixels across.
    Width,
    /// Pixels down.
    Height,
    /// Likes.
    Likes,
    /// Reactions.
    Reactions,
    /// Comments.
    Comments,
    /// NSFW level.
    Nsfw,
}

impl NumberField {
    fn column(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Cfg => "cfg",
            Self::Denoise => "denoise",
            Self::ClipSkip => "clip_skip",
            Self::Width => "width",
            Self::Height => "height",
            Self::Likes => "likes",
            Self::Reactions => "reactions",
            Self::Comments => "comments",
            Self::Nsfw => "nsfw",
        }
    }
}

/// A stretch of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateGrain {
    /// Years.
    Year,
    /// Months.
    Month,
    /// Weeks from Monday to Sunday.
    Week,
    /// Days.
    Day,
}

/// A stretch of values, its start included, its end not, and the matches in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin<T> {
    /// Its least value.
    pub from: T,
    /// The first value behind it.
    pub to: T,
    /// Matches in it.
    pub count: u64,
}

/// Bins that hold any match, ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram<T> {
    /// Ascending; empty ones are left out.
    pub bins: Vec<Bin<T>>,
    /// Matches without a value.
    pub missing: u64,
}

impl Reader {
    /// Counts the matches of a query in bins of `width`, the first of which begins at zero. A width that is not above
    /// zero is one.
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn histogram(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        field: NumberField,
        width: f64,
    ) -> Result<Histogram<f64>, IndexError> {
        let width = if width.is_finite() && width > 0.0 { width } else { 1.0 };
        let name = field.column();
        let is_real = matches!(field, NumberField::Cfg | NumberField::Denoise);
        let (bins, missing) = self.binned(resolver, query, |segment| -> Result<BinOf, IndexError> {
            let columns = segment.fast_fields();
            // A value that is written 0.3 lies in the bin that begins at 0.3, in spite of its last bit.
            let bin = move |value: f64| (value / width + 1e-9).floor() as i64;
            Ok(if is_real {
                let column = columns.f64(name)?;
                Box::new(move |doc| column.first(doc).map(bin))
            } else {
                let column = columns.u64(name)?;
                Box::new(move |doc| column.first(doc).map(|value| bin(value as f64)))
            })
        })?;
        let bin = |(number, count): (i64, u64)| {
            let from = number as f64 * width;
            Bin { from, to: from + width, count }
        };
        Ok(Histogram { bins: bins.into_iter().map(bin).collect(), missing })
    }

    /// Counts the matches of a query by date of creation. Bins are in milliseconds since 1970 (UTC).
    ///
    /// # Errors
    ///
    /// As [`Reader::search`].
    pub fn dates(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        grain: DateGrain,
    ) -> Result<Histogram<i64>, IndexError> {
        let (bins, missing) = self.binned(resolver, query, |segment| -> Result<BinOf, IndexError> {
            let column: Column<i64> = segment.fast_fields().i64("created")?;
            Ok(Box::new(move |doc| column.first(doc).map(|ms| grain.number(ms.div_euclid(DAY_MS)))))
        })?;
        let ms = |number| grain.first_day(number).saturating_mul(DAY_MS);
        let bin = |(number, count)| Bin { from: ms(number), to: ms(number + 1), count };
        Ok(Histogram { bins: bins.into_iter().map(bin).collect(), missing })
    }

    /// Counts matches by a number, and those without.
    fn binned(
        &self,
        resolver: &dyn Resolver,
        query: &Query,
        open: impl Fn(&SegmentReader) -> Result<BinOf, IndexError> + Sync,
    ) -> Result<(BTreeMap<i64, u64>, u64), IndexError> {
        let segments = self.per_segment(resolver, query, |weight, segment| {
            let bin_of = open(segment)?;
            let (mut bins, mut missing) = (BTreeMap::<i64, u64>::new(), 0);
            // Neighbours often share a bin.
            let mut last: Option<(i64, u64)> = None;
            for_each_match(weight, segment, |doc| match (bin_of(doc), &mut last) {
                (None, _) => missing += 1,
                (Some(bin), Some((number, count))) if *number == bin => *count += 1,
                (Some(bin), last) => {
                    if let Some((number, count)) = last.replace((bin, 1)) {
                        *bins.entry(number).or_default() += count;
                    }
                }
            })?;
            if let Some((number, count)) = last {
                *bins.entry(number).or_default() += count;
            }
            Ok((bins, missing))
        })?;
        let mut all = (BTreeMap::new(), 0);
        for (bins, missing) in segments {
            all.1 += missing;
            for (number, count) in bins {
                *all.0.entry(number).or_default() += count;
            }
        }
        Ok(all)
    }
}

/// The number of the bin of a document of one segment.
type BinOf = Box<dyn Fn(tantivy::DocId) -> Option<i64>>;

impl DateGrain {
    /// The number of the stretch that holds a day, counted from 1970.
    fn number(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            // 1970 began on a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => {
                let (year, month) = year_and_month(day);
                (year - 1970) * 12 + month - 1
            }
            Self::Year => year_and_month(day).0 - 1970,
        }
    }

    /// The first day of a stretch, counted from 1970.
    fn first_day(self, number: i64) -> i64 {
        match self {
            Self::Day => number,
            Self::Week => number * 7 - 3,
            Self::Month => first_of_month(1970 + number.div_euclid(12), 1 + number.rem_euclid(12)),
            Self::Year => first_of_month(1970 + number, 1),
        }
    }
}

/// The year and month of a day counted from 1970, in the Gregorian calendar.
fn year_and_month(day: i64) -> (i64, i64) {
    // Days since 1 March of year 0, in eras of 400 years.
    let shifted = day + 719_468;
    let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + carry, month)
}

/// The first day of a month, counted from 1970.
fn first_of_month(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, in_era) = (year.div_euclid(400), year.rem_euclid(400));
    let in_year = (153 * ((month + 9) % 12) + 2) / 5;
    era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_the_calendar_begin_where_the_last_one_ends() {
        for grain in [DateGrain::Year, DateGrain::Month, DateGrain::Week, DateGrain::Day] {
            for day in (-1_000_000..1_000_000).step_by(13) {
                let number = grain.number(day);
                let (from, to) = (grain.first_day(number), grain.first_day(number + 1));
                assert!((from..to).contains(&day), "{grain:?} {day}: {from}..{to}");
            }
        }
        assert_eq!(year_and_month(19_782), (2024, 2));
        assert_eq!(DateGrain::Week.first_day(DateGrain::Week.number(19_782)), 19_779, "a Monday");
    }
}
