//! Images over time, and an axis that can be read.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::lineage::report::Week;
use crate::page::escape;

use super::super::words::{count, images};
use super::svg::{across, drawing, round_up};

/// Height of the bars, of the room above them, and of the axis below, in pixels.
const PLOT: f64 = 150.0;
const ABOVE: f64 = 18.0;
const AXIS: usize = 24;

/// Most bars; a longer time has several weeks a bar.
const MOST_BARS: i64 = 240;

/// The least distance of two labels of the axis, as a part of the width: on a telephone and on a wide screen.
const APART: [(f64, &str); 2] = [(0.27, "n"), (0.105, "w")];

/// One bar: some weeks.
#[derive(Debug, PartialEq)]
struct Bin {
    first: Date,
    images: u64,
}

/// The chart; `None` where no week can be drawn.
pub(super) fn weeks(id: &str, title: &str, weeks: &[Week]) -> Option<String> {
    let (bins, weeks_each) = bins(weeks)?;
    let most = bins.iter().map(|bin| bin.images).max()?.max(1);
    let step = round_up(most as f64 / 3.0).max(1.0);
    let top = (most as f64 / step).ceil() * step;
    let height = |value: f64| PLOT * value / top;
    let mut body = String::new();
    let mut line = step;
    while line <= top + step / 2.0 {
        let y = ABOVE + PLOT - height(line);
        let _ = write!(body, "<line class=\"gl\" x1=\"0\" x2=\"100%\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        line += step;
    }
    let each = 1.0 / bins.len() as f64;
    for (place, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.images > 0) {
        let tall = height(bin.images as f64).max(1.5);
        let (x, y) = (place as f64 * each, ABOVE + PLOT - tall);
        let gap = if bins.len() > 120 { 0.0 } else { 0.12 * each };
        let _ = write!(
            body,
            "<rect class=\"fill\" x=\"{}\" y=\"{y:.1}\" width=\"{}\" height=\"{tall:.1}\"><title>{}: {}</title></rect>",
            across(x + gap / 2.0),
            across(each - gap),
            escape(&span(bin.first, weeks_each)),
            images(bin.images)
        );
    }
    let base = ABOVE + PLOT;
    let _ = write!(body, "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{base}\" y2=\"{base}\"/>");
    // Above the bars, so that none hides it.
    let mut line = step;
    while line <= top + step / 2.0 {
        let y = ABOVE + PLOT - height(line) - 4.0;
        let _ = write!(body, "<text class=\"tick halo\" x=\"0\" y=\"{y:.1}\">{}</text>", count(line as u64));
        line += step;
    }
    let end = bins.last()?.first.checked_add(jiff::Span::new().weeks(weeks_each)).ok()?;
    for (apart, class) in APART {
        for (place, label) in ticks(bins.first()?.first, end, apart) {
            let anchor = if place < 0.05 {
                "start"
            } else if place > 0.9 {
                "end"
            } else {
                "middle"
            };
            let (x, y) = (across(place), base + 16.0);
            let from = base + 4.0;
            let _ = write!(
                body,
                "<line class=\"axis {class}\" x1=\"{x}\" x2=\"{x}\" y1=\"{base}\" y2=\"{from}\"/>"
            );
            let _ = write!(
                body,
                "<text class=\"tick {class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{label}</text>"
            );
        }
    }
    let total = bins.iter().map(|bin| bin.images).fold(0, u64::saturating_add);
    let busiest = bins.iter().max_by_key(|bin| (bin.images, std::cmp::Reverse(bin.first)))?;
    let description = format!(
        "{} from {} to {}; most in {}: {}",
        images(total),
        bins.first()?.first,
        bins.last()?.first,
        span(busiest.first, weeks_each),
        count(busiest.images)
    );
    Some(drawing(id, title, &description, (ABOVE + PLOT) as usize + AXIS, &body))
}

fn span(first: Date, weeks: i64) -> String {
    if weeks == 1 { format!("week from {first}") } else { format!("{weeks} weeks from {first}") }
}

/// The weeks with those between them that have no images, and how many weeks a bar has.
fn bins(weeks: &[Week]) -> Option<(Vec<Bin>, i64)> {
    let mut read: Vec<(Date, u64)> =
        weeks.iter().filter_map(|week| Some((week.monday.parse().ok()?, week.images))).collect();
    read.sort();
    let (first, last) = (read.first()?.0, read.last()?.0);
    let days = |date: Date| i64::from((date - first).get_days());
    let span = days(last) / 7 + 1;
    let each = (span + MOST_BARS - 1) / MOST_BARS;
    let mut bins = Vec::new();
    for place in 0..(span + each - 1) / each {
        bins.push(Bin { first: first.checked_add(jiff::Span::new().weeks(place * each)).ok()?, images: 0 });
    }
    for (monday, images) in read {
        let place = usize::try_from(days(monday) / 7 / each).ok()?;
        if let Some(bin) = bins.get_mut(place) {
            bin.images = bin.images.saturating_add(images);
        }
    }
    Some((bins, each))
}

/// Months between labels, from few to many.
const STEPS: [i32; 13] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 6_000, 12_000];

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Labels at the beginnings of months or years, with their places, no two of them nearer than `apart`.
fn ticks(first: Date, end: Date, apart: f64) -> Vec<(f64, String)> {
    let days = f64::from((end - first).get_days()).max(1.0);
    let place = |date: Date| f64::from((date - first).get_days()) / days;
    let month_number = |date: Date| i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
    let date_of = |month: i32| {
        let of_year = i8::try_from(month.rem_euclid(12) + 1).ok()?;
        Date::new(i16::try_from(month.div_euclid(12)).ok()?, of_year, 1).ok()
    };
    let step = STEPS.into_iter().find(|step| f64::from(*step) * 30.4 / days >= apart).unwrap_or(12_000);
    let mut month = month_number(first).div_euclid(step) * step;
    let mut found: Vec<(f64, String)> = Vec::new();
    while month <= month_number(end) {
        if let Some(date) = date_of(month).filter(|date| *date >= first && *date < end) {
            let year = date.year();
            let name = MONTHS.get(usize::from(date.month().unsigned_abs()).saturating_sub(1)).unwrap_or(&"");
            let label = if step >= 12 { format!("{year}") } else { format!("{name} {year}") };
            if found.last().is_none_or(|(last, _)| place(date) - last >= apart * 0.9) {
                found.push((place(date), label));
            }
        }
        month += step;
    }
    if found.is_empty() || days < 60.0 {
        // A short time has no beginning of a month, or one that says little.
        return vec![(0.0, first.to_string())];
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn week(monday: &str, images: u64) -> Week {
        Week { week: String::new(), monday: monday.to_owned(), images }
    }

    #[test]
    fn weeks_without_images_are_drawn_as_gaps() {
        let (bins, each) = bins(&[week("2024-01-01", 3), week("2024-01-22", 5)]).expect("two weeks");
        assert_eq!((bins.len(), each), (4, 1));
        assert_eq!(bins.iter().map(|bin| bin.images).collect::<Vec<_>>(), [3, 0, 0, 5]);
    }

    #[test]
    fn a_nonsense_time_is_bounded_and_loses_no_image() {
        let (bins, _) =
            bins(&[week("0001-01-01", 1), week("9990-01-01", 2), week("soon", 4)]).expect("two weeks");
        assert!(bins.len() <= 240);
        assert_eq!(bins.iter().map(|bin| bin.images).sum::<u64>(), 3);
        assert!(super::weeks("x", "t", &[week("0001-01-01", 1), week("9990-01-01", u64::MAX)]).is_some());
        assert_eq!(super::weeks("x", "t", &[week("soon", 4)]), None);
    }

    proptest! {
        #[test]
        fn labels_lie_apart_and_inside(start in 0..20_000_i64, weeks in 1..3_000_i64) {
            let first = Date::constant(1970, 1, 5).checked_add(jiff::Span::new().days(start)).expect("in range");
            let end = first.checked_add(jiff::Span::new().weeks(weeks)).expect("in range");
            for (apart, _) in APART {
                let ticks = ticks(first, end, apart);
                prop_assert!(!ticks.is_empty() && ticks.len() <= 12, "{:?}", ticks);
                prop_assert!(ticks.iter().all(|(place, _)| (0.0..=1.0).contains(place)));
                prop_assert!(ticks.windows(2).all(|pair| pair[1].0 - pair[0].0 >= apart * 0.9 - 1e-9), "{:?}", ticks);
            }
        }
    }
}
