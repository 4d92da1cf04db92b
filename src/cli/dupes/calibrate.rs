//! `dupes calibrate`: how often strangers come close in this catalog.

use std::collections::HashMap;

use serde::Serialize;
use stemmata::catalog::{Catalog, CatalogError, MediaId};
use stemmata::link::calibrate::{CalibrateOptions, Kind, Shape, Step, calibrate};
use stemmata::link::copies::{Gathered, Orders, UnfitCounts};

use crate::cli::args::CalibrateArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Outcome};
use crate::cli::near;
use crate::cli::output::{Column, Row, SCHEMA, Supported};
use crate::cli::session::Session;
use crate::cli::summary::grouped;

/// Prints the figures.
pub(super) fn run(arguments: &CalibrateArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let Gathered { compared, unfit, .. } = near::reader(&catalog).all(Orders::Read)?;
    let prompts = prompts(&catalog)?;
    let options = CalibrateOptions {
        precision: arguments.precision,
        samples: usize::try_from(arguments.samples).unwrap_or(usize::MAX),
        seed: arguments.seed,
    };
    let found = calibrate(compared, options, |media| prompts.get(&media).copied());
    let mut rows = sink.rows::<StepRow>("steps");
    for step in &found.steps {
        rows.push(&StepRow { r#type: "step", step: step.clone() })?;
    }
    let mut suggested = Vec::new();
    for kind in [Kind::Pixels, Kind::Blurhash] {
        for shape in [Shape::All, Shape::Portrait, Shape::Square, Shape::Landscape] {
            if found.steps.iter().any(|step| (step.kind, step.shape) == (kind, shape)) {
                let (expected, certain) = found.suggested(kind, shape, options.precision);
                suggested.push(Suggestion { kind, shape, threshold: expected, threshold_by_bound: certain });
            }
        }
    }
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        precision: options.precision,
        seed: options.seed,
        flat: found.flat,
        excluded: unfit.into_iter().map(|(_, reason)| reason).collect(),
        suggested,
    };
    rows.finish(&summary)?;
    for line in summary.lines() {
        session.talk.note(&line);
    }
    Ok(Exit::Done)
}

/// A number for the prompt of each media where one is known; the lowest of several.
fn prompts(catalog: &Catalog) -> Result<HashMap<MediaId, u64>, Failure> {
    let mut prompts: HashMap<MediaId, u64> = HashMap::new();
    catalog.for_each_generated(|row| -> Result<(), CatalogError> {
        let media = u64::try_from(row.media).ok().and_then(MediaId::new);
        if let (Some(media), Some(prompt)) = (media, row.generation_data.prompt) {
            let [a, b, c, d, e, f, g, h, ..] = *blake3_of(prompt.trim());
            let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let known = prompts.entry(media).or_insert(number);
            *known = number.min(*known);
        }
        Ok(())
    })?;
    Ok(prompts)
}

fn blake3_of(text: &str) -> Box<[u8; 32]> {
    Box::new(*blake3::hash(text.as_bytes()).as_bytes())
}

#[derive(Serialize)]
struct StepRow {
    r#type: &'static str,
    step: Step,
}

impl Row for StepRow {
    const COLUMNS: &'static [Column] = &[
        Column::left("compares"),
        Column::left("shape"),
        Column::right("threshold"),
        Column::right("drawn"),
        Column::right("strangers met"),
        Column::right("false pairs"),
        Column::right("at most (95 %)"),
        Column::right("other prompts"),
        Column::right("accepted pairs"),
        Column::right("precision"),
        Column::right("at least"),
    ];

    fn cells(&self) -> Vec<String> {
        let step = &self.step;
        let pairs = |value: f64| format!("{value:.1}");
        let share = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let threshold = match step.kind {
            Kind::Pixels => format!("{:.0} bits", step.threshold),
            Kind::Blurhash => format!("{:.2}", step.threshold),
        };
        vec![
            word(step.kind).to_owned(),
            shape_word(step.shape).to_owned(),
            threshold,
            grouped(step.sampled),
            grouped(step.strangers_seen),
            pairs(step.false_pairs),
            pairs(step.false_pairs_at_most),
            pairs(step.other_prompt_pairs),
            pairs(step.accepted_pairs),
            share(step.precision),
            share(step.precision_at_least),
        ]
    }

    fn handles(&self) -> Vec<String> {
        Vec::new()
    }
}

#[derive(Serialize)]
struct Suggestion {
    kind: Kind,
    shape: Shape,
    /// By the expected number of false pairs.
    threshold: Option<f64>,
    /// By the number that they stay below at 95 %.
    threshold_by_bound: Option<f64>,
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    precision: f64,
    seed: u64,
    flat: u64,
    excluded: UnfitCounts,
    suggested: Vec<Suggestion>,
}

impl Summary {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for suggestion in &self.suggested {
            let number = |value: f64| match suggestion.kind {
                Kind::Pixels => format!("{value:.0} bits"),
                Kind::Blurhash => format!("{value:.2}"),
            };
            let (kind, shape) = (word(suggestion.kind), shape_word(suggestion.shape));
            let told = match (suggestion.threshold, suggestion.threshold_by_bound) {
                (None, _) => "no threshold that was tried can be told from this catalog".to_owned(),
                (Some(most), Some(sure)) => {
                    format!(
                        "up to {} as far as was seen, up to {} with 95 % certainty",
                        number(most),
                        number(sure)
                    )
                }
                (Some(most), None) => format!(
                    "up to {} as far as was seen; too few copies or pictures for certainty",
                    number(most)
                ),
            };
            lines.push(format!("{kind}, {shape}, precision {}: {told}", self.precision));
        }
        if self.suggested.is_empty() {
            lines.push("there is nothing to compare yet".to_owned());
        }
        if self.flat > 0 {
            lines.push(format!(
                "{} flat pictures are left out: nothing can be told apart in them",
                grouped(self.flat)
            ));
        }
        lines.push(
            "strangers are mirror images, mirrored copies included: two pictures of one series, which face the same way, come closer than that, and \
             `other prompts` counts those where their prompts tell them apart"
                .to_owned(),
        );
        lines
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Pixels => "pixels",
        Kind::Blurhash => "BlurHash",
    }
}

fn shape_word(shape: Shape) -> &'static str {
    match shape {
        Shape::All => "all",
        Shape::Portrait => "portrait",
        Shape::Square => "square",
        Shape::Landscape => "landscape",
        Shape::Unknown => "unknown",
    }
}
