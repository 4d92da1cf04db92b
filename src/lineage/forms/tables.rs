//! A report as tables: what Markdown and CSV print, and what stands behind every chart.

mod family;
mod settings;

use crate::entity::Evidence;
use crate::lineage::explain::explain;
use crate::lineage::report::{Confidences, ImageCounts, LineageReport, VersionReport};

use super::words::{day, plain};

/// A table of a report. Every report has the same tables with the same columns; some have no rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// Its name in machine forms: a file name, an anchor.
    pub(super) key: &'static str,
    /// Its name for people.
    pub(super) title: &'static str,
    /// What its figures mean, in a sentence without a full stop.
    pub(super) meaning: String,
    /// From left to right.
    pub(super) columns: &'static [Column],
    /// As long as there are columns, each.
    pub(super) rows: Vec<Vec<Cell>>,
    /// Rows that the report does not list.
    pub(super) left_out: u64,
}

/// A column: its name for machines, and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Column(pub(super) &'static str, pub(super) &'static str);

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// Words, which may be a stranger's.
    Text(String),
    /// How many.
    Count(u64),
    /// A measure, with the digits that it is shown with.
    Number(f64, usize),
    /// A setting, with as many digits as it has.
    Setting(f64),
    /// A part of a whole, from 0 to 1.
    Share(f64),
    /// Not known.
    Nothing,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.into()))
    }

    pub(super) fn count(count: Option<u64>) -> Self {
        count.map_or(Self::Nothing, Self::Count)
    }

    /// Whether it stands on the right of its column.
    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Number(..) | Self::Setting(_) | Self::Share(_))
    }

    /// For machines: a point, no thousands apart, nothing for nothing.
    pub(super) fn machine(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number(number, _) | Self::Setting(number) | Self::Share(number) => plain(*number),
            Self::Nothing => String::new(),
        }
    }

    /// For people; still to be escaped.
    pub(super) fn human(&self) -> String {
        match self {
            Self::Text(text) => super::words::shown(text),
            Self::Count(count) => super::words::count(*count),
            Self::Number(number, digits) => super::words::decimal(*number, *digits),
            Self::Setting(number) => plain(*number),
            Self::Share(share) => super::words::percent(*share),
            Self::Nothing => "–".to_owned(),
        }
    }
}

/// What the report says of one figure.
pub(super) fn meaning(report: &LineageReport, figure: &str) -> String {
    explain(report).into_iter().find(|told| told.figure == figure).map(|told| told.text).unwrap_or_default()
}

/// All tables of a report, in the order of its figures.
pub(super) fn tables(report: &LineageReport) -> Vec<Table> {
    vec![
        summary(report),
        versions(report),
        files(report),
        evidence(report),
        confidence(report),
        weeks(report),
        settings::co_used(report),
        settings::samplers(report),
        settings::schedulers(report),
        settings::numbers(report),
        settings::steps(report),
        settings::cfg(report),
        settings::sizes(report),
        settings::orientation(report),
        settings::seeds(report),
        settings::creators(report),
        settings::prompt_themes(report),
        settings::negative_themes(report),
        settings::unresolved(report),
        settings::drift(report),
        settings::drift_movers(report),
        settings::score(report),
        family::base_models(report),
        family::shared_files(report),
        family::nodes(report),
        family::edges(report),
        family::remixes(report),
    ]
}

fn summary(report: &LineageReport) -> Table {
    let ImageCounts { made_with, posted_for, made_with_deduplicated, made_with_distinct } = report.counts;
    let row = |figure: &str, value: Cell, explained: &str| {
        vec![Cell::text(figure), value, Cell::text(meaning(report, explained))]
    };
    let seen = |moment| Cell::text(day(moment));
    Table {
        key: "summary",
        title: "Summary",
        meaning: "the whole scope in one table".to_owned(),
        columns: &[Column("figure", "Figure"), Column("value", "Value"), Column("meaning", "Meaning")],
        rows: vec![
            row("made with", Cell::Count(made_with), "made_with"),
            row("posted for", Cell::Count(posted_for), "posted_for"),
            row("different in their bytes", Cell::Count(made_with_deduplicated), "made_with_deduplicated"),
            row("different pictures", Cell::count(made_with_distinct), "made_with_distinct"),
            vec![
                Cell::text("first seen"),
                seen(report.first_seen),
                Cell::text("when the first image was made"),
            ],
            vec![Cell::text("last seen"), seen(report.last_seen), Cell::text("when the last image was made")],
        ],
        left_out: 0,
    }
}

