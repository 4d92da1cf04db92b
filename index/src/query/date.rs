//! Dates: written, compared, and counted back from a moment that the caller gives.
//!
//! Never: asks a clock.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ast::{Span, Test};
use super::error::QueryError;
use super::value::{bad, clip};

/// A year, a month, a day or a second, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Date {
    /// A year, 1 to 9999.
    Year(u16),
    /// Year and month.
    Month(u16, u8),
    /// Year, month and day.
    Day(u16, u8, u8),
    /// Seconds since 1970.
    Second(i64),
}

impl Date {
    /// Its first millisecond, counted from 1970.
    pub fn start_ms(self) -> i64 {
        if let Self::Second(second) = self {
            return second.saturating_mul(1000);
        }
        let (year, month, day) = self.first_day();
        days_from_1970(year, month, day) * 86_400_000
    }

    /// The first millisecond after it.
    pub fn end_ms(self) -> i64 {
        match self {
            Self::Year(year) => days_from_1970(i64::from(year) + 1, 1, 1) * 86_400_000,
            Self::Month(year, 12) => days_from_1970(i64::from(year) + 1, 1, 1) * 86_400_000,
            Self::Month(year, month) => days_from_1970(i64::from(year), i64::from(month) + 1, 1) * 86_400_000,
            Self::Day(..) => self.start_ms() + 86_400_000,
            Self::Second(_) => self.start_ms().saturating_add(1000),
        }
    }

    fn first_day(self) -> (i64, i64, i64) {
        match self {
            Self::Year(year) => (year.into(), 1, 1),
            Self::Month(year, month) => (year.into(), month.into(), 1),
            Self::Day(year, month, day) => (year.into(), month.into(), day.into()),
            Self::Second(second) => civil(second.div_euclid(86_400)),
        }
    }

    /// The day that holds a moment; `None` outside of the years 1 to 9999.
    pub fn day_of(at_ms: i64) -> Option<Self> {
        let (year, month, day) = civil(at_ms.div_euclid(86_400_000));
        let year = u16::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
        Some(Self::Day(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?))
    }

    /// The second that holds a moment; `None` outside of the years 1 to 9999.
    pub fn second_of(at_ms: i64) -> Option<Self> {
        Self::day_of(at_ms).map(|_| Self::Second(at_ms.div_euclid(1000)))
    }
}

/// Days between 1970-01-01 and a day of the Gregorian calendar. Years start in March, so that the leap day ends
/// one.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// By its first moment, then by its last.
impl PartialOrd for Date {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some((self.start_ms(), self.end_ms()).cmp(&(other.start_ms(), other.end_ms())))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Year(year) => write!(f, "{year:04}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Day(year, month, day) => write!(f, "{year:04}-{month:02}-{day:02}"),
            Self::Second(second) => {
                let (year, month, day) = civil(second.div_euclid(86_400));
                let rest = second.rem_euclid(86_400);
                let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
                write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
            }
        }
    }
}

/// The day of the Gregorian calendar that is so many days after 1970-01-01: year, month, day.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Reads a date as people write it: `2024`, `2024-01`, `2024-01-15`, `2024-01-15T12:30:00Z`, `today`, `yesterday`,
/// `now`, and `-30d` for thirty days back.
pub(crate) fn read(text: &str, now_ms: Option<i64>, span: Span) -> Result<Date, QueryError> {
    let wrong = || {
        let message = format!("`{}` is not a date", clip(text));
        bad(message, span)
            .hint("dates look like 2024, 2024-01, 2024-01-15, today, yesterday or -30d (thirty days back), ranges like 2024-11-30..yesterday")
    };
    let now = || now_ms.ok_or_else(|| bad("a date that depends on today cannot stand here", span));
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "now" => return Date::second_of(now()?).ok_or_else(wrong),
        "today" => return Date::day_of(now()?).ok_or_else(wrong),
        "yesterday" => return Date::day_of(now()?.saturating_sub(DAY_MS)).ok_or_else(wrong),
        _ => {}
    }
    if let Some(back) = lower.strip_prefix('-') {
        let (back_ms, unit_ms) = duration(back).ok_or_else(wrong)?;
        let at = now()?.saturating_sub(back_ms);
        let date = if unit_ms < DAY_MS { Date::second_of(at) } else { Date::day_of(at) };
        return date.ok_or_else(wrong);
    }
    absolute(text).ok_or_else(wrong)
}

