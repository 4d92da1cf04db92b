//! Shapes of single figures.

use serde::{Deserialize, Serialize};

use crate::entity::{HexHash, VersionId};

/// How long the lists of a report would be if they were not cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Versions of the scope, with or without images.
    pub versions: Total,
    /// Other versions.
    pub co_used: Total,
    /// Pairs of sampler and scheduler.
    pub samplers: Total,
    /// Schedulers.
    pub schedulers: Total,
    /// Numbers of steps.
    pub steps: Total,
    /// Guidance scales.
    pub cfg: Total,
    /// Sizes.
    pub sizes: Total,
    /// Owners.
    pub creators: Total,
    /// Chunks of prompts.
    pub prompt: Total,
    /// Chunks of negative prompts.
    pub negative: Total,
}

/// How long one list would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// Images of the scope with any value.
    pub images: u64,
    /// Distinct values.
    pub distinct: u64,
}

/// Images of one week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Week {
    /// Year and number of the week by ISO 8601, as `2024-W05`.
    pub week: String,
    /// The Monday that it begins with, as `2024-01-29`.
    pub monday: String,
    /// Images.
    pub images: u64,
}

/// A version used together with the scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoUsed {
    /// The version.
    pub version: VersionId,
    /// The title of its model and its own.
    pub name: Option<String>,
    /// The site's word for the type of its model.
    pub r#type: Option<String>,
    /// Images made with both.
    pub images: u64,
    /// Its weights there, where written.
    pub weight: Option<WeightSpread>,
    /// How many times more frequent it is here than in all images that name any resource, to a thousandth.
    pub lift: f64,
    /// The same, drawn towards 1 where counts are small: `(images + 5) / (expected + 5)`, to a thousandth.
    pub lift_shrunk: f64,
    /// Images made with it anywhere.
    pub everywhere: u64,
}

/// Three points of the distribution of weights, by nearest rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WeightSpread {
    /// A tenth is at most this.
    pub p10: f64,
    /// Half is at most this.
    pub p50: f64,
    /// Nine tenths are at most this.
    pub p90: f64,
    /// Images where a weight is written.
    pub images: u64,
}

/// Images by sampler and scheduler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// Canonical sampler.
    pub sampler: String,
    /// Canonical scheduler.
    pub scheduler: Option<String>,
    /// Images.
    pub images: u64,
}

/// Images by a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The name.
    pub name: String,
    /// Images.
    pub images: u64,
}

/// Five points of a distribution of numbers, by nearest rank, and its most frequent values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberSpread<T> {
    /// The smallest value.
    pub min: T,
    /// A tenth of the values are at most this.
    pub p10: T,
    /// Half of the values are at most this.
    pub p50: T,
    /// Nine tenths of the values are at most this.
    pub p90: T,
    /// The largest value.
    pub max: T,
    /// The most frequent values, most frequent first, then the smallest.
    pub values: Vec<ValueUse<T>>,
}

/// Images with one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueUse<T> {
    /// The number.
    pub value: T,
    /// Images.
    pub images: u64,
}

/// Images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeUse {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Images.
    pub images: u64,
}

/// Images by which way up they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orientation {
    /// Higher than wide.
    pub portrait: u64,
    /// Wider than high.
    pub landscape: u64,
    /// As wide as high.
    pub square: u64,
    /// Size not known.
    pub unknown: u64,
}

/// Seeds that occur again. The index keeps 64 bits with a sign: one beyond them counts as the nearest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    /// Images with a seed.
    pub images: u64,
    /// Distinct seeds.
    pub distinct: u64,
    /// Images whose seed another image of the scope has too.
    pub reused: u64,
    /// The most frequent of those that occur more than once.
    pub top: Vec<SeedUse>,
}

/// Images with one seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedUse {
    /// The seed.
    pub seed: i64,
    /// Images.
    pub images: u64,
}

