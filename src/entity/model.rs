//! What is published: models, versions, files, creators, tags; and the pages that list them.

use serde_json::Value;

use super::{Air, FileHash, FileId, ModelId, NsfwLevel, Timestamp, VersionId};

/// A published resource family.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The site's number.
    pub id: ModelId,
    /// Its title.
    pub name: Option<String>,
    /// HTML as its owner wrote it.
    pub description: Option<String>,
    /// The site's word: `Checkpoint`, `LORA`, `TextualInversion` ...; unknown words are kept.
    pub kind: Option<String>,
    /// Whether the owner marked it as mature.
    pub nsfw: Option<bool>,
    /// Levels of its pictures, or-ed; see [`NsfwLevel`].
    pub nsfw_level: Option<NsfwLevel>,
    /// Whether it depicts a real person.
    pub poi: Option<bool>,
    /// Uses that its owner sells: `Image`, `RentCivit`, `Rent`, `Sell`, or `None`; in the site's order.
    pub allow_commercial_use: Vec<String>,
    /// Whether it may be used without naming its creator.
    pub allow_no_credit: Option<bool>,
    /// Whether derived models may be published.
    pub allow_derivatives: Option<bool>,
    /// Whether derived models may have another licence.
    pub allow_different_license: Option<bool>,
    /// `Archived` or `TakenDown`; `None` when healthy.
    pub mode: Option<String>,
    /// `Public`, `EarlyAccess` ...
    pub availability: Option<String>,
    /// Counters.
    pub stats: ModelStats,
    /// Its publisher; absent for system accounts.
    pub creator: Option<Creator>,
    /// Its tags, in the order received.
    pub tags: Vec<String>,
    /// Its versions, in the order received; version images are images of their own.
    pub versions: Vec<ModelVersion>,
    /// Whether these are all that are to be seen, so that any other one is no longer published.
    pub lists_all_versions: bool,
}

/// One release of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelVersion {
    /// The site's number.
    pub id: VersionId,
    /// The model it belongs to, from the version itself or from the model that holds it.
    pub model: Option<ModelId>,
    /// Name of that model where a version document repeats it.
    pub model_name: Option<String>,
    /// Type of that model where a version document repeats it.
    pub model_kind: Option<String>,
    /// Its title, such as `v2.0`.
    pub name: Option<String>,
    /// HTML as its owner wrote it.
    pub description: Option<String>,
    /// Such as `SD 1.5`, `SDXL 1.0`, `Pony`; unknown words are kept.
    pub base_model: Option<String>,
    /// Such as `Standard`, `Inpainting`.
    pub base_model_type: Option<String>,
    /// Words that trigger it.
    pub trained_words: Vec<String>,
    /// When its row was made.
    pub created_at: Option<Timestamp>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// Whether the site serves it; from `status`, else from where it was seen.
    pub state: PublishState,
    /// Levels of its pictures, or-ed.
    pub nsfw_level: Option<NsfwLevel>,
    /// The AIR that the site prints for it.
    pub air: Option<Air>,
    /// Counters.
    pub stats: ModelStats,
    /// Its files, in the order received.
    pub files: Vec<ModelFile>,
}

/// What is known of whether the site still serves a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublishState {
    /// Only its number is known.
    #[default]
    Unknown,
    /// Served when last seen.
    Published,
    /// Said to be unpublished, scheduled, a draft or deleted.
    Unpublished,
    /// Asked for and not found: unpublished, deleted, made private, or hidden from this region.
    NotFound,
}

impl PublishState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Published, Self::Unpublished, Self::NotFound];

    /// The word that the catalog and exports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::NotFound => "not_found",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// One downloadable file of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// The site's number; very old documents have none.
    pub id: Option<FileId>,
    /// The name it is downloaded as.
    pub name: Option<String>,
    /// `Model`, `Pruned Model`, `VAE`, `Config` ...; unknown words are kept.
    pub kind: Option<String>,
    /// Size in bytes, from the site's kilobytes of 1024.
    pub size_bytes: Option<u64>,
    /// `SafeTensor`, `PickleTensor` ...
    pub format: Option<String>,
    /// `full`, `pruned`.
    pub size_class: Option<String>,
    /// `fp16`, `bf16` ...
    pub precision: Option<String>,
    /// Whether the site offers it first.
    pub primary: bool,
    /// Every hash that could be read, by kind.
    pub hashes: Vec<FileHash>,
    /// Where it was downloaded from.
    pub download_url: Option<String>,
}

/// Counters of a model or version; `None` where the site hides or has dropped them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Downloads.
    pub downloads: Option<u64>,
    /// Thumbs up; before 2024 the number of favourites.
    pub thumbs_up: Option<u64>,
    /// Thumbs down.
    pub thumbs_down: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
    /// Ratings, until 2024.
    pub ratings: Option<u64>,
    /// Mean rating from 0 to 5, until 2024.
    pub rating: Option<f64>,
}

/// Who published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creator {
    /// The account's name; compared as written.
    pub username: String,
    /// URL of the portrait.
    pub image: Option<String>,
    /// Models published; absent in model documents and when zero.
    pub model_count: Option<u64>,
    /// The site's link to the creator's models.
    pub link: Option<String>,
}

/// One label of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The label.
    pub name: String,
    /// Models that carry it, where the listing says so.
    pub model_count: Option<u64>,
    /// The site's link to models with it.
    pub link: Option<String>,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Items as received.
    pub items: Vec<Value>,
    /// How to go on.
    pub pagination: Pagination,
}

/// How a listing goes on, in either of the site's two ways.
///
/// Cursor listings fill `next_cursor`; page listings fill the numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pagination {
    /// The cursor as text, whether it came as text or as a number; sent back unchanged.
    pub next_cursor: Option<String>,
    /// The site's own link; never followed, because it may carry a token and drop parameters.
    pub next_page: Option<String>,
    /// The site's link backwards.
    pub prev_page: Option<String>,
    /// Number of this page, from 1.
    pub current_page: Option<u64>,
    /// Items a page.
    pub page_size: Option<u64>,
    /// Items in all; may be wrong (0) on `/tags`.
    pub total_items: Option<u64>,
    /// Pages in all; may be wrong (1) on `/tags`.
    pub total_pages: Option<u64>,
}
