//! What every figure of a report means, in a line each.

use super::report::LineageReport;
use super::themes::{MIN_DEVIATIONS, MIN_IMAGES, PRIOR_IMAGES};

/// A figure and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The name of the field in the JSON form.
    pub figure: &'static str,
    /// What it means, without a full stop.
    pub text: String,
}

/// What the figures of a report mean, in their order.
pub fn explain(report: &LineageReport) -> Vec<Explained> {
    let say = |figure, text: &str| Explained { figure, text: text.to_owned() };
    let distinct = match &report.copies {
        Some(copies) => format!(
            "pictures left when near-duplicates count once (saved again or resized, as of generation {}; edits count \
             apart)",
            copies.generation
        ),
        None => "not known: nobody has looked for near-duplicates in this home yet".to_owned(),
    };
    vec![
        say(
            "made_with",
            "images whose own metadata, or the site's list beside them, names a version or a file of it; a name alone \
             is no evidence and counts nowhere",
        ),
        say(
            "posted_for",
            "images that were posted for the version or returned by a listing of it, which does not say that they were \
             made with it; never added to made_with",
        ),
        say("made_with_deduplicated", "images that differ in their stored bytes"),
        Explained { figure: "made_with_distinct", text: distinct },
        say(
            "evidence",
            "by the strongest thing that an image says: a decision of yours, an id, an AIR, a hash of the whole file, \
             shorter hashes; classes A (ids), B1 (64 digits), B2 (12), B3 (10), B4 (8), D (names)",
        ),
        say(
            "confidence",
            "certain from 95 in a hundred, strong from 85, likely from 55, weak below; that of the link, which a trace \
             of a single image may lower",
        ),
        say(
            "lift",
            "how many times more frequent a companion is here than among all images that name any resource; \
             lift_shrunk is (images + 5) / (expected + 5), so that few images say little",
        ),
        say(
            "weight",
            "the middle of the weights that are written, and the range that holds eight in ten of them",
        ),
        say("settings", "percentiles by nearest rank over the images that tell the setting"),
        say("seeds", "how many images share their seed with another image of the scope"),
        Explained {
            figure: "themes",
            text: format!(
                "chunks between the commas of prompts that are more frequent here than elsewhere, by log-odds with an \
                 informative Dirichlet prior of {PRIOR_IMAGES} images: ln((y+a)/(n+A-y-a)) - ln((Y+a)/(N+A-Y-a)); in \
                 order of that over its standard deviation sqrt(1/(y+a)+1/(Y+a)); at least {MIN_IMAGES} images and \
                 {MIN_DEVIATIONS} deviations; owners are counted beside the images; a chunk of which one owner has more \
                 than half, however typical, comes after all others"
            ),
        },
        say("unresolved", "images that also name something that no version in the catalog explains"),
        say(
            "drift",
            "Jensen-Shannon divergence between neighbouring versions in bits: 0 the same, 1 nothing in common; beside \
             it what two samples of these sizes from one source stay below 19 times in 20, about; images that somebody \
             makes in one go are alike, so that a little more than that may still be chance",
        ),
        say(
            "ancestry",
            "what publishers and headers of model files say, with what they name their parents by; a parent without a hash \
             is taken for the only published file with its name, which is marked as a guess; headers can be copied or \
             wrong, and nothing is verified; whether pictures carry content credentials (C2PA) is not counted",
        ),
        say("score", "how much of the provenance is written down; its formula and parts stand beside it"),
    ]
}
