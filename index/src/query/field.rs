//! The names of everything that a query can ask about.

use serde::{Deserialize, Serialize};

use crate::document::NameKind;
use crate::rank::{Direction, SortField};

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

/// A real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RealField {
    /// Guidance scale.
    Cfg,
    /// Denoising strength.
    Denoise,
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
}

/// What a field name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Text(TextField),
    Keyword(KeywordField),
    Integer(IntegerField),
    Real(RealField),
    Date,
    Size,
    Resource(ResourceField),
    ResourceIds,
    Has,
    Sort,
    Limit,
    /// Planned, and not in the index yet.
    Later,
}

/// One field: its name, other names for it, what it stands for, what tells that an image has it.
pub(crate) struct FieldEntry {
    pub(crate) name: &'static str,
    pub(crate) aliases: &'static [&'static str],
    pub(crate) kind: FieldKind,
    pub(crate) presence: Option<Presence>,
}

const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    kind: FieldKind,
    presence: Option<Presence>,
) -> FieldEntry {
    FieldEntry { name, aliases, kind, presence }
}

const fn later(name: &'static str) -> FieldEntry {
    entry(name, &[], FieldKind::Later, None)
}

/// Every field. The first of those that share a meaning is the one that is printed.
pub(crate) const FIELDS: &[FieldEntry] = &[
    entry("prompt", &["p"], FieldKind::Text(TextField::Prompt), Some(Presence::Prompt)),
    entry("negative", &["neg", "n"], FieldKind::Text(TextField::Negative), Some(Presence::Negative)),
    entry("any", &[], FieldKind::Text(TextField::Any), None),
    entry("sampler", &[], FieldKind::Keyword(KeywordField::Sampler), Some(Presence::Sampler)),
    entry("scheduler", &[], FieldKind::Keyword(KeywordField::Scheduler), Some(Presence::Scheduler)),
    entry("base", &["basemodel"], FieldKind::Keyword(KeywordField::Base), Some(Presence::Base)),
    entry("user", &["username"], FieldKind::Keyword(KeywordField::User), Some(Presence::User)),
    entry("tool", &[], FieldKind::Keyword(KeywordField::Tool), Some(Presence::Tool)),
    entry("type", &[], FieldKind::Keyword(KeywordField::Type), Some(Presence::Type)),
    entry("source", &[], FieldKind::Keyword(KeywordField::Source), None),
    entry("steps", &[], FieldKind::Integer(IntegerField::Steps), Some(Presence::Steps)),
    entry("seed", &[], FieldKind::Integer(IntegerField::Seed), Some(Presence::Seed)),
    entry("clipskip", &["clip_skip"], FieldKind::Integer(IntegerField::ClipSkip), Some(Presence::ClipSkip)),
    entry("width", &["w"], FieldKind::Integer(IntegerField::Width), Some(Presence::Width)),
    entry("height", &["h"], FieldKind::Integer(IntegerField::Height), Some(Presence::Height)),
    entry("likes", &[], FieldKind::Integer(IntegerField::Likes), Some(Presence::Likes)),
    entry("reactions", &[], FieldKind::Integer(IntegerField::Reactions), Some(Presence::Reactions)),
    entry("comments", &[], FieldKind::Integer(IntegerField::Comments), Some(Presence::Comments)),
    entry("nsfw", &["level"], FieldKind::Integer(IntegerField::Nsfw), Some(Presence::Nsfw)),
    entry("post", &[], FieldKind::Integer(IntegerField::Post), Some(Presence::Post)),
    entry("id", &["image"], FieldKind::Integer(IntegerField::Id), Some(Presence::Id)),
    entry(
        "posted_for",
        &["postedfor"],
        FieldKind::Integer(IntegerField::PostedFor),
        Some(Presence::PostedFor),
    ),
    entry("cfg", &["cfgscale"], FieldKind::Real(RealField::Cfg), Some(Presence::Cfg)),
    entry("denoise", &["denoising"], FieldKind::Real(RealField::Denoise), Some(Presence::Denoise)),
    entry("date", &["created"], FieldKind::Date, Some(Presence::Date)),
    entry("size", &[], FieldKind::Size, Some(Presence::Width)),
    entry("model", &["checkpoint"], FieldKind::Resource(ResourceField::Model), Some(Presence::Model)),
    entry("lora", &[], FieldKind::Resource(ResourceField::Lora), Some(Presence::Lora)),
    entry("embedding", &["ti"], FieldKind::Resource(ResourceField::Embedding), Some(Presence::Embedding)),
    entry(
        "hypernetwork",
        &["hypernet"],
        FieldKind::Resource(ResourceField::Hypernetwork),
        Some(Presence::Hypernetwork),
    ),
    entry("vae", &[], FieldKind::Resource(ResourceField::Vae), Some(Presence::Vae)),
    entry("controlnet", &[], FieldKind::Resource(ResourceField::Controlnet), Some(Presence::Controlnet)),
    entry("upscaler", &[], FieldKind::Resource(ResourceField::Upscaler), Some(Presence::Upscaler)),
    entry("resource", &[], FieldKind::Resource(ResourceField::Resource), Some(Presence::Resource)),
    entry("version", &["versionid"], FieldKind::Resource(ResourceField::Version), None),
    entry("modelid", &["model_id"], FieldKind::Resource(ResourceField::ModelId), None),
    entry("hash", &[], FieldKind::Resource(ResourceField::Hash), None),
    entry("air", &[], FieldKind::Resource(ResourceField::Air), None),
    entry("creator", &[], FieldKind::Resource(ResourceField::Creator), None),
    entry("tag", &[], FieldKind::Resource(ResourceField::Tag), None),
    entry("resource_id", &[], FieldKind::ResourceIds, None),
    entry("has", &[], FieldKind::Has, Some(Presence::Meta)),
    entry("sort", &["order"], FieldKind::Sort, None),
    entry("limit", &[], FieldKind::Limit, None),
    later("caption"),
    later("workflow"),
    later("raw"),
    later("hires"),
    later("mp"),
    later("ratio"),
    later("loras"),
    later("linked"),
    later("via"),
    later("confidence"),
    later("is"),
    later("descends"),
    later("c2pa"),
    later("like"),
    later("blur"),
    later("dupof"),
    later("class"),
    later("path"),
    later("root"),
    later("ext"),
    later("filesize"),
    later("mtime"),
    later("indexed"),
    later("seen"),
    later("age"),
    later("group"),
];

/// The field with this name or alias; case does not matter.
pub(crate) fn find(name: &str) -> Option<&'static FieldEntry> {
    FIELDS.iter().find(|field| {
        field.name.eq_ignore_ascii_case(name)
            || field.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))
    })
}

/// The name that is printed for a field.
pub(crate) fn name_of(kind: FieldKind) -> &'static str {
    FIELDS.iter().find(|field| field.kind == kind).map_or("", |field| field.name)
}

/// The word after `has:` for a presence.
pub(crate) fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Meta => "meta",
        Presence::Width => "width",
        other => FIELDS.iter().find(|field| field.presence == Some(other)).map_or("", |field| field.name),
    }
}

/// Reads the word after `has:`.
pub(crate) fn presence(word: &str) -> Option<Presence> {
    if word.eq_ignore_ascii_case("meta") {
        return Some(Presence::Meta);
    }
    find(word).filter(|field| field.kind != FieldKind::Has).and_then(|field| field.presence)
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
