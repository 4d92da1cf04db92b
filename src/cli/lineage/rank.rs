//! `lineage --top`: all models by the images made with them.

use serde::Serialize;
use stemmata::entity::{ModelId, Timestamp};
use stemmata::lineage::{self, RankedModel, Ranking};

use crate::cli::args::LineageArgs;
use crate::cli::exit::Exit;
use crate::cli::failure::Outcome;
use crate::cli::output::{Column, Row, SCHEMA, Supported};
use crate::cli::session::Session;
use crate::cli::summary::{counted, grouped};

use super::Asked;

/// Prints the first models.
pub(super) fn run(arguments: &LineageArgs, top: usize, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let asked = Asked::open(arguments, session)?;
    let ranking = lineage::ranking(&asked.catalog, asked.reader.as_ref(), asked.period, top)?;
    let mut rows = sink.rows::<RankRow<'_>>("models");
    for ranked in &ranking.rows {
        rows.push(&RankRow::from(ranked))?;
    }
    rows.finish(&Summary::from(&ranking))?;
    session.talk.note(&format!(
        "{} that images were made with; {} images name any resource",
        counted(ranking.models, "models"),
        grouped(ranking.images)
    ));
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    /// Rows printed.
    shown: u64,
    /// Models that any image was made with.
    models: u64,
    /// Images that name any resource.
    images: u64,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl From<&Ranking> for Summary {
    fn from(ranking: &Ranking) -> Self {
        let Ranking { images, models, since, until, .. } = *ranking;
        let shown = ranking.rows.len() as u64;
        Self { r#type: "summary", schema: SCHEMA, shown, models, images, since, until }
    }
}

#[derive(Serialize)]
struct RankRow<'a> {
    r#type: &'static str,
    rank: u64,
    model: ModelId,
    name: Option<&'a str>,
    kind: Option<&'a str>,
    creator: Option<&'a str>,
    versions: u64,
    images: u64,
    images_deduplicated: u64,
    posted_for: u64,
    strong: u64,
    unresolved: u64,
    creators: u64,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

impl<'a> From<&'a RankedModel> for RankRow<'a> {
    fn from(ranked: &'a RankedModel) -> Self {
        Self {
            r#type: "model",
            rank: ranked.rank,
            model: ranked.model,
            name: ranked.name.as_deref(),
            kind: ranked.kind.as_deref(),
            creator: ranked.creator.as_deref(),
            versions: ranked.versions,
            images: ranked.images,
            images_deduplicated: ranked.images_deduplicated,
            posted_for: ranked.posted_for,
            strong: ranked.strong,
            unresolved: ranked.unresolved,
            creators: ranked.creators,
            first_seen: ranked.first_seen,
            last_seen: ranked.last_seen,
        }
    }
}

impl Row for RankRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::right("rank"),
        Column::right("model"),
        Column::flexible("name"),
        Column::secondary("creator"),
        Column::right("versions"),
        Column::right("images"),
        Column::right("distinct"),
        Column::right("posted for"),
        Column::right("owners"),
        Column::left("first"),
        Column::left("last"),
    ];

    fn cells(&self) -> Vec<String> {
        let day = |moment: Option<Timestamp>| {
            moment.map(|moment| moment.to_string().chars().take(10).collect()).unwrap_or_default()
        };
        vec![
            self.rank.to_string(),
            self.model.to_string(),
            self.name.unwrap_or_default().to_owned(),
            self.creator.unwrap_or_default().to_owned(),
            self.versions.to_string(),
            self.images.to_string(),
            self.images_deduplicated.to_string(),
            self.posted_for.to_string(),
            self.creators.to_string(),
            day(self.first_seen),
            day(self.last_seen),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.model.to_string()]
    }
}
