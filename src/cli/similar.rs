//! `similar`: images that look like one of the catalog, or like a picture on disk.

use std::path::Path;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::entity::ImageKey;
use stemmata::fingerprint::blurhash;
use stemmata::fingerprint::picture::{self, PictureError, PictureLimits};
use stemmata::link::duplicates::{self, SimilarHit, SimilarQuery};
use stemmata_index::near::Aspect;

use super::args::SimilarArgs;
use super::dupes::{Excluded, features, rounded};
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::names::Called;
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::grouped;
use super::target;

/// Prints the hits.
pub(crate) fn run(arguments: &SimilarArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let query = query(&catalog, &arguments.target, session)?;
    let features = features(&catalog)?;
    let threshold = arguments.threshold.unwrap_or(duplicates::DEFAULT_THRESHOLD);
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let report = duplicates::similar(&catalog, &features.entries, &query, threshold, limit)?;
    let mut rows = sink.rows::<HitRow<'_>>("hits");
    for hit in &report.hits {
        rows.push(&HitRow::from(hit))?;
    }
    let summary = Summary {
        r#type: "summary",
        schema: SCHEMA,
        target: &arguments.target,
        total: report.total,
        shown: report.hits.len() as u64,
        threshold,
        compared: report.compared,
        excluded: (&features.excluded).into(),
    };
    rows.finish(&summary)?;
    session.talk.note(&summary.text());
    Ok(Exit::Done)
}

fn query(catalog: &Catalog, target: &str, session: &Session) -> Result<SimilarQuery, Failure> {
    let path = Path::new(target);
    if path.is_file() {
        return match target::local(catalog, target)? {
            Some(found) => of_image(catalog, found.key, session),
            None => of_picture(path),
        };
    }
    of_image(catalog, target::image(catalog, target)?.key, session)
}

fn of_picture(path: &Path) -> Result<SimilarQuery, Failure> {
    let picture =
        picture::describe_file(path, &PictureLimits::default()).map_err(|error| unreadable(path, &error))?;
    let feature = blurhash::feature(&picture.blurhash).map_err(|reason| {
        Failure::new(Exit::NotFound, "similar.not_comparable", format!("{}: {reason}", path.display()))
    })?;
    let look = Some((feature, Aspect::of(picture.width, picture.height)));
    Ok(SimilarQuery { look, media: None, target: None })
}

fn of_image(catalog: &Catalog, key: ImageKey, session: &Session) -> Result<SimilarQuery, Failure> {
    let id = catalog.media_of_image(key)?;
    let media = id.map(|id| catalog.media(id)).transpose()?.flatten();
    let look = media.and_then(|media| {
        let feature = media.blurhash.as_deref().map(blurhash::feature)?.ok()?;
        Some((feature, Aspect::of(media.width.unwrap_or(0), media.height.unwrap_or(0))))
    });
    if look.is_none() {
        session.talk.warn("this image has no BlurHash that can be compared; only the same bytes are found");
    }
    Ok(SimilarQuery { look, media: id, target: Some(key) })
}

#[derive(Serialize)]
struct HitRow<'a> {
    r#type: &'static str,
    image: Called<'a>,
    media: String,
    class: &'static str,
    distance: f64,
}

impl<'a> From<&'a SimilarHit> for HitRow<'a> {
    fn from(hit: &'a SimilarHit) -> Self {
        Self {
            r#type: "hit",
            image: Called(&hit.member.image),
            media: hit.member.media.to_string(),
            class: hit.class.as_str(),
            distance: rounded(hit.member.distance),
        }
    }
}

impl Row for HitRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::right("image"),
        Column::left("class"),
        Column::right("distance"),
        Column::flexible("media"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.image.0.to_string(),
            self.class.to_owned(),
            format!("{:.3}", self.distance),
            self.media.clone(),
        ]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.0.to_string()]
    }
}

#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    schema: u32,
    target: &'a str,
    total: u64,
    shown: u64,
    threshold: f32,
    compared: u64,
    excluded: Excluded,
}

impl Summary<'_> {
    fn text(&self) -> String {
        let (total, shown, compared) = (grouped(self.total), grouped(self.shown), grouped(self.compared));
        format!("{shown} of {total} images; {compared} media compared{}", self.excluded.text())
    }
}

/// Names the file, which only some of these errors do.
fn unreadable(path: &Path, error: &PictureError) -> Failure {
    let failure = Failure::of(Exit::General, "picture.unreadable", error);
    match error {
        PictureError::Read { .. } => failure,
        _ => failure
            .place(path.display())
            .hint("give a JPEG, PNG, WebP or GIF picture, or a document that was imported"),
    }
}
