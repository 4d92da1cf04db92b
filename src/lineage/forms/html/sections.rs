//! What stands in the sections of the page, in their order.

use crate::lineage::report::{CoUsed, Drift, LineageReport, Theme};

use super::super::tables::{Cell, Column, Table, tables};
use super::super::words::{count, decimal, images, percent, share};
use super::bars::{Bar, Range, bars, ranges, stack};
use super::page::{Page, figure, titled_figure};
use super::svg::foreign;
use super::tree::tree;
use super::weeks::weeks;

/// Pairs of versions whose drift is drawn; the table has them all.
const MOST_DRIFTS: usize = DRIFT_KEYS.len();

/// Names of their figures.
const DRIFT_KEYS: [&str; 6] = ["drift-1", "drift-2", "drift-3", "drift-4", "drift-5", "drift-6"];

pub(super) fn all(page: &mut Page, report: &LineageReport) {
    let tables = tables(report);
    let table = |key: &str| tables.iter().find(|table| table.key == key);
    time(page, report, &table);
    versions(page, report, &table);
    together(page, report, &table);
    settings(page, report, &table);
    words(page, report, &table);
    people(page, report, &table);
    drift(page, report, &table);
    family(page, report, &table);
    score(page, report, &table);
}

/// Puts a table with its chart into a section.
fn put(out: &mut String, table: Option<&Table>, class: &str, chart: &str) {
    if let Some(table) = table {
        figure(out, table, class, chart);
    }
}

/// Bars of counts: the last count of each row, labelled by what `label` makes of the row.
fn counted(table: Option<&Table>, label: impl Fn(&[Cell]) -> String, whole: u64) -> String {
    let Some(table) = table.filter(|table| !table.rows.is_empty()) else { return String::new() };
    let images_of = |row: &[Cell]| match row.last() {
        Some(Cell::Count(images)) => *images,
        _ => 0,
    };
    let most = table.rows.iter().map(|row| images_of(row)).max().unwrap_or(0).max(1);
    let rows: Vec<Bar> = table
        .rows
        .iter()
        .map(|row| {
            let found = images_of(row);
            let part =
                if whole > 0 { format!(" · {}", percent(share(found, whole))) } else { String::new() };
            Bar::new(label(row), format!("{}{part}", count(found)), share(found, most))
        })
        .collect();
    let description = format!("{}; longest bar {}", table.meaning, images(most));
    bars(&format!("c-{}", table.key), table.title, &description, &rows)
}

fn first(row: &[Cell]) -> String {
    row.first().map(Cell::human).unwrap_or_default()
}

fn time<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    page.section("time", "Over time", "", |out| {
        if let Some(chart) = weeks("c-weeks", "Images by week", &report.weeks) {
            put(out, table("weeks"), "wide", &chart);
        }
    });
}

fn versions<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let lead = "Made with: an image's own metadata, or the site's list beside it, names a file or version. Posted for: \
                somebody put it there, which proves nothing.";
    page.section("versions", "Versions and evidence", lead, |out| {
        let most = report.versions.iter().map(|version| version.images.made_with).max().unwrap_or(0).max(1);
        let rows: Vec<Bar> = report
            .versions
            .iter()
            .map(|version| {
                let made = version.images.made_with;
                let label = version.name.clone().unwrap_or_else(|| format!("version {}", version.id));
                let figure = format!("{} made, {} posted", count(made), count(version.images.posted_for));
                Bar::new(label, figure, share(made, most))
            })
            .collect();
        if !rows.is_empty() {
            let description = format!("images made with each version; longest bar {}", images(most));
            put(out, table("versions"), "wide", &bars("c-versions", "Versions", &description, &rows));
        }
        if !report.evidence.is_empty() {
            let kinds =
                counted(table("evidence"), |row| format!("{}, counts {}", first(row), second(row)), 0);
            put(out, table("evidence"), "", &kinds);
            put(out, table("confidence"), "", &counted(table("confidence"), first, report.images));
        }
        put(out, table("files"), "wide", "");
    });
}

fn second(row: &[Cell]) -> String {
    row.get(1).map(Cell::human).unwrap_or_default()
}

