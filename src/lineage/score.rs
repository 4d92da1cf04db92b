//! How well the provenance of images is known, from 0 to 100.
//!
//! - In: counts of a scope. Out: five parts with their points, and their sum.
//! - Never: a judgement of pictures or of people; only of what is written down about them.

use super::figures::Figures;
use super::report::{Score, ScorePart};
use super::themes::thousandth;

/// The sum that is printed beside the score.
pub const FORMULA: &str = "40 x identity + 25 x explained + 20 x settings + 5 x dates + 10 x files";

/// How many versions of a scope have what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct VersionsKnown {
    /// Versions of the scope, or those that its images name where the scope has none of its own.
    pub(super) versions: u64,
    /// Versions with a file of known SHA-256.
    pub(super) with_hash: u64,
    /// Versions whose base model is known.
    pub(super) with_base: u64,
}

/// Adds up the score; `None` without images.
pub(super) fn score(figures: &Figures, versions: VersionsKnown) -> Option<Score> {
    let images = figures.images;
    if images == 0 {
        return None;
    }
    let of = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let sure: u64 =
        figures.strength.confidence.iter().map(|(percent, count)| u64::from(*percent) * count).sum();
    let known = &figures.known;
    let settings = known.sampler + known.steps + known.cfg + known.seed + known.prompt;
    let parts = [
        ("identity", "mean confidence of what ties the images to a version", 40.0, of(sure, 100 * images)),
        (
            "explained",
            "images that name nothing unknown besides",
            25.0,
            of(images - figures.unresolved_images.min(images), images),
        ),
        (
            "settings",
            "how many of sampler, steps, cfg, seed and prompt an image tells",
            20.0,
            of(settings, 5 * images),
        ),
        ("dates", "images that say when they were made", 5.0, of(known.created, images)),
        (
            "files",
            "versions with the hash of a file, and with a base model, half each",
            10.0,
            of(versions.with_hash + versions.with_base, 2 * versions.versions),
        ),
    ];
    let parts: Vec<ScorePart> = parts
        .into_iter()
        .map(|(name, meaning, weight, share)| ScorePart {
            name: name.to_owned(),
            meaning: meaning.to_owned(),
            weight,
            share: thousandth(share.clamp(0.0, 1.0)),
            points: tenth(weight * share.clamp(0.0, 1.0)),
        })
        .collect();
    let value = tenth(parts.iter().map(|part| part.points).sum());
    Some(Score { value, formula: FORMULA.to_owned(), parts })
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::figures::Known;

    #[test]
    fn what_is_all_known_gives_100_and_what_is_not_gives_what_is() {
        let mut figures = Figures { images: 4, ..Figures::default() };
        assert_eq!(score(&Figures::default(), VersionsKnown::default()), None);
        figures.strength.confidence = [(100, 4)].into();
        figures.known =
            Known { sampler: 4, steps: 4, cfg: 4, seed: 4, prompt: 4, created: 4, ..Known::default() };
        let all = VersionsKnown { versions: 2, with_hash: 2, with_base: 2 };
        assert_eq!(score(&figures, all).map(|score| score.value), Some(100.0));
        figures.unresolved_images = 1;
        figures.known.seed = 0;
        figures.strength.confidence = [(50, 4)].into();
        let half = VersionsKnown { with_base: 0, ..all };
        let found = score(&figures, half).expect("there are images");
        let points: Vec<f64> = found.parts.iter().map(|part| part.points).collect();
        assert_eq!(points, [20.0, 18.8, 16.0, 5.0, 5.0]);
        assert_eq!(found.value, 64.8);
        let weights: f64 = found.parts.iter().map(|part| part.weight).sum();
        assert_eq!(weights, 100.0);
        for part in &found.parts {
            assert!(FORMULA.contains(&format!("{} x {}", part.weight, part.name)), "{}", part.name);
        }
    }
}
