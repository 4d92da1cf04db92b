//! Weeks by ISO 8601, in UTC.

use jiff::civil::Date;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// The week of a moment: weeks since the one that begins on Monday, 1969-12-29.
pub fn week_of(ms: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    (ms.div_euclid(DAY_MS) + 3).div_euclid(7)
}

/// The Monday that a week begins with, as `2024-01-29`; `None` beyond the years of the calendar.
pub fn monday(week: i64) -> Option<String> {
    Some(first_day(week)?.to_string())
}

/// Year and number of a week, as `2024-W05`; `None` beyond the years of the calendar.
pub fn week_name(week: i64) -> Option<String> {
    let week = first_day(week)?.iso_week_date();
    Some(format!("{:04}-W{:02}", week.year(), week.week()))
}

fn first_day(week: i64) -> Option<Date> {
    let days = week.checked_mul(7)?.checked_sub(3)?;
    let span = jiff::Span::new().try_days(days).ok()?;
    Date::new(1970, 1, 1).ok()?.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_belong_to_the_year_of_their_thursday() {
        for (time, name, first) in [
            ("2024-01-29T00:00:00Z", "2024-W05", "2024-01-29"),
            ("2024-02-04T23:59:59.999Z", "2024-W05", "2024-01-29"),
            ("2024-02-05T00:00:00Z", "2024-W06", "2024-02-05"),
            ("2024-12-30T12:00:00Z", "2025-W01", "2024-12-30"),
            ("2023-01-01T12:00:00Z", "2022-W52", "2022-12-26"),
            ("1970-01-01T00:00:00Z", "1970-W01", "1969-12-29"),
            ("1969-12-28T23:59:59Z", "1969-W52", "1969-12-22"),
        ] {
            let moment = crate::entity::Timestamp::parse(time).expect("a time");
            let week = week_of(moment.as_millis());
            assert_eq!(week_name(week).as_deref(), Some(name), "{time}");
            assert_eq!(monday(week).as_deref(), Some(first), "{time}");
        }
        assert_eq!(week_name(i64::MAX), None);
    }
}