fn versions(report: &LineageReport) -> Table {
    let row = |version: &VersionReport| {
        let Confidences { certain, strong, likely, weak } = version.confidence;
        vec![
            Cell::text(version.id.to_string()),
            Cell::maybe(version.name.as_deref()),
            Cell::text(&version.state),
            Cell::text(day(version.published_at)),
            Cell::Count(version.images.made_with),
            Cell::Count(version.images.posted_for),
            Cell::Count(version.images.made_with_deduplicated),
            Cell::count(version.images.made_with_distinct),
            Cell::Count(certain),
            Cell::Count(strong),
            Cell::Count(likely),
            Cell::Count(weak),
            Cell::text(day(version.first_seen)),
            Cell::text(day(version.last_seen)),
        ]
    };
    Table {
        key: "versions",
        title: "Versions",
        meaning: format!(
            "made with: {}; posted for: {}",
            meaning(report, "made_with"),
            meaning(report, "posted_for")
        ),
        columns: &[
            Column("version", "Version"),
            Column("name", "Name"),
            Column("state", "State"),
            Column("published_at", "Published"),
            Column("made_with", "Made with"),
            Column("posted_for", "Posted for"),
            Column("made_with_deduplicated", "By bytes"),
            Column("made_with_distinct", "Distinct"),
            Column("certain", "Certain"),
            Column("strong", "Strong"),
            Column("likely", "Likely"),
            Column("weak", "Weak"),
            Column("first_seen", "First seen"),
            Column("last_seen", "Last seen"),
        ],
        rows: report.versions.iter().map(row).collect(),
        left_out: report.totals.versions.distinct.saturating_sub(report.versions.len() as u64),
    }
}

fn files(report: &LineageReport) -> Table {
    let rows = report.versions.iter().flat_map(|version| {
        version.files.iter().map(|file| {
            let hash = |kind: &str| Cell::maybe(file.hashes.get(kind).map(String::as_str));
            vec![
                Cell::text(version.id.to_string()),
                Cell::maybe(file.name.as_deref()),
                Cell::maybe(file.r#type.as_deref()),
                Cell::count(file.size_bytes.and_then(|bytes| u64::try_from(bytes).ok())),
                Cell::text(if file.former { "no longer listed" } else { "listed" }),
                hash("AutoV2"),
                hash("SHA256"),
            ]
        })
    });
    Table {
        key: "files",
        title: "Files",
        meaning: "files of the versions with the hashes that images name them by".to_owned(),
        columns: &[
            Column("version", "Version"),
            Column("file", "File"),
            Column("type", "Type"),
            Column("size_bytes", "Bytes"),
            Column("listed", "Listed"),
            Column("autov2", "AutoV2"),
            Column("sha256", "SHA-256"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

fn evidence(report: &LineageReport) -> Table {
    let counted = |kind: &Evidence| match kind {
        Evidence::PostedFor | Evidence::ReturnedFor => "as posted for",
        Evidence::Name => "nowhere",
        _ => "as made with",
    };
    Table {
        key: "evidence",
        title: "Evidence",
        meaning: meaning(report, "evidence"),
        columns: &[Column("evidence", "Evidence"), Column("counts", "Counts"), Column("images", "Images")],
        rows: report
            .evidence
            .iter()
            .map(|(kind, images)| {
                vec![
                    Cell::text(kind.as_str().replace('_', " ")),
                    Cell::text(counted(kind)),
                    Cell::Count(*images),
                ]
            })
            .collect(),
        left_out: 0,
    }
}

fn confidence(report: &LineageReport) -> Table {
    let Confidences { certain, strong, likely, weak } = report.confidence;
    let rows = [("certain", certain), ("strong", strong), ("likely", likely), ("weak", weak)];
    Table {
        key: "confidence",
        title: "Confidence",
        meaning: meaning(report, "confidence"),
        columns: &[Column("confidence", "Confidence"), Column("images", "Images")],
        rows: rows.map(|(word, images)| vec![Cell::text(word), Cell::Count(images)]).into(),
        left_out: 0,
    }
}

fn weeks(report: &LineageReport) -> Table {
    Table {
        key: "weeks",
        title: "Images by week",
        meaning: "images by the week in which they were made, Monday to Sunday, UTC; weeks without images have no row"
            .to_owned(),
        columns: &[Column("week", "Week"), Column("monday", "Begins"), Column("images", "Images")],
        rows: report
            .weeks
            .iter()
            .map(|week| vec![Cell::text(&week.week), Cell::text(&week.monday), Cell::Count(week.images)])
            .collect(),
        left_out: 0,
    }
}
