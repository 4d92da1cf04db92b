//! The names of everything that a query can ask about.

use serde::{Deserialize, Serialize};
use tantivy::schema::Field;

pub(crate) use super::table::{FIELDS, FieldEntry, FieldKind, find, name_of, presence, presence_word};
use crate::document::NameKind;
use crate::rank::{Direction, SortField};
use crate::schema::Fields;

/// A searchable text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    /// The positive prompt: where bare words search.
    Prompt,
    /// The negative prompt.
    Negative,
    /// Prompt, negative prompt and names of resources.
    Any,
}

/// A word from a closed or short list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeywordField {
    /// Sampler; every spelling is the same sampler.
    Sampler,
    /// Scheduler.
    Scheduler,
    /// Base model.
    Base,
    /// Who posted it.
    User,
    /// What made it.
    Tool,
    /// Image, video, audio.
    Type,
    /// Where it was found.
    Source,
}

impl Fields {
    /// The field that holds keywords of a kind.
    pub(crate) fn keyword(&self, field: KeywordField) -> Field {
        match field {
            KeywordField::Sampler => self.sampler,
            KeywordField::Scheduler => self.scheduler,
            KeywordField::Base => self.base,
            KeywordField::User => self.user,
            KeywordField::Tool => self.tool,
            KeywordField::Type => self.media_type,
            KeywordField::Source => self.source,
        }
    }
}

/// A whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegerField {
    /// Sampling steps.
    Steps,
    /// Seed.
    Seed,
    /// Skipped layers of the text encoder.
    ClipSkip,
    /// Pixels across.
    Width,
    /// Pixels down.
    Height,
    /// Likes.
    Likes,
    /// Reactions.
    Reactions,
    /// Comments.
    Comments,
    /// NSFW level, as the site's number.
    Nsfw,
    /// The post's number.
    Post,
    /// The image's number on the site.
    Id,
    /// A version that the image was posted for.
    PostedFor,
}

impl IntegerField {
    /// Whether single values are looked up rather than sought in a column.
    pub(crate) fn has_terms(self) -> bool {
        matches!(self, Self::PostedFor)
    }
}

/// A real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealField {
    /// Guidance scale.
    Cfg,
    /// Denoising strength.
    Denoise,
    /// Millions of pixels.
    Megapixels,
    /// Width by height.
    Ratio,
    /// How many times larger the stored picture is than the one that was generated first.
    Hires,
}

/// Where a pattern looks for its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WordField {
    /// The words of a text.
    Text(TextField),
    /// A keyword, whole.
    Keyword(KeywordField),
    /// The words of the names that metadata gives resources.
    Name(ResourceField),
}

/// A way to name resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceField {
    /// Name of a checkpoint.
    Model,
    /// Name of a LoRA.
    Lora,
    /// Name of an embedding.
    Embedding,
    /// Name of a hypernetwork.
    Hypernetwork,
    /// Name of a VAE.
    Vae,
    /// Name of a ControlNet.
    Controlnet,
    /// Name of an upscaler.
    Upscaler,
    /// Name of a resource of any kind.
    Resource,
    /// Number of a version.
    Version,
    /// Number of a model.
    ModelId,
    /// Beginning of a hash of any kind.
    Hash,
    /// An AIR.
    Air,
    /// Who published it.
    Creator,
    /// A tag of its model.
    Tag,
}

impl ResourceField {
    /// The kind of the names as written that this field also searches: `Some(None)` is every kind,
    /// `None` says that it only resolves through the caller.
    pub(crate) fn names(self) -> Option<Option<NameKind>> {
        match self {
            Self::Model => Some(Some(NameKind::Model)),
            Self::Lora => Some(Some(NameKind::Lora)),
            Self::Embedding => Some(Some(NameKind::Embedding)),
            Self::Hypernetwork => Some(Some(NameKind::Hypernetwork)),
            Self::Vae => Some(Some(NameKind::Vae)),
            Self::Controlnet => Some(Some(NameKind::Controlnet)),
            Self::Upscaler => Some(Some(NameKind::Upscaler)),
            Self::Resource => Some(None),
            Self::Version | Self::ModelId | Self::Hash | Self::Air | Self::Creator | Self::Tag => None,
        }
    }
}

