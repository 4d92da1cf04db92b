//! One look in, the images that resemble it out.
//!
//! - In: the look of a target, and the ground on which it is looked for.
//! - Out: hits by class, then distance, then name, each with its evidence.
//! - Never: a hit whose pixels say that it is something else.

use rayon::prelude::*;
use stemmata_index::near::Entry;

use super::report::{bytes, images, refine};
use super::verdict::{LOOK_ALIKE_BITS, Reach};
use super::{Compared, Ground, Look, MatchClass, UnfitCounts, Verdict, judge, judge_turned, kin};
use crate::catalog::{Catalog, CatalogError, MediaId};
use crate::entity::{Fingerprint, ImageKey, ImageName, MediaIdentity, Turn};
use crate::link::duplicates::DEFAULT_THRESHOLD;

/// What [`similar`] looks for.
#[derive(Clone, Debug, Default)]
pub struct SimilarQuery {
    /// How the target looks; `None` where nothing of it can be compared.
    pub look: Option<Look>,
    /// The media of the target, if the catalog holds it.
    pub media: Option<MediaId>,
    /// The target itself, to be left out of the hits.
    pub target: Option<ImageKey>,
}

/// How far it looks.
#[derive(Clone, Copy, Debug)]
pub struct SimilarOptions {
    /// How far apart hits may be.
    pub reach: Reach,
    /// Only hits of this class. Kin is found only where it is asked for so.
    pub class: Option<MatchClass>,
    /// Whether flips and quarter turns of the target are tried as well.
    pub turns: Turns,
    /// Most hits.
    pub limit: usize,
}

/// Whether flips and quarter turns are tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turns {
    /// The picture as it is.
    #[default]
    None,
    /// The picture in all eight positions.
    All,
}

impl Default for SimilarOptions {
    fn default() -> Self {
        let reach = Reach { bits: LOOK_ALIKE_BITS, blur: DEFAULT_THRESHOLD };
        Self { reach, class: None, turns: Turns::None, limit: 20 }
    }
}

/// One image that resembles the target.
#[derive(Clone, Debug, PartialEq)]
pub struct SimilarHit {
    /// Its name.
    pub image: ImageName,
    /// Its key in the catalog.
    pub key: ImageKey,
    /// The media that it shows.
    pub media: MediaIdentity,
    /// What it is to the target.
    pub verdict: Verdict,
}

/// The images that resemble a target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimilarReport {
    /// By class, then distance, then name; at most as many as asked for.
    pub hits: Vec<SimilarHit>,
    /// How many there are in all.
    pub total: u64,
    /// Media that were compared by their BlurHashes.
    pub compared: u64,
    /// Media that were compared by their pixels.
    pub compared_pixels: u64,
    /// Media that have no BlurHash that compares.
    pub unfit: UnfitCounts,
}

/// A media, what it is to the target, and its size where known.
type Near = (MediaId, Verdict, Option<(u32, u32)>);

/// Finds the images that resemble a target.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn similar(
    ground: &Ground<'_>,
    query: &SimilarQuery,
    options: SimilarOptions,
) -> Result<SimilarReport, CatalogError> {
    let catalog = ground.catalog();
    let mut near: Vec<Near> = Vec::new();
    if let Some(look) = &query.look {
        near = by_look(ground.around(look, options)?.as_ref(), look, options);
        near.retain(|(media, ..)| query.media != Some(*media));
    }
    near.extend(query.media.map(|media| (media, bytes(), None)));
    let own_size = query.look.as_ref().and_then(|look| look.size);
    let mut hits = Vec::new();
    for (media, verdict, size) in near {
        let Some(facts) = catalog.media(media)? else { continue };
        for (image, key) in images(catalog, media)? {
            if Some(key) == query.target {
                continue;
            }
            let mut verdict = verdict.clone();
            if let Some(target) = query.target {
                refine(catalog, &mut verdict, (target, own_size), (key, size))?;
            }
            hits.push(SimilarHit { image, key, media: facts.identity.clone(), verdict });
        }
    }
    if matches!(options.class, Some(MatchClass::SameSettings | MatchClass::OtherModel)) {
        hits.extend(kin_of(catalog, query)?);
    }
    hits.retain(|hit| options.class.is_none_or(|class| class == hit.verdict.class));
    hits.sort_by(|a, b| {
        let distance = a.verdict.distance().total_cmp(&b.verdict.distance());
        a.verdict.class.cmp(&b.verdict.class).then(distance).then_with(|| a.image.cmp(&b.image))
    });
    let total = hits.len() as u64;
    hits.truncate(options.limit);
    let counts = ground.counts()?;
    Ok(SimilarReport {
        hits,
        total,
        compared: counts.by_blurhash,
        compared_pixels: counts.by_pixels + counts.flat,
        unfit: counts.unfit,
    })
}

