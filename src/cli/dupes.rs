//! `dupes`: groups of images that are copies, or look like copies.

use std::ops::ControlFlow;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::entity::ImageName;
use stemmata::fingerprint::blurhash::{Collector, ExcludedCounts, Features};
use stemmata::link::duplicates::{self, DuplicateError, DuplicateOptions, Group, MatchClass, Member};

use super::args::{ClassChoice, DupesArgs};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::names::Called;
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::grouped;

/// Prints the groups.
pub(crate) fn run(arguments: &DupesArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let features = features(&catalog)?;
    let options = DuplicateOptions {
        threshold: arguments.threshold.unwrap_or(duplicates::DEFAULT_THRESHOLD),
        ..DuplicateOptions::default()
    };
    let mut report = duplicates::duplicates(&catalog, features.entries, &options, &session.reading())?;
    if let Some(class) = arguments.class {
        report.groups.retain(|group| group.class == match_class(class));
    }
    let mut rows = sink.rows::<GroupRow<'_>>("groups");
    for group in &report.groups {
        rows.push(&GroupRow::from(group))?;
    }
    let images = report.groups.iter().map(|group| group.members.len() as u64).sum();
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        groups: report.groups.len() as u64,
        images,
        threshold: options.threshold,
        compared: report.compared,
        pairs: report.pairs,
        excluded: (&features.excluded).into(),
    };
    rows.finish(&summary)?;
    session.talk.note(&summary.text());
    let found = arguments.fail_on_found && summary.groups > 0;
    Ok(if found { Exit::Problems } else { Exit::Done })
}

/// Every media of the catalog that can be compared.
pub(crate) fn features(catalog: &Catalog) -> Result<Features, Failure> {
    let mut collector = Collector::default();
    catalog.each_media(|row| {
        collector.add(row.id.get(), row.blurhash, row.width, row.height);
        ControlFlow::Continue(())
    })?;
    Ok(collector.finish())
}

fn match_class(choice: ClassChoice) -> MatchClass {
    match choice {
        ClassChoice::SameBytes => MatchClass::SameBytes,
        ClassChoice::Candidate => MatchClass::Candidate,
    }
}

/// A number as the library computed it, without the noise of a wider type.
pub(crate) fn rounded(distance: f32) -> f64 {
    (f64::from(distance) * 10_000.0).round() / 10_000.0
}

#[derive(Serialize)]
struct GroupRow<'a> {
    r#type: &'static str,
    class: &'static str,
    members: Vec<MemberRow<'a>>,
}

#[derive(Serialize)]
struct MemberRow<'a> {
    image: Called<'a>,
    media: String,
    distance: f64,
}

impl<'a> From<&'a Group> for GroupRow<'a> {
    fn from(group: &'a Group) -> Self {
        let members = group.members.iter().map(MemberRow::from).collect();
        Self { r#type: "group", class: group.class.as_str(), members }
    }
}

impl<'a> From<&'a Member> for MemberRow<'a> {
    fn from(member: &'a Member) -> Self {
        Self {
            image: Called(&member.image),
            media: member.media.to_string(),
            distance: rounded(member.distance),
        }
    }
}

impl GroupRow<'_> {
    fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| ImageName::to_string(member.image.0)).collect()
    }
}

impl Row for GroupRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::left("class"),
        Column::right("images"),
        Column::right("farthest"),
        Column::flexible("members, closest first"),
    ];

    fn cells(&self) -> Vec<String> {
        let farthest = self.members.iter().map(|member| member.distance).fold(0.0, f64::max);
        vec![
            self.class.to_owned(),
            self.members.len().to_string(),
            format!("{farthest:.3}"),
            self.names().join(" "),
        ]
    }

    fn handles(&self) -> Vec<String> {
        self.names()
    }
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    groups: u64,
    images: u64,
    threshold: f32,
    compared: u64,
    pairs: u64,
    excluded: Excluded,
}

/// Media that could not be compared, by reason.
#[derive(Serialize)]
pub(crate) struct Excluded {
    missing: u64,
    malformed: u64,
    other_grid: u64,
    flat: u64,
    known_bad: u64,
}

impl From<&ExcludedCounts> for Excluded {
    fn from(counts: &ExcludedCounts) -> Self {
        Self {
            missing: counts.missing,
            malformed: counts.malformed,
            other_grid: counts.other_grid,
            flat: counts.flat,
            known_bad: counts.known_bad,
        }
    }
}

impl Excluded {
    /// The reasons for people; empty when everything was compared.
    pub(crate) fn text(&self) -> String {
        let reasons = [
            ("without BlurHash", self.missing),
            ("damaged BlurHash", self.malformed),
            ("another grid", self.other_grid),
            ("flat", self.flat),
            ("known bad value", self.known_bad),
        ];
        let told: Vec<String> = reasons
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| format!("{reason} {}", grouped(*count)))
            .collect();
        if told.is_empty() { String::new() } else { format!("; not compared: {}", told.join(", ")) }
    }
}

impl Summary {
    fn text(&self) -> String {
        let (groups, images, compared) = (grouped(self.groups), grouped(self.images), grouped(self.compared));
        format!("{groups} groups of {images} images; {compared} media compared{}", self.excluded.text())
    }
}

impl From<DuplicateError> for Failure {
    fn from(error: DuplicateError) -> Self {
        match error {
            DuplicateError::Catalog(error) => error.into(),
            DuplicateError::TooManyPairs { .. } => {
                Self::of(Exit::General, "dupes.too_many_pairs", &error).hint("try a lower --threshold")
            }
            DuplicateError::Cancelled => Self::of(Exit::Interrupted, "interrupted", &error),
            _ => Self::of(Exit::General, "dupes.failed", &error),
        }
    }
}