const DAY_MS: i64 = 86_400_000;

/// A length of time such as `7d`, in milliseconds, and its unit: `h`, `d`, `w`, `mo` (30 days), `y` (365 days).
pub(crate) fn duration(text: &str) -> Option<(i64, i64)> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit_ms = match unit.to_ascii_lowercase().as_str() {
        "h" => 3_600_000,
        "d" => DAY_MS,
        "w" => 7 * DAY_MS,
        "mo" | "m" => 30 * DAY_MS,
        "y" => 365 * DAY_MS,
        _ => return None,
    };
    Some((number.parse::<i64>().ok()?.checked_mul(unit_ms)?, unit_ms))
}

/// A test of an age as one of the date: what is younger is later.
pub(crate) fn age(test: Test<i64>, now_ms: i64, span: Span) -> Result<Test<Date>, QueryError> {
    let back = |age: i64| {
        let at = now_ms.saturating_sub(age);
        Date::second_of(at).ok_or_else(|| bad("that is before the year 1", span))
    };
    Ok(match test {
        // An age without a sign is a day, not a second.
        Test::Equal(age) => {
            let day = Date::day_of(now_ms.saturating_sub(age));
            Test::Equal(day.ok_or_else(|| bad("that is before the year 1", span))?)
        }
        Test::Above(age) => Test::Below(back(age)?),
        Test::AtLeast(age) => Test::AtMost(back(age)?),
        Test::Below(age) => Test::Above(back(age)?),
        Test::AtMost(age) => Test::AtLeast(back(age)?),
        Test::Between(low, high) => Test::Between(back(high)?, back(low)?),
    })
}

fn absolute(text: &str) -> Option<Date> {
    if let Some((day, time)) = text.split_once(['T', 't']) {
        let Date::Day(..) = absolute(day)? else { return None };
        let time = time.strip_suffix(['Z', 'z']).unwrap_or(time);
        let mut parts = time.split(':').map(|part| number(part, 2));
        let (hour, minute) = (parts.next()??, parts.next()??);
        let second = parts.next().map_or(Some(0), |second| second)?;
        if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        return Some(Date::Second(absolute(day)?.start_ms() / 1000 + seconds));
    }
    let mut parts = text.split('-');
    let year = number(parts.next()?, 4).filter(|year| *year > 0)?;
    let Some(month) = parts.next() else { return Some(Date::Year(year)) };
    let month = number(month, 2).filter(|month| (1..=12).contains(month))?;
    let Some(day) = parts.next() else { return Some(Date::Month(year, month as u8)) };
    let day = number(day, 2).filter(|day| (1..=month_days(year, month)).contains(day))?;
    parts.next().is_none().then_some(Date::Day(year, month as u8, day as u8))
}

fn number(text: &str, digits: usize) -> Option<u16> {
    let is_good = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_good { text.parse().ok() } else { None }
}

fn month_days(year: u16, month: u16) -> u16 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 2024-03-05T06:07:08Z.
    const NOW_MS: i64 = 1_709_618_828_000;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let date = read(text, Some(NOW_MS), Span::default()).expect(text);
        assert_eq!(date.to_string(), expected, "{text}");
        assert_eq!(absolute(expected), Some(date), "{text}");
    }

    #[test]
    fn relative_dates_count_back_from_the_given_moment() {
        check("today", "2024-03-05");
        check("Yesterday", "2024-03-04");
        check("now", "2024-03-05T06:07:08Z");
        check("-5d", "2024-02-29");
        check("-1w", "2024-02-27");
        check("-7h", "2024-03-04T23:07:08Z");
        check("-1y", "2023-03-06");
        assert!(read("today", None, Span::default()).is_err());
        for text in [
            "-d",
            "-5",
            "-99999999999999999999d",
            "-9999y",
            "2024-13",
            "2024-1",
            "2024-02-30",
            "2024-01-01T25:00",
        ] {
            assert!(read(text, Some(NOW_MS), Span::default()).is_err(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn days_are_counted_both_ways(seconds in -62_135_596_800_i64..253_402_300_800) {
            let second = Date::Second(seconds);
            prop_assert_eq!(absolute(&second.to_string()), Some(second));
            let day = Date::day_of(seconds * 1000).expect("within the years");
            prop_assert!(day.start_ms() <= seconds * 1000 && seconds * 1000 < day.end_ms());
            prop_assert_eq!(absolute(&day.to_string()), Some(day));
        }
    }
}
