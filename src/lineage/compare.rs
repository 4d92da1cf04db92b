//! Two reports side by side.
//!
//! - In: two reports, just made or read back. Out: every figure that differs, with counts of both sides.
//! - Never: a guess. A value that one report's list is too short for is unknown there, not zero.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::divergence::{Divergence, Pair};
use super::report::{LineageReport, ScopeOut, Total};
use super::themes::thousandth;

/// The number of the shape of a [`Comparison`]; counts breaking changes.
const SCHEMA: u32 = 1;

/// How two reports differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Counts breaking changes of this shape.
    pub schema: u32,
    /// What the first report is about.
    pub a: ScopeOut,
    /// What the second report is about.
    pub b: ScopeOut,
    /// Single numbers, in the order of the report; equal ones too.
    pub numbers: Vec<NumberChange>,
    /// Lists, in the order of the report; those that are empty on both sides are left out.
    pub lists: Vec<ListChange>,
    /// Relatives that only the first report knows: `version:2 merged_from version:1`.
    pub ties_only_a: Vec<String>,
    /// Relatives that only the second report knows.
    pub ties_only_b: Vec<String>,
}

/// One number on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberChange {
    /// Which figure.
    pub figure: String,
    /// On the first side, where known.
    pub a: Option<f64>,
    /// On the second side.
    pub b: Option<f64>,
    /// The second less the first.
    pub change: Option<f64>,
}

/// One list on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListChange {
    /// Which list.
    pub figure: String,
    /// Images of the first side with any value; shares are parts of them.
    pub a_images: u64,
    /// Images of the second side with any value.
    pub b_images: u64,
    /// Jensen-Shannon divergence in bits, for lists where an image has one value; of lists that were cut this is the
    /// least that it can be.
    pub divergence: Option<f64>,
    /// Whether `divergence` is only the least that it can be.
    pub at_least: bool,
    /// What two samples of these sizes from one distribution would show on average.
    pub by_chance: Option<f64>,
    /// Values of either list: those whose shares differ most first, then by value; where one side is unknown, last.
    pub rows: Vec<RowChange>,
}

/// One value on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// The value.
    pub value: String,
    /// Images of the first side with it; `None` where its list is too short to say.
    pub a: Option<u64>,
    /// Images of the second side with it.
    pub b: Option<u64>,
    /// Share of the first side, from 0 to 1, to a ten-thousandth.
    pub a_share: Option<f64>,
    /// Share of the second side.
    pub b_share: Option<f64>,
}

/// A list of one report.
struct Side {
    total: Total,
    rows: BTreeMap<String, u64>,
}

impl Side {
    fn new(total: Total, rows: impl Iterator<Item = (String, u64)>) -> Self {
        Self { total, rows: rows.collect() }
    }

    fn is_whole(&self) -> bool {
        self.rows.len() as u64 >= self.total.distinct
    }

    fn get(&self, value: &str) -> Option<u64> {
        self.rows.get(value).copied().or(self.is_whole().then_some(0))
    }

    fn share(&self, images: Option<u64>) -> Option<f64> {
        let all = self.total.images;
        images.map(|images| if all == 0 { 0.0 } else { (images as f64 / all as f64 * 1e4).round() / 1e4 })
    }
}

/// Whether an image has at most one value of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    One,
    Many,
}

/// Compares two reports.
pub fn compare(a: &LineageReport, b: &LineageReport) -> Comparison {
    let lists = lists(a).into_iter().zip(self::lists(b));
    let changes = lists.filter_map(|((figure, values, a), (.., b))| list_change(figure, values, &a, &b));
    let (ties_a, ties_b) = (ties(a), ties(b));
    Comparison {
        schema: SCHEMA,
        a: a.scope.clone(),
        b: b.scope.clone(),
        numbers: numbers(a)
            .into_iter()
            .zip(numbers(b))
            .map(|((figure, a), (_, b))| NumberChange {
                figure: figure.to_owned(),
                a,
                b,
                change: a.zip(b).map(|(a, b)| thousandth(b - a)),
            })
            .collect(),
        lists: changes.collect(),
        ties_only_a: ties_a.difference(&ties_b).cloned().collect(),
        ties_only_b: ties_b.difference(&ties_a).cloned().collect(),
    }
}

fn numbers(report: &LineageReport) -> Vec<(&'static str, Option<f64>)> {
    let count = |count: u64| Some(count as f64);
    let share = |part: u64| (report.images > 0).then(|| thousandth(part as f64 / report.images as f64));
    let (counts, confidence, shapes) = (&report.counts, &report.confidence, &report.orientation);
    let sized = shapes.portrait + shapes.landscape + shapes.square;
    let of_sized = |part: u64| (sized > 0).then(|| thousandth(part as f64 / sized as f64));
    vec![
        ("images", count(report.images)),
        ("posted_for", count(counts.posted_for)),
        ("made_with_deduplicated", count(counts.made_with_deduplicated)),
        ("made_with_distinct", counts.made_with_distinct.map(|distinct| distinct as f64)),
        ("share of certain or strong evidence", share(confidence.certain + confidence.strong)),
        ("versions", count(report.totals.versions.distinct)),
        ("companions", count(report.totals.co_used.distinct)),
        ("creators", count(report.totals.creators.distinct)),
        ("steps, median", report.steps.as_ref().map(|steps| f64::from(steps.p50))),
        ("cfg, median", report.cfg.as_ref().map(|cfg| cfg.p50)),
        ("share of portraits", of_sized(shapes.portrait)),
        ("share of landscapes", of_sized(shapes.landscape)),
        ("images with a seed of another", count(report.seeds.reused)),
        ("share with something unexplained", share(report.unresolved.images)),
        ("unexplained references", count(report.unresolved.resources)),
        ("provenance score", report.score.as_ref().map(|score| score.value)),
    ]
}