fn together<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let name = |other: &CoUsed| other.name.clone().unwrap_or_else(|| format!("version {}", other.version));
    page.section("together", "Used together with", "", |out| {
        let most = report.co_used.iter().map(|other| other.images).max().unwrap_or(0).max(1);
        let rows: Vec<Bar> = report
            .co_used
            .iter()
            .map(|other| {
                let lift = decimal(other.lift_shrunk, 1);
                Bar::new(name(other), format!("{} · ×{lift}", count(other.images)), share(other.images, most))
            })
            .collect();
        if rows.is_empty() {
            return;
        }
        let description = format!(
            "images made with both, and how many times as often as anywhere; longest bar {}",
            images(most)
        );
        put(out, table("co_used"), "", &bars("c-co_used", "Used together with", &description, &rows));
        let spreads: Vec<Range> = report
            .co_used
            .iter()
            .filter_map(|other| {
                let weight = other.weight?;
                Some(Range { label: name(other), low: weight.p10, middle: weight.p50, high: weight.p90 })
            })
            .collect();
        if spreads.is_empty() {
            return;
        }
        let description = "the middle weight as a dot on the range that holds eight in ten";
        let chart = ranges("c-weights", "Weights", description, &spreads);
        figure(out, &weights(report), "", &chart);
    });
}

/// The weights alone, for below their chart.
fn weights(report: &LineageReport) -> Table {
    let rows = report.co_used.iter().filter_map(|other| {
        let weight = other.weight?;
        let points = [weight.p10, weight.p50, weight.p90].map(|point| Cell::Number(point, 2));
        let names = [Cell::text(other.version.to_string()), Cell::maybe(other.name.as_deref())];
        Some(names.into_iter().chain(points).chain([Cell::Count(weight.images)]).collect())
    });
    Table {
        key: "weights",
        title: "Weights",
        meaning: "a dot for the middle weight on the range that holds eight in ten of those that are written"
            .to_owned(),
        columns: &[
            Column("version", "Version"),
            Column("name", "Name"),
            Column("p10", "p10"),
            Column("p50", "Median"),
            Column("p90", "p90"),
            Column("images", "Images"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

fn settings<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let totals = &report.totals;
    let pair = |row: &[Cell], between: &str| match row.get(1) {
        Some(Cell::Nothing) | None => first(row),
        Some(second) => format!("{}{between}{}", first(row), second.human()),
    };
    let plain = |cell: Option<&Cell>| cell.map(Cell::machine).unwrap_or_default();
    page.section("settings", "Settings", "Shares are of the images that tell the setting.", |out| {
        let samplers = counted(table("samplers"), |row| pair(row, " + "), totals.samplers.images);
        put(out, table("samplers"), "", &samplers);
        put(out, table("schedulers"), "", &counted(table("schedulers"), first, totals.schedulers.images));
        put(out, table("steps"), "", &counted(table("steps"), first, totals.steps.images));
        put(out, table("cfg"), "", &counted(table("cfg"), first, totals.cfg.images));
        put(out, table("settings"), "", "");
        let size = |row: &[Cell]| format!("{} × {}", plain(row.first()), plain(row.get(1)));
        put(out, table("sizes"), "", &counted(table("sizes"), size, totals.sizes.images));
        let way = report.orientation;
        if [way.portrait, way.landscape, way.square] != [0; 3] {
            put(out, table("orientation"), "", &counted(table("orientation"), first, report.images));
        }
        put(out, table("seeds"), "", &counted(table("seeds"), first, 0));
    });
}

fn words<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let lead = "Words between the commas of prompts that occur more often here than elsewhere. Longer bars: larger \
                log-odds. In order of how sure that is; what one owner says more often than all others \
                together comes last.";
    let chart = |key: &str, title: &str, themes: &[Theme], of: u64| {
        let most = themes.iter().map(|theme| theme.log_odds).fold(0.0, f64::max);
        let rows: Vec<Bar> = themes
            .iter()
            .map(|theme| {
                let told = percent(share(theme.images, of));
                let figure = match theme.owners {
                    0 => told,
                    owners => format!("{told} by {}", count(owners)),
                };
                let length = if most > 0.0 { (theme.log_odds / most).max(0.0) } else { 0.0 };
                Bar::new(theme.chunk.clone(), figure, length)
            })
            .collect();
        if rows.is_empty() {
            return String::new();
        }
        bars(
            &format!("c-{key}"),
            title,
            "log-odds; the share of images that say it, by how many owners",
            &rows,
        )
    };
    let themes = &report.themes;
    page.section("themes", "Words", lead, |out| {
        put(
            out,
            table("prompt_themes"),
            "",
            &chart("prompt_themes", "Typical in prompts", &themes.prompt, themes.images),
        );
        put(
            out,
            table("negative_themes"),
            "",
            &chart(
                "negative_themes",
                "Typical in negative prompts",
                &themes.negative,
                themes.negative_images,
            ),
        );
    });
}

fn people<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    page.section("people", "Creators, and what is not explained", "", |out| {
        put(out, table("creators"), "", &counted(table("creators"), first, report.totals.creators.images));
        let label = |row: &[Cell]| {
            let name = row.get(1).filter(|name| **name != Cell::Nothing).or(row.get(2));
            format!("{}: {}", first(row), name.map(Cell::human).unwrap_or_default())
        };
        put(out, table("unresolved"), "", &counted(table("unresolved"), label, 0));
    });
}

fn drift<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let lead = "How far each figure moves from one version to the next, in bits: 0 the same, 1 nothing in common. The \
                mark shows what chance alone would do; pale bars do not reach it.";
    let name = |id: crate::entity::VersionId| {
        let version = report.versions.iter().find(|version| version.id == id);
        version.and_then(|version| version.name.clone()).unwrap_or_else(|| format!("version {id}"))
    };
    page.section("drift", "Changes between versions", lead, |out| {
        for (place, drift) in
            report.drift.iter().filter(|drift| !drift.parts.is_empty()).take(MOST_DRIFTS).enumerate()
        {
            let title = format!("{} → {}", name(drift.from), name(drift.to));
            let chart = drift_chart(&format!("c-drift-{place}"), &title, drift);
            let Some(all) = table("drift") else { continue };
            let ends = [drift.from, drift.to].map(|id| Cell::text(id.to_string()));
            let rows = all.rows.iter().filter(|row| row.starts_with(&ends)).cloned().collect();
            let meaning = format!("from {} to {}", images(drift.from_images), images(drift.to_images));
            let key = DRIFT_KEYS.get(place).copied().unwrap_or("drift-more");
            titled_figure(out, &Table { key, meaning, rows, ..all.clone() }, "", &title, &chart);
        }
        if report.drift.len() > MOST_DRIFTS {
            put(out, table("drift"), "wide", "");
        }
        put(out, table("drift_movers"), "wide", "");
    });
}