/// The media that look so, in the order of their numbers: those of which [`similar`] tells the images, and the one that
/// looks so itself.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn alike(
    ground: &Ground<'_>,
    look: &Look,
    options: SimilarOptions,
) -> Result<Vec<MediaId>, CatalogError> {
    let near = by_look(ground.around(look, options)?.as_ref(), look, options);
    Ok(near.into_iter().map(|near| near.0).collect())
}

/// The media whose BlurHash comes as near to that of a picture, whatever their pixels say, by their numbers; the picture
/// itself is one of them.
///
/// # Errors
///
/// When the catalog cannot be read.
pub fn blurred(ground: &Ground<'_>, look: &Look, distance: f32) -> Result<Vec<MediaId>, CatalogError> {
    let Some((feature, aspect)) = &look.blur else { return Ok(Vec::new()) };
    let only = Look { blur: look.blur.clone(), ..Look::new(look.media, look.order) };
    let options = SimilarOptions { reach: Reach { bits: 0, blur: distance }, ..SimilarOptions::default() };
    let compared = ground.around(&only, options)?;
    let is_near =
        |entry: &&Entry| entry.aspect.agrees(*aspect) && entry.feature.distance(feature) <= distance;
    let mut found: Vec<MediaId> =
        compared.blurs.iter().filter(is_near).filter_map(|entry| MediaId::new(entry.id)).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The fingerprints of a picture in those positions that are tried besides its own.
pub(super) fn turned(look: &Look, turns: Turns) -> Vec<(Turn, Fingerprint)> {
    match (&look.pixels, turns) {
        (Some((fingerprint, _)), Turns::All) => {
            let turns = Turn::ALL.into_iter().filter(|turn| *turn != Turn::None);
            turns.map(|turn| (turn, fingerprint.turned(turn))).collect()
        }
        _ => Vec::new(),
    }
}

/// As [`alike`], with verdicts and sizes.
fn by_look(compared: &Compared, look: &Look, options: SimilarOptions) -> Vec<Near> {
    let turned = turned(look, options.turns);
    let is_seen = |media: MediaId| look.pixels.is_some() && compared.looks.of(media).is_some();
    let by_pixels = compared.looks.all().par_iter().filter_map(|other| {
        let straight = judge(look, other, Reach { blur: 0.0, ..options.reach })
            .filter(|_| look.pixels.is_some() || look.content.is_some());
        let verdict = match straight {
            Some(verdict) if verdict.class != MatchClass::LookAlike || turned.is_empty() => Some(verdict),
            straight => {
                let found = judge_turned(&turned, other, options.reach);
                found.filter(|found| found.class != MatchClass::LookAlike || straight.is_none()).or(straight)
            }
        }?;
        Some((other.media, verdict, other.size))
    });
    let mut found: Vec<_> = by_pixels.collect();
    let by_blur = compared.blurs.par_iter().filter_map(|entry| {
        let media = MediaId::new(entry.id).filter(|media| !is_seen(*media))?;
        let (feature, aspect) = look.blur.as_ref()?;
        if !entry.aspect.agrees(*aspect) || entry.feature.distance(feature) > options.reach.blur {
            return None;
        }
        let other = Look { blur: Some((entry.feature.clone(), entry.aspect)), ..Look::new(media, 0) };
        let known = compared.looks.of(media);
        let other = Look { pixels: known.and_then(|known| known.pixels), ..other };
        Some((media, judge(look, &other, options.reach)?, known.and_then(|known| known.size)))
    });
    found.extend(by_blur.collect::<Vec<_>>());
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.class.cmp(&b.1.class)));
    found.dedup_by_key(|(media, ..)| *media);
    found
}

/// The images that share prompt and settings, or prompt and seed, with the target.
fn kin_of(catalog: &Catalog, query: &SimilarQuery) -> Result<Vec<SimilarHit>, CatalogError> {
    let Some(own) = query.target.map(|target| catalog.image(target)).transpose()?.flatten() else {
        return Ok(Vec::new());
    };
    let Some(prompt) = own.generation_data.prompt.as_deref() else { return Ok(Vec::new()) };
    let mut hits = Vec::new();
    for row in catalog.images_with_prompt(prompt)? {
        let Some(verdict) = kin::kinship(&own.generation_data, &row.generation_data) else { continue };
        let media = catalog.media_of_image(row.key)?.map(|media| catalog.media(media)).transpose()?.flatten();
        let (Some(image), Some(media)) = (catalog.image_name(row.key)?, media) else { continue };
        hits.push(SimilarHit { image, key: row.key, media: media.identity, verdict });
    }
    Ok(hits)
}