fn lists(report: &LineageReport) -> Vec<(&'static str, Values, Side)> {
    let totals = &report.totals;
    let of_all = |total: Total| Total { images: report.images, ..total };
    let themes = &report.themes;
    let theme = |list: &[super::Theme]| -> Vec<(String, u64)> {
        list.iter().map(|theme| (theme.chunk.clone(), theme.images)).collect()
    };
    let sampler = |sampling: &super::Sampling| match &sampling.scheduler {
        Some(scheduler) => format!("{} + {scheduler}", sampling.sampler),
        None => sampling.sampler.clone(),
    };
    let steps = report.steps.iter().flat_map(|steps| &steps.values);
    let cfg = report.cfg.iter().flat_map(|cfg| &cfg.values);
    let co_used = report.co_used.iter().map(|other| {
        let name = other.name.as_deref().unwrap_or_default();
        (format!("{name} (version:{})", other.version).trim_start().to_owned(), other.images)
    });
    vec![
        (
            "versions",
            Values::Many,
            Side::new(
                Total { images: report.images, distinct: totals.versions.distinct },
                report.versions.iter().map(|version| (version_name(version), version.images.made_with)),
            ),
        ),
        ("co_used", Values::Many, Side::new(of_all(totals.co_used), co_used)),
        (
            "samplers",
            Values::One,
            Side::new(totals.samplers, report.samplers.iter().map(|row| (sampler(row), row.images))),
        ),
        (
            "schedulers",
            Values::One,
            Side::new(totals.schedulers, report.schedulers.iter().map(|row| (row.name.clone(), row.images))),
        ),
        ("steps", Values::One, Side::new(totals.steps, steps.map(|row| (row.value.to_string(), row.images)))),
        ("cfg", Values::One, Side::new(totals.cfg, cfg.map(|row| (row.value.to_string(), row.images)))),
        (
            "sizes",
            Values::One,
            Side::new(
                totals.sizes,
                report.sizes.iter().map(|row| (format!("{}x{}", row.width, row.height), row.images)),
            ),
        ),
        (
            "creators",
            Values::One,
            Side::new(totals.creators, report.creators.iter().map(|row| (row.name.clone(), row.images))),
        ),
        ("prompt", Values::Many, Side::new(totals.prompt, theme(&themes.prompt).into_iter())),
        ("negative", Values::Many, Side::new(totals.negative, theme(&themes.negative).into_iter())),
    ]
}

fn version_name(version: &super::VersionReport) -> String {
    let name = version.name.as_deref().unwrap_or_default();
    format!("{name} (version:{})", version.id).trim_start().to_owned()
}

fn list_change(figure: &str, values: Values, a: &Side, b: &Side) -> Option<ListChange> {
    let all: BTreeSet<&String> = a.rows.keys().chain(b.rows.keys()).collect();
    if all.is_empty() {
        return None;
    }
    let mut rows: Vec<RowChange> = all
        .into_iter()
        .map(|value| {
            let (in_a, in_b) = (a.get(value), b.get(value));
            RowChange {
                value: value.clone(),
                a: in_a,
                b: in_b,
                a_share: a.share(in_a),
                b_share: b.share(in_b),
            }
        })
        .collect();
    let moved = |row: &RowChange| row.a_share.zip(row.b_share).map_or(-1.0, |(a, b)| (a - b).abs());
    rows.sort_by(|x, y| moved(y).total_cmp(&moved(x)).then_with(|| x.value.cmp(&y.value)));
    let found = if values == Values::One { divergence(&rows, a, b) } else { None };
    Some(ListChange {
        figure: figure.to_owned(),
        a_images: a.total.images,
        b_images: b.total.images,
        divergence: found.map(|found| thousandth(found.bits)),
        at_least: found.is_some() && !(a.is_whole() && b.is_whole()),
        by_chance: found.map(|found| thousandth(found.by_chance)),
        rows,
    })
}

/// Over the values that both sides know, and all others as one: putting values together never moves distributions
/// apart.
fn divergence(rows: &[RowChange], a: &Side, b: &Side) -> Option<Divergence> {
    let mut pairs: Vec<Pair<Option<&str>>> = Vec::new();
    let (mut rest_a, mut rest_b) = (a.total.images, b.total.images);
    for row in rows {
        if let (Some(in_a), Some(in_b)) = (row.a, row.b) {
            pairs.push(Pair { value: Some(&row.value), a: in_a, b: in_b });
            rest_a = rest_a.saturating_sub(in_a);
            rest_b = rest_b.saturating_sub(in_b);
        }
    }
    pairs.push(Pair { value: None, a: rest_a, b: rest_b });
    Divergence::of(&pairs)
}

fn ties(report: &LineageReport) -> BTreeSet<String> {
    let relation = |tie| serde_json::to_value(tie).ok().and_then(|word| word.as_str().map(str::to_owned));
    report
        .ancestry
        .graph
        .edges
        .iter()
        .map(|edge| format!("{} {} {}", edge.from, relation(edge.relation).unwrap_or_default(), edge.to))
        .collect()
}

#[cfg(test)]
mod tests;
