//! One posted or local picture, with its generation data.

use std::fmt;

use super::{GenerationData, ImageId, ImageName, Media, PostId, ResourceUse, Timestamp, VersionId};

/// One picture as one document described it.
///
/// A version image (the reduced object inside a version) becomes an image too: it has a media and
/// perhaps `meta`, and its post and owner are unknown until the full image is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What it is known by.
    pub name: ImageName,
    /// Which kind of document described it; the same field differs between them.
    pub dialect: Dialect,
    /// The stored bytes behind it.
    pub media: Media,
    /// The URL as received, transform and file name included.
    pub url: Option<String>,
    /// Picture, video or audio.
    pub media_type: Option<MediaType>,
    /// Maturity as the site rated it.
    pub nsfw_level: Option<NsfwLevel>,
    /// When its row was made; the earliest time that any document gave.
    pub created_at: Option<Timestamp>,
    /// When it was published, from the index dialect.
    pub published_at: Option<Timestamp>,
    /// The post that holds it.
    pub post: Option<PostId>,
    /// Its owner; `None` for deleted accounts and for the index's word `unknown`.
    pub username: Option<String>,
    /// Base model as the site glued it together; empty text is `None`.
    pub base_model: Option<String>,
    /// Reactions and comments.
    pub stats: Option<ImageStats>,
    /// Numeric and named tags where the listing carried them.
    pub tags: Vec<String>,
    /// Whether generation data came with it.
    pub meta: MetaState,
    /// The normalised generation data; empty unless `meta` is [`MetaState::Present`].
    pub generation: GenerationData,
    /// The resources it names, each once.
    pub resources: Vec<ResourceUse>,
    /// The image it was remixed from.
    pub remix_of: Option<ImageId>,
    /// The versions it was posted or returned for.
    pub posted_for: Vec<PostedFor>,
}

/// Which kind of document described an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// An item of `/images` from the search index, or one that does not say.
    Index,
    /// An item of `/images` from the database path: `meta` is wrapped.
    Database,
    /// An image inside a version.
    VersionImage,
    /// A document on disk that holds nothing but generation data.
    Document,
    /// A picture or video on disk, by the metadata inside it.
    Picture,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 5] =
        [Self::Index, Self::Database, Self::VersionImage, Self::Document, Self::Picture];

    /// The catalog's number; never reused.
    pub const fn code(self) -> i64 {
        match self {
            Self::Index => 1,
            Self::Database => 2,
            Self::VersionImage => 3,
            Self::Document => 4,
            Self::Picture => 5,
        }
    }

    /// Reads the catalog's number.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.code() == code)
    }
}

/// Picture, video or audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// A still or animated picture.
    Image,
    /// A video.
    Video,
    /// Sound.
    Audio,
    /// A word that this version of Stemmata does not know; the raw record keeps it.
    Other,
}

impl MediaType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::Other];

    /// The site's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Other => "other",
        }
    }

    /// Reads the site's word; an unknown one is [`Self::Other`].
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Self::Other)
    }
}

/// The site's maturity bits: PG 1, PG13 2, R 4, X 8, XXX 16, blocked 32; 0 is not rated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NsfwLevel(u32);

impl NsfwLevel {
    /// Takes the bitmask; unknown bits are kept.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bitmask.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Reads the words of `/images`: `None` 1, `Soft` 2, `Mature` 4, `X` 8, `Blocked` 32.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "none" => Some(Self(1)),
            "soft" => Some(Self(2)),
            "mature" => Some(Self(4)),
            "x" => Some(Self(8)),
            "blocked" => Some(Self(32)),
            _ => None,
        }
    }

    /// The word for its highest bit: `none`, `soft`, `mature`, `x`, `blocked`, `unrated`.
    pub fn word(self) -> &'static str {
        match self.0 {
            0 => "unrated",
            1 => "none",
            2..=3 => "soft",
            4..=7 => "mature",
            8..=31 => "x",
            _ => "blocked",
        }
    }
}

impl fmt::Display for NsfwLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Reactions to an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageStats {
    /// Thumbs up.
    pub likes: u64,
    /// Hearts.
    pub hearts: u64,
    /// Laughs.
    pub laughs: u64,
    /// Tears.
    pub cries: u64,
    /// Thumbs down; the site no longer counts them.
    pub dislikes: u64,
    /// Comments.
    pub comments: u64,
}

impl ImageStats {
    /// All reactions but dislikes; saturating.
    pub fn reactions(&self) -> u64 {
        self.likes.saturating_add(self.hearts).saturating_add(self.laughs).saturating_add(self.cries)
    }
}

/// What a document says about an image's generation data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetaState {
    /// The key is absent, or nobody asked for it.
    NotSaid,
    /// Asked for, and the answer was null or empty.
    Null,
    /// There, as `generation` and `resources` hold it.
    Present,
    /// Asked for, and the answer was null while other items of the same answer have theirs: withdrawn, if it was
    /// there before. Documents say this; the catalog keeps [`Self::Hidden`] or [`Self::Null`].
    Withheld,
    /// The owner hides it (`hasMeta: false`): do not show or index it.
    Hidden,
}

impl MetaState {
    /// The word that output uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSaid => "not_said",
            Self::Null | Self::Withheld => "null",
            Self::Present => "present",
            Self::Hidden => "hidden",
        }
    }
}

/// A version that an image was posted or returned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostedFor {
    /// The version.
    pub version: VersionId,
    /// Which of the two.
    pub relation: VersionRelation,
}

/// How an image came to stand beside a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VersionRelation {
    /// It is among the version's own images.
    Posted,
    /// A listing for the version returned it.
    Returned,
}

impl VersionRelation {
    /// The catalog's number; never reused.
    pub fn code(self) -> i64 {
        match self {
            Self::Posted => 1,
            Self::Returned => 2,
        }
    }

    /// Reads the catalog's number.
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Posted),
            2 => Some(Self::Returned),
            _ => None,
        }
    }
}