fn drift_chart(id: &str, title: &str, drift: &Drift) -> String {
    let rows: Vec<Bar> = drift
        .parts
        .iter()
        .map(|part| {
            let figure = format!("{} · chance {}", decimal(part.divergence, 3), decimal(part.by_chance, 3));
            let bar = Bar::new(part.figure.replace('_', " "), figure, part.divergence);
            Bar { mark: Some(part.by_chance), faint: part.divergence <= part.by_chance, ..bar }
        })
        .collect();
    let title = super::super::words::cut(&super::super::words::shown(title), 200);
    bars(id, &title, "divergence of each figure in bits, with what chance alone would do", &rows)
}

fn family<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let ancestry = &report.ancestry;
    let lead =
        "What publishers and headers of model files say. Ancestors on the left; dashed: only others name it.";
    page.section("family", "Family", lead, |out| {
        if let Some(drawing) = tree(&ancestry.graph) {
            put(out, table("family_edges"), "wide", &drawing);
            put(out, table("family_nodes"), "wide", "");
        }
        put(out, table("base_models"), "", "");
        put(out, table("shared_files"), "wide", "");
        let remixes = ancestry.remixes.unwrap_or_default();
        if (remixes.made_from_others, remixes.children) != (0, 0) {
            put(out, table("remixes"), "", &counted(table("remixes"), first, 0));
        }
    });
}

fn score<'t>(page: &mut Page, report: &LineageReport, table: &impl Fn(&str) -> Option<&'t Table>) {
    let Some(score) = &report.score else { return };
    let lead = "How much of the provenance is written down. It judges records, neither pictures nor people.";
    page.section("score", "Provenance score", lead, |out| {
        let labels: Vec<String> = score
            .parts
            .iter()
            .map(|part| format!("{}: {} of {}", part.name, part.points, part.weight))
            .collect();
        let parts: Vec<(f64, &str)> = score
            .parts
            .iter()
            .zip(&labels)
            .map(|(part, label)| (part.points / 100.0, label.as_str()))
            .collect();
        let description = format!("{} of 100: {}", score.value, labels.join(", "));
        let rows: Vec<Bar> = score
            .parts
            .iter()
            .map(|part| {
                let figure = format!("{} of {}", decimal(part.points, 1), decimal(part.weight, 0));
                Bar::new(format!("{}: {}", part.name, part.meaning), figure, part.share)
            })
            .collect();
        let chart = format!(
            "<p class=\"big\">{} <span class=\"note\">of 100</span></p>\n<p class=\"formula\">{}</p>\n{}{}",
            decimal(score.value, 1),
            foreign(&score.formula, 300),
            stack("c-score", "Provenance score", &description, &parts),
            bars("c-score-parts", "Parts of the score", &score.formula, &rows)
        );
        put(out, table("score"), "wide", &chart);
    });
}