/// What prompts say more often here than elsewhere.
///
/// Log-odds with an informative Dirichlet prior, as [`crate::lineage::log_odds`] works them out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Themes {
    /// How many images the prior weighs as much as.
    pub prior_images: f64,
    /// Images of the scope that fewer than so many have in common is no theme.
    pub min_images: u64,
    /// Images of the scope with a prompt that has chunks; one of sentences alone has none.
    pub images: u64,
    /// Images with such a prompt, the scope among them.
    pub everywhere: u64,
    /// Images of the scope with such a negative prompt.
    pub negative_images: u64,
    /// Images with such a negative prompt, the scope among them.
    pub negative_everywhere: u64,
    /// Chunks of prompts: those of which one owner has more than half last, else most typical first (by `z`), then by
    /// text.
    pub prompt: Vec<Theme>,
    /// Chunks of negative prompts.
    pub negative: Vec<Theme>,
}

/// A chunk between the commas of prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Theme {
    /// The chunk, normalised.
    pub chunk: String,
    /// Images of the scope with it.
    pub images: u64,
    /// Images with it anywhere.
    pub everywhere: u64,
    /// Owners of the images of the scope with it, as far as they are known; 0 too in reports of programs that did not
    /// count them.
    #[serde(default)]
    pub owners: u64,
    /// Images of the owner who has most of these.
    #[serde(default)]
    pub most_of_one: u64,
    /// Logarithm of the odds here over the odds elsewhere, to a thousandth.
    pub log_odds: f64,
    /// The same in standard deviations, to a thousandth.
    pub z: f64,
}

impl Theme {
    /// Whether one owner has more than half of its images.
    pub(in crate::lineage) fn is_of_one(&self) -> bool {
        2 * self.most_of_one > self.images
    }
}

/// What the images of the scope also name and nothing explains.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unresolved {
    /// Images that name such a resource.
    pub images: u64,
    /// Distinct such resources.
    pub resources: u64,
    /// The most frequent ones.
    pub top: Vec<UnresolvedResource>,
}

/// A reference that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnresolvedResource {
    /// The role.
    pub kind: String,
    /// The name as written.
    pub name: Option<String>,
    /// The hash as written.
    pub hash: Option<HexHash>,
    /// Images of the scope that name it.
    pub images: u64,
}

/// How well the provenance of the images of the scope is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// From 0 to 100, to a tenth: the sum of the points.
    pub value: f64,
    /// How it comes about, in one line.
    pub formula: String,
    /// The parts, in the order of the formula.
    pub parts: Vec<ScorePart>,
}

/// One part of a [`Score`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScorePart {
    /// `identity`, `explained`, `settings`, `dates`, `files`.
    pub name: String,
    /// What is counted.
    pub meaning: String,
    /// Points at most.
    pub weight: f64,
    /// What is there of what could be, from 0 to 1, to a thousandth.
    pub share: f64,
    /// Weight times share, to a tenth.
    pub points: f64,
}

/// What changes from one version to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// The earlier version: versions are compared in the order of their publication, then of their ids.
    pub from: VersionId,
    /// The later version.
    pub to: VersionId,
    /// Images made with the earlier one.
    pub from_images: u64,
    /// Images made with the later one.
    pub to_images: u64,
    /// `samplers`, `schedulers`, `steps`, `cfg`, `sizes`, `co_used`, `prompt`, `negative`, where both have values.
    pub parts: Vec<DriftPart>,
}

/// How far one figure changes between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DriftPart {
    /// Which figure.
    pub figure: String,
    /// Values counted on the earlier side: one an image, for lists such as prompts one an entry.
    pub from_values: u64,
    /// Values counted on the later side.
    pub to_values: u64,
    /// Jensen-Shannon divergence of the two distributions in bits: 0 the same, 1 nothing in common; to a thousandth.
    pub divergence: f64,
    /// What two samples of these sizes from one distribution stay below 19 times in 20, about; to a thousandth.
    pub by_chance: f64,
    /// The values whose shares move most, largest movement first, then by value.
    pub movers: Vec<Mover>,
}

/// One value whose share moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mover {
    /// The value.
    pub value: String,
    /// Images with it on the earlier side.
    pub from: u64,
    /// Images with it on the later side.
    pub to: u64,
    /// Its share there, from 0 to 1, to a ten-thousandth: of the images that have any value, for lists such as prompts
    /// of all images of the version.
    pub from_share: f64,
    /// Its share here.
    pub to_share: f64,
}
