//! `similar`: images that look like one of the catalog, or like a picture on disk, and what they are to it.

use std::path::Path;

use serde::Serialize;
use stemmata::catalog::{Catalog, MediaId, PixelOrigin};
use stemmata::entity::ImageKey;
use stemmata::fingerprint::{self, Described, PictureError, PictureLimits, blurhash};
use stemmata::link::copies::{
    Evidence, LOOK_ALIKE_BITS, Look, MatchClass, Reach, SimilarHit, SimilarOptions, SimilarQuery, Turns,
    UnfitCounts, similar,
};
use stemmata::link::duplicates;
use stemmata_index::near::Aspect;

use super::args::SimilarArgs;
use super::dupes::match_class;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::names::Called;
use super::near;
use super::output::{Column, Row, SCHEMA, Supported};
use super::session::Session;
use super::summary::grouped;
use super::target;

/// The number of a picture that no catalog holds; rows of the catalog never get so far.
const NO_MEDIA: u64 = i64::MAX as u64;

/// Prints the hits.
pub(crate) fn run(arguments: &SimilarArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let query = query(&catalog, &arguments.target, session)?;
    let ground = near::ground(session, &catalog)?;
    let threshold = arguments.threshold.unwrap_or(duplicates::DEFAULT_THRESHOLD);
    let options = SimilarOptions {
        reach: Reach { bits: arguments.distance.unwrap_or(LOOK_ALIKE_BITS), blur: threshold },
        class: arguments.class.map(match_class),
        turns: if arguments.turns { Turns::All } else { Turns::None },
        limit: usize::try_from(arguments.limit).unwrap_or(usize::MAX),
    };
    let report = similar(&ground, &query, options)?;
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
        distance: options.reach.bits,
        compared: report.compared,
        compared_pixels: report.compared_pixels,
        excluded: report.unfit,
    };
    rows.finish(&summary)?;
    session.talk.note(&summary.text());
    if let Some(unseen) = near::unseen(&catalog)? {
        session.talk.note(&unseen);
    }
    let found = arguments.fail_on_found && summary.total > 0;
    Ok(if found { Exit::Problems } else { Exit::Done })
}

fn query(catalog: &Catalog, target: &str, session: &Session) -> Result<SimilarQuery, Failure> {
    let path = Path::new(target);
    if path.is_file() {
        return match target::local(catalog, target)? {
            Some(found) => of_image(catalog, found.key, Some(path), session),
            None => of_picture(path),
        };
    }
    of_image(catalog, target::image(catalog, target)?.key, None, session)
}

/// A picture that no scan has seen.
fn of_picture(path: &Path) -> Result<SimilarQuery, Failure> {
    let described =
        fingerprint::of_file(path, &PictureLimits::default()).map_err(|error| unreadable(path, &error))?;
    let look = look_of(described);
    if look.blur.is_none() && look.comparable().is_none() {
        return Err(Failure::new(
            Exit::NotFound,
            "similar.not_comparable",
            format!("{}: flat picture; it has nothing that could be compared", path.display()),
        ));
    }
    Ok(SimilarQuery { look: Some(look), media: None, target: None })
}

/// How a picture looks that was just read.
pub(crate) fn look_of(described: Described) -> Look {
    let seen = described.fingerprint;
    let media = MediaId::new(NO_MEDIA).expect("the largest row number is one");
    let mut look = Look::new(media, 0);
    look.size = Some((seen.width, seen.height));
    look.content = Some(described.content);
    look.pixels = Some((seen, PixelOrigin::File));
    let shape = Aspect::of(seen.width, seen.height);
    look.blur = blurhash::feature(&described.blurhash).ok().map(|feature| (feature, shape));
    look
}

fn of_image(
    catalog: &Catalog,
    key: ImageKey,
    path: Option<&Path>,
    session: &Session,
) -> Result<SimilarQuery, Failure> {
    let media = catalog.media_of_image(key)?;
    let mut look = media.map(|media| near::reader(catalog).look(media)).transpose()?.flatten();
    let is_seen = look.as_ref().is_some_and(|look| look.pixels.is_some());
    if let Some(described) = path.filter(|_| !is_seen).and_then(|path| {
        // A file that is known and cannot be decoded is compared by what is known of it.
        fingerprint::of_file(path, &PictureLimits::default()).ok()
    }) {
        look = Some(look_of(described));
    }
    if look.as_ref().is_none_or(|look| look.blur.is_none() && look.comparable().is_none()) {
        session.talk.warn(
            "of this image nothing is known that can be compared, neither pixels nor a BlurHash; only the same bytes are \
             found",
        );
    }
    Ok(SimilarQuery { look, media, target: Some(key) })
}

#[derive(Serialize)]
struct HitRow<'a> {
    r#type: &'static str,
    image: Called<'a>,
    media: String,
    class: MatchClass,
    distance: f64,
    unit: &'static str,
    evidence: &'a Evidence,
}

impl<'a> From<&'a SimilarHit> for HitRow<'a> {
    fn from(hit: &'a SimilarHit) -> Self {
        Self {
            r#type: "hit",
            image: Called(&hit.image),
            media: hit.media.to_string(),
            class: hit.verdict.class,
            distance: hit.verdict.distance(),
            unit: hit.verdict.unit(),
            evidence: &hit.verdict.evidence,
        }
    }
}

impl Row for HitRow<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::right("image"),
        Column::left("class"),
        Column::right("distance"),
        Column::left("because"),
        Column::flexible("media"),
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            self.image.0.to_string(),
            self.class.as_str().to_owned(),
            match self.unit {
                "bits" => format!("{:.0} bits", self.distance),
                _ => format!("{:.3}", self.distance),
            },
            because(self.evidence),
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
    distance: u32,
    compared: u64,
    compared_pixels: u64,
    excluded: UnfitCounts,
}

/// What decided a verdict, in words.
pub(crate) fn because(evidence: &Evidence) -> String {
    let mut words: Vec<String> = Vec::new();
    words.extend(evidence.turn.map(|turn| turn.replace('_', " ")));
    words.extend(evidence.edit.map(|edit| edit.as_str().to_owned()));
    words.extend(evidence.scale.map(|scale| format!("{scale} x as wide")));
    if evidence.rendition {
        words.push("seen as a smaller rendition".to_owned());
    }
    if words.is_empty() {
        let agree = (!evidence.agrees.is_empty()).then(|| format!("same {}", evidence.agrees.join(", ")));
        words.extend(agree);
    }
    if !evidence.differs.is_empty() {
        words.push(format!("other {}", evidence.differs.join(", ")));
    }
    words.join(", ")
}

impl Summary<'_> {
    fn text(&self) -> String {
        let (total, shown, compared) = (grouped(self.total), grouped(self.shown), grouped(self.compared));
        let pixels = grouped(self.compared_pixels);
        format!(
            "{shown} of {total} images; {pixels} media compared by pixels, {compared} by BlurHash{}",
            near::unfit_text(&self.excluded)
        )
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
