//! Small charts of characters.

use crate::entity::Timestamp;
use crate::lineage::figures::week_of;
use crate::lineage::report::Week;

/// From nothing to the highest.
const LEVELS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Heights of at most `width` columns from the first to the last week, each column the sum of its weeks.
pub(super) fn by_time(weeks: &[Week], width: usize) -> String {
    let number = |week: &Week| {
        let monday = Timestamp::parse(&format!("{}T00:00:00Z", week.monday))?;
        Some((week_of(monday.as_millis()), week.images))
    };
    let counted: Vec<(i64, u64)> = weeks.iter().filter_map(number).collect();
    let (Some(first), Some(last)) = (counted.first(), counted.last()) else { return String::new() };
    let span = usize::try_from(last.0 - first.0).unwrap_or(0) + 1;
    let columns = span.min(width.max(1));
    let mut sums = vec![0_u64; columns];
    for (week, images) in &counted {
        let place = usize::try_from(week - first.0).unwrap_or(0) * columns / span;
        if let Some(sum) = sums.get_mut(place) {
            *sum += images;
        }
    }
    heights(&sums)
}

/// Each count as a character; only nothing is a blank.
fn heights(counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0);
    let level = |count: u64| {
        let level = if most == 0 { 0 } else { (count as f64 / most as f64 * 8.0).ceil() as usize };
        LEVELS.get(level).copied().unwrap_or(' ')
    };
    counts.iter().map(|count| level(*count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week(monday: &str, images: u64) -> Week {
        Week { week: String::new(), monday: monday.to_owned(), images }
    }

    #[test]
    fn weeks_without_images_are_gaps_and_long_times_are_summed() {
        let weeks = [week("2024-01-01", 1), week("2024-01-15", 8), week("2024-01-22", 4)];
        assert_eq!(by_time(&weeks, 80), "▁ █▄");
        assert_eq!(by_time(&weeks, 2), "▁█");
        assert_eq!(by_time(&[], 80), "");
        let ages = [week("0001-01-01", 1), week("9999-12-27", 1)];
        assert_eq!(by_time(&ages, 10), "█        █");
    }
}
