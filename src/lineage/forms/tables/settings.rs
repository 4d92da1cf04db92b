//! Tables of what images were made with besides the scope, and of how.

use crate::lineage::report::{LineageReport, NumberSpread, Theme, Total};

use super::{Cell, Column, Table, meaning};

fn left_out(total: Total, listed: usize) -> u64 {
    total.distinct.saturating_sub(listed as u64)
}

pub(super) fn co_used(report: &LineageReport) -> Table {
    let rows = report.co_used.iter().map(|other| {
        let weight = |point: Option<f64>| point.map_or(Cell::Nothing, |weight| Cell::Number(weight, 2));
        vec![
            Cell::text(other.version.to_string()),
            Cell::maybe(other.name.as_deref()),
            Cell::maybe(other.r#type.as_deref()),
            Cell::Count(other.images),
            Cell::Count(other.everywhere),
            Cell::Number(other.lift, 2),
            Cell::Number(other.lift_shrunk, 2),
            weight(other.weight.map(|weight| weight.p10)),
            weight(other.weight.map(|weight| weight.p50)),
            weight(other.weight.map(|weight| weight.p90)),
            Cell::count(other.weight.map(|weight| weight.images)),
        ]
    });
    Table {
        key: "co_used",
        title: "Used together with",
        meaning: format!("lift: {}; weight: {}", meaning(report, "lift"), meaning(report, "weight")),
        columns: &[
            Column("version", "Version"),
            Column("name", "Name"),
            Column("type", "Type"),
            Column("images", "Images"),
            Column("everywhere", "Everywhere"),
            Column("lift", "Lift"),
            Column("lift_shrunk", "Lift, shrunk"),
            Column("weight_p10", "Weight p10"),
            Column("weight_p50", "Weight p50"),
            Column("weight_p90", "Weight p90"),
            Column("weight_images", "With weight"),
        ],
        rows: rows.collect(),
        left_out: left_out(report.totals.co_used, report.co_used.len()),
    }
}

pub(super) fn samplers(report: &LineageReport) -> Table {
    let rows = report.samplers.iter().map(|sampling| {
        vec![
            Cell::text(&sampling.sampler),
            Cell::maybe(sampling.scheduler.as_deref()),
            Cell::Count(sampling.images),
        ]
    });
    Table {
        key: "samplers",
        title: "Samplers",
        meaning: "images by sampler and scheduler, where they tell them".to_owned(),
        columns: &[
            Column("sampler", "Sampler"),
            Column("scheduler", "Scheduler"),
            Column("images", "Images"),
        ],
        rows: rows.collect(),
        left_out: left_out(report.totals.samplers, report.samplers.len()),
    }
}

pub(super) fn schedulers(report: &LineageReport) -> Table {
    let rows =
        report.schedulers.iter().map(|counted| vec![Cell::text(&counted.name), Cell::Count(counted.images)]);
    Table {
        key: "schedulers",
        title: "Schedulers",
        meaning: "images by scheduler, whatever the sampler".to_owned(),
        columns: &[Column("scheduler", "Scheduler"), Column("images", "Images")],
        rows: rows.collect(),
        left_out: left_out(report.totals.schedulers, report.schedulers.len()),
    }
}

/// Five points of steps and of guidance.
pub(super) fn numbers(report: &LineageReport) -> Table {
    fn row<T: Copy + Into<f64>>(name: &str, spread: &NumberSpread<T>) -> Vec<Cell> {
        let points = [spread.min, spread.p10, spread.p50, spread.p90, spread.max];
        std::iter::once(Cell::text(name)).chain(points.map(|point| Cell::Setting(point.into()))).collect()
    }
    let steps = report.steps.as_ref().map(|spread| row("steps", spread));
    let cfg = report.cfg.as_ref().map(|spread| row("cfg", spread));
    Table {
        key: "settings",
        title: "Steps and guidance, spread",
        meaning: meaning(report, "settings"),
        columns: &[
            Column("setting", "Setting"),
            Column("min", "Least"),
            Column("p10", "p10"),
            Column("p50", "Median"),
            Column("p90", "p90"),
            Column("max", "Most"),
        ],
        rows: steps.into_iter().chain(cfg).collect(),
        left_out: 0,
    }
}

fn values<T: Copy + Into<f64>>(spread: Option<&NumberSpread<T>>) -> Vec<Vec<Cell>> {
    let uses = spread.into_iter().flat_map(|spread| &spread.values);
    uses.map(|used| vec![Cell::Setting(used.value.into()), Cell::Count(used.images)]).collect()
}

pub(super) fn steps(report: &LineageReport) -> Table {
    let rows = values(report.steps.as_ref());
    Table {
        key: "steps",
        title: "Steps",
        meaning: "images by number of sampling steps, the most frequent numbers".to_owned(),
        columns: &[Column("steps", "Steps"), Column("images", "Images")],
        left_out: left_out(report.totals.steps, rows.len()),
        rows,
    }
}

pub(super) fn cfg(report: &LineageReport) -> Table {
    let rows = values(report.cfg.as_ref());
    Table {
        key: "cfg",
        title: "Guidance (CFG)",
        meaning: "images by guidance scale, the most frequent values".to_owned(),
        columns: &[Column("cfg", "CFG"), Column("images", "Images")],
        left_out: left_out(report.totals.cfg, rows.len()),
        rows,
    }
}

pub(super) fn sizes(report: &LineageReport) -> Table {
    let rows = report.sizes.iter().map(|size| {
        vec![Cell::Count(size.width.into()), Cell::Count(size.height.into()), Cell::Count(size.images)]
    });
    Table {
        key: "sizes",
        title: "Sizes",
        meaning: "images by width and height in pixels".to_owned(),
        columns: &[Column("width", "Width"), Column("height", "Height"), Column("images", "Images")],
        rows: rows.collect(),
        left_out: left_out(report.totals.sizes, report.sizes.len()),
    }
}

pub(super) fn orientation(report: &LineageReport) -> Table {
    let way = report.orientation;
    let rows = [
        ("portrait", way.portrait),
        ("landscape", way.landscape),
        ("square", way.square),
        ("not known", way.unknown),
    ];
    Table {
        key: "orientation",
        title: "Orientation",
        meaning: "images by which way up they are".to_owned(),
        columns: &[Column("orientation", "Orientation"), Column("images", "Images")],
        rows: rows.map(|(way, images)| vec![Cell::text(way), Cell::Count(images)]).into(),
        left_out: 0,
    }
}

pub(super) fn seeds(report: &LineageReport) -> Table {
    let seeds = &report.seeds;
    let rows = seeds.top.iter().map(|seed| vec![Cell::text(seed.seed.to_string()), Cell::Count(seed.images)]);
    Table {
        key: "seeds",
        title: "Seeds that occur again",
        meaning: format!(
            "{}: {} of {} with a seed, {} different seeds",
            meaning(report, "seeds"),
            seeds.reused,
            seeds.images,
            seeds.distinct
        ),
        columns: &[Column("seed", "Seed"), Column("images", "Images")],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn creators(report: &LineageReport) -> Table {
    let rows =
        report.creators.iter().map(|counted| vec![Cell::text(&counted.name), Cell::Count(counted.images)]);
    Table {
        key: "creators",
        title: "Creators",
        meaning: "owners of the images".to_owned(),
        columns: &[Column("creator", "Creator"), Column("images", "Images")],
        rows: rows.collect(),
        left_out: left_out(report.totals.creators, report.creators.len()),
    }
}

const THEME_COLUMNS: &[Column] = &[
    Column("chunk", "Words"),
    Column("images", "Images"),
    Column("owners", "Owners"),
    Column("most_of_one", "Most of one"),
    Column("everywhere", "Everywhere"),
    Column("log_odds", "Log-odds"),
    Column("z", "z"),
];

fn theme_rows(themes: &[Theme]) -> Vec<Vec<Cell>> {
    themes
        .iter()
        .map(|theme| {
            vec![
                Cell::text(&theme.chunk),
                Cell::Count(theme.images),
                Cell::Count(theme.owners),
                Cell::Count(theme.most_of_one),
                Cell::Count(theme.everywhere),
                Cell::Number(theme.log_odds, 2),
                Cell::Number(theme.z, 1),
            ]
        })
        .collect()
}

pub(super) fn prompt_themes(report: &LineageReport) -> Table {
    Table {
        key: "prompt_themes",
        title: "Typical in prompts",
        meaning: meaning(report, "themes"),
        columns: THEME_COLUMNS,
        rows: theme_rows(&report.themes.prompt),
        left_out: 0,
    }
}

pub(super) fn negative_themes(report: &LineageReport) -> Table {
    Table {
        key: "negative_themes",
        title: "Typical in negative prompts",
        meaning: meaning(report, "themes"),
        columns: THEME_COLUMNS,
        rows: theme_rows(&report.themes.negative),
        left_out: 0,
    }
}

pub(super) fn unresolved(report: &LineageReport) -> Table {
    let unresolved = &report.unresolved;
    let rows = unresolved.top.iter().map(|resource| {
        vec![
            Cell::text(&resource.kind),
            Cell::maybe(resource.name.as_deref()),
            Cell::maybe(resource.hash.as_ref().map(ToString::to_string)),
            Cell::Count(resource.images),
        ]
    });
    Table {
        key: "unresolved",
        title: "Not explained",
        meaning: format!("{}: {} of {}", meaning(report, "unresolved"), unresolved.images, report.images),
        columns: &[
            Column("kind", "Kind"),
            Column("name", "Name"),
            Column("hash", "Hash"),
            Column("images", "Images"),
        ],
        rows: rows.collect(),
        left_out: unresolved.resources.saturating_sub(unresolved.top.len() as u64),
    }
}

pub(super) fn drift(report: &LineageReport) -> Table {
    let rows = report.drift.iter().flat_map(|drift| {
        drift.parts.iter().map(|part| {
            let beyond = part.divergence > part.by_chance;
            vec![
                Cell::text(drift.from.to_string()),
                Cell::text(drift.to.to_string()),
                Cell::text(part.figure.replace('_', " ")),
                Cell::Number(part.divergence, 3),
                Cell::Number(part.by_chance, 3),
                Cell::text(if beyond { "changed" } else { "within chance" }),
                Cell::Count(part.from_values),
                Cell::Count(part.to_values),
            ]
        })
    });
    Table {
        key: "drift",
        title: "Drift between versions",
        meaning: meaning(report, "drift"),
        columns: &[
            Column("from", "From"),
            Column("to", "To"),
            Column("figure", "Figure"),
            Column("divergence", "Divergence"),
            Column("by_chance", "By chance"),
            Column("verdict", "Verdict"),
            Column("from_values", "Values before"),
            Column("to_values", "Values after"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn drift_movers(report: &LineageReport) -> Table {
    let rows = report.drift.iter().flat_map(|drift| {
        drift.parts.iter().flat_map(move |part| {
            part.movers.iter().map(move |mover| {
                vec![
                    Cell::text(drift.from.to_string()),
                    Cell::text(drift.to.to_string()),
                    Cell::text(part.figure.replace('_', " ")),
                    Cell::text(&mover.value),
                    Cell::Share(mover.from_share),
                    Cell::Share(mover.to_share),
                    Cell::Count(mover.from),
                    Cell::Count(mover.to),
                ]
            })
        })
    });
    Table {
        key: "drift_movers",
        title: "What moved most",
        meaning: "values whose share changes most from one version to the next".to_owned(),
        columns: &[
            Column("from", "From"),
            Column("to", "To"),
            Column("figure", "Figure"),
            Column("value", "Value"),
            Column("from_share", "Share before"),
            Column("to_share", "Share after"),
            Column("from_images", "Images before"),
            Column("to_images", "Images after"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn score(report: &LineageReport) -> Table {
    let parts = report.score.iter().flat_map(|score| &score.parts);
    let rows = parts.map(|part| {
        vec![
            Cell::text(&part.name),
            Cell::text(&part.meaning),
            Cell::Number(part.points, 1),
            Cell::Setting(part.weight),
            Cell::Share(part.share),
        ]
    });
    let told = report.score.as_ref().map(|score| format!(": {} of 100 = {}", score.value, score.formula));
    Table {
        key: "score",
        title: "Provenance score",
        meaning: meaning(report, "score") + &told.unwrap_or_default(),
        columns: &[
            Column("part", "Part"),
            Column("meaning", "Meaning"),
            Column("points", "Points"),
            Column("most", "Of"),
            Column("share", "Share"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}