/// The form of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Wider than high.
    Landscape,
    /// Higher than wide.
    Portrait,
    /// As wide as high.
    Square,
}

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::Landscape, Self::Portrait, Self::Square];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Landscape => "landscape",
            Self::Portrait => "portrait",
            Self::Square => "square",
        }
    }
}

/// Something that an image has or lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Anything that says how it was made.
    Meta,
    /// A prompt.
    Prompt,
    /// A negative prompt.
    Negative,
    /// A name of a checkpoint.
    Model,
    /// A name of a LoRA.
    Lora,
    /// A name of an embedding.
    Embedding,
    /// A name of a hypernetwork.
    Hypernetwork,
    /// A name of a VAE.
    Vae,
    /// A name of a ControlNet.
    Controlnet,
    /// A name of an upscaler.
    Upscaler,
    /// A resource of any kind.
    Resource,
    /// A sampler.
    Sampler,
    /// A scheduler.
    Scheduler,
    /// A base model.
    Base,
    /// Somebody who posted it.
    User,
    /// A tool.
    Tool,
    /// A media type.
    Type,
    /// A number of steps.
    Steps,
    /// A guidance scale.
    Cfg,
    /// A seed.
    Seed,
    /// Clip skip.
    ClipSkip,
    /// A denoising strength.
    Denoise,
    /// A width.
    Width,
    /// A height.
    Height,
    /// Counted likes, zero included.
    Likes,
    /// Counted reactions, zero included.
    Reactions,
    /// Counted comments, zero included.
    Comments,
    /// An NSFW level.
    Nsfw,
    /// A post.
    Post,
    /// A number on the site.
    Id,
    /// A date.
    Date,
    /// A version that it was posted for.
    PostedFor,
    /// A picture larger than it was generated first.
    Hires,
    /// A graph of nodes.
    Workflow,
    /// Content credentials.
    C2pa,
    /// A declaration that a trained algorithm made it.
    Trained,
}

/// Columns to sort by, with the direction that people expect of each.
pub(crate) const SORTS: &[(&str, SortField, Direction)] = &[
    ("score", SortField::Score, Direction::Descending),
    ("relevance", SortField::Score, Direction::Descending),
    ("date", SortField::Created, Direction::Descending),
    ("created", SortField::Created, Direction::Descending),
    ("likes", SortField::Likes, Direction::Descending),
    ("reactions", SortField::Reactions, Direction::Descending),
    ("comments", SortField::Comments, Direction::Descending),
    ("steps", SortField::Steps, Direction::Ascending),
    ("cfg", SortField::Cfg, Direction::Ascending),
    ("seed", SortField::Seed, Direction::Ascending),
    ("clipskip", SortField::ClipSkip, Direction::Ascending),
    ("denoise", SortField::Denoise, Direction::Ascending),
    ("width", SortField::Width, Direction::Ascending),
    ("height", SortField::Height, Direction::Ascending),
    ("size", SortField::Pixels, Direction::Descending),
    ("pixels", SortField::Pixels, Direction::Descending),
    ("nsfw", SortField::Nsfw, Direction::Ascending),
    ("post", SortField::Post, Direction::Ascending),
    ("id", SortField::Image, Direction::Ascending),
];

/// The words that `sort:` takes.
pub const SORT_WORDS: [&str; SORTS.len()] = {
    let mut words = [""; SORTS.len()];
    let mut at = 0;
    while at < SORTS.len() {
        words[at] = SORTS[at].0;
        at += 1;
    }
    words
};

/// The word of `known` that is nearest to `word`, where it is at most `most` edits away and near enough for the
/// length of `word`; the first in alphabetical order among equals.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>, most: usize) -> Option<&'a str> {
    const LONGEST: usize = 24;
    let word = word.to_ascii_lowercase();
    if word.len() > LONGEST {
        return None;
    }
    let allowed = match word.len() {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    known
        .map(|candidate| (edit_distance(word.as_bytes(), candidate.as_bytes()), candidate))
        .filter(|(distance, _)| *distance <= allowed.min(most))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours between two short words.
fn edit_distance(left: &[u8], right: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, &a) in left.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, &b) in right.iter().enumerate() {
            let mut best =
                (last[column] + usize::from(a != b)).min(last[column + 1] + 1).min(next[column] + 1);
            let swapped = row > 0 && column > 0 && a == right[column - 1] && left[row - 1] == b;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[right.len()]
}
